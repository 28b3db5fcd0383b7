"""How many requests at once a process makes: by the setting, by memory and by open files."""

import resource
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from reseller_webhooks.bootstrap import capacity
from reseller_webhooks.bootstrap.capacity import (
    AT_LEAST,
    AT_MOST,
    BYTES_EACH,
    MEMORY_SHARE,
    deliveries_at_once,
)
from reseller_webhooks.settings import Settings


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A control group's limit of memory, as the kernel shows it."""
    file = tmp_path / "memory.max"
    monkeypatch.setattr(capacity, "CGROUP_LIMITS", (file,))
    return file


def test_the_setting_wins(group: Path) -> None:
    group.write_text("1000000\n")

    assert deliveries_at_once(Settings(limit_deliveries_at_once=1234)) == 1234


def test_a_small_control_group_means_few(group: Path) -> None:
    group.write_text(f"{1000 * MEMORY_SHARE * BYTES_EACH}\n")

    assert deliveries_at_once(Settings()) == 1000


@pytest.mark.parametrize("limit", ["max", "9223372036854771712"])
def test_without_a_limit_of_the_group_the_machines_memory_counts(group: Path, limit: str) -> None:
    group.write_text(limit)

    assert AT_LEAST <= deliveries_at_once(Settings()) <= AT_MOST


def test_tiny_machines_still_send_some(group: Path) -> None:
    group.write_text("1000000\n")

    assert deliveries_at_once(Settings()) == AT_LEAST


def test_more_than_open_files_allow_is_said(group: Path) -> None:
    group.write_text("max")
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(files, 100_000)
    settings = Settings(limit_deliveries_at_once=wanted, limit_connections=max(10, files - wanted))
    with capture_logs() as logged:
        deliveries_at_once(settings)

    assert [line["wanted"] for line in logged] == [wanted]
