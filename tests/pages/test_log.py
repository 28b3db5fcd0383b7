"""The event log: tabs, filters, pages, details, retries."""

import pytest

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome, Reason, from_status
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.labels import delivery_labels as said
from reseller_webhooks.operations import deliveries, webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.webhooks import circuit_states
from tests.delivery_ids import shown_id
from tests.pages.browser_client import OK, TOKEN, Outside, Person, a_webhook, attempt, tell, words

DOWN = from_status(503, 1204, response="<h1>down</h1>")


def lines(html: str) -> int:
    return html.count('class="opens"')


@pytest.fixture
def row(context: AppContext, northwind: Reseller) -> WebhookRow:
    return a_webhook(context, northwind, auth=TOKEN)


@pytest.fixture
def three(context: AppContext, row: WebhookRow) -> dict[str, int]:
    """One delivery in each state that has a tab."""
    (delivered,) = tell(context, row)
    attempt(context, row, OK, State.DELIVERED)
    (failed,) = tell(context, row)
    attempt(context, row, DOWN, State.FAILED)
    (pending,) = tell(context, row)
    return {"successful": delivered, "failed": failed, "pending": pending}


async def test_each_tab_shows_its_deliveries(
    context: AppContext, admin: Person, three: dict[str, int]
) -> None:
    every = await admin.see(paths.LOG)

    assert lines(every) == 3
    assert "All 3 Successful 1 Pending 1 Failed 1" in words(every)
    for tab, number in three.items():
        html = await admin.see(paths.log(tab=tab))

        assert lines(html) == 1
        assert f'href="{paths.delivery(context.ids.delivery(number))}"' in html


async def test_a_line_says_in_words_what_came_of_it(
    context: AppContext, admin: Person, row: WebhookRow, three: dict[str, int]
) -> None:
    tell(context, row, action=Action.REMOVED)
    attempt(context, row, DOWN, State.PENDING)
    text = words(await admin.see(paths.LOG))

    assert "Successful Answered 200" in text
    assert "Failed Answered 503." in text
    assert "Company deleted acme https://crm.example.com/hook Pending Answered 503." in text
    assert "Next attempt" in text


async def test_a_line_promises_no_attempt_while_its_webhook_is_paused_or_fails(
    context: AppContext, northwind: Reseller, admin: Person, row: WebhookRow
) -> None:
    tell(context, row)
    attempt(context, row, DOWN, State.PENDING)
    tell(context, row)
    with context.database.write() as tx:
        circuit = Circuit(is_open=True, reason=DOWN.message, since=1, probe_at=2)
        circuit_states.note_circuit(tx, row.id, circuit, owner=None)
    failing = [words(await admin.see(path)) for path in (paths.LOG, paths.webhook(row.uuid))]
    webhooks.pause(context.database, northwind.id, row.uuid)
    paused = [words(await admin.see(path)) for path in (paths.LOG, paths.webhook(row.uuid))]

    for told, why in [(failing, "the receiver is failing"), (paused, "the webhook is paused")]:
        for text in told:
            assert f"Not sent yet. Waiting: {why}" in text
            assert f"Answered 503. Waiting: {why}" in text
            assert "Next attempt" not in text


async def test_what_is_done_waits_for_nothing(
    context: AppContext, northwind: Reseller, admin: Person, row: WebhookRow
) -> None:
    tell(context, row)
    attempt(context, row, OK, State.DELIVERED)
    webhooks.pause(context.database, northwind.id, row.uuid)

    assert "Waiting:" not in words(await admin.see(paths.LOG))


