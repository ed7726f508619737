"""Every phrase of the payer's pages, in Korean and English.

Plain 해요체 and short sentences; each says what happened, what it means for the money, and what next.
A phrase may hold `<b>`; what is put into its braces is escaped.
"""

from __future__ import annotations

from typing import Final

PHRASES: Final[dict[str, tuple[str, str]]] = {
    # Money
    "won": ("{figure}원", "₩{figure}"),
    "won_in_full": ("{figure}원", "{figure} Korean won (KRW)"),
    # Around every sheet
    "practice": (
        "연습용 청구서예요. 실제로 돈이 나가지 않아요.",
        "This is a practice bill. No money will move.",
    ),
    "bill": ("청구서", "Bill"),
    "delivered_by": ("청구서 전달 Cheonggu", "Delivered by Cheonggu"),
    "owner": ("대표 {name}", "Owner {name}"),
    "registration": ("사업자등록번호 {number}", "Business no. {number}"),
    "phone": ("전화 {number}", "Phone {number}"),
    # The bill
    "chip_unpaid": ("결제 전", "Unpaid"),
    "due_by": ("<b>{day}</b>까지", "Due <b>{day}</b>"),
    "due_today": ("<b>오늘 {time}</b>까지", "Due <b>today, {time}</b> (Seoul)"),
    "quote": ("보낸 분의 말", "From the sender"),
    "pay": ("{amount} 결제하기", "Pay {amount}"),
    "card_only": ("카드 번호는 카드사 창에서만 입력해요.", "We never see your card number."),
    "first_title": ("처음 보는 청구서인가요?", "Don’t recognise this bill?"),
    "first_call": ("결제하지 말고 먼저 전화로 물어보세요.", "Don’t pay yet. Call and ask first."),
    "first_ask": (
        "결제하지 말고, 알고 있는 연락처로 먼저 물어보세요.",
        "Don’t pay yet. Ask first, at a number or address you already know.",
    ),
    # States: a seal (two lines in Korean, one short word in English), a heading, what it means
    "paid_seal": ("결제|완료", "PAID"),
    "paid_heading": ("결제했어요", "Paid"),
    "paid_said": (
        "이 화면이 영수증이에요. 받은 주소로 언제든 다시 볼 수 있어요.",
        "This page is your receipt. The same link opens it again any time.",
    ),
    "refused_seal": ("승인|거절", "NO"),
    "refused_heading": ("카드사가 승인하지 않았어요", "The card company didn’t approve it"),
    "refused_said": (
        "<b>돈은 나가지 않았어요.</b> 다시 결제하거나 다른 카드를 써 주세요.",
        "<b>Your card wasn’t charged.</b> Try again or use another card.",
    ),
    "refused_note": ("카드사 답: <b>{answer}</b>", "Their answer: <b>{answer}</b>"),
    "failed_seal": ("결제|실패", "NO"),
    "failed_heading": ("결제가 이루어지지 않았어요", "The payment didn’t go through"),
    "failed_said": (
        "<b>돈은 나가지 않았어요.</b> 다시 결제하거나 다른 카드를 써 주세요.",
        "<b>Your card wasn’t charged.</b> Try again or use another card.",
    ),
    "returned_seal": ("결제|취소", "BACK"),
    "returned_heading": ("결제가 취소됐어요", "The payment was cancelled"),
    "returned_said": (
        "결제사에서 취소해서 <b>나간 돈은 카드로 돌아가요.</b> 청구서는 아직 내지 않은 것으로 남아 있어요.",
        "The payment company cancelled it. <b>The money goes back to your card.</b> The bill is unpaid.",
    ),
    "checking_seal": ("결제|확인", "WAIT"),
    "checking_heading": ("결제를 확인하고 있어요", "We’re checking your payment"),
    "checking_said": (
        "카드사의 답을 기다려요. <b>다시 결제하지 마세요.</b> 결과는 이 화면에서 볼 수 있어요.",
        "We’re waiting for the card company. <b>Please don’t pay again.</b> The result will appear here.",
    ),
    "checking_note": (
        "이 화면은 5초마다 스스로 다시 확인해요. 닫아도 괜찮아요.",
        "This page checks again by itself every 5 seconds. You may close it.",
    ),
    "expired_seal": ("기한|지남", "ENDED"),
    "expired_heading": ("결제 기한이 지났어요", "This bill is past its due date"),
    "expired_said": (
        "{day}까지 결제할 수 있었어요. 내시려면 새 청구서를 부탁해 주세요.",
        "It could be paid until {day}. If you still want to pay, ask for a new bill.",
    ),
    "withdrawn_seal": ("청구|철회", "VOID"),
    "withdrawn_heading": ("철회된 청구서예요", "This bill was withdrawn"),
    "withdrawn_said": (
        "보낸 곳에서 이 청구를 철회했어요. 내실 돈은 없어요.",
        "The sender took it back. You owe nothing for it.",
    ),
    "cancelling_seal": ("취소|확인", "WAIT"),
    "cancelling_heading": ("결제를 취소하고 있어요", "Your payment is being cancelled"),
    "cancelling_said": (
        "카드사의 답을 기다려요. <b>아직 돈을 돌려받은 것은 아니에요.</b> 결과는 이 화면에서 볼 수 있어요.",
        "We’re waiting for the card company. <b>The money isn’t back yet.</b> The result will appear here.",
    ),
    "cancelled_seal": ("결제|취소", "BACK"),
    "cancelled_heading": ("결제가 취소됐어요", "Your payment was cancelled"),
    "cancelled_said": (
        "낸 돈을 카드로 돌려드려요. 카드사에 따라 영업일로 3~5일 걸려요.",
        "The money goes back to your card. It takes 3 to 5 business days, depending on the card company.",
    ),
    # Notices about money, beside any state
    "late_charged_title": ("늦게 승인된 결제가 있어요", "An earlier payment was approved late"),
    "late_charged": (
        "결제되지 않은 줄 알았던 {amount}이 나중에 승인됐어요. 이 돈은 저절로 돌려드려요.",
        "{amount} that we took for unpaid was approved afterwards. It is being returned to you by itself.",
    ),
    "late_refunded_title": ("늦게 승인된 결제를 돌려드렸어요", "An earlier payment was returned"),
    "late_refunded": (
        "결제되지 않은 줄 알았던 {amount}이 나중에 승인돼서 취소했어요. 카드사에 따라 영업일로 3~5일 걸려요.",
        "{amount} was approved too late, so we cancelled it. It takes 3 to 5 business days to arrive.",
    ),
    "last_failed_title": ("지난 결제는 이루어지지 않았어요", "Your last payment didn’t go through"),
    "last_failed": ("돈은 나가지 않았어요.", "Your card wasn’t charged."),
    "last_returned": (
        "결제사에서 취소해서 나간 돈은 카드로 돌아가요.",
        "The payment company cancelled it. The money goes back to your card.",
    ),
    "not_cancelled_title": ("취소되지 않았어요", "It was not cancelled"),
    "not_cancelled": (
        "카드사가 취소를 받아들이지 않아서 결제가 그대로예요. 청구한 곳에 물어보세요.",
        "The card company refused to cancel, so your payment stands. Ask whoever billed you.",
    ),
    "to_cancel_title": ("결제를 취소하려면", "To cancel this payment"),
    "to_cancel_call": ("청구한 곳에 전화해 주세요.", "Call whoever billed you."),
    "to_cancel_ask": ("청구한 곳에 연락해 주세요.", "Get in touch with whoever billed you."),
    # The receipt leads on
    "leads_on": (
        "3초 뒤에 <b>{host}</b> 화면으로 저절로 이동해요.",
        "In 3 seconds this page leads on by itself to <b>{host}</b>.",
    ),
    "led_here": ("<b>{host}</b>에서 이어서 볼 수 있어요.", "You can go on at <b>{host}</b>."),
    "lead_now": ("지금 이동하기", "Go now"),
    "lead_stay": ("영수증에 머물기", "Stay here"),
    # Facts
    "payer": ("받는 분", "Billed to"),
    "sent": ("보낸 날", "Sent"),
    "due": ("결제 기한", "Due"),
    "bill_id": ("청구 번호", "Bill no."),
    "tried": ("시도한 때", "Tried"),
    "began": ("결제 시작", "Started"),
    "looked": ("마지막 확인", "Last checked"),
    "withdrawn": ("철회 일시", "Withdrawn"),
    "paid": ("결제 일시", "Paid"),
    "card": ("카드", "Card"),
    "months": ("할부", "Instalments"),
    "approval": ("승인 번호", "Approval no."),
    "cancel_began": ("취소 시작", "Asked"),
    "cancelled": ("취소 일시", "Cancelled"),
    "money_back": ("돌려받을 돈", "To be returned"),
    "refund_number": ("취소 번호", "Cancel no."),
    "at_once": ("일시불", "Paid at once"),
    "in_months": ("{months}개월", "{months} months"),
    "supply": ("공급가액", "Net amount"),
    "tax": ("부가세", "VAT"),
    "sum": ("합계", "Total"),
    # What to press
    "call": ("전화로 물어보기", "Call and ask"),
    "look_again": ("다시 확인하기", "Check again"),
    "print_paid": ("영수증 인쇄", "Print receipt"),
    "print_cancelled": ("취소 영수증 인쇄", "Print cancellation"),
    "receipt_paid": ("영수증", "Receipt"),
    "receipt_cancelled": ("취소 영수증", "Cancellation receipt"),
    # The practice card window
    "window": ("연습 카드 창", "Practice card window"),
    "window_practice": (
        "연습 카드 창이에요. 카드사 대신 결과를 골라 보세요.",
        "This is a practice card window. Choose the result in the card company’s place.",
    ),
    "window_card": ("연습 카드", "Practice card"),
    "window_question": ("카드사가 뭐라고 답할까요?", "What will the card company answer?"),
    "window_foot": (
        "실제 운영에서는 이 자리에 결제사의 카드 창이 열려요.",
        "In real use, the payment company’s card window opens here.",
    ),
    "approve": ("승인", "Approve"),
    "approve_then": ("결제되고 승인 콜백이 나가요.", "The bill is paid and the callback goes out."),
    "decline": ("거절", "Decline"),
    "decline_then": ("위에서 고른 까닭으로 돈이 나가지 않아요.", "For the reason above; no money moves."),
    "decline_why": ("거절한다면 그 까닭", "If declined, the reason"),
    "over_limit": ("한도를 넘었어요", "Over the limit"),
    "no_reason": ("까닭은 알려 주지 않아요", "No reason given"),
    "card_stopped": ("정지된 카드예요", "The card is stopped"),
    "card_ended": ("유효기간이 지났어요", "The card has expired"),
    "close": ("창 닫기", "Close the window"),
    "close_then": ("결제하지 않고 청구서로 돌아가요.", "Back to the bill without paying."),
    "timeout_charged": ("시간 초과, 돈은 나감", "Time-out, charged"),
    "timeout_charged_then": (
        "답이 없어 확인 중이 됐다가, 결제된 것으로 밝혀져요.",
        "No answer, so it is checked; then it turns out paid.",
    ),
    "timeout_not_charged": ("시간 초과, 돈은 안 나감", "Time-out, not charged"),
    "timeout_not_charged_then": (
        "답이 없어 확인 중이 됐다가, 결제되지 않은 것으로 밝혀져요.",
        "No answer, so it is checked; then it turns out unpaid.",
    ),
    "charged_late": ("시간 초과, 나중에 돈이 나감", "Time-out, charged late"),
    "charged_late_then": (
        "결제되지 않은 것으로 했다가, 나중에 나간 돈을 저절로 돌려드려요.",
        "It is taken for unpaid; the late charge is returned by itself.",
    ),
    # Around the payment company's window
    "gate": ("결제 창", "Payment window"),
    "gate_opening": (
        "결제사의 결제 창을 열고 있어요. 열리지 않으면 버튼을 눌러 주세요.",
        "The payment company’s window is opening. If it doesn’t, press the button.",
    ),
    "gate_trouble_title": ("결제 창을 열지 못했어요", "The payment window didn’t open"),
    "gate_trouble": (
        "돈은 나가지 않았어요. 버튼을 눌러 다시 해 보고, 그래도 안 되면 청구한 곳에 물어보세요.",
        "Your card wasn’t charged. Press the button to try again; if it still fails, ask whoever billed you.",
    ),
    "gate_no_script_title": ("JavaScript가 필요해요", "JavaScript is needed"),
    "gate_no_script": (
        "결제사의 결제 창은 JavaScript 없이 열리지 않아요. 브라우저에서 켜거나 다른 브라우저로 열어 주세요.",
        "The payment company’s window doesn’t open without it. Turn it on, or use another browser.",
    ),
    "finish": ("결제를 마치고 있어요", "Finishing your payment"),
    "finish_said": (
        "<b>아직 돈은 나가지 않았어요.</b> 저절로 넘어가지 않으면 버튼을 눌러 주세요.",
        "<b>Your card hasn’t been charged yet.</b> If nothing happens, press the button.",
    ),
    "finish_pay": ("{amount} 결제 마치기", "Finish paying {amount}"),
    "finish_not": ("결제하지 않고 돌아가기", "Back without paying"),
    # When there is no bill to show
    "unknown_seal": ("없는|주소", "LOST"),
    "unknown_heading": ("청구서를 찾지 못했어요", "We couldn’t find this bill"),
    "unknown_said": (
        "주소가 잘렸을 수 있어요. 받은 메시지의 버튼을 다시 눌러 주세요.",
        "The link may have been cut short. Please press the button in your message again.",
    ),
    "unknown_note": (
        "그래도 안 열리면 메시지를 보낸 곳에 물어보세요.",
        "If it still doesn’t open, ask whoever sent you the message.",
    ),
    "throttled_seal": ("잠시|멈춤", "PAUSE"),
    "throttled_heading": ("잠시 뒤에 다시 열어 주세요", "Please try again in a minute"),
    "throttled_said": (
        "없는 청구서 주소를 여러 번 열어서 1분쯤 쉬고 있어요. 받은 메시지의 버튼으로 열면 지금도 열려요.",
        "Too many links that lead to no bill were opened from here, so we pause for a minute. "
        "The button in your message still works.",
    ),
    "stale_seal": ("다시|한번", "AGAIN"),
    "stale_heading": ("화면이 오래됐어요", "This page is out of date"),
    "stale_said": (
        "오래된 화면이거나 다른 곳에서 보낸 요청이라 받지 않았어요. <b>이번에는 돈이 나가지 않았어요.</b>",
        "The request came from an old page or another site, so we didn’t take it. "
        "<b>No money moved this time.</b>",
    ),
    "unread_seal": ("다시|한번", "AGAIN"),
    "unread_heading": ("요청을 읽지 못했어요", "We couldn’t read the request"),
    "unread_said": (
        "<b>이번에는 돈이 나가지 않았어요.</b> 청구서로 돌아가서 다시 해 주세요.",
        "<b>No money moved this time.</b> Please go back to the bill and try again.",
    ),
    "away_seal": ("잠시|멈춤", "PAUSE"),
    "away_heading": ("지금은 열 수 없어요", "We can’t open this right now"),
    "away_said": (
        "저희 쪽 문제예요. 결제하던 중이었다면 <b>다시 결제하지 마세요.</b> "
        "잠시 뒤에 청구서를 열어 결과를 확인해 주세요.",
        "The fault is ours. If you were paying, <b>please don’t pay again.</b> "
        "Open the bill in a moment to see what became of it.",
    ),
    "back_to_bill": ("청구서로 돌아가기", "Back to the bill"),
    "open_again": ("청구서 다시 열기", "Open the bill again"),
}
