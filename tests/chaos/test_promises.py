"""Each promise of docs/engine.md has a query, and each query finds a breach that is there."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.evidence import SECOND, Acknowledged, Evidence, Incident, Received, WebhookDetails
from chaos.promises import PROMISES
from reseller_webhooks.store.db.database import Database

DOCS = Path(__file__).parents[2] / "docs" / "engine.md"
PLAIN = WebhookDetails("/plain", "r1")
FIRST = Received("/plain", "", "e1", "e1", "c1", 1, "one", 1, 0, 1, 200, SECOND, SECOND + 10)


@pytest.fixture
def evidence(on_sqlite: Database) -> Evidence:
    return Evidence(on_sqlite, [PLAIN])


def breaches(evidence: Evidence, words: str) -> list[str]:
    (query,) = [query for title, query in PROMISES.items() if title.startswith(words)]
    return list(query(evidence))


def test_each_promise_of_the_docs_has_a_query_of_its_own() -> None:
    guaranteed = DOCS.read_text().split("\n## Guaranteed\n")[1].split("\n## ")[0]

    assert set(PROMISES) == set(re.findall(r"^- \*\*(.+?)\*\*", guaranteed, re.MULTILINE))


def test_a_change_that_never_arrives_is_lost(evidence: Evidence) -> None:
    evidence.acknowledged = [Acknowledged("e1", "r1", "c1", 1, "one", SECOND)]

    assert len(breaches(evidence, "Nothing acknowledged")) == 2


def test_one_request_too_many_breaks_the_cap(evidence: Evidence) -> None:
    evidence.webhooks = [replace(PLAIN, max_in_flight=1)]
    evidence.received = [FIRST, replace(FIRST, event="e2", id="e2", started=SECOND + 5)]

    assert breaches(evidence, "No more requests at once") == [
        "/plain had 2 requests at once, 1 allowed"
    ]


def test_a_burst_breaks_the_rate(evidence: Evidence) -> None:
    evidence.webhooks = [replace(PLAIN, rate_per_second=1.0)]
    evidence.received = [replace(FIRST, started=SECOND + n) for n in range(5)]

    assert len(breaches(evidence, "No more requests per second")) == 1


def test_a_lower_version_that_arrives_later_breaks_the_order(evidence: Evidence) -> None:
    evidence.webhooks = [replace(PLAIN, ordered=True)]
    later = replace(FIRST, event="e2", id="e2", version=2)
    evidence.received = [later, replace(FIRST, started=SECOND + 20)]

    assert len(breaches(evidence, "`ordered`")) == 1


def test_a_repeat_in_between_breaks_no_order(evidence: Evidence) -> None:
    evidence.webhooks = [replace(PLAIN, ordered=True)]
    later = replace(FIRST, event="e2", id="e2", version=2, started=SECOND + 20)
    evidence.received = [FIRST, later, replace(FIRST, started=SECOND + 30)]

    assert breaches(evidence, "`ordered`") == []


def test_an_old_state_after_a_newer_one_was_accepted_breaks_latest_state(
    evidence: Evidence,
) -> None:
    evidence.webhooks = [replace(PLAIN, latest_state=True)]
    evidence.acknowledged = [Acknowledged("e2", "r1", "c1", 2, "one", SECOND)]
    newer = replace(FIRST, event="e2", id="e2", version=2)
    evidence.received = [newer, replace(FIRST, started=SECOND + 20)]

    assert len(breaches(evidence, "`LATEST_STATE`: only")) == 1


def test_another_id_for_the_same_event_is_a_breach(evidence: Evidence) -> None:
    evidence.received = [replace(FIRST, id="another")]

    assert len(breaches(evidence, "A repeat has")) == 1


def test_a_webhook_that_waits_for_a_dead_worker_is_a_breach(evidence: Evidence) -> None:
    evidence.incidents = [Incident("kill -9", SECOND, 2 * SECOND, killed_worker=True)]
    evidence.acknowledged = [Acknowledged("e1", "r1", "c1", 1, "one", 2 * SECOND)]
    evidence.received = [replace(FIRST, started=60 * SECOND)]

    assert len(breaches(evidence, "A dead worker")) == 1


def test_many_requests_at_once_flood_a_recovered_receiver(evidence: Evidence) -> None:
    evidence.recovered = {"/plain": SECOND}
    evidence.received = [FIRST, replace(FIRST, event="e2", id="e2")]

    assert len(breaches(evidence, "A recovered receiver")) >= 1


def test_a_request_to_a_forbidden_address_is_a_breach(evidence: Evidence) -> None:
    evidence.webhooks = [replace(PLAIN, allowed=False)]
    evidence.received = [FIRST]

    assert len(breaches(evidence, "A request goes only")) == 1


def test_one_signature_after_a_rotation_is_a_breach(evidence: Evidence) -> None:
    evidence.rotated = {"/plain": SECOND}
    evidence.received = [replace(FIRST, started=10 * SECOND)]

    assert len(breaches(evidence, "Two signatures")) == 1


def test_a_state_that_is_not_pending_for_a_dead_receiver_is_a_breach(evidence: Evidence) -> None:
    evidence.webhooks = [replace(PLAIN, latest_state=True, healthy=False)]
    evidence.acknowledged = [Acknowledged("e1", "r1", "c1", 1, "one", SECOND)]

    assert len(breaches(evidence, "`LATEST_STATE` waits")) == 1


def test_a_request_to_the_url_before_a_change_is_a_breach(evidence: Evidence) -> None:
    evidence.moved = {"/plain": SECOND}
    evidence.received = [replace(FIRST, query="old", started=3 * SECOND)]

    assert len(breaches(evidence, "A pause")) == 1
    assert len(breaches(evidence, "Every commit is seen")) == 1


def test_a_lower_version_with_newer_content_is_a_breach(evidence: Evidence) -> None:
    evidence.restored = [SECOND]
    evidence.acknowledged = [Acknowledged("e2", "r1", "c1", 1, "two", 2 * SECOND)]
    again = replace(FIRST, event="e2", id="e2", name="two", started=3 * SECOND)
    evidence.received = [replace(FIRST, version=2), again]

    assert len(breaches(evidence, "Versions never")) == 1


def test_a_long_gap_between_attempts_after_a_clock_was_set_is_a_breach(evidence: Evidence) -> None:
    step = Incident("-3 h", SECOND, 90 * SECOND, set_clock=True, apart=frozenset({"/plain"}))
    evidence.incidents = [step]
    evidence.received = [
        replace(FIRST, started=2 * SECOND, status=503),
        replace(FIRST, started=80 * SECOND, status=503),
    ]

    assert len(breaches(evidence, "However clocks")) == 1


def test_other_webhooks_that_stand_still_beside_an_unreadable_secret_are_a_breach(
    evidence: Evidence,
) -> None:
    evidence.webhooks = [PLAIN, WebhookDetails("/other", "r2")]
    evidence.unreadable = {"/plain": (SECOND, 9 * SECOND)}

    assert breaches(evidence, "A secret") == [
        "/other got nothing while the secret of /plain did not open"
    ]


def test_an_ordered_webhook_may_wait_for_requests_of_the_dead_worker_but_no_longer(
    evidence: Evidence,
) -> None:
    evidence.webhooks = [replace(PLAIN, ordered=True)]
    evidence.timeout_s = 5.0
    evidence.incidents = [Incident("kill -9", SECOND, 2 * SECOND, killed_worker=True)]
    evidence.acknowledged = [Acknowledged("e1", "r1", "c1", 1, "one", 2 * SECOND)]

    evidence.received = [replace(FIRST, started=10 * SECOND)]
    assert breaches(evidence, "A dead worker") == []
    evidence.received = [replace(FIRST, started=12 * SECOND)]
    assert len(breaches(evidence, "A dead worker")) == 1


def test_a_request_during_a_wait_that_was_asked_for_breaks_a_promise(evidence: Evidence) -> None:
    evidence.asked_to_wait = {"/plain": (SECOND, 60 * SECOND)}
    evidence.received = [
        replace(FIRST, started=SECOND + 10),
        replace(FIRST, started=5 * SECOND),
        replace(FIRST, started=61 * SECOND),
    ]

    assert breaches(evidence, "A receiver that asks to wait") == [
        "/plain had 1 requests while it had asked to wait"
    ]
