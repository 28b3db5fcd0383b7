"""Destinations of a webhook's secrets, and secrets to enter again when they change.

Whoever may change a URL must not be able to send stored secrets to a host of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from reseller_webhooks.core.errors import Invalid, Problem
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.messages.webhooks import SECRETS_REQUIRED
from reseller_webhooks.core.webhooks.target_url import origin_of
from reseller_webhooks.core.webhooks.webhook import Auth

SECRET_FIELDS: Mapping[str, tuple[str, ...]] = {
    model.model_fields["type"].default: tuple(
        field.alias for field in model.model_fields.values() if not field.repr and field.alias
    )
    for model in get_args(get_args(Auth)[0])
}
"""The secret fields of each type of authentication, as the API names them."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """The checked URLs that a webhook's secrets go to. token_url: None without OAuth2."""

    url: str
    token_url: str | None = None


def secret_fields(auth_type: str, auth: Any) -> tuple[str, ...]:
    """The secret fields that an authentication has. auth: None if it does not open.

    Of a type that this version does not know it is the whole authentication.
    """
    names = SECRET_FIELDS.get(auth_type, ("",))
    if auth is None:
        return names
    held = auth.model_dump(by_alias=True, exclude_none=True)
    return tuple(name for name in names if name in held)


def secrets_to_reenter(
    names: tuple[str, ...], before: Destinations, after: Destinations
) -> tuple[str, ...]:
    """The secret fields that have to be given again, because their scheme, host or port changed.

    A target with OAuth2 receives access tokens that the client secret and the password obtain,
    so these are demanded for a change of either URL.
    """
    return names if _is_elsewhere(before, after) else ()


def require_secrets(names: tuple[str, ...], before: Destinations, after: Destinations) -> None:
    """Raise Invalid with each secret field that has to be given again and was not."""
    missing = secrets_to_reenter(names, before, after)
    if missing:
        raise Invalid(Problem(f"/auth/{name}".rstrip("/"), _required(after)) for name in missing)


def _is_elsewhere(before: Destinations, after: Destinations) -> bool:
    if origin_of(before.url) != origin_of(after.url):
        return True
    if before.token_url is None or after.token_url is None:
        return False
    return origin_of(before.token_url) != origin_of(after.token_url)


def _required(after: Destinations) -> Message:
    return SECRETS_REQUIRED(origin=origin_of(after.url))
