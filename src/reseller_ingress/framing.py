"""Heads that a proxy may read otherwise than this server: another end of a body, another host."""

from collections.abc import Sequence

_SINGLE = frozenset({b"host", b"transfer-encoding"})


def is_unambiguous(headers: Sequence[tuple[bytes, bytes]], version: str) -> bool:
    """Whether a head names one host, and no transfer coding but `chunked` by HTTP/1.1.

    HTTP/1.0 may name no host and has no codings. Other codings are not undone here, and the parser
    takes the last of several (RFC 9112, 3.2 and 6.1). headers: names in lower case.
    """
    found = [(name, value) for name, value in headers if name in _SINGLE]
    names = {name for name, _ in found}
    coding = next((value for name, value in found if name == b"transfer-encoding"), None)
    is_known = coding is None or (coding.strip().lower() == b"chunked" and version == "1.1")
    has_host = b"host" in names or version == "1.0"
    return len(names) == len(found) and is_known and has_host
