"""HEAD, before the API's own routes and before the pages that are mounted behind them."""

import httpx
import pytest

from reseller_webhooks.core.access import Role
from reseller_webhooks.operations import people
from reseller_webhooks.store.resellers import Reseller
from reseller_webhooks.web import paths
from tests.conftest import Running


async def test_asking_only_for_the_head_of_a_sign_in_link_does_not_use_it_up(
    running: Running, nobody: httpx.AsyncClient, northwind: Reseller
) -> None:
    link = people.add(running.database, "ana@acme.example", Role.ADMIN, northwind.uuid)
    path = f"{paths.SIGN_IN}/{link}"

    head = await nobody.head(path)

    assert (head.status_code, "set-cookie" in head.headers) == (405, False)
    assert (await nobody.get(path)).headers["location"] == paths.WEBHOOKS


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/asyncapi.json", paths.SIGN_IN])
async def test_what_answers_get_answers_head(nobody: httpx.AsyncClient, path: str) -> None:
    head, get = await nobody.head(path), await nobody.get(path)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
