"""The sandbox's page over HTTP: who may open it, what its forms take, and how its news begin and end."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from typing import Any

import aiohttp
import pytest

from cheonggu.billing.sandbox_partners import FIRST, OTHER
from cheonggu.providers.reply import Reason
from cheonggu.service import Service
from cheonggu.store import practice_page
from cheonggu.store.postgres import Connection, DatabaseAway, Row
from cheonggu.web.sandbox.journal import Journal
from cheonggu.web.sandbox.page import watch
from cheonggu.web.sandbox.page.lab_words import SILENT
from cheonggu.web.sandbox.page.watch import Watch
from cheonggu.web.sandbox.page.words import PHRASES
from tests.conftest import until
from tests.flow import created, paid
from tests.live import Live
from tests.serving import serving


class Desk:
    """A developer's browser without script: it opens the page and sends its forms."""

    def __init__(self, http: aiohttp.ClientSession, site: str) -> None:
        self._http, self._site = http, site
        self.page = self.answer = ""
        self.url = ""

    async def open(self, query: str = "", **headers: str) -> int:
        """Open the page."""
        async with self._http.get(f"{self._site}/sandbox{query}", headers=headers) as answer:
            self.page, self.url = await answer.text(), str(answer.url)
            return answer.status

    def hidden(self, name: str) -> str:
        """What a form carries under a name."""
        found = re.search(f'name="{name}" value="([^"]*)"', self.page)
        assert found, name
        return unescape(found[1])

    async def act(
        self,
        name: str,
        query: str = "",
        *,
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        **more: str,
    ) -> int:
        """Send a form as the page that is open has it."""
        ours = {"token": self.hidden("token"), "once": self.hidden("once")}
        url = f"{self._site}/sandbox/act/{name}{query}"
        async with self._http.post(url, data=ours | (form or {}) | more, headers=headers) as answer:
            text, self.url = await answer.text(), str(answer.url)
            self.answer = text
            self.said = re.search(r"<div class=\"notice\".*?<p>(.*?)</p>", text, re.DOTALL)
            return answer.status

    @property
    def notice(self) -> str:
        """What the page said after the last form."""
        return unescape(re.sub("<.*?>", "", self.said[1])) if self.said else ""


@pytest.fixture
def desk(live: Live) -> Desk:
    return Desk(live.http, live.url)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Host": "evil.example:8080"},
    ],
    ids=str,
)
async def test_a_stranger_gets_a_page_that_says_why(live: Live, desk: Desk, headers: dict[str, str]) -> None:
    assert await desk.open("", **headers) == 403
    assert "여기서는 샌드박스를 열 수 없어요" in desk.page
    assert FIRST.api_key not in desk.page
    async with live.http.get(f"{live.url}/sandbox/events", headers=headers) as answer:
        assert answer.status == 403
    await desk.open()
    assert await desk.act("reset", headers=headers) == 403


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "가"])
async def test_a_form_that_is_not_ours_does_nothing(desk: Desk, live: Live, token: str) -> None:
    await desk.open()
    await desk.act("points", balance="7", token=token)
    assert "화면이 오래되어" in desk.notice
    assert await live.balance() == 1_000_000


async def test_a_form_of_one_partner_is_none_of_another(desk: Desk, live: Live) -> None:
    await desk.open("?show=wallet")
    await desk.act("points", f"?partner={OTHER.name}", balance="7")
    assert "화면이 오래되어" in desk.notice
    await desk.open(f"?partner={OTHER.name}")
    assert OTHER.api_key in desk.page
    await desk.act("points", f"?partner={OTHER.name}", balance="7")
    assert "잔액을 정했어요" in desk.notice
    assert await live.balance() == 1_000_000


