"""CA_FILE is read again when it changes; a file that cannot be used changes nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from reseller_webhooks.bootstrap import trusted_certificates
from reseller_webhooks.core.deliveries.attempts import Outcome, Outgoing
from reseller_webhooks.core.health.conditions import ConditionCode
from reseller_webhooks.engine.sending.sender import Sender
from tests.engine.engine_fixture import LOOPBACK
from tests.receivers.behaviours import answers
from tests.receivers.receiver import Behaviour, Receiver, everything_is_here


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


def _break(file: Path) -> None:
    file.write_text("no certificate")


async def _outcome(sender: Sender, receiver: Receiver) -> Outcome:
    return (await sender.send(Outgoing(receiver.url(), {}, b"{}"))).outcome


async def test_a_replaced_file_is_in_force_and_a_broken_one_is_not(
    tmp_path: Path, receiving: Callable[[Behaviour], Receiver], ca_file: Path
) -> None:
    mine = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(mine))
    given = {"ca_file": mine, "networks": LOOPBACK, "resolve": everything_is_here}
    async with receiving(answers(204)) as receiver, Sender(**given) as sender:
        before = await _outcome(sender, receiver)
        _copy(ca_file, mine)
        refreshed = sender.trust.refresh(), sender.trust.refresh()
        after = await _outcome(sender, receiver)
        _break(mine)
        broken = sender.trust.refresh()
        codes = [one.code for one in sender.trust.conditions()]
        kept = await _outcome(sender, receiver)
        _copy(ca_file, mine)
        mended = sender.trust.refresh()

    assert (before, after, kept) == (Outcome.FAILED, Outcome.ACCEPTED, Outcome.ACCEPTED)
    assert (refreshed, broken, mended) == ((True, False), False, True)
    assert codes == [ConditionCode.CA_FILE_UNUSABLE]
    assert list(sender.trust.conditions()) == []


@pytest.mark.parametrize(
    ("days", "is_valid", "words"),
    [(-1, False, "expired on"), (10, True, "expires on"), (100, True, "1 certificate, all valid")],
)
def test_check_finds_certificates_that_have_expired_or_will_soon(
    ca_file: Path, days: int, is_valid: bool, words: str
) -> None:
    lines, _ = trusted_certificates.report(ca_file)
    end = _end(ca_file)
    found, is_well = trusted_certificates.report(ca_file, end - timedelta(days=days))

    assert lines == ["CA_FILE: 1 certificate, all valid"]
    assert words in found[0]
    assert is_well is is_valid


def test_check_refuses_a_file_that_cannot_be_read_with_one_line(tmp_path: Path) -> None:
    lines, is_well = trusted_certificates.report(tmp_path / "none.pem")

    assert not is_well
    assert "none.pem" in lines[0]
    assert len(lines) == 1


def _end(ca_file: Path) -> datetime:
    return x509.load_pem_x509_certificate(ca_file.read_bytes()).not_valid_after_utc.astimezone(UTC)
