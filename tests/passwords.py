"""Sign-in by password as the pages do it, for tests that have no pages."""

from reseller_webhooks import crypto
from reseller_webhooks.operations import password_sign_in
from reseller_webhooks.operations.authentication import NOWHERE, Device
from reseller_webhooks.store.db.database import Database


def sign_in(database: Database, email: str, password: str, device: Device = NOWHERE) -> str:
    """A session's token."""
    attempt = password_sign_in.begin(database, email, device)
    fitting = crypto.fitting_hashes(attempt.hashes, password)
    return password_sign_in.finish(database, attempt, fitting)
