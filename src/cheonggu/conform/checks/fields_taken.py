"""POST /bill: values that each field may have."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.checks.tables import URL_MOST, RowOf, day_in, id_of, takes, url_of

SECTION: Final = Section("fields", Need.WRITE)

_TAKEN: Final[tuple[RowOf, ...]] = (
    ("billId.20-characters", "S", "A billId has up to 20 characters.", "billId는 20자까지예요.", id_of(20)),
    (
        "billIssuer.50-characters",
        "S",
        "billIssuer has up to 50 characters.",
        "billIssuer는 50자까지예요.",
        {"billIssuer": "가" * 50},
    ),
    (
        "billIssuer.empty",
        "S",
        "billIssuer may be empty.",
        "billIssuer는 비어 있어도 돼요.",
        {"billIssuer": ""},
    ),
    (
        "productName.one-character",
        "S",
        "productName of one character is taken.",
        "productName은 한 글자여도 돼요.",
        {"productName": "책"},
    ),
    (
        "productName.200-characters",
        "O",
        "productName has up to 200 characters.",
        "productName은 200자까지예요.",
        {"productName": "책" * 200},
    ),
    (
        "memberName.100-characters",
        "O",
        "memberName has up to 100 characters.",
        "memberName은 100자까지예요.",
        {"memberName": "점" * 100},
    ),
    ("price.one-won", "O", "A bill of 1 won is taken.", "1원짜리 청구서도 받아요.", {"price": "1"}),
    (
        "price.integer",
        "O",
        "A JSON integer is read as its decimal text.",
        "JSON 정수는 십진수 문자열로 읽어요.",
        {"price": 1000},
    ),
    (
        "parts.add-up",
        "O",
        "supplyPrice and tax that add up to price are taken.",
        "합이 price와 같은 supplyPrice와 tax를 받아요.",
        {"supplyPrice": "910", "tax": "90"},
    ),
    (
        "parts.integers",
        "O",
        "supplyPrice and tax may be JSON integers.",
        "supplyPrice와 tax는 JSON 정수여도 돼요.",
        {"supplyPrice": 1000, "tax": 0},
    ),
    (
        "parts.one-alone",
        "S",
        "supplyPrice may come without tax.",
        "supplyPrice만 있어도 돼요.",
        {"supplyPrice": "910"},
    ),
    (
        "optional.null",
        "O",
        "Optional fields may be null.",
        "선택 필드는 null이어도 돼요.",
        dict.fromkeys(("billIssuer", "supplyPrice", "tax", "message", "expireDt", "pageRedirectUrl")),
    ),
    (
        "optional.empty",
        "O",
        "Optional fields may be empty.",
        "선택 필드는 비어 있어도 돼요.",
        dict.fromkeys(("supplyPrice", "tax", "message", "expireDt", "pageRedirectUrl"), ""),
    ),
    (
        "phone.hyphens-in-url-bill",
        "O",
        "A URL bill takes any phone of up to 20 characters.",
        "URL 청구서의 phone은 20자까지 아무 글이나 돼요.",
        {"phone": "+82 (0)10-0000-0000"},
    ),
    (
        "message.300-characters",
        "O",
        "A message of 300 characters always fits.",
        "message는 300자까지 언제나 들어가요.",
        {"message": "가" * 300},
    ),
    (
        "expireDt.today",
        "D",
        "A bill may expire at the end of this day in Seoul.",
        "서울 시각으로 오늘까지인 청구서를 받아요.",
        day_in(0),
    ),
    (
        "expireDt.2999",
        "O",
        "expireDt may be 2999-12-31.",
        "expireDt는 2999-12-31까지예요.",
        {"expireDt": "2999-12-31"},
    ),
    (
        "callbackUrl.query",
        "M",
        "callbackUrl may carry a query with a token.",
        "callbackUrl에 토큰이 든 쿼리를 붙일 수 있어요.",
        {"callbackUrl": "https://conform.invalid/paid?token=a%2Fb&x=1"},
    ),
    (
        "callbackUrl.2048-characters",
        "O",
        "callbackUrl has up to 2,048 characters.",
        "callbackUrl은 2,048자까지예요.",
        {"callbackUrl": url_of(URL_MOST)},
    ),
    (
        "pageRedirectUrl.taken",
        "S",
        "A URL bill takes a pageRedirectUrl.",
        "URL 청구서는 pageRedirectUrl을 받아요.",
        {"pageRedirectUrl": "https://conform.invalid/thanks"},
    ),
)
takes(SECTION, _TAKEN)
