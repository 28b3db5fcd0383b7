"""API keys, as an operator sees them: list and revoke. `access` makes and reads them."""

from collections.abc import Iterator

from reseller_webhooks.core.access.accounts import ApiKey
from reseller_webhooks.core.access.audit import Act, Subject
from reseller_webhooks.core.errors import NotFound
from reseller_webhooks.store.access import audit, keys_and_users
from reseller_webhooks.store.db.database import Database


def page(
    database: Database,
    *,
    before: int | None = None,
    limit: int = 100,
    search: str = "",
    reseller_id: int | None = None,
) -> list[ApiKey]:
    """Keys, newest first, revoked ones included: of one reseller, or all for None.

    search: part of the name or of the key's beginning, or the id.
    """
    with database.read() as tx:
        return keys_and_users.keys(
            tx, before=before, limit=limit, search=search, reseller_id=reseller_id
        )


def valid(database: Database, *, search: str = "") -> Iterator[ApiKey]:
    """All that have not been revoked, newest first."""
    found = page(database, search=search)
    while found:
        yield from (one for one in found if one.revoked_at is None)
        found = page(database, before=found[-1].id, search=search)


def revoke(database: Database, uuid: str) -> ApiKey:
    """Revoke a key; within a second no process accepts it."""
    with database.write() as tx:
        found = keys_and_users.key_by_uuid(tx, uuid)
        if found is None:
            raise NotFound("API key", uuid)
        if found.revoked_at is None:
            keys_and_users.change_key(tx, found.id, revoked_at=tx.now)
            audit.write(tx, Act.KEY_REVOKED, Subject(found.uuid, found.known_as, found.reseller_id))
        return found
