"""Keys that are made where there are none."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from reseller_webhooks import crypto
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.crypto import keys_from_file


def test_all_who_start_together_have_the_same_key(tmp_path: Path) -> None:
    many = 16
    ready = Barrier(many)

    def start(_: int) -> list[str]:
        ready.wait()
        return keys_from_file(tmp_path / "secret-keys")

    for _ in range(20):
        (tmp_path / "secret-keys").unlink(missing_ok=True)
        with ThreadPoolExecutor(many) as pool:
            found = list(pool.map(start, range(many)))

        assert len(found[0]) == 1
        assert found == [found[0]] * many
    assert [file.name for file in tmp_path.iterdir()] == ["secret-keys"]


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret-keys").touch()

    with pytest.raises(Refused, match="holds no key"):
        keys_from_file(tmp_path / "secret-keys")


@pytest.mark.parametrize("is_text", [True, False])
def test_a_file_that_cannot_be_read_is_refused_without_its_content(
    tmp_path: Path, is_text: bool
) -> None:
    file = tmp_path / "secret-keys"
    if is_text:
        file.mkdir()
    else:
        file.write_bytes(b"s3cret\xff")

    with pytest.raises(Refused, match="cannot be read") as refused:
        keys_from_file(file)

    assert "s3cret" not in str(refused.value)


def test_passwords_are_hashed_at_the_cost_that_rfc_9106_recommends(
    full_password_hashes: None,
) -> None:
    costs = extract_parameters(crypto.hash_password("x"))

    assert (costs.memory_cost, costs.time_cost, costs.parallelism) == (64 * 1024, 3, 4)


def test_a_password_of_nobody_costs_as_much_to_check_as_a_real_one(
    full_password_hashes: None,
) -> None:
    decoy = crypto.decoy_hash()

    with pytest.raises(VerifyMismatchError):  # not InvalidHashError, which comes at once
        PasswordHasher().verify(decoy, "x")
    assert extract_parameters(decoy) == extract_parameters(crypto.hash_password("x"))
    assert crypto.fitting_hashes((), "x") == frozenset()
