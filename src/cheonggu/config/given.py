"""What was given as settings: texts from the environment and, where that is silent, from a TOML file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

PREFIX: Final = "CHEONGGU_"
CONFIG_NAME: Final = "CHEONGGU_CONFIG"
MAY_BE_EMPTY: Final = frozenset({"callback_allow", "sandbox_allow", "trusted_proxies"})
"""Lists: no entry is an answer, too."""
WHOLE_NUMBERS: Final = frozenset({"port", "erase_after_days", "guesses_per_minute"})


class SettingWrong(Exception):
    """A setting is wrong or unknown."""


Given = Mapping[str, tuple[str, str]]
"""Name of the setting -> (what the user calls it, its text)."""


def variable(name: str) -> str:
    """What a setting is called in the environment."""
    return PREFIX + name.upper()


def gather(environ: Mapping[str, str], config_file: Path | None, names: Sequence[str]) -> Given:
    """All that was given. Raises SettingWrong for what is none of `names`, is empty, or has no form."""
    given = (_from_file(config_file, names) if config_file else {}) | _from_environment(environ, names)
    for name, (said, text) in given.items():
        if not text.strip() and name not in MAY_BE_EMPTY:
            raise SettingWrong(f"{said} is set but empty: give it a value or remove it.")
    return given


def _from_environment(environ: Mapping[str, str], names: Collection[str]) -> dict[str, tuple[str, str]]:
    given: dict[str, tuple[str, str]] = {}
    for said, text in environ.items():
        if not said.startswith(PREFIX) or said == CONFIG_NAME:
            continue
        name = said.removeprefix(PREFIX).lower()
        if name not in names or said != said.upper():
            hint = _nearest(name, {known: variable(known) for known in ("config", *names)})
            raise SettingWrong(f"{said} is no setting of Cheonggu.{hint}")
        given[name] = (said, text)
    return given


def _from_file(file: Path, names: Collection[str]) -> dict[str, tuple[str, str]]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingWrong(f"{CONFIG_NAME}: {file} cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingWrong(f"{CONFIG_NAME}: {file} is not TOML ({error}).") from error
    given: dict[str, tuple[str, str]] = {}
    for name, value in table.items():
        said = f"{name} in {file}"
        if name not in names:
            hint = _nearest(name, {known: known for known in names})
            raise SettingWrong(f"{said} is no setting of Cheonggu.{hint}")
        given[name] = (said, _as_text(said, name, value))
    return given


def _as_text(said: str, name: str, value: object) -> str:
    """A TOML value as the environment would write it."""
    if isinstance(value, str):
        return value
    if name in WHOLE_NUMBERS:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise SettingWrong(f"{said} must be a whole number.")
    if name in MAY_BE_EMPTY:
        try:
            return ",".join(msgspec.convert(value, list[str]))
        except msgspec.ValidationError:
            raise SettingWrong(f"{said} must be a text or a list of texts, in quotes.") from None
    raise SettingWrong(f"{said} must be a text, in quotes.")


def _nearest(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {known[near[0]]}?" if near else f" Known are: {', '.join(known.values())}."