async def test_a_bill_of_another_partner_is_absent(desk: Desk, live: Live) -> None:
    await live.create(billId="MINE")
    await desk.open(f"?partner={OTHER.name}&show=bills&bill=MINE")
    assert "이 파트너에게 없어요" in unescape(desk.page)
    await desk.open(f"?partner={OTHER.name}&show=wallet")
    for act in ("pay", "resend", "destroy", "cancel"):
        await desk.act(act, f"?partner={OTHER.name}&show=bills&bill=MINE", outcome="APPROVE", price="150000")
        assert "BILL_003" in desk.notice, act
    assert (await live.read("MINE"))["apprState"] == "W"


async def test_a_second_press_does_nothing_more(desk: Desk, live: Live) -> None:
    await live.create(billId="TWICE")
    await desk.open("?show=bills&bill=TWICE")
    for _ in range(2):
        await desk.act("resend", "?show=bills&bill=TWICE")
        assert "메시지를 다시 보내요" in desk.notice
    assert await live.balance() == 1_000_000 - 2 * 55
    await desk.open("?show=send")
    bill = live.bill(billId="FORM")
    for _ in range(2):
        await desk.act("send", "?show=send", form=bill)
        assert "청구서를 보냈어요" in desk.notice
    await desk.act("send", "?show=send", form=live.bill(billId="OTHER"))  # after going back
    assert "청구서를 보냈어요" in desk.notice
    await desk.open("?show=clock")
    offset = desk.hidden("offset")
    for _ in range(2):
        await desk.act("clock", "?show=clock", move="1h", offset=offset)
    assert await live.service.db.fetchval("SELECT offset_seconds FROM clock") == 3600
    for _ in range(2):
        await desk.act("pay", "?show=bills&bill=FORM", outcome="APPROVE")
    assert await live.service.db.fetchval("SELECT count(*) FROM attempt") == 1


async def test_outcomes_that_a_payer_cannot_bring_about(desk: Desk, live: Live) -> None:
    await live.create(billId="OUTCOME", expireDt="2099-12-31")
    here = "?show=bills&bill=OUTCOME"
    await desk.open(here)
    await desk.act("pay", here, outcome="AFTER_EXPIRY")
    assert "366일 넘게" in desk.notice
    await desk.act("pay", here, outcome="DECLINE", decline="INVALID_STOPPED_CARD")
    assert "결제를 시도했어요" in desk.notice
    await desk.act("pay", here, outcome="PAY_TWICE")
    assert (await live.read("OUTCOME"))["apprState"] == "F"
    states = await live.service.db.fetch("SELECT state, failure_code FROM attempt ORDER BY attempt_no")
    assert [tuple(row.values()) for row in states] == [
        ("FAILED", "INVALID_STOPPED_CARD"),
        ("APPROVED", None),
    ]
    await desk.act("cancel", here, price="150000", fate="REFUSED_CARD")
    assert "PAYMENT_001" in desk.notice
    await desk.act("cancel", here, price="150000", once="another", fate="REFUND")
    assert "결제를 취소했어요" in desk.notice


async def test_a_messages_fate_is_chosen_beforehand_and_taken_back_when_none_is_sent(
    desk: Desk, live: Live
) -> None:
    await desk.open("?show=send")
    refused = live.bill(billId="FATED", phone="010-1234-5678")
    assert await desk.act("send", form=refused, fate="NO_KAKAOTALK") == 400
    assert await live.service.db.fetchval("SELECT count(*) FROM sandbox_script") == 0
    await desk.act("send", form=live.bill(billId="FATED"), fate="NO_KAKAOTALK")
    await desk.act("send", form=live.bill(billId="FATED"), fate="NO_KAKAOTALK", phone="01012345678")
    await until(lambda: failed(live, "FATED"))
    await desk.open("")
    assert "카카오톡을 쓰지 않는 번호예요" in desk.page


