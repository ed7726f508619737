"""`cheonggu sandbox callbacks` and `cheonggu sandbox callback …` against a running sandbox."""

from __future__ import annotations

from tests.live import Live
from tests.test_callback_lab import paid, tried
from tests.test_sandbox_commands import run, told


async def test_callbacks_are_listed_and_one_is_shown_whole(live: Live) -> None:
    assert "No callback yet." in (await run(live, "callbacks")).stdout
    live.receiver.answer = lambda _: (200, '{"code":"1"}')
    await paid(live, "LISTED")
    callback = await tried(live, "LISTED", 1)
    assert (await told(live, "callbacks", "LISTED"))["callbacks"] == [callback]
    listed = (await run(live, "callbacks")).stdout
    shown = (await run(live, "callback", "show", callback["webhookId"])).stdout
    for part in ("LISTED", "APPROVED", "PENDING", callback["attempts"][0]["reason"]):
        assert part in listed
        assert part in shown
    for part in ("> webhook-signature: v1,", f"> POST {live.receiver.url}", '< {"code":"1"}'):
        assert part in shown


async def test_a_callback_is_sent_again(live: Live) -> None:
    await paid(live, "ONCE-MORE")
    callback = await tried(live, "ONCE-MORE", 1)
    assert (await told(live, "callback", "resend", callback["id"]))["id"] == callback["id"]
    await tried(live, "ONCE-MORE", 2)
    ended = await run(live, "callback", "resend", "1-99")
    assert (ended.returncode, "HTTP_404" in ended.stderr) == (1, True)


async def test_trouble_is_made_seen_and_taken_back(live: Live) -> None:
    await live.create(billId="WOE")
    await told(live, "callback", "trouble", "answer-lost", "--bill-id", "WOE", "--times", "3")
    made = (await told(live, "callback", "trouble", "down", "--for", "2h"))["trouble"]
    assert [(one["billId"], one["kind"], one["timesLeft"]) for one in made] == [
        (None, "DOWN", None),
        ("WOE", "ANSWER_LOST", 3),
    ]
    assert "ANSWER_LOST" in (await run(live, "callback", "trouble")).stdout
    left = await told(live, "callback", "trouble", "--clear", "--bill-id", "WOE")
    assert [one["kind"] for one in left["trouble"]] == ["DOWN"]
    assert "No trouble" in (await run(live, "callback", "trouble", "--clear")).stdout


async def test_a_probe_is_made_up_field_by_field_and_exits_by_what_became_of_it(live: Live) -> None:
    await live.create(billId="MADE-UP")
    for given in ("apprPrice=1", "apprDt=null", "memo=한글"):
        live.receiver.calls.clear()
        ended = await run(
            live, "callback", "probe", "--bill-id", "MADE-UP", "--set", given, "--remove", "apprNum"
        )
        assert ended.returncode == 0, ended.stderr
        (came,) = live.receiver.calls
        name, _, text = given.partition("=")
        assert came.body[name] == (None if text == "null" else text)
        assert "apprNum" not in came.body
    live.receiver.answer = lambda _: (500, "")
    ended = await run(live, "callback", "probe", "--url", live.receiver.url)
    assert (ended.returncode, "HTTP 500" in ended.stdout) == (1, True)
