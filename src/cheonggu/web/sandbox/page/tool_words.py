"""The phrases about the next requests, partners of one's own and the inspection, in Korean and English."""

from __future__ import annotations

from typing import Final

OF_TOOLS: Final[dict[str, tuple[str, str]]] = {
    # How the next requests end
    "wish": ("다음 요청의 결과 정하기", "Say how the next requests end"),
    "wish_more": (
        "다음 요청이 올바르면, 할 일을 하는 대신 고른 대로 끝나요. 이 화면의 버튼도 마찬가지예요.",
        "If the next requests are in order, they end with this code. The buttons of this page count, too.",
    ),
    "wish_code": ("어떻게 끝날까요?", "How do they end?"),
    "wish_operation": ("어느 요청이요?", "Which ones?"),
    "wish_times": ("몇 번이요?", "How many?"),
    "wish_any": ("모든 요청", "any request"),
    "wish_left": ("앞으로 {times}번", "{times} more"),
    "wish_arm": ("정하기", "Set"),
    "wish_clear": ("모두 거두기", "Take it all back"),
    "wish_not": ("정하지 않았어요", "Nothing was set"),
    "wish_TIMEOUT_BEFORE": ("하지 않고, 답도 없이 기다리게 해요", "Not done, and the answer never comes"),
    "wish_LOST_BEFORE": ("하지 않고, 연결을 끊어요", "Not done, and the connection breaks"),
    "wish_TIMEOUT_AFTER": ("하지만, 답 없이 기다리게 해요", "Done, but the answer never comes"),
    "wish_LOST_AFTER": ("하지만, 답하기 전에 연결을 끊어요", "Done, but the connection breaks"),
    "said_armed": ("다음 요청이 그렇게 끝나요.{why}", "So the next requests will end.{why}"),
    "said_disarmed": ("다음 요청이 다시 그대로 처리돼요.{why}", "Requests are handled as usual again.{why}"),
    # Partners
    "own_manage": ("파트너 만들고 바꾸기", "Make and change partners"),
    "own_change": ("파트너 {partner} 바꾸기", "Change partner {partner}"),
    "own_change_more": (
        "이 파트너에게 답하고 콜백을 보내는 방식이에요. 다음 요청부터 바뀌어요.",
        "How this partner is answered and called back, from the next request on.",
    ),
    "own_profile": ("프로필", "Profile"),
    "own_answerField": ("설명이 담기는 필드", "The field of the explanation"),
    "own_callbackFields": ("콜백의 필드", "Fields in a callback"),
    "own_callbackSpelling": ("콜백 필드의 표기", "How a callback spells them"),
    "own_dateDigits": ("날짜의 자릿수", "Digits of a date"),
    "own_status": ("상태", "State"),
    "own_ACTIVE": ("쓰는 중", "Active"),
    "own_SUSPENDED": ("멈춤", "Suspended"),
    "own_notices": ("파기할 때도 콜백", "A callback when destroyed, too"),
    "own_true": ("보내요", "Yes"),
    "own_false": ("보내지 않아요", "No"),
    "own_save": ("바꾸기", "Change"),
    "own_make": ("내 파트너 만들기", "Make a partner of your own"),
    "own_make_more": (
        "비워 둔 것은 알아서 정해요. 키와 비밀도 새로 만들어요.",
        "What you leave empty is made up. It gets a key and a secret of its own.",
    ),
    "own_name": ("이름 (없어도 돼요)", "Name (optional)"),
    "own_points": ("포인트 (없으면 1,000,000)", "Points (1,000,000 if empty)"),
    "own_make_do": ("만들기", "Make"),
    "own_remove": ("파트너 {partner} 지우기", "Remove partner {partner}"),
    "own_remove_more": (
        "이 파트너와 그 청구서, 메시지, 콜백을 모두 지워요. 되돌릴 수 없어요.",
        "Erases the partner with its bills, messages and callbacks. It cannot be undone.",
    ),
    "own_remove_do": ("지우기", "Remove"),
    "own_not": ("파트너를 바꾸지 않았어요", "No partner was changed"),
    "said_partner_made": (
        "파트너를 만들었어요. 키는 위의 연습 키에 있어요.{why}",
        "The partner is made. Its keys stand above, under Credentials.{why}",
    ),
    "said_partner_changed": ("파트너를 바꿨어요.{why}", "The partner is changed.{why}"),
    "said_partner_removed": ("파트너를 지웠어요.{why}", "The partner is removed.{why}"),
    # The inspection
    "tab_inspection": ("검수", "Inspection"),
    "inspection": ("검수 예행연습", "The inspection, rehearsed"),
    "inspection_more": (
        "운영에 들어가기 전에 결제선생이 다섯 가지 청구 번호를 물어봐요. 지금 몇 가지가 있는지 볼게요.",
        "Before you go live, the vendor asks for five billIds. These are the ones that you have.",
    ),
    "inspection_passed": ("됐어요", "Passed"),
    "inspection_missing": ("아직이에요", "Not yet"),
    "inspection_approved": ("승인된 청구서", "Approved"),
    "inspection_cancelled": ("API로 취소한 청구서", "Cancelled through the API"),
    "inspection_destroyed": ("파기한 청구서", "Destroyed"),
    "inspection_read": ("조회한 청구서", "Read"),
    "inspection_callback": ("콜백에 0000으로 답한 청구서", "Callback answered 0000"),
    "inspection_mail": ("검수 요청 메일", "The mail that asks for it"),
    "inspection_mail_more": (
        "대괄호 안을 채우고, 청구 번호는 결제선생 테스트 환경의 것으로 바꿔 주세요.",
        "It is in Korean. Fill the brackets, and take the billIds of the vendor’s test system.",
    ),
    "inspection_no_key": (
        "키가 바뀐 파트너라 볼 수 없어요.",
        "This partner’s key was changed, so it cannot be looked at.",
    ),
    # Who listens
    "listening": ("cheonggu listen이 콜백을 대신 받고 있어요", "cheonggu listen takes the callbacks"),
}
