"""The steps from a request to its hash, each with the right way first and then the usual wrong ones."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Final, Literal, cast
from unicodedata import normalize
from urllib.parse import quote, urlencode

import msgspec

THREE: Final = ("billId", "phone", "price")
TWO: Final = ("billId", "price")
MOST_CHARACTERS: Final = 200
"""Of a part or of a hash: what is longer is no slip of the kind that is looked for."""

Digest = Callable[[bytes], bytes]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says, as far as it may have gone into its hash; None is what is not known.

    `phone_looked_up` says that phone comes from the bill and not from the request: it is masked when shown.
    """

    given: str
    parts: tuple[str, ...]
    bill_id: str
    price: str
    phone: str | None = None
    phone_looked_up: bool = False
    other_price: str | None = None
    """What the bill costs, where the request says something else."""
    api_key: str | None = None
    member: str | None = None
    merchant: str | None = None
    reason: str | None = None

    @property
    def right_text(self) -> str:
        """What has to be hashed."""
        values = {"billId": self.bill_id, "phone": self.phone or "", "price": self.price}
        return ",".join(values[name] for name in self.parts)


class Option(msgspec.Struct, frozen=True, gc=False):
    """One way to take a step. `name` is the mistake, None the right way; usual ones are tried in pairs."""

    name: str | None
    value: object
    usual: bool = False


PHONE_STEP: Final = 2
"""Where, among the steps, the phone's is."""
_Part = tuple[str, str | None]
"""A part's name and its text; None: the text that its own step gives. An extra one has its mistake's name."""


def of_text(sent: Sent) -> list[list[Option]]:
    """The steps that make the text: which parts, billId, phone, price, how they are joined, the end."""
    steps = [_parts(sent), _bill_ids(sent.bill_id), _phones(sent.phone or ""), _prices(sent)]
    return [*map(_different, steps), _JOINERS, _ENDS]


def _different(options: list[Option]) -> list[Option]:
    """The options without those that come to the same as one before them."""
    first: dict[object, Option] = {}
    for option in options:
        first.setdefault(option.value, option)
    return list(first.values())


def text(tried: Sequence[Option]) -> str:
    """The text that these steps make."""
    parts, bill_id, phone, price, joiner, end = tried[:6]
    values = {"billId": bill_id.value, "phone": phone.value, "price": price.value}
    named = [(name, given or values[name]) for name, given in cast("tuple[_Part, ...]", parts.value)]
    joined = joiner.value
    if isinstance(joined, str):
        return joined.join(cast("str", value) for _, value in named) + cast("str", end.value)
    return cast("Callable[[object], str]", joined)(named) + cast("str", end.value)


def digested(made: str, tried: Sequence[Option]) -> bytes | None:
    """The digest that the last two steps make of a text; None where its letters cannot be written so."""
    encode, digest = (cast("Callable[..., bytes]", option.value) for option in tried[6:])
    try:
        return digest(encode(made))
    except UnicodeEncodeError:
        return None


def _parts(sent: Sent) -> list[Option]:
    right = sent.parts
    other = TWO if right == THREE else THREE
    extras = (
        ("api_key_in", sent.api_key),
        ("merchant_in", sent.merchant),
        ("member_in", sent.member),
        ("reason_in", sent.reason),
    )
    options = [Option(None, _own(right))]
    if sent.phone:
        options.append(Option("two_parts" if other == TWO else "three_parts", _own(other), usual=True))
    options += [Option("order", _own(order), usual=True) for order in permutations(right)]
    if sent.phone:
        options += [Option("order", _own(order)) for order in permutations(other)]
    for mistake, value in extras:
        if value and len(value) <= MOST_CHARACTERS:
            own, extra, usual = _own(right), ((mistake, value),), mistake == "api_key_in"
            options += [Option(mistake, extra + own, usual), Option(mistake, own + extra, usual)]
            options.append(Option(mistake, own[:1] + extra + own[1:]))
    options.append(Option("bill_id_only", _own(("billId",))))
    return [*options, Option("price_left_out", _own(("billId", "phone")))] if sent.phone else options


def _own(names: Sequence[str]) -> tuple[_Part, ...]:
    return tuple((name, None) for name in names)


def _bill_ids(bill_id: str) -> list[Option]:
    return [
        Option(None, bill_id),
        Option("bill_id_case", bill_id.upper(), usual=True),
        Option("bill_id_case", bill_id.lower(), usual=True),
        Option("bill_id_trimmed", bill_id.strip()),
    ]


def _phones(phone: str) -> list[Option]:
    digits = "".join(letter for letter in phone if letter in "0123456789")
    if not digits:
        return [Option(None, phone)]
    pieces = (digits[:3], digits[3:-4], digits[-4:])
    abroad = digits[1:] if digits[0] == "0" else digits
    return [
        Option(None, phone),
        Option("phone_hyphens", "-".join(pieces), usual=True),
        Option("phone_digits", digits, usual=True),
        Option("phone_spaces", " ".join(pieces), usual=True),
        Option("phone_country", f"+82{abroad}", usual=True),
        Option("phone_country", f"82{abroad}", usual=True),
        Option("phone_no_zero", abroad, usual=True),
        Option("phone_country", f"+82-{abroad[:2]}-{abroad[2:-4]}-{abroad[-4:]}"),
        Option("phone_country", f"+82 {abroad[:2]}-{abroad[2:-4]}-{abroad[-4:]}"),
        Option("phone_country", f"+82 {abroad[:2]} {abroad[2:-4]} {abroad[-4:]}"),
        Option("phone_country", f"+82 {abroad}"),
        Option("phone_dots", ".".join(pieces)),
        Option("phone_empty", ""),
    ]


