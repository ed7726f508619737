"""From a refused request to its explanation: what the tables know, and what the request itself betrays."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final, cast

import msgspec

from cheonggu.domain import codes, explanation
from cheonggu.domain.codes import CODES, Refused
from cheonggu.domain.explanation import Explanation
from cheonggu.domain.hash_mistakes import shown
from cheonggu.domain.hash_steps import THREE, TWO, Sent
from cheonggu.domain.next_steps import Said
from cheonggu.store import bills
from cheonggu.web.docs_page import FieldRow, field_rows
from cheonggu.web.docs_words import CODE_MEANINGS_KOREAN
from cheonggu.web.operations import Operation
from cheonggu.web.parse import Tree, parse_object
from cheonggu.web.words import Language

if TYPE_CHECKING:
    from cheonggu.service import Service

_FIELD: Final = re.compile(r"([A-Za-z]+(?:\.[A-Za-z]+)?): (.+)", re.DOTALL)
_DATE: Final = re.compile(r"([0-9]{4})[./ ]?([0-9]{2})[./ ]?([0-9]{2})")
_NOT_A_DIGIT: Final = re.compile(r"[^0-9]")
_MISSING: Final = "필수 값입니다."
_MOST_SHOWN: Final = 40
_NOTHING: Final = ("", "")


async def explain(service: Service, operation: Operation, body: bytes, told: Tree) -> Explanation:
    """Why a request was answered with a code other than 0000. `told` is the envelope it got."""
    code = CODES[str(told["code"])]
    tree = _tree(body)
    if code is codes.VALIDATION_002 and (sent := await _sent(service, operation, tree)):
        return explanation.of_hash(sent)
    korean = CODE_MEANINGS_KOREAN[code.code]
    if code is codes.VALIDATION_001:
        found = _FIELD.fullmatch(str(told.get("message") or told.get("msg")))
        if found:
            return _of_field(operation, tree, found[1], found[2])
    if code is codes.PARTNER_003:
        return explanation.of_code(code, korean, _who_is_unknown(service, tree))
    return explanation.of_code(code, korean)


def forced(answered: Tree) -> Explanation:
    """Why, where a test code made it so."""
    code = CODES[str(answered["code"])]
    asked = "A test code asked for this answer.", "테스트 코드로 요청한 응답이에요."
    return explanation.of_code(code, CODE_MEANINGS_KOREAN[code.code], asked)


def _tree(body: bytes) -> Tree:
    try:
        return parse_object(body)
    except Refused:
        return {}


def _bill(tree: Tree) -> Tree:
    bill = tree.get("bill")
    return cast("Tree", bill) if isinstance(bill, dict) else {}


def _text(tree: Tree, name: str) -> str | None:
    """A field's text, as the hash takes it."""
    value = tree.get(name)
    return str(value) if isinstance(value, str) or type(value) is int else None


async def _sent(service: Service, operation: Operation, tree: Tree) -> Sent | None:
    bill = _bill(tree)
    given, bill_id, price = (_text(bill, name) for name in ("hash", "billId", "price"))
    if given is None or bill_id is None or price is None:
        return None
    api_key, phone = _text(tree, "apiKey"), _text(bill, "phone")
    sent = Sent(
        given=given,
        parts=THREE if operation.path == "/bill" else TWO,
        bill_id=bill_id,
        price=price,
        phone=phone,
        api_key=api_key,
        member=_text(tree, "member"),
        merchant=_text(tree, "merchant"),
        reason=_text(bill, "cancelReason"),
    )
    return sent if sent.parts == THREE else await _with_the_bill(service, sent)


async def _with_the_bill(service: Service, sent: Sent) -> Sent:
    """What the bill adds: its phone, which often goes into a hash where it does not belong; its price."""
    partner = service.directory.remembered(sent.api_key or "")
    bill = partner and await bills.find(service.db, service.keyring, partner.partner_id, sent.bill_id)
    if not bill:
        return sent
    price = str(bill.price_won)
    phone = sent.phone or bill.payer_phone
    return msgspec.structs.replace(
        sent,
        phone=phone,
        phone_looked_up=sent.phone is None,
        other_price=None if price == sent.price else price,
    )


