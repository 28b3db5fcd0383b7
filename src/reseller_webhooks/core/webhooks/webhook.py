"""A webhook: a reseller's registration of a target. Owns its settings and their rules."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticKnownError

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.core.webhooks.settings import (
    WebhookSettings,
    unset,
    with_delivery_patches,
    with_delivery_settings,
)

PARTS = 256
"""Partitions that workers own; fixed for ever, since the number is in every row."""


class WebhookState(StrEnum):
    """States of a webhook; deliveries go out while it is active."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"


class PauseReason(StrEnum):
    """The reason of a pause."""

    BY_HAND = "BY_HAND"
    GONE = "GONE"
    """The receiver answered 410: it wants no more notifications."""


class SecretPurpose(StrEnum):
    """Purposes of a webhook's stored secrets."""

    AUTHENTICATION = "AUTHENTICATION"
    SIGNING_SECRET = "SIGNING_SECRET"  # noqa: S105 - the name of one
    PREVIOUS_SIGNING_SECRET = "PREVIOUS_SIGNING_SECRET"  # noqa: S105


class HoldReason(StrEnum):
    """Reasons that hold back due deliveries of a webhook."""

    PAUSED = "PAUSED"
    FAILING = "FAILING"


class _Input(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


# A header value: visible ASCII, so that no token can smuggle in a second header (RFC 9110, 5.5).
HeaderText = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[\x21-\x7e]+$")]
TEXT_MAX = 4096
Text = Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]


class NoAuth(_Input):
    """None: nothing is added but the signature, which every notification has."""

    type: Literal["NONE"] = "NONE"


class TokenAuth(_Input):
    """Token: the shared value goes out as x-appdirect-webhook-token."""

    type: Literal["TOKEN"] = "TOKEN"
    token: HeaderText = Field(repr=False)


class ClientAuth(StrEnum):
    """Methods by which the client authenticates to the token server."""

    AUTO = "AUTO"
    """Basic, then the form body; the method that worked is used from then on."""
    BASIC = "BASIC"
    BODY = "BODY"
    NONE = "NONE"
    """A public client, which has no secret."""
    PRIVATE_KEY_JWT = "PRIVATE_KEY_JWT"
    """A signed assertion (RFC 7523)."""


NEEDS_CLIENT_SECRET = frozenset({ClientAuth.AUTO, ClientAuth.BASIC, ClientAuth.BODY})


class _OAuth2(_Input):
    """OAuth2 with any grant.

    Fields that the version before does not know are stored only where they differ from their
    default: it opens all other webhooks.
    """

    token_url: Text
    client_id: Text
    client_auth: ClientAuth = Field(ClientAuth.AUTO, exclude_if=lambda auth: auth == "AUTO")
    client_secret: Text | None = Field(None, repr=False, exclude_if=lambda secret: secret is None)
    private_key: Text | None = Field(None, repr=False, exclude_if=lambda key: key is None)
    scope: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_absent_secrets(cls, given: Any) -> Any:
        """Errors of a field that is absent would name it as Python does, not as the API does."""
        if not isinstance(given, dict):
            return given
        absent = {"clientSecret": "client_secret", "privateKey": "private_key"}
        names = [alias for alias, name in absent.items() if not given.keys() & {alias, name}]
        return given | dict.fromkeys(names)

    @field_validator("client_secret")
    @classmethod
    def _require_client_secret(cls, secret: str | None, info: ValidationInfo) -> str | None:
        if secret is None and info.data.get("client_auth") in NEEDS_CLIENT_SECRET:
            raise PydanticKnownError("missing")
        return secret

    @field_validator("private_key")
    @classmethod
    def _require_private_key(cls, key: str | None, info: ValidationInfo) -> str | None:
        if key is None and info.data.get("client_auth") is ClientAuth.PRIVATE_KEY_JWT:
            raise PydanticKnownError("missing")
        return key


class PasswordAuth(_OAuth2):
    """OAuth2, the password grant (RFC 6749, 4.3)."""

    type: Literal["OAUTH2_PASSWORD"] = "OAUTH2_PASSWORD"
    username: Text
    password: Text = Field(repr=False)


class ClientCredentialsAuth(_OAuth2):
    """OAuth2, the client credentials grant (RFC 6749, 4.4)."""

    type: Literal["OAUTH2_CLIENT_CREDENTIALS"] = "OAUTH2_CLIENT_CREDENTIALS"


OAuth2 = PasswordAuth | ClientCredentialsAuth
Auth = Annotated[
    NoAuth | TokenAuth | PasswordAuth | ClientCredentialsAuth, Field(discriminator="type")
]


Actions = Annotated[frozenset[Action], Field(min_length=1)]


@with_delivery_settings
class Spec(_Input):
    """A webhook as requested, in the API's names."""

    model_config = ConfigDict(title="WebhookRequest")

    url: str
    resource: Resource
    actions: Actions
    auth: Auth = NoAuth()


@with_delivery_patches
class SpecPatch(_Input):
    """Changes of a webhook; absent fields stay as they are."""

    model_config = ConfigDict(title="WebhookPatch")

    url: str = unset()
    resource: Resource = unset()
    actions: Actions = unset()
    auth: Auth = unset()


AUTH_LABELS = {
    "NONE": "None",
    "TOKEN": "Token",
    "OAUTH2_PASSWORD": "OAuth2",
    "OAUTH2_CLIENT_CREDENTIALS": "OAuth2 (client credentials)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(WebhookSettings):
    """A webhook as the engine needs it, secrets opened.

    id: the store's number. uuid: the id that users see.
    previous_secret: signs beside `secret` until the given time, while receivers change over;
        several, separated by blanks, when it was changed more than once in that time.
    """

    id: int
    uuid: str
    reseller_id: int
    auth: NoAuth | TokenAuth | PasswordAuth | ClientCredentialsAuth
    secret: str = field(repr=False)
    state: WebhookState = WebhookState.ACTIVE
    previous_secret: str | None = field(default=None, repr=False)
    previous_secret_until: int = 0
    hurried_at: int = 0
    """Time of the last request to retry pending deliveries at once; microseconds UTC."""
    unreadable: tuple[SecretPurpose, ...] = ()
    """Secrets that do not open. They are blank here, so nothing may be sent."""

    @property
    @implements(Rule.PAUSED, Rule.READABLE_SECRETS)
    def may_send(self) -> bool:
        """True if deliveries may go out: it is not paused, and all its secrets open."""
        return self.state is WebhookState.ACTIVE and not self.unreadable

    @property
    def part(self) -> int:
        """The partition that owns this webhook's deliveries, 0 to PARTS - 1."""
        return part_of(self.uuid)


def part_of(uuid: str) -> int:
    """The partition of a webhook; the same on every machine and for ever."""
    return crc32(uuid.encode()) % PARTS
