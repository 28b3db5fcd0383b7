"""How a webhook fares, in words and as a picture, on the list and on its own page."""

import re
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import insert

from reseller_webhooks import clock
from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.attempts import from_status
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.delivery_stats import HOUR, HourCount
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import paths, rendering
from reseller_webhooks.http.pages.labels import sparkline
from reseller_webhooks.http.pages.labels.delivery_labels import remedy
from reseller_webhooks.operations import deliveries, webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.tables import circuit_change
from reseller_webhooks.store.webhooks import circuit_states
from tests.pages.browser_client import (
    OK,
    Outside,
    Person,
    a_tried_webhook,
    a_webhook,
    attempt,
    tell,
    words,
)

TIME = r"\d+ \w+ \d{4}, [\d:]+ UTC"
DOWN = from_status(503, 5)


async def health(admin: Person) -> str:
    """What the table says of its only webhook's health."""
    html = await admin.see(paths.WEBHOOKS)
    return words(html.partition('class="health">')[2].partition("</td>")[0])


def opens(context: AppContext, row: WebhookRow, *, probe_in_s: int = 60) -> None:
    now = clock.now()
    circuit = Circuit(
        is_open=True, reason=DOWN.message, since=now, probe_at=now + probe_in_s * SECOND
    )
    with context.database.write() as tx:
        circuit_states.note_circuit(tx, row.id, circuit, owner=None)


