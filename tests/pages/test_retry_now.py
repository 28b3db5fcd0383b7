"""Trying at once what waits, from a webhook's page and from that of a delivery."""

from reseller_webhooks import clock
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.attempts import from_status
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogLine, LogQuery
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import deliveries, webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.commits import CommitEffects
from tests.delivery_ids import shown_id
from tests.pages.browser_client import OK, Outside, Person, a_tried_webhook, tell, words
from tests.pages.test_health import opens

DOWN = from_status(503, 5)
BUTTON = "Retry pending now"


def only_line(context: AppContext, reseller: Reseller) -> LogLine:
    (entry,) = deliveries.page(context.database, LogQuery(reseller.id, limit=2))
    return entry.line


async def test_what_waits_is_tried_now_from_the_webhooks_page(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside
) -> None:
    row = a_tried_webhook(context, northwind, DOWN, State.PENDING)
    asked = BUTTON in words(await admin.see(paths.webhook(row.uuid)))
    outside.written.clear()
    told = await admin.follow(await admin.send(paths.webhook(row.uuid, "retry-pending")))

    assert asked
    assert "Pending notifications are sent now." in words(told)
    assert "one notification goes first" not in words(told)
    assert only_line(context, northwind).next_at <= clock.now()
    assert outside.written == [{CommitEffects.WEBHOOKS, CommitEffects.DELIVERIES}]


async def test_from_a_deliverys_page_the_way_leads_back_to_it(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_tried_webhook(context, northwind, DOWN, State.PENDING)
    opens(context, row)
    path = paths.delivery(shown_id(only_line(context, northwind).delivery_id))
    asked = BUTTON in words(await admin.see(path))
    answer = await admin.send(f"{path}/retry-pending")
    told = words(await admin.follow(answer))

    assert asked
    assert answer.headers["location"] == path
    assert (
        "Pending notifications are sent now. As the receiver was failing, one notification goes"
        in told
    )


async def test_nobody_is_offered_what_would_do_nothing(
    context: AppContext, northwind: Reseller, admin: Person, viewer: Person
) -> None:
    row = a_tried_webhook(context, northwind, OK, State.DELIVERED)
    page = paths.webhook(row.uuid)
    working = await admin.see(page)
    opens(context, row)
    idle = await admin.see(page)
    tell(context, row)
    failing, to_a_viewer = await admin.see(page), await viewer.see(page)
    webhooks.pause(context.database, northwind.id, row.uuid)
    paused = await admin.see(page)

    shown = [BUTTON in words(one) for one in (working, idle, failing, to_a_viewer, paused)]
    assert shown == [False, False, True, False, False]


async def test_a_viewer_may_not(context: AppContext, northwind: Reseller, viewer: Person) -> None:
    row = a_tried_webhook(context, northwind, DOWN, State.PENDING)
    before = only_line(context, northwind).next_at

    assert (await viewer.send(paths.webhook(row.uuid, "retry-pending"))).status_code == 403
    assert only_line(context, northwind).next_at == before
