"""Scenarios, played to a program that does everything right and to others that each have one flaw."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from string import Formatter
from typing import Any, cast, get_args

import pytest

from cheonggu.scenarios import script
from cheonggu.scenarios.run import FORMS
from cheonggu.scenarios.script import ScriptWrong
from cheonggu.scenarios.words import WORDS
from tests import commands
from tests.academy import Flaw, academy
from tests.checks import assert_books_hold
from tests.commands import Ended
from tests.live import Live


async def play(live: Live, *names: str, flaw: Flaw | None = None, more: tuple[str, ...] = ()) -> Any:
    """Play scenarios to a program that makes its bills and shows its books; the reports."""
    async with academy(live.url, flaw) as program:
        ended = await asyncio.to_thread(
            commands.run,
            *("sandbox", "run", *names, "--base-url", live.url, "--json", *more),
            *("--callback-url", f"{program.url}/callback", "--create", f"{program.url}/bills"),
            *("--books", f"{program.url}/books/{{billId}}"),
        )
    assert ended.stdout, ended.stderr
    reports = json.loads(ended.stdout)["reports"]
    worst = {"ok": 0, "unseen": 0, "wrong": 1, "broken": 2}
    assert ended.returncode == max(worst[report["verdict"]] for report in reports)
    return reports


def told(reports: Any) -> list[str]:
    """Every finding in a line, for whoever reads a failed test."""
    return [
        f"{report['scenario']} {one['step']} {one['do']} {one['verdict']}: {one['words']}"
        for report in reports
        for one in report["findings"]
    ]


async def test_a_correct_program_is_right_in_every_scenario(live: Live) -> None:
    before = await live.balance()
    reports = await play(live, "all")
    assert len(reports) == len(script.shipped()) > 10
    assert {report["verdict"] for report in reports} == {"ok"}, told(reports)
    assert {one["verdict"] for report in reports for one in report["findings"]} == {"ok"}, told(reports)
    assert await live.balance() == before
    await assert_books_hold(live.service.db)


@pytest.mark.parametrize(
    ("flaw", "scenario", "step"),
    [
        ("knows every bill", "unknown-bill", "probe"),
        ("any amount", "wrong-amount", "probe"),
        ("books each time", "same-callback-twice", "books"),
        ("refuses repetitions", "same-callback-twice", "callback"),
        ("believes anybody", "forged-callback", "probe"),
        ("says it was sent", "points-run-out", "create"),
        ("creates blindly", "lost-answer", "requests"),
        ("new id each time", "duplicate-create", "messages"),
        ("takes a cancel for a payment", "cancel-notice", "books"),
        ("always refuses", "receiver-down-two-hours", "callback"),
        ("always refuses", "declined-then-paid", "callback"),
    ],
)
async def test_a_flaw_is_found_where_its_scenario_looks(
    live: Live, flaw: Flaw, scenario: str, step: str
) -> None:
    (report,) = await play(live, scenario, flaw=flaw, more=("--wait", "2.5"))
    assert report["verdict"] == "wrong", told([report])
    wrong = {one["do"] for one in report["findings"] if one["verdict"] == "wrong"}
    assert step in wrong, told([report])


async def test_one_program_is_tried_under_every_profile(live: Live) -> None:
    before = await told_of_partner(live)
    reports = await play(live, "same-callback-twice", more=("--profile", "all"))
    assert [report["profile"] for report in reports] == list(FORMS)
    assert {report["verdict"] for report in reports} == {"ok"}, told(reports)
    assert await told_of_partner(live) == before


async def told_of_partner(live: Live) -> Any:
    async with live.http.get(f"{live.url}/sandbox/partners") as answer:
        return (await answer.json())["partners"][0]


async def test_without_a_way_to_ask_it_says_what_it_could_not_see(live: Live) -> None:
    ended = await plainly(live, "declined-then-paid")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "unseen  4 books" in ended.stdout
    assert "--books" in ended.stdout
    assert "right: declined-then-paid" in ended.stdout


async def plainly(live: Live, *arguments: str) -> Ended:
    """Play scenarios with a receiver that accepts everything, and nothing else to ask."""
    return await asyncio.to_thread(
        commands.run,
        *("sandbox", "run", *arguments, "--base-url", live.url, "--callback-url", live.receiver.url),
        *("--wait", "30"),
    )


async def test_a_receiver_that_is_not_there_is_not_blamed_for_accepting(live: Live) -> None:
    ended = await asyncio.to_thread(
        commands.run,
        *("sandbox", "run", "wrong-amount", "--base-url", live.url),
        *("--callback-url", "http://127.0.0.1:1/", "--wait", "0.5"),
    )
    assert ended.returncode == 1
    assert "was neither accepted nor refused, for no answer came: 연결을 거부당했어요" in ended.stdout
    assert "would count as paid" not in ended.stdout


async def test_a_command_may_make_bills_and_tell_of_books(live: Live, tmp_path: Path) -> None:
    said = tmp_path / "said"
    told = f"sh -c 'echo \"$BILL_ID $BILL_PRICE\" >> {said}; exit 3'"
    ended = await plainly(live, "unknown-bill", "--create", told, "--books", "echo {}")
    assert ended.returncode == 1
    assert said.read_text().split()[1] == "150000"
    assert "there is no bill SC" in ended.stdout
    assert "exit 3" in ended.stdout


async def test_a_sandbox_that_is_not_there_breaks_nothing_silently() -> None:
    ended = await asyncio.to_thread(
        commands.run,
        *("sandbox", "run", "unknown-bill", "--callback-url", "http://127.0.0.1:1/"),
        *("--base-url", "http://127.0.0.1:1"),
    )
    assert ended.returncode == 1
    assert "cheonggu dev" in ended.stderr


@pytest.mark.parametrize("name", script.shipped())
def test_a_shipped_scenario_says_what_is_correct_in_both_languages(name: str) -> None:
    scenario = script.load(name)
    whys = [step.why for step in scenario.step if step.why is not None]
    assert all(isinstance(why, script.Told) for why in whys)
    for words in (scenario.title, scenario.correct, *cast("list[script.Told]", whys)):
        assert words.en.isascii()
        assert any("가" <= letter <= "힣" for letter in words.ko)
    printed = commands.run("sandbox", "scenario", name)
    assert script.read(printed.stdout, name) == scenario


def test_the_list_names_every_shipped_scenario() -> None:
    listed = json.loads(commands.run("sandbox", "scenarios", "--json").stdout)["scenarios"]
    assert [one["name"] for one in listed] == script.shipped()


@pytest.mark.parametrize(("options", "shell"), [(["--ko"], "C"), (["--korean"], "C"), ([], "ko_KR.UTF-8")])
def test_titles_are_in_korean_for_who_asks_or_whose_shell_is(options: list[str], shell: str) -> None:
    assert "청구한 금액과 다른 금액" in commands.run("sandbox", "scenarios", *options, LC_ALL=shell).stdout


@pytest.mark.parametrize("name", WORDS)
def test_a_sentence_has_the_same_figures_in_both_languages(name: str) -> None:
    korean, english = ({field for _, field, *_ in Formatter().parse(text) if field} for text in WORDS[name])
    assert korean == english
    assert any("가" <= letter <= "힣" for letter in WORDS[name][0])
    assert WORDS[name][1].isascii()


async def test_a_report_is_in_korean_for_who_asks(live: Live) -> None:
    ended = await plainly(live, "wrong-amount", "--create", "sh -c 'exit 3'", "--ko")
    assert ended.returncode == 1
    assert "올바른 동작: apprPrice" in ended.stdout
    assert "청구서가 없어요. 내 프로그램의 답: exit 3" in ended.stdout
    ended = await plainly(live, "wrong-amount", "--ko")
    assert "콜백(apprState='F', apprPrice='1000')을 받아들였어요 (HTTP 200). 150,000원짜리" in ended.stdout
    assert "장부를 보지 못했어요" in ended.stdout
    assert "wrong: wrong-amount" in ended.stdout


HEAD = 'title = {en = "T", ko = "제"}\ncorrect = {en = "C", ko = "바"}\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title = ", "Invalid value"),
        (HEAD, "step"),
        (HEAD + "step = []", "length >= 1"),
        (HEAD + '[[step]]\ndo = "dance"', "step 1, do: Invalid value 'dance'; it is one of create, pay,"),
        (HEAD + '[[step]]\ndo = "create"\nbill = "a"\nprice = "1"', "step 1, price"),
        (HEAD + '[[step]]\ndo = "create"\nbill = "a"\nprise = 1', "step 1"),
        (HEAD + '[[step]]\ndo = "pay"\nbill = "b"', "step 1 is about bill 'b', which no step made"),
        (HEAD + '[[step]]\ndo = "clock"\nseconds = -1', "step 1, seconds"),
    ],
)
def test_a_scenario_that_cannot_be_read_says_where(text: str, says: str) -> None:
    with pytest.raises(ScriptWrong, match=r"^mine: ") as refused:
        script.read(text, "mine")
    assert says in str(refused.value)


def test_an_unknown_scenario_is_told_with_the_known_ones() -> None:
    ended = commands.run("sandbox", "run", "nothing-such", "--callback-url", "http://127.0.0.1:1/")
    assert ended.returncode == 1
    assert "wrong-amount" in ended.stderr


def test_the_documents_own_scenario_can_be_read() -> None:
    page = (Path(__file__).parent.parent / "docs" / "sandbox" / "scenarios.md").read_text(encoding="utf-8")
    (written,) = (block.partition("```")[0] for block in page.split("```toml\n")[1:])
    assert [type(step).__name__ for step in script.read(written, "docs").step][-1] == "Books"
    assert all(f"| `{name}` |" in page for name in script.shipped())
    tags = {str(step.__struct_config__.tag) for step in get_args(script.AnyStep)}
    assert all(f"| `{tag}` |" in page for tag in tags)
