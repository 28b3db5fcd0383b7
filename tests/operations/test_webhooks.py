"""Webhooks as operations: what is stored, what is refused, what stays secret."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.errors import Conflict, Invalid, NotFound, SecretUnreadable
from reseller_webhooks.core.webhooks.webhook import (
    PasswordAuth,
    Spec,
    SpecPatch,
    TokenAuth,
    WebhookState,
)
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations import resellers, revisions, webhooks
from reseller_webhooks.operations.webhook_secrets import open_auth
from reseller_webhooks.store.db.database import Database

OLD_KEY, NEW_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()
BOX = Box([OLD_KEY])
OAUTH2 = PasswordAuth(
    token_url="https://id.example/token",
    client_id="crm",
    client_secret="cl13nt",
    username="ana",
    password="pa55word",
)


def spec(**given: Any) -> Spec:
    wanted: dict[str, Any] = {
        "url": "https://crm.example/hook",
        "resource": Resource.COMPANY,
        "actions": frozenset({Action.ADDED}),
    }
    return Spec(**wanted | given)


def test_a_webhook_comes_back_as_it_was_asked_for(database: Database, reseller: Reseller) -> None:
    wanted = spec(auth=OAUTH2, ordered=True, max_in_flight=3, rate_per_second=2.5)
    added = webhooks.add(database, BOX, reseller.id, wanted).webhook
    found = webhooks.open_webhook(BOX, webhooks.get(database, reseller.id, added.uuid), 0)

    assert (found.url, found.resource, found.actions) == (
        "https://crm.example/hook",
        Resource.COMPANY,
        {Action.ADDED},
    )
    assert (found.auth, found.ordered, found.max_in_flight, found.rate_per_second) == (
        OAUTH2,
        True,
        3,
        2.5,
    )


def test_the_database_holds_no_secret_in_clear(database: Database, reseller: Reseller) -> None:
    secret = webhooks.add(database, BOX, reseller.id, spec(auth=OAUTH2)).secret

    with database.read() as tx:
        row = str(tx.connection.execute(text("SELECT * FROM webhook")).all())
    assert not [one for one in (secret, "cl13nt", "pa55word") if one in row]


def test_a_key_that_was_put_behind_a_newer_one_still_opens(
    database: Database, reseller: Reseller
) -> None:
    auth = TokenAuth(token="s3cret")
    row = webhooks.add(database, BOX, reseller.id, spec(auth=auth)).webhook

    assert open_auth(Box([NEW_KEY, OLD_KEY]), row) == auth


def test_a_key_that_is_gone_is_refused_with_the_remedy(
    database: Database, reseller: Reseller
) -> None:
    row = webhooks.add(database, BOX, reseller.id, spec(auth=OAUTH2)).webhook

    with pytest.raises(SecretUnreadable, match="put the key back") as refused:
        webhooks.require_readable(webhooks.open_webhook(Box([NEW_KEY]), row, 0))

    assert refused.value.purposes == ("AUTHENTICATION", "SIGNING_SECRET")


def test_a_second_webhook_for_url_and_resource_is_refused(
    database: Database, reseller: Reseller
) -> None:
    webhooks.add(database, BOX, reseller.id, spec())
    webhooks.add(database, BOX, reseller.id, spec(resource=Resource.LEAD))

    with pytest.raises(Conflict, match="COMPANY"):
        webhooks.add(database, BOX, reseller.id, spec())


def test_the_place_of_a_deleted_webhook_is_free_again(
    database: Database, reseller: Reseller
) -> None:
    first = webhooks.add(database, BOX, reseller.id, spec()).webhook
    webhooks.delete(database, reseller.id, first.uuid)
    second = webhooks.add(database, BOX, reseller.id, spec()).webhook

    assert [row.uuid for row in webhooks.page(database, reseller.id)] == [second.uuid]


def test_two_resellers_may_have_the_same_target(database: Database, reseller: Reseller) -> None:
    other = resellers.add(database, "Other")
    webhooks.add(database, BOX, reseller.id, spec())

    assert webhooks.add(database, BOX, other.id, spec()).webhook.reseller_id == other.id


def test_a_patch_changes_what_it_names_and_nothing_else(
    database: Database, reseller: Reseller
) -> None:
    row = webhooks.add(database, BOX, reseller.id, spec(auth=OAUTH2, ordered=True)).webhook
    patch = SpecPatch.model_validate({"actions": ["REMOVED"]})
    changed = webhooks.change(database, BOX, reseller.id, row.uuid, patch)

    assert (changed.actions, changed.ordered, changed.url) == ({Action.REMOVED}, True, row.url)
    assert open_auth(BOX, changed) == OAUTH2


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"url": "http://crm.example/hook"}, "/url"),
        ({"url": "https://ana:pw@crm.example/"}, "/url"),
        ({"auth": OAUTH2.model_copy(update={"token_url": "http://id.example/"})}, "/auth/tokenUrl"),
    ],
)
def test_a_url_that_cannot_be_sent_to_is_refused_where_it_stands(
    database: Database, reseller: Reseller, given: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        webhooks.add(database, BOX, reseller.id, spec(**given))

    assert [problem.pointer for problem in refused.value.problems] == [pointer]
    assert "pw@" not in str(refused.value)


def test_another_resellers_webhook_is_not_there(database: Database, reseller: Reseller) -> None:
    other = resellers.add(database, "Other")
    row = webhooks.add(database, BOX, reseller.id, spec()).webhook

    for call in (webhooks.get, webhooks.pause, webhooks.resume, webhooks.delete):
        with pytest.raises(NotFound):
            call(database, other.id, row.uuid)


def test_pause_and_resume_change_the_state(database: Database, reseller: Reseller) -> None:
    row = webhooks.add(database, BOX, reseller.id, spec()).webhook
    states = [
        webhooks.pause(database, reseller.id, row.uuid).state,
        webhooks.resume(database, reseller.id, row.uuid).state,
    ]

    assert states == [WebhookState.PAUSED, WebhookState.ACTIVE]


def test_a_deleted_webhook_leaves_no_secret_behind(database: Database, reseller: Reseller) -> None:
    row = webhooks.add(database, BOX, reseller.id, spec(auth=OAUTH2)).webhook
    webhooks.delete(database, reseller.id, row.uuid)

    (gone,) = revisions.by_id(database, [row.id])
    assert (gone.auth_sealed, gone.secret_sealed, gone.previous_secret_sealed) == ("", "", None)
