"""How wrong guesses are counted, and by what."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from cheonggu.config import SettingWrong, load
from cheonggu.domain import guesses
from cheonggu.domain.guesses import WINDOW_SECONDS, Guesses
from cheonggu.web.guesses import source_of


class Watch:
    """A clock that a test moves."""

    seconds = 1_000.0

    def __call__(self) -> float:
        """Monotonic seconds."""
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_an_address_has_its_guesses_and_no_more_until_the_minute_is_over(watch: Watch) -> None:
    counted = Guesses(3, watch)
    assert [counted.failed("a") for _ in range(5)] == [False, False, False, True, True]
    assert counted.spent("a")
    assert not counted.spent("b")
    watch.seconds += 60 - 0.01
    assert counted.spent("a")
    watch.seconds += 0.01
    assert not counted.spent("a")
    assert [counted.failed("a") for _ in range(4)] == [False, False, False, True]


def test_guessing_on_does_not_make_the_minute_longer(watch: Watch) -> None:
    counted = Guesses(1, watch)
    for _ in range(WINDOW_SECONDS):
        counted.failed("a")
        watch.seconds += 1
    assert not counted.spent("a")


def test_the_last_guess_is_spent_before_the_next_is_made(watch: Watch) -> None:
    counted = Guesses(2, watch)
    assert not counted.spent("a")
    counted.failed("a")
    assert not counted.spent("a")
    counted.failed("a")
    assert counted.spent("a")


def test_a_limit_of_zero_counts_nothing(watch: Watch) -> None:
    counted = Guesses(0, watch)
    assert not any(counted.failed("a") for _ in range(1_000))
    assert not counted.spent("a")
    assert len(counted) == 0


def test_many_addresses_fill_no_memory_and_free_nobody(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "MOST_REMEMBERED", 100)
    counted = Guesses(2, watch)
    for _ in range(3):
        counted.failed("attacker")
    for number in range(1_000):
        counted.failed(f"a{number}")
    assert len(counted) == 100
    assert counted.spent("attacker")
    assert counted.spent("one more")  # whoever finds no room shares what the others have spent
    assert not counted.spent("a0")
    watch.seconds += WINDOW_SECONDS
    assert not counted.spent("attacker")
    assert len(counted) == 0


def test_those_without_room_share_one_minute_after_the_other(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "MOST_REMEMBERED", 0)
    counted = Guesses(2, watch)
    assert [counted.failed(f"a{number}") for number in range(3)] == [False, False, True]
    watch.seconds += WINDOW_SECONDS
    assert not counted.failed("a4")


def test_those_without_room_have_no_minute_before_their_first_guess(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "MOST_REMEMBERED", 0)
    watch.seconds = 0.0
    counted = Guesses(1, watch)
    assert not counted.failed("a")
    watch.seconds = 2.0
    assert counted.failed("b")


PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("::ffff:203.0.113.7", [], "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", [], "20010db800010002"),
        ("2001:db8:1:2::1", [], "20010db800010002"),
        ("2001:db8:1:3::1", [], "20010db800010003"),
        ("", [], ""),
        ("testclient", [], ""),
        # Who is no trusted proxy may say what it likes.
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        # A trusted proxy is believed, and what its client said of itself is not.
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4,198.51.100.1 , 10.9.9.9"], "198.51.100.1"),
        ("fd00::1", ["2001:db8:1:2::9"], "20010db800010002"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        # A proxy that names nobody, or nobody readable, stands for its clients.
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, unknown, 10.9.9.9"], "10.9.9.9"),
        ("10.0.0.1", ["198.51.100.1:4711"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
    ],
)
def test_a_guess_counts_against_the_nearest_address_that_is_no_proxys(
    peer: str, forwarded: list[str], source: str
) -> None:
    headers = [(b"host", b"x"), *((b"x-forwarded-for", value.encode()) for value in forwarded)]
    assert source_of((peer, 4711), headers, PROXIES) == source


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert source_of(("10.0.0.1", 4711), [(b"x-forwarded-for", b"198.51.100.1")], ()) == "10.0.0.1"
    assert source_of(None, [], PROXIES) == ""


@pytest.mark.parametrize("text", ["-1", "1.5", "1000001", "９", "many", "9" * 5000])
def test_a_limit_that_is_none_stops_the_start(text: str) -> None:
    with pytest.raises(SettingWrong, match="CHEONGGU_GUESSES_PER_MINUTE must be a whole number from 0"):
        load({"CHEONGGU_GUESSES_PER_MINUTE": text})


def test_the_settings_are_thirty_and_no_proxy_unless_said_otherwise() -> None:
    assert (load({}).guesses_per_minute, load({}).trusted_proxies) == (30, ())
    given = load({"CHEONGGU_GUESSES_PER_MINUTE": "0", "CHEONGGU_TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8"})
    assert (given.guesses_per_minute, given.trusted_proxies) == (0, PROXIES)
    with pytest.raises(SettingWrong, match="CHEONGGU_TRUSTED_PROXIES lists 'proxy', which is no network"):
        load({"CHEONGGU_TRUSTED_PROXIES": "proxy"})
