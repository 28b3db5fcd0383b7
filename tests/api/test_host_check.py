"""For which hosts requests are answered, and the headers that every answer has."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from reseller_webhooks.settings import Settings
from tests.conftest import Running, serving


async def status(running: Running, path: str, host: str) -> int:
    async with httpx.AsyncClient(base_url=running.url) as client:
        return (await client.get(path, headers={"host": host})).status_code


@pytest.fixture
async def behind_tls(tmp_path: Path, migrated: Path) -> AsyncIterator[Running]:
    given = {
        "public_url": "https://hooks.example.com",
        "allowed_hosts": "*.internal,API.example.net",
    }
    async with serving(tmp_path, migrated, **given) as one:
        yield one


OWN_HOSTS = [
    "hooks.example.com",
    "HOOKS.example.com.:443",
    "api.example.net",
    "one.two.internal:8000",
    "localhost:8000",
    "127.0.0.1",
    "10.1.2.3:8000",
    "[::1]:8000",
    "reseller-webhooks",
]


async def test_hosts_of_ours_are_answered(behind_tls: Running, subtests: pytest.Subtests) -> None:
    for host in OWN_HOSTS:
        with subtests.test(host=host):
            assert await status(behind_tls, "/openapi.json", host) == 200


FOREIGN_HOSTS = [
    "evil.example",
    "hooks.example.com.evil.example",
    "xhooks.example.com",
    "internal.evil.example",
    "127.0.0.1.nip.io",
]


@pytest.mark.parametrize("path", ["/openapi.json", "/sign-in", "/api/v1/webhooks"])
async def test_another_host_is_refused_with_the_remedy(
    behind_tls: Running, path: str, subtests: pytest.Subtests
) -> None:
    async with httpx.AsyncClient(base_url=behind_tls.url) as client:
        for host in FOREIGN_HOSTS:
            with subtests.test(host=host):
                answer = await client.get(path, headers={"host": host})

                assert answer.status_code == 421
                assert "RESELLER_WEBHOOKS_ALLOWED_HOSTS" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/livez", "/healthz", "/readyz"])
async def test_probes_are_answered_for_any_host(behind_tls: Running, path: str) -> None:
    assert await status(behind_tls, path, "pool-7.balancer.example") == 200


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/api/v1/webhooks", "/sign-in", "/no"])
async def test_every_answer_has_security_headers(behind_tls: Running, path: str) -> None:
    async with httpx.AsyncClient(base_url=behind_tls.url) as client:
        headers = (await client.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["strict-transport-security"] == "max-age=63072000"
    assert "referrer-policy" in headers


async def test_without_tls_no_browser_is_told_to_insist_on_it(running: Running) -> None:
    async with httpx.AsyncClient(base_url=running.url) as client:
        headers = (await client.get("/docs")).headers

    assert "strict-transport-security" not in headers
    assert headers["x-content-type-options"] == "nosniff"


def test_any_host_can_be_allowed() -> None:
    assert Settings(allowed_hosts="*").allowed_hosts == ("*",)
