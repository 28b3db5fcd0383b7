"""The program does its work under the filter of system calls that its unit sets."""

import re
import shutil
import signal
import sys
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from reseller_webhooks.http.pages import paths
from testkit.ports import free_port
from tests.journeys.test_starting import Manager, child, manager
from tests.sandboxed import LIBRARY, allowed

__all__ = ["manager"]

UNIT = Path(__file__).parents[2] / "deploy" / "reseller-webhooks@.service"
PROBE = "import os; os.setpriority(os.PRIO_PROCESS, 0, 5); os.chown('.', -1, -1)"

needs_systemd = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("systemd-analyze"),
    reason=f"systemd-analyze and {LIBRARY} come with Debian's package systemd",
)


def confined(*words: str) -> list[str]:
    return ["-m", "tests.sandboxed", str(UNIT), sys.executable, *words]


def test_lines_of_a_filter_add_and_take_away_in_sequence() -> None:
    known = {"@default": {"brk"}, "@a": {"@b", "read"}, "@b": {"chown", "nice"}}

    assert allowed(["@a", "~@b", "nice"], known) == {"brk", "read", "nice"}


@needs_systemd
def test_what_the_filter_leaves_out_is_refused(tmp_path: Path) -> None:
    with child(tmp_path, confined("-c", PROBE), PYTHONPATH=str(UNIT.parents[1])) as process:
        _, said = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "os.chown" in said or "PermissionError" in said
    assert "setpriority" not in said.splitlines()[-1]


@needs_systemd
def test_it_gets_ready_hashes_a_password_and_stops(tmp_path: Path, manager: Manager) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    told = {"NOTIFY_SOCKET": manager.address, "PYTHONPATH": str(UNIT.parents[1])}
    words = confined("-m", "reseller_webhooks", "serve", "--port", str(port))
    with child(tmp_path, words, **told) as process:
        manager.until("READY=1")
        with httpx.Client(base_url=origin, headers={"origin": origin}, timeout=30) as client:
            page = client.get(paths.SIGN_IN).text
            token = re.findall(r'name="form-token" value="([^"]+)"', page)[0]
            fields = {"email": "ana@acme.example", "password": "x", "form-token": token}
            answer = client.post(paths.SIGN_IN, data=fields)
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert code == 0
    assert (tmp_path / "test.db").stat().st_mode & 0o077 == 0
