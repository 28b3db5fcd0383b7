import pytest

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.engine.sending.http1.request import origin_of_url, request_bytes


@pytest.mark.parametrize(
    ("url", "origin", "name", "port"),
    [
        ("https://hooks.example.com", "hooks.example.com", "hooks.example.com", 443),
        ("https://hooks.example.com:443/x", "hooks.example.com", "hooks.example.com", 443),
        ("https://HOOKS.example.com:8443/x", "hooks.example.com:8443", "hooks.example.com", 8443),
        ("https://[::1]/x", "[::1]", "::1", 443),
        ("https://[::1]:8443/x", "[::1]:8443", "::1", 8443),
        ("https://127.0.0.1:8443/x", "127.0.0.1:8443", "127.0.0.1", 8443),
    ],
)
def test_a_url_says_where_to_connect_and_who_should_be_there(
    url: str, origin: str, name: str, port: int
) -> None:
    target = origin_of_url(url)

    assert (target.origin, target.name, target.port) == (origin, name, port)
    assert target.is_address == (":" in name or name[0] == "1")


def test_a_request_is_its_lines_and_its_body() -> None:
    target = origin_of_url("https://hooks.example.com/a?b=c")

    assert (
        request_bytes(target, {"x-one": "1", "x-two": "ü"}, b"{}")
        == (
            "POST /a?b=c HTTP/1.1\r\nhost: hooks.example.com\r\nx-one: 1\r\nx-two: ü\r\n"
            "content-length: 2\r\n\r\n{}"
        ).encode()
    )


def test_a_request_may_have_no_headers_and_no_body() -> None:
    target = origin_of_url("https://hooks.example.com")

    assert request_bytes(target, {}, b"") == (
        b"POST / HTTP/1.1\r\nhost: hooks.example.com\r\ncontent-length: 0\r\n\r\n"
    )


@pytest.mark.parametrize(
    "headers", [{"a": "s3cret\r\nb: c"}, {"a": "s3cret\rb"}, {"a\nb": "s3cret"}, {"a": "s3cret\0"}]
)
def test_a_header_that_would_become_two_is_not_sent(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="line break") as raised:
        request_bytes(origin_of_url("https://hooks.example.com"), headers, b"")

    assert "s3cret" not in str(raised.value)


def test_what_is_no_target_is_never_asked() -> None:
    with pytest.raises(Invalid):
        origin_of_url("http://hooks.example.com/")
