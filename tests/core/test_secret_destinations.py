"""Which secrets have to be given again when the URL that they go to changes."""

import pytest

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.webhooks.secret_destinations import (
    SECRET_FIELDS,
    Destinations,
    require_secrets,
    secrets_to_reenter,
)
from reseller_webhooks.core.webhooks.target_url import check_url

URL = "https://crm.example.com/hook"
TOKEN_URL = "https://id.example.com/token"


def demanded(
    auth_type: str, before: str, after: str, tokens: tuple[str, str] | None = None
) -> tuple[str, ...]:
    old, new = tokens or (None, None)
    return secrets_to_reenter(
        auth_type,
        Destinations(check_url(before), old and check_url(old)),
        Destinations(check_url(after), new and check_url(new)),
    )


def test_every_type_of_authentication_names_its_secrets() -> None:
    assert SECRET_FIELDS == {
        "NONE": (),
        "TOKEN": ("token",),
        "OAUTH2_PASSWORD": ("clientSecret", "password"),
        "OAUTH2_CLIENT_CREDENTIALS": ("clientSecret",),
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
    assert demanded(auth_type, URL, after) == SECRET_FIELDS[auth_type]


def test_an_international_name_is_the_same_in_both_its_forms() -> None:
    assert demanded("TOKEN", "https://bücher.example/", "https://xn--bcher-kva.example/") == ()


def test_another_token_server_demands_the_client_secret_and_the_password() -> None:
    moved = (TOKEN_URL, "https://other.example.com/token")

    assert demanded("OAUTH2_PASSWORD", URL, URL, moved) == ("clientSecret", "password")
    assert demanded("OAUTH2_PASSWORD", URL, URL, (TOKEN_URL, TOKEN_URL + "/v2")) == ()


def test_an_unknown_type_demands_the_whole_authentication() -> None:
    with pytest.raises(Invalid) as caught:
        require_secrets("NEWER", Destinations(URL), Destinations("https://other.example.com/"))

    assert [one.pointer for one in caught.value.problems] == ["/auth"]
