"""Strangers who guess at an account lock its owner out nowhere where the owner has been before."""

from contextlib import ExitStack

import httpx
import pytest

from reseller_webhooks.core.access.permissions import FREE_GUESSES, FREE_GUESSES_OF_ADDRESS, Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.sign_in.password_hashing import (
    PLACES,
    PLACES_OF_STRANGERS,
    PasswordHashing,
    TooManyPasswords,
)
from reseller_webhooks.operations import users
from reseller_webhooks.operations.context import AppContext
from tests.pages.browser_client import Person, token_in

ANA, BOB = "ana@acme.example", "bob@acme.example"
PASSWORD, ANOTHER = "correct horse battery", "another long password"
DEVICE = "webhooks-device"


async def owner(context: AppContext, reseller: Reseller, email: str = ANA) -> Person:
    """Has a password, and has signed in and out in this browser."""
    person = Person(context)
    await person.opens(
        f"{paths.SIGN_IN}/{users.add(context.database, email, Role.ADMIN, reseller.uuid)}"
    )
    assert (await person.send(paths.ACCOUNT, {"new": PASSWORD})).status_code == 303
    await person.send(paths.SIGN_OUT)
    return person


async def sign_in(person: Person, password: str, email: str = ANA) -> httpx.Response:
    token = token_in((await person.client.get(paths.SIGN_IN)).text)
    fields = [("email", email), ("password", password), ("form-token", token)]
    return await person.send_raw(paths.SIGN_IN, fields)


async def locked_by_strangers(context: AppContext, email: str = ANA) -> Person:
    """Somebody elsewhere who has guessed until they have to wait."""
    stranger = Person(context)
    codes = [(await sign_in(stranger, "x", email)).status_code for _ in range(FREE_GUESSES + 1)]
    assert codes == [401] * FREE_GUESSES + [429]
    return stranger


async def test_strangers_do_not_lock_the_owner_out(
    context: AppContext, northwind: Reseller
) -> None:
    ana = await owner(context, northwind)
    stranger = await locked_by_strangers(context)
    entered = await sign_in(ana, PASSWORD)

    assert entered.headers["location"] == paths.WEBHOOKS
    assert (await sign_in(stranger, PASSWORD)).status_code == 429


async def test_an_address_that_guesses_much_does_not_lock_known_devices_behind_it_out(
    context: AppContext, northwind: Reseller
) -> None:
    ana = await owner(context, northwind)
    stranger = Person(context)
    for number in range(FREE_GUESSES_OF_ADDRESS):
        await sign_in(stranger, "x", f"u{number}@acme.example")

    assert (await sign_in(stranger, PASSWORD)).status_code == 429
    assert (await sign_in(ana, PASSWORD)).status_code == 303


async def test_a_known_device_is_limited_too_and_locks_nobody_else_out(
    context: AppContext, northwind: Reseller
) -> None:
    ana = await owner(context, northwind)
    codes = [(await sign_in(ana, "x")).status_code for _ in range(FREE_GUESSES + 1)]

    assert codes == [401] * FREE_GUESSES + [429]
    assert (await sign_in(Person(context), PASSWORD)).status_code == 303


async def test_a_new_password_ends_what_devices_are_known_as_but_where_it_was_set(
    context: AppContext, northwind: Reseller
) -> None:
    ana = await owner(context, northwind)
    elsewhere = Person(context)
    await sign_in(elsewhere, PASSWORD)
    await elsewhere.send(paths.ACCOUNT, {"old": PASSWORD, "new": ANOTHER})
    await elsewhere.send(paths.SIGN_OUT)
    await locked_by_strangers(context)

    assert (await sign_in(ana, ANOTHER)).status_code == 429
    assert (await sign_in(elsewhere, ANOTHER)).status_code == 303


@pytest.mark.parametrize("whose", ["nobody", "bob", "garbage", "notice"])
async def test_a_device_is_known_for_its_own_user_alone(
    context: AppContext, northwind: Reseller, whose: str
) -> None:
    ana, bob = await owner(context, northwind), await owner(context, northwind, BOB)
    cookies = {
        "bob": bob.client.cookies[DEVICE],
        "garbage": "gAAAA" + ana.client.cookies[DEVICE][5:-4],
        "notice": context.box.seal('["known device"]'),
    }
    await locked_by_strangers(context)
    thief = Person(context)
    if whose in cookies:
        thief.client.cookies.set(DEVICE, cookies[whose])

    assert (await sign_in(thief, PASSWORD)).status_code == 429


async def test_guesses_from_inside_lock_nobody_out(
    context: AppContext, northwind: Reseller
) -> None:
    ana = await owner(context, northwind)
    await sign_in(ana, PASSWORD)
    wrong = {"old": "wrong", "new": ANOTHER}
    codes = [(await ana.send(paths.ACCOUNT, wrong)).status_code for _ in range(FREE_GUESSES + 1)]

    assert codes == [422] * FREE_GUESSES + [429]
    assert (await sign_in(Person(context), PASSWORD)).status_code == 303


def test_strangers_leave_places_to_hash_for_known_devices() -> None:
    hashing = PasswordHashing()
    with ExitStack() as stack:
        for number in range(PLACES_OF_STRANGERS):
            stack.enter_context(hashing.place(f"address {number}"))
        with pytest.raises(TooManyPasswords):
            stack.enter_context(hashing.place("one more"))
        for _ in range(PLACES - PLACES_OF_STRANGERS):
            stack.enter_context(hashing.place("ana", is_known=True))

    with hashing.place("address 0"):
        assert hashing._places.total() == 1


async def test_the_device_cookie_tells_nothing(context: AppContext, northwind: Reseller) -> None:
    ana = await owner(context, northwind)
    cookie = ana.client.cookies[DEVICE]

    assert ANA not in cookie
    with context.database.read() as tx:
        uuid = tx.connection.exec_driver_sql("SELECT uuid FROM person").scalar_one()
    assert uuid not in cookie
