"""Which formats the store uses that an earlier version of the program cannot read."""

from enum import StrEnum

from sqlalchemy import delete, insert, select

from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import feature


class Feature(StrEnum):
    """A format that is written only once every process of the store can read it."""

    BOUND_SECRETS = "bound_secrets"
    VERSION_FLOORS = "version_floors"
    """Since when records made anew begin above deleted tombstones; migration 0016 turns it on."""


def is_on(tx: Tx, name: Feature) -> bool:
    """Whether the store uses it."""
    found = tx.connection.execute(select(feature.c.name).where(feature.c.name == name.value))
    return found.first() is not None


def turn_on(tx: Tx, name: Feature) -> None:
    """Use it from now on."""
    if not is_on(tx, name):
        tx.connection.execute(insert(feature).values(name=name.value, since=tx.now))


def turn_off(tx: Tx, name: Feature) -> None:
    """Use it no longer."""
    tx.connection.execute(delete(feature).where(feature.c.name == name.value))