async def test_a_partners_profile_and_wishes_for_lost_answers_do_not_break_a_form(
    desk: Desk, live: Live
) -> None:
    await live.call(f"/sandbox/partners/{FIRST.name}", {"answerField": "msg"})
    await desk.open("?show=send")
    wrong = live.bill(billId="PROFILE", phone="010")
    assert await desk.act("send", form=wrong) == 400
    status, _ = await live.call("/sandbox/test-code", {"code": "TIMEOUT_AFTER"})
    assert status == 200
    assert await desk.act("send", form=live.bill(billId="PROFILE")) == 400
    assert "HTTP_503" in desk.answer
    assert (await live.operate("/bill/read", {"billId": "PROFILE"}))["code"] == "0000"


async def failed(live: Live, bill_id: str) -> bool:
    return [message["state"] for message in await live.messages(bill_id)] == ["FAILED"]


async def test_trouble_is_made_shown_and_taken_back(desk: Desk, live: Live) -> None:
    await live.create(billId="TROUBLED")
    here = "?show=callbacks&bill=TROUBLED"
    await desk.open(here)
    await desk.act("trouble", here, kind="LOST")
    await live.pay("TROUBLED")
    await until(lambda: said(desk, here, "LOST"))
    await desk.act("trouble", here, kind="DOWN")
    await desk.open(here)
    assert "모두 거두기" in desk.page
    await desk.act("trouble", here, kind="CLEAR")
    await desk.open(here)
    assert "모두 거두기" not in desk.page


async def said(desk: Desk, query: str, word: str) -> bool:
    await desk.open(query)
    return f"({word})" in desk.page


async def test_a_bills_story_says_in_the_pages_language_why_its_callback_did_not_count(
    desk: Desk, live: Live
) -> None:
    live.receiver.answer = lambda _: (200, '{"code":"1"}')
    await live.create(billId="STORY")
    await live.pay("STORY")
    await until(lambda: tried(live, "STORY"))
    await desk.open("?show=bills&bill=STORY")
    assert "200으로 답했지만 code가 &#34;1&#34;이에요" in desk.page
    await desk.open("?show=bills&bill=STORY&lang=en")
    assert 'HTTP 200, but code is not "0000"' in desk.page
    assert "200으로 답했지만" not in desk.page


async def tried(live: Live, bill_id: str) -> bool:
    return bool((await live.callbacks(bill_id))[0]["attempts"])


REFUSES = (200, '{"code":"1"}')
TAKES = (200, '{"code":"0000"}')


@pytest.mark.parametrize(
    ("kind", "answer", "says", "told"),
    [
        ("UNKNOWN_BILL", REFUSES, "그래야 해요", '"billId": "NO-SUCH-BILL"'),
        ("OTHER_AMOUNT", TAKES, "결제로 처리하지 마세요", '"apprPrice": "149999"'),
        ("NONE", TAKES, "/bill/read로 다시 물어본", '"billId": "PROBED"'),
        ("THREE_FIELDS", REFUSES, "나머지가 없어도", '"apprState": "F"'),
        ("BAD", (500, "<b>"), "HTTP 500", '"billId": "PROBED"'),
        ("OWN", TAKES, "파트너가 잘 받았어요", '"extra": "<b>=1"'),
    ],
)
async def test_a_made_up_callback_is_shown_with_a_verdict_and_kept_nowhere(
    desk: Desk, live: Live, kind: str, answer: tuple[int, str], says: str, told: str
) -> None:
    live.receiver.answer = lambda _: answer
    await live.create(billId="PROBED")
    here = "?show=callbacks&bill=PROBED"
    await desk.open(here)
    own = {"alter": "extra=<b>=1\r\n\r\n-apprNum", "signature": "OLD"}
    assert await desk.act("probe", here, kind=kind, form=own) == 200
    shown = unescape(desk.answer)
    assert says in shown
    (came,) = live.receiver.calls
    assert told in re.sub("</?i>", "", shown)
    assert ("webhook-signature" in came.headers) is (kind != "NONE")
    assert ("apprNum" in came.body) is (kind not in ("OWN", "THREE_FIELDS"))
    assert await live.service.db.fetchval("SELECT count(*) FROM callback") == 0
    await desk.open(here)
    assert says not in unescape(desk.page)


