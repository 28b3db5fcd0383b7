"""The language of the pages: who gets which, how it is chosen, and what is said in it."""

import re
from html import unescape

import pytest
from sqlalchemy import update

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome, Reason, from_status
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.messages.attempts import (
    CANNOT_CONNECT,
    CONNECTION_REFUSED,
    TOKEN_REQUEST_FAILED,
)
from reseller_webhooks.http.pages import language, paths
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.tables import attempt as attempt_table
from tests.delivery_ids import shown_id
from tests.pages.browser_client import (
    Person,
    a_tried_webhook,
    a_webhook,
    attempt,
    tell,
    token_in,
    words,
)
from tests.pages.catalogues import read

GERMAN = {"accept-language": "de"}


def html_lang(page: str) -> str:
    found = re.search(r'<html lang="(\w+)">', page)
    assert found
    return found[1]


@pytest.fixture
def german(admin: Person) -> Person:
    admin.client.headers.update(GERMAN)
    return admin


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.4", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("en;q=0.2,de;q=0.9", "de"),
        ("de;q=0", "en"),
        ("fr", "en"),
        ("*", "en"),
        (";q=,;;q=x,de;q=nonsense", "en"),
    ],
)
async def test_the_page_speaks_what_the_browser_likes_best(
    nobody: Person, wanted: str, spoken: str
) -> None:
    answer = await nobody.client.get(paths.SIGN_IN, headers={"accept-language": wanted})

    assert html_lang(answer.text) == spoken
    assert ("Anmelden" in words(answer.text)) == (spoken == "de")


async def test_a_language_is_chosen_at_the_foot_and_kept(admin: Person) -> None:
    there = f"{paths.LOG}?tab=failed"
    offered = await admin.see(there)
    answer = await admin.send(paths.LANGUAGE, {"language": "de", "next": there})
    then = await admin.see(there)

    assert f'name="next" value="{there}"' in unescape(offered)
    assert answer.headers["location"] == there
    assert html_lang(then) == "de"
    assert "Ereignisprotokoll" in words(then)
    assert "English" in words(then)


async def test_a_language_is_chosen_before_signing_in(nobody: Person) -> None:
    token = token_in(await nobody.see(paths.SIGN_IN))
    await nobody.send_raw(paths.LANGUAGE, [("language", "de"), ("form-token", token)])

    assert html_lang(await nobody.see(paths.SIGN_IN)) == "de"


async def test_what_is_chosen_goes_before_what_the_browser_likes(german: Person) -> None:
    await german.send(paths.LANGUAGE, {"language": "en", "next": paths.LOG})

    assert html_lang(await german.see(paths.LOG)) == "en"


async def test_who_chooses_a_language_is_not_led_away(admin: Person) -> None:
    answer = await admin.send(paths.LANGUAGE, {"language": "de", "next": "https://evil.example/"})

    assert answer.headers["location"].startswith("/")


@pytest.mark.parametrize("cookie", ["xx", '"', "de;", "../de", "de" * 3000])
async def test_a_cookie_that_says_nothing_is_no_choice(admin: Person, cookie: str) -> None:
    sent = f"{language.COOKIE}={cookie}"
    answer = await admin.client.get(paths.SIGN_IN, headers={"cookie": sent})

    assert html_lang(answer.text) in language.LANGUAGES


async def test_a_language_that_there_is_not_is_refused(admin: Person) -> None:
    answer = await admin.send(paths.LANGUAGE, {"language": "tlh"})

    assert answer.status_code == 422
    assert "Choose one of the languages." in words(answer.text)


async def test_errors_of_a_form_are_in_the_visitors_language(german: Person) -> None:
    fields = {"url": "http://crm.example.com", "auth": "TOKEN", "maxInFlight": "0"}
    said = words((await german.send(paths.ADD, fields)).text)

    assert "URL: Beginnt mit http://; Benachrichtigungen gehen nur über https://." in said
    assert "Token: Geben Sie das Token ein, das der Empfänger prüft." in said
    assert "Gleichzeitige Anfragen: Geben Sie eine ganze Zahl von 1 bis 1000 ein." in said
    assert "Es gibt 5 Probleme" in said


