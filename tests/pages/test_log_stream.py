"""Live views of the log's page, and how they end."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from starlette.types import Message, Scope

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import memberships, users
from reseller_webhooks.operations.context import AppContext
from tests.pages.browser_client import Person
from tests.pages.test_memberships import joins

WITHIN_S = 30.0
End = Callable[[AppContext], None]


class View:
    """A live view that a person has open."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self.begun = asyncio.Event()
        self.body = b""

    async def run(self) -> None:
        """Watch until the view ends."""
        cookies = "; ".join(f"{one.name}={one.value}" for one in self._person.client.cookies.jar)
        scope: Scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": paths.LOG_STREAM,
            "raw_path": paths.LOG_STREAM.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"pages.test"), (b"cookie", cookies.encode())],
            "client": ("127.0.0.1", 1),
            "server": ("pages.test", 80),
            "state": {},
        }
        transport = self._person.client._transport
        assert isinstance(transport, httpx.ASGITransport)
        await transport.app(scope, asyncio.Event().wait, self._send)

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
            self.begun.set()
        self.body += message.get("body", b"")


def remove_at_northwind(context: AppContext) -> None:
    for one in users.page(context.database, None):
        if one.reseller == "Northwind":
            memberships.remove(context.database, None, one.uuid, reseller_id=one.reseller_id)


def lock_at_northwind(context: AppContext) -> None:
    for one in users.page(context.database, None):
        if one.reseller == "Northwind":
            users.lock(context.database, None, one.uuid, reseller_id=one.reseller_id)


@pytest.mark.parametrize("end", [remove_at_northwind, lock_at_northwind])
async def test_a_view_ends_with_the_membership_though_the_session_opens_another(
    context: AppContext, northwind: Reseller, contoso: Reseller, end: End
) -> None:
    await joins(context, contoso)
    person = await joins(context, northwind)
    view = View(person)
    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(view.run())
        await view.begun.wait()
        end(context)

    assert b"event: news" not in view.body
    assert (await person.client.get(paths.CHOOSE)).status_code == 200
