"""Every phrase of the sandbox's page, in Korean and English. A phrase may hold `<b>`; "
"its braces are escaped."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from cheonggu.web.sandbox.page.lab_words import OF_THE_LAB
from cheonggu.web.words import Language

_OF_THE_PAGE: Final[dict[str, tuple[str, str]]] = {
    # Around everything
    "title": ("연습장", "Sandbox"),
    "lead": (
        "청구서를 보내면 휴대폰에 메시지가 오고, 결제하면 콜백이 나가요. 돈은 움직이지 않아요.",
        "Send a bill and the phone gets its message; pay it and the callback goes out. No money moves.",
    ),
    "skip": ("본문으로 건너뛰기", "Skip to the content"),
    "menu": ("연습장에서 볼 것", "What to see"),
    "practice": ("연습 모드", "Sandbox mode"),
    "docs": ("API 문서", "API docs"),
    "reload": ("새로고침", "Reload"),
    "live": ("실시간", "Live"),
    "not_live": ("끊김. 다시 잇는 중이에요", "Disconnected. Trying again"),
    "new_message": ("새 메시지", "New message"),
    "tab_phone": ("휴대폰", "Phone"),
    "tab_bills": ("청구서", "Bills"),
    "tab_callbacks": ("콜백", "Callbacks"),
    "tab_wallet": ("포인트", "Points"),
    "tab_clock": ("시계", "Clock"),
    "tab_requests": ("요청", "Requests"),
    "send_bill": ("연습 청구서 보내기", "Send a practice bill"),
    "partner": ("파트너", "Partner"),
    "suspended": (
        "이 파트너는 지금 멈춰 있어요. API는 PARTNER_006으로 답해요.",
        "This partner is suspended. The API answers PARTNER_006.",
    ),
    "credentials": ("연습 키", "Credentials"),
    "base_url": ("주소", "Base URL"),
    "webhook_secret": ("웹훅 비밀", "Webhook secret"),
    # The phone
    "phone": ("받는 사람의 휴대폰", "The payer’s phone"),
    "phone_name": ("받은 메시지", "Messages"),
    "phone_bill": ("청구서가 왔어요", "A bill has arrived"),
    "phone_again": ("청구서가 다시 왔어요", "The bill, once more"),
    "phone_open": ("청구서 보기", "Open the bill"),
    "phone_details": ("연습장에서 보기", "In the sandbox"),
    "phone_empty": ("아직 받은 메시지가 없어요.", "No messages yet."),
    "phone_queued": ("메시지를 보내고 있어요.", "The message is on its way."),
    "phone_sending": ("메시지를 보내고 있어요.", "The message is on its way."),
    "phone_unknown": (
        "메시지가 갔는지 발송사에 묻고 있어요.",
        "We are asking the sender whether the message went out.",
    ),
    "phone_failed": ("메시지가 오지 않았어요. {why}", "The message did not arrive. {why}"),
    "phone_withdrawn": ("메시지는 보내기 전에 거뒀어요.", "The message was withdrawn before it went out."),
    # Figures
    "figures": ("한눈에", "At a glance"),
    "figure_balance": ("남은 포인트", "Points left"),
    "figure_spent": ("오늘 쓴 포인트", "Spent today"),
    "figure_messages": ("P · 메시지 {count}건", "P · {count} messages"),
    "figure_paid": ("결제된 청구서", "Bills paid"),
    "figure_callbacks": ("전달된 콜백", "Callbacks delivered"),
    "figure_of": ("/ {count}건", "of {count}"),
    "figure_of_most": ("/ 최근 {count}건", "of the last {count}"),
    # Bills
    "bills": ("청구서", "Bills"),
    "find": ("청구 번호로 찾기", "Find by billId"),
    "find_button": ("찾기", "Find"),
    "find_none": ("“{text}”로 시작하는 청구 번호가 없어요.", "No billId begins with “{text}”."),
    "find_all": ("모두 보기", "Show all"),
    "no_such_bill": (
        "청구 번호 {bill}은 이 파트너에게 없어요. 파트너를 바꿨거나 연습 데이터를 지웠을 수 있어요.",
        "This partner has no bill {bill}. The partner may be another one, or the data was reset.",
    ),
    "older": ("더 오래된 청구서", "Older bills"),
    "newest": ("가장 새 청구서로", "Back to the newest"),
    "all_bills": ("모든 청구서", "All bills"),
    "chip_unpaid": ("결제 전", "Unpaid"),
    "chip_refused": ("거절", "Refused"),
    "chip_failed": ("결제 실패", "Failed"),
    "chip_checking": ("확인 중", "Checking"),
    "chip_paid": ("결제됨", "Paid"),
    "chip_cancelling": ("취소 중", "Cancelling"),
    "chip_cancelled": ("취소됨", "Cancelled"),
    "chip_expired": ("기한 지남", "Expired"),
    "chip_withdrawn": ("철회", "Withdrawn"),
    "fact_payer": ("받는 분", "Billed to"),
    "fact_bill_id": ("청구 번호", "billId"),
    "fact_product": ("청구 내용", "For"),
    "fact_sent_by": ("보내는 방법", "Sent by"),
    "fact_due": ("결제 기한", "Due"),
    "fact_callback_url": ("콜백 주소", "callbackUrl"),
    "fact_redirect_url": ("돌아갈 주소", "pageRedirectUrl"),
    "by_talk": ("알림톡 (TALK)", "KakaoTalk (TALK)"),
    "by_url": ("주소만 (URL)", "Link only (URL)"),
    "open_page": ("결제 화면 열기", "Open the payer’s page"),
    "act_pay": ("결제해 보기", "Try a payment"),
    "act_pay_more": (
        "실제 결제 화면과 같은 길로 가요. 카드사 대신 결과를 골라 주세요.",
        "It goes the same way as the payer’s page. Choose what the card company answers.",
    ),
    "charged_late": ("늦게 승인", "Charged late"),
    "charged_late_then": (
        "결제되지 않은 것으로 끝난 뒤에 승인이 나타나고, 저절로 돌려줘요.",
        "It ends as unpaid; then the charge turns up, and is given back by itself.",
    ),
    "act_resend": ("메시지 다시 보내기", "Send the message again"),
    "act_destroy": ("철회하기", "Withdraw it"),
    "act_cancel": ("결제 취소하기", "Cancel the payment"),
    "to_callbacks": ("콜백 {count}건 보기", "See its callbacks ({count})"),
    "timeline": ("있었던 일", "What happened"),
    # Timeline
    "made": ("API로 청구서를 만들었어요", "The bill was created"),
    "destroyed": ("청구서를 철회했어요", "The bill was withdrawn"),
    "expired": ("결제 기한이 지났어요", "The bill expired"),
    "message_queued": ("메시지를 보내려고 해요", "The message waits to be sent"),
    "message_sending": ("메시지를 보내고 있어요", "The message is being sent"),
    "message_sent": ("메시지를 보냈어요", "The message was sent"),
    "message_sent_again": ("메시지를 다시 보냈어요", "The message was sent again"),
    "message_failed": ("메시지를 보내지 못했어요", "The message could not be sent"),
    "message_unknown": ("메시지가 갔는지 확인하고 있어요", "Whether the message went out is being checked"),
    "message_withdrawn": ("메시지를 보내기 전에 거뒀어요", "The message was withdrawn unsent"),
    "points_spent": ("{points} P를 썼어요", "{points} P spent"),
    "points_back": ("{points} P를 돌려받았어요", "{points} P returned"),
    "attempt_confirming": ("결제를 시작했어요", "A payment began"),
    "attempt_unknown": (
        "결제사가 답하지 않아 확인하고 있어요",
        "The gateway did not answer; it is being asked",
    ),
    "attempt_approved": ("결제했어요", "Paid"),
    "attempt_failed": ("카드사가 거절했어요", "The card company refused"),
    "attempt_not_found": ("결제되지 않은 것으로 밝혀졌어요", "It turned out unpaid"),
    "attempt_late_charged": ("뒤늦은 승인이 나타났어요", "A late charge turned up"),
    "attempt_late_refunded": ("뒤늦은 승인을 돌려줬어요", "The late charge was given back"),
    "refund_began": ("결제 취소를 요청했어요", "A cancel was asked for"),
    "refund_done": ("결제를 취소했어요", "The payment was cancelled"),
    "refund_refused": ("결제 취소가 거절됐어요", "The cancel was refused"),
    "kind_approved": ("승인 콜백", "approval callback"),
    "kind_canceled": ("취소 콜백", "cancel callback"),
    "kind_destroyed": ("철회 콜백", "withdrawal callback"),
    "callback_delivered_told": ("{kind}을 전달했어요", "The {kind} was delivered"),
    "callback_failed_told": ("{kind}이 {times}번 실패했어요", "The {kind} failed {times}×"),
    "callback_exhausted_told": ("{kind}을 더 보내지 않아요", "The {kind} was given up"),
    "callback_first_told": ("{kind}을 보내려고 해요", "The {kind} waits to be sent"),
    "callback_next_told": ("{kind}을 다시 보낼 때", "Next try of the {kind}"),
    # The wallet
    "wallet": ("포인트 지갑", "Wallet"),
    "wallet_cost": ("알림톡 한 건에 {points} P를 써요.", "One KakaoTalk message costs {points} P."),
    "wallet_set": ("잔액 정하기", "Set the balance"),
    "wallet_preset": ("{points} P로", "{points} P"),
    "balance": ("잔액", "Balance"),
    "set": ("정하기", "Set"),
    "entries": ("들어오고 나간 포인트", "What came and went"),
    "entries_empty": ("아직 움직인 포인트가 없어요.", "Nothing came or went yet."),
    "entry_debit": ("청구 메시지", "Message"),
    "entry_debit_again": ("다시 보낸 메시지", "Message sent again"),
    "entry_return": ("돌려받음", "Returned"),
    "entry_charge": ("채움", "Charged"),
    "entry_adjust": ("잔액을 정함", "Balance set"),
    "left": ("남은 {points}", "{points} left"),
    # The clock
    "clock": ("시계", "Clock"),
    "clock_lead": (
        "이 시각을 기준으로 기한이 지나고, 콜백을 다시 보내고, 결제를 확인해요. "
        "모든 파트너에게 같은 시계예요.",
        "Bills expire, callbacks are retried and payments are checked by this time. All partners share it.",
    ),
    "seoul": ("서울 시각", "Seoul time"),
    "ahead": ("실제보다 {much} 앞서요", "{much} ahead of real time"),
    "in_step": ("실제 시각과 같아요", "In step with real time"),
    "much_days": ("{count}일", "{count} d"),
    "much_hours": ("{count}시간", "{count} h"),
    "much_minutes": ("{count}분", "{count} min"),
    "much_seconds": ("{count}초", "{count} s"),
    "move": ("앞으로 보내기", "Move it forward"),
    "move_10s": ("10초", "10 seconds"),
    "move_1m": ("1분", "1 minute"),
    "move_1h": ("1시간", "1 hour"),
    "move_24h": ("24시간", "24 hours"),
    "move_retry": ("다음 콜백 시도 직후", "Just after the next retry"),
    "move_midnight": ("서울 자정", "Midnight in Seoul"),
    "move_10s_then": ("{time}. 두 번째 콜백 시도가 와요.", "{time}. The second callback try comes."),
    "move_1m_then": ("{time}. 세 번째 콜백 시도가 와요.", "{time}. The third callback try comes."),
    "move_1h_then": ("{time}. 이제부터 시간마다 다시 보내요.", "{time}. From now on tries are hourly."),
    "move_24h_then": (
        "내일 {time}. 콜백을 그만 보낼 때예요.",
        "{time} tomorrow. Callbacks are given up then.",
    ),
    "move_retry_then": ("{time}. 기다리던 콜백이 나가요.", "{time}. The waiting callback goes out."),
    "move_midnight_then": ("{time}. 오늘까지인 청구서의 기한이 지나요.", "{time}. Bills due today expire."),
    "reset": ("처음부터 다시", "Start over"),
    "reset_more": (
        "모든 연습 파트너의 청구서, 메시지, 콜백을 지우고 포인트를 1,000,000으로, "
        "시계를 실제 시각으로 되돌려요. 되돌릴 수 없어요.",
        "Erases the bills, messages and callbacks of every sandbox partner, gives each 1,000,000 "
        "points and sets the clock back. It cannot be undone.",
    ),
    "reset_do": ("모두 지우기", "Erase everything"),
    # Requests
    "requests": ("API 요청", "API requests"),
    "requests_lead": (
        "이 파트너의 키로 온 마지막 요청이에요. 거절된 까닭과 고치는 법을 펼쳐서 볼 수 있어요.",
        "The last requests with this partner’s key. Open one to see why it was refused, and the cure.",
    ),
    "requests_empty": ("아직 요청이 없어요.", "No requests yet."),
    "requests_empty_more": (
        "여러분의 코드가 API를 부르면 여기에 나타나요. 서버를 다시 켜면 비워져요.",
        "Whatever your code asks of the API appears here. A restart of the server empties it.",
    ),
    "unanswered": ("답하지 않음", "not answered"),
    "hashed": ("해시한 글", "You hashed"),
    "to_hash": ("해시할 글", "To be hashed"),
    "code_lines": ("언어별로 해시하는 법", "How to hash it, by language"),
    "to_bill": ("청구서 {bill} 보기", "See bill {bill}"),
    # Sending
    "send": ("연습 청구서", "Practice bill"),
    "send_more": (
        "POST /bill과 같은 길로 만들어요. 해시는 대신 계산해 드려요.",
        "It is made as by POST /bill. The hash is worked out for you.",
    ),
    "field_billId": ("청구 번호", "billId"),
    "field_productName": ("청구 내용", "productName"),
    "field_price": ("금액 (원)", "price (won)"),
    "field_memberName": ("받는 분", "memberName"),
    "field_phone": ("휴대폰", "phone"),
    "field_message": ("보낸 분의 말 (없어도 돼요)", "message (optional)"),
    "field_expireDt": ("결제 기한 (없으면 30일)", "expireDt (30 days if empty)"),
    "hint_expireDt": ("오늘은 {day}이에요.", "Today is {day}."),
    "field_callbackUrl": ("콜백 주소", "callbackUrl"),
    "field_sendType": ("보내는 방법", "sendType"),
    "hint_phone": (
        "01000000001은 메시지가 거절돼요. …2는 갔지만 답을 잃고, …3은 가다가 사라져요.",
        "01000000001 is refused. …2 arrives but its answer is lost; …3 is lost on its way.",
    ),
    "hint_callbackUrl": (
        "여러분의 서버 주소로 바꿔 보세요. localhost도 돼요.",
        "Put your own server here. localhost works.",
    ),
    "send_now": ("보내기", "Send"),
    "wrong": ("청구서를 보내지 않았어요", "The bill was not sent"),
    # Nothing yet
    "first_seal": ("첫|청구", "FIRST"),
    "first": ("첫 청구서를 보내 볼까요?", "Send your first bill?"),
    "first_more": (
        "버튼을 누르거나 아래 명령을 터미널에 붙여 넣으세요. 휴대폰에 메시지가 와요.",
        "Press the button, or paste the command below into a terminal. The phone gets a message.",
    ),
    "first_edit": ("내용을 바꿔서 보내기", "Change it first"),
    "terminal": ("터미널", "Terminal"),
    "terminal_more": ("연습 키로 바로 돼요", "Works as it is, with the practice keys"),
    # Said after something was done
    "said_sent": (
        "청구서를 보냈어요. 휴대폰에 메시지가 곧 와요.{why}",
        "The bill is sent. The phone gets its message in a moment.{why}",
    ),
    "said_made": (
        "청구서를 만들었어요. 결제 화면 주소만 있고 메시지는 없어요.{why}",
        "The bill is made. It has a link and no message.{why}",
    ),
    "said_resent": ("메시지를 다시 보내요.{why}", "The message is being sent again.{why}"),
    "said_destroyed": ("청구서를 철회했어요.{why}", "The bill is withdrawn.{why}"),
    "said_cancelled": ("결제를 취소했어요.{why}", "The payment is cancelled.{why}"),
    "said_tried": (
        "결제를 시도했어요. 결과는 청구서에 있어요.{why}",
        "The payment was tried. The bill tells what became of it.{why}",
    ),
    "said_refused": ("하지 않았어요. {why}", "Not done. {why}"),
    "said_callback_due": ("콜백을 지금 다시 보내요.{why}", "The callback is being sent again.{why}"),
    "said_gone": ("그 콜백은 이제 없어요.{why}", "That callback is gone.{why}"),
    "said_points_set": ("잔액을 정했어요.{why}", "The balance is set.{why}"),
    "said_points_unread": (
        "잔액을 바꾸지 않았어요. 0부터 1,000,000,000,000,000까지의 숫자를 적어 주세요.{why}",
        "The balance is as before. Write a number from 0 to 1,000,000,000,000,000.{why}",
    ),
    "said_moved": ("시계를 앞으로 보냈어요.{why}", "The clock has moved.{why}"),
    "said_no_retry": (
        "기다리는 콜백이 없어서 시계를 움직이지 않았어요.{why}",
        "No callback waits, so the clock stands as before.{why}",
    ),
    "said_clock_end": ("시계는 2999년을 넘길 수 없어요.{why}", "The clock cannot pass the year 2999.{why}"),
    "said_reset": ("연습 데이터를 모두 지웠어요.{why}", "All practice data is erased.{why}"),
    "said_stale": (
        "화면이 오래되어 하지 않았어요. 지금 다시 눌러 주세요.{why}",
        "The page was too old, so nothing was done. Please press again now.{why}",
    ),
    # When there is no page to show
    "nobody": ("연습용 파트너가 없어요", "There is no sandbox partner"),
    "nobody_more": (
        "cheonggu dev로 시작하면 연습용 파트너가 저절로 생겨요.",
        "Start with cheonggu dev, which makes the sandbox partners.",
    ),
    "strange": ("여기서는 연습장을 열 수 없어요", "The sandbox does not open from here"),
    "strange_more": (
        "연습장은 이 컴퓨터에서 연 주소로만 열려요. 다른 사이트의 링크로 왔다면 아래 버튼을 "
        "눌러 주세요. 다른 컴퓨터라면 CHEONGGU_SANDBOX_ALLOW에 그 주소를 적어 주세요.",
        "It opens on this machine only. If a link on another site brought you here, press the "
        "button. For another machine, put its address into CHEONGGU_SANDBOX_ALLOW.",
    ),
    "away": ("데이터베이스에 닿지 않아요", "The database cannot be reached"),
    "away_more": (
        "잠시 뒤에 다시 열어 주세요. 청구서와 결제는 그대로 있어요.",
        "Please try again in a moment. Bills and payments are as they were.",
    ),
    "unread": ("보낸 내용을 읽지 못했어요", "What was sent could not be read"),
    "unread_more": ("연습장으로 돌아가서 다시 보내 주세요.", "Go back to the sandbox and send it again."),
    "open_sandbox": ("연습장 열기", "Open the sandbox"),
}
PHRASES: Final = _OF_THE_PAGE | OF_THE_LAB


def say(language: Language, phrase: str, **figures: object) -> Markup:
    """A phrase, with escaped figures in its braces."""
    # Only our own phrases become markup here; Markup.format escapes what it is given.
    return Markup(PHRASES[phrase][language.code == "en"]).format(**figures)  # noqa: S704
