"""Every answer that a caller was given is true, of that moment and of the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import inf
from typing import Final

from chaos.record import Asked, BillRecord
from cheonggu.domain import seoul
from cheonggu.domain.bill import WIRE_STATE, Bill

ABSENT: Final = "-"
_REACHES: Final = {ABSENT: "-WFCD", "W": "WFCD", "F": "FC", "C": "C", "D": "D"}
"""As what a bill may be seen later; a payment that fails leads from W to W."""
_SAYS: Final = {
    ("destroy", "0000"): "D",
    ("destroy", "BILL_004"): "F",
    ("destroy", "BILL_005"): "CD",
    ("destroy", "BILL_007"): "WF",
    ("cancel", "0000"): "C",
    ("cancel", "BILL_005"): "CD",
    ("cancel", "BILL_007"): "WF",
    ("cancel", "BILL_008"): "W",
    ("cancel", "PAYMENT_001"): "F",
    ("cancel", "MAINTAINED_METHOD"): "F",
    ("resend", "0000"): "W",
    ("create", "0000"): "WFCD",
}
"""As what the bill was seen at some moment between a request and this answer."""
_LASTING: Final = {"BILL_003", "BILL_004", "BILL_005", "BILL_008"}
_Seen = tuple[float, float, str, str]
"""From when, until when, as one of which states, and how it was told."""


def check(bill: BillRecord, row: Bill | None) -> Iterator[str]:
    """What is untrue of the answers about one bill."""
    yield from _creation(bill, row)
    for what in ("destroy", "cancel", "resend"):
        yield from _repeats(bill.of(what))
    for what in ("create", "destroy", "cancel"):
        done = [group for group in groups(bill.of(what)) if any(one.done for one in group)]
        if len(done) > 1:
            yield f"{len(done)} separate requests to {what} it were acknowledged"
    yield from _order(bill, row)


def groups(asked: Sequence[Asked]) -> list[list[Asked]]:
    """Requests that are one: those under one key. Each without a key is by itself."""
    keyed: dict[str, list[Asked]] = {}
    alone: list[list[Asked]] = []
    for one in asked:
        if one.key is None:
            alone.append([one])
        else:
            keyed.setdefault(one.key, []).append(one)
    return alone + list(keyed.values())


def _creation(bill: BillRecord, row: Bill | None) -> Iterator[str]:
    creates = bill.of("create")
    done = [one for one in creates if one.done]
    if row is None:
        if done:
            yield "its creation was acknowledged and it is not there"
        if any(one.code == "BILL_001" for one in creates):
            yield "its id was called used (BILL_001) and it is not there"
        return
    if not done and not any(one.unknown for one in creates):
        yield f"it is there, and every create was refused: {[one.code for one in creates]}"
    for one in creates:
        if one.code == "BILL_001" and not _another(one, creates):
            yield "its own create was refused with BILL_001"
    yield from _values(bill, row, done)


def _another(refused: Asked, creates: Sequence[Asked]) -> bool:
    """Whether a create that is not a repeat of this one may have been there before."""
    return any(
        one is not refused
        and (one.done or one.unknown)
        and one.began < refused.ended
        and (one.key is None or one.key != refused.key)
        for one in creates
    )


def _values(bill: BillRecord, row: Bill, done: Sequence[Asked]) -> Iterator[str]:
    sent, account = bill.fields, bill.account
    pairs = {
        "sendType": (sent["sendType"], str(row.send_type)),
        "productName": (sent["productName"], row.product_name),
        "memberName": (sent["memberName"], row.payer_name),
        "phone": (sent["phone"], row.payer_phone),
        "price": (sent["price"], str(row.price_won)),
        "callbackUrl": (sent["callbackUrl"], row.callback_url),
        "issuer": (account.issuer, row.issuer),
        "member": (account.member, row.member_code),
        "merchant": (account.merchant, row.merchant_code),
        "wallet": (account.wallet_code, row.wallet_code),
    }
    if day := seoul.parse_day(sent.get("expireDt", "")):
        pairs["expireDt"] = (str(seoul.end_of(day).timestamp()), str(row.expires_at.timestamp()))
    for field, (asked, kept) in pairs.items():
        if asked != kept:
            yield f"{field} was {asked!r} and is {kept!r}"
    for one in done:
        if not one.data or not str(one.data.get("shortUrl")).endswith(f"/p/{row.short_code}"):
            yield "the short URL of the answer is not the bill's"


def _repeats(asked: Sequence[Asked]) -> Iterator[str]:
    """A repeat under the same key hears what the first one heard, where that lasts."""
    for group in groups(asked):
        heard = [one for one in group if not one.unknown]
        for first, second in combinations(sorted(heard, key=lambda one: one.began), 2):
            if first.ended > second.began or first.code == second.code:
                continue
            if first.done or first.code in _LASTING:
                yield f"{first.what} was answered {first.code}, and again {second.code}"


def _order(bill: BillRecord, row: Bill | None) -> Iterator[str]:
    """Of two answers, the later one tells of a state that can follow the earlier one's."""
    seen = [found for one in bill.asked if one.sent and (found := _seen(one))]
    seen.append((inf, inf, WIRE_STATE[row.state] if row else ABSENT, "the tables"))
    for one in seen:
        for other in seen:
            if one[1] < other[0] and not any(b in _REACHES[a] for a in one[2] for b in other[2]):
                yield f"{one[3]} said {one[2]}, and later {other[3]} says {other[2]}"


def _seen(asked: Asked) -> _Seen | None:
    began = asked.first_began if asked.again else asked.began
    if asked.code == "BILL_003":
        states = ABSENT
    elif asked.what in {"read", "pay"}:
        if not asked.done or not asked.data:
            return None
        states = str(asked.data["apprState" if asked.what == "read" else "state"])
    else:
        states = _SAYS.get((asked.what, asked.code), "")
    return (began, asked.ended, states, f"{asked.what} {asked.code}") if states else None
