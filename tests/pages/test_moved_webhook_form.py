"""Edit Webhook with a URL of another host: stored secrets do not follow."""

from typing import Any

import pytest

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.webhooks.webhook import PasswordAuth, TokenAuth
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations.context import AppContext
from tests.pages.browser_client import OAUTH2, TOKEN, Outside, Person, a_webhook, words
from tests.pages.test_webhook_form import (
    BY_OAUTH2,
    BY_TOKEN,
    LEAST,
    auth_of,
    kept_in,
    only,
    problems,
)

ELSEWHERE = {"url": "https://crm.example.com.evil.example/hook"}
OTHER_SERVER = {"tokenUrl": "https://evil.example/token"}
BLANK = dict.fromkeys(("token", "clientSecret", "password"), "")
AGAIN = "Enter it again: with this URL it would go to another host than the one it was entered for."


@pytest.mark.parametrize("step", ["edit", "edit/test"])
@pytest.mark.parametrize(
    ("auth", "given", "fields"),
    [
        (TOKEN, BY_TOKEN | ELSEWHERE, ["Token"]),
        (OAUTH2, BY_OAUTH2 | ELSEWHERE, ["Client Secret", "Password"]),
        (OAUTH2, BY_OAUTH2 | OTHER_SERVER, ["Client Secret", "Password"]),
    ],
    ids=["token", "oauth2", "token-server"],
)
async def test_another_host_needs_the_secrets_again(
    context: AppContext,
    northwind: Reseller,
    admin: Person,
    outside: Outside,
    step: str,
    auth: Any,
    given: dict[str, str],
    fields: list[str],
) -> None:
    row = a_webhook(context, northwind, auth=auth)
    answer = await admin.send(paths.webhook(row.uuid, step), LEAST | given | BLANK)

    assert answer.status_code == 422
    assert problems(answer.text) == [f"{field}: {AGAIN}" for field in fields]
    assert "leave empty to keep it" not in words(answer.text)
    assert (LEAST | given)["url"] in answer.text
    assert outside.tried == []
    assert only(context, northwind).url == row.url
    assert auth_of(context, only(context, northwind)) == auth


async def test_what_was_typed_again_is_used_for_the_other_host(
    context: AppContext, northwind: Reseller, admin: Person, outside: Outside
) -> None:
    row = a_webhook(context, northwind, auth=OAUTH2)
    given = LEAST | BY_OAUTH2 | ELSEWHERE | BLANK
    first = await admin.send(
        paths.webhook(row.uuid, "edit/test"), given | {"clientSecret": "n3w-secret"}
    )
    second = given | {"password": "n3w-password", "kept": kept_in(first.text)}
    await admin.send(paths.webhook(row.uuid, "edit"), second)
    auth: PasswordAuth = auth_of(context, only(context, northwind))

    assert problems(first.text) == [f"Password: {AGAIN}"]
    assert (auth.client_secret, auth.password) == ("n3w-secret", "n3w-password")


async def test_another_path_keeps_the_secrets(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    given = LEAST | BY_TOKEN | {"token": "", "url": "https://CRM.example.com:443/other"}
    await admin.send(paths.webhook(row.uuid, "edit"), given)

    assert only(context, northwind).url == "https://crm.example.com/other"
    assert auth_of(context, only(context, northwind)) == TOKEN


async def test_the_form_says_beforehand_that_another_host_needs_the_secret_again(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    text = words(await admin.see(paths.webhook(row.uuid, "edit")))

    assert "A URL of another host needs it again." in text


async def test_the_audit_log_tells_of_tests_in_both_languages(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, auth=TokenAuth(token="x"))
    await admin.send(paths.webhook(row.uuid, "test"))
    await admin.send(f"{paths.ADD}/test", LEAST | {"url": "https://new.example.com:8443/in"})
    english = words(await admin.see(paths.history()))
    german = words(
        (await admin.client.get(paths.history(), headers={"accept-language": "de"})).text
    )

    assert english.count("Test notification sent") == 2
    assert "Host: crm.example.com" in english
    assert "Host: new.example.com:8443" in english
    assert german.count("Testbenachrichtigung gesendet") == 2
    assert only(context, northwind).uuid == row.uuid
