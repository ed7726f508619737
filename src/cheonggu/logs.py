"""Logs on standard error: JSON lines, or readable ones on a terminal.

Whatever a stranger sent may end up in a log line, so no value can start a new line or steer a terminal; and
what must not be read there (keys, secrets, names, phones) is masked by its field's name and by its looks.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from typing import Any, Final, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN: Final = "[hidden]"

_HIDDEN_FIELDS: Final = frozenset(
    {
        "authorization",
        "cookie",
        "membername",
        "payername",
        "payerphone",
        "paymentkey",
        "phone",
        "databaseurl",
        "dsn",
        "password",
        "secret",
        "secrets",
        "webhooksecret",
        "windowkey",
    }
)
_HIDDEN_ENDINGS: Final = ("apikey", "apisecret", "appkey", "secretkey", "senderkey")
"""Of fields, however they begin: the keys of each provider."""
_HIDDEN_LOOKS: Final = (
    (re.compile(r"whsec_[A-Za-z0-9+/=_-]+"), "whsec_" + HIDDEN),
    (re.compile(r"\bck_[A-Za-z0-9]{20,}"), "ck_" + HIDDEN),
    (re.compile(r"(test|live)_(g?sk)_[A-Za-z0-9_-]+"), r"\1_\2_" + HIDDEN),
    (re.compile(r"\bBasic [A-Za-z0-9+/]{12,}={0,2}"), "Basic " + HIDDEN),
    (re.compile(r"\bsignature=[0-9A-Fa-f]{16,}"), "signature=" + HIDDEN),
    (re.compile(r"\b(postgres(?:ql)?://[^\s:/@]*):[^\s@]*@"), r"\1:" + HIDDEN + "@"),
    (re.compile(r"(?<!\d)(01\d)-?\d{3,4}-?(\d{4})(?!\d)"), r"\1-****-\2"),
)
_TRACEBACK: Final = "exception"
_FRAMES_TOLD: Final = 12


def configure(*, readable: bool | None = None, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's logs to standard error, readable if that is a terminal."""
    stream = stream or cast("TextIO", sys.stderr)
    readable = stream.isatty() if readable is None else readable
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if readable else "iso", utc=not readable),
    ]
    last: list[Processor] = [
        _kind_and_place,
        _masked,
        _readable if readable else structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    _catch_standard_logging(shared, last, stream)


def _kind_and_place(_logger: object, _method: str, event: EventDict) -> EventDict:
    """An exception as its kind and where it came from. Its words may quote a request, a row or a message."""
    given: object = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    if isinstance(given, tuple):
        error = cast("tuple[object, object, object]", given)[1]
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_TOLD:]
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        event[_TRACEBACK] = "\n".join([type(error).__name__, *places])
    return event


def _catch_standard_logging(shared: list[Processor], last: list[Processor], stream: TextIO) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def _masked(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {key: _mask(key, value) for key, value in event.items()}


def _mask(field: str, value: object) -> object:
    """A value fit for the log: JSON's own types, nothing secret, and no control characters in its texts."""
    name = field.replace("_", "").replace("-", "").lower()
    if (name in _HIDDEN_FIELDS or name.endswith(_HIDDEN_ENDINGS)) and value is not None:
        return HIDDEN
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {_plain(str(key)): _mask(str(key), inner) for key, inner in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask(field, inner) for inner in cast("list[object]", value)]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else repr(value) if isinstance(value, bytes) else str(value)
    for looks, instead in _HIDDEN_LOOKS:
        text = looks.sub(instead, text)
    return "\n".join(map(_plain, text.split("\n"))) if field == _TRACEBACK else _plain(text)


def _plain(text: str) -> str:
    """`text` with everything that could break a line or steer a terminal written out."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _readable(_: WrappedLogger, __: str, event: EventDict) -> str:
    """`12:00:01 info   what happened  key=value …`; a traceback follows, indented."""
    rest: dict[str, Any] = dict(event)
    time, level, what = rest.pop("timestamp", ""), rest.pop("level", "info"), rest.pop("event", "")
    traceback: str | None = rest.pop(_TRACEBACK, None)
    fields = "".join(f"  {key}={_quoted(value)}" for key, value in rest.items())
    line = f"{time} {level:<8}{what}{fields}"
    if traceback:
        line += "".join(f"\n    {part}" for part in traceback.splitlines())
    return line


def _quoted(value: object) -> str:
    """A value that cannot be taken for two, or for another field."""
    text = str(value)
    return repr(text) if isinstance(value, str) and (not text or set(text) & set(" ='\"")) else text
