"""Which addresses callbacks may reach (O)."""

from __future__ import annotations

import sys

import pytest

from cheonggu.domain.guard import AllowRule, Guard, parse_allow
from cheonggu.domain.url import MAX_CHARACTERS, parse_host

LIVE = Guard()
SANDBOX = Guard(loopback=True)

INNER_HOSTS = (
    # loopback, in every spelling that inet_aton takes
    "127.0.0.1",
    "127.0.0.1.",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.1",
    "017700000001",
    "00000000000000000177.0.0.1",
    "127.0x1",
    "127.0.0.0x1",
    "0",
    "0x",
    "0.0.0.0",  # noqa: S104 (nothing binds to it)
    # private, shared, link-local, and the clouds' metadata
    "10.0.0.1",
    "10.1",
    "0xa000001",
    "012.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.168.257",
    "3232235777",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "169.254.43518",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "168.63.129.16",
    # reserved for other ends
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "4294967295",
    # IPv6
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[fe80::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[5f00::1]",
    "[4000::1]",
    # an inner IPv4 address inside
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:169.254.169.254]",
    "[0:0:0:0:0:ffff:10.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[::127.0.0.1]",
    "[::8.8.8.8]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::10.0.0.1]",
    "[64:ff9b:1:a00:0:100::]",
    "[2002:7f00:1::]",
    "[2002:a00:1::1]",
    "[2001:0:7f00:1::]",
    "[2001:0:808:808:0:0:80ff:fffe]",
)

PUBLIC_HOSTS = (
    "8.8.8.8",
    "134744072",
    "0x08080808",
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "[2606:4700::1111]",
    "[2001:4860:4860::8888]",
    "[::ffff:8.8.8.8]",
    "[64:ff9b::8.8.8.8]",
)


@pytest.mark.parametrize("host", INNER_HOSTS)
def test_an_inner_address_is_refused_in_any_spelling(host: str) -> None:
    for url in (f"http://{host}/callback", f"HTTPS://{host}:8443?x=1", f"http://{host}#f"):
        reason = LIVE.literal_reason(url)
        assert reason is not None
        assert "주소라서 보낼 수 없어요" in reason
    address = parse_host(host)
    assert LIVE.judge(str(address)) is not None


@pytest.mark.parametrize("host", PUBLIC_HOSTS)
def test_a_public_address_is_taken(host: str) -> None:
    assert LIVE.literal_reason(f"http://{host}/callback") is None
    assert LIVE.judge(str(parse_host(host))) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "127.8.8.8", "[::1]", "[::ffff:127.0.0.1]"])
def test_the_sandbox_reaches_loopback(host: str) -> None:
    assert SANDBOX.literal_reason(f"http://{host}:9000/callback") is None


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "10.0.0.1", "[::]", "[fe80::1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[::127.0.0.1]"],  # noqa: S104 (nothing binds to it)
)
def test_the_sandbox_reaches_nothing_else_inside(host: str) -> None:
    assert SANDBOX.literal_reason(f"http://{host}/callback") is not None


@pytest.mark.parametrize("address", ["fe80::1%eth0", "2606:4700::1111%1", "", "localhost", "10.0.0.0/8"])
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    assert SANDBOX.judge(address) is not None