def _prices(sent: Sent) -> list[Option]:
    price = sent.price
    options = [Option(None, price)]
    if not (price.isascii() and price.isdigit()):
        return options
    commas = f"{int(price):,}"
    options += [
        Option("price_commas", commas, usual=True),
        Option("price_float", f"{price}.0", usual=True),
        Option("price_float", f"{price}.00", usual=True),
        Option("price_won", f"{price}원", usual=True),
        Option("price_won", f"{commas}원"),
        Option("price_won", f"₩{commas}"),
        Option("price_won", f"₩{price}"),
        Option("price_won", f"{price}KRW"),
    ]
    if sent.other_price:
        options.append(Option("price_other", sent.other_price, usual=True))
    return options


def _quoted(named: Sequence[tuple[str, str]]) -> str:
    return ",".join(f'"{value}"' for _, value in named)


def _query(named: Sequence[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in named)


def _encoded_query(named: Sequence[tuple[str, str]]) -> str:
    return urlencode(named, quote_via=quote)


def _json(named: Sequence[tuple[str, str]]) -> str:
    return json.dumps(dict(named), ensure_ascii=False, separators=(",", ":"))


def _json_spaced(named: Sequence[tuple[str, str]]) -> str:
    return json.dumps(dict(named), ensure_ascii=False)


def _json_list(named: Sequence[tuple[str, str]]) -> str:
    return json.dumps([value for _, value in named], ensure_ascii=False, separators=(",", ":"))


_JOINERS: Final = [
    Option(None, ","),
    Option("spaces", ", ", usual=True),
    Option("no_separator", "", usual=True),
    Option("separator", "|", usual=True),
    Option("separator", "-"),
    *(Option("separator", text) for text in (":", ";", "_", "/", "&", "+", " ", "\t", ".", "^", "||", "\n")),
    Option("spaces", " , "),
    Option("spaces", " ,"),
    Option("quoted", _quoted),
    Option("query", _query),
    Option("query", _encoded_query),
    Option("json", _json),
    Option("json", _json_spaced),
    Option("json", _json_list),
]
_ENDS: Final = [
    Option(None, ""),
    Option("newline", "\n", usual=True),
    Option("newline", "\r\n"),
    Option("space_end", " "),
    Option("comma_end", ","),
]


def encodings(sent: Sent) -> list[Option]:
    """How the text becomes bytes."""
    return [*_ENCODINGS, *([] if sent.right_text.isascii() else _NORMAL_FORMS)]


def _encoder(encoding: str, before: str = "") -> Callable[[str], bytes]:
    return lambda made: (before + made).encode(encoding)


def _normalised(form: Literal["NFD", "NFC"]) -> Callable[[str], bytes]:
    return lambda made: normalize(form, made).encode()


_ENCODINGS: Final = [
    Option(None, str.encode),
    Option("cp949", _encoder("cp949"), usual=True),
    Option("utf_16", _encoder("utf-16-le"), usual=True),
    Option("utf_16", _encoder("utf-16-be")),
    Option("utf_16", _encoder("utf-16-le", "\ufeff")),
    Option("utf_16", _encoder("utf-16-be", "\ufeff")),
    Option("bom", _encoder("utf-8", "\ufeff")),
]
_NORMAL_FORMS: Final = [
    Option("normal_form", _normalised("NFD")),
    Option("normal_form", _normalised("NFC")),
]


def digests(sent: Sent, size_bytes: int) -> list[Option]:
    """What makes so many bytes of a text; empty if nothing usual does."""
    if size_bytes != _RIGHT_BYTES:
        return [Option(name, _digest(name)) for name in _BY_SIZE.get(size_bytes, ())]
    options = [
        Option(None, _sha256),
        Option("hashed_twice", _hex_twice, usual=True),
        Option("hashed_twice", _twice),
        Option("sha3", _digest("sha3_256")),
    ]
    if sent.api_key:
        options.append(Option("hmac", _hmac(sent.api_key), usual=True))
    return [*options, *(Option("hmac_other", _hmac(key)) for key in (sent.merchant, sent.member) if key)]


_RIGHT_BYTES: Final = 32
_BY_SIZE: Final = {16: ("md5",), 20: ("sha1",), 28: ("sha224",), 48: ("sha384",), 64: ("sha512",)}


def _digest(name: str) -> Digest:
    return lambda made: hashlib.new(name, made, usedforsecurity=False).digest()


def _sha256(made: bytes) -> bytes:
    return hashlib.sha256(made).digest()


def _hmac(key: str) -> Digest:
    return lambda made: hmac.digest(key.encode(), made, "sha256")


def _twice(made: bytes) -> bytes:
    return _sha256(_sha256(made))


def _hex_twice(made: bytes) -> bytes:
    return _sha256(_sha256(made).hex().encode())


def forms(given: str) -> list[tuple[str | None, bytes]]:
    """The digests that a given hash may stand for, each with the mistake in how it is written."""
    bare = given.strip()
    white = None if bare == given else "white_space"
    if raw := _unhexed(bare):
        return [(white, raw)]
    for start in ("0x", "0X", "sha256:", "sha256=", "SHA256:"):
        if raw := _unhexed(bare.removeprefix(start)):
            return [("prefix", raw)]
    if raw := _unhexed(bare.replace(":", "").replace("-", "").replace(" ", "")):
        return [("split_hex", raw)]
    try:
        raw = base64.b64decode(
            bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4), validate=True
        )
    except (binascii.Error, ValueError):
        return []
    return [("base64", _unhexed(raw.decode("latin-1")) or raw)]


def _unhexed(text: str) -> bytes:
    """The bytes of a digest in hex, none if it is no such thing."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return b""
    is_digest = text.isalnum() and (len(raw) == _RIGHT_BYTES or len(raw) in _BY_SIZE)
    return raw if is_digest else b""
