"""Documents that never change: made once, and not sent to whoever has them."""

import asyncio
from collections import Counter

import httpx
import pytest
from starlette.requests import Request

from reseller_webhooks.http.edge.constant_answers import Constant

PATHS = ["/openapi.json", "/asyncapi.json", "/schemas.json", "/schemas/company.added.json", "/docs"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_document_is_not_sent_to_whoever_has_it(
    nobody: httpx.AsyncClient, path: str
) -> None:
    first = (await nobody.get(path)).raise_for_status()
    etag = first.headers["etag"]
    again = await nobody.get(path, headers={"if-none-match": f'"other", W/{etag}'})
    other = await nobody.get(path, headers={"if-none-match": '"other"'})
    head = await nobody.head(path)

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (other.status_code, other.content) == (200, first.content)
    assert (head.status_code, head.headers["etag"]) == (200, etag)


async def test_requests_at_once_share_the_making_and_a_failure_is_not_kept() -> None:
    made: Counter[str] = Counter()

    def make() -> bytes:
        made["times"] += 1
        if made["times"] == 1:
            raise OSError("for once")
        return b"text"

    one = Constant(make, "text/plain")
    request = Request({"type": "http", "headers": []})
    failed = await asyncio.gather(*(one.answer(request) for _ in range(3)), return_exceptions=True)
    answers = await asyncio.gather(*(one.answer(request) for _ in range(3)))

    assert [type(each) for each in failed] == [OSError] * 3
    assert {bytes(each.body) for each in answers} == {b"text"}
    assert made["times"] == 2
