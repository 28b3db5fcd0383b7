"""Heads that a proxy may read otherwise than this server: another end of a body, another host."""

from collections.abc import Sequence

from reseller_ingress.host import parse_host
from reseller_ingress.refusals import RefusalReason

_SINGLE = frozenset({b"authorization", b"host", b"transfer-encoding"})


def ambiguity(
    target: bytes, headers: Sequence[tuple[bytes, bytes]], version: str
) -> RefusalReason | None:
    """The reason to refuse a head: it does not name one host, or has a transfer coding but
    `chunked` by HTTP/1.1.

    HTTP/1.0 may name no host and has no codings. Other codings are not undone here, and the parser
    takes the last of several (RFC 9112, 3.2 and 6.1). headers: names in lower case.
    """
    found = [(name, value) for name, value in headers if name in _SINGLE]
    fields = dict(found)
    coding = fields.get(b"transfer-encoding")
    is_known = coding is None or (coding.strip().lower() == b"chunked" and version == "1.1")
    has_host = b"host" in fields or version == "1.0"
    if len(fields) != len(found) or not is_known or not has_host:
        return RefusalReason.INVALID
    host = fields.get(b"host")
    if host is not None and not (parse_host(host) and _is_for(target, host)):
        return RefusalReason.HOST
    return None


def _is_for(target: bytes, host: bytes) -> bool:
    """True if a target is a path, or a URL of the same host (RFC 9112, 3.2.2)."""
    _, scheme, rest = target.partition(b"://")
    is_path = target.startswith((b"/", b"*")) or not scheme
    return is_path or rest.partition(b"/")[0].partition(b"?")[0].lower() == host.lower()
