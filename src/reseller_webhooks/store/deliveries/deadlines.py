"""Stored deadlines: none lies further ahead than it can when it is written.

One that does was written before the database's clock was set back. It is pulled back to the
longest that it can be, so that nobody stays locked out or signed in until the wrong date.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, update

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import (
    backfill,
    guess,
    idempotency,
    invite,
    job,
    session,
    sign_in_link,
    webhook,
)

TOLERATED = SECOND


@dataclass(frozen=True, slots=True)
class Longest:
    """The longest time ahead of each kind of deadline when it is written, in microseconds."""

    session: Micros
    password_reset: Micros
    sign_in_link: Micros
    invite: Micros
    lockout: Micros
    previous_secret: Micros
    backfill_step: Micros
    job_claim: Micros


def pull_back(tx: Tx, longest: Longest) -> None:
    """Pull back every deadline that is too far ahead, and every past instant that is not past."""
    for column, ahead in _columns(longest):
        last = tx.now + ahead
        too_far = column > last + TOLERATED
        statement = update(column.table).where(too_far).values({column.name: last})
        tx.connection.execute(statement)


def _columns(longest: Longest) -> list[tuple[ColumnElement[int], Micros]]:
    return [
        (session.c.expires_at, longest.session),
        (session.c.password_reset_until, longest.password_reset),
        (sign_in_link.c.expires_at, longest.sign_in_link),
        (invite.c.expires_at, longest.invite),
        (guess.c.until, longest.lockout),
        (guess.c.at, 0),
        (webhook.c.previous_secret_until, longest.previous_secret),
        (backfill.c.next_at, longest.backfill_step),
        (job.c.next_at, longest.job_claim),
        (idempotency.c.at, 0),
    ]
