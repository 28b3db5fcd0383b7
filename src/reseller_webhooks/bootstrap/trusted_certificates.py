"""The certificates in CA_FILE, for `check`: which have expired, and which will soon."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from reseller_webhooks import clock
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.engine.sending.http1.tls import tls_context

SOON = timedelta(days=30)


def report(ca_file: Path, now: datetime | None = None) -> tuple[list[str], bool]:
    """Lines about the file and whether all of its certificates are good now."""
    now = now or datetime.fromtimestamp(clock.now() / clock.SECOND, UTC)
    try:
        tls_context(ca_file)
        found = x509.load_pem_x509_certificates(ca_file.read_bytes())
    except (Refused, OSError, ValueError) as error:
        return [f"CA_FILE: {error}"], False
    expired = [one for one in found if one.not_valid_after_utc < now]
    soon = [one for one in found if now <= one.not_valid_after_utc < now + SOON]
    lines = [
        *(f"{_name(one)} expired on {_day(one)}; replace it" for one in expired),
        *(f"{_name(one)} expires on {_day(one)}; replace it before" for one in soon),
    ]
    return lines or [f"CA_FILE: {_count(len(found))}, all valid"], not expired


def _count(certificates: int) -> str:
    return f"{certificates} certificate{'' if certificates == 1 else 's'}"


def _name(one: x509.Certificate) -> str:
    return f"CA_FILE: the certificate {one.subject.rfc4514_string()!r}"


def _day(one: x509.Certificate) -> str:
    return f"{one.not_valid_after_utc:%Y-%m-%d}"
