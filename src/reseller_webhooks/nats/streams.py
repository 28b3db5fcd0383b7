"""Streams that the program publishes to: created if missing, checked if not."""

import structlog
from nats.js import JetStreamContext
from nats.js.api import StorageType, StreamInfo
from nats.js.errors import APIError, NotFoundError

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.nats.connection import NatsConnection

HEADROOM_BYTES = 4096
"""Headers count with the body against what NATS takes at most."""

log = structlog.get_logger()


async def ensure_stream(
    link: NatsConnection, name: str, subject: str, *, max_age_s: float | None = None
) -> int:
    """See that there is a stream, on disk, for a subject; how many bytes of body it takes.

    Refused when there cannot be such a stream.
    """
    try:
        info = await link.js.stream_info(name)
    except NotFoundError:
        info = await _make(link.js, name, subject, max_age_s)
    try:
        taken_by = await link.js.find_stream_name_by_subject(subject)
    except NotFoundError:
        taken_by = "no stream"
    if taken_by != name:
        raise Refused(
            f"stream {name} is not for subject {subject} ({taken_by} is); "
            "give it that subject, or name another stream"
        )
    limits = [link.client.max_payload, info.config.max_msg_size or -1]
    return max(min(one for one in limits if one > 0) - HEADROOM_BYTES, 0)


async def _make(
    js: JetStreamContext, name: str, subject: str, max_age_s: float | None
) -> StreamInfo:
    try:
        info = await js.add_stream(
            name=name, subjects=[subject], storage=StorageType.FILE, max_age=max_age_s
        )
    except APIError as error:
        raise Refused(
            f"there is no stream {name}, and NATS does not let us make it: "
            f"{error.description}; make it, for subject {subject}"
        ) from None
    log.info("a stream was made", stream=name, subject=subject)
    return info
