"""Sealed secrets are looked through in pages, and replaced only where nobody changed them."""

from dataclasses import replace

import pytest

from reseller_webhooks.core.webhooks.webhook import SecretPurpose
from reseller_webhooks.store.db import features, migrate
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.features import Feature
from reseller_webhooks.store.webhooks import sealed, webhooks
from tests.store.factories import reseller, webhook

AUTH, SIGNING = SecretPurpose.AUTHENTICATION, SecretPurpose.SIGNING_SECRET


def test_a_page_leaves_out_what_is_deleted_or_has_had_its_day(database: Database) -> None:
    with database.write() as tx:
        mine = reseller(tx)
        kept = webhook(tx, reseller_id=mine, url="https://a.example/")
        gone = webhook(tx, reseller_id=mine, url="https://b.example/")
        webhooks.change(tx, gone.id, deleted_at=tx.now, auth_sealed="", secret_sealed="")
        webhooks.change(tx, kept.id, previous_secret_sealed="p", previous_secret_until=tx.now)
        (row,) = sealed.page(tx, after=0, limit=10)
        later = sealed.page(tx, after=row.id, limit=10)

    assert (row.uuid, set(row.values), later) == (kept.uuid, {AUTH, SIGNING}, [])


def test_values_are_replaced_unless_somebody_was_quicker(database: Database) -> None:
    with database.write() as tx:
        one = webhook(tx, reseller_id=reseller(tx), url="https://a.example/")
        (row,) = sealed.page(tx, after=0, limit=10)
        taken = sealed.replace(tx, row, {SIGNING: "anew"})
        late = sealed.replace(tx, row, {SIGNING: "too late"})
        now = webhooks.by_uuid(tx, one.uuid, reseller_id=one.reseller_id)

    assert (taken, late) == (True, False)
    assert now
    assert (now.secret_sealed, now.auth_sealed) == ("anew", one.auth_sealed)


def test_a_value_that_was_deleted_meanwhile_stays_deleted(database: Database) -> None:
    with database.write() as tx:
        one = webhook(tx, reseller_id=reseller(tx), url="https://a.example/")
        (row,) = sealed.page(tx, after=0, limit=10)
        webhooks.change(tx, one.id, deleted_at=tx.now)

        assert not sealed.replace(tx, row, {SIGNING: "anew"})
        assert not sealed.replace(tx, replace(row, values={}), {SIGNING: "anew"})


def test_a_new_store_binds_secrets_from_the_start(database: Database) -> None:
    with database.read() as tx:
        assert features.is_on(tx, Feature.BOUND_SECRETS)


@pytest.mark.parametrize("times", [1, 2])
def test_a_feature_is_turned_on_and_off(database: Database, times: int) -> None:
    states = []
    with database.write() as tx:
        for turn in (features.turn_off, features.turn_on):
            for _ in range(times):
                turn(tx, Feature.BOUND_SECRETS)
            states.append(features.is_on(tx, Feature.BOUND_SECRETS))

    assert states == [False, True]


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.write() as tx:
        features.turn_off(tx, Feature.BOUND_SECRETS)
    migrate.upgrade(database)

    with database.read() as tx:
        assert not features.is_on(tx, Feature.BOUND_SECRETS)
