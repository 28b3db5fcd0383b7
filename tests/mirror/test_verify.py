"""What is genuine is read; everything else is one error, whatever it looks like."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Standard

from reseller_mirror import Rejected, Verifier
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.events import (
    body_with_content,
    body_without_content,
    resource_json,
)
from reseller_webhooks.core.webhooks.signing import new_secret, sign

SECRET, OTHER = new_secret(b"a" * 32), new_secret(b"b" * 32)
AT = 1_700_000_000
MEMBER = resource_json(Resource.COMPANY, "c1", "https://h/c1", '{"name":"Zoë"}')
BODY = body_with_content("e1", AT * 1_000_000, MEMBER, version=3, changed_fields=["name"]).encode()
VERIFIER = Verifier(secret=SECRET)


def signed(body: bytes, *secrets: str, at: int = AT, event: str = "e1") -> dict[str, str]:
    return {
        "Webhook-Id": event,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(secrets or (SECRET,), event, at, body),
    }


def status_of(verifier: Verifier, headers: Mapping[str, str], body: bytes) -> int:
    with pytest.raises(Rejected) as rejected:
        verifier.verify(headers, body, now_s=AT)
    return rejected.value.status


def test_a_genuine_notification_is_read() -> None:
    got = VERIFIER.verify(signed(BODY), BODY, now_s=AT)

    assert (got.event, got.resource, got.uuid, got.action, got.version) == (
        "e1",
        "COMPANY",
        "c1",
        "CHANGED",
        3,
    )
    assert (got.content, got.changed, got.removed) == ({"name": "Zoë"}, ("name",), False)


def test_a_removal_has_no_content() -> None:
    body = body_without_content("e1", AT, Resource.COMPANY, uuid="c1", version=4).encode()
    got = VERIFIER.verify(signed(body), body, now_s=AT)

    assert (got.removed, got.content, got.url) == (True, None, None)


def test_the_standards_package_and_the_kit_agree() -> None:
    headers = {name.lower(): value for name, value in signed(BODY, at=AT).items()}
    theirs = Standard(SECRET).sign("e1", datetime.fromtimestamp(AT, UTC), BODY.decode())

    assert theirs in headers["webhook-signature"]


@pytest.mark.parametrize("secrets", [(SECRET, OTHER), (OTHER, SECRET)])
def test_one_of_two_signatures_is_enough_while_a_secret_is_rotated(
    secrets: tuple[str, str],
) -> None:
    assert VERIFIER.verify(signed(BODY, *secrets), BODY, now_s=AT).event == "e1"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_is_too_old_or_too_far_ahead_is_rejected(seconds: int) -> None:
    assert status_of(VERIFIER, signed(BODY, at=AT + seconds), BODY) == 401


GARBAGE: list[dict[str, str]] = [
    {},
    {"webhook-signature": ""},
    {"webhook-signature": "v1"},
    {"webhook-signature": "v1,"},
    {"webhook-signature": "v1,%%%"},
    {"webhook-signature": "v2,AAAA"},
    {"webhook-signature": "v1,é\udcff"},
    {"webhook-timestamp": "soon"},
    {"webhook-timestamp": "-1"},
    {"webhook-timestamp": "١٢"},
    {"webhook-timestamp": "9" * 400},
    {"webhook-timestamp": "1e9"},
    {"webhook-id": "other"},
    {"webhook-id": "\ud800"},
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=str)
def test_garbage_in_the_headers_is_rejected_as_unproven(garbage: dict[str, str]) -> None:
    headers = {name.lower(): value for name, value in signed(BODY).items()}

    assert status_of(VERIFIER, headers | garbage if garbage else {}, BODY) == 401


@given(st.binary(max_size=200))
def test_a_changed_body_is_rejected(body: bytes) -> None:
    if body != BODY:
        assert status_of(VERIFIER, signed(BODY), body) == 401


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b"{}", b'{"uuid":"e1"}', b"\xff", b"[" * 5000, b'{"resource":[]}'),
        *(BODY.replace(b'"c1"', b"1"), BODY.replace(b"CHANGED", b"EATEN")),
        *(BODY.replace(b":3,", b":true,"), BODY.replace(b'{"name":"Zo\xc3\xab"}', b"null")),
    ],
)
def test_a_signed_body_that_is_no_notification_is_rejected_as_such(body: bytes) -> None:
    assert status_of(VERIFIER, signed(body), body) == 400


def test_an_id_that_is_not_the_events_is_rejected() -> None:
    assert status_of(VERIFIER, signed(BODY, event="e2"), BODY) == 400


def test_a_token_is_demanded_where_it_is_configured() -> None:
    verifier = Verifier(token="s3cret")

    assert verifier.verify({"X-AppDirect-Webhook-Token": "s3cret"}, BODY).event == "e1"
    assert status_of(verifier, {"x-appdirect-webhook-token": "wrong"}, BODY) == 401
    assert status_of(verifier, {}, BODY) == 401


def test_a_bearer_is_asked_about() -> None:
    verifier = Verifier(bearer=lambda token: token == "good")

    assert verifier.verify({"Authorization": "Bearer good"}, BODY).event == "e1"
    assert status_of(verifier, {"Authorization": "Basic good"}, BODY) == 401


def test_a_verifier_without_any_proof_is_refused() -> None:
    with pytest.raises(ValueError, match="anybody"):
        Verifier()


@pytest.mark.parametrize(
    "proof", [{"secret": ""}, {"secret": "whsec_"}, {"secret": []}, {"secret": [""]}, {"token": ""}]
)
def test_an_empty_proof_is_refused(proof: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="empty"):
        Verifier(**proof)


def test_what_the_standards_package_signs_is_accepted() -> None:
    signature = Standard(SECRET).sign("e1", datetime.fromtimestamp(AT, UTC), BODY.decode())
    headers = signed(BODY) | {"webhook-signature": f"v1a,AAAA {signature}"}

    assert VERIFIER.verify(headers, BODY, now_s=AT).event == "e1"


@given(st.binary(max_size=300), st.dictionaries(st.text(max_size=30), st.text(max_size=60)))
def test_nothing_but_rejected_ever_comes_out(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        VERIFIER.verify(headers, body)