@pytest.mark.parametrize(
    ("rules", "address", "host", "port", "allowed"),
    [
        ("10.0.0.0/8", "10.1.2.3", None, 80, True),
        ("10.0.0.0/8", "8.8.8.8", None, 80, True),
        ("10.0.0.0/8", "192.168.0.1", None, 80, False),
        ("10.0.0.0/8", "::ffff:10.1.2.3", None, 80, True),
        ("10.0.0.0/8", "64:ff9b::10.1.2.3", None, 80, True),
        ("10.0.0.0/8", "64:ff9b::192.168.0.1", None, 80, False),
        ("64:ff9b:1::/48", "64:ff9b:1::8.8.8.8", None, 80, True),
        ("64:ff9b:1::/48", "64:ff9b:1:808:8:800::", None, 80, True),
        ("64:ff9b:1::/48", "64:ff9b:1::10.0.0.1", None, 80, False),
        ("64:ff9b:1::/48", "64:ff9b:1:a00:0:100::", None, 80, False),
        ("64:ff9b:1::/48", "64:ff9b:1:a00:0:100::8.8.8.8", None, 80, False),
        ("64:ff9b:1::/48", "64:ff9b:1::", None, 80, False),
        # every prefix length of RFC 6052 has its own reading of 10.1.2.3
        ("64:ff9b:1::/48", "64:ff9b:1:a01:2:300::", None, 80, False),
        ("64:ff9b:1::/48 10.1.2.3", "64:ff9b:1:a01:2:300::", None, 80, True),
        ("64:ff9b:1::/48", "64:ff9b:1:a:1:203::", None, 80, False),
        ("64:ff9b:1::/48 10.1.2.3", "64:ff9b:1:a:1:203::", None, 80, True),
        ("64:ff9b:1::/48", "64:ff9b:1:0:a:102:300:0", None, 80, False),
        ("64:ff9b:1::/48 10.1.2.3", "64:ff9b:1:0:a:102:300:0", None, 80, True),
        ("64:ff9b:1::/48", "64:ff9b:1::a01:203", None, 80, False),
        ("64:ff9b:1::/48 10.1.2.3", "64:ff9b:1::a01:203", None, 80, True),
        ("64:ff9b:1::/48", "64:ff9b:1::1.2.3.4", None, 80, True),
        ("2001::/32", "2001:0:7f00:1::", None, 80, False),
        ("2001::/32", "2001:0:808:808:0:0:80ff:fffe", None, 80, False),
        ("2001::/32", "2001:0:808:808:0:0:f7f7:f7f7", None, 80, True),
        ("2002::/16", "2002:7f00:1::", None, 80, False),
        ("fd00::/8", "fd12::1", None, 80, True),
        ("fd00::/8", "fc00::1", None, 80, False),
        ("10.0.0.0/8:8080", "10.1.2.3", None, 8080, True),
        ("10.0.0.0/8:8080", "10.1.2.3", None, 80, False),
        ("[fd00::/8]:8080", "fd12::1", None, 8080, True),
        ("[fd00::1]:8080", "fd00::1", None, 80, False),
        ("127.1:9000", "127.0.0.1", None, 9000, True),
        ("ERP.internal.", "10.1.2.3", "erp.internal", 80, True),
        ("erp.internal", "10.1.2.3", "Erp.Internal.", 80, True),
        ("erp.internal", "10.1.2.3", "x.erp.internal", 80, False),
        ("erp.internal", "10.1.2.3", None, 80, False),
        ("erp.internal:8080", "10.1.2.3", "erp.internal", 8080, True),
        ("erp.internal:8080", "10.1.2.3", "erp.internal", 80, False),
        ("erp.internal", "169.254.169.254", "erp.internal", 80, False),
        ("erp.internal", "0.0.0.0", "erp.internal", 80, False),  # noqa: S104 (nothing binds to it)
        ("erp.internal", "fe80::1", "erp.internal", 80, False),
        ("erp.internal", "::ffff:169.254.169.254", "erp.internal", 80, False),
        ("erp.internal", "64:ff9b::10.0.0.1", "erp.internal", 80, True),
        ("localhost", "127.0.0.1", "localhost", 9000, True),
        ("localhost", "127.0.0.1", "127.0.0.1", 9000, False),
    ],
)
def test_the_operator_allows_more(
    rules: str, address: str, host: str | None, port: int, *, allowed: bool
) -> None:
    assert (Guard(parse_allow(rules)).judge(address, host, port) is None) is allowed


def test_the_list_is_read_whole() -> None:
    assert parse_allow(" ") == ()
    rules = parse_allow("localhost, 10.0.0.0/8,,erp.internal:8080\n")
    assert len(rules) == 3
    assert rules[0] == AllowRule(host="localhost")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.0.0.1/8", "is 10.0.0.0/8 meant?"),
        ("10.0.0.0/33", "neither"),
        ("fd00::1/8", "is fd00::/8 meant?"),
        ("fd00::/8:8080", "neither"),
        ("[fd00::/8]:0", "port"),
        ("erp.internal:http", "port"),
        ("erp.internal:", "port"),
        ("http://erp.internal", "port"),
        ("*.internal", "neither"),
        ("erp..internal", "neither"),
        ("한국.internal", "neither"),
        ("10.0.0.256", "neither"),
        ("erp.internal/24", "neither"),
        ("[fd00::1", "neither"),
        ("[fd00::1]8080", "neither"),
        ("user@erp.internal", "neither"),
        ("ok.internal, 1.2.3.4.5", "1.2.3.4.5"),
    ],
)
def test_a_wrong_entry_is_named(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r'^".+" .+[.?]$') as raised:
        parse_allow(text)
    assert words in str(raised.value)


def test_a_url_that_is_too_long_is_refused_and_not_remembered() -> None:
    url = "http://a/".ljust(MAX_CHARACTERS + 1, "x")
    held = sys.getrefcount(url)
    assert LIVE.literal_reason(url) is not None
    assert sys.getrefcount(url) == held
