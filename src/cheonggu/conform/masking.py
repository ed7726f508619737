"""Names, phones, keys, links and card numbers taken out of reports: by field, by value and by shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

from cheonggu.conform.target import PAYER, Target, Who
from cheonggu.conform.wire import Exchange

FIELDS: Final = frozenset(
    {
        "apiKey",
        "member",
        "merchant",
        "hash",
        "phone",
        "to",
        "memberName",
        "apprNum",
        "apprOriginNum",
        "apprIssuerNum",
        "apprCashNum",
        "apprCashTrader",
        "apprCashIssuanceNumber",
        "chargeUrl",
    }
)
"""Fields whose value is masked wherever they stand, whatever it is."""

_LINKS: Final = frozenset({"shortUrl", "url"})
"""Fields of which only the last part is masked."""

_LEAST_ASCII: Final = 4
_LEAST_OTHER: Final = 2
"""A value is also looked for in texts if it has so many characters; shorter ones stand in too many words."""

_SHAPES: Final = (
    (re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])"), "<hash>"),
    (re.compile(r"whsec_[A-Za-z0-9+/=]+"), "<secret>"),
    (
        re.compile(r"(?<!\d)(?:\+?82[-. ]?(?:\(0\))?|0)1[016789][-. ]?\d{3,4}[-. ]?\d{4}(?!\d)"),
        "<phone>",
    ),
    (re.compile(r"(?<![\d*])(?:[\d*]{4}[- ]){3}[\d*]{3,4}(?![\d*])|(?<!\d)\d{15,16}(?!\d)"), "<card>"),
)


class Masks:
    """What has to be masked: what a run was given, and what it has seen in fields that are."""

    def __init__(self, target: Target, record: Iterable[Exchange] = ()) -> None:
        self._values: dict[str, str] = {}
        for who in (target.who, target.second):
            if isinstance(who, Who):
                self._learn_fields(who.envelope)
        for name, value in (
            ("phone", target.talk_phone),
            ("apiKey", target.suspended_api_key),
            ("merchant", target.unmapped_merchant),
            ("secret", target.webhook_secret),
            ("callbackUrl", target.callback_url),
            ("memberName", PAYER),
        ):
            self._learn(name, value)
        for exchange in record:
            self._learn_fields(_json(exchange.body))
            if exchange.answer:
                self._learn_fields(_json(exchange.answer.body))
        known = sorted(self._values, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known)))

    def text(self, text: str) -> str:
        """A text without any of it."""
        if self._values:
            text = self._known.sub(lambda found: self._values[found[0]], text)
        for shape, shown in _SHAPES:
            text = shape.sub(shown, text)
        return text

    def tree(self, value: object) -> object:
        """A JSON value without any of it."""
        if isinstance(value, dict):
            fields = cast("dict[str, object]", value)
            return {self._name(name): self._field(name, inner) for name, inner in fields.items()}
        if isinstance(value, list):
            return [self.tree(inner) for inner in cast("list[object]", value)]
        return self.text(value) if isinstance(value, str) else value

    def body(self, body: bytes) -> object:
        """A body: as a tree when it is JSON, else as a text."""
        value = _json(body)
        return self.text(body.decode(errors="backslashreplace")) if value is None else self.tree(value)

    def _name(self, name: str) -> str:
        """A field's name, which a value of the same letters does not hide."""
        return name if name in FIELDS or name in _LINKS else self.text(name)

    def _field(self, name: str, value: object) -> object:
        if name in _LINKS and isinstance(value, str):
            before, slash, code = value.rpartition("/")
            return self.text(before) + slash + "<code>" if slash and code else self.text(value)
        return _blanked(name, value) if name in FIELDS else self.tree(value)

    def _learn_fields(self, value: object) -> None:
        if isinstance(value, dict):
            for name, inner in cast("dict[str, object]", value).items():
                if name in FIELDS:
                    self._learn(name, inner)
                elif name == "shortUrl" and isinstance(inner, str):
                    self._learn("code", inner.rpartition("/")[2])
                self._learn_fields(inner)
        elif isinstance(value, list):
            for inner in cast("list[object]", value):
                self._learn_fields(inner)

    def _learn(self, name: str, value: object) -> None:
        if not isinstance(value, str):
            return
        least = _LEAST_ASCII if value.isascii() else _LEAST_OTHER
        if len(value) < least:
            return
        shown = f"<{name}>"
        for spelled in (value, json.dumps(value)[1:-1], quote(value), quote(value, safe="")):
            self._values.setdefault(spelled, shown)
        if name == "callbackUrl" and (query := urlsplit(value).query):
            self._values.setdefault(query, "<query>")


def _blanked(name: str, value: object) -> object:
    """The value of a masked field: of what kind it was, and no more."""
    if value is None or value == "" or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return f"<{name}>"
    if isinstance(value, dict):
        return {f"<{name}>": len(cast("Mapping[str, Any]", value))}
    return f"<{name}: {'number' if isinstance(value, int | float) else 'list'}>"


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