async def test_filters_narrow_the_log(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    company = a_webhook(context, northwind)
    lead = a_webhook(context, northwind, resource=Resource.LEAD)
    tell(context, company, count=2)
    tell(context, lead, action=Action.ADDED)

    assert lines(await admin.see(paths.log(resource="LEAD"))) == 1
    assert lines(await admin.see(paths.log(action="CHANGED"))) == 2
    assert lines(await admin.see(paths.log(webhook=lead.uuid))) == 1
    assert lines(await admin.see(paths.log(resource="LEAD", action="CHANGED"))) == 0


async def test_the_form_and_the_tabs_keep_each_other(admin: Person, three: dict[str, int]) -> None:
    html = await admin.see(paths.log(tab="failed", resource="COMPANY"))

    assert '<option value="COMPANY" selected>' in html
    assert '<input type="hidden" name="tab" value="failed">' in html
    assert f'href="{paths.LOG}?tab=pending&amp;resource=COMPANY"' in html


async def test_the_search_finds_one_resource_and_the_counts_say_how_much_of_it(
    context: AppContext, admin: Person, row: WebhookRow, three: dict[str, int]
) -> None:
    tell(context, row, resource_uuid="other")
    html = await admin.see(paths.log(id="other"))

    assert lines(html) == 1
    assert "All 1 Successful 0 Pending 1 Failed 0" in words(html)
    assert 'name="id" type="search" value="other"' in html


async def test_a_time_range_in_utc_narrows_the_log(admin: Person, three: dict[str, int]) -> None:
    html = await admin.see(paths.LOG)

    assert words(html).count("(UTC)") == 2
    assert lines(await admin.see(paths.log(**{"from": "2000-01-01T00:00"}))) == 3
    assert lines(await admin.see(paths.log(to="2000-01-01T00:00"))) == 0


@pytest.mark.parametrize(
    ("query", "said_of_it"),
    [
        ("from=yesterday", "Enter a date and a time"),
        ("from=2026-01-02T00:00&to=2026-01-01T00:00", "Enter a time after the one in From."),
    ],
)
async def test_a_time_that_is_none_is_told_beside_its_field(
    admin: Person, three: dict[str, int], query: str, said_of_it: str
) -> None:
    html = await admin.see(f"{paths.LOG}?{query}")

    assert said_of_it in words(html)
    assert 'aria-invalid="true"' in html


async def test_no_more_than_a_thousand_are_counted(
    context: AppContext, admin: Person, row: WebhookRow
) -> None:
    tell(context, row, count=1_001)

    assert "All 1,000+ Successful 0 Pending 1,000+ Failed 0" in words(await admin.see(paths.LOG))


async def test_a_search_whose_time_is_over_says_how_far_it_came_and_goes_on(
    context: AppContext, admin: Person, row: WebhookRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reseller_webhooks.store.deliveries.log_counts.SEARCHED_MAX", 1)
    tell(context, row, action=Action.ADDED)
    tell(context, row, count=2)
    at_once = await admin.see(paths.log(action="ADDED"))
    monkeypatch.setattr("reseller_webhooks.operations.deliveries.SEARCH_S", 0.0)
    short = await admin.see(paths.log(action="ADDED"))
    link = (
        short.partition(">Search older notifications<")[0].rpartition('href="')[2].partition('"')[0]
    )
    second = await admin.see(link.replace("&amp;", "&"))

    assert (lines(at_once), lines(short)) == (1, 0)
    assert "Nothing found yet No notification since" in words(short)
    assert "Search older notifications" in second


@pytest.mark.parametrize(
    "query", ["tab=x", "resource=PIZZA", "action=x", "behind=x", "behind=1", "behind=9.-1", "q=1"]
)
async def test_what_an_address_does_not_know_leaves_nothing_out(
    admin: Person, three: dict[str, int], query: str
) -> None:
    assert lines(await admin.see(f"{paths.LOG}?{query}")) == 3


async def test_the_log_comes_in_pages_that_neither_lose_nor_repeat(
    context: AppContext, admin: Person, row: WebhookRow
) -> None:
    tell(context, row, count=70)
    attempt(context, row, OK, State.DELIVERED)
    numbers = {context.ids.delivery(number) for number in tell(context, row, count=40)}
    first = await admin.see(paths.LOG)
    older = first.partition(">Older<")[0].rpartition('href="')[2].partition('"')[0]
    tell(context, row)
    second = await admin.see(older)
    third = second.partition(">Older<")[0].rpartition('href="')[2].partition('"')[0]
    ids = [
        part.partition('"')[0]
        for html in (first, second, await admin.see(third))
        for part in html.split(f'class="opens" href="{paths.LOG}/')[1:]
    ]

    assert len(ids) == len(set(ids)) == 110
    assert numbers <= set(ids[:50])
    assert ">Newest<" in second


async def test_without_webhooks_the_log_says_so(admin: Person) -> None:
    assert "There are no webhooks yet." in words(await admin.see(paths.LOG))


async def test_details_show_the_payload_as_it_went_out(
    admin: Person, three: dict[str, int]
) -> None:
    html = await admin.see(paths.delivery(shown_id(three["successful"])))

    assert "&#34;name&#34;: &#34;Acme &lt;b&gt;&amp;&lt;/b&gt; Söhne&#34;" in html
    assert "&#34;total&#34;: 10.5" in html


async def test_details_show_each_attempt_with_masked_headers(
    context: AppContext, admin: Person, row: WebhookRow
) -> None:
    (number,) = tell(context, row)
    attempt(context, row, DOWN, State.PENDING)
    attempt(context, row, OK, State.DELIVERED)
    text = words(await admin.see(paths.delivery(shown_id(number))))

    assert text.index("Attempt 2 Accepted") < text.index("Attempt 1 Not accepted")
    assert "Duration 1.2 s Status 503" in text
    assert "<h1>down</h1>" in text
    assert "x-webhook-attempt: 2" in text
    assert "x-appdirect-webhook-token: ********" in text
    assert "webhook-signature: v1,********" in text


async def test_details_tell_what_changed_since_the_version_before(
    context: AppContext, admin: Person, row: WebhookRow
) -> None:
    body = '{"resource":{"content":{"name":"%s","status":"%s","address":{"city":"%s"},"size":1}}}'
    tell(context, row, version=1, body=body % ("Acme", "PENDING", "Bonn"))
    (number,) = tell(context, row, version=2, body=body % ("Acme & Sons", "ACTIVE", "Bonn"))
    html = await admin.see(paths.delivery(shown_id(number)))

    assert "Name Acme Acme & Sons Status Pending Active Payload" in words(html)
    assert "<del>Acme</del>" in html
    assert "<ins>Acme &amp; Sons</ins>" in html


async def test_details_show_the_headers_of_every_answer(
    context: AppContext, admin: Person, row: WebhookRow
) -> None:
    (number,) = tell(context, row)
    down = from_status(503, 5, headers={"server": "nginx", "retry-after": "9"})
    attempt(context, row, down, State.PENDING)
    up = from_status(204, 5, headers={"x-request-id": "r7"})
    attempt(context, row, up, State.DELIVERED)
    text = words(await admin.see(paths.delivery(shown_id(number))))

    assert "Response headers server: nginx retry-after: 9" in text
    assert "Response headers x-request-id: r7" in text


async def test_the_curl_command_holds_placeholders_and_no_secret(
    admin: Person, three: dict[str, int]
) -> None:
    text = words(await admin.see(paths.delivery(shown_id(three["failed"]))))

    assert "--header 'x-appdirect-webhook-token: TOKEN'" in text
    assert "--header 'webhook-signature: v1,SIGNATURE'" in text
    assert TOKEN.token not in text


async def test_all_that_failed_since_some_time_is_sent_again(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside, three: dict[str, int]
) -> None:
    other = a_webhook(context, northwind, url="https://other.example.com/hook")
    tell(context, other, resource_uuid="x", count=2)
    attempt(context, other, DOWN, State.FAILED)
    outside.written.clear()
    page = await admin.follow(await admin.send(paths.LOG_RETRY, {"from": "2000-01-01T00:00"}))

    assert "notifications are sent again." in words(page)
    assert lines(await admin.see(paths.log(tab="pending"))) >= 4
    assert outside.written == [{CommitEffects.DELIVERIES}]


async def test_what_failed_at_one_webhook_is_sent_again_alone(
    context: AppContext, northwind: Reseller, admin: Person, row: WebhookRow, three: dict[str, int]
) -> None:
    other = a_webhook(context, northwind, resource=Resource.LEAD)
    tell(context, other)
    attempt(context, other, DOWN, State.FAILED)
    fields = {"from": "2000-01-01T00:00", "webhook": row.uuid}
    page = await admin.follow(await admin.send(paths.LOG_RETRY, fields))

    assert "1 notification is sent again." in words(page)


async def test_a_viewer_sends_nothing_again(viewer: Person, three: dict[str, int]) -> None:
    answer = await viewer.send(paths.LOG_RETRY, {"from": "2000-01-01T00:00"})

    assert answer.status_code == 403
    assert "Retry all failed" not in words(await viewer.see(paths.log(tab="failed")))


async def test_a_failed_delivery_says_why_and_what_to_do(
    admin: Person, three: dict[str, int]
) -> None:
    text = words(await admin.see(paths.delivery(shown_id(three["failed"]))))

    assert "Failed after 1 attempt. Answered 503;" in text
    assert "Check the receiver's log at that time: something went wrong there." in text


@pytest.mark.parametrize("reason", list(Reason))
def test_there_is_something_to_do_about_every_reason(reason: Reason) -> None:
    assert said.remedy(reason.value, 418 if reason is Reason.STATUS else None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 415, 418, 429, 500, 503])
def test_there_is_something_to_do_about_every_status(status: int) -> None:
    assert said.remedy("STATUS", status)


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_word(state: State) -> None:
    assert said.STATES[state].word


async def test_a_pending_delivery_says_what_it_waits_for(
    context: AppContext, northwind: Reseller, admin: Person, row: WebhookRow
) -> None:
    (number,) = tell(context, row)
    page = paths.delivery(shown_id(number))
    at_first = words(await admin.see(page))
    attempt(context, row, DOWN, State.PENDING)
    later = words(await admin.see(page))
    webhooks.pause(context.database, northwind.id, row.uuid)
    paused = words(await admin.see(page))

    assert "Not sent yet." in at_first
    assert "It is retried automatically" in later
    assert "Waiting: the webhook is paused." in paused


async def test_a_retry_is_a_new_delivery_that_names_the_old_one(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside, three: dict[str, int]
) -> None:
    old = context.ids.delivery(three["failed"])
    offered = await admin.see(paths.delivery(old))
    outside.written.clear()
    answer = await admin.send(paths.delivery(old, "retry"))
    html = await admin.follow(answer)
    newest = deliveries.get(context.database, three["pending"] + 1, reseller_id=northwind.id)

    assert "Confirm Retry" in offered
    assert answer.headers["location"] == paths.delivery(context.ids.delivery(three["pending"] + 1))
    assert f"Repeats {old}" in words(html)
    assert newest.entry.line.replay_of == three["failed"]
    assert outside.written == [{CommitEffects.DELIVERIES}]


async def test_what_was_sent_again_says_as_what(
    context: AppContext, admin: Person, three: dict[str, int]
) -> None:
    path = paths.delivery(shown_id(three["failed"]))
    before = words(await admin.see(path))
    await admin.send(f"{path}/retry")
    after = await admin.see(path)
    again = context.ids.delivery(three["pending"] + 1)

    assert "Then choose Retry." in before
    assert "Sent again as" not in before
    assert "Then choose Retry." not in after
    assert f"Sent again as {again}" in words(after)
    assert f'href="{paths.delivery(again)}"' in after


async def test_what_is_pending_offers_no_retry_and_takes_none(
    admin: Person, outside: Outside, three: dict[str, int]
) -> None:
    path = paths.delivery(shown_id(three["pending"]))
    html = await admin.see(path)
    outside.written.clear()
    page = await admin.follow(await admin.send(paths.delivery(shown_id(three["pending"]), "retry")))

    assert "Confirm Retry" not in html
    assert "It was not sent again. This delivery is still pending" in words(page)
    assert outside.written == []


async def test_the_log_of_a_deleted_webhook_stays_but_cannot_be_repeated(
    context: AppContext, northwind: Reseller, admin: Person, row: WebhookRow, three: dict[str, int]
) -> None:
    webhooks.delete(context.database, northwind.id, row.uuid)
    failed = paths.delivery(shown_id(three["failed"]))
    html = await admin.see(failed)
    page = await admin.follow(await admin.send(paths.delivery(shown_id(three["failed"]), "retry")))
    cancelled = words(await admin.see(paths.delivery(shown_id(three["pending"]))))

    assert lines(await admin.see(paths.LOG)) == 3
    assert "(deleted)" in words(html)
    assert "Confirm Retry" not in html
    assert "It was not sent again." in words(page)
    assert "Cancelled. Its webhook was deleted." in cancelled
    assert "No attempts were made." in cancelled


@pytest.mark.parametrize("shown", ["1", "dlv_", "dlv_0x1", "dlv_-1", f"dlv_{10**40}", "dlv_٣"])
async def test_what_cannot_be_a_delivery_is_not_there(admin: Person, shown: str) -> None:
    assert (await admin.client.get(f"{paths.LOG}/{shown}")).status_code == 404


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(Outcome.REFUSED, Reason.FORBIDDEN_ADDRESS), (Outcome.FAILED, Reason.OAUTH2)],
)
async def test_an_attempt_that_never_reached_the_receiver_shows_no_request(
    context: AppContext, admin: Person, row: WebhookRow, outcome: Outcome, reason: Reason
) -> None:
    (number,) = tell(context, row)
    attempt(
        context,
        row,
        Attempt(outcome, 1, None, reason, plain("it has the address ::1")),
        State.FAILED,
    )
    text = words(await admin.see(paths.delivery(shown_id(number))))

    assert "Attempt 1 Not sent" in text
    assert "Status no answer" in text
    assert "Request headers" not in text
