"""The way in and out: links, passwords, cookies."""

import re

import httpx
import pytest

from reseller_webhooks.core.access.permissions import FREE_GUESSES, FREE_GUESSES_OF_ADDRESS, Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import resellers, users
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.database import Database
from tests.pages.browser_client import Outside, Person, house_of, token_in, words

PASSWORD = "correct horse battery"


@pytest.fixture
def link(database: Database, northwind: Reseller) -> str:
    return users.add(database, "ana@acme.example", Role.ADMIN, northwind.uuid)


async def with_password(person: Person, link: str) -> None:
    await person.opens(f"{paths.SIGN_IN}/{link}")
    assert (await person.send(paths.ACCOUNT, {"new": PASSWORD})).status_code == 303
    await person.send(paths.SIGN_OUT)


async def sign_in(person: Person, password: str, **fields: str) -> httpx.Response:
    token = token_in((await person.client.get(paths.SIGN_IN)).text)
    given = {"email": "ana@acme.example", "password": password, "form-token": token, **fields}
    return await person.send_raw(paths.SIGN_IN, list(given.items()))


async def test_the_front_leads_to_sign_in_and_then_to_the_webhooks(
    nobody: Person, link: str
) -> None:
    before = await nobody.client.get("/")
    entered = await nobody.opens(f"{paths.SIGN_IN}/{link}")
    after = await nobody.client.get("/")

    assert before.headers["location"] == paths.SIGN_IN
    assert entered.headers["location"] == paths.WEBHOOKS
    assert after.headers["location"] == paths.WEBHOOKS


async def test_a_link_signs_in_once_and_then_says_so_kindly(context: AppContext, link: str) -> None:
    first, second = Person(context), Person(context)
    await first.opens(f"{paths.SIGN_IN}/{link}")
    again = await second.client.get(f"{paths.SIGN_IN}/{link}")

    assert again.status_code == 410
    assert "no longer works" in words(again.text)
    assert (await second.client.get(paths.WEBHOOKS)).status_code == 303


async def test_who_is_in_already_and_opens_an_old_link_is_shown_the_way(
    nobody: Person, link: str
) -> None:
    await nobody.opens(f"{paths.SIGN_IN}/{link}")
    again = await nobody.client.get(f"{paths.SIGN_IN}/{link}")

    assert "signed in already as ana@acme.example" in words(again.text)


async def test_a_password_is_suggested_and_once_set_signs_in(nobody: Person, link: str) -> None:
    await nobody.opens(f"{paths.SIGN_IN}/{link}")
    suggested = words(await nobody.see(paths.WEBHOOKS))
    answer = await nobody.send(paths.ACCOUNT, {"new": PASSWORD})
    page = await nobody.follow(answer)
    await nobody.send(paths.SIGN_OUT)
    await sign_in(nobody, PASSWORD)

    assert "Set a password to sign in again" in suggested
    assert "Your password was set." in words(page)
    assert "Set a password" not in words(await nobody.see(paths.WEBHOOKS))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (PASSWORD, "short", "New password: Give a password of 10 to 200 characters."),
        ("wrong", "long enough to be one", "Current password: This is not the current password."),
    ],
)
async def test_a_password_that_cannot_be_is_refused_beside_its_field(
    nobody: Person, link: str, old: str, new: str, problem: str
) -> None:
    await with_password(nobody, link)
    await sign_in(nobody, PASSWORD)
    answer = await nobody.send(paths.ACCOUNT, {"old": old, "new": new})

    assert answer.status_code == 422
    assert problem in words(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert new not in answer.text


async def test_a_wrong_password_keeps_the_address_and_tells_nothing(
    nobody: Person, link: str
) -> None:
    await with_password(nobody, link)
    wrong = await sign_in(nobody, "wrong")
    unknown = await sign_in(nobody, PASSWORD, email="bob@acme.example")

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert 'value="ana@acme.example"' in wrong.text
    assert "The e-mail address or the password is wrong." in words(wrong.text)
    assert "The e-mail address or the password is wrong." in words(unknown.text)


async def test_guesses_are_slowed_down(nobody: Person, link: str) -> None:
    await with_password(nobody, link)
    for _ in range(FREE_GUESSES):
        await sign_in(nobody, "wrong")
    right = await sign_in(nobody, PASSWORD)

    assert right.status_code == 429
    assert int(right.headers["retry-after"]) in range(1, 16)
    assert f"wait {right.headers['retry-after']} second" in words(right.text)


async def test_whether_somebody_has_an_account_cannot_be_found_out_by_guessing(
    nobody: Person, link: str
) -> None:
    await with_password(nobody, link)
    told = {}
    for email in ("ana@acme.example", "nobody@acme.example"):
        answers = [await sign_in(nobody, "wrong", email=email) for _ in range(FREE_GUESSES + 1)]
        told[email] = [(one.status_code, problem(one)) for one in answers]

    assert told["ana@acme.example"] == told["nobody@acme.example"]


def problem(answer: httpx.Response) -> str:
    """What is wrong, whatever second it is."""
    (found,) = re.findall(r'role="alert">.*?<p>(.*?)</p>', answer.text, re.DOTALL)
    return re.sub(r"\d+ seconds?", "N seconds", str(found))


async def test_one_address_guesses_at_many_accounts_only_for_a_while(nobody: Person) -> None:
    for number in range(FREE_GUESSES_OF_ADDRESS):
        assert (await sign_in(nobody, "x", email=f"u{number}@acme.example")).status_code == 401
    more = await sign_in(nobody, "x", email="one-more@acme.example")

    assert more.status_code == 429


async def test_the_page_that_was_asked_for_comes_after_signing_in(
    nobody: Person, link: str
) -> None:
    await with_password(nobody, link)
    asked = await nobody.client.get(paths.log(tab="failed"))
    form = await nobody.see(asked.headers["location"])
    answer = await sign_in(nobody, PASSWORD, next=paths.log(tab="failed"))

    assert f'value="{paths.log(tab="failed")}"' in form
    assert answer.headers["location"] == paths.log(tab="failed")


@pytest.mark.parametrize(
    "wanted",
    [
        paths.ACCOUNT,
        paths.log(tab="failed", q="a/../b//c"),
        paths.record("ORDER", "2026/11 %41 …"),
        f"{paths.ACCOUNT}#sessions",
    ],
)
def test_pages_of_ours_come_after_signing_in(wanted: str) -> None:
    assert paths.after_sign_in(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/manage/../..//evil.example",
        f"{paths.WEBHOOKS}\r\nset-cookie: a=b",
        f"{paths.WEBHOOKS}x",
        "javascript:alert(1)",
        "/",
        f"{paths.ACCOUNT}/../sign-in/token-of-somebody",
        f"{paths.ACCOUNT}/..",
        f"{paths.ACCOUNT}/./..//evil.example",
        f"{paths.ACCOUNT}/%2e%2e/sign-in/token-of-somebody",
        f"{paths.ACCOUNT}/%252E%252e/sign-in/token-of-somebody",
        f"{paths.ACCOUNT}/..%2fsign-in/token-of-somebody",
        f"{paths.ACCOUNT}/%5c%5cevil.example",
        f"{paths.ACCOUNT}//evil.example",
        f"%2f{paths.ACCOUNT}",
        f" //evil.example{paths.ACCOUNT}",
    ],
)
async def test_nobody_is_sent_elsewhere_after_signing_in(
    nobody: Person, link: str, wanted: str
) -> None:
    await with_password(nobody, link)
    answer = await sign_in(nobody, PASSWORD, next=wanted)

    assert answer.headers["location"] == paths.WEBHOOKS


