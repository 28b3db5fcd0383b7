"""What deploy/ starts can do little else, and docs/security.md names tests that exist."""

import ast
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
EXPOSURE_MAX = 1.9
SERVICES: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
OURS = {name: one for name, one in SERVICES.items() if "build" in one}
SECURITY = ROOT / "docs" / "security.md"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze of systemd")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.name))
def test_systemd_finds_little_exposure(unit: Path) -> None:
    limit = f"--threshold={EXPOSURE_MAX * 10:.0f}"
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", limit, str(unit)]
    found = subprocess.run(words, check=False, capture_output=True, text=True)

    assert found.returncode == 0, found.stdout
    # Lines that systemd does not know it skips, and says so.
    assert found.stderr == ""


def _confinement(unit: Path) -> list[str]:
    section = unit.read_text().split("# What the program cannot do.")[1].split("\n[Install]")[0]
    return [line for line in section.splitlines() if "=" in line and line[0] != "#"]


def test_every_unit_is_confined_alike() -> None:
    first, *others = map(_confinement, UNITS)

    assert others
    assert all(one == first for one in others)
    assert {"UMask=0077", "MemoryMax=2G", "PrivateUsers=yes"} <= set(first)


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_no_rights_to_spare(name: str) -> None:
    one = SERVICES[name]

    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["mem_limit"]
    assert one["pids_limit"]
    assert one["tmpfs"][0].split(":")[0].strip("/") == "tmp"
    assert "privileged" not in one
    # Only PostgreSQL's entry point needs any: it gives its volume to another user.
    assert ("cap_add" in one) is (name == "postgres")


@pytest.mark.parametrize("name", OURS)
def test_only_migrating_has_the_role_that_owns_the_tables(name: str) -> None:
    settings = OURS[name]["environment"]
    url = settings["RESELLER_WEBHOOKS_DATABASE"]
    role = "webhooks_owner" if name == "migrate" else "webhooks_service"

    assert url.startswith(f"postgresql://{role}:${{")
    assert "POSTGRES_PASSWORD" not in str(settings)


def test_no_password_is_an_argument_and_none_is_written_down() -> None:
    assert "PASSWORD" not in str([one.get("command") for one in SERVICES.values()])
    for one in SERVICES.values():
        for name, value in one.get("environment", {}).items():
            assert "PASSWORD" not in name or re.search(rf"\$\{{{name}:[?-]", value)


@pytest.mark.parametrize("name", ["PYTHON_IMAGE", "POSTGRES_IMAGE", "NATS_IMAGE"])
def test_every_image_can_be_given_by_digest(name: str) -> None:
    assert f"${{{name}:-" in (DEPLOY / "compose.yaml").read_text()
    assert f"`{name}`" in (ROOT / "docs" / "operate.md").read_text()


def test_every_stage_of_the_container_is_of_the_image_that_is_given() -> None:
    stages = re.findall(r"^FROM (\S+)", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)

    assert stages == ["${PYTHON_IMAGE}"] * 2


def _tests_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {one.name for one in ast.walk(tree) if isinstance(one, kinds)}


NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", SECURITY.read_text())


def test_the_threat_model_names_tests() -> None:
    assert len(NAMED) > 30


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_threat_model_names_exists(path: str, name: str) -> None:
    assert (ROOT / path).is_file()
    assert not name or name in _tests_of(ROOT / path)


def test_every_protection_names_its_proof() -> None:
    section = SECURITY.read_text().split("## Actors")[1].split("\n## ")[0]
    rows = [one for one in section.splitlines() if one.startswith("|") and "---" not in one]
    unproven = [one for one in rows if "tests/" not in one and "| proven by |" not in one]

    assert rows
    assert unproven == []


@pytest.mark.parametrize("document", ["SECURITY.md", "docs/security.md"])
def test_the_readme_leads_to_it(document: str) -> None:
    assert f"({document})" in (ROOT / "README.md").read_text()
