"""Texts that have broken programs before, by what they try; for any field that takes a text.

A few hold lone surrogates, which travel in JSON as escapes only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from unicodedata import normalize

MARK: Final = "hstl"
"""Stands in every script below, so that a page that ran one, or carried one as markup, can be told."""


def _between(codes: Sequence[int]) -> list[str]:
    """Each character alone, and hidden between two letters."""
    return [text for code in codes for text in (chr(code), f"가{chr(code)}나")]


_SPACES: Final = (0x20, 0x09, 0x0A, 0x0D, 0x85, 0xA0, 0x1680, 0x2000, 0x2003, 0x2009, 0x200A, 0x3000)
_FILLERS: Final = (0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x180E)
_BIDI: Final = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
_UNSEEN: Final = (
    0x200B,
    0x200C,
    0x200D,
    *range(0x2060, 0x2065),
    0xFEFF,
    0xAD,
    0x34F,
    0xFE0F,
    0xE0001,
    0xE0041,
)
_CONTROLS: Final = (0, 1, 7, 8, 0x0B, 0x0C, 0x0E, 0x1A, 0x1B, 0x1F, 0x7F, 0x80, 0x90, 0x9B, 0x9D, 0x9F)
_EDGES: Final = (0xFDD0, 0xFFFD, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF, 0xE000, 0xF0000, 0x378, 0xFFF9, 0xFFFB)
_LENGTHS: Final = (20, 21, 32, 33, 50, 51, 60, 61, 100, 101, 200, 201, 256, 1000, 1001, 2048, 2049, 20_000)

STRINGS: Final[Mapping[str, Sequence[str]]] = {
    "nothing": ("", *_between((*_SPACES, *_FILLERS)), "   ", "\r\n\r\n", "\t\t", "\u3000\u3000"),
    "controls": (
        *_between(_CONTROLS),
        "\0",
        "a\0b",
        "\\0",
        "\\u0000",
        "%00",
        "\x1b[2J\x1b[1;1H",
        "\x1b]0;x\x07",
    ),
    "bidi": (
        *_between(_BIDI),
        "\u202e01012345678",
        "\u2067\u2066",
        "שלום 123 عربى",
        "\u202e" * 50,
        "txt.\u202egnp",
    ),
    "unseen": (*_between(_UNSEEN), "\u200d" * 100, "ㅤ" * 20, "a\u200bdmin", "TEST\ufeff0001"),
    "stacks": (
        "e\u0301",
        "Z" + "\u0335\u0316\u0348" * 6,
        *("각" + "\u0301" * many for many in (20, 99, 400)),
        "ก" + "\u0e49" * 50,
        "\u0301leading",
        "\u0489" * 30,
        "".join(letter + "\u0300\u0301\u0302\u0303" * 8 for letter in "결제"),
        "\u1ab0\u20dd\u20e3" * 10,
    ),
    "hangul": (
        normalize("NFD", "한글학원"),
        "ㅎㅏㄴ",
        "ﾡﾢ",
        "\u1112\u119e\u11ab",
        "뷁" * 10,
        "힣\ud7a4",
        "漢字",
        "ｶﾀｶﾅ",
    ),
    "edges": (
        *_between(_EDGES),
        "\ud800",
        "\udc00",
        "a\ud800b",
        "\udfff\ud800",
        "𝒜𝓑",
        "﷽",
        "𒐫" * 20,
        "꧅" * 20,
    ),
    "folding": ("İ", "ı", "ß", "ẞ", "ſ", "K", "Å", "ǅ", "ﬃ", "ŉ", "ΐ", "аpiKey", "ＡＢＣ", "ⓐ", "ª"),
    "emoji": (
        "👨‍👩‍👧‍👦",
        "🇰🇷" * 10,
        "👍🏽",
        "1️⃣",
        "☺️",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "👩‍❤️‍💋‍👨",
        "😀" * 200,
        "👨\u200d" * 99,
        "\U0001f3fb",
    ),
    "digits": (
        "１００００",
        "٠١٢٣",
        "০১",
        "Ⅻ",
        "¹²",
        "½",
        "一万",
        "0\u0661",
        "𝟙𝟘",
        "②",
        "1\u200b0",
        "10000\n",
        " 10000",
    ),
    "numbers": (
        *"0 -0 -1 +1 1e3 1E400 0x10 010 00 NaN Infinity -Infinity 1.0 1. .5 1,000 1_000 0b1 1/0 1e-1".split(),
        *"9999999999 10000000000 2147483648 4294967296 9223372036854775808 18446744073709551616".split(),
        *("9" * 400, "9" * 5_000, "1e99999999", "₩1000", "1000원", "1 0", "--1", "1;1", "0.1e1"),
    ),
    "words": (
        *"null undefined None nil true false NULL (null) NIL self this 0000 F W ERROR".split(),
        *"__proto__ constructor prototype toString hasOwnProperty __class__ __init__ valueOf".split(),
        *("[object Object]", "{}", "[]", "''", '""', "<null>", "\\", "\\\\", "'", '"', "`", "%", "_", "*"),
    ),
    "days": (
        *"0000-00-00 2026-02-30 9999-12-31 2999-12-31 3000-01-01 -0001-01-01 2026-1-1 2026-13-01".split(),
        *"1970-01-01 2026-W01-1 +2026-01-01 2026-11-24T00:00:00Z 20261124 2026/11/24 24-11-2026".split(),
        *("２０２６-01-01", "2026-01-01 ", "2026-01-0١", "tomorrow", "now()", "infinity", "epoch"),
    ),
    "sql": (
        *("' OR '1'='1", "'; DROP TABLE bill;--", '" OR ""="', "1; SELECT pg_sleep(5)", "'||pg_sleep(5)||'"),
        *("') UNION SELECT NULL,version()--", "$$; SELECT 1; $$", "E'\\x27'", "1/**/OR/**/1", "admin'--"),
        *(
            "COPY bill TO PROGRAM 'id'",
            "\\'; --",
            "%' ESCAPE '!",
            "$1",
            "$1::int",
            ":name",
            "?",
            "{1,2}",
            "(1,2)",
        ),
        *("{NULL}", '{"a",b}', "\\N", "\\x00", "'::regclass", "xp_cmdshell", "ROW(1)", "infinity'::date"),
    ),
    "markup": (
        *(f"<script>{MARK}=1</script>", f'"><script>{MARK}=1</script>', f"'><img src=x onerror={MARK}=1>"),
        *(f"<svg/onload={MARK}=1>", f"</title><script>{MARK}=1</script>", f"<iframe srcdoc='<b>{MARK}'>"),
        *(
            f"<img src=x:x onerror\n=\n{MARK}=1>",
            f"<ScRiPt>{MARK}=1</sCrIpT>",
            f"<a href=javascript:{MARK}=1>x",
        ),
        *(
            f"<math><mtext><style><img src=x onerror={MARK}=1>",
            f"<base href=//{MARK}.example>",
            "<!--",
            "-->",
        ),
        *(
            f"<meta http-equiv=refresh content='0;url=//{MARK}.example'>",
            "]]>",
            "<![CDATA[",
            "&lt;b&gt;",
            "&#x3c;b>",
        ),
        *(
            f"<style>@import'//{MARK}.example'</style>",
            f"<form action=//{MARK}.example><button>결제",
            "</p></main>",
        ),
        *(
            f"＜script＞{MARK}=1＜/script＞",
            f"<\u0000script>{MARK}=1</script>",
            f"' autofocus onfocus={MARK}=1 '",
        ),
        *(
            f"<b style=position:fixed;inset:0>{MARK}</b>",
            "<plaintext>",
            "<details open ontoggle=1>",
            "\u2028<b>",
        ),
    ),
    "scripts": (
        *(
            f"javascript:{MARK}=1",
            f"JaVaScRiPt:{MARK}=1",
            f"java\tscript:{MARK}=1",
            f"\x01javascript:{MARK}=1",
        ),
        *(
            f"data:text/html,<script>{MARK}=1</script>",
            f"vbscript:{MARK}",
            f"';{MARK}=1;//",
            f"\\u003cscript>{MARK}",
        ),
        *(f"blob:http://{MARK}", f"`${{{MARK}=1}}`", f"</script><script>{MARK}=1", f"file:///etc/{MARK}"),
    ),
    "templates": (
        *(
            "{{7*7007}}",
            "{% raw %}",
            "${7*7007}",
            "#{7*7007}",
            "<%= 7*7007 %>",
            "{0}",
            "{issuer}",
            "{figure}",
        ),
        *(
            "{x.__class__}",
            "{{config}}",
            "{{''.__class__.__mro__}}",
            "*{7*7007}",
            "@(7*7007)",
            "[[${7*7007}]]",
            "{#",
        ),
    ),
    "shell": (
        *(
            "$(id)",
            "`id`",
            ";id",
            "|id",
            "&& id",
            "\nid\n",
            "$IFS",
            "${HOME}",
            "%COMSPEC%",
            "--help",
            "-rf",
            "~root",
        ),
        *(
            "../../../etc/passwd",
            "..\\..\\boot.ini",
            "%2e%2e%2fetc",
            "....//....//",
            "/dev/zero",
            "CON",
            "\\\\host\\x",
        ),
        *("() { :;}; id", "<(id)", "2>&1", "!!", "a\\\nb", "'$(id)'", "@/etc/passwd", "file:///etc/passwd"),
    ),
    "directories": ("*", "*)(uid=*))(|(uid=*", "\\2a", ")(cn=*", "admin)(&)", "cn=a,dc=b", "(|(a=b)", "\\00"),
    "documents": (
        *(
            '<?xml version="1.0"?>',
            '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
            "&e;",
            "' or count(//*)",
        ),
        *(
            '{"$gt": ""}',
            '{"a":{"b":1}}',
            "[1,2]",
            "a: !!python/object",
            "!ruby/object:X",
            "rO0ABXNy",
            'O:8:"x":0:{}',
        ),
    ),
    "logs": (
        *(
            "\n12:00:00 info    forged",
            "\r\x1b[2Kforged",
            '","level":"error","event":"forged',
            "x\u2028forged",
        ),
        *("\x9b31mred", "\x85forged", "x\n\nTraceback (most recent call last):", "event=forged level=error"),
        *(
            "${jndi:ldap://127.0.0.1/a}",
            "${${lower:j}ndi:dns://x}",
            "%(asctime)s",
            "\x1b]8;;http://x\x07y\x1b]8;;\x07",
        ),
    ),
    "headers": (
        *(
            "x\r\nX-Injected: 1",
            "x\nX-Injected: 1",
            "%0d%0aX-Injected:%201",
            "嘍嘊X-Injected: 1",
            "x\r\n\r\n<html>",
        ),
        *("; url=//x", "x, y", "a=b; Path=/", "\u010d\u010aX-Injected: 1", "x\rX-Injected: 1", "bytes=0-"),
    ),
    "sheets": (
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(1)",
        "=cmd|' /C calc'!A0",
        "\t=1",
        "\r=1",
        '"=1"',
        '=HYPERLINK("//x")',
        "＝1+1",
    ),
    "formats": (
        *(
            "%s%s%s%s%n",
            "%x%x",
            "%p",
            "%99999999d",
            "%*d",
            "{:>99999999}",
            "{!r}",
            "{0.__class__}",
            "%(x)s",
            "%%",
        ),
        *("%d", "%c", "{", "}", "{}", "{{", "}}", "%1$s", "%-1$s", "$name", "${", "\\g<0>", "\\1"),
    ),
    "patterns": (
        "a" * 5_000 + "!",
        "0" * 5_000 + "x",
        "(" * 2_000,
        "(a+)+$",
        "[",
        ".*",
        "\\",
        "^",
        "a{99999}",
        "(?i)",
    ),
    "links": (
        *(
            "//x.example/",
            "http:x",
            "http:/x",
            "http:///x",
            "http://",
            "https:\\\\x",
            "http://x\\@y/",
            "ftp://x/",
            "HTTP://X/",
        ),
        *(
            "http://x:99999/",
            "http://x:0/",
            "http://x:/",
            "http://a@b/",
            "http://x y/",
            "http://x#f",
            "http://[::1",
            "//",
        ),
        *(
            "http://xn--/",
            "http://한국/",
            "http://x..y/",
            "http://-x-/",
            "http://x/%",
            "http://x/\u202e",
            "http://x?\r\n",
        ),
    ),
    "lengths": (
        *(letter * many for letter in ("a", "가", "😀") for many in _LENGTHS),
        "a" * 66_000,
        "\u0301" * 2_000,
    ),
}


def every_string() -> Iterator[tuple[str, str]]:
    """Each text with its family, none twice."""
    seen: set[str] = set()
    for family, texts in STRINGS.items():
        for text in texts:
            if text not in seen:
                seen.add(text)
                yield family, text
