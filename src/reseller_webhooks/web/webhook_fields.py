"""The fields of a webhook's form: their labels, and the sentences for what is wrong with them.

They are named as the API names them, so a pointer's last part is the field's name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.webhooks import MAX_IN_FLIGHT
from reseller_webhooks.web.rendering import sentence

AUTH_FIELDS: Mapping[str, Sequence[str]] = {
    "NONE": (),
    "TOKEN": ("token",),
    "OAUTH2_PASSWORD": (
        "tokenUrl",
        "clientId",
        "clientSecret",
        "username",
        "password",
        "scope",
    ),
    "OAUTH2_CLIENT_CREDENTIALS": ("tokenUrl", "clientId", "clientSecret", "scope"),
}
SECRETS = frozenset({"token", "clientSecret", "password"})
LABELS = {
    "url": "URL",
    "resource": "Resource",
    "actions": "Action",
    "auth": "Authentication",
    "token": "Token",
    "tokenUrl": "Access Token URI",
    "clientId": "Client ID",
    "clientSecret": "Client Secret",
    "username": "Username",
    "password": "Password",
    "scope": "Scope",
    "format": "Format",
    "mode": "After an outage",
    "ordered": "Order",
    "maxInFlight": "Requests at once",
    "ratePerSecond": "Requests per second",
}
"""What the page calls each field, in the page's order."""
ADVICE = {
    "url": "Enter the HTTPS address that notifications are sent to.",
    "tokenUrl": "Enter the HTTPS address at which access tokens are fetched.",
    "resource": "Select a resource.",
    "actions": "Tick at least one action.",
    "auth": "Choose None, Token or OAuth2.",
    "token": "Enter the token that the receiver checks.",
    "clientId": "Enter the client ID that the token server knows.",
    "clientSecret": "Enter the client secret.",
    "username": "Enter the name of the user to sign in as.",
    "password": "Enter the password of that user.",
    "format": "Choose one of the two.",
    "mode": "Choose one of the two.",
    "maxInFlight": f"Enter a whole number from 1 to {MAX_IN_FLIGHT}.",
    "ratePerSecond": "Enter a number above 0 and up to 100000, or nothing for no limit.",
}
_OF_KIND = {
    ("token", "string_pattern_mismatch"): "Use only letters, digits and signs, without blanks: it "
    "goes out as a header.",
    ("actions", "enum"): "Tick Added, Deleted or Changed.",
}


def wrong_of(error: Invalid) -> dict[str, str]:
    """What is wrong with which field; the first of several with the same one."""
    found: dict[str, str] = {}
    for problem in error.problems:
        found.setdefault(problem.pointer.rpartition("/")[2], sentence(problem.detail))
    return found


def wrong_of_shape(errors: Iterable[Any]) -> dict[str, str]:
    """What pydantic finds wrong with which field. errors: as ValidationError.errors() has them."""
    return {name: _sentence(name, error) for error in errors for name in _field_of(error["loc"])}


def _field_of(place: Sequence[str | int]) -> Iterator[str]:
    """The field that a place of pydantic's lies in: the last of its names that is one."""
    names = [str(step) for step in place if step in LABELS]
    yield names[-1] if names else "url"


def _sentence(name: str, error: Mapping[str, Any]) -> str:
    if error["type"] == "string_too_long":
        return f"Enter at most {error['ctx']['max_length']} characters."
    return _OF_KIND.get((name, error["type"])) or ADVICE.get(name) or sentence(error["msg"])
