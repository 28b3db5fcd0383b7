from ipaddress import IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.targets import KIND_DENIED, KIND_TUNNEL
from reseller_webhooks.core.webhooks.ip_policy import (
    ONLY_PUBLIC,
    TargetNetworks,
    is_public,
    kind_of,
    refusal,
    refusal_of_name,
    vet,
)
from reseller_webhooks.core.webhooks.target_url import (
    URL_CHARS_MAX,
    check_target,
    check_url,
    host_of,
    literal_address,
)
from reseller_webhooks.settings import load

PUBLIC_V4 = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def networks(*texts: str) -> TargetNetworks:
    return load(allow_targets=texts).target_networks


@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        ("https://hooks.example.com/in", "https://hooks.example.com/in"),
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("https://hooks.example.com?a=b", "https://hooks.example.com/?a=b"),
        ("HTTPS://Hooks.EXAMPLE.com/In", "https://hooks.example.com/In"),
        ("https://hooks.example.com:443/", "https://hooks.example.com/"),
        ("https://hooks.example.com:/", "https://hooks.example.com/"),
        ("https://hooks.example.com:08443/", "https://hooks.example.com:8443/"),
        ("https://bücher.example/straße", "https://xn--bcher-kva.example/stra%C3%9Fe"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://my_hook.example.com/", "https://my_hook.example.com/"),
        ("https://localhost:8443/in", "https://localhost:8443/in"),
        ("https://127.0.0.1/in", "https://127.0.0.1/in"),
        ("https://①②⑦.0.0.1/in", "https://127.0.0.1/in"),
        ("https://[::1]:8443/in", "https://[::1]:8443/in"),
        ("https://[2001:DB8:0::1]/", "https://[2001:db8::1]/"),
        ("https://h.example/?sig=a%2Bb%2fc&x={y}", "https://h.example/?sig=a%2Bb%2fc&x=%7By%7D"),
        ("https://h.example/a/../b//c?d=e@f:g", "https://h.example/a/../b//c?d=e@f:g"),
        ("https://h.example/a\\b", "https://h.example/a%5Cb"),
    ],
)
def test_a_url_is_kept_in_one_form(entered: str, kept: str) -> None:
    assert check_url(entered) == kept


