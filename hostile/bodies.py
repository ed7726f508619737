"""Bodies that are no sound JSON, or sound JSON that programs have read wrongly, made from a sound request."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Iterator
from typing import Any, Final

Body = tuple[str, bytes]
"""What is wrong with it, and the bytes."""

_SEED: Final = 20261124
_NEST: Final = (31, 32, 33, 1_000, 20_000)
_BYTES: Final = (b"\0", b"\xff", b'"', b"{", b"\\")
_NUMBERS: Final = (
    *(
        b"1e400",
        b"-1e400",
        b"1e-400",
        b"-0",
        b"-0.0",
        b"1e309",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"nan",
        b"inf",
    ),
    *(
        b"+1",
        b".5",
        b"5.",
        b"01",
        b"00",
        b"-",
        b"--1",
        b"0x10",
        b"1_000",
        b"1,000",
        b"1e",
        b"1e+",
        b"1.e1",
        b"0b1",
    ),
    *(
        b"9" * 400,
        b"9" * 4_300,
        b"9" * 4_301,
        b"9" * 50_000,
        b"0." + b"9" * 50_000,
        b"1e" + b"9" * 50,
        b"-" + b"9" * 30,
    ),
    *(
        b"9007199254740993",
        b"18446744073709551616",
        b"1E+2",
        "１".encode(),
        "١".encode(),
        b"1f",
        b"1L",
        b"1n",
    ),
)
_LITERALS: Final = (
    *(
        b"True",
        b"TRUE",
        b"None",
        b"nul",
        b"nulll",
        b"undefined",
        b"tru",
        b"'text'",
        b"text",
        b"`text`",
        b"@",
        b"/x/",
    ),
    *(
        b'"\\q"',
        b'"\\u12"',
        b'"\\u{41}"',
        b'"\\x41"',
        b'"\\',
        b'"',
        b'"\\"',
        b'"\\u00zz"',
        b'"\\U00000041"',
        b'"\\a"',
    ),
    *(
        b'"\\ud800"',
        b'"\\udc00"',
        b'"\\ud800\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\\ud800x"',
        b'"\\ud83d\\u0041"',
    ),
    *(b'"\\u0000"', b'"\0"', b'"\\u001f"', b'"\x1f"', b'"\n"', b'"\r"', b'"\t"', b'"\x7f"', b'"\\\n"'),
    *(
        b'"\xff"',
        b'"\xfe\xff"',
        b'"\xc0\x80"',
        b'"\xc1\xbf"',
        b'"\xe0\x80\x80"',
        b'"\xf0\x80\x80\x80"',
        b'"\x80"',
    ),
    *(
        b'"\xed\xa0\x80"',
        b'"\xed\xb0\x80"',
        b'"\xed\xa0\xbd\xed\xb8\x80"',
        b'"\xf4\x90\x80\x80"',
        b'"\xf8\x88\x80\x80\x80"',
    ),
    *(
        b'"\xe2\x82"',
        b'"\xc3("',
        b'"\xef\xbf\xbf"',
        '"\u2028\u2029"'.encode(),
        b'"a" "b"',
        b'"a"+"b"',
        b"new Date()",
    ),
    *(
        b"[1 2]",
        b"[,]",
        b"[1,]",
        b"[1;2]",
        b"(1)",
        b"{]",
        b"[}",
        b"{,}",
        b'{"a"}',
        b'{"a":}',
        b'{"a" 1}',
        b"{a:1}",
    ),
    *(
        b"{1:1}",
        b'{"a":1,}',
        b'{"a":1,,"b":2}',
        b"{null:1}",
        b"{'a':1}",
        b'{"a":1;"b":2}',
        b'{"a"=1}',
        b'{"a":1 "b":2}',
    ),
)


def malformed(sound: dict[str, Any]) -> Iterator[Body]:
    """Everything below, made from one sound request."""
    raw = json.dumps(sound, ensure_ascii=False).encode()
    yield from _cut(raw)
    yield from _around(raw)
    yield from _within(sound, raw)
    yield from _keys(sound, raw)
    yield from _encoded(raw)
    yield from _other_trees(sound)


def _cut(raw: bytes) -> Iterator[Body]:
    """The body ends too early, after each byte."""
    for at in range(len(raw)):
        yield f"cut after {at} bytes", raw[:at]


def _around(raw: bytes) -> Iterator[Body]:
    """Something before it or behind it."""
    parts = (
        b"\0",
        b" \0",
        b"x",
        b"}",
        b"]",
        b",",
        b";",
        b"{}",
        raw,
        b"null",
        b"//c",
        b"/*c*/",
        b"#c",
        b"\x0c",
        b"\x1a",
    )
    parts += (
        b"\xa0",
        "\u2028".encode(),
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b")]}',\n",
        b"while(1);",
        b"\x1f\x8b",
    )
    parts += (
        b"data: ",
        b"--x\r\n",
        b"\r\n.\r\n",
        b"<",
        b"\x00\x00\x00\x10",
        b" " * 60_000,
        b"\n" * 1_000,
        b"\x16\x03\x01",
    )
    for part in parts:
        yield f"{part[:12]!r} before", part + raw
        yield f"{part[:12]!r} behind", raw + part
    yield "a comment within", raw.replace(b"{", b"{/* c */", 1)
    yield "single quotes", raw.replace(b'"', b"'")
    yield "no quotes", raw.replace(b'"', b"")
    yield "typographic quotes", raw.replace(b'"', "”".encode())
    yield "a form", b"apiKey=key&bill=%7B%7D"
    yield "a multipart", b'--x\r\nContent-Disposition: form-data; name="bill"\r\n\r\n{}\r\n--x--\r\n'


def _within(sound: dict[str, Any], raw: bytes) -> Iterator[Body]:
    """One value is something else: known field, unknown field, key."""
    key = next(iter(sound))
    known = json.dumps({key: sound[key]}).encode()[1:-1]
    for value in (*_NUMBERS, *_LITERALS):
        told = repr(value[:16])
        yield f"{told} in {key}", raw.replace(known, b'"%b":%b' % (key.encode(), value), 1)
        yield f"{told} unknown", b'{"unknown":%b,%b' % (value, raw[1:])
        if value.startswith(b'"'):
            yield f"{told} as a key", b"{%b:1,%b" % (value, raw[1:])
        if "bill" in sound:
            price = b'"price":%b' % value
            yield f"{told} as price", raw[:-2] + b", " + price + b"}}"
    for depth in _NEST:
        for opens, shuts in ((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")):
            deep = opens * depth + b"1" + shuts * depth
            yield f"{depth} deep in {opens!r}", b'{"unknown":%b,%b' % (deep, raw[1:])
            yield f"{depth} deep, not shut", b'{"unknown":%b' % (opens * depth)
    yield "brackets in a text", b'{"unknown":"%b",%b' % (b"[{" * 5_000, raw[1:])
    yield "escapes without end", b'{"unknown":"%b",%b' % (b"\\\\" * 20_000, raw[1:])


def _keys(sound: dict[str, Any], raw: bytes) -> Iterator[Body]:
    """Keys twice, or nearly."""
    for key in sound:
        name = key.encode()
        yield f"{key} twice, first wrong", b'{"%b":null,%b' % (name, raw[1:])
        yield f"{key} twice, last wrong", raw[:-1] + b',"%b":7}' % name
        yield f"{key} in capitals too", raw[:-1] + b',"%b":7}' % name.upper()
        yield f"{key} escaped too", raw[:-1] + b',"\\u%04x%b":7}' % (name[0], name[1:])
        yield f"{key} with a NUL too", raw[:-1] + b',"%b\\u0000":7}' % name
        yield f"{key} with a space too", raw[:-1] + b',"%b ":7}' % name
    yield "many duplicate keys", b"{" + b'"a":1,' * 5_000 + raw[1:]
    yield "many keys", b"{" + b"".join(b'"k%d":%d,' % (n, n) for n in range(3_000)) + raw[1:]
    yield "an empty key", b'{"":1,' + raw[1:]
    yield "a huge key", b'{"%b":1,' % (b"k" * 50_000) + raw[1:]
    yield "__proto__", b'{"__proto__":{"apiKey":"x"},"constructor":{"prototype":1},' + raw[1:]


def _encoded(raw: bytes) -> Iterator[Body]:
    """Another encoding than UTF-8, and compressed."""
    text = raw.decode()
    for name in (
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "utf-32-be",
        "utf-7",
        "cp949",
        "utf-8-sig",
    ):
        yield name, text.encode(name, errors="replace")
    yield "overlong quote", raw.replace(b'"', b"\xc0\xa2")
    yield "overlong slash", raw.replace(b"{", b"{\xc0\xaf", 1)
    yield "gzip", gzip.compress(raw)
    yield "deflate", zlib.compress(raw)
    yield "gzip bomb", gzip.compress(b" " * 10_000_000)
    yield "cbor", b"\xa1fapiKeycabc"
    yield "msgpack", b"\x81\xa6apiKey\xa3abc"
    yield "over 64 KiB", raw + b" " * 65_536
    yield "over 1 MiB", raw + b" " * 1_100_000


def _other_trees(sound: dict[str, Any]) -> Iterator[Body]:
    """Sound JSON of another shape: every field is every other kind of value, or gone."""
    for name in (
        "[]",
        "[[]]",
        "{}",
        "null",
        "true",
        "0",
        '""',
        '"{}"',
        "[null]",
        '{"bill":{}}',
        '{"":{}}',
        "[{}]",
    ):
        yield f"only {name}", name.encode()
    kinds: tuple[Any, ...] = (
        None,
        True,
        0,
        -1,
        1.5,
        10**20,
        "",
        [],
        {},
        [[]],
        [sound],
        sound,
        ["a"],
        {"$gt": ""},
    )
    for where in (sound, sound.get("bill", {})):
        for field in list(where):
            for value in kinds:
                changed = {**where, field: value}
                tree = changed if where is sound else {**sound, "bill": changed}
                yield f"{field} is {str(value)[:12]}", json.dumps(tree).encode()
            less = {name: value for name, value in where.items() if name != field}
            yield f"no {field}", json.dumps(less if where is sound else {**sound, "bill": less}).encode()


def mutated(sound: dict[str, Any], count: int) -> Iterator[Body]:
    """The sound body with a few bytes changed, dropped, doubled or put in; always the same ones."""
    raw = json.dumps(sound, ensure_ascii=False).encode()
    chance = random.Random(_SEED)  # noqa: S311 - nothing secret
    for number in range(count):
        body = bytearray(raw)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            match chance.randrange(5):
                case 0:
                    body[at] = chance.randrange(256)
                case 1:
                    del body[at : at + chance.randint(1, 8)]
                case 2:
                    body[at:at] = body[at : at + chance.randint(1, 30)]
                case 3:
                    body[at:at] = chance.choice(_BYTES + _LITERALS)
                case _:
                    body[at] ^= 1 << chance.randrange(8)
            body = body or bytearray(b"{")
        yield f"mutation {number}", bytes(body)
