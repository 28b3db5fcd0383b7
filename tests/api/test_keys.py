"""How long a key that was shown is remembered."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import text, update

from reseller_webhooks import clock
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.http.edge.api_keys import REMEMBERED_S, ApiKeyCache
from reseller_webhooks.operations import authentication
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.tables import api_key
from tests.api.sse_client import WAIT_S


@pytest.fixture
def database(empty_postgres: str) -> Iterator[Database]:
    one = Database(empty_postgres)
    yield one
    one.close()


async def test_a_key_is_not_remembered_from_when_the_store_answered_but_from_when_it_was_asked(
    database: Database,
) -> None:
    key = authentication.add_key(database, Scope.PLATFORM, None).key
    keys = ApiKeyCache(database)
    with database.write() as tx:
        tx.connection.execute(text("LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE"))
        asking = asyncio.create_task(keys.caller(key))
        async with asyncio.timeout(WAIT_S):
            while not await asyncio.to_thread(_is_waited_for, database):
                pass
            asked_by = clock.monotonic_s()
            while clock.monotonic_s() < asked_by + REMEMBERED_S:
                await asyncio.to_thread(_is_waited_for, database)
    await asking
    with database.write() as tx:
        tx.connection.execute(update(api_key).values(revoked_at=tx.now))

    with pytest.raises(NotSignedIn):
        await keys.caller(key)


def _is_waited_for(database: Database) -> bool:
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with database.read() as tx:
        return bool(tx.connection.execute(waits).scalar())
