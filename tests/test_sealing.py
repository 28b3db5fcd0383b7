"""Sealed values: which keys open them, and where."""

import pytest
from cryptography.fernet import Fernet

from reseller_webhooks.core.errors import Refused, SecretUnreadable
from reseller_webhooks.core.messages.webhooks import SECRET_ALTERED, SECRET_WITHOUT_KEY
from reseller_webhooks.crypto import Box
from reseller_webhooks.sealing import Binding, is_bound, key_id_of, revision_of

OLD = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
NEW = "YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI="
HERE = Binding("webhook", "w1", "AUTHENTICATION")
ELSEWHERE = [
    Binding("webhook", "w2", "AUTHENTICATION"),
    Binding("webhook", "w1", "SIGNING_SECRET"),
    Binding("person", "w1", "AUTHENTICATION"),
]


def test_a_bound_value_opens_in_its_place() -> None:
    sealed = Box([OLD]).seal_bound("s3cret", HERE)

    assert Box([NEW, OLD]).open(sealed, HERE) == "s3cret"
    assert key_id_of(sealed) == Box([OLD]).key_ids[0]
    assert "s3cret" not in sealed


@pytest.mark.parametrize("binding", ELSEWHERE)
def test_a_bound_value_opens_nowhere_else(binding: Binding) -> None:
    box = Box([OLD])

    with pytest.raises(SecretUnreadable, match=str(SECRET_ALTERED())):
        box.open(box.seal_bound("s3cret", HERE), binding)


def test_a_bound_value_whose_key_is_gone_says_so() -> None:
    with pytest.raises(SecretUnreadable, match=str(SECRET_WITHOUT_KEY())):
        Box([NEW]).open(Box([OLD]).seal_bound("s3cret", HERE), HERE)


@pytest.mark.parametrize("place", range(1, 4))
def test_no_part_of_a_bound_value_can_be_altered(place: int) -> None:
    box = Box([OLD])
    parts = box.seal_bound("s3cret", HERE).split(".")
    parts[place] = ("A" if parts[place][0] != "A" else "B") + parts[place][1:]

    with pytest.raises(SecretUnreadable):
        box.open(".".join(parts), HERE)


@pytest.mark.parametrize(
    "rubbish", ["", "v2", "v2.", "v2...", "v2.é.x.y", "gAAAAA", "\x00", "v3.a"]
)
def test_rubbish_does_not_open_and_breaks_nothing(rubbish: str) -> None:
    with pytest.raises(SecretUnreadable):
        Box([OLD]).open(rubbish, HERE)


def test_what_the_version_before_sealed_opens() -> None:
    sealed = Fernet(OLD).encrypt(b"s3cret").decode()

    assert Box([NEW, OLD]).open(sealed, HERE) == "s3cret"
    assert not is_bound(sealed)


def test_what_is_sealed_for_the_version_before_opens_there() -> None:
    assert Fernet(OLD).decrypt(Box([OLD, NEW]).seal("s3cret")) == b"s3cret"


def test_sealing_anew_keeps_the_revision_and_entering_anew_does_not() -> None:
    box = Box([OLD])
    before = box.seal("s3cret")
    anew = box.seal_bound("s3cret", HERE, revision=revision_of(before))
    again = Box([NEW]).seal_bound("s3cret", HERE, revision=revision_of(anew))

    assert revision_of(before) == revision_of(anew) == revision_of(again)
    assert revision_of(box.seal_bound("s3cret", HERE)) != revision_of(before)


@pytest.mark.parametrize("wrong", ["hunter2", "", "ü" * 44, OLD[:-2], f"{OLD};{NEW}"])
def test_a_key_of_a_wrong_form_is_refused_without_repeating_it(wrong: str) -> None:
    with pytest.raises(Refused, match="secret key 2 of 2") as refused:
        Box([OLD, wrong])

    assert not wrong or wrong not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
