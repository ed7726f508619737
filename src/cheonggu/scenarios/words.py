"""Every sentence that a scenario tells of your program, in Korean and English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "correct": ("올바른 동작", "Correct"),
    # Making a bill
    "runner_asked": (
        "시나리오가 {bill} 만들기를 요청했어요. 응답: {code}",
        "the runner asked for {bill}, answer: {code}",
    ),
    "none_came": ("오지 않음", "none came"),
    "yours_said": ("내 프로그램의 답: {said}", "your program said: {said}"),
    "asked_again": ("{bill} 만들기를 다시 시켰어요. {said}", "asked again for {bill}; {said}"),
    "bill_is_there": ("청구서가 생겼어요. {said}", "the bill is there, and {said}"),
    "bill_is_not_there": ("{bill} 청구서가 없어요. {said}", "there is no bill {bill}, and {said}"),
    "should_have_failed": ("API의 응답은 {code}. {said}", "the answer was {code}, and {said}"),
    "not_read": ("청구서를 조회하지 못했어요: {message}", "the bill could not be read: {message}"),
    "another_code": (
        "응답 코드가 달라요. 바른 것: {wanted}, 온 것: {code} ({message})",
        "the answer should be {wanted} and is {code}: {message}",
    ),
    "no_answer": ("{url}에서 답이 오지 않았어요 ({error})", "{url} did not answer ({error})"),
    "not_ended": (
        "{command} 명령이 끝까지 돌지 못했어요 ({error})",
        "{command} did not run to its end ({error})",
    ),
    # Paying
    "paid": ("{outcome}: 청구서는 {state}예요", "{outcome}: the bill is {state}"),
    "paid_otherwise": (
        "{outcome} 뒤에 청구서가 {wanted}여야 하는데 {state}예요",
        "the bill should be {wanted} after {outcome} and is {state}",
    ),
    # Callbacks
    "a_callback": ("콜백", "a callback"),
    "a_callback_with": ("콜백({changes})", "a callback with {changes}"),
    "without": ("{name} 없음", "no {name}"),
    "signature": ("서명 {kind}", "signature {kind}"),
    "probe_silent": (
        "{what}에 응답이 오지 않아서 받은 것도 거절한 것도 아니에요: {reason}",
        "{what} was neither accepted nor refused, for no answer came: {reason}",
    ),
    "probe_accepted": ("{what}을 받아들였어요 (HTTP {status})", "{what} was accepted (HTTP {status})"),
    "probe_refused": (
        "{what}을 받아들이지 않았어요 (HTTP {status})",
        "{what} was not accepted (HTTP {status})",
    ),
    "callback_unwanted": (
        "이 청구서에는 콜백이 없어야 하는데 있어요",
        "there should be no callback for this bill, and there is one",
    ),
    "callback_absent": ("콜백이 없어요. 없어야 맞아요", "no callback, as it should be"),
    "callback_came": (
        "{tries}번 시도해서 {state} (적어도 {least}번이면 돼요)",
        "{state} after {tries} of {least} tries or more",
    ),
    "callback_never": (
        "{seconds:g}초 안에 콜백이 생기지 않았어요. 워커가 켜져 있나요?",
        "no callback came up within {seconds:g} s: is a worker running?",
    ),
    "callback_otherwise": (
        "콜백의 상태는 {state}. 바른 상태는 {wanted}. {last}",
        "the callback is {state}, not {wanted}; {last}",
    ),
    "last_try": ("시도 {tries}번 가운데 마지막: {reason}", "the last of {tries} tries: {reason}"),
    "it_counted": ("받은 것으로 쳤어요", "it counted"),
    "not_tried": ("아직 시도하지 않았어요", "it was not tried yet"),
    "again_absent": ("다시 보낼 콜백이 없어요", "there is no callback to send again"),
    "again_late": ("콜백이 제때 다시 가지 않았어요", "the callback was not sent again in time"),
    "again_accepted": (
        "한 번 더 보낸 같은 콜백을 받아들였어요",
        "the same callback, sent once more, was accepted",
    ),
    "again_refused": (
        "한 번 더 보낸 같은 콜백을 받아들이지 않았어요: {reason}",
        "the same callback, sent once more, was not accepted: {reason}",
    ),
    # The scene
    "trouble_for": ("{seconds:g}초 동안 {kind}", "{kind} for {seconds:g} s"),
    "trouble_times": ("{kind} {times}번", "{kind} {times} times"),
    "clock": ("{seconds:g}초 뒤: {now}", "{seconds:g} s later: {now}"),
    "points": ("지갑에 {balance:,}포인트가 있어요", "the wallet holds {balance:,} points"),
    "notices_on": ("취소와 파기 알림을 켰어요", "notices of cancels and destroys: on"),
    "notices_off": ("취소와 파기 알림을 껐어요", "notices of cancels and destroys: off"),
    # What your program did
    "one_message": ("메시지 1통", "1 message"),
    "messages": ("메시지 {count}통", "{count} messages"),
    "in_all": ("모두 {messages}", "{messages} in all"),
    "of_the_bill": ("이 청구서의 {messages}", "{messages} for this bill"),
    "not_so_many": ("{found}. {count}통이어야 해요", "{found}, not {count}"),
    "made_by_the_runner": (
        "내 프로그램이 만든 청구서가 아니에요. 만드는 방법을 --create로 알려 주세요",
        "your program did not make this bill; say how it does with --create",
    ),
    "requests": (
        "내 프로그램이 {operation} 요청을 {count}번 했어요",
        "your program asked for {operation} {count} times",
    ),
    "books_unseen": (
        "장부를 보지 못했어요. 어디 있는지 --books로 알려 주세요",
        "your books were not looked at; say where they are with --books",
    ),
    "books_right": ("장부에 그렇게 적혀 있어요: {told}", "your books say so: {told}"),
    "books_wrong": (
        "장부에 적혀 있어야 하는 것은 {told}. 장부의 답: {said}",
        "your books should say {told}, and answered: {said}",
    ),
}


def say(name: str, /, *, korean: bool, **figures: object) -> str:
    """A sentence with its figures, in Korean or English."""
    return WORDS[name][0 if korean else 1].format(**figures)
