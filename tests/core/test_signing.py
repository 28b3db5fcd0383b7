import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from reseller_webhooks import clock
from reseller_webhooks.core.webhooks.signing import new_secret, sign

SECRET = new_secret(bytes(range(32)))
OTHER = new_secret(bytes(range(1, 33)))
EVENT = "429afed8-0000-4000-8000-127083b025c1"


def verified(
    secret: str, signature: str, body: bytes, timestamp_s: int, event: str = EVENT
) -> bool:
    headers = {
        "webhook-id": event,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature,
    }
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


def now_s() -> int:
    return clock.now() // clock.SECOND


@given(st.binary(min_size=24, max_size=64), st.recursive(st.integers(), st.lists).map(str))
def test_the_public_package_verifies_our_signature(key: bytes, body: str) -> None:
    secret, at = new_secret(key), now_s()

    assert verified(secret, sign([secret], EVENT, at, body.encode()), body.encode(), at)


def test_the_public_package_makes_the_same_signature() -> None:
    at = now_s()
    theirs = Webhook(SECRET).sign(EVENT, datetime.fromtimestamp(at, UTC), '{"a":"é"}')

    assert sign([SECRET], EVENT, at, '{"a":"é"}'.encode()) == theirs


def test_while_secrets_change_over_either_verifies() -> None:
    at = now_s()
    signature = sign([SECRET, OTHER], EVENT, at, b"{}")

    assert signature.count("v1,") == 2
    assert verified(SECRET, signature, b"{}", at)
    assert verified(OTHER, signature, b"{}", at)


@pytest.mark.parametrize(
    ("body", "event", "later_s"),
    [(b"{} ", EVENT, 0), (b"{}", EVENT[::-1], 0), (b"{}", EVENT, 1)],
    ids=["body", "id", "timestamp"],
)
def test_a_change_of_anything_that_is_signed_is_found(
    body: bytes, event: str, later_s: int
) -> None:
    at = now_s()
    signature = sign([SECRET], EVENT, at, b"{}")

    assert not verified(SECRET, signature, body, at + later_s, event)


def test_another_secret_does_not_verify() -> None:
    at = now_s()

    assert not verified(OTHER, sign([SECRET], EVENT, at, b"{}"), b"{}", at)


def test_a_secret_is_its_random_bytes_in_base64_with_the_prefix() -> None:
    kept = base64.b64encode(bytes(range(32))).decode()

    assert SECRET.removeprefix("whsec_") == kept


@pytest.mark.parametrize("length", [0, 23, 65])
def test_a_key_too_short_or_too_long_makes_no_secret(length: int) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        new_secret(bytes(length))


@pytest.mark.parametrize("secret", ["", "c2VjcmV0", "whsec_no base64!"])
def test_what_is_no_secret_signs_nothing_and_is_not_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="a signing secret") as refused:
        sign([secret], EVENT, 0, b"{}")

    assert not secret or secret not in str(refused.value)
