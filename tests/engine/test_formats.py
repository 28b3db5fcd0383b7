"""What really goes out, in either format, and that it is signed as it is sent."""

import orjson
import pytest
from cloudevents.http import from_http
from standardwebhooks import Webhook as Standard

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import examples
from reseller_webhooks.core.webhooks.settings import Format
from reseller_webhooks.core.webhooks.webhook import SpecPatch
from reseller_webhooks.operations import webhooks
from tests.engine.engine_fixture import Make
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import HOST, Receiver, Request

BODY = examples.notification(Resource.COMPANY, "https://h", "e1", 1_770_000_000_000_000)


async def sent(make: Make, authority: Authority, form: Format) -> tuple[Request, str]:
    """The request that goes out, and the secret that signs it."""
    running = make()
    async with Receiver(answers(), tls=authority.serves(HOST)) as receiver, running.sending():
        row = running.webhook(receiver.url(), format=form)
        running.tell("c1", body=BODY)
        (request,) = await receiver.received(1)
        (line,) = await running.closed(1, State.DELIVERED)
    assert line.state is State.DELIVERED
    return request, webhooks.open_webhook(running.box, row, 0).secret


def headers_of(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers}


async def test_a_cloud_event_is_read_by_the_cloudevents_package(
    make: Make, authority: Authority
) -> None:
    request, _ = await sent(make, authority, Format.CLOUDEVENTS)
    event = from_http(headers_of(request), request.body)

    assert request.header("content-type") == "application/cloudevents+json"
    assert event["id"] == request.header("webhook-id")
    assert (event["type"], event["source"]) == ("company.added", "/api/v1/events")
    assert event.get_data() == orjson.loads(BODY)


@pytest.mark.parametrize("form", Format)
async def test_the_signature_is_over_the_body_that_is_sent(
    make: Make, authority: Authority, form: Format
) -> None:
    request, secret = await sent(make, authority, form)

    assert Standard(secret).verify(request.body, headers_of(request))


async def test_a_notification_goes_out_as_it_was_written(make: Make, authority: Authority) -> None:
    request, _ = await sent(make, authority, Format.NOTIFICATION)

    assert request.header("content-type") == "application/json"
    assert request.body == BODY.encode()


async def test_the_format_can_be_changed(make: Make, authority: Authority) -> None:
    running = make()
    async with Receiver(answers(), tls=authority.serves(HOST)) as receiver:
        row = running.webhook(receiver.url())
        patch = SpecPatch(format=Format.CLOUDEVENTS)
        webhooks.change(running.database, running.box, running.reseller, row.uuid, patch)
        async with running.sending():
            running.tell("c1", body=BODY)
            (request,) = await receiver.received(1)

    assert orjson.loads(request.body)["specversion"] == "1.0"