@pytest.mark.parametrize(
    ("entered", "complaint"),
    [
        ("", "is empty"),
        ("http://hooks.example.com/", "begins with http://"),
        ("ftp://hooks.example.com/", "begins with ftp://"),
        ("hooks.example.com/in", "does not begin with https://"),
        ("https:hooks.example.com/in", "does not begin with https://"),
        ("javascript:alert(1)", "does not begin with https://"),
        ("//hooks.example.com/in", "does not begin with https://"),
        ("https://", "names no host"),
        ("https:///in", "names no host"),
        ("https://:8443/in", "names no host"),
        (" https://hooks.example.com/", "character 1 is a space"),
        ("https://hooks.example.com/a b", "character 28 is a space"),
        ("https://hooks.example.com/\r\nhost: evil", "cannot be seen"),
        ("https://hooks.exam\tple.com/", "cannot be seen"),
        ("https://hooks.example.com/\x00", "cannot be seen"),
        ("https://hooks.example.com/\u202e", "cannot be seen"),
        ("https://hooks.example.com/\ud800", "cannot be seen"),
        ("https://hooks.example.com/#top", "has a fragment"),
        ("https://hooks.example.com/#", "has a fragment"),
        ("https://user@hooks.example.com/", "holds a user name or password"),
        ("https://hooks.example.com\\@evil.example/", "holds a user name or password"),
        ("https://hooks.example.com\\evil.example/", "not a valid name"),
        ("https://hooks.example.com:0/", "port 0"),
        ("https://hooks.example.com:65536/", "port 65536 does not exist"),
        ("https://hooks.example.com:9999999999999999999999/", "does not exist"),
        ("https://hooks.example.com:https/", "no valid host and port"),
        ("https://hooks.example.com:-1/", "no valid host and port"),
        ("https://hooks.example.com:８４４３/", "no valid host and port"),
        ("https://hooks.example.com./", "ends with a dot"),
        ("https://hooks..example.com/", "not a valid name"),
        ("https://.example.com/", "not a valid name"),
        ("https://-a.example.com/", "not a valid name"),
        ("https://ex%61mple.com/", "not a valid name"),
        ("https://*.example.com/", "not a valid name"),
        (f"https://{'a' * 64}.example.com/", "not a valid name"),
        (f"https://{'a.' * 126}example/", "characters long"),
        ("https://intranet/", "has no domain"),
        ("https://a。b\u0300\u0300..c/", "not a valid"),
        ("https://2130706433/", "ends in a number"),
        ("https://127.1/", "ends in a number"),
        ("https://0x7f.1/", "ends in a number"),
        ("https://0x7f000001/", "ends in a number"),
        ("https://0177.0.0.1/", "ends in a number"),
        ("https://127.0.0.0x1/", "ends in a number"),
        ("https://256.0.0.1/", "ends in a number"),
        ("https://127.0.0.1./", "ends with a dot"),
        ("https://example.0x/", "ends in a number"),
        ("https://[::g]/", "not an IPv6 address"),
        ("https://[127.0.0.1]/", "not an IPv6 address"),
        ("https://[fe80::1%eth0]/", "network interface"),
        ("https://[::1/", "no valid host"),
        ("https://[::1]x/", "no valid host"),
        ("https://a[::1]/", "no valid host"),
        ("https://hooks.example.com/" + "a" * URL_CHARS_MAX, "characters long"),
        ("https://hooks.example.com/" + "é" * 1000, "characters long"),
    ],
)
def test_a_url_that_cannot_be_a_target_is_refused_with_the_reason(
    entered: str, complaint: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check_url(entered, "/auth/tokenUrl")

    (problem,) = refused.value.problems
    assert problem.pointer == "/auth/tokenUrl"
    assert complaint in problem.detail


def test_a_password_in_a_url_is_not_repeated_in_the_error() -> None:
    with pytest.raises(Invalid) as refused:
        check_url("https://user:hunter2@hooks.example.com:99999/")

    assert "hunter2" not in str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_either_kept_in_a_form_that_stays_or_invalid(text: str) -> None:
    try:
        kept = check_url("https://" + text)
    except Invalid:
        return

    assert check_url(kept) == kept
    assert kept.isascii()
    assert kept.isprintable()
    assert " " not in kept
    assert host_of(kept)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{:d}", "{:#x}", "0{:o}"]))
def test_an_address_written_as_one_number_is_never_a_target(number: int, notation: str) -> None:
    with pytest.raises(Invalid, match="ends in a number"):
        check_url(f"https://{notation.format(number)}/")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://127.0.0.1:8443/in", "127.0.0.1"),
        ("https://[::1]/in", "::1"),
        ("https://hooks.example.com/127.0.0.1", None),
        ("https://127.0.0.1.example.com/", None),
    ],
)
def test_the_address_of_a_url_is_seen_before_anything_is_sent(
    url: str, address: str | None
) -> None:
    assert literal_address(check_url(url)) == address


def test_a_url_with_a_forbidden_address_is_refused_with_the_remedy() -> None:
    with pytest.raises(Invalid, match=r"loopback.*RESELLER_WEBHOOKS_ALLOW_TARGETS=127.0.0.1/32"):
        check_target("https://127.0.0.1/in", ONLY_PUBLIC)


def test_a_url_with_an_address_that_the_operator_allows_is_fine() -> None:
    allowed = networks("127.0.0.0/8")

    assert check_target("https://127.0.0.1/in", allowed) == "https://127.0.0.1/in"


@pytest.mark.parametrize("address", [PUBLIC_V4, PUBLIC_V6, "1.1.1.1", "2a00:1450:4001:80f::200e"])
def test_a_public_address_may_be_connected_to(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        f"{PUBLIC_V6}%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
        "2001:2::1",
        "2001:10::1",
        "2001:db8::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
    ],
)
def test_an_address_that_is_not_global_unicast_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "outside",
    [
        "::ffff:{}",
        "64:ff9b::{}",
        "64:ff9b:1::{}",
        "2002:{hex}::1",
        "2001:0:{hex}::{inverted}",
    ],
)
@pytest.mark.parametrize("inside", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "0.1.2.3"])
def test_a_forbidden_address_inside_another_is_found(outside: str, inside: str) -> None:
    address = wrapped(outside, inside)

    assert not is_public(address)


@pytest.mark.parametrize("outside", ["::ffff:{}", "64:ff9b::{}", "64:ff9b:1::{}"])
def test_a_public_address_inside_another_may_be_connected_to(outside: str) -> None:
    assert is_public(wrapped(outside, PUBLIC_V4))