def _who_is_unknown(service: Service, tree: Tree) -> Said:
    api_key = _text(tree, "apiKey") or ""
    if service.directory.remembered(api_key) is not None:
        return (
            "The apiKey is known; member or merchant is not.",
            "apiKey는 맞아요. member나 merchant를 몰라요.",
        )
    if api_key != api_key.strip():
        return "The apiKey has white space around it.", "apiKey 앞뒤에 공백이 있어요."
    return "It is the apiKey that is unknown.", "모르는 apiKey예요."


def _of_field(operation: Operation, tree: Tree, path: str, rule: str) -> Explanation:
    row = _rows(operation, "en").get(path)
    base = explanation.of_code(codes.VALIDATION_001, f"{path}: {rule}")
    if row is None:
        return msgspec.structs.replace(base, field=path)
    hint = _hint(tree, path, rule)
    korean = _rows(operation, "ko")[path]
    return msgspec.structs.replace(
        base,
        field=path,
        english=" ".join(filter(None, (f"{path} ({_kind(row)}): {row.meaning}", hint[0]))),
        korean=" ".join(filter(None, (f"{path}: {rule}", korean.meaning, hint[1]))),
        marks=row.marks,
    )


def _kind(row: FieldRow) -> str:
    need = "required" if row.required else "optional"
    return f"{need}, {row.kind}" + (f", {row.limits}" if row.limits else "")


@cache
def _rows(operation: Operation, language: str) -> dict[str, FieldRow]:
    chosen = Language("ko" if language == "ko" else "en")
    return {row.name: row for row in field_rows(operation.request, chosen)}


def _hint(tree: Tree, path: str, rule: str) -> Said:
    """What this request seems to have meant."""
    where, _, name = path.rpartition(".")
    fields = _bill(tree) if where else tree
    if rule == _MISSING:
        return _elsewhere(tree, fields, where, name)
    value = fields.get(name)
    if not isinstance(value, str):
        return "You sent something else than a text in quotes.", "따옴표로 감싼 글이 아닌 값을 보냈어요."
    meant = _MEANT.get(name, str.strip)(value)
    if not meant or meant == value:
        return _NOTHING
    return f"You sent {shown(value[:_MOST_SHOWN])}: send {shown(meant[:_MOST_SHOWN])}.", (
        f"{value[:_MOST_SHOWN]!r} 대신 {meant[:_MOST_SHOWN]!r}로 보내 주세요."
    )


def _elsewhere(tree: Tree, fields: Tree, where: str, name: str) -> Said:
    if where and name in tree:
        return f"You sent it outside of {where}.", f"{where} 바깥에 보냈어요. {where} 안에 넣어 주세요."
    names = {_plain(other): other for other in list(fields)[:100]}
    near = get_close_matches(_plain(name), names, n=1, cutoff=0.75)
    if near:
        other = names[near[0]][:_MOST_SHOWN]
        return f"You sent {shown(other)}: it is called {name}.", f"{other!r}로 보냈어요. 이름은 {name}이에요."
    return _NOTHING


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _mobile(text: str) -> str:
    digits = _NOT_A_DIGIT.sub("", text)
    return "0" + digits[2:] if digits.startswith("8210") else digits


def _amount(text: str) -> str:
    whole = text.partition(".")[0]
    return _NOT_A_DIGIT.sub("", whole).lstrip("0")


def _day(text: str) -> str:
    found = _DATE.match(text)
    return "-".join(found.groups()) if found else ""


def _no_spaces(text: str) -> str:
    return "".join(text.split())


_MEANT: Final = {
    "phone": _mobile,
    "price": _amount,
    "supplyPrice": _amount,
    "tax": _amount,
    "expireDt": _day,
    "billId": _no_spaces,
    "sendType": str.upper,
}
