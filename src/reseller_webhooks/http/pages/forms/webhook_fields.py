"""The fields of a webhook's form: their labels, and the sentences for their problems.

They are named as the API names them, so a pointer's last part is the field's name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.webhooks.settings import DELIVERY, SETTINGS, TARGET
from reseller_webhooks.http.pages.language import N_, _, as_sentence
from reseller_webhooks.http.pages.messages import sentence

AUTH_FIELDS: Mapping[str, Sequence[str]] = {
    "NONE": (),
    "TOKEN": ("token",),
    "OAUTH2_PASSWORD": (
        "tokenUrl",
        "clientId",
        "clientAuth",
        "clientSecret",
        "privateKey",
        "username",
        "password",
        "scope",
    ),
    "OAUTH2_CLIENT_CREDENTIALS": (
        "tokenUrl",
        "clientId",
        "clientAuth",
        "clientSecret",
        "privateKey",
        "scope",
    ),
}
WHOLE_FORM = ""
"""The name, among fields, of a problem that no field is the cause of."""
OPTIONAL_FIELDS = frozenset({"clientAuth", "clientSecret", "privateKey", "scope"})
"""Fields that are left out when they are empty: not every choice needs them."""
SECRETS = frozenset({"token", "clientSecret", "privateKey", "password"})
LABELS = {
    **{setting.api_name: setting.label for setting in TARGET},
    "auth": N_("Authentication"),
    "token": N_("Token"),
    "tokenUrl": N_("Access Token URI"),
    "clientId": N_("Client ID"),
    "clientSecret": N_("Client Secret"),
    "clientAuth": N_("Client authentication"),
    "privateKey": N_("Private key"),
    "username": N_("Username"),
    "password": N_("Password"),
    "scope": N_("Scope"),
    **{setting.api_name: setting.label for setting in DELIVERY},
}
"""The label of each field, in the page's order."""
ADVICE = {
    **{each.api_name: each.advice for each in SETTINGS.values() if each.advice},
    "tokenUrl": N_("Enter the HTTPS address at which access tokens are fetched."),
    "auth": N_("Choose None, Token or OAuth2."),
    "token": N_("Enter the token that the receiver checks."),
    "clientId": N_("Enter the client ID that the token server knows."),
    "clientSecret": N_("Enter the client secret."),
    "clientAuth": N_("Choose one of the list."),
    "privateKey": N_("Enter the private key of the client in PEM."),
    "username": N_("Enter the name of the user to sign in as."),
    "password": N_("Enter the password of that user."),
}
ENTER_AGAIN = N_(
    "Enter it again: with this URL it would go to another host than the one it was entered for."
)
"""A stored secret is not sent to another scheme, host or port."""
_OF_KIND = {
    ("token", "string_pattern_mismatch"): N_(
        "Use only letters, digits and signs, without blanks: it goes out as a header."
    ),
    ("actions", "enum"): N_("Tick Added, Deleted or Changed."),
}


def wrong_of(error: Invalid) -> dict[str, str]:
    """Problems by field; the first of several."""
    found: dict[str, str] = {}
    for problem in error.problems:
        found.setdefault(problem.pointer.rpartition("/")[2], sentence(problem.message))
    return found


def wrong_of_shape(errors: Iterable[Any]) -> dict[str, str]:
    """Problems that pydantic found, by field. errors: as ValidationError.errors() returns them."""
    return {name: _sentence(name, error) for error in errors for name in _field_of(error["loc"])}


def _field_of(place: Sequence[str | int]) -> Iterator[str]:
    """The field that a place of pydantic's lies in: the last of its names that is one."""
    names = [str(step) for step in place if step in LABELS]
    yield names[-1] if names else "url"


def _sentence(name: str, error: Mapping[str, Any]) -> str:
    if error["type"] == "string_too_long":
        return _("Enter at most %(most)s characters.") % {"most": error["ctx"]["max_length"]}
    known = _OF_KIND.get((name, error["type"])) or ADVICE.get(name)
    return _(known) if known else as_sentence(error["msg"])
