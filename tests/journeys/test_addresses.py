"""serve --host: every kind of address that a machine can be reached at."""

import os
import socket
from pathlib import Path

import httpx
import pytest

from bench.program import Process
from reseller_webhooks.bootstrap.serving import listening
from reseller_webhooks.core.errors import Refused

REACHED = {
    "127.0.0.1": ["127.0.0.1"],
    "localhost": ["localhost"],
    "0.0.0.0": ["127.0.0.1"],  # noqa: S104 - what an operator may say
    "::1": ["::1"],
    "::": ["::1", "127.0.0.1"],
}


@pytest.mark.parametrize("host", REACHED)
def test_it_is_reached_where_it_listens(host: str) -> None:
    with listening(host, 0) as one:
        port = one.getsockname()[1]
        for reached in REACHED[host]:
            with socket.create_connection((reached, port)) as caller:
                assert caller.getpeername()[1] == port


def test_the_program_serves_on_an_ipv6_address(tmp_path: Path) -> None:
    settings = {"RESELLER_WEBHOOKS_DATABASE": f"sqlite:///{tmp_path}/test.db"}
    one = Process(os.environ | settings, "--role", "api", host="::1")
    one.start()
    try:
        answer = httpx.get(f"{one.url}/healthz")
    finally:
        one.stop()

    assert one.url.startswith("http://[::1]:")
    assert answer.is_success


@pytest.mark.parametrize("host", ["::1", "127.0.0.1"])
def test_an_address_that_is_taken_is_named_as_it_is_written(host: str) -> None:
    with listening(host, 0) as one, pytest.raises(Refused) as refused:
        listening(host, one.getsockname()[1])

    shown = f"[{host}]" if ":" in host else host
    assert f"cannot listen on {shown}:" in str(refused.value)
    assert "address already in use" in str(refused.value)


def test_a_host_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Refused, match=r"cannot listen on nowhere\.invalid:0: "):
        listening("nowhere.invalid", 0)
