"""Acts of one reseller at the same time: no deadlock, nothing lost, each act charged once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from threading import Barrier

import pytest

from reseller_webhooks.core.access.audit import PROGRAM, Act, AuditQuery
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.quotas import HOUR_S, Quota
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.errors import Conflict, NotFound, Outdated
from reseller_webhooks.core.webhooks.webhook import Spec, SpecPatch
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations import audit, backfills, quota_settings, users, webhooks
from reseller_webhooks.operations.quotas import Quotas
from reseller_webhooks.operations.webhook_secrets import open_secrets
from reseller_webhooks.store.db.database import Database
from tests.conftest import SECRET_KEY

THREADS, ACTS = 6, 90
LIMITS = dict.fromkeys(Quota, HOUR_S // 10)
"""A unit comes back in ten seconds, so none does meanwhile."""
BOX = Box([SECRET_KEY])
SPEC = Spec(
    url="https://receiver.example/hook",
    resource=Resource.COMPANY,
    actions=frozenset({Action.ADDED, Action.CHANGED}),
)


class Acting:
    """A reseller's webhook, and the same store as its key uses it."""

    def __init__(self, database: Database, reseller: Reseller) -> None:
        self.quotas = Quotas(database, LIMITS)
        self.database = database.acting(PROGRAM, self.quotas.charge_to(reseller.id))
        self.reseller = reseller
        self.webhook = webhooks.add(self.database, BOX, reseller.id, SPEC).webhook

    @property
    def of_webhook(self) -> tuple[int, str]:
        return self.reseller.id, self.webhook.uuid

    def acts(self) -> list[str]:
        """The lines of the audit log about the webhook, oldest first."""
        query = AuditQuery(subject_uuid=self.webhook.uuid, limit=1_000)
        return [line.act for line in reversed(audit.page(self.database, query))]

    def used(self) -> int | None:
        _, states = quota_settings.use(self.database, self.quotas, self.reseller.uuid)
        return states[Quota.WEBHOOK_CHANGES_PER_HOUR].used

    def rotate(self) -> str:
        return webhooks.rotate_secret(self.database, BOX, *self.of_webhook).secret

    def pause(self) -> None:
        webhooks.pause(self.database, *self.of_webhook)

    def resume(self) -> None:
        webhooks.resume(self.database, *self.of_webhook)

    def begin_backfill(self) -> None:
        with suppress(Conflict):
            backfills.begin(self.database, *self.of_webhook)

    def cancel_backfill(self) -> None:
        with suppress(Conflict, NotFound):
            backfills.cancel(self.database, *self.of_webhook)


@pytest.fixture
def acting(database: Database, reseller: Reseller) -> Acting:
    return Acting(database, reseller)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """The results of acts that begin at the same moment, or their errors."""
    together = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        together.wait(30)
        try:
            return act()
        except (NotFound, Outdated) as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def test_many_acts_on_one_webhook_neither_deadlock_nor_count_twice(acting: Acting) -> None:
    every = [
        *(acting.rotate, acting.pause, acting.begin_backfill),
        *(acting.resume, acting.cancel_backfill),
    ]
    with ThreadPoolExecutor(THREADS) as threads:
        running = [threads.submit(every[number % len(every)]) for number in range(ACTS)]
        for one in running:
            one.result()

    acts = acting.acts()
    assert acting.used() == len(acts)
    assert Counter(acts)[Act.WEBHOOK_SECRET_ROTATED] == ACTS // len(every)
    for group in (
        {Act.WEBHOOK_PAUSED, Act.WEBHOOK_RESUMED},
        {Act.WEBHOOK_BACKFILL_BEGUN, Act.WEBHOOK_BACKFILL_CANCELLED},
    ):
        turns = [act for act in acts if act in group]
        assert [act for act, _ in groupby(turns)] == turns


def test_secrets_that_were_rotated_at_once_all_sign(acting: Acting) -> None:
    given = at_once(acting.rotate, acting.rotate, acting.rotate)
    row = webhooks.get(acting.database, *acting.of_webhook)
    found = open_secrets(BOX, row, acting.database.clock.now())

    assert {found.signing, *(found.previous or "").split()} >= set(given)


def test_of_two_deletions_at_once_one_is_told_and_charged(acting: Acting) -> None:
    def delete() -> None:
        webhooks.delete(acting.database, *acting.of_webhook)

    results = at_once(delete, delete)

    assert {type(one) for one in results} == {NotFound, type(None)}
    assert Counter(acting.acts())[Act.WEBHOOK_DELETED] == 1
    assert acting.used() == 2


def test_of_two_changes_of_the_same_revision_one_is_refused(acting: Acting) -> None:
    seen = {webhooks.etag_revision(webhooks.get(acting.database, *acting.of_webhook))}

    def change(most: int) -> Callable[[], object]:
        patch = SpecPatch.model_validate({"maxInFlight": most})
        return lambda: webhooks.change(
            acting.database, BOX, *acting.of_webhook, patch, editions=seen
        )

    results = at_once(change(5), change(6))

    assert sum(isinstance(one, Outdated) for one in results) == 1


def test_of_two_admins_who_lock_somebody_at_once_one_is_told_and_charged(acting: Acting) -> None:
    users.add(acting.database, "ana@acme.example", Role.VIEWER, acting.reseller.uuid)
    (ana,) = users.page(acting.database, acting.reseller.id)

    def lock() -> None:
        users.lock(acting.database, None, ana.uuid, reseller_id=acting.reseller.id)

    at_once(lock, lock)
    lines = audit.page(acting.database, AuditQuery(subject_uuid=ana.uuid))

    assert Counter(line.act for line in lines)[Act.USER_LOCKED] == 1