async def test_a_probe_without_a_bill_goes_where_one_says_and_what_cannot_be_sent_is_said(
    desk: Desk, live: Live
) -> None:
    await live.create(billId="ANY")
    await desk.open("?show=callbacks&bill=ANY")
    assert "act/probe?show=callbacks&amp;bill=ANY#" in desk.page
    await desk.open("?show=callbacks&bill=GONE")
    assert "act/probe?show=callbacks#" in desk.page
    assert await desk.act("probe", "?show=callbacks", kind="OTHER_AMOUNT", url=live.receiver.url) == 200
    assert [came.body["apprPrice"] for came in live.receiver.calls] == ["999"]
    for form in ({"kind": "x"}, {"kind": "OWN", "alter": "no sign"}, {"kind": "BAD", "url": "ftp://x"}):
        assert await desk.act("probe", "?show=callbacks", form={"url": live.receiver.url} | form) == 400
        assert "콜백을 보내지 않았어요" in desk.answer
    assert len(live.receiver.calls) == 1


async def test_how_the_next_requests_end_is_said_shown_used_up_and_taken_back(desk: Desk, live: Live) -> None:
    here = "?show=requests"
    await desk.open(here)
    for wrong in ({"times": "0"}, {"times": "²"}, {"code": "0000"}, {"operation": "billEat"}):
        form = {"code": "POINT_001", "operation": "billSend", "times": "2"} | wrong
        assert await desk.act("arm", here, form=form) == 400, wrong
        assert "정하지 않았어요" in desk.answer
    await desk.act("arm", here, code="POINT_001", operation="billSend", times="2")
    assert "다음 요청이 그렇게 끝나요" in desk.notice
    assert "앞으로 2번" in desk.answer
    assert (await live.operate("/bill", live.bill(billId="WISHED")))["code"] == "POINT_001"
    await desk.open(here)
    assert "앞으로 1번" in desk.page
    await desk.act("disarm", here)
    assert "앞으로" not in desk.answer
    assert (await live.operate("/bill", live.bill(billId="WISHED")))["code"] == "0000"


async def test_a_partner_of_ones_own_is_made_changed_and_removed(desk: Desk, live: Live) -> None:
    await desk.open("?show=partners")
    assert await desk.act("make", "?show=partners", form={"name": "a/b"}) == 400
    assert "name: " in desk.answer
    assert await desk.act("make", "?show=partners", points="many") == 400
    form = {"name": "<i>가게", "points": "1,234", "profile": "live-2026-09"}
    await desk.act("make", "?show=partners", form=form)
    assert "파트너를 만들었어요" in desk.notice
    mine = f"?{desk.url.partition('?')[2].partition('&said')[0]}"
    await desk.open(mine)
    assert "&lt;i&gt;가게" in desk.page
    assert "1,234 <small>P" in desk.page
    switches = {"profile": "docs", "status": "SUSPENDED", "dateDigits": "12", "callbackFields": "three"}
    await desk.act("change", mine, form=switches, notices="true")
    assert "파트너를 바꿨어요" in desk.notice
    (own,) = (one for one in await partners(live) if one["own"])
    assert {name: own[name] for name in switches} == switches | {"dateDigits": 12}
    assert own["notices"]
    assert await desk.act("change", mine, profile="docs", dateDigits="13") == 400
    for _ in range(2):
        await desk.act("remove", mine)
    assert "화면이 오래되어" in desk.notice  # the second press is no other partner's
    assert [one["name"] for one in await partners(live)] == [FIRST.name, OTHER.name]
    await desk.open("?show=partners")
    assert await desk.act("remove", "?show=partners") == 400


async def partners(live: Live) -> list[dict[str, Any]]:
    async with live.http.get(f"{live.url}/sandbox/partners") as answer:
        return (await answer.json())["partners"]


