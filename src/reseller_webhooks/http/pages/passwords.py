"""Passwords on pages: hashed in threads of their own.

TooManyPasswords from each of them, before anything is tried, counted or written.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from reseller_webhooks.core.access.permissions import SignInWay, network_of
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.sign_in.password_hashing import HashingPlace
from reseller_webhooks.operations import invites, known_devices, password_sign_in, passwords
from reseller_webhooks.operations.visitors import Visitor


async def sign_in(page: Page, email: str, password: str) -> str:
    """A session's token. NotSignedIn when the address or the password is wrong."""
    with _place(page) as place:
        begin = partial(password_sign_in.begin, page.database, email, page.device)
        attempt = await run_in_threadpool(begin, page.known_device)
        fitting = await place.fitting(attempt.hashes, password)
        return await run_in_threadpool(password_sign_in.finish, page.database, attempt, fitting)


async def change(page: Page, old: str, new: str) -> None:
    """Set or change the visitor's password. Errors: Invalid, NotSignedIn."""
    passwords.check(new, "/new")
    with _place(page) as place:
        present = await run_in_threadpool(passwords.begin_change, page.database, page.who)
        if present is not None and not await place.fitting([present], old):
            raise passwords.wrong_present()
        await run_in_threadpool(passwords.count_new, page.database, page.who)
        hashed = await _hash(page, place, page.who.person.email, new)
        await run_in_threadpool(passwords.change, page.database, page.who, hashed)


async def accept_invite(page: Page, token: str, password: str) -> str:
    """A session's token for a new user. Errors: Invalid, NotSignedIn when the invite is gone."""
    passwords.check(password, "/new")
    with _place(page) as place:
        invite = await run_in_threadpool(invites.find, page.database, token)
        begun = await run_in_threadpool(invites.begin_accepting, page.database, invite, page.device)
        hashed = await _hash(page, place, invite.email, password)
        accept: Callable[[], str] = partial(
            invites.accept,
            *(page.database, token, hashed, page.device),
            begun=begun,
            visitor=page.visitor,
        )
        return await run_in_threadpool(accept)


def keep_device(page: Page, response: Response, visitor: Visitor) -> None:
    """Remember this device. visitor: the owner of its session now.

    Not after an admin's link: the admin may have opened it, and would get guesses of their own.
    """
    opened = visitor.membership or next(iter(visitor.choices), None)
    if opened is None or (visitor.session.way == SignInWay.ADMIN_LINK and visitor.may_reset):
        return
    person, before = visitor.person, page.known_device
    sealed = known_devices.issue(page.box, person, opened.password, page.now(), before)
    page.site.cookies.keep_device(response, sealed)


async def _hash(page: Page, place: HashingPlace, email: str, password: str) -> str:
    like = await run_in_threadpool(passwords.hash_to_resemble, page.database, email)
    return await place.hash(password, like)


def _place(page: Page) -> AbstractContextManager[HashingPlace]:
    known = page.known_device
    if page.visitor or known:
        caller = page.visitor.session.uuid if page.visitor else known.id if known else ""
        return page.site.hashing.place(f"browser {caller}", is_known=True)
    return page.site.hashing.place(network_of(page.device.address))
