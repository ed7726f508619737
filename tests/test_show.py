"""How commands show rows to people: a table where it fits, else row by row; piped, nothing is broken."""

from __future__ import annotations

import pytest
from rich.console import Console

from cheonggu.cli import show

ORDER = "oMARie4SMupg1TwL55TVRgXcQDOozo2olVX-afV3M1Zw"
WIDE = [
    {f"column{number}": ORDER for number in range(5)} | {"reason": "한도를 넘었거나 잔액이 모자라요."},
    {f"column{number}": "short" for number in range(5)} | {"reason": ""},
]
LONG_AT_THE_END = [{"what": "gateway", "finding": "It takes the secret key. " * 8}]


def shown(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    rows: list[dict[str, str]],
    columns: int | None,
) -> list[str]:
    """The lines that a terminal of so many columns gets; of none, a pipe."""
    if columns is not None:
        terminal = Console(highlight=False, markup=False, width=columns, no_color=True)

        def of_terminal(_: int) -> Console:
            return terminal

        monkeypatch.setattr(show, "console", of_terminal)
    show.rows("rows", rows, as_json=False, none="None.")
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_terminal_too_narrow_for_a_table_shows_row_by_row_and_breaks_no_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(monkeypatch, capsys, WIDE, 80)
    assert lines[0] == f"column0  {ORDER}"
    assert lines[5:8] == ["reason   한도를 넘었거나 잔액이 모자라요.", "", "column0  short"]
    assert lines[-2:] == ["column4  short", ""], "what is empty is left out"


def test_only_the_last_column_of_a_table_is_folded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(monkeypatch, capsys, LONG_AT_THE_END, 60)
    assert lines[0].split() == ["what", "finding"]
    assert len(lines) > 3
    assert all(len(line) <= 60 for line in lines)


@pytest.mark.parametrize("rows", [WIDE, LONG_AT_THE_END])
def test_a_pipe_gets_each_row_in_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rows: list[dict[str, str]]
) -> None:
    lines = shown(monkeypatch, capsys, rows, None)
    assert len(lines) == len(rows) + 1
