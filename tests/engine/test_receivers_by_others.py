"""Receivers that others wrote: Debian's `webhook`, and the standard's package for JavaScript."""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.webhooks.webhook import TokenAuth
from reseller_webhooks.operations import webhooks
from tests.engine.engine_fixture import BODY, Make
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import HOST, LOOPBACK, Receiver

WAIT_S = 20
VERIFY = """
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";
const given = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(new Webhook(given.secret).verify(given.body, given.headers)));
"""

needs_webhook = pytest.mark.skipif(not shutil.which("webhook"), reason="apt-get install webhook")
needs_npm = pytest.mark.skipif(not shutil.which("npm"), reason="Node.js with npm is not here")


@contextmanager
def debian_webhook(directory: Path, authority: Authority, token: str) -> Iterator[int]:
    """The `webhook` program over TLS: takes what has the token, and writes the body to a file."""
    script = directory / "take.sh"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {directory}/taken\n')
    script.chmod(0o755)
    rule = {
        "type": "value",
        "value": token,
        "parameter": {"source": "header", "name": "X-Appdirect-Webhook-Token"},
    }
    hook = {
        "id": "crm",
        "execute-command": str(script),
        "pass-arguments-to-command": [{"source": "raw-request-body"}],
        "trigger-rule": {"match": rule},
        "trigger-rule-mismatch-http-response-code": 401,
    }
    (directory / "hooks.json").write_text(json.dumps([hook]))
    pair = str(authority.write_pair(directory, HOST))
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        port = one.getsockname()[1]
    arguments = ["-hooks", "hooks.json", "-ip", LOOPBACK, "-port", str(port), "-verbose"]
    process = subprocess.Popen(
        ["webhook", *arguments, "-secure", "-cert", pair, "-key", pair],
        cwd=directory,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stderr
        while "serving hooks" not in (line := process.stderr.readline()):
            assert line, "webhook ended before it served"
        yield port
    finally:
        process.kill()
        process.communicate()


@needs_webhook
async def test_debians_webhook_takes_what_has_the_token(
    make: Make, tmp_path: Path, authority: Authority
) -> None:
    running = make()
    with debian_webhook(tmp_path, authority, "s3cret") as port:
        running.webhook(f"https://{HOST}:{port}/hooks/crm", auth=TokenAuth(token="s3cret"))
        async with running.sending():
            running.tell("c1")
            (line,) = await running.closed(1)

    assert line.state is State.DELIVERED
    assert json.loads((tmp_path / "taken").read_text()) == json.loads(BODY)


@needs_webhook
async def test_debians_webhook_refuses_a_wrong_token_and_the_log_says_so(
    make: Make, tmp_path: Path, authority: Authority
) -> None:
    running = make()
    with debian_webhook(tmp_path, authority, "s3cret") as port:
        running.webhook(f"https://{HOST}:{port}/hooks/crm", auth=TokenAuth(token="wrong"))
        async with running.sending():
            running.tell("c1")
            (line,) = await running.closed(1)

    assert (line.state, line.last_status) == (State.FAILED, 401)
    assert not (tmp_path / "taken").exists()


@needs_npm
async def test_the_standards_javascript_package_verifies_the_signature(
    make: Make, tmp_path: Path, authority: Authority
) -> None:
    running = make()
    async with Receiver(answers(), tls=authority.serves(HOST)) as receiver, running.sending():
        row = running.webhook(receiver.url())
        running.tell("c1")
        (request,) = await receiver.received(1)
    secret = webhooks.open_webhook(running.box, row, 0).secret
    given = {
        "secret": secret,
        "body": request.body.decode(),
        "headers": {name.lower(): value for name, value in request.headers},
    }
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "standardwebhooks@1"]
    await asyncio.to_thread(subprocess.run, install, cwd=tmp_path, check=True)
    (tmp_path / "verify.mjs").write_text(VERIFY)
    verified = await asyncio.to_thread(
        subprocess.run,
        ["node", "verify.mjs"],
        cwd=tmp_path,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(verified.stdout) == json.loads(BODY)
