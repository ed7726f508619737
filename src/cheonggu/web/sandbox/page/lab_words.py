"""The phrases of the callback lab, in Korean and English."""

from __future__ import annotations

from typing import Final

from cheonggu.providers.reply import Reason

OF_THE_LAB: Final[dict[str, tuple[str, str]]] = {
    # The lab
    "lab": ("콜백 실험실", "Callback lab"),
    "lab_all": ("모든 청구서의 콜백, 새것부터", "Callbacks of all bills, newest first"),
    "lab_of": ("청구 번호 {bill}의 콜백", "Callbacks of bill {bill}"),
    "lab_show_all": ("모든 콜백 보기", "Show all callbacks"),
    "lab_empty": ("아직 나간 콜백이 없어요.", "No callback has gone out yet."),
    "lab_empty_more": (
        "청구서가 결제되면 callbackUrl로 승인 콜백이 나가요. 여기서 보낸 것과 받은 답을 볼 수 있어요.",
        "When a bill is paid, its approval is posted to callbackUrl. Here you see what came back, "
        "and why it counted or not.",
    ),
    "trouble": ("콜백에 문제 일으키기", "Make trouble for callbacks"),
    "trouble_more": (
        "고른 청구서가 있으면 그 콜백에만, 없으면 이 파트너의 모든 콜백에 일어나요.",
        "It befalls the callbacks of the chosen bill, or without one all of this partner’s.",
    ),
    "trouble_LOST": ("다음 콜백 잃어버리기", "Lose the next callback"),
    "trouble_LOST_then": ("여러분의 서버까지 가지 못해요.", "It never reaches your server."),
    "trouble_ANSWER_LOST": ("다음 답 잃어버리기", "Lose the next answer"),
    "trouble_ANSWER_LOST_then": (
        "서버는 받았지만 우리는 답을 못 받아서 다시 보내요. 두 번 받아도 한 번만 처리하나요?",
        "Your server has it, we miss the answer and send it again. Do you book it once?",
    ),
    "trouble_DOWN": ("두 시간 동안 서버 꺼짐", "Server down for two hours"),
    "trouble_DOWN_then": (
        "연결이 거부돼요. 시계를 두 시간 보내면 다시 가요.",
        "Connections are refused. Move the clock by two hours and they arrive.",
    ),
    "trouble_CLEAR": ("모두 거두기", "Take it all back"),
    "trouble_CLEAR_then": ("남은 문제를 없애요.", "Whatever is left of it is gone."),
    "trouble_times": ("앞으로 {times}번", "{times} more"),
    "trouble_until": ("{when}까지", "until {when}"),
    "trouble_any": ("모든 청구서", "all bills"),
    "callback_pending": ("보내는 중", "Trying"),
    "callback_delivered": ("전달됨", "Delivered"),
    "callback_exhausted": ("그만 보냄", "Given up"),
    "sending_now": ("지금 보내고 있어요", "Being sent now"),
    "next_at": ("다음 시도 {when}", "Next try {when}"),
    "first_at": ("첫 시도 {when}", "First try {when}"),
    "to_clock": ("시계 움직이기", "Move the clock"),
    "send_again": ("지금 다시 보내기", "Send again now"),
    "no_tries": ("아직 시도하지 않았어요.", "Not tried yet."),
    "try_nth": ("{number}번째 시도", "Try {number}"),
    "try_ok": ("성공", "Accepted"),
    "try_failed": ("실패", "Not accepted"),
    "headers": ("헤더", "Headers"),
    "elsewhere": ("{where}(으)로 대신 보냈어요", "Posted to {where} instead"),
    "cut": ("앞의 1 KiB만 남겨 둬요.", "Only the first KiB is kept."),
    "sent_request": ("보낸 요청", "Request"),
    "got_answer": ("받은 답", "Answer"),
    "no_answer": ("답 없음", "no answer"),
    "nothing": ("(빈 답)", "(nothing)"),
    "second_unit": ("초", " s"),
    "verdict_ok": ("파트너가 잘 받았어요", "The partner has accepted it"),
    "verdict_status": ("HTTP {status}", "It answered HTTP {status}"),
    "verdict_empty": ("본문이 비어 있어요", "HTTP 200, but the body is empty"),
    "verdict_not_json": ("본문이 JSON이 아니에요", "HTTP 200, but the body is not JSON"),
    "verdict_no_code": ("본문에 code가 없어요", "HTTP 200, but the body has no code"),
    "verdict_code_text": ('code가 "0000"이 아니에요', 'HTTP 200, but code is not "0000"'),
    "verdict_code_type": ("code가 문자열이 아니에요", "HTTP 200, but code is not a text"),
    "advice_ok": ("더 보내지 않아요.", "It is not sent again."),
    "advice_silent": (
        "서버가 켜져 있는지, 주소와 포트가 맞는지 확인해 주세요. 오래 걸리는 일은 먼저 답하고 나서 하세요.",
        "See that your server runs and that address and port are right. Answer first, and do slow "
        "work afterwards.",
    ),
    "advice_status": (
        'HTTP 200과 {{"code": "0000"}}으로 답해야 받은 것으로 봐요.',
        'Only HTTP 200 with {{"code": "0000"}} counts as received.',
    ),
    "advice_empty": (
        '본문에 {{"code": "0000"}}을 담아 답해 주세요.',
        'Answer with {{"code": "0000"}} in the body.',
    ),
    "advice_not_json": (
        '로그인 화면이나 오류 화면이 나간 것은 아닌지 보고, {{"code": "0000"}}으로 답해 주세요.',
        'Perhaps a login or an error page was sent. Answer with {{"code": "0000"}}.',
    ),
    "advice_no_code": (
        '가장 바깥 객체에 {{"code": "0000"}}이 있어야 해요.',
        'The outermost object must hold {{"code": "0000"}}.',
    ),
    "advice_code_text": (
        '받았으면 언제나 문자열 "0000"으로 답해 주세요. 모르는 청구서라면 다른 코드로 답해도 돼요.',
        'Once received, always answer the text "0000". Another code is right only if you could not take it.',
    ),
    "advice_code_type": (
        '숫자가 아니라 따옴표로 감싼 문자열 "0000"으로 답해 주세요.',
        'Answer the text "0000" in quotes, not a number.',
    ),
}