async def test_what_the_log_keeps_is_told_in_the_visitors_language(
    german: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_tried_webhook(context, northwind, from_status(503, 12), State.PENDING)
    said = words(await german.see(paths.webhook(row.uuid)))

    assert "Antwortete mit 503" in said
    assert "Prüfen Sie das Protokoll des Empfängers zu dieser Zeit" in said
    assert "answered" not in said


async def test_a_sentence_within_a_sentence_is_told_too(
    german: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind)
    tell(context, row)
    why = CANNOT_CONNECT(host="id.example.com", why=CONNECTION_REFUSED())
    message = TOKEN_REQUEST_FAILED(why=why)
    failed = Attempt(Outcome.FAILED, 3, reason=Reason.OAUTH2, message=message)
    attempt(context, row, failed, State.FAILED)

    assert (
        "Die Token-Anfrage ist gescheitert: keine Verbindung zu id.example.com möglich: "
        "Verbindung abgelehnt" in words(await german.see(paths.LOG))
    )


async def test_what_nobody_has_translated_is_told_as_it_is(
    german: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind)
    tell(context, row)
    odd = Attempt(Outcome.FAILED, 3, reason=Reason.TLS, message=plain("100% of it: %(odd)s"))
    attempt(context, row, odd, State.FAILED)

    assert "100% of it: %(odd)s" in words(await german.see(paths.LOG))


async def test_a_reason_that_an_earlier_version_wrote_is_shown_as_it_is(
    german: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind)
    (number,) = tell(context, row)
    attempt(
        context,
        row,
        Attempt(Outcome.FAILED, 3, reason=Reason.TLS, message=plain("-")),
        State.FAILED,
    )
    text = "the certificate of crm.example.com has expired; no version says this any more"
    with context.database.write() as tx:
        tx.connection.execute(update(attempt_table).values(message=None, detail=text))
    page = words(await german.see(paths.delivery(shown_id(number))))

    assert f"The certificate{text[15:]}." in page
    assert "Geben Sie dem Empfänger ein gültiges Zertifikat" in page


async def test_counts_are_written_as_the_language_does(
    german: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind)
    tell(context, row, count=1_001)
    said = words(await german.see(paths.webhook(row.uuid)))

    assert "1.001 Benachrichtigungen sind unterwegs" in said


async def test_every_page_is_wholly_in_german(context: AppContext, northwind: Reseller) -> None:
    row = a_tried_webhook(context, northwind, from_status(500, 1), State.FAILED)
    operator = await Person(context).enters(Role.OPERATOR, northwind)
    operator.client.headers.update(GERMAN)
    texts = [str(one.id) for one in read("de") if one.id and one.string != one.id]
    english = [text for text in texts if " " in text and not set(text) & set("%<")]
    seen = [
        *(paths.WEBHOOKS, paths.ADD, paths.LOG, paths.RECORDS, paths.ACCOUNT, paths.USERS),
        *(paths.RESELLERS, paths.KEYS, paths.WORKERS, paths.AUDIT, paths.webhook(row.uuid)),
        *(paths.webhook(row.uuid, "edit"), paths.webhook(row.uuid, "delete")),
    ]
    for path in seen:
        said = unescape(await operator.see(path))
        left = [text for text in english if f">{text}<" in said or f'"{text}"' in said]

        assert not left, path


async def test_a_webhooks_pages_are_wholly_in_the_visitors_language(
    german: Person, context: AppContext, northwind: Reseller
) -> None:
    row = a_webhook(context, northwind, resource=Resource.COMPANY)
    page = await german.see(paths.webhook(row.uuid))
    asked = words(await german.see(paths.webhook(row.uuid, "delete")))

    assert [one.strip() for one in re.findall(r'<label for="(?:from|to)">(.*?)<', page)] == [
        "Von",
        "Bis",
    ]
    assert "Ressource Unternehmen" in asked


async def test_the_button_that_invites_says_what_it_does(german: Person) -> None:
    assert '<button class="main">Einladen</button>' in await german.see(paths.USERS)
