"""A notification as a CloudEvent 1.0 in structured mode: one JSON object that holds it as `data`.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from datetime import UTC, datetime, timedelta

import orjson

MEDIA_TYPE = "application/cloudevents+json"
EVENTS = "/api/v1/events"
"""Path of events; with the public URL before it, the `source` of CloudEvents."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def structured(event: str, notification: bytes, source: str) -> bytes:
    """The CloudEvent; `data` is the notification, byte for byte.

    event: its id, which with `source` names the event for ever. source: a URI reference.
    """
    told = orjson.loads(notification)
    about = {
        "specversion": "1.0",
        "id": event,
        "source": source,
        "type": event_type(told["resource"]["type"], told["resourceAction"]),
        "subject": told["resource"]["uuid"],
        "time": _time(told["timestamp"]),
        "datacontenttype": "application/json",
    }
    return orjson.dumps(about)[:-1] + b',"data":' + notification + b"}"


def event_type(resource: str, action: str) -> str:
    """For example `app_assignment.removed`."""
    return f"{resource}.{action}".lower()


def _time(at_ms: int) -> str:
    """RFC 3339, in UTC, with the milliseconds that the notification has."""
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