@pytest.mark.parametrize(
    "outside",
    [
        "2002:{hex}::1",
        "2001:0:{hex}::{inverted}",
        "2606:2800:21f:1:0:5efe:{hex}",
        "2606:2800:21f:1:200:5efe:{hex}",
    ],
    ids=["6to4", "teredo", "isatap", "isatap-global"],
)
@given(st.ip_addresses(v=4).map(str))
def test_an_address_of_a_tunnel_is_refused_whatever_is_inside(outside: str, address: str) -> None:
    assert kind_of(wrapped(outside, address)) == KIND_TUNNEL()


WRAPPINGS = (
    "{}",
    "::ffff:{}",
    "64:ff9b::{}",
    "64:ff9b:1::{}",
    "2002:{hex}::1",
    "2001:0:{hex}::{inverted}",
    "2606:2800:21f:1:0:5efe:{hex}",
    "2606:2800:21f:1:200:5efe:{hex}",
)


@given(st.ip_addresses(v=4).map(str), st.sampled_from(WRAPPINGS))
def test_a_denied_address_is_denied_in_every_form_though_everything_is_allowed(
    address: str, wrapping: str
) -> None:
    everything = networks("0.0.0.0/0", "::/0").allowed

    assert is_public(wrapped(wrapping, address), TargetNetworks(everything))
    assert (
        kind_of(wrapped(wrapping, address), TargetNetworks(everything, [ip_network(address)]))
        == KIND_DENIED()
    )


@given(st.ip_addresses(v=6))
def test_a_denied_prefix_of_the_site_holds_all_of_it_and_nothing_else(address: IPv6Address) -> None:
    prefix = ip_network("2606:2800:21f:64::/96")
    inside = prefix[int(address) & 0xFFFF_FFFF]
    denied = TargetNetworks(denied=[prefix])

    assert kind_of(str(inside), denied) == KIND_DENIED()
    assert (kind_of(str(address), denied) == KIND_DENIED()) == (address in prefix)


def test_local_nat64_that_nobody_can_read_is_refused() -> None:
    assert not is_public("64:ff9b:1:0808:8:800::")


@pytest.mark.parametrize(
    "text", ["", "localhost", "2130706433", "127.1", "0x7f.1", "0177.0.0.1", "1.2.3.4/8", "::1%"]
)
def test_what_is_no_address_is_never_public(text: str) -> None:
    assert kind_of(text) is not None


def test_what_the_operator_allows_is_allowed_inside_another_address_too() -> None:
    allowed = networks("127.0.0.0/8")

    assert is_public("127.0.0.1", allowed)
    assert is_public("::ffff:127.0.0.1", allowed)
    assert not is_public("10.0.0.1", allowed)
    assert not is_public("::1", allowed)


def test_one_forbidden_address_spoils_a_name() -> None:
    assert vet([PUBLIC_V4, "10.0.0.1", PUBLIC_V6]) == "10.0.0.1"
    assert vet([PUBLIC_V4, PUBLIC_V6]) is None


def test_a_refusal_names_address_kind_and_setting() -> None:
    assert str(refusal("fe80::1%eth0")) == (
        "address fe80::1%eth0 is link-local; a target must be "
        "reachable from the whole internet. If it is right, the operator can set "
        "RESELLER_WEBHOOKS_ALLOW_TARGETS=fe80::1/128"
    )
    assert str(refusal("8.8.8.8", TargetNetworks(denied=[ip_network("8.0.0.0/8")]))) == (
        "address 8.8.8.8 is in a network that is never a target; give another URL"
    )
    assert str(refusal_of_name("hooks.example.com")).startswith(
        "hooks.example.com does not lead to a public address; "
    )


@given(st.ip_addresses(v=4).map(str))
def test_ipv4_is_judged_the_same_in_every_wrapping(address: str) -> None:
    judged = {
        is_public(wrapped(how, address)) for how in ("::ffff:{}", "64:ff9b::{}", "64:ff9b:1::{}")
    }

    assert judged == {is_public(address)}


def wrapped(outside: str, inside: str) -> str:
    number = as_number(inside)
    return outside.format(inside, hex=groups(number), inverted=groups(number ^ 0xFFFFFFFF))


def as_number(address: str) -> int:
    return int.from_bytes(bytes(map(int, address.split("."))))


def groups(number: int) -> str:
    return f"{number >> 16:x}:{number & 0xFFFF:x}"
