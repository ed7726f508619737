"""What NHN Cloud's Alimtalk API v2.3 answers, and what follows from it for a message.

Only what names the receiver, or the message itself, is final. Whatever else NHN Cloud refuses is for the
operator or NHN Cloud to mend: such a message waits, as none must fail because a key was wrong for an hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from cheonggu.domain.message import NotSent, Sending, Sent, Unsure
from cheonggu.domain.seoul import SEOUL

ACCEPTED: Final = 0
REPEATED: Final = -1005
DELIVERED: Final = "1000"

REFUSED: Final = {
    -5000: "받는 분의 전화번호가 올바르지 않아요.",
    -4019: "받는 분의 전화번호가 올바르지 않아요.",
    -1028: "내용 가운데 14자가 넘는 것이 있어서 NHN Cloud가 받지 않았어요.",
    -8008: "NHN Cloud가 금칙어로 정한 말이 들어 있어요.",
}
"""Refusals of a receiver that are final."""

LOOK_AT: Final = {
    -1000: "nhn_app_key",
    -4004: "nhn_app_key",
    -4005: "nhn_app_key",
    -1001: "nhn_secret_key",
    -1006: "nhn_sender_key",
    -1014: "nhn_sender_key",
    -1024: "nhn_sender_key",
    -1027: "nhn_sender_key",
    -2017: "nhn_sender_key",
    -3003: "nhn_template_code",
    -3004: "nhn_template_code",
    -3005: "nhn_template_code",
    -3049: "nhn_template_code",
}
"""The setting that a refusal is about."""

FAILED: Final = {
    "1020": "받는 분의 전화번호가 올바르지 않아요.",
    "3008": "받는 분의 전화번호가 올바르지 않아요.",
    "3014": "메시지가 너무 길어요.",
    "3018": "지금은 카카오톡 메시지를 받을 수 없는 분이에요.",
    "3019": "카카오톡을 쓰지 않는 번호예요.",
    "3020": "받는 분이 알림톡을 차단했어요.",
    "3021": "받는 분의 카카오톡이 너무 오래됐어요.",
    "3025": "내용 가운데 글자 수 제한을 넘는 것이 있어요.",
}
CHANNEL_OR_TEMPLATE: Final = frozenset(
    {
        *("1002", "1003", "1006", "1007", "1011", "1013", "1014", "1016"),
        *("1021", "1022", "1023", "1024", "1025", "1027"),
        *("3015", "3016", "3027", "4102", "4103", "4104", "4132", "4133", "4134"),
    }
)
"""Why KakaoTalk refuses whatever this operator sends, until that is mended."""
UNCERTAIN: Final = frozenset({"3005", "4000", "4001", "4122", "4161"})
"""NHN Cloud could not find out what became of it; by 3005 it may yet arrive."""
MAY_YET_ARRIVE: Final = timedelta(days=3)
"""D: KakaoTalk keeps a message of 3005 for so long."""


class Unheard(Unsure, frozen=True):
    """Unsure as NHN Cloud refused the question or the request, with this code, or did not answer: 0."""

    code: int = 0


class Header(msgspec.Struct, frozen=True, rename="camel"):
    """Whether a request was understood and done. HTTP says 200 in either case."""

    is_successful: bool
    result_code: int


class SendResult(msgspec.Struct, frozen=True, rename="camel"):
    """What became of one recipient of a request."""

    result_code: int
    recipient_seq: int | None = None
    recipient_grouping_key: str | None = None


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """A request that was taken; without an id when every recipient was refused."""

    request_id: str | None = None
    send_results: list[SendResult] | None = None


class SendAnswer(msgspec.Struct, frozen=True):
    """The answer to a sending."""

    header: Header
    message: Request | None = None

    def result_of_each(self, marks: Sequence[str]) -> list[SendResult | None]:
        """By our marks; in order where the answer does not repeat them."""
        results = (self.message and self.message.send_results) or []
        by_mark = {one.recipient_grouping_key: one for one in results if one.recipient_grouping_key}
        if by_mark:
            return [by_mark.get(mark) for mark in marks]
        if len(results) == len(marks):
            return list(results)
        if len(marks) == 1 and not self.header.is_successful:
            return [
                SendResult(result_code=self.header.result_code)
            ]  # there is nobody else whom it could mean
        return [None] * len(marks)

    def outcome(self, result: SendResult | None) -> Sending:
        """What it says of one recipient."""
        code = self.header.result_code if result is None else result.result_code
        if result is not None and code in REFUSED:
            return NotSent(str(code), REFUSED[code])
        if code != ACCEPTED:
            return refused(code)
        if result is None or not self.header.is_successful:
            return Unheard("NHN Cloud의 답에 이 메시지가 없어요")
        request_id = self.message and self.message.request_id
        return Unsure(f"NHN Cloud가 접수했어요: {request_id}/{result.recipient_seq}")


class Listed(msgspec.Struct, frozen=True, rename="camel"):
    """A message as NHN Cloud lists it."""

    request_id: str
    recipient_seq: int
    message_status: str | None = None
    result_code: str | int | None = None
    result_code_name: str | None = None
    receive_date: str | None = None
    recipient_grouping_key: str | None = None

    def told(self, handed_at: datetime, now: datetime) -> Sending:
        """What became of it."""
        code = "" if self.result_code is None else str(self.result_code)
        went_wrong = code.isdecimal() and code != DELIVERED
        match self.message_status:
            case "CANCEL":
                return NotSent("CANCEL", "NHN Cloud에서 발송이 취소됐어요.")
            case "COMPLETED" if not went_wrong:
                return Sent(f"{self.request_id}/{self.recipient_seq}", self._received_at(handed_at, now))
            case "COMPLETED" | "FAILED" if code != DELIVERED:
                return self._failed(code or "FAILED", handed_at, now)
            case _:
                return Unsure(f"NHN Cloud가 접수했어요: {self.request_id}/{self.recipient_seq}")

    def _failed(self, code: str, handed_at: datetime, now: datetime) -> NotSent | Unsure:
        if code in UNCERTAIN:
            if now < handed_at + MAY_YET_ARRIVE:
                return Unsure(f"보냈지만 받았는지 확인되지 않았어요({code})")
            return NotSent(code, "보냈지만 3일 안에 받은 것이 확인되지 않았어요.")
        if code in CHANNEL_OR_TEMPLATE:
            return NotSent(code, "보내는 카카오톡 채널이나 템플릿에 문제가 있어요.")
        return NotSent(code, FAILED.get(code) or f"카카오톡이 보내지 못했어요: {self.result_code_name}")

    def _received_at(self, handed_at: datetime, now: datetime) -> datetime:
        """In Seoul's time; between handing over and hearing of it, whatever form or clock it comes from."""
        try:
            at = datetime.fromisoformat(self.receive_date or "")
        except ValueError:
            return now
        return min(max(at if at.tzinfo else at.replace(tzinfo=SEOUL), handed_at), now)


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """A part of a list. `total_count` is that of the whole."""

    messages: list[Listed]
    total_count: int | None = None


class ListAnswer(msgspec.Struct, frozen=True):
    """The answer to a question."""

    header: Header
    page: Page | None = msgspec.field(name="messageSearchResultResponse", default=None)


def refused(code: int) -> Unheard:
    """What is left open by a refusal that is not the receiver's."""
    return Unheard(f"NHN Cloud가 받지 않았어요({code})", code)


def best(told: Sequence[Sending]) -> Sending:
    """What is so of a message that is listed more than once: it arrived if one of them did."""
    return min(told, key=lambda one: 0 if isinstance(one, Sent) else 1 if isinstance(one, Unsure) else 2)