async def test_the_inspection_is_rehearsed_with_what_is_missing_and_a_mail(desk: Desk, live: Live) -> None:
    await live.create(billId="SEEN")
    await live.read("SEEN")
    await desk.open("?show=inspection")
    assert desk.page.count('data-tone="go">됐어요') == 1
    assert desk.page.count('data-tone="wait">아직이에요') == 4
    assert "조회" in desk.page
    assert "조회한 청구서 <a href" in desk.page
    assert "검수 요청" in desk.page
    await desk.open("?show=inspection&lang=en")
    assert desk.page.count("Not yet") == 4


async def test_the_lab_says_who_listens(desk: Desk, live: Live) -> None:
    await live.call("/sandbox/listen", {"forwardTo": "http://localhost:3000/<cb>"})
    await desk.open("?show=callbacks")
    assert "http://localhost:3000/&lt;cb&gt;" in desk.page


async def test_the_address_of_a_forms_answer_leads_back_to_the_page(desk: Desk) -> None:
    await desk.open()
    assert await desk.open("/act/probe?show=clock&lang=en") == 200
    assert desk.url.endswith("/sandbox?lang=en&show=clock")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?show=nothing&bill=%00&before=x&find=%F0%9F%92%B8&partner=nobody&lang=fr&said=x&code=y", 200),
        ("?before=999999999999999999&show=bills", 200),
        ("?before=99999999999999999999&show=bills", 200),
        ("?said=refused&code=BILL_001", 200),
        (f"?bill={'x' * 300}&show=callbacks", 200),
        ("?find=%25_%27&show=bills", 200),
    ],
)
async def test_odd_addresses_show_the_page(desk: Desk, query: str, status: int) -> None:
    assert await desk.open(query) == status


@pytest.mark.parametrize(
    ("act", "form", "says"),
    [
        ("points", {"balance": "-1"}, "잔액을 바꾸지 않았어요"),
        ("points", {"balance": "٣"}, "잔액을 바꾸지 않았어요"),
        ("points", {"balance": "9" * 30}, "잔액을 바꾸지 않았어요"),
        ("points", {"balance": "0" * 20 + "9" * 30}, "잔액을 바꾸지 않았어요"),
        ("points", {"balance": "0" * 5_000}, "잔액을 바꾸지 않았어요"),
        ("clock", {"move": "retry"}, "기다리는 콜백이 없어서"),
        ("clock", {"move": "back", "offset": "nan"}, "기다리는 콜백이 없어서"),
        ("callback", {"callback": "9" * 40}, "그 콜백은 이제 없어요"),
        ("callback", {"callback": "1"}, "그 콜백은 이제 없어요"),
        ("pay", {"outcome": "MAYBE"}, "하지 않았어요"),
    ],
)
async def test_what_makes_no_sense_is_said_and_not_done(
    desk: Desk, act: str, form: dict[str, str], says: str
) -> None:
    await desk.open()
    await desk.act(act, form=form)
    assert says in desk.notice


async def test_bills_are_paged_and_found_by_the_beginning_of_their_id(desk: Desk, service: Service) -> None:
    for number in range(23):
        await created(service, bill_id=f"P{number:02}")
    await desk.open("?show=bills")
    assert re.findall(r'data-key="(P\d\d)"', desk.page) == [f"P{number:02}" for number in range(22, 2, -1)]
    older = re.search(r'href="/sandbox(\?show=bills&amp;before=\d+)"', desk.page)
    assert older
    await desk.open(unescape(older[1]))
    assert re.findall(r'data-key="(P\d\d)"', desk.page) == ["P02", "P01", "P00"]
    await desk.open("?show=bills&find=P1")
    assert re.findall(r'data-key="(P\d\d)"', desk.page) == [f"P1{number}" for number in range(10)]
    await desk.open("?show=bills&find=nowhere")
    assert "“nowhere”로 시작하는 청구 번호가 없어요" in desk.page


