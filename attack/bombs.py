"""Endless request lines and headers over one connection."""

from testkit.raw_http import connected, pushed, status, until_end

MIB = 1024 * 1024
BYTES_MAX = 60 * MIB


def header_fields(port: int) -> str:
    """60 MB of header fields."""
    return _bomb(port, b"GET / HTTP/1.1\r\n", b"A: %s\r\n" % (b"a" * 1000))


def header_value(port: int) -> str:
    """One field of 60 MB."""
    return _bomb(port, b"GET / HTTP/1.1\r\nA: ", b"a" * 1024)


def request_line(port: int) -> str:
    """One URL of 60 MB."""
    return _bomb(port, b"GET /", b"a" * 1024)


def _bomb(port: int, head: bytes, part: bytes) -> str:
    with connected(port) as one:
        one.settimeout(5)
        one.sendall(head)
        sent = pushed(one, part * 64, BYTES_MAX)
        try:
            answer = until_end(one, 5)
        except TimeoutError:
            answer = b""
    said = f"answered {status(answer)}" if answer else "no answer"
    return f"{sent / MIB:.1f} MB sent, {said}"
