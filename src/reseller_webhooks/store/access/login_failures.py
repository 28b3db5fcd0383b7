"""Wrong passwords by account and by address, shared by every process that lets people in."""

from sqlalchemy import delete, select, text, update

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import guess

# Written out, because SQLAlchemy has a construct for each database and none for both.
# Who waits is not counted: the WHERE then leaves the row alone, and nothing is returned.
_COUNT = text(
    "INSERT INTO guess (key, failures, at, until) VALUES (:key, 1, :now, 0) "
    "ON CONFLICT (key) DO UPDATE SET at = :now, "
    "failures = CASE WHEN guess.at < :fresh THEN 1 ELSE guess.failures + 1 END "
    "WHERE guess.until <= :now RETURNING failures"
)


def waits_until(tx: Tx, key: str) -> Micros:
    """End of the wait after wrong guesses with this key; 0 when a guess is allowed now."""
    until = tx.connection.execute(select(guess.c.until).where(guess.c.key == key)).scalar()
    return until if until is not None and until > tx.now else 0


def count(tx: Tx, key: str, *, fresh: Micros) -> int | None:
    """Count a guess; how many in a row since `fresh`, None when it has to wait.

    Whoever counts the same key at the same time waits for this transaction.
    """
    given = {"key": key, "now": tx.now, "fresh": fresh}
    return tx.connection.execute(_COUNT, given).scalar_one_or_none()


def wait(tx: Tx, key: str, until: Micros) -> None:
    """Allow no guess with this key before an instant."""
    tx.connection.execute(update(guess).where(guess.c.key == key).values(until=until))


def clear(tx: Tx, key: str) -> None:
    """The last guess was right, and so were all before, for all that matters."""
    tx.connection.execute(delete(guess).where(guess.c.key == key))


def take_back(tx: Tx, key: str) -> None:
    """The last guess was right, which says nothing of the others."""
    changed = {"failures": guess.c.failures - 1, "until": tx.now}
    tx.connection.execute(update(guess).where(guess.c.key == key).values(changed))


def forget(tx: Tx, before: Micros) -> None:
    """Delete counts to which nothing was added since an instant."""
    tx.connection.execute(delete(guess).where(guess.c.at < before, guess.c.until < tx.now))
