"""Two costs that most tests need not pay: strong password hashes, and the system's trust store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from argon2 import PasswordHasher

from reseller_webhooks import crypto

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""0.1 ms instead of 0.2 s. Programs that tests start as processes hash at the full cost."""


@pytest.fixture(scope="session", autouse=True)
def cheap_password_hashes() -> Iterator[None]:
    """Hash passwords at little cost in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crypto, "password_hasher", CHEAP)
        yield


@pytest.fixture
def full_password_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash passwords at the program's own cost."""
    crypto.decoy_hash.cache_clear()
    monkeypatch.setattr(crypto, "password_hasher", PasswordHasher())
    yield
    crypto.decoy_hash.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def small_trust_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust one authority instead of the system's 140, which take 20 ms to load.

    Every TLS context of the program and of its clients loads them, in this process and in those
    that it starts. No test connects to a public host.
    """
    file: Path = tmp_path_factory.mktemp("trust") / "authority.pem"
    trustme.CA().cert_pem.write_to_path(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        patch.setenv("SSL_CERT_DIR", str(file.parent / "none"))
        yield
