"""Request bodies, read strictly: bytes to a JSON object, and objects to the structs of the wire.

msgspec is strict about most of JSON but knows no limit of depth and takes an escaped NUL, so both are judged
over the whole body, in fields that nobody reads too. The body is read whole before any field is judged: of a
duplicate key the last one counts, whatever the first one was (O). Nothing that msgspec says gets out.
"""

from __future__ import annotations

import re
from typing import Final, Generic, NoReturn, TypeVar, cast, get_args

import msgspec
from msgspec import inspect
from msgspec.structs import fields as fields_of

from cheonggu.domain.codes import Refused, invalid
from cheonggu.domain.new_bill import length_rule
from cheonggu.web.body import BODY
from cheonggu.web.wire import INTEGER_TOO

MAX_DEPTH: Final = 32

_BOM: Final = b"\xef\xbb\xbf"
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")
_NUL: Final = b"\\u0000"
_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

Tree = dict[str, object]
StructT = TypeVar("StructT", bound=msgspec.Struct)

_decode: Final = msgspec.json.Decoder().decode


def parse_object(body: bytes) -> Tree:
    """The JSON object that `body` holds, or Refused with VALIDATION_001."""
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise invalid(BODY, f"중첩은 {MAX_DEPTH}단계까지입니다.")
    if _NUL in body and _ESCAPED_NUL.search(body):
        raise invalid(BODY, "NUL 문자는 쓸 수 없습니다.")
    try:
        tree = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        _refuse_unreadable(body)
    if type(tree) is not dict:
        raise invalid(BODY, "JSON 객체여야 합니다.")
    return cast("Tree", tree)


def _depth(body: bytes) -> int:
    """How deep objects and lists are nested; brackets within strings do not count."""
    deepest = depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse_unreadable(body: bytes) -> NoReturn:
    if not body.strip():
        raise invalid(BODY, "비어 있습니다. JSON 객체를 보내 주세요.") from None
    if body.startswith(_BOM):
        raise invalid(BODY, "BOM 없는 UTF-8이어야 합니다.") from None
    try:
        body.decode()
    except UnicodeDecodeError:
        raise invalid(BODY, "UTF-8이어야 합니다.") from None
    raise invalid(BODY, "올바른 JSON이어야 합니다.") from None


class Exact(Generic[StructT]):
    """Reads a whole body into its struct in one go, as long as there is nothing about it to be judged.

    Nearly every body is like that, and to take it apart twice costs three times as much.
    """

    def __init__(self, struct: type[StructT]) -> None:
        self._decode = msgspec.json.Decoder(cast("type[StructT]", _closed(struct))).decode

    def read(self, body: bytes) -> StructT | None:
        """The request, or None for whatever is wrong, left out or merely unusual: that is read by `Shape`s.

        With no field but those of the struct, each of them a text, there is neither depth nor anything that
        nobody reads.
        """
        if _NUL in body:
            return None
        try:
            return self._decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None


def _closed(struct: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same struct with every object in it given, and no fields but its own in any."""
    inner = {field.name: _object_in(field.type) for field in fields_of(struct)}
    return msgspec.defstruct(
        struct.__name__,
        [(name, _closed(held)) for name, held in inner.items() if held is not None],
        bases=(struct,),
        forbid_unknown_fields=True,
        kw_only=True,
    )


def _object_in(wanted: object) -> type[msgspec.Struct] | None:
    """The struct that a field holds, whether or not it may be left out."""
    options = (wanted, *get_args(wanted))
    return next((one for one in options if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)


class Shape(Generic[StructT]):
    """Reads one struct of the wire out of a decoded object."""

    def __init__(self, struct: type[StructT]) -> None:
        info = inspect.type_info(struct)
        if not isinstance(info, inspect.StructType):
            raise TypeError(f"{struct} is no struct")
        self._struct = struct
        self._fields = info.fields
        self._optional = tuple(field.name for field in info.fields if not field.required)
        self._integers_too = tuple(field.name for field in info.fields if _integer_too(field.type))

    def read(self, value: object, where: str = "") -> StructT:
        """The struct, or Refused with VALIDATION_001 about its first broken field; `value` may be altered.

        `where` names the object in that sentence, as in `bill`. An optional field that is null or empty
        counts as absent (O).
        """
        if type(value) is not dict:
            raise invalid(where or BODY, "필수 값입니다." if value is None else "JSON 객체여야 합니다.")
        tree = cast("Tree", value)
        for name in self._integers_too:
            if type(tree.get(name)) is int:
                tree[name] = str(tree[name])
        for name in self._optional:
            if name in tree and (tree[name] is None or tree[name] == ""):
                del tree[name]
        try:
            return msgspec.convert(tree, self._struct)
        except msgspec.ValidationError:
            raise self._first_broken(tree, where) from None

    def _first_broken(self, tree: Tree, where: str) -> Refused:
        for field in self._fields:
            path = f"{where}.{field.name}" if where else field.name
            if field.name not in tree:
                if field.required:
                    return invalid(path, "필수 값입니다.")
            elif rule := _broken_rule(tree[field.name], field.type):
                return invalid(path, rule)
        return invalid(where or BODY, "형식이 올바르지 않습니다.")


def _broken_rule(value: object, wanted: inspect.Type) -> str | None:
    """The rule of the field's type that `value` breaks, or None."""
    if value is None:
        return "필수 값입니다."
    match _bare(wanted):
        case inspect.LiteralType(values=values) if value not in values:
            return f"{', '.join(map(str, values))} 중 하나여야 합니다."
        case inspect.StrType(min_length=least, max_length=most):
            if not isinstance(value, str):
                return "문자열이어야 합니다."
            if len(value) < (least or 0) or (most is not None and len(value) > most):
                return length_rule(least, most)
        case _:
            pass
    return None


def _bare(wanted: inspect.Type) -> inspect.Type:
    return wanted.type if isinstance(wanted, inspect.Metadata) else wanted


def _integer_too(wanted: inspect.Type) -> bool:
    extra = cast("Tree | None", wanted.extra) if isinstance(wanted, inspect.Metadata) else None
    return extra is not None and extra.get(INTEGER_TOO) is True
