"""Formats in the store that an earlier version of the program cannot read."""

from enum import StrEnum

from sqlalchemy import delete, insert, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import feature


class Feature(StrEnum):
    """A format that is written only once every process of the store can read it."""

    BOUND_SECRETS = "bound_secrets"
    FAN_OUT_STEPS = "fan_out_steps"
    """The store may hold pending fan-outs; migration 0021 turns it on."""
    VERSION_FLOORS = "version_floors"
    """Records made anew begin above deleted tombstones; migration 0016 turns it on."""


def is_on(tx: Tx, name: Feature) -> bool:
    """True if the store uses the feature."""
    found = tx.connection.execute(select(feature.c.name).where(feature.c.name == name.value))
    return found.first() is not None


def has_been_on_for(tx: Tx, name: Feature, for_: Micros) -> bool:
    """True if the store has used the feature for at least `for_`."""
    since = tx.connection.execute(select(feature.c.since).where(feature.c.name == name.value))
    at = since.scalar()
    return at is not None and tx.now - at >= for_


def turn_on(tx: Tx, name: Feature) -> None:
    """Use it from now on."""
    if not is_on(tx, name):
        tx.connection.execute(insert(feature).values(name=name.value, since=tx.now))


def turn_off(tx: Tx, name: Feature) -> None:
    """Use it no longer."""
    tx.connection.execute(delete(feature).where(feature.c.name == name.value))
