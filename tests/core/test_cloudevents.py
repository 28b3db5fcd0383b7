"""A CloudEvent holds the notification, byte for byte, and its attributes say the same."""

import orjson
from cloudevents.conversion import to_json
from cloudevents.http import from_json
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.deliveries.cloudevents import structured
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.events import body_without_content

EVENT = "019c0f2e-7a5b-7c3d-8e4f-0123456789ab"
SOURCE = "https://reseller.example/api/v1/events"
AT = 1_517_825_557_145_000


def removal(uuid: str = "c1", at: int = AT) -> bytes:
    return body_without_content(EVENT, at, Resource.APP_ASSIGNMENT, uuid=uuid, version=2).encode()


def test_its_attributes_are_those_of_the_event() -> None:
    told = orjson.loads(structured(EVENT, removal(), SOURCE))

    told.pop("data")
    assert told == {
        "specversion": "1.0",
        "id": EVENT,
        "source": SOURCE,
        "type": "app_assignment.removed",
        "subject": "c1",
        "time": "2018-02-05T10:12:37.145Z",
        "datacontenttype": "application/json",
    }


def test_it_ends_with_the_notification_byte_for_byte() -> None:
    assert structured(EVENT, removal(), SOURCE).endswith(b',"data":' + removal() + b"}")


@given(st.text(min_size=1), st.integers(0, 4_000_000_000_000_000))
def test_the_cloudevents_package_reads_it_and_writes_the_same(uuid: str, at: int) -> None:
    body = structured(EVENT, removal(uuid.encode("utf-8", "replace").decode(), at), SOURCE)
    theirs = from_json(body)

    assert orjson.loads(to_json(theirs)) == orjson.loads(body)
    assert theirs.get_data() == orjson.loads(body)["data"]
