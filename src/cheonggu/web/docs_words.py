"""Every phrase of the docs page, in Korean and English. A phrase may hold markup: all of them are ours."""

from __future__ import annotations

from typing import Final

PHRASES: Final[dict[str, tuple[str, str]]] = {
    "title": ("파트너 API", "Partner API"),
    "lead": (
        "청구서를 만들어 보내고, 결제되면 콜백을 받아요. 모든 요청은 JSON을 담은 POST예요.",
        "Create a bill, have it paid, get called back. Every request is a POST of JSON.",
    ),
    "skip": ("본문으로 건너뛰기", "Skip to the content"),
    "menu": ("문서 차례", "Contents"),
    "practice": ("연습 모드", "Sandbox"),
    "sandbox_page": ("샌드박스 열기", "Open the sandbox"),
    "basics": ("부르는 법", "How to call"),
    "hash": ("해시", "Hash"),
    "operations": ("요청", "Operations"),
    "codes": ("응답 코드", "Answer codes"),
    "callback": ("승인 콜백", "Callback"),
    "points": ("포인트", "Points"),
    # How to call
    "base_url": ("주소", "Base URL"),
    "base_url_more": (
        "<code>{url}</code><br>끝에 <code>/partner</code>를 붙여도 같아요.",
        "<code>{url}</code><br>The same with <code>/partner</code> at its end.",
    ),
    "request": ("요청", "Request"),
    "request_more": (
        "POST, JSON, UTF-8. 본문은 64 KiB, 중첩은 32단계까지예요. 모르는 필드는 무시하고, 필수가 아닌 "
        "필드가 null이거나 비어 있으면 없는 것으로 봐요.",
        "POST, JSON, UTF-8. Up to 64 KiB and 32 levels. Unknown fields are ignored; an optional field "
        "that is null or empty counts as absent.",
    ),
    "answer": ("응답", "Answer"),
    "answer_more": (
        '언제나 <code>{{code, message, data}}</code>예요. <code>code</code>가 <code>"0000"</code>이면 '
        "성공이고, 아니면 <code>data</code>는 null이에요. HTTP 상태가 아니라 <code>code</code>로 판단해 "
        "주세요.",
        'Always <code>{{code, message, data}}</code>. <code>code</code> is <code>"0000"</code> on '
        "success, else <code>data</code> is null. Decide by <code>code</code>, not by the HTTP status.",
    ),
    "again": ("다시 보내기", "Repeating"),
    "again_more": (
        "바꾸는 요청에는 <code>Idempotency-Key</code> 헤더(공백 없는 ASCII 1~255자)를 붙일 수 있어요. "
        "24시간 안에 같은 키와 같은 본문을 보내면 처음의 답을 다시 드려요.",
        "A request that changes something may carry an <code>Idempotency-Key</code> header (1–255 "
        "visible ASCII). The same key with the same bytes within 24 hours gets the first answer again.",
    ),
    "lost": ("답을 못 받았을 때", "A lost answer"),
    "lost_more": (
        "처리되었을 수 있어요. 다시 보내기 전에 <code>/bill/read</code>로 확인하거나, 같은 "
        "<code>Idempotency-Key</code>로 다시 보내 주세요.",
        "It may have been done. Look with <code>/bill/read</code> before you repeat, or repeat with the "
        "same <code>Idempotency-Key</code>.",
    ),
    "wish": ("원하는 응답 받기", "An answer of your choice"),
    "wish_more": (
        "연습 모드에서는 <code>Cheonggu-Test-Code: POINT_001</code>처럼 코드를 헤더에 적으면 그 코드로 "
        "답하고 아무것도 바꾸지 않아요. <code>LOST_BEFORE</code>, <code>LOST_AFTER</code>는 처리하기 전이나 "
        "처리한 뒤에 답 없이 연결을 끊고, <code>TIMEOUT_BEFORE</code>, <code>TIMEOUT_AFTER</code>는 "
        "{seconds}초 동안 답하지 않아요. 그 밖에는 올바른 요청이어야 해요.",
        "In the sandbox, the header <code>Cheonggu-Test-Code: POINT_001</code> gets you that code and "
        "changes nothing. <code>LOST_BEFORE</code> and <code>LOST_AFTER</code> close the connection without "
        "an answer, before or after the work; <code>TIMEOUT_BEFORE</code> and <code>TIMEOUT_AFTER</code> "
        "leave it open for {seconds} seconds. The request has to be in order otherwise.",
    ),
    "order": ("확인하는 순서", "Order of checks"),
    "order_more": (
        "JSON, apiKey, 파트너 계약, member와 merchant, 각 필드, 해시, 금액, 청구서 상태, 포인트.",
        "JSON, apiKey, contract, member and merchant, fields, hash, price, the bill's state, points.",
    ),
    # Hash
    "hash_more": (
        "값을 쉼표로 이어 SHA-256을 16진수로 적어요. 공백을 넣지 않고, 보낸 값 그대로 써요. 요청이 "
        "바뀌지 않았는지 보는 값이고, 인증은 아니에요.",
        "SHA-256 in hex of the values joined by commas, without spaces, exactly as you send them. It "
        "shows that the request is intact; it does not authenticate.",
    ),
    "hash_create": ("청구서를 만들 때", "When a bill is created"),
    "hash_others": ("파기하거나 취소할 때 (phone 없음)", "When it is destroyed or cancelled (no phone)"),
    "hash_shell": ("셸에서 계산하기", "In a shell"),
    # Operations
    "field": ("필드", "Field"),
    "type": ("형식", "Type"),
    "meaning": ("뜻", "Meaning"),
    "required": ("필수", "required"),
    "optional": ("선택", "optional"),
    "text": ("문자열", "string"),
    "text_or_null": ("문자열 또는 null", "string or null"),
    "whole_number": ("정수", "integer"),
    "object": ("객체", "object"),
    "between": ("{least}~{most}자", "{least}–{most} characters"),
    "at_most": ("{most}자까지", "up to {most} characters"),
    "not_empty": ("비어 있지 않게", "not empty"),
    "idempotent": (
        "<code>Idempotency-Key</code>를 쓸 수 있어요.",
        "Takes an <code>Idempotency-Key</code>.",
    ),
    "request_fields": ("요청 필드", "Request fields"),
    "answer_fields": ("응답 data 필드", "Fields of the answer's data"),
    "try_it": ("보내 보기", "Try it"),
    "try_once": (
        "billId는 한 번만 쓸 수 있어요. 다시 해 보려면 billId를 바꾸고 해시를 새로 계산해 주세요.",
        "A billId works once. To try again, change the billId and compute the hash anew.",
    ),
    "try_paid": (
        "결제된 청구서라야 해요. 먼저 만들어서 결제해 주세요.",
        "The bill has to be paid: create one and pay it first.",
    ),
    "success": ("성공했을 때", "On success"),
    "own_codes": ("이 요청의 코드", "Codes of its own"),
    # Codes
    "codes_more": (
        "message는 사람이 읽는 글이라 달라질 수 있어요. 프로그램은 code만 보면 돼요.",
        "The message is for people and may change. Programs need the code alone.",
    ),
    "code": ("코드", "Code"),
    "message": ("message", "message"),
    "when": ("언제", "When"),
    "mark": ("근거", "Mark"),
    "marks": ("근거의 뜻", "What the marks say"),
    "mark_S": ("원본 문서", "the source document"),
    "mark_D": ("결제선생의 공개 문서", "the vendor's public documentation"),
    "mark_M": ("연동한 쪽에서 직접 확인", "measured by integrators"),
    "mark_C": ("연동 코드가 그렇게 가정", "assumed by integrators' code"),
    "mark_O": ("청구의 결정", "our own decision"),
    # Callback
    "callback_more": (
        "결제되면 callbackUrl로 JSON을 POST해요. 필드는 <code>/bill/read</code>와 같아요. HTTP 200과 "
        '함께 <code>code</code>가 문자열 <code>"0000"</code>인 JSON으로 답해야 받은 것으로 봐요.',
        "Once a bill is paid, JSON is posted to its callbackUrl, with the fields of "
        "<code>/bill/read</code>. It counts as received when you answer HTTP 200 and JSON whose "
        '<code>code</code> is the string <code>"0000"</code>.',
    ),
    "callback_reply": ("이렇게 답해 주세요", "Answer like this"),
    "callback_retry": (
        "받지 못하면 10초, 1분, 5분, 15분 뒤에, 그다음은 한 시간마다 24시간까지 다시 보내요. 같은 "
        "콜백이 두 번 올 수 있으니 <code>webhook-id</code>로 가려 주세요.",
        "Otherwise it comes again after 10 seconds, 1, 5 and 15 minutes, then every hour for 24 hours. "
        "It may come twice: tell by <code>webhook-id</code>.",
    ),
    "callback_signed": (
        "<code>webhook-id</code>, <code>webhook-timestamp</code>, <code>webhook-signature</code> 헤더는 "
        "Standard Webhooks 서명이에요. <code>whsec_</code> 비밀로 확인하고, 금액도 대조해 주세요.",
        "The headers <code>webhook-id</code>, <code>webhook-timestamp</code> and "
        "<code>webhook-signature</code> follow Standard Webhooks. Verify them with your "
        "<code>whsec_</code> secret, and compare the amount.",
    ),
    # Points
    "points_more": (
        "카카오톡 한 건에 포인트를 써요(기본 55). URL 청구서는 쓰지 않아요. 모자라면 "
        "<code>POINT_001</code>로 답하고 아무것도 저장하지 않아요. 보내지 못한 메시지의 포인트는 "
        "돌려드려요.",
        "A KakaoTalk message costs points, 55 unless agreed otherwise; a URL bill costs none. When they "
        "run out the answer is <code>POINT_001</code> and nothing is stored. The points of a message "
        "that failed come back.",
    ),
    "points_charge": ("채우는 법", "How to charge"),
    "points_operator": (
        "포인트는 이 서버의 운영자만 채울 수 있어요. 운영자는 서버에서 이렇게 해요.",
        "Only the operator of this server can charge points, on the server:",
    ),
    "points_practice": ("연습 모드에서는 바로 정할 수 있어요.", "In the sandbox you can simply set them:"),
}