async def test_a_webhook_that_was_never_told_anything_says_so(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    a_webhook(context, northwind)

    assert await health(admin) == "No notification yet"


async def test_a_webhook_that_works_says_when_it_last_did(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    a_tried_webhook(context, northwind, OK, State.DELIVERED)

    assert re.fullmatch(f"Working Last delivered {TIME}", await health(admin))


async def test_a_failing_webhook_says_why_when_it_began_and_when_it_is_tried_next(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_tried_webhook(context, northwind, DOWN, State.PENDING, count=2)
    opens(context, row)

    told = f"Failing Answered 503; began {TIME} ; next attempt {TIME} ; 2 notifications wait"
    assert re.fullmatch(told, await health(admin))


async def test_a_probe_whose_time_has_come_is_said_to_be_now(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind)
    tell(context, row)
    opens(context, row, probe_in_s=-1)

    assert "; next attempt now; 1 notification waits" in await health(admin)


async def test_a_failing_webhook_for_which_nothing_waits_promises_no_try(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    opens(context, a_webhook(context, northwind))

    assert "next attempt" not in await health(admin)
    assert (await health(admin)).endswith("; the next notification will show whether it is back")


@pytest.mark.parametrize("probe_in_s", [-1, 60])
async def test_a_failing_webhook_is_not_tried_before_a_delivery_is_due(
    context: AppContext, northwind: Reseller, admin: Person, probe_in_s: int
) -> None:
    row = a_tried_webhook(context, northwind, DOWN, State.PENDING)
    opens(context, row, probe_in_s=probe_in_s)
    (line,) = deliveries.page(context.database, LogQuery(northwind.id, limit=1))
    html = await admin.see(paths.WEBHOOKS)

    assert f'next attempt <time datetime="{rendering.iso(line.line.next_at)}" ' in html
    assert " data-ahead>" in html


async def test_a_failing_webhook_is_not_tried_before_its_probe_though_a_delivery_is_due(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind)
    tell(context, row)
    opens(context, row)

    assert re.search(f"; next attempt {TIME} ;", await health(admin))


async def test_a_delivery_that_is_tried_again_says_what_came_of_the_last_attempt(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    a_tried_webhook(context, northwind, DOWN, State.PENDING)

    told = f"Trying again Answered 503, {TIME} ; next attempt {TIME}"
    assert re.fullmatch(told, await health(admin))


async def test_a_webhook_that_accepted_one_since_works_again_and_has_no_fault_to_look_for(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_tried_webhook(context, northwind, DOWN, State.PENDING, count=2)
    refused = await admin.see(paths.webhook(row.uuid))
    (number,) = tell(context, row)
    attempt(context, row, OK, State.DELIVERED, only=number)
    told = "Working Works again; 2 notifications go out as they fall due"

    assert remedy("STATUS", 503) in words(refused)
    assert await health(admin) == told
    assert remedy("STATUS", 503) not in words(await admin.see(paths.webhook(row.uuid)))


async def test_a_delivery_that_failed_for_good_is_not_passed_over(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_tried_webhook(context, northwind, OK, State.DELIVERED)
    tell(context, row)
    attempt(context, row, from_status(410, 5), State.FAILED)

    assert re.fullmatch(f"Last delivery failed Answered 410, {TIME}", await health(admin))


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "Paused"),
        (1, "Paused 1 notification waits"),
        (12, "Paused 12 notifications wait"),
    ],
)
async def test_a_paused_webhook_says_how_many_notifications_wait(
    context: AppContext, northwind: Reseller, admin: Person, count: int, told: str
) -> None:
    row = a_webhook(context, northwind)
    tell(context, row, count=count)
    webhooks.pause(context.database, northwind.id, row.uuid)

    assert await health(admin) == told


async def test_the_last_day_is_a_picture_with_the_same_in_words(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_tried_webhook(context, northwind, OK, State.DELIVERED, count=3)
    tell(context, row)
    attempt(context, row, DOWN, State.FAILED)
    for path in (paths.WEBHOOKS, paths.webhook(row.uuid)):
        html = unescape(await admin.see(path))
        (picture,) = re.findall(r'<svg class="sparkline".*?</svg>', html)

        assert "In the last 24 hours 3 delivered and 1 failed, at most 4 in an hour." in picture
        assert 'class="good" d="M92 6h3v18h-3z"' in picture
        assert 'class="bad" d="M92 0h3v6h-3z"' in picture


async def test_the_openings_and_closings_of_the_circuit_are_on_the_webhooks_page(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind)
    with context.database.write() as tx:
        circuit_states.note_circuit(
            tx, row.id, Circuit(is_open=True, reason=DOWN.message), owner=None
        )
        circuit_states.note_circuit(tx, row.id, Circuit(), owner=None)
    html = await admin.see(paths.webhook(row.uuid))
    history = words(html.partition('class="changes">')[2].partition("</ul>")[0])

    assert re.fullmatch(f"{TIME} works again {TIME} failing: answered 503", history)


@pytest.mark.parametrize(
    ("changes", "hours"),
    [
        ([], 0),
        ([(5, True), (3, False)], 3),
        ([(3, False)], 21),
        ([(2, True)], 3),
        ([(30, True), (3, False), (1, True)], 23),
    ],
    ids=["never", "for a while", "since before", "still", "twice"],
)
async def test_the_hours_of_an_outage_are_in_the_picture(
    context: AppContext,
    northwind: Reseller,
    admin: Person,
    changes: list[tuple[int, bool]],
    hours: int,
) -> None:
    row = a_webhook(context, northwind)
    with context.database.write() as tx:
        for ago, is_open in changes:
            at = tx.now // HOUR * HOUR - ago * HOUR + HOUR // 2
            columns = {"webhook_id": row.id, "is_open": is_open, "reason": "", "at": at}
            tx.connection.execute(insert(circuit_change).values(columns))
    told = f"failing in {hours} of the hours" if hours else "Nothing was sent"

    assert told in await admin.see(paths.WEBHOOKS)


async def test_another_resellers_deliveries_are_not_counted(
    context: AppContext, northwind: Reseller, contoso: Reseller, admin: Person
) -> None:
    a_webhook(context, northwind)
    theirs = a_webhook(context, contoso)
    tell(context, theirs)
    attempt(context, theirs, OK, State.DELIVERED)

    assert await health(admin) == "No notification yet"


EMPTY = HourCount([0] * 24, [0] * 24)
NEVER = [False] * 24


def test_a_day_without_anything_has_no_bars() -> None:
    got = sparkline.from_counts(EMPTY, NEVER)

    assert (got.delivered, got.failed, got.outages) == ("", "", "")
    assert got.text == "Nothing was sent in the last 24 hours."


def test_one_failure_in_a_thousand_is_seen() -> None:
    got = sparkline.from_counts(
        replace(EMPTY, delivered=[999] + [0] * 23, failed=[1] + [0] * 23), NEVER
    )

    assert (got.delivered, got.failed) == ("M0 3h3v21h-3z", "M0 0h3v3h-3z")


async def test_what_failed_in_a_period_is_sent_again(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside
) -> None:
    row = a_tried_webhook(context, northwind, DOWN, State.FAILED, count=3)
    path = paths.webhook(row.uuid)
    page = await admin.see(path)
    fields = dict(re.findall(r'name="(from|to)" type="datetime-local" [^>]*value="([^"]+)"', page))
    outside.written.clear()
    after = await admin.follow(await admin.send(paths.webhook(row.uuid, "retry-failed"), fields))

    assert set(fields) == {"from", "to"}
    assert "Confirm Retry All" in page
    assert "3 notifications are sent again." in words(after)
    assert outside.written == [{CommitEffects.DELIVERIES}]
    assert "3 notifications are on their way" in words(after) or "Waiting now 3" in words(after)


async def test_a_period_without_failures_sends_nothing_again(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_tried_webhook(context, northwind, DOWN, State.FAILED)
    period = {"from": "2020-01-01T00:00", "to": "2020-01-02T00:00"}
    after = await admin.follow(await admin.send(paths.webhook(row.uuid, "retry-failed"), period))

    assert "There was nothing to send again. Nothing failed in that period" in words(after)


async def test_what_was_sent_again_already_is_not_said_not_to_have_failed(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_tried_webhook(context, northwind, DOWN, State.FAILED)
    period = {"from": "2020-01-01T00:00", "to": "2100-01-01T00:00"}
    path = paths.webhook(row.uuid, "retry-failed")
    first = await admin.follow(await admin.send(path, period))
    second = await admin.follow(await admin.send(path, period))

    assert "1 notification is sent again." in words(first)
    assert "or everything that failed was already sent again." in words(second)


async def test_sending_again_asks_first_and_stays_open_for_what_is_wrong(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind)
    page = await admin.see(paths.webhook(row.uuid))
    wrong = await admin.send(paths.webhook(row.uuid, "retry-failed"), {"from": "", "to": ""})

    assert " open>" not in page
    assert "Retry all failed…" in page
    assert '<details class="confirm" open>' in wrong.text


@pytest.mark.parametrize(
    ("period", "told"),
    [
        ({"from": "", "to": "2020-01-02T00:00"}, "Enter a date and a time"),
        ({"from": "yesterday", "to": "0001-01-02T00:00"}, "Enter a date and a time"),
        ({"from": "2020-01-02T00:00", "to": "2020-01-01T00:00"}, "after the one in From"),
    ],
)
async def test_a_period_that_cannot_be_is_refused_beside_its_field(
    context: AppContext, northwind: Reseller, admin: Person, period: dict[str, str], told: str
) -> None:
    row = a_webhook(context, northwind)
    answer = await admin.send(paths.webhook(row.uuid, "retry-failed"), period)

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert all(f'value="{text}"' in answer.text for text in period.values())


async def test_a_viewer_may_not_send_anything_again(
    context: AppContext, northwind: Reseller, viewer: Person
) -> None:
    row = a_webhook(context, northwind)
    period = {"from": "2020-01-01T00:00", "to": "2020-01-02T00:00"}
    answer = await viewer.send(paths.webhook(row.uuid, "retry-failed"), period)

    assert answer.status_code == 403
    assert "Retry all failed" not in words(await viewer.see(paths.webhook(row.uuid)))


async def test_every_page_of_a_reseller_names_its_failing_webhooks(
    context: AppContext, northwind: Reseller, contoso: Reseller, admin: Person
) -> None:
    rows = [
        a_webhook(context, northwind, url=f"https://crm.example.com/{number}")
        for number in range(5)
    ]
    opens(context, a_webhook(context, contoso))
    none = words(await admin.see(paths.LOG))
    opens(context, rows[0])
    first = words(await admin.see(paths.LOG))
    for row in rows[1:]:
        opens(context, row)

    assert "failing:" not in none
    assert "A webhook is failing: https://crm.example.com/0" in first
    all_of_them = words(await admin.see(paths.RECORDS))
    assert "Webhooks are failing: https://crm.example.com/0" in all_of_them
    assert "crm.example.com/2 and others" in all_of_them
    assert "crm.example.com/3" not in all_of_them
    assert "are failing: " not in words(await admin.see(paths.webhook(rows[0].uuid)))


async def test_a_receiver_that_asked_to_wait_is_said_to_hold_the_webhook(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind)
    with context.database.write() as tx:
        held = Circuit(failures=1, held_until=clock.now() + 600 * SECOND)
        circuit_states.note_circuit(tx, row.id, held, owner=None)

    assert (await health(admin)).startswith("On hold The receiver asked to wait until")


async def test_a_receiver_that_is_gone_is_said_to_be_the_reason_of_the_pause(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind)
    with context.database.write() as tx:
        circuit_states.pause_gone(tx, row.id, owner=None)

    assert "The receiver answered 410: it wants no more notifications" in await health(admin)
