"""Which secrets have to be given again when the URL that they go to changes."""

from typing import Any

import pytest

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.webhooks.secret_destinations import (
    SECRET_FIELDS,
    Destinations,
    require_secrets,
    secret_fields,
    secrets_to_reenter,
)
from reseller_webhooks.core.webhooks.target_url import check_url
from reseller_webhooks.core.webhooks.webhook import (
    ClientCredentialsAuth,
    NoAuth,
    PasswordAuth,
    TokenAuth,
)

URL = "https://crm.example.com/hook"
TOKEN_URL = "https://id.example.com/token"


_CLIENT = {"token_url": TOKEN_URL, "client_id": "crm", "client_secret": "s"}
AUTHS: dict[str, Any] = {
    "NONE": NoAuth(),
    "TOKEN": TokenAuth(token="t"),
    "OAUTH2_PASSWORD": PasswordAuth(**_CLIENT, username="ana", password="p"),
}


def demanded(
    auth_type: str, before: str, after: str, tokens: tuple[str, str] | None = None
) -> tuple[str, ...]:
    old, new = tokens or (None, None)
    return secrets_to_reenter(
        secret_fields(auth_type, AUTHS.get(auth_type)),
        Destinations(check_url(before), old and check_url(old)),
        Destinations(check_url(after), new and check_url(new)),
    )


def test_every_type_of_authentication_names_its_secrets() -> None:
    assert SECRET_FIELDS == {
        "NONE": (),
        "TOKEN": ("token",),
        "OAUTH2_PASSWORD": ("clientSecret", "privateKey", "password"),
        "OAUTH2_CLIENT_CREDENTIALS": ("clientSecret", "privateKey"),
    }


@pytest.mark.parametrize(
    "after",
    [
        "https://crm.example.com/other?x=1",
        "https://CRM.Example.com/hook",
        "https://crm.example.com:443/hook",
        "https://crm.example.com",
    ],
)
def test_the_same_server_keeps_the_secrets(after: str) -> None:
    assert demanded("TOKEN", URL, after) == ()


@pytest.mark.parametrize(
    "after",
    [
        "https://crm.example.com:8443/hook",
        "https://crm.example.com.evil.example/hook",
        "https://example.com/hook",
        "https://203.0.113.7/hook",
    ],
)
@pytest.mark.parametrize("auth_type", SECRET_FIELDS)
def test_another_host_or_port_demands_every_secret(auth_type: str, after: str) -> None:
    names = demanded(auth_type, URL, after)

    assert names == tuple(name for name in SECRET_FIELDS[auth_type] if name in names)
    assert bool(names) is (auth_type != "NONE")


def test_a_private_key_is_demanded_and_no_secret_that_is_not_there() -> None:
    auth = ClientCredentialsAuth(
        token_url=TOKEN_URL, client_id="crm", client_auth="PRIVATE_KEY_JWT", private_key="key"
    )

    assert secret_fields("OAUTH2_CLIENT_CREDENTIALS", auth) == ("privateKey",)


def test_an_international_name_is_the_same_in_both_its_forms() -> None:
    assert demanded("TOKEN", "https://bücher.example/", "https://xn--bcher-kva.example/") == ()


def test_another_token_server_demands_the_client_secret_and_the_password() -> None:
    moved = (TOKEN_URL, "https://other.example.com/token")

    assert demanded("OAUTH2_PASSWORD", URL, URL, moved) == ("clientSecret", "password")
    assert demanded("OAUTH2_PASSWORD", URL, URL, (TOKEN_URL, TOKEN_URL + "/v2")) == ()


def test_an_unknown_type_demands_the_whole_authentication() -> None:
    with pytest.raises(Invalid) as caught:
        require_secrets(
            secret_fields("NEWER", None),
            Destinations(URL),
            Destinations("https://other.example.com/"),
        )

    assert [one.pointer for one in caught.value.problems] == ["/auth"]
