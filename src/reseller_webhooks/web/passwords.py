"""What people do with passwords on the pages, hashed where it holds up nobody else.

TooManyPasswords from each of them, before anything is tried, counted or written.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from starlette.concurrency import run_in_threadpool

from reseller_webhooks.core.access import network_of
from reseller_webhooks.operations import invites, password_sign_in
from reseller_webhooks.operations import passwords as operations
from reseller_webhooks.web.page import Page
from reseller_webhooks.web.password_hashing import HashingPlace


async def sign_in(page: Page, email: str, password: str) -> str:
    """A session's token. NotSignedIn when the address or the password is wrong."""
    with _place(page) as place:
        begin = partial(password_sign_in.begin, page.database, email, page.device)
        attempt = await run_in_threadpool(begin)
        fits = await place.verify(attempt.password_hash, password)
        finish: Callable[[], str] = partial(
            password_sign_in.finish, page.database, attempt, fits=fits
        )
        return await run_in_threadpool(finish)


async def change(page: Page, old: str, new: str) -> None:
    """Set or change one's own password. Errors: Invalid, NotSignedIn."""
    operations.check(new, "/new")
    with _place(page) as place:
        present = await run_in_threadpool(operations.begin_change, page.database, page.who)
        if present is not None and not await place.verify(present, old):
            raise operations.wrong_present()
        hashed = await place.hash(new)
        await run_in_threadpool(operations.change, page.database, page.who, hashed)


async def accept_invite(page: Page, token: str, password: str) -> str:
    """A session's token for a new user. Errors: Invalid, NotSignedIn when the invite is gone."""
    operations.check(password, "/new")
    with _place(page) as place:
        await run_in_threadpool(invites.look, page.database, token)
        hashed = await place.hash(password)
        return await run_in_threadpool(invites.accept, page.database, token, hashed, page.device)


def _place(page: Page) -> AbstractContextManager[HashingPlace]:
    return page.site.hashing.place(network_of(page.device.address))
