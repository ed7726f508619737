"""Ways to write an address that lies inside, so that a careless reader takes it for one outside."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

PUBLIC: Final = "93.184.215.14"
"""An address outside that nobody here ever reaches: the test's sockets lead it to loopback."""
INNER: Final = (
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
)
ONLY_IPV6: Final = (
    *(
        "::",
        "::1",
        "0:0:0:0:0:0:0:1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "100::1",
        "3fff::1",
    ),
    *("2001:db8::1", "2001:2::1", "2001:10::1", "5f00::1", "4000::1", "::ffff:0:0", "64:ff9b:1::", "2002::"),
)
_FULLWIDTH: Final = str.maketrans("0123456789.", "０１２３４５６７８９．")
_CIRCLED: Final = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")
_ARABIC: Final = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def spellings(text: str) -> Iterator[str]:
    """An IPv4 address as hosts of a URL: what resolvers, browsers and libraries have read as it."""
    address = IPv4Address(text)
    number, (a, b, c, d) = int(address), address.packed
    high, low = number >> 16, number & 0xFFFF
    yield from (text, f"{text}.", f"{text}..", f".{text}", f"{text}%00", f"{text}%2e")
    yield from (
        str(number),
        f"0{number:o}",
        f"0x{number:x}",
        f"0X{number:08X}",
        f"0x{number + 2**32:x}",
        str(number + 2**32),
    )
    yield from (
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{low}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
    )
    yield from (
        f"{a:#x}.{b}.0{c:o}.{d}",
        f"{a:#x}{b:02x}{c:02x}{d:02x}.",
        f"000{a:o}.{b}.{c}.{d}",
        f"{a:03}.{b:03}.{c:03}.{d:03}",
    )
    yield from (
        f"{a + 256}.{b}.{c}.{d}",
        f"{a}.{b}.{c}.{d + 256}",
        f"{a},{b},{c},{d}",
        f"{a}.{b}.{c}.{d}.{d}",
        f"{a}..{b}.{c}.{d}",
    )
    yield from (
        text.translate(_FULLWIDTH),
        text.translate(_CIRCLED),
        text.translate(_ARABIC),
        text.replace(".", "。"),
    )
    yield from (
        text.replace(".", "\uff61"),
        text.replace(".", "%2E"),
        "".join(f"%{ord(char):02x}" for char in text),
    )
    yield from (
        f"{text[0]}\u00ad{text[1:]}",
        f"{text[0]}\t{text[1:]}",
        f"{text}\u200b",
        f" {text}",
        f"{text} ",
        f"xn--{text}",
    )
    yield from (
        f"[{text}]",
        f"[::ffff:{text}]",
        f"[::ffff:{high:x}:{low:x}]",
        f"[::FFFF:{text}]",
        f"[0:0:0:0:0:ffff:{text}]",
    )
    yield from (
        f"[::{text}]",
        f"[::{high:x}:{low:x}]",
        f"[::ffff:0:{text}]",
        f"[64:ff9b::{text}]",
        f"[64:ff9b::{high:x}:{low:x}]",
    )
    yield from (
        f"[64:ff9b:1::{text}]",
        f"[64:ff9b:1:{high:x}:{low >> 8:x}:{(low & 0xFF) << 8:x}::]",
        f"[2002:{high:x}:{low:x}::]",
    )
    yield from (
        f"[2002:{high:x}:{low:x}::1]",
        f"[2001:0:{high:x}:{low:x}::]",
        f"[2001:0:808:808:0:0:{high ^ 0xFFFF:x}:{low ^ 0xFFFF:x}]",
    )
    yield from (
        f"[::ffff:{text}%25lo]",
        f"[::ffff:{text}%lo]",
        f"[::ffff:{text}",
        f"::ffff:{text}",
        f"[[::ffff:{text}]]",
    )
    yield from (
        f"{PUBLIC}@{text}",
        f"{PUBLIC}:80@{text}",
        f"{text}#@{PUBLIC}",
        f"{PUBLIC}\\@{text}",
        f"{PUBLIC}%40{text}",
        f"@{text}",
    )
    yield from (
        f"{text}:80:80",
        f"{text}:0x50",
        f"{text}:",
        f"{text}:+80",
        f"{text}:８０",
        f"{text}:65616",
        f"{text}\\",
        f"{text};80",
    )


def hosts() -> Iterator[str]:
    """Every spelling of every inner address, and inner addresses that are IPv6 only."""
    for text in INNER:
        yield from spellings(text)
    for text in ONLY_IPV6:
        yield from (f"[{text}]", f"[{text}%25eth0]", f"[{text}%eth0]", text)
