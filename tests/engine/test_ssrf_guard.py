import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs

from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks
from reseller_webhooks.engine.sending.http1.ssrf_guard import AddressGuard, ForbiddenAddress

PUBLIC, LOOPBACK = "93.184.215.14", "127.0.0.1"
ALLOWED = TargetNetworks((ip_network("127.0.0.0/8"),))


class Names:
    """A name server that answers from a script; the last answer for ever."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        self.answering = asyncio.Event()
        self.answering.set()

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        await self.answering.wait()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_the_addresses_of_a_public_name_are_handed_on() -> None:
    guard = AddressGuard(resolve=Names([PUBLIC, "2606:2800:21f::1"]))

    found = await guard.addresses("hooks.example.com")

    assert found == [PUBLIC, "2606:2800:21f::1"]


async def test_one_forbidden_address_among_others_forbids_the_name() -> None:
    guard = AddressGuard(resolve=Names([PUBLIC, "169.254.169.254"]))

    with pytest.raises(
        ForbiddenAddress, match=r"hooks.example.com does not lead to a public address"
    ):
        await guard.addresses("hooks.example.com")


async def test_the_refusal_of_a_name_tells_its_address_to_the_operator_alone() -> None:
    guard = AddressGuard(resolve=Names(["10.11.12.13"]))

    with capture_logs() as logged, pytest.raises(ForbiddenAddress) as caught:
        await guard.addresses("inside.example.com")

    assert "10.11" not in str(caught.value)
    assert [(one["host"], one["address"], one["kind"]) for one in logged] == [
        ("inside.example.com", "10.11.12.13", "private")
    ]


async def test_a_denied_network_wins_over_an_allowed_one() -> None:
    networks = TargetNetworks((ip_network("127.0.0.0/8"),), (ip_network("127.0.0.1"),))
    guard = AddressGuard(networks, Names([LOOPBACK]))

    with pytest.raises(ForbiddenAddress, match="does not lead to a public address"):
        await guard.addresses("localhost")
    with pytest.raises(
        ForbiddenAddress, match=r"127\.0\.0\.1 is in a network that is never a target"
    ):
        guard.open_socket(LOOPBACK)


async def test_a_name_that_changes_to_a_forbidden_address_is_forbidden_then() -> None:
    """DNS rebinding: the first answer is only good for what was connected out of it."""
    names = Names([PUBLIC], [LOOPBACK])
    guard, later = AddressGuard(resolve=names), AddressGuard(resolve=names)
    first = await guard.addresses("hooks.example.com")

    with pytest.raises(ForbiddenAddress):
        await later.addresses("hooks.example.com")

    assert first == [PUBLIC]


async def test_a_socket_to_a_forbidden_address_is_not_opened() -> None:
    guard = AddressGuard(resolve=Names([PUBLIC]))

    for address in (LOOPBACK, "::1", "::ffff:127.0.0.1"):
        with pytest.raises(ForbiddenAddress):
            guard.open_socket(address)


async def test_a_socket_to_an_allowed_address_is_opened() -> None:
    guard = AddressGuard(ALLOWED, Names([LOOPBACK]))

    with guard.open_socket(LOOPBACK) as opened:
        assert opened.family == socket.AF_INET


async def test_an_answer_is_kept_for_a_while() -> None:
    names = Names([PUBLIC])
    guard = AddressGuard(resolve=names)

    for _ in range(3):
        await guard.addresses("hooks.example.com")

    assert names.asked == ["hooks.example.com"]


async def test_an_answer_is_asked_for_anew_when_its_time_is_over() -> None:
    now_s = 0.0
    names = Names([PUBLIC], [LOOPBACK])
    guard = AddressGuard(resolve=names, monotonic_s=lambda: now_s)
    await guard.addresses("hooks.example.com")
    now_s = 31.0

    with pytest.raises(ForbiddenAddress):
        await guard.addresses("hooks.example.com")


async def test_a_name_that_fails_is_not_asked_for_again_at_once() -> None:
    now_s = 0.0
    names = Names(socket.gaierror(socket.EAI_NONAME, "no such name"), [PUBLIC])
    guard = AddressGuard(resolve=names, monotonic_s=lambda: now_s)
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await guard.addresses("hooks.example.com")
    now_s = 6.0

    assert await guard.addresses("hooks.example.com") == [PUBLIC]
    assert len(names.asked) == 2


async def test_a_name_without_addresses_fails_as_an_unknown_one() -> None:
    with pytest.raises(socket.gaierror):
        await AddressGuard(resolve=Names([])).addresses("hooks.example.com")


async def test_many_that_ask_at_once_share_one_lookup() -> None:
    names = Names([PUBLIC])
    names.answering.clear()
    guard = AddressGuard(resolve=names)
    tasks = [asyncio.create_task(guard.addresses("hooks.example.com")) for _ in range(5)]
    await asyncio.wait(tasks, timeout=0)
    names.answering.set()

    assert await asyncio.gather(*tasks) == [[PUBLIC]] * 5
    assert names.asked == ["hooks.example.com"]


async def test_one_that_gives_up_does_not_end_the_lookup_of_the_others() -> None:
    names = Names([PUBLIC])
    names.answering.clear()
    guard = AddressGuard(resolve=names)
    hasty, patient = (asyncio.create_task(guard.addresses("hooks.example.com")) for _ in "ab")
    await asyncio.wait([hasty, patient], timeout=0)
    hasty.cancel()
    await asyncio.wait([hasty])
    names.answering.set()

    assert await patient == [PUBLIC]


async def test_the_systems_resolver_is_used_when_no_other_is_given() -> None:
    guard = AddressGuard(ALLOWED)

    assert LOOPBACK in await guard.addresses("127.0.0.1")
    await guard.close()


@pytest.mark.parametrize("notation", ["2130706433", "127.1", "0x7f.1", "0177.0.0.1"])
async def test_what_the_system_takes_for_loopback_is_forbidden(notation: str) -> None:
    guard = AddressGuard()

    with pytest.raises(ForbiddenAddress):
        await guard.addresses(notation)

    await guard.close()
