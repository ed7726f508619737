"""The phrases about made-up callbacks, in Korean and English."""

from __future__ import annotations

from typing import Final

OF_PROBES: Final[dict[str, tuple[str, str]]] = {
    "probe": ("지어낸 콜백 보내기", "Send a made-up callback"),
    "probe_of": (
        "청구 번호 {bill}의 승인 콜백을 고쳐서 한 번 보내요. "
        "청구서는 바뀌지 않고, 결과는 이 화면에만 나와요.",
        "Sends the approval of bill {bill} once, altered. No bill changes, "
        "and the result stands on this page only.",
    ),
    "probe_sample": (
        "고른 청구서가 없어서 견본 콜백을 아래 주소로 보내요. 결과는 이 화면에만 나와요.",
        "No bill is chosen, so a sample goes to the address below. The result stands on this page only.",
    ),
    "probe_url": ("보낼 주소", "Where to"),
    "probe_UNKNOWN_BILL": ("모르는 청구서", "Unknown bill"),
    "probe_UNKNOWN_BILL_then": ("청구 번호가 NO-SUCH-BILL이에요.", "Its billId is NO-SUCH-BILL."),
    "probe_OTHER_AMOUNT": ("다른 금액", "Another amount"),
    "probe_OTHER_AMOUNT_then": ("금액이 1원 달라요.", "One won off."),
    "probe_BAD": ("틀린 서명", "Bad signature"),
    "probe_BAD_then": ("다른 비밀로 서명해요.", "Signed with a stranger’s secret."),
    "probe_OLD": ("오래된 서명", "Old signature"),
    "probe_OLD_then": ("한 시간 전에 서명했어요.", "Signed an hour ago."),
    "probe_NONE": ("서명 없음", "No signature"),
    "probe_NONE_then": ("webhook 헤더가 없어요.", "Without webhook headers."),
    "probe_THREE_FIELDS": ("필드 세 개만", "Three fields only"),
    "probe_THREE_FIELDS_then": (
        "billId, apprState, apprPrice만 있어요. 받아야 해요.",
        "billId, apprState and apprPrice alone. Take it.",
    ),
    "probe_own": ("필드를 직접 고치기", "Alter fields yourself"),
    "probe_alter": ("고칠 필드, 한 줄에 하나씩", "Fields to alter, one a line"),
    "probe_alter_hint": (
        "이름=값으로 바꾸거나 더하고, -이름으로 빼요. 값은 글자로 가요.",
        "name=value changes or adds, -name leaves out. Values go as text.",
    ),
    "probe_signature": ("서명", "Signature"),
    "probe_GOOD": ("맞는 서명", "Good signature"),
    "probe_send": ("보내기", "Send"),
    "probe_not": ("콜백을 보내지 않았어요", "The callback was not sent"),
    "probe_result": ("지어낸 콜백의 결과", "What came of it"),
    "probe_accepted_right": ("받았어요", "It was accepted"),
    "probe_refused_right": ("받지 않았어요", "It was refused"),
    "probe_accepted_wrong": ("받아 버렸어요", "It was accepted"),
    "probe_refused_wrong": ("받지 않았어요", "It was refused"),
    "probe_as_should": ("그래야 해요.", "As it should be."),
    "probe_practice": (
        "연습용 수신 주소는 무엇이든 받아요. callbackUrl이 여러분의 서버인 청구서로 다시 해 보세요.",
        "The practice receiver takes anything. Try it with a bill whose callbackUrl is your own server.",
    ),
    "probe_should_UNKNOWN_BILL": (
        "여러분에게 없는 청구서예요. 0000이 아닌 코드로 답하고 기록해 두세요.",
        "You have no such bill. Answer another code than 0000, and log it.",
    ),
    "probe_should_OTHER_AMOUNT": (
        "청구한 금액과 달라요. 보낸 금액과 같은지 확인하고, 다르면 결제로 처리하지 마세요.",
        "It is not what you billed. Compare the amount, and do not book it when it differs.",
    ),
    "probe_should_BAD": (
        "아무나 이렇게 보낼 수 있어요. webhook-signature를 확인하거나, /bill/read로 다시 물어보세요.",
        "Anybody could send this. Check webhook-signature, or ask /bill/read before you believe it.",
    ),
    "probe_should_OLD": (
        "엿들은 콜백을 다시 보낸 것일 수 있어요. webhook-timestamp가 5분 넘게 차이 나면 받지 마세요.",
        "It may be a replay. Refuse a webhook-timestamp more than five minutes off.",
    ),
    "probe_should_NONE": (
        "서명 없이 오면 /bill/read로 다시 물어본 뒤에 처리해 주세요.",
        "Without a signature, ask /bill/read before you believe it.",
    ),
    "probe_should_THREE_FIELDS": (
        "필드가 세 개뿐인 콜백도 와요. 나머지가 없어도 받을 수 있게 해 주세요.",
        "Callbacks of three fields do come. Take them without the rest.",
    ),
}
