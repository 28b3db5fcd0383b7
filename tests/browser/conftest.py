"""A whole program, a real receiver and Debian's Chromium, shared by the tests of this folder.

Every test has a reseller, a person and a browser window of its own.
"""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from reseller_webhooks.core.access.permissions import Role, Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import authentication, resellers, users
from tests.conftest import Running, serving
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import Receiver

CHROMIUM = shutil.which("chromium")
# The tests run as root in a container, where Chromium's own sandbox cannot be set up.
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 15_000
expect.set_options(timeout=WAIT_MS)
PHONE = {"width": 360, "height": 740}


@dataclass
class Window:
    """A browser window, who sits in front of it, and what went wrong in it."""

    page: Page
    url: str
    reseller: Reseller
    complaints: list[str] = field(default_factory=list)

    async def to(self, path: str) -> None:
        await self.page.goto(self.url + path)

    async def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        width: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width


Open = Callable[..., Any]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def program(
    tmp_path_factory: pytest.TempPathFactory, migrated: Path, authority: Authority
) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("browser")
    ca_file = authority.write(folder)
    async with serving(folder, migrated, ca_file=ca_file, retry_schedule="60,60") as one:
        yield one


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def receiver(authority: Authority) -> AsyncIterator[Receiver]:
    behaviour = answers(200, b'{"received":true}')
    async with Receiver(behaviour, tls=authority.serves("127.0.0.1")) as one:
        yield one


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium here; .ci/run installs Debian's")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def window(program: Running, chromium: Browser) -> AsyncIterator[Open]:
    """Opens windows: `await window()`, signed in by a one-time link, on the Webhooks page."""
    async with AsyncExitStack() as stack:

        async def open_one(role: Role = Role.ADMIN, **given: Any) -> Window:
            context = await chromium.new_context(**given)
            stack.push_async_callback(context.close)
            context.set_default_timeout(WAIT_MS)
            reseller = resellers.add(program.database, "Northwind")
            page = await context.new_page()
            one = Window(page, program.url, reseller)
            page.on("pageerror", lambda error: one.complaints.append(str(error)))
            page.on("console", lambda said: _note(one, said.type, said.text))
            email = f"{reseller.uuid}@acme.example"
            link = users.add(program.database, email, role, reseller.uuid)
            await one.to(f"{paths.SIGN_IN}/{link}")
            await page.get_by_role("button", name="Sign in", exact=True).click()
            await page.wait_for_url(lambda url: paths.SIGN_IN not in url)
            return one

        yield open_one


@pytest_asyncio.fixture(loop_scope="session")
async def platform(program: Running) -> AsyncIterator[httpx.AsyncClient]:
    """The platform's program, which writes records by API."""
    key = authentication.add_key(program.database, Scope.PLATFORM, None).key
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=program.url, headers=headers, timeout=20) as one:
        yield one


def _note(one: Window, kind: str, text: str) -> None:
    # A form that is refused is answered 422, which Chromium reports as a resource that failed.
    if kind == "error" and "status of 4" not in text:
        one.complaints.append(text)
