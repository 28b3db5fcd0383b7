"""SIGTERM and SIGINT from the first line on: a command that serves ends with 0, however early."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testkit.ports import free_port

WAIT_S = 60.0
LATEST_S = 2.0
SERVERS = {
    "serve": ["serve", "--port", "0"],
    "workers": ["serve", "--port", "0", "--workers", "2"],
    "demo": ["demo", "--port"],
    "ingest": ["ingest", "--nats", "nats://127.0.0.1:1"],
    "export": ["export", "--nats", "nats://127.0.0.1:1"],
    "mirror": ["mirror", "--source", "http://127.0.0.1:1", "--port", "0"],
}
"""Each waits for something that never comes, or serves."""


@contextmanager
def blocked() -> Iterator[None]:
    """A process that starts meanwhile has its signals wait until it takes them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def started(directory: Path, words: list[str]) -> "subprocess.Popen[str]":
    settings = {
        "RESELLER_WEBHOOKS_DATABASE": f"sqlite:///{directory}/test.db",
        "RESELLER_MIRROR_DATABASE": f"sqlite:///{directory}/mirror.db",
        "RESELLER_MIRROR_KEY": "rwk_1",
        "RESELLER_MIRROR_SECRETS": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    }
    with blocked():
        return subprocess.Popen(
            [sys.executable, "-m", "reseller_webhooks", *words],
            env=os.environ | settings,
            cwd=directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


def ends_after(process: "subprocess.Popen[str]", wait_s: float, number: signal.Signals) -> str:
    """What it says when it is signalled after that time; its code is in returncode."""
    try:
        process.wait(wait_s)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    _, told = process.communicate(timeout=WAIT_S)
    return told


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_that_is_asked_to_stop_ends_with_0_at_whatever_moment(
    name: str, tmp_path: Path
) -> None:
    words = [*SERVERS[name], *([str(free_port(3))] if name == "demo" else [])]
    some_time_s = random.uniform(0, LATEST_S)  # noqa: S311
    moments = [(0.0, signal.SIGTERM), (some_time_s, signal.SIGINT)]
    ended = []
    for wait_s, number in moments:
        process = started(tmp_path, words)
        ended.append((wait_s, ends_after(process, wait_s, number), process.returncode))

    assert [code for _, _, code in ended] == [0, 0], ended


def test_a_command_that_is_stopped_says_so_and_is_not_done(tmp_path: Path) -> None:
    process = started(tmp_path, ["migrate"])
    told = ends_after(process, 0.0, signal.SIGTERM)

    assert process.returncode == 1
    assert "stopped by SIGTERM" in told
    assert len(told.splitlines()) == 1
