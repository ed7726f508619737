"""How the URLs that partners give are read (O)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheonggu.domain.guard import Guard
from cheonggu.domain.url import parse_host, parse_target


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "ASCII"),
        ("http://erp.example/결제", "ASCII"),
        ("http://１２７.0.0.1/", "ASCII"),
        ("http://①②⑦.0.0.1/", "ASCII"),
        ("http://127。0。0。1/", "ASCII"),
        ("http://erp.example/a b", "ASCII"),
        ("http://erp.example/\r\nHost: x", "ASCII"),
        ("http://erp.example/\x7f", "ASCII"),
        ("http://erp.example/" + "a" * 2030, "2,048"),
        ("ftp://erp.example/", "http://"),
        ("//erp.example/", "http://"),
        ("http:/erp.example/", "http://"),
        ("http:erp.example", "http://"),
        ("javascript:alert(1)", "http://"),
        ("http://user@erp.example/", "아이디"),
        ("http://user:secret@erp.example/", "아이디"),
        ("http://erp.example@127.0.0.1/", "아이디"),
        ("http://erp.example:80@127.0.0.1/", "아이디"),
        ("http://@erp.example/", "아이디"),
        ("http://erp.example\\@127.0.0.1/", "역슬래시"),
        ("http://127.0.0.1\\.erp.example/", "역슬래시"),
        ("http://", "호스트가 없어요"),
        ("http:///callback", "호스트가 없어요"),
        ("http://:8080/", "호스트가 없어요"),
        ("http://?x", "호스트가 없어요"),
        ("http://erp.example:/", "포트"),
        ("http://erp.example:0/", "포트"),
        ("http://erp.example:65536/", "포트"),
        ("http://erp.example:-1/", "포트"),
        ("http://erp.example:8 0/", "ASCII"),
        ("http://erp.example:80:80/", "포트"),
        ("http://[::1]:x/", "포트"),
        ("http://erp..example/", "호스트 이름"),
        ("http://.erp.example/", "호스트 이름"),
        ("http://127.0.0.1../", "호스트 이름"),
        ("http://127.0.0.1%00.erp.example/", "호스트 이름"),
        ("http://%31%32%37.0.0.1/", "호스트 이름"),
        ("http://" + "a" * 64 + ".example/", "호스트 이름"),
        ("http://" + "a." * 130 + "example/", "호스트 이름"),
        ("http://::1/", "호스트가 없어요"),
        ("http://fe80::1/", "포트"),
        ("http://256.0.0.1/", "네 마디"),
        ("http://1.256.0.1/", "네 마디"),
        ("http://1.2.3.4.0/", "IPv4"),
        ("http://1_0.1/", "IPv4"),
        ("http://08.0.0.1/", "IPv4"),
        ("http://" + "a." * 127 + "/", "호스트 이름"),
        ("http://127.0.0.256/", "IPv4"),
        ("http://4294967296/", "IPv4"),
        ("http://1.2.3.4.5/", "IPv4"),
        ("http://0888.0.0.1/", "IPv4"),
        ("http://erp.127/", "IPv4"),
        ("http://erp.0x7f/", "IPv4"),
        ("http://[fe80::1%25eth0]/", "영역"),
        ("http://[::1%lo]/", "영역"),
        ("http://[::1/", "호스트 이름"),
        ("http://[]/", "IPv6"),
        ("http://[v1.fe80]/", "IPv6"),
        ("http://[127.0.0.1]/", "IPv6"),
        ("http://[::ffff:127.1]/", "IPv6"),
        ("http://[::1].erp.example/", "호스트 이름"),
    ],
)
def test_an_odd_url_is_refused_with_a_reason(url: str, words: str) -> None:
    reason = Guard(loopback=True).literal_reason(url)
    assert reason is not None
    assert words in reason


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example",
        "https://erp.example./callback",
        "HTTP://ERP.Example:8080/a//b/../c?t=%2f&b=+&c=%zz|\"<>{}^`'#f@x:1",
        "http://erp.example?@x",
        "http://erp_1.example/@user:80",
        "http://xn--9d0bm53a.example/",
        "http://localhost:9000/",
        "http://erp/",
        "http://127.0.0.1.nip.example/",
        "http://1.2.3.4e5/",
        "http://erp.example/" + "a" * 2029,
    ],
)
def test_a_name_waits_for_delivery(url: str) -> None:
    assert Guard().literal_reason(url) is None
    assert parse_target(url).address is None


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("http://ERP.Example./x", ("http", "erp.example", None, 80)),
        ("HTTPS://erp.example", ("https", "erp.example", None, 443)),
        ("https://erp.example:80", ("https", "erp.example", None, 80)),
        ("http://erp.example:1", ("http", "erp.example", None, 1)),
        ("http://erp.example:65535", ("http", "erp.example", None, 65535)),
        ("http://" + "a." * 126 + "a", ("http", "a." * 126 + "a", None, 80)),
        ("http://0x7f.1:8080", ("http", "127.0.0.1", "127.0.0.1", 8080)),
        ("https://[0::1]:8443", ("https", "::1", "::1", 8443)),
    ],
)
def test_a_url_leads_to_one_host_and_port(url: str, leads_to: tuple[str, str, str | None, int]) -> None:
    target = parse_target(url)
    address = str(target.address) if target.address else None
    assert (target.scheme, target.host, address, target.port) == leads_to


def test_an_address_with_a_zone_is_not_read() -> None:
    with pytest.raises(ValueError, match="영역"):
        parse_host("[fe80::1%eth0]")


@given(st.integers(0, 2**32 - 1))
def test_every_spelling_is_the_same_address(number: int) -> None:
    a, b, c, d = number.to_bytes(4, "big")
    spellings = (
        f"{a}.{b}.{c}.{d}",
        f"{number}",
        f"{number:#x}",
        f"0{number:o}",
        f"{a:#x}.0{b:o}.{c << 8 | d}",
        f"{a}.{b << 16 | c << 8 | d:#x}",
    )
    addresses = {parse_host(spelling) for spelling in spellings}
    assert len(addresses) == 1
    assert Guard().judge(f"::ffff:{a}.{b}.{c}.{d}") == Guard().judge(f"{a}.{b}.{c}.{d}")


@given(st.text(max_size=40))
def test_no_text_breaks_the_judgement(text: str) -> None:
    Guard().judge(text)
    Guard().literal_reason(text)
    Guard().literal_reason(f"http://{text}/")
