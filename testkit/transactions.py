"""A transaction that takes another time for its own."""

from dataclasses import dataclass

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.db.database import Tx


@dataclass(frozen=True, slots=True)
class TxAt(Tx):
    """A transaction at another time than the store's. at: that time."""

    at: Micros = 0

    @property
    def now(self) -> Micros:
        """That time."""
        return self.at


def at_time(tx: Tx, time: Micros) -> Tx:
    """The same transaction at another time."""
    return TxAt(tx.driver, tx.by, tx.charge, tx.written, tx.made, time)
