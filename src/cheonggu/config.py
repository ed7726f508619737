"""The settings: one frozen struct, read and judged once at the start."""

from __future__ import annotations

import base64
import difflib
import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from cheonggu.domain.guard import AllowRule, parse_allow

PREFIX: Final = "CHEONGGU_"
CONFIG_NAME: Final = "CHEONGGU_CONFIG"
LOOPBACK: Final = "127.0.0.0/8,::1"
SECRET_KEY_BYTES: Final = 32
MOST_OPERATOR: Final = 60
MOST_DAYS: Final = 36_500
MOST_GUESSES: Final = 1_000_000
_ADDRESSES_AT_HAND: Final = 1024
"""Reading one takes longer than all else that is done to count a guess."""

NO_PROVIDERS: Final = (
    "no KakaoTalk sender and no payment gateway is configured, and this version ships only the sandbox's, "
    "which never run in live mode"
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingWrong(Exception):
    """A setting is wrong or unknown."""


class Mode(StrEnum):
    """Whether money and messages are practice or real."""

    SANDBOX = "sandbox"
    LIVE = "live"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, judged. Secrets are left out of its repr."""

    mode: Mode = Mode.SANDBOX
    database_url: str | None = field(default=None, repr=False)
    """None: the embedded server of `data_dir`."""
    data_dir: Path = Path(".cheonggu")
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = "http://127.0.0.1:8080"
    """Scheme and authority, without a slash at its end."""
    secret_key: str | None = field(default=None, repr=False)
    """Comma-separated keys; None until the sandbox has made its own in `data_dir`."""
    callback_allow: tuple[AllowRule, ...] = ()
    """What callbacks may reach besides public addresses."""
    erase_after_days: int | None = None
    """How long the worker leaves payers on bills that are over; None: for ever."""
    operator: str | None = None
    """Whom the audit log names; else the system's user."""
    sandbox_allow: tuple[Network, ...] = ()
    """Networks from which /sandbox/* may be reached."""
    guesses_per_minute: int = 30
    """How many wrong apiKeys, and how many wrong short codes, an address may try in a minute; 0: any."""
    trusted_proxies: tuple[Network, ...] = ()
    """Networks of proxies whose X-Forwarded-For is believed."""

    @property
    def sandbox(self) -> bool:
        """Whether the sandbox's providers and endpoints run."""
        return self.mode is Mode.SANDBOX

    @property
    def origin(self) -> str:
        """Where the service itself listens: `http://HOST:PORT`, an IPv6 host in brackets."""
        return _http_origin(self.host, self.port)

    def sandbox_allows(self, address: str) -> bool:
        """Whether a client at this IP address may use /sandbox/*; anything that is no IP address may not."""
        ip = ip_of(address)
        return ip is not None and any(ip in network for network in self.sandbox_allow)


NAMES: Final = (
    "mode",
    "database_url",
    "data_dir",
    "host",
    "port",
    "public_url",
    "secret_key",
    "erase_after_days",
    "operator",
    "callback_allow",
    "sandbox_allow",
    "guesses_per_minute",
    "trusted_proxies",
)
"""As a TOML key; upper case behind `CHEONGGU_` as an environment variable."""
_MAY_BE_EMPTY: Final = frozenset({"callback_allow", "sandbox_allow", "trusted_proxies"})
_WHOLE_NUMBERS: Final = frozenset({"port", "erase_after_days", "guesses_per_minute"})


def load(environ: Mapping[str, str], config_file: Path | None = None) -> Settings:
    """The settings from the environment and, where that is silent, from the TOML file.

    The file is `config_file`, else the one that CHEONGGU_CONFIG names. Raises SettingWrong with a sentence.
    """
    if config_file is None and environ.get(CONFIG_NAME):
        config_file = Path(environ[CONFIG_NAME])
    given = _from_file(config_file) if config_file else {}
    given |= _from_environment(environ)
    for name, (said, text) in given.items():
        if not text.strip() and name not in _MAY_BE_EMPTY:
            raise SettingWrong(f"{said} is set but empty: give it a value or remove it.")
    settings = _judged(given)
    _check_live(settings)
    return settings


def require_providers(settings: Settings) -> None:
    """Raises SettingWrong in live mode, for want of a sender and a gateway."""
    if settings.mode is Mode.LIVE:
        raise SettingWrong(f"CHEONGGU_MODE=live cannot start: {NO_PROVIDERS}. Use CHEONGGU_MODE=sandbox.")


_Given = dict[str, tuple[str, str]]
"""Name of the setting -> (what the user calls it, its text)."""


def _from_environment(environ: Mapping[str, str]) -> _Given:
    given: _Given = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_NAME:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in NAMES or variable != variable.upper():
            hint = _nearest(name, {known: PREFIX + known.upper() for known in ("config", *NAMES)})
            raise SettingWrong(f"{variable} is no setting of Cheonggu.{hint}")
        given[name] = (variable, text)
    return given


def _from_file(file: Path) -> _Given:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingWrong(f"{CONFIG_NAME}: {file} cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingWrong(f"{CONFIG_NAME}: {file} is not TOML ({error}).") from error
    given: _Given = {}
    for name, value in table.items():
        said = f"{name} in {file}"
        if name not in NAMES:
            raise SettingWrong(
                f"{said} is no setting of Cheonggu.{_nearest(name, dict(zip(NAMES, NAMES, strict=True)))}"
            )
        given[name] = (said, _as_text(said, name, value))
    return given


def _as_text(said: str, name: str, value: object) -> str:
    """A TOML value as the environment would write it."""
    if isinstance(value, str):
        return value
    if name in _WHOLE_NUMBERS:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise SettingWrong(f"{said} must be a whole number.")
    if name in _MAY_BE_EMPTY:
        try:
            return ",".join(msgspec.convert(value, list[str]))
        except msgspec.ValidationError:
            raise SettingWrong(f"{said} must be a text or a list of texts, in quotes.") from None
    raise SettingWrong(f"{said} must be a text, in quotes.")


def _nearest(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {known[near[0]]}?" if near else f" Known are: {', '.join(known.values())}."


def _judged(given: _Given) -> Settings:
    mode = _mode(*given.get("mode", ("", "sandbox")))
    host = _host(*given.get("host", ("", "127.0.0.1")))
    port = _port(*given.get("port", ("", "8080")))
    database_url = given.get("database_url")
    public_url = given.get("public_url")
    secret_key = given.get("secret_key")
    erase_after_days = given.get("erase_after_days")
    operator = given.get("operator")
    return Settings(
        mode=mode,
        database_url=_database_url(*database_url) if database_url else None,
        data_dir=Path(given.get("data_dir", ("", ".cheonggu"))[1]).expanduser().absolute(),
        host=host,
        port=port,
        public_url=_public_url(*public_url) if public_url else _http_origin(host, port),
        secret_key=_secret_key(*secret_key) if secret_key else None,
        erase_after_days=_days(*erase_after_days) if erase_after_days else None,
        operator=_operator(*operator) if operator else None,
        callback_allow=_allow_rules(*given.get("callback_allow", ("", ""))),
        sandbox_allow=_networks(*given.get("sandbox_allow", ("", LOOPBACK))),
        guesses_per_minute=_guesses(*given.get("guesses_per_minute", ("", "30"))),
        trusted_proxies=_networks(*given.get("trusted_proxies", ("", ""))),
    )


def _mode(said: str, text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise SettingWrong(f"{said} must be sandbox or live, not {text!r}.") from None


def _host(said: str, text: str) -> str:
    host = text.removeprefix("[").removesuffix("]")
    if not host.isascii() or not host.isprintable() or set(host) & set(" /@?#"):
        raise SettingWrong(f"{said} must be a host name or an IP address, not {text!r}.")
    if ":" in host and not is_address(host):
        raise SettingWrong(f"{said} must be a host without a port (that is CHEONGGU_PORT), not {text!r}.")
    return host


def is_address(text: str) -> bool:
    """Whether this is an IP address, written out."""
    return ip_of(text) is not None


@lru_cache(_ADDRESSES_AT_HAND)
def ip_of(text: str) -> Address | None:
    """The IP address that is written here, an IPv4 one also if it is mapped into IPv6; None if it is none."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


def _port(said: str, text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
        return int(text)
    raise SettingWrong(f"{said} must be a whole number from 1 to 65535, not {text!r}.")


def _guesses(said: str, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= MOST_GUESSES:
        return int(text)
    raise SettingWrong(f"{said} must be a whole number from 0 (no limit) to {MOST_GUESSES}, not {text!r}.")


def _database_url(said: str, text: str) -> str:
    # The text itself stays out of the sentence: it may hold a password.
    if urlsplit(text).scheme not in ("postgresql", "postgres"):
        raise SettingWrong(
            f"{said} must begin with postgresql://, as in postgresql://user:password@host/name."
        )
    return text


def _public_url(said: str, text: str) -> str:
    example = "as in https://bills.example.com"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise SettingWrong(f"{said} is not a URL: {text!r}; {example}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingWrong(f"{said} must begin with http:// or https:// and name a host, {example}.")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingWrong(f"{said} must be scheme and host (and port) only, {example}, not {text!r}.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingWrong(f"{said} must be visible ASCII, {example}.")
    return f"{parts.scheme}://{parts.netloc}"


def _secret_key(said: str, text: str) -> str:
    for key in text.split(","):
        try:
            fits = len(base64.b64decode(key.strip(), validate=True)) == SECRET_KEY_BYTES
        except ValueError:
            fits = False
        if not fits:
            raise SettingWrong(
                f"{said} must be {SECRET_KEY_BYTES} random bytes in base64, or several such keys with commas "
                "between them, the newest first; make one with: cheonggu secret-key"
            )
    return text


def _days(said: str, text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_DAYS:
        return int(text)
    raise SettingWrong(f"{said} must be a whole number of days from 1 to {MOST_DAYS}, not {text!r}.")


def _operator(said: str, text: str) -> str:
    if len(text) > MOST_OPERATOR or not text.isprintable():
        raise SettingWrong(f"{said} is a name of up to {MOST_OPERATOR} visible characters, not {text!r}.")
    return text.strip()


def _allow_rules(said: str, text: str) -> tuple[AllowRule, ...]:
    try:
        return parse_allow(text)
    except ValueError as error:
        raise SettingWrong(f"{said} holds a wrong entry. {error}") from None


def _networks(said: str, text: str) -> tuple[Network, ...]:
    networks: list[Network] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(entry))
        except ValueError as error:
            raise SettingWrong(f"{said} lists {entry!r}, which is no network: {error}.") from None
    return tuple(networks)


def _check_live(settings: Settings) -> None:
    if settings.mode is not Mode.LIVE:
        return
    needed = {"CHEONGGU_SECRET_KEY": settings.secret_key, "CHEONGGU_DATABASE_URL": settings.database_url}
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise SettingWrong(
            f"CHEONGGU_MODE=live cannot start: it needs {' and '.join(missing)}; besides, {NO_PROVIDERS}."
        )


def _http_origin(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