SILENT: Final[dict[Reason, str]] = {
    Reason.TIMEOUT: "The whole answer did not come in time",
    Reason.REFUSED: "The connection was refused",
    Reason.UNREACHABLE: "The server cannot be reached",
    Reason.DNS: "The host’s name leads nowhere",
    Reason.FORBIDDEN_ADDRESS: "Not sent: the address is outside the public internet",
    Reason.TLS: "TLS failed; see to the certificate",
    Reason.TOO_LARGE: "The answer’s body passed 64 KiB and was not read on",
    Reason.HEADERS_TOO_LARGE: "The answer’s headers passed 16 KiB and were not read on",
    Reason.BAD_HTTP: "The answer is not HTTP",
    Reason.DISCONNECTED: "The connection broke before the whole answer had come",
    Reason.BAD_URL: "The URL is ill-formed",
    Reason.CLOSED: "Not sent: the sending side was stopping",
    Reason.UNEXPECTED: "Sending failed unexpectedly",
    Reason.LOST_ON_PURPOSE: "The sandbox lost the callback on purpose (LOST); it did not arrive",
    Reason.ANSWER_LOST_ON_PURPOSE: "The sandbox lost the answer on purpose (ANSWER_LOST); it had arrived",
    Reason.DOWN_ON_PURPOSE: "The sandbox refused the connection on purpose (DOWN); it did not arrive",
    Reason.LISTENER_GONE: "cheonggu listen took the callback and never told the answer",
}
"""Why no answer came, in English; the service itself says it in Korean."""
