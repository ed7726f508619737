"""The explainer of hashes: each mistake is made here by hand, and must be named."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import shutil
import subprocess
from time import thread_time
from unicodedata import normalize

import pytest

from cheonggu.domain.hash_mistakes import find, shown
from cheonggu.domain.hash_steps import THREE, TWO, Sent
from cheonggu.domain.hash_words import MISTAKES, code_lines
from cheonggu.domain.hashing import request_hash

KEY, MEMBER, MERCHANT = "ck_0123456789abcdef", "teacher-1", "academy-7"


def digest(text: str | bytes, name: str = "sha256") -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return hashlib.new(name, raw).hexdigest()


def b64(text: str, name: str = "sha256") -> str:
    return base64.b64encode(hashlib.new(name, text.encode()).digest()).decode()


def hmac_of(text: str, key: str) -> str:
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()


PHONE = "01012345678"
RIGHT = f"Bill-7,{PHONE},1500000"
URL_SAFE = str.maketrans("+/", "-_")

ALONE = {
    "two_parts": digest("Bill-7,1500000"),
    "order": digest("01012345678,Bill-7,1500000"),
    "bill_id_only": digest("Bill-7"),
    "price_left_out": digest("Bill-7,01012345678"),
    "api_key_in": digest(f"{KEY},{RIGHT}"),
    "member_in": digest(f"{RIGHT},{MEMBER}"),
    "merchant_in": digest(f"Bill-7,{MERCHANT},01012345678,1500000"),
    "phone_hyphens": digest("Bill-7,010-1234-5678,1500000"),
    "phone_spaces": digest("Bill-7,010 1234 5678,1500000"),
    "phone_dots": digest("Bill-7,010.1234.5678,1500000"),
    "phone_country": digest("Bill-7,+82 10-1234-5678,1500000"),
    "phone_no_zero": digest(f"Bill-7,{int('01012345678')},1500000"),
    "phone_empty": digest("Bill-7,,1500000"),
    "price_commas": digest("Bill-7,01012345678,1,500,000"),
    "price_won": digest("Bill-7,01012345678,1,500,000원"),
    "price_float": digest(f"Bill-7,01012345678,{float(1500000)}"),
    "bill_id_case": digest(RIGHT.upper()),
    "spaces": digest(RIGHT.replace(",", ", ")),
    "no_separator": digest(RIGHT.replace(",", "")),
    "separator": digest(RIGHT.replace(",", ":")),
    "quoted": digest('"Bill-7","01012345678","1500000"'),
    "query": digest("billId=Bill-7&phone=01012345678&price=1500000"),
    "json": digest('{"billId": "Bill-7", "phone": "01012345678", "price": "1500000"}'),
    "newline": digest(RIGHT + "\n"),
    "space_end": digest(RIGHT + " "),
    "comma_end": digest(RIGHT + ","),
    "utf_16": digest(RIGHT.encode("utf-16")),
    "bom": digest(b"\xef\xbb\xbf" + RIGHT.encode()),
    "md5": digest(RIGHT, "md5"),
    "sha1": digest(RIGHT, "sha1"),
    "sha224": digest(RIGHT, "sha224"),
    "sha384": digest(RIGHT, "sha384"),
    "sha512": digest(RIGHT, "sha512"),
    "sha3": digest(RIGHT, "sha3_256"),
    "hmac": hmac_of(RIGHT, KEY),
    "hmac_other": hmac_of(RIGHT, MERCHANT),
    "hashed_twice": digest(digest(RIGHT)),
    "base64": b64(RIGHT),
    "white_space": digest(RIGHT) + "\n",
    "prefix": "0x" + digest(RIGHT),
    "split_hex": ":".join(digest(RIGHT)[n : n + 2] for n in range(0, 64, 2)),
}


def sent(given: str, **changed: object) -> Sent:
    facts = {"bill_id": "Bill-7", "phone": "01012345678", "price": "1500000", "parts": THREE}
    who = {"api_key": KEY, "member": MEMBER, "merchant": MERCHANT}
    return Sent(given=given, **facts | who | changed)  # pyright: ignore[reportArgumentType]


def named(asked: Sent) -> list[str]:
    found = find(asked)
    return [mistake.name for mistake in found.mistakes] if found else []


@pytest.mark.parametrize(("name", "given"), ALONE.items(), ids=list(ALONE))
def test_a_mistake_is_named(name: str, given: str) -> None:
    assert named(sent(given)) == [name]


@pytest.mark.parametrize(
    ("names", "given", "changed"),
    [
        (["three_parts"], digest(RIGHT), {"parts": TWO}),
        (["order"], digest("1500000,Bill-7"), {"parts": TWO}),
        (["reason_in"], digest("Bill-7,1500000,변심"), {"parts": TWO, "reason": "변심"}),
        (["price_other"], digest("Bill-7,900"), {"parts": TWO, "other_price": "900"}),
        (["phone_digits"], digest(RIGHT), {"phone": "010-1234-5678"}),
        (["bill_id_trimmed"], digest(RIGHT), {"bill_id": "Bill-7 "}),
        (["cp949"], digest("청구-7,01012345678,1500000".encode("cp949")), {"bill_id": "청구-7"}),
        (["normal_form"], digest(normalize("NFD", "청구-7") + ",01012345678,1500000"), {"bill_id": "청구-7"}),
        (["order", "phone_hyphens"], digest("010-1234-5678,Bill-7,1500000"), {}),
        (["phone_hyphens", "price_commas"], digest("Bill-7,010-1234-5678,1,500,000"), {}),
        (["two_parts", "newline"], digest("Bill-7,1500000\n"), {}),
        (["api_key_in", "no_separator"], digest(RIGHT.replace(",", "") + KEY), {}),
        (["phone_hyphens", "hmac"], hmac_of("Bill-7,010-1234-5678,1500000", KEY), {}),
        (["two_parts", "md5"], digest("Bill-7,1500000", "md5"), {}),
        (["base64", "newline"], b64(RIGHT + "\n"), {}),
        (["base64", "price_commas", "sha1"], b64("Bill-7,01012345678,1,500,000", "sha1"), {}),
        (["base64"], base64.b64encode(digest(RIGHT).encode()).decode(), {}),
        (["base64"], b64(RIGHT).translate(URL_SAFE).rstrip("="), {}),
        (["base64"], b64(f"Bill-2,{PHONE},1500000").translate(URL_SAFE), {"bill_id": "Bill-2"}),
        (["price_won", "cp949"], digest("Bill-7,01012345678,1500000원".encode("cp949")), {}),
        (["newline"], digest("Bill-7,,1500000\n"), {"phone": None}),
        (["phone_digits"], digest(RIGHT), {"phone": "X010X12345678"}),
        ([], digest(RIGHT), {}),
        ([], digest(RIGHT).upper(), {}),
        ([], digest("something else"), {}),
        ([], "0" * 64, {}),
        ([], "", {}),
        ([], "해시", {}),
        ([], "x" * 10_000, {}),
        ([], "0" * 62, {}),
        ([], f"!!!!{b64(RIGHT)}", {}),
        ([], digest("Bill-7,010.1234.5678,1500000 "), {}),
    ],
    ids=str,
)  # fmt: skip
def test_mistakes_of_other_requests_and_pairs_are_named(
    names: list[str], given: str, changed: dict[str, object]
) -> None:
    assert named(sent(given, **changed)) == names


SEPARATORS = ("|", "-", ";", "_", "/", "&", "+", " ", "\t", ".", "^", "||", "\n")
WON = ("1500000원", "₩1,500,000", "₩1500000", "1500000KRW")
SPELLINGS = {
    "separator": [RIGHT.replace(",", other) for other in SEPARATORS],
    "spaces": [RIGHT.replace(",", other) for other in (" , ", " ,")],
    "json": [
        '{"billId":"Bill-7","phone":"01012345678","price":"1500000"}',
        '["Bill-7","01012345678","1500000"]',
    ],
    "newline": [RIGHT + "\r\n"],
    "bill_id_case": ["bill-7,01012345678,1500000"],
    "phone_country": [
        f"Bill-7,{phone},1500000"
        for phone in (
            "+821012345678",
            "821012345678",
            "+82-10-1234-5678",
            "+82 10 1234 5678",
            "+82 1012345678",
        )
    ],
    "price_won": [f"Bill-7,01012345678,{price}" for price in WON],
    "price_float": ["Bill-7,01012345678,1500000.00"],
    "api_key_in": [f"{RIGHT},{KEY}", f"Bill-7,{KEY},01012345678,1500000"],
    "member_in": [f"{MEMBER},{RIGHT}"],
    "merchant_in": [f"{MERCHANT},{RIGHT}", f"{RIGHT},{MERCHANT}"],
    "order": ["Bill-7,1500000,01012345678", "1500000,Bill-7", "1500000,01012345678,Bill-7"],
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_of_a_mistake_is_known(name: str) -> None:
    for text in SPELLINGS[name]:
        assert named(sent(digest(text))) == [name], text


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("utf_16", digest(RIGHT.encode("utf-16-le"))),
        ("utf_16", digest(RIGHT.encode("utf-16-be"))),
        ("utf_16", digest(b"\xfe\xff" + RIGHT.encode("utf-16-be"))),
        ("hashed_twice", digest(hashlib.sha256(RIGHT.encode()).digest())),
        ("hmac_other", hmac_of(RIGHT, MEMBER)),
        ("prefix", "0X" + digest(RIGHT)),
        ("prefix", "sha256:" + digest(RIGHT)),
        ("prefix", "sha256=" + digest(RIGHT)),
        ("prefix", "SHA256:" + digest(RIGHT).upper()),
        ("split_hex", "-".join([digest(RIGHT)[:32], digest(RIGHT)[32:]])),
        ("split_hex", " ".join([digest(RIGHT)[:32], digest(RIGHT)[32:]])),
    ],
)
def test_every_form_of_bytes_and_digests_is_known(name: str, given: str) -> None:
    assert named(sent(given)) == [name]


@pytest.mark.parametrize(
    ("bill_id", "text", "name"),
    [
        ("청구-7", '{"billId":"청구-7","phone":"01012345678","price":"1500000"}', "json"),
        ("청구-7", '{"billId": "청구-7", "phone": "01012345678", "price": "1500000"}', "json"),
        ("청구-7", '["청구-7","01012345678","1500000"]', "json"),
        ("청구-7", "billId=청구-7&phone=01012345678&price=1500000", "query"),
        ("a b~c", "billId=a%20b~c&phone=01012345678&price=1500000", "query"),
        ("청구-7", "billId=%EC%B2%AD%EA%B5%AC-7&phone=01012345678&price=1500000", "query"),
        ("청구/7", "billId=%EC%B2%AD%EA%B5%AC%2F7&phone=01012345678&price=1500000", "query"),
        (normalize("NFD", "청구-7"), "청구-7,01012345678,1500000", "normal_form"),
    ],
)
def test_mistakes_with_korean_letters_are_known(bill_id: str, text: str, name: str) -> None:
    assert named(sent(digest(text), bill_id=bill_id)) == [name]


USUAL = {
    "two_parts": ["Bill-7,1500000"],
    "order": ["1500000,Bill-7,01012345678"],
    "api_key_in": [f"{KEY},{RIGHT}", f"{RIGHT},{KEY}"],
    "bill_id_case": [RIGHT.upper(), RIGHT.lower()],
    "phone_hyphens": ["Bill-7,010-1234-5678,1500000"],
    "phone_spaces": ["Bill-7,010 1234 5678,1500000"],
    "phone_country": ["Bill-7,+821012345678,1500000", "Bill-7,821012345678,1500000"],
    "phone_no_zero": ["Bill-7,1012345678,1500000"],
    "price_commas": ["Bill-7,01012345678,1,500,000"],
    "price_float": ["Bill-7,01012345678,1500000.0", "Bill-7,01012345678,1500000.00"],
    "price_won": ["Bill-7,01012345678,1500000원"],
    "price_other": ["Bill-7,01012345678,900"],
    "spaces": ["Bill-7, 01012345678, 1500000"],
    "no_separator": ["Bill-7010123456781500000"],
    "separator": ["Bill-7|01012345678|1500000"],
}


@pytest.mark.parametrize("name", USUAL)
def test_a_usual_mistake_is_named_beside_another_usual_one(name: str) -> None:
    for text in USUAL[name]:
        assert named(sent(digest(text + "\n"), other_price="900")) == [name, "newline"]


@pytest.mark.parametrize(
    ("names", "given", "changed"),
    [
        (["newline", "hashed_twice"], digest(digest(RIGHT + "\n")), {}),
        (["newline", "utf_16"], digest(f"{RIGHT}\n".encode("utf-16-le")), {}),
        (["phone_digits", "newline"], digest(RIGHT + "\n"), {"phone": "010.1234.5678"}),
    ],
)
def test_a_usual_mistake_in_bytes_digest_or_separators_is_named_beside_another(
    names: list[str], given: str, changed: dict[str, object]
) -> None:
    assert named(sent(given, **changed)) == names


@pytest.mark.parametrize(
    ("parts", "phone", "text"),
    [
        (THREE, "01012345678", RIGHT),
        (THREE, None, "Bill-7,,1500000"),
        (TWO, "01012345678", "Bill-7,1500000"),
    ],
)
def test_what_has_to_be_hashed_is_the_parts_with_commas_between(
    parts: tuple[str, ...], phone: str | None, text: str
) -> None:
    assert sent("", parts=parts, phone=phone).right_text == text


def test_every_mistake_in_the_table_can_be_found() -> None:
    elsewhere = {
        "three_parts",
        "reason_in",
        "price_other",
        "phone_digits",
        "bill_id_trimmed",
        "cp949",
        "normal_form",
    }
    assert set(MISTAKES) == set(ALONE) | elsewhere
    for mistake in MISTAKES.values():
        assert mistake.english.isascii()
        assert mistake.korean.endswith("요")


def test_what_was_hashed_is_shown() -> None:
    found = find(sent(ALONE["price_commas"]))
    assert found is not None
    assert found.text == "Bill-7,01012345678,1,500,000"


@pytest.mark.parametrize("phone", ["01012345678", "010-1234-5678", "+821012345678", "1012345678"])
def test_a_phone_that_was_not_sent_is_masked_however_it_was_hashed(phone: str) -> None:
    found = find(sent(digest(f"Bill-7,{phone},1500000"), parts=TWO, phone_looked_up=True))
    assert found is not None
    assert found.text == "Bill-7,010-****-5678,1500000"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a,b", '"a,b"'),
        ("a\r\nX-Evil: 1", '"a\\r\\nX-Evil: 1"'),
        ("청구", '"\\uccad\\uad6c"'),
        ('"', '"\\""'),
        ("x" * 160, '"' + "x" * 160 + '"'),
        ("x" * 161, '"' + "x" * 160 + '..."'),
    ],
)
def test_a_shown_text_is_one_short_line_of_ascii(text: str, seen: str) -> None:
    assert shown(text) == seen


@pytest.mark.parametrize("part", ["bill_id", "phone", "price"])
def test_what_is_far_too_long_is_not_searched(part: str) -> None:
    for length, names in ((200, ["spaces"]), (201, [])):
        values = {"bill_id": "B", "phone": "x", "price": "y"} | {part: "z" * length}
        assert named(sent(digest(", ".join(values.values())), **values)) == names
    assert named(sent(digest("Bill-7, 1500000"), parts=TWO, phone=None)) == ["spaces"]
    for length, names in ((200, ["white_space"]), (201, [])):
        assert named(sent(digest(RIGHT).rjust(length))) == names
    for length, names in ((200, ["merchant_in"]), (201, [])):
        assert named(sent(digest(f"{RIGHT},{'z' * length}"), merchant="z" * length)) == names


def test_a_search_is_over_in_no_time_whatever_was_sent() -> None:
    chance = random.Random(7)  # noqa: S311 - any will do
    slowest_seconds = 0.0
    for _ in range(50):
        odd = [
            "".join(chr(chance.randrange(1, 0xD000)) for _ in range(chance.randrange(1, 200)))
            for _ in range(3)
        ]
        given = chance.choice([digest("x"), digest("x", "sha512"), odd[0], b64(RIGHT)])
        asked = sent(given, bill_id=odd[0], phone=odd[1], price=odd[2], merchant=odd[1], member=odd[2])
        began = thread_time()
        find(asked)
        slowest_seconds = max(slowest_seconds, thread_time() - began)
    assert slowest_seconds < 0.1  # 2 ms on a quiet machine


HERE = ["python", "shell", *(language for language in ("node", "php") if shutil.which(language))]
"""Node and PHP are no part of Cheonggu: their lines run where they are installed."""


@pytest.mark.parametrize("language", HERE)
def test_the_shown_code_computes_the_right_hash(language: str) -> None:
    line, parts = code_lines(THREE)[language], ("Bill-7", "01012345678", "1500000")
    values = dict(zip(THREE, parts, strict=True))
    if language == "python":
        assert eval(line, {"hashlib": hashlib} | values) == request_hash(*parts)  # noqa: S307
        return
    starts = {
        "shell": (["sh", "-c"], "".join(f"{name}='{value}'; " for name, value in values.items())),
        "node": (["node", "-e"], "".join(f"const {name} = '{value}'; " for name, value in values.items())),
        "php": (["php", "-r"], "".join(f"${name} = '{value}'; " for name, value in values.items())),
    }
    command, given = starts[language]
    prints = {"shell": "{}", "node": "console.log({})", "php": "echo {};"}[language].format(line)
    prints = prints.replace("crypto.", "require('node:crypto').")
    told = subprocess.run([*command, given + prints], capture_output=True, text=True, check=True)  # noqa: S603
    assert told.stdout.split()[0] == request_hash(*parts)


def test_the_code_for_java_is_one_expression_of_its_standard_library() -> None:
    assert code_lines(THREE)["java"] == (
        'HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")'
        '.digest((billId + "," + phone + "," + price).getBytes(StandardCharsets.UTF_8)))'
    )
    assert set(code_lines(TWO)) == {"python", "node", "php", "java", "shell"}
