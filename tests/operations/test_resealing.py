"""Secrets are sealed anew, whoever else writes meanwhile; what does not open is told."""

import pytest
from cryptography.fernet import Fernet

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.core.webhooks.webhook import SecretPurpose, TokenAuth
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations import leases, resealing, webhooks
from reseller_webhooks.operations.leases import Worker
from reseller_webhooks.sealing import is_bound
from reseller_webhooks.store.db import features
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.db.features import Feature
from reseller_webhooks.store.tables import member
from reseller_webhooks.store.webhooks import sealed
from reseller_webhooks.store.webhooks import webhooks as store
from tests.operations.test_webhooks import spec

OLD_KEY, NEW_KEY, LOST_KEY = (Fernet.generate_key().decode() for _ in range(3))
OLD, BOTH, NEW = Box([OLD_KEY]), Box([NEW_KEY, OLD_KEY]), Box([NEW_KEY])
AUTH = TokenAuth(token="s3cret")


@pytest.fixture
def used(database: Database) -> Database:
    """A store that an earlier version has used."""
    with database.write() as tx:
        features.turn_off(tx, Feature.BOUND_SECRETS)
    return database


def a_webhook(database: Database, reseller: Reseller, box: Box, name: str = "a") -> WebhookRow:
    wanted = spec(url=f"https://{name}.example/hook", auth=AUTH)
    return webhooks.add(database, box, reseller.id, wanted).webhook


def test_everything_opens_with_the_first_key_alone_afterwards(
    used: Database, reseller: Reseller
) -> None:
    rows = [a_webhook(used, reseller, OLD, name) for name in "abc"]
    webhooks.rotate_secret(used, OLD, reseller.id, rows[0].uuid)
    before = {row.uuid: webhooks.etag_revision(row) for row in webhooks.page(used, reseller.id)}
    done = resealing.reseal(used, BOTH)
    again = resealing.reseal(used, BOTH)

    after = webhooks.page(used, reseller.id)
    assert (done.sealed, done.current, done.unreadable) == (7, 0, [])
    assert (again.sealed, again.current) == (0, 7)
    assert [webhooks.open_webhook(NEW, row, 0).auth for row in after] == [AUTH] * 3
    assert all(is_bound(row.auth_sealed) and is_bound(row.secret_sealed) for row in after)
    assert {row.uuid: webhooks.etag_revision(row) for row in after} == before, "nobody changed it"


def test_a_rotation_seals_what_is_bound_already(database: Database, reseller: Reseller) -> None:
    row = a_webhook(database, reseller, OLD)
    resealing.reseal(database, BOTH)
    now = webhooks.get(database, reseller.id, row.uuid)

    assert webhooks.open_webhook(NEW, now, 0).auth == AUTH
    assert is_bound(row.secret_sealed)


def test_what_does_not_open_is_named_and_left_as_it_is(
    database: Database, reseller: Reseller
) -> None:
    lost = a_webhook(database, reseller, Box([LOST_KEY]), "lost")
    a_webhook(database, reseller, OLD)
    done = resealing.reseal(database, BOTH)

    assert done.sealed == 2
    assert {(one.webhook, one.purpose) for one in done.unreadable} == {
        (lost.uuid, SecretPurpose.AUTHENTICATION),
        (lost.uuid, SecretPurpose.SIGNING_SECRET),
    }
    assert webhooks.get(database, reseller.id, lost.uuid).secret_sealed == lost.secret_sealed


def test_a_dry_run_counts_and_writes_nothing(used: Database, reseller: Reseller) -> None:
    a_webhook(used, reseller, OLD)
    before = webhooks.page(used, reseller.id)
    done = resealing.reseal(used, BOTH, dry_run=True)

    assert done.sealed == 2
    assert webhooks.page(used, reseller.id) == before
    assert not is_bound(a_webhook(used, reseller, OLD, "b").auth_sealed)


def test_what_is_saved_from_then_on_is_bound(used: Database, reseller: Reseller) -> None:
    before = a_webhook(used, reseller, OLD)
    resealing.reseal(used, OLD)
    after = a_webhook(used, reseller, OLD, "b")

    assert (is_bound(before.secret_sealed), is_bound(after.secret_sealed)) == (False, True)


def test_the_way_back_leaves_all_for_the_version_before(
    database: Database, reseller: Reseller
) -> None:
    row = a_webhook(database, reseller, OLD)
    resealing.reseal(database, OLD, bound=False)
    now = webhooks.get(database, reseller.id, row.uuid)

    assert b"s3cret" in Fernet(OLD_KEY).decrypt(now.auth_sealed)
    assert b"whsec_" in Fernet(OLD_KEY).decrypt(now.secret_sealed)
    assert not is_bound(a_webhook(database, reseller, OLD, "b").auth_sealed)


def test_it_waits_for_workers_of_an_earlier_version(used: Database, reseller: Reseller) -> None:
    added = a_webhook(used, reseller, OLD)
    row = webhooks.get(used, reseller.id, added.uuid)
    leases.heartbeat(used, Worker("new", "b.example", "0.2.0", 60.0))
    with used.write() as tx:
        of_before = {"id": "old", "host": "a.example", "version": "0.1.0", "since": 1}
        tx.connection.execute(member.insert().values(of_before | {"until": tx.now + 10**9}))

    with pytest.raises(Refused, match=r"a\.example is of an earlier version \(0\.1\.0\)"):
        resealing.reseal(used, BOTH)
    assert webhooks.get(used, reseller.id, row.uuid) == row


def test_what_somebody_saves_meanwhile_is_not_undone(
    used: Database, reseller: Reseller, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = a_webhook(used, reseller, OLD)
    replace, quicker = sealed.replace, iter(["another"])

    def late(tx: Tx, one: sealed.SealedRow, new: dict[SecretPurpose, str]) -> bool:
        for token in quicker:
            auth = OLD.seal(TokenAuth(token=token).model_dump_json(by_alias=True))
            store.change(tx, row.id, auth_sealed=auth)
        return replace(tx, one, new)

    monkeypatch.setattr(sealed, "replace", late)
    done = resealing.reseal(used, BOTH)

    now = webhooks.get(used, reseller.id, row.uuid)
    assert (done.sealed, done.busy) == (2, 0)
    assert webhooks.open_webhook(NEW, now, 0).auth == TokenAuth(token="another")


def test_a_survey_tells_which_keys_are_in_use(database: Database, reseller: Reseller) -> None:
    for name, box in (("a", OLD), ("b", BOTH), ("c", Box([LOST_KEY]))):
        a_webhook(database, reseller, box, name)
    found = resealing.survey(database, BOTH, most_s=60)
    first, second = BOTH.key_ids

    assert (found.is_whole, found.total, found.webhooks) == (True, 3, 3)
    assert found.by_key == {first: 2, second: 2}
    assert len(found.unreadable) == 2
    assert not resealing.survey(database, BOTH, most_s=0).is_whole
