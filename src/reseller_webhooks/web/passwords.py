"""What people do with passwords on the pages, hashed where it holds up nobody else.

TooManyPasswords from each of them, before anything is tried, counted or written.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from reseller_webhooks.core.access import network_of
from reseller_webhooks.operations import access, invites, known_devices, password_sign_in
from reseller_webhooks.operations import passwords as operations
from reseller_webhooks.web.page import Page
from reseller_webhooks.web.password_hashing import HashingPlace


async def sign_in(page: Page, email: str, password: str) -> str:
    """A session's token. NotSignedIn when the address or the password is wrong."""
    with _place(page) as place:
        begin = partial(password_sign_in.begin, page.database, email, page.device)
        attempt = await run_in_threadpool(begin, page.known_device)
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


def keep_device(page: Page, response: Response, session: str) -> None:
    """Know this browser again. session: the token of the one that it has now."""
    person = access.visitor(page.database, session).person
    sealed = known_devices.issue(page.box, person, page.now(), page.known_device)
    page.site.cookies.keep_device(response, sealed)


def _place(page: Page) -> AbstractContextManager[HashingPlace]:
    known = page.known_device
    if page.visitor or known:
        caller = page.visitor.person.uuid if page.visitor else known.person if known else ""
        return page.site.hashing.place(f"person {caller}", is_known=True)
    return page.site.hashing.place(network_of(page.device.address))
