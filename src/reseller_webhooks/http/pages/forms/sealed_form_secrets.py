"""Secrets that were typed into a form which comes back: kept sealed in the form itself.

So nothing has to be typed twice, and no secret is in a page. Only the session that typed them can
send them again, and only for a while.
"""

from collections.abc import Collection, Mapping
from typing import Annotated

import orjson
from fastapi import Depends

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.errors import SecretUnreadable
from reseller_webhooks.http.pages.dependencies import PostedForm, WebhookEditor
from reseller_webhooks.http.pages.form import Form
from reseller_webhooks.http.pages.forms.webhook_fields import SECRETS
from reseller_webhooks.http.pages.page import Page

FIELD = "kept"
LIVES_S = 3600
PURPOSE = "typed secrets"


def typed(form: Form, but: Collection[str] = ()) -> dict[str, str]:
    """The secrets in a form, without those that are wrong."""
    found = {name: form.exact(name) for name in SECRETS if name not in but}
    return {name: text for name, text in found.items() if text}


def sealed(page: Page, secrets: Mapping[str, str]) -> str:
    """The field's value; nothing when there is nothing to keep."""
    if not secrets:
        return ""
    until = page.now() + LIVES_S * SECOND
    return page.box.seal(orjson.dumps([PURPOSE, _session(page), until, secrets]).decode())


def refilled(page: WebhookEditor, form: PostedForm) -> Form:
    """The form with the secrets that it keeps in the fields that were left empty."""
    sealed_secrets = form.text(FIELD)
    kept = _unseal(page, sealed_secrets) if sealed_secrets else {}
    empty = {name: [text] for name, text in kept.items() if not form.exact(name)}
    return Form({**form.fields, **empty})


Refilled = Annotated[Form, Depends(refilled)]


def _unseal(page: Page, given: str) -> Mapping[str, str]:
    try:
        purpose, session, until, secrets = orjson.loads(page.box.open(given))
    except (SecretUnreadable, ValueError, TypeError):
        return {}
    valid = purpose == PURPOSE and session == _session(page) and page.now() < until
    return {name: secrets[name] for name in SECRETS & secrets.keys()} if valid else {}


def _session(page: Page) -> str:
    return page.visitor.session.fingerprint if page.visitor else ""
