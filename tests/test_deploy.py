"""What deploy/ starts is there, and takes what it is given."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from reseller_webhooks.bootstrap.readiness import DEADLINE_S
from reseller_webhooks.cli import app
from reseller_webhooks.settings import trusted_proxies

DEPLOY = Path(__file__).parent.parent / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS = {name: one for name, one in COMPOSE["services"].items() if "build" in one}


def accepted(words: list[str]) -> dict[str, Any]:
    """The options as the command reads them; it ends the test when it does not know one."""
    group: Any = get_command(app)
    with group.make_context("reseller-webhooks", words[:1], resilient_parsing=True) as context:
        name, command, rest = group.resolve_command(context, words)
        with command.make_context(name, rest, parent=context) as of_command:
            return dict(of_command.params)


@pytest.mark.parametrize("name", OURS)
def test_what_compose_starts_is_a_command_of_the_program(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting, value in OURS[name]["environment"].items():
        monkeypatch.setenv(setting, value)

    assert accepted(list(OURS[name]["command"])) is not None


def test_only_what_asks_for_nats_needs_it() -> None:
    with_nats = {name for name, one in COMPOSE["services"].items() if one.get("profiles")}

    assert with_nats == {"nats", "ingest", "export"}
    for name, one in COMPOSE["services"].items():
        assert "nats" not in one.get("depends_on", {}) or name in with_nats


@pytest.mark.parametrize("part", ["all-8000", "api-8000", "worker-8001"])
def test_the_unit_starts_the_part_that_its_instance_names(part: str) -> None:
    line = started("reseller-webhooks@.service")
    role, port = part.split("-")

    assert 'serve --role "$${part%%-*}" --port "$${part##*-}"' in line
    assert accepted(["serve", "--role", role, "--port", port])["role"] == role


@pytest.mark.parametrize("command", ["ingest", "export"])
def test_the_unit_for_nats_starts_the_command_that_its_instance_names(command: str) -> None:
    line = started("reseller-webhooks-nats@.service")

    assert "bin/reseller-webhooks %i" in line
    assert f"{command}) set --" in line
    assert accepted([command, "--nats", "nats://127.0.0.1"])["nats"] == "nats://127.0.0.1"


def test_what_the_container_installs_is_locked() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    files = re.findall(r"-r (\S+)", text)

    assert files == ["requirements.txt", "requirements-nats.txt"]
    assert all((DEPLOY.parent / one).exists() for one in files)
    assert "--require-hashes" in text


def test_health_checks_ask_whether_a_restart_helps() -> None:
    container = (DEPLOY / "Containerfile").read_text()
    checks = [one["healthcheck"] for one in OURS.values()]
    asking = [str(one["test"]) for one in checks if "test" in one]

    assert "8000/livez" in container
    assert asking
    assert all("8000/livez" in one for one in asking)


def test_systemd_is_told_when_the_program_is_ready_and_that_it_works() -> None:
    unit = (DEPLOY / "reseller-webhooks@.service").read_text()
    watchdog = re.search(r"^WatchdogSec=(\d+)$", unit, re.MULTILINE)

    assert re.search(r"^Type=notify$", unit, re.MULTILINE)
    # A readiness check alone may last as long as its deadline.
    assert watchdog
    assert int(watchdog[1]) > 2 * DEADLINE_S


def started(unit: str) -> str:
    (line,) = re.findall(r"^ExecStart=(.*)$", (DEPLOY / unit).read_text(), re.MULTILINE)
    return line


def test_visitors_behind_a_proxy_on_the_same_machine_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unit = (DEPLOY / "reseller-webhooks@.service").read_text()
    (units,) = re.findall(r"^Environment=FORWARDED_ALLOW_IPS=(.*)$", unit, re.MULTILINE)
    composes = OURS["api"]["environment"]["FORWARDED_ALLOW_IPS"]
    for given in (units, composes.removeprefix("${FORWARDED_ALLOW_IPS:-").removesuffix("}")):
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", given)

        assert "127.0.0.1" in trusted_proxies()
