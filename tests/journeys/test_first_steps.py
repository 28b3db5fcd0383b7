"""The demo as a stranger meets it: a link, a webhook, a change, a receiver that breaks."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from testkit.ports import free_port
from testkit.processes import clean_environment

WAIT_S = 60
LABELS = ("Sign in", "Platform key", "Reseller key", "Receiver URL", "Receiver page", "Operator")


class Demo:
    """A running demo, and what it printed by label."""

    def __init__(self, data: Path, port: int) -> None:
        self.process = subprocess.Popen(
            _command(port, data),
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        lines = [self.process.stdout.readline() for _ in LABELS]
        self.printed = {
            label: value.strip() for label, _, value in (line.partition(":") for line in lines)
        }
        self.api = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {self.printed['Reseller key']}"},
        )
        self.page = httpx.Client(base_url=self.printed["Receiver page"], follow_redirects=True)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=WAIT_S)
        return self.process.returncode

    def change(self) -> None:
        self.page.post("/change", data={"resource": "COMPANY"}).raise_for_status()

    def deliveries(self, **query: str) -> list[dict[str, Any]]:
        answer = self.api.get("/api/v1/deliveries", params=query).raise_for_status()
        return list(answer.json()["items"])


def _command(port: int, data: Path) -> list[str]:
    program = [sys.executable, "-m", "reseller_webhooks", "demo"]
    return [*program, "--port", str(port), "--data", str(data)]


def until(condition: Callable[[], Any]) -> Any:
    """The value, once there is one; another process is watched, which cannot signal."""
    deadline = time.monotonic() + WAIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
    return value


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    one = Demo(tmp_path / "data", free_port(3))
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.communicate()


def _add_webhook(demo: Demo) -> None:
    demo.api.post(
        "/api/v1/webhooks",
        json={
            "url": demo.printed["Receiver URL"],
            "resource": "COMPANY",
            "actions": ["ADDED", "CHANGED", "REMOVED"],
            "auth": {"type": "TOKEN", "token": "s3cret"},
        },
    ).raise_for_status()


def test_a_stranger_sees_a_change_arrive_a_receiver_break_and_recover(demo: Demo) -> None:
    _add_webhook(demo)
    demo.change()
    until(lambda: demo.deliveries(state="DELIVERED"))
    demo.page.post("/mood", data={"mood": "answers 503"})
    demo.change()
    broken = until(lambda: [d for d in demo.deliveries(state="PENDING") if d["attemptCount"]])
    demo.page.post("/mood", data={"mood": "works"})
    until(lambda: len(demo.deliveries(state="DELIVERED")) == 2)
    html = demo.page.get("/").text

    assert broken[0]["last"]["status"] == 503
    assert len(re.findall(r"COMPANY (CHANGED|ADDED|REMOVED)", html)) >= 3
    assert "x-appdirect-webhook-token" in html
    assert "s3cret" not in html


def test_the_link_signs_in_once_and_leads_to_the_webhooks_page(demo: Demo) -> None:
    with httpx.Client(follow_redirects=True) as browser:
        looked_at = browser.get(demo.printed["Sign in"])
        signed_in = browser.post(
            looked_at.url,
            data={"form-token": _form_token(looked_at.text)},
            headers={"origin": f"{looked_at.url.scheme}://{looked_at.url.netloc.decode()}"},
        )
    with httpx.Client(follow_redirects=True) as other:
        second = other.get(demo.printed["Sign in"])

    assert "Add Webhook" not in looked_at.text
    assert signed_in.url.path == "/manage/reseller/settings/integration/webhooks"
    assert "Add Webhook" in signed_in.text
    assert "Add Webhook" not in second.text
    assert second.status_code == 410


def test_commands_beside_the_demo_print_links_to_its_port(demo: Demo, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/data/reseller-webhooks.db"
    printed = [
        subprocess.run(
            [sys.executable, "-m", "reseller_webhooks", "users", "link", "admin@fernhill.example"],
            env=clean_environment() | {"RESELLER_WEBHOOKS_DATABASE": database} | given,
            capture_output=True,
            text=True,
            check=True,
            timeout=WAIT_S,
        ).stdout
        for given in ({}, {"RESELLER_WEBHOOKS_PUBLIC_URL": "https://hooks.example"})
    ]

    assert printed[0].startswith(f"{demo.api.base_url}/sign-in/".replace("//sign", "/sign"))
    assert printed[1].startswith("https://hooks.example/sign-in/")
    with httpx.Client(follow_redirects=True) as browser:
        operator = browser.get(demo.printed["Operator"])
    assert (operator.status_code, 'name="form-token"' in operator.text) == (200, True)


def _form_token(html: str) -> str:
    found = re.search(r'name="form-token" value="([^"]+)"', html)
    assert found
    return found[1]


def test_it_ends_when_asked_and_goes_on_with_the_same_data(demo: Demo, tmp_path: Path) -> None:
    keys = demo.printed["Reseller key"]
    began = time.monotonic()
    code = demo.end()
    took = time.monotonic() - began
    again = Demo(tmp_path / "data", free_port(3))
    events = again.api.get("/api/v1/sync/COMPANY/digest").json()["count"]
    again.end()

    assert (code, took < 10) == (0, True)
    assert again.printed["Reseller key"] == keys
    assert events == 12


def test_a_port_that_is_taken_is_named_in_one_line(tmp_path: Path) -> None:
    port = free_port(3)
    with socket.create_server(("127.0.0.1", port + 1)):
        done = subprocess.run(
            _command(port, tmp_path),
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(port + 1) in done.stderr
