"""The settings: one frozen struct, read and judged once at the start."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from cheonggu.config import addresses, providers
from cheonggu.config.addresses import LOOPBACK, Address, Network, http_origin, ip_of, is_address, only_here
from cheonggu.config.given import CONFIG_NAME, PREFIX, Given, SettingWrong, gather
from cheonggu.config.providers import Nhn, Solapi, Toss
from cheonggu.domain.guard import AllowRule

__all__ = (
    "CONFIG_NAME",
    "LOOPBACK",
    "MOST_DAYS",
    "NAMES",
    "PREFIX",
    "Address",
    "Mode",
    "Network",
    "Nhn",
    "SettingWrong",
    "Settings",
    "Solapi",
    "Toss",
    "ip_of",
    "is_address",
    "load",
    "only_here",
    "require_providers",
)

SECRET_KEY_BYTES: Final = 32
MOST_OPERATOR: Final = 60
MOST_DAYS: Final = 36_500
MOST_GUESSES: Final = 1_000_000


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
    gateway: Toss | None = None
    """Who takes payments in live mode; None in sandbox mode, whatever was given."""
    sender: Solapi | Nhn | None = None
    """Who sends messages in live mode; None in sandbox mode, whatever was given."""
    unused: tuple[str, ...] = ()
    """Settings of providers that were given and are not for this mode and choice, as the user calls them."""

    @property
    def sandbox(self) -> bool:
        """Whether the sandbox's providers and endpoints run."""
        return self.mode is Mode.SANDBOX

    @property
    def origin(self) -> str:
        """Where the service itself listens: `http://HOST:PORT`, an IPv6 host in brackets."""
        return http_origin(self.host, self.port)

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
    *providers.NAMES,
)
"""As a TOML key; upper case behind `CHEONGGU_` as an environment variable."""


def load(environ: Mapping[str, str], config_file: Path | None = None) -> Settings:
    """The settings from the environment and, where that is silent, from the TOML file.

    The file is `config_file`, else the one that CHEONGGU_CONFIG names. Raises SettingWrong with a sentence.
    """
    if config_file is None and environ.get(CONFIG_NAME):
        config_file = Path(environ[CONFIG_NAME])
    return _judged(gather(environ, config_file, NAMES))


def require_providers(settings: Settings) -> None:
    """Raises SettingWrong in live mode without a sender or a gateway: the sandbox's never run in it."""
    if settings.mode is Mode.LIVE and (lacking := _lacking(settings)):
        raise SettingWrong(f"CHEONGGU_MODE=live cannot start without {lacking}: see docs/providers.md.")


def _lacking(settings: Settings) -> str:
    lacks = {
        "a payment gateway (CHEONGGU_GATEWAY=toss)": settings.gateway is None,
        "a KakaoTalk sender (CHEONGGU_SENDER=solapi or nhn)": settings.sender is None,
    }
    return " and ".join(what for what, lacking in lacks.items() if lacking)


def _judged(given: Given) -> Settings:
    mode = _mode(*given.get("mode", ("", "sandbox")))
    host = addresses.host(*given.get("host", ("", "127.0.0.1")))
    port = addresses.port(*given.get("port", ("", "8080")))
    database_url = given.get("database_url")
    public_url = given.get("public_url")
    secret_key = given.get("secret_key")
    erase_after_days = given.get("erase_after_days")
    operator = given.get("operator")
    told = providers.judged(given)
    if mode is Mode.LIVE:
        _check_live(given, told)
    return Settings(
        mode=mode,
        database_url=addresses.database_url(*database_url) if database_url else None,
        data_dir=Path(given.get("data_dir", ("", ".cheonggu"))[1]).expanduser().absolute(),
        host=host,
        port=port,
        public_url=addresses.public_url(*public_url) if public_url else http_origin(host, port),
        secret_key=_secret_key(*secret_key) if secret_key else None,
        erase_after_days=_days(*erase_after_days) if erase_after_days else None,
        operator=_operator(*operator) if operator else None,
        callback_allow=addresses.allow_rules(*given.get("callback_allow", ("", ""))),
        sandbox_allow=addresses.networks(*given.get("sandbox_allow", ("", LOOPBACK))),
        guesses_per_minute=_guesses(*given.get("guesses_per_minute", ("", "30"))),
        trusted_proxies=addresses.networks(*given.get("trusted_proxies", ("", ""))),
        gateway=providers.gateway(told) if mode is Mode.LIVE else None,
        sender=providers.sender(told) if mode is Mode.LIVE else None,
        unused=providers.unused(given, told, live=mode is Mode.LIVE),
    )


def _check_live(given: Given, told: providers.Told) -> None:
    """All that live mode lacks, in one sentence. That there are providers, only what needs them asks."""
    missing = [f"CHEONGGU_{name.upper()}" for name in ("secret_key", "database_url") if name not in given]
    lacks = [f"CHEONGGU_MODE=live needs {' and '.join(missing)}"] if missing else []
    lacks += providers.lacks(told)
    if lacks:
        raise SettingWrong("; ".join(lacks) + ".")


def _mode(said: str, text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise SettingWrong(f"{said} must be sandbox or live, not {text!r}.") from None


def _guesses(said: str, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= MOST_GUESSES:
        return int(text)
    raise SettingWrong(f"{said} must be a whole number from 0 (no limit) to {MOST_GUESSES}, not {text!r}.")


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