CODE_MEANINGS_KOREAN: Final[dict[str, str]] = {
    "0000": "성공했어요.",
    "PARTNER_002": "apiKey가 없거나, 문자열이 아니거나, 비어 있거나, 32자를 넘어요.",
    "PARTNER_003": "모르는 apiKey, member 또는 merchant예요.",
    "PARTNER_004": "member와 merchant가 서로 연동되어 있지 않아요.",
    "PARTNER_006": "파트너 계약이 정지되어 있어요.",
    "VALIDATION_001": "값이 빠졌거나 형식이 틀렸거나 JSON이 아니에요. message가 필드와 규칙을 알려요.",
    "VALIDATION_002": "해시가 요청과 맞지 않아요.",
    "BILL_001": "이미 쓴 billId예요.",
    "BILL_003": "그런 청구서가 없어요. 다른 파트너의 청구서도 똑같이 답해요.",
    "BILL_004": "결제된 청구서는 파기할 수 없어요. 취소해 주세요.",
    "BILL_005": "이미 취소했거나 파기한 청구서예요.",
    "BILL_006": "아직 결제할 수 있는 TALK 청구서만 다시 보낼 수 있어요.",
    "BILL_007": "결제나 환불의 결과를 아직 몰라요. 조금 뒤에 다시 해 주세요.",
    "BILL_008": "결제하지 않은 청구서는 취소할 수 없어요.",
    "BILL_009": "price가 청구서의 금액과 달라요.",
    "POINT_001": "메시지를 보낼 포인트가 모자라요. 아무것도 저장하지 않았어요.",
    "PAYMENT_001": "카드사가 환불을 거절했어요.",
    "PAYMENT_002": "은행이 환불을 거절했어요.",
    "MAINTAINED_METHOD": "결제사가 점검 중이에요.",
    "IDEMPOTENCY_001": "같은 Idempotency-Key로 24시간 안에 다른 요청을 보냈어요.",
    "LIMIT_001": "이 주소에서 틀린 apiKey를 너무 많이 보냈어요. 올바른 apiKey는 지금도 처리돼요.",
    "HTTP_403": "이 서버의 연습용 주소는 허락한 곳에서만 쓸 수 있어요.",
    "HTTP_404": "그런 주소가 없어요.",
    "HTTP_405": "모든 요청은 POST예요. 조회도요.",
    "HTTP_413": "본문이 64 KiB를 넘어요.",
    "HTTP_415": "Content-Type이 JSON이 아니에요.",
    "HTTP_503": "데이터베이스에 닿지 않아 결과를 몰라요. 다시 보내기 전에 조회해 주세요.",
    "ERROR": "서버에서 예상하지 못한 문제가 생겼어요.",
}
