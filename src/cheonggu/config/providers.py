"""The settings of providers: which are chosen, their keys, and where they answer.

A key is quoted in no sentence. Settings of a provider that is not chosen are judged all the same and left
unused, so that one file can serve both modes and hold two senders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cheonggu.config.addresses import provider_url
from cheonggu.config.given import Given, SettingWrong, variable

NHN_SENDER_KEY_CHARACTERS: Final = 40
MOST_TEMPLATE_CODE: Final = 20
MOST_KEY: Final = 200
"""Longer than any provider's; what is longer was pasted wrong."""
MOST_QUOTED: Final = 12
"""So much of a wrong value may be told: what is longer may be a key that was pasted into the wrong place."""

_TOSS_KEY = re.compile(r"(test|live)_(g?)(ck|sk)_[A-Za-z0-9_-]+", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_VISIBLE = re.compile(r"[!-~]+")
_PHONE_DIGITS = re.compile(r"[0-9]{8,12}")


@dataclass(frozen=True, kw_only=True)
class Toss:
    """Toss Payments: a pair of keys for its payment window (API 개별 연동)."""

    client_key: str
    """Stands on the payment page; it proves nothing."""
    secret_key: str = field(repr=False)
    api_url: str
    script_url: str

    @property
    def test(self) -> bool:
        """Whether these are test keys, with which no money moves."""
        return self.secret_key.startswith("test_")


@dataclass(frozen=True, kw_only=True)
class Solapi:
    """Solapi: an API key with its secret, the KakaoTalk channel, and the templates registered for it."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    pf_id: str
    template_id: str
    template_with_message_id: str
    from_number: str | None
    """Digits of a number that is registered as a sender's."""
    api_url: str


@dataclass(frozen=True, kw_only=True)
class Nhn:
    """NHN Cloud's KakaoTalk Bizmessage: an app key with its secret, the channel, and its templates."""

    app_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    sender_key: str = field(repr=False)
    template_code: str
    template_with_message_code: str
    api_url: str


Told = Mapping[str, str]
"""Name of the setting -> its judged text, defaults included."""


def judged(given: Given) -> Told:
    """Every provider's setting that was given, judged, and the others' defaults. Raises SettingWrong."""
    told = {name: judge(*given[name]) for name, judge in _JUDGES.items() if name in given}
    _check_pair(given, told)
    for one, other in _DIFFERENT:
        if one in told and told[one] == told.get(other):
            raise SettingWrong(
                f"{given[one][0]} and {given[other][0]} are the same: a bill with a message has a template "
                "of its own. Both are shown by: cheonggu templates"
            )
    return _DEFAULTS | told


def lacks(told: Told) -> Sequence[str]:
    """What the chosen providers lack, each with the settings' names."""
    found: list[str] = []
    for choice in _CHOICES:
        missing = [variable(name) for name in _NEEDED.get(told.get(choice, ""), ()) if name not in told]
        if missing:
            found.append(f"{variable(choice)}={told[choice]} needs {_listed(missing)}")
    return found


def gateway(told: Told) -> Toss | None:
    """The chosen gateway, if one is; nothing of it may lack."""
    if told.get("gateway") != "toss":
        return None
    return Toss(
        client_key=told["toss_client_key"],
        secret_key=told["toss_secret_key"],
        api_url=told["toss_api_url"],
        script_url=told["toss_script_url"],
    )


def sender(told: Told) -> Solapi | Nhn | None:
    """The chosen sender, if one is; nothing of it may lack."""
    match told.get("sender"):
        case "solapi":
            return Solapi(
                api_key=told["solapi_api_key"],
                api_secret=told["solapi_api_secret"],
                pf_id=told["solapi_pf_id"],
                template_id=told["solapi_template_id"],
                template_with_message_id=told["solapi_template_with_message_id"],
                from_number=told.get("solapi_from"),
                api_url=told["solapi_api_url"],
            )
        case "nhn":
            return Nhn(
                app_key=told["nhn_app_key"],
                secret_key=told["nhn_secret_key"],
                sender_key=told["nhn_sender_key"],
                template_code=told["nhn_template_code"],
                template_with_message_code=told["nhn_template_with_message_code"],
                api_url=told["nhn_api_url"],
            )
        case _:
            return None


def unused(given: Given, told: Told, *, live: bool) -> tuple[str, ...]:
    """The given settings that this mode and choice have no use for, as the user calls them."""
    chosen = {told.get(choice) for choice in _CHOICES}
    return tuple(
        given[name][0]
        for name in NAMES
        if name in given and not (live and (name in _CHOICES or name.partition("_")[0] in chosen))
    )


def _listed(names: Sequence[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _not(text: str) -> str:
    return f", not {text!r}" if len(text) <= MOST_QUOTED else ""


def _toss_key(kind: str, said: str, text: str) -> str:
    """A key of the payment window; the sentence names the mistakes that are easily made."""
    fits = _TOSS_KEY.fullmatch(text) if len(text) <= MOST_KEY else None
    wanted = f"test_{kind}_ or live_{kind}_"
    if fits is None:
        raise SettingWrong(f"{said} must be a key of Toss Payments, which begins with {wanted}.")
    if fits[2]:
        raise SettingWrong(
            f"{said} is a key of the payment widget (결제위젯 연동 키). "
            f"Take the one for the payment window (API 개별 연동 키), which begins with {wanted}."
        )
    if fits[3] != kind:
        other = "the secret key, which must stay on the server" if kind == "ck" else "the client key"
        raise SettingWrong(f"{said} holds {other}: it must begin with {wanted}. Are the two exchanged?")
    return text


def _toss_client_key(said: str, text: str) -> str:
    return _toss_key("ck", said, text)


def _toss_secret_key(said: str, text: str) -> str:
    return _toss_key("sk", said, text)


def _check_pair(given: Given, told: Told) -> None:
    keys = {
        name: told[name].partition("_")[0] for name in ("toss_client_key", "toss_secret_key") if name in told
    }
    if len(set(keys.values())) > 1:
        kinds = " and ".join(f"{given[name][0]} is a {kind} key" for name, kind in keys.items())
        raise SettingWrong(f"{kinds}: the two must be a pair, both for tests or both live.")


def _choice(*known: str) -> Callable[[str, str], str]:
    def judge(said: str, text: str) -> str:
        if text not in known:
            raise SettingWrong(f"{said} must be {' or '.join(known)}{_not(text)}.")
        return text

    return judge


def _key(said: str, text: str) -> str:
    """A key that may stand in a path or a header: letters and digits."""
    if len(text) > MOST_KEY or not _PLAIN.fullmatch(text):
        raise SettingWrong(f"{said} must be up to {MOST_KEY} letters and digits, as the provider shows it.")
    return text


def _secret(said: str, text: str) -> str:
    if len(text) > MOST_KEY or not _VISIBLE.fullmatch(text):
        raise SettingWrong(f"{said} must be up to {MOST_KEY} visible ASCII characters without blanks.")
    return text


def _beginning(beginning: str, what: str) -> Callable[[str, str], str]:
    def judge(said: str, text: str) -> str:
        if len(text) > MOST_KEY or not text.startswith(beginning) or not _PLAIN.fullmatch(text):
            raise SettingWrong(f"{said} must be {what}, which begins with {beginning}{_not(text)}.")
        return text

    return judge


def _phone(said: str, text: str) -> str:
    digits = text.replace("-", "")
    if not _PHONE_DIGITS.fullmatch(digits):
        raise SettingWrong(f"{said} must be a phone number, as in 02-1234-5678{_not(text)}.")
    return digits


def _nhn_sender_key(said: str, text: str) -> str:
    if len(text) != NHN_SENDER_KEY_CHARACTERS or not _PLAIN.fullmatch(text):
        raise SettingWrong(
            f"{said} must be the channel's sender key (발신 키) of {NHN_SENDER_KEY_CHARACTERS} letters "
            "and digits."
        )
    return text


def _nhn_template_code(said: str, text: str) -> str:
    if len(text) > MOST_TEMPLATE_CODE or not _VISIBLE.fullmatch(text):
        raise SettingWrong(
            f"{said} must be a template code of up to {MOST_TEMPLATE_CODE} characters{_not(text)}."
        )
    return text


_CHOICES: Final = ("gateway", "sender")
_JUDGES: Final[Mapping[str, Callable[[str, str], str]]] = {
    "gateway": _choice("toss"),
    "toss_client_key": _toss_client_key,
    "toss_secret_key": _toss_secret_key,
    "toss_api_url": provider_url,
    "toss_script_url": provider_url,
    "sender": _choice("solapi", "nhn"),
    "solapi_api_key": _key,
    "solapi_api_secret": _secret,
    "solapi_pf_id": _beginning("KA01PF", "the channel's id (pfId)"),
    "solapi_template_id": _beginning("KA01TP", "a template's id"),
    "solapi_template_with_message_id": _beginning("KA01TP", "a template's id"),
    "solapi_from": _phone,
    "solapi_api_url": provider_url,
    "nhn_app_key": _key,
    "nhn_secret_key": _secret,
    "nhn_sender_key": _nhn_sender_key,
    "nhn_template_code": _nhn_template_code,
    "nhn_template_with_message_code": _nhn_template_code,
    "nhn_api_url": provider_url,
}
NAMES: Final = tuple(_JUDGES)
_DEFAULTS: Final = {
    "toss_api_url": "https://api.tosspayments.com",
    "toss_script_url": "https://js.tosspayments.com/v2/standard",
    "solapi_api_url": "https://api.solapi.com",
    "nhn_api_url": "https://kakaotalk-bizmessage.api.nhncloudservice.com",
}
_OPTIONAL: Final = frozenset({"solapi_from", *_DEFAULTS})
_NEEDED: Final = {
    provider: tuple(name for name in NAMES if name.startswith(f"{provider}_") and name not in _OPTIONAL)
    for provider in ("toss", "solapi", "nhn")
}
_DIFFERENT: Final = (
    ("solapi_template_id", "solapi_template_with_message_id"),
    ("nhn_template_code", "nhn_template_with_message_code"),
)
