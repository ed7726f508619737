"""Which parts a request's hash has, and how it is compared."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.probe import PRICE, Probe
from cheonggu.conform.target import NOBODYS_PHONE
from cheonggu.domain import codes
from cheonggu.domain.hashing import request_hash

SECTION: Final = Section("hash", Need.WRITE)
check = SECTION.check


@check(
    "create.three-parts",
    "S",
    "A create is hashed over billId, phone and price.",
    "생성 요청의 해시는 billId, phone, price로 만들어요.",
)
def create_three_parts(probe: Probe) -> None:
    bill_id = probe.new_id()
    digest = request_hash(bill_id, NOBODYS_PHONE, PRICE)
    probe.done(probe.create(billId=bill_id, phone=NOBODYS_PHONE, hash=digest))


@check(
    "create.two-parts",
    "S",
    "A create hashed without the phone is refused.",
    "phone을 빼고 만든 생성 요청의 해시는 거절해요.",
)
def create_two_parts(probe: Probe) -> None:
    bill_id = probe.new_id()
    answer = probe.create(billId=bill_id, hash=request_hash(bill_id, PRICE))
    probe.refused(answer, codes.VALIDATION_002)


@check(
    "create.wrong",
    "M",
    "A wrong hash is VALIDATION_002, with its message.",
    "틀린 해시는 VALIDATION_002이고, 정해진 메시지로 답해요.",
)
def create_wrong(probe: Probe) -> None:
    answer = probe.create(hash="0" * 64)
    probe.refused(answer, codes.VALIDATION_002)
    probe.says(answer, codes.VALIDATION_002.message)


@check(
    "create.no-hex",
    "O",
    "A hash that is no hex is a wrong hash.",
    "16진수가 아닌 해시도 틀린 해시예요.",
)
def create_no_hex(probe: Probe) -> None:
    probe.refused(probe.create(hash="해시"), codes.VALIDATION_002)


@check(
    "create.upper-case",
    "O",
    "A hash in upper case is taken, and answered as it was sent.",
    "대문자 해시도 받고, 보낸 그대로 답해요.",
)
def create_upper_case(probe: Probe) -> None:
    bill_id = probe.new_id()
    digest = request_hash(bill_id, NOBODYS_PHONE, PRICE).upper()
    data = probe.done(probe.create(billId=bill_id, phone=NOBODYS_PHONE, hash=digest))
    probe.holds(data.get("hash") == digest, "the hash in upper case", "another hash")


@check(
    "create.utf-8",
    "O",
    "The hash is over UTF-8.",
    "해시는 UTF-8 바이트로 계산해요.",
)
def create_utf8(probe: Probe) -> None:
    phone = "없음 ☎"
    bill_id = probe.new_id()
    probe.done(probe.create(billId=bill_id, phone=phone, hash=request_hash(bill_id, phone, PRICE)))


@check(
    "destroy.two-parts",
    "S",
    "A destroy is hashed over billId and price.",
    "파기 요청의 해시는 billId, price로 만들어요.",
)
def destroy_two_parts(probe: Probe) -> None:
    made = probe.bills.fresh()
    probe.done(probe.destroy(made.bill_id, hash=request_hash(made.bill_id, PRICE)))


@check(
    "destroy.three-parts",
    "M",
    "A destroy hashed over three parts is refused.",
    "세 값으로 만든 파기 요청의 해시는 거절해요.",
)
def destroy_three_parts(probe: Probe) -> None:
    made = probe.bills.open()
    phone = probe.target.talk_phone or NOBODYS_PHONE
    answer = probe.destroy(made.bill_id, hash=request_hash(made.bill_id, phone, PRICE))
    probe.refused(answer, codes.VALIDATION_002)


@check(
    "destroy.phone-is-ignored",
    "O",
    "A phone in a destroy is ignored: its hash has two parts all the same.",
    "파기 요청에 phone이 있어도 무시해요. 해시는 두 값으로 만들어요.",
)
def destroy_phone_is_ignored(probe: Probe) -> None:
    made = probe.bills.fresh()
    probe.done(probe.destroy(made.bill_id, phone=probe.target.talk_phone or NOBODYS_PHONE))


@check(
    "cancel.two-parts",
    "M",
    "A cancel is hashed over billId and price, and a three-part hash is refused.",
    "취소 요청의 해시는 billId, price로 만들고, 세 값으로 만든 것은 거절해요.",
)
def cancel_two_parts(probe: Probe) -> None:
    made = probe.bills.open()
    phone = probe.target.talk_phone or NOBODYS_PHONE
    answer = probe.cancel(made.bill_id, hash=request_hash(made.bill_id, phone, PRICE))
    probe.refused(answer, codes.VALIDATION_002)


@check(
    "none",
    "S",
    "read and resend have no hash; one that is sent does not matter.",
    "조회와 재발송에는 해시가 없고, 보내도 보지 않아요.",
)
def none(probe: Probe) -> None:
    made = probe.bills.open()
    probe.done(probe.ask("/bill/read", {"billId": made.bill_id, "hash": "0" * 64}))
    answer = probe.ask("/bill/resend", {"billId": probe.new_id(), "hash": "0" * 64})
    probe.refused(answer, codes.BILL_003)
