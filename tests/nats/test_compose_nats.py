"""The NATS of deploy/compose.yaml lets in its two users and nobody else."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nats
import pytest
import yaml

from testkit.ports import free_port
from tests.nats.jetstream import BINARY, Nats

DEPLOY = Path(__file__).parents[2] / "deploy"
GIVEN = {"NATS_WEBHOOKS_PASSWORD": "12e4", "NATS_PLATFORM_PASSWORD": "3f" * 32}
VARIABLE = re.compile(r"\$\{(?P<name>\w+):(?P<kind>[+-])(?P<text>[^}]*)\}")


def environment(given: dict[str, str]) -> dict[str, str]:
    """What Compose gives the service, with these variables set."""

    def value(found: re.Match[str]) -> str:
        present = given.get(found["name"], "")
        if found["kind"] == "+":
            return found["text"] if present else ""
        return present or found["text"]

    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return {
        name: VARIABLE.sub(value, text) for name, text in services["nats"]["environment"].items()
    }


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    text = (DEPLOY / "nats.conf").read_text().replace("/data", str(tmp_path / "data"))
    path = tmp_path / "nats.conf"
    path.write_text(text.replace("port: 4222", f"port: {free_port()}"))
    return path


@pytest.fixture
def server(tmp_path: Path, configured: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nats]:
    for name, value in environment(GIVEN).items():
        monkeypatch.setenv(name, value)
    one = Nats(tmp_path / "data", "-c", str(configured), jetstream=False)
    yield one
    one.kill()


@pytest.mark.parametrize("user", ["webhooks", "platform"])
async def test_a_user_with_the_password_uses_jetstream(server: Nats, user: str) -> None:
    password = GIVEN[f"NATS_{user.upper()}_PASSWORD"]
    async with server.client(f"nats://{user}:{password}@127.0.0.1:{server.port}") as client:
        account = await client.jetstream().account_info()

    assert account.streams == 0


@pytest.mark.parametrize("user", ["", "webhooks:wrong@", "webhooks:@", "nobody:12e4@"])
async def test_nobody_else_is_let_in(server: Nats, user: str) -> None:
    password = GIVEN["NATS_WEBHOOKS_PASSWORD"]
    async with server.client(f"nats://webhooks:{password}@127.0.0.1:{server.port}"):
        """It takes connections."""
    with pytest.raises(nats.errors.Error):
        await nats.connect(
            f"nats://{user}127.0.0.1:{server.port}",
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0.02,
        )


@pytest.mark.parametrize("missing", GIVEN)
def test_without_a_password_it_does_not_start(configured: Path, missing: str) -> None:
    given = environment({name: value for name, value in GIVEN.items() if name != missing})
    words = [str(BINARY), "-a", "127.0.0.1", "-c", str(configured)]
    ended = subprocess.run(
        words, env=os.environ | given, check=False, capture_output=True, text=True, timeout=20
    )

    assert ended.returncode != 0
    assert missing in ended.stderr