async def test_signing_out_ends_the_session_and_not_only_the_cookie(
    nobody: Person, link: str
) -> None:
    await nobody.opens(f"{paths.SIGN_IN}/{link}")
    cookies = dict(nobody.client.cookies)
    await nobody.send(paths.SIGN_OUT)
    nobody.client.cookies.update(cookies)

    assert (await nobody.client.get(paths.WEBHOOKS)).status_code == 303


async def test_signing_in_again_ends_the_session_that_was_there(
    database: Database, northwind: Reseller, nobody: Person, link: str
) -> None:
    await nobody.opens(f"{paths.SIGN_IN}/{link}")
    first = dict(nobody.client.cookies)
    other = users.add(database, "bob@acme.example", Role.ADMIN, northwind.uuid)
    await nobody.opens(f"{paths.SIGN_IN}/{other}")
    late = Person(nobody.context)
    late.client.cookies.update(first)

    assert "bob@acme.example" in await nobody.see(paths.ACCOUNT)
    assert (await late.client.get(paths.WEBHOOKS)).status_code == 303


@pytest.mark.parametrize(
    ("public_url", "name", "secure"),
    [
        ("http://pages.test", "webhooks-session", False),
        ("https://pages.test", "__Host-webhooks-session", True),
    ],
)
async def test_the_session_cookie_is_for_the_browser_and_this_host_alone(
    database: Database, link: str, public_url: str, name: str, secure: bool
) -> None:
    person = Person(house_of(database, Outside(), public_url=public_url))
    answer = await person.opens(f"{paths.SIGN_IN}/{link}")
    (cookie, _device) = answer.headers.get_list("set-cookie")

    assert cookie.startswith(f"{name}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert ("Secure" in cookie.split("; ")) == secure
    assert "Domain" not in cookie


async def test_an_operator_chooses_a_reseller_first(
    context: AppContext, northwind: Reseller
) -> None:
    operator = await Person(context).enters(Role.OPERATOR, None)
    sent = await operator.client.get(paths.WEBHOOKS)
    listed = words(await operator.see(paths.RESELLERS))
    opened = await operator.follow(await operator.send(paths.reseller(northwind.uuid)))

    assert sent.headers["location"] == paths.RESELLERS
    assert "Northwind" in listed
    assert "Reseller Northwind Change Reseller" in words(opened)


async def test_resellers_come_in_pages(context: AppContext, database: Database) -> None:
    for number in range(101):
        resellers.add(database, f"Reseller {number:03}")
    operator = await Person(context).enters(Role.OPERATOR, None)
    first = await operator.see(paths.RESELLERS)
    second = await operator.see(f"{paths.RESELLERS}?after=100")

    assert f"{paths.RESELLERS}?after=100" in first
    assert "Reseller 100" not in words(first)
    assert "Reseller 100" in words(second)


async def test_only_operators_see_resellers(admin: Person, contoso: Reseller) -> None:
    seen = await admin.client.get(paths.RESELLERS)
    opened = await admin.send(paths.reseller(contoso.uuid))

    assert (seen.status_code, opened.status_code) == (403, 403)
    assert "Contoso" not in seen.text