async def events_of(answer: aiohttp.ClientResponse, until: str, seconds: float = 30.0) -> list[str]:
    """What is heard up to an event that holds `until`."""
    heard: list[str] = []
    async with asyncio.timeout(seconds):
        while not heard or until not in heard[-1]:
            heard.append((await answer.content.readuntil(b"\n\n")).decode())
    return heard


async def test_news_name_the_regions_that_changed(live: Live) -> None:
    async with live.http.get(f"{live.url}/sandbox/events?bill=NEWS") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        (hello,) = await events_of(answer, "here")
        assert hello.startswith("retry: ")
        await asyncio.sleep(2 * watch.LOOK_SECONDS)
        await live.create(billId="NEWS")
        told = " ".join(await events_of(answer, "phone"))
        assert "event: changed" in told
        await live.pay("NEWS")
        await events_of(answer, "callbacks")


async def test_news_end_with_the_service_and_do_not_hold_it(service: Service) -> None:
    async with aiohttp.ClientSession() as http:
        async with serving(service) as site:
            answer = await http.get(f"{site}/sandbox/events")
            await events_of(answer, "here")
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < watch.STILL_HERE_SECONDS
        assert await answer.content.read() == b""


async def test_a_loop_runs_only_while_somebody_watches_and_few_may(service: Service) -> None:
    watched = Watch(service, Journal())
    watchers = [watched.changes(1, "") for _ in range(watch.MOST_WATCHERS)]
    for one in watchers:
        assert await anext(one) == frozenset()
    loops = [task for task in asyncio.all_tasks() if task.get_name() == "sandbox watch"]
    assert len(loops) == 1
    assert watched.full()
    with pytest.raises(watch.TooMany):
        await anext(watched.changes(1, ""))
    for one in watchers:
        await one.aclose()
    await asyncio.sleep(0)
    assert loops[0].cancelled() or loops[0].cancelling()
    assert not watched.full()


async def test_news_outlive_the_database_being_away(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> dict[str, str]:
        raise DatabaseAway(OSError())

    monkeypatch.setattr(watch, "AWAY_SECONDS", 0.01)
    watched = Watch(service, Journal())
    changes = watched.changes(1, "")
    await anext(changes)
    await asyncio.sleep(watch.LOOK_SECONDS)
    with monkeypatch.context() as broken:
        broken.setattr(practice_page, "marks", away)
        assert watch.AWAY in await asyncio.wait_for(anext(changes), 30)
    async with asyncio.timeout(30):
        while watch.AWAY in (news := await anext(changes)):
            pass
    assert "clock" in news
    await changes.aclose()


async def test_the_page_says_that_the_database_is_away(desk: Desk, live: Live) -> None:
    await live.service.db.close()
    assert await desk.open() == 503
    assert "데이터베이스에 닿지 않아요" in desk.page


async def test_what_the_page_reads_goes_by_indexes(service: Service) -> None:
    """A look at the marks of a large partner reads no whole table."""
    bill = await paid(service)

    async def explain(conn: Connection) -> list[Row]:
        await conn.execute("SET LOCAL enable_seqscan = off")
        return await conn.fetch(f"EXPLAIN {practice_page.MARKS}", bill.partner_id, 50, 30, 30)

    text = "\n".join(row["QUERY PLAN"] for row in await service.db.run(explain))
    for table in ("bill", "message", "ledger", "callback"):
        assert not re.search(rf"Seq Scan on {table}\b", text), text


def test_every_phrase_stands_in_both_languages_with_the_same_figures() -> None:
    for name, (korean, english) in PHRASES.items():
        assert korean, name
        assert english, name
        assert sorted(re.findall(r"{\w+}", korean)) == sorted(re.findall(r"{\w+}", english)), name
        assert not re.search("[가-힣]", english), name
        assert "!" not in korean + english, name
    assert set(SILENT) == set(Reason)
