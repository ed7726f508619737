"""The changes that are tried on a module: its syntax tree with one node replaced or one statement dropped.

Sentences for people, annotations, the type of a cast, decorators and the options of a class are left alone:
the first are wording, the type checker and the benchmark hold the others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple, cast

COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES: Final = {
    one: other
    for pair in (
        ("lower", "upper"),
        ("startswith", "endswith"),
        ("removeprefix", "removesuffix"),
        ("any", "all"),
        ("min", "max"),
        ("match", "fullmatch"),
    )
    for one, other in (pair, pair[::-1])
}
_LEFT_ALONE: Final = frozenset({"annotation", "returns", "decorator_list"})


class Change(NamedTuple):
    """One mutant. `at` is the place in the field's list, None where the field holds one node."""

    line: int
    place: str
    before: str
    after: str
    parent: ast.AST
    field: str
    at: int | None
    node: ast.AST | None

    @property
    def name(self) -> str:
        """What it changes where, as left.txt writes it; without the line, which other edits move."""
        return f"{self.place}: {self.before} -> {self.after}"

    def apply(self) -> None:
        """Write it into the tree that it was made of."""
        if self.at is None:
            setattr(self.parent, self.field, self.node)
            return
        held: list[ast.AST] = getattr(self.parent, self.field)
        held[self.at : self.at + 1] = [] if self.node is None else [self.node]


def changes(tree: ast.Module) -> list[Change]:
    """Every mutant of a module."""
    return list(_walk(tree, "module"))


def _walk(node: ast.AST, place: str) -> Iterator[Change]:
    for field, at, child in _children(node):
        for new in _instead(node, field, child):
            yield Change(getattr(child, "lineno", 0), place, _text(child), _text(new), node, field, at, new)
        yield from _walk(child, _place(child, place))


def _place(node: ast.AST, around: str) -> str:
    """The name of the function, class or constant of a module that a node is, or is in."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name if around == "module" else f"{around}.{name}"
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name if around == "module" else around
        case _:
            return around


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, held in ast.iter_fields(node):
        if field in _LEFT_ALONE or (field == "keywords" and isinstance(node, ast.ClassDef)):
            continue
        if isinstance(held, ast.AST):
            yield field, None, held
        elif field == "args" and _is_cast(node):
            yield field, 1, cast("ast.Call", node).args[1]
        elif isinstance(held, list):
            listed = cast("list[object]", held)
            yield from ((field, at, one) for at, one in enumerate(listed) if isinstance(one, ast.AST))


def _is_cast(node: ast.AST) -> bool:
    """Whether its first argument is a type, which nothing looks at when it runs."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cast"


def _text(node: ast.AST | None) -> str:
    if node is None:
        return "nothing"
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else text[:60] + " … " + text[-27:]


def _instead(parent: ast.AST, field: str, node: ast.AST) -> Iterator[ast.AST | None]:
    """What may stand in a node's place; None drops it."""
    match node:
        case ast.Compare():
            for at, operator in enumerate(node.ops):
                ops = [*node.ops[:at], COMPARISONS[type(operator)](), *node.ops[at + 1 :]]
                yield ast.Compare(node.left, ops, node.comparators)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp() if not _is_type(parent, node):
            yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
        case ast.Constant() if not isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue):
            yield from _constants(node.value)
        case ast.Name(id=name) if name in NAMES and field == "func":
            yield ast.Name(NAMES[name], ast.Load())
        case ast.Attribute(attr=name) if name in NAMES and field == "func":
            yield ast.Attribute(node.value, NAMES[name], ast.Load())
        case ast.stmt():
            yield from _statements(node)
        case _:
            pass
    if (
        field == "test"
        and isinstance(node, ast.expr)
        and not isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp)
    ):
        yield ast.UnaryOp(ast.Not(), node)
    if isinstance(parent, ast.Set) and field == "elts" and len(parent.elts) > 1:
        yield None


def _is_type(parent: ast.AST, node: ast.BinOp) -> bool:
    """Whether it is (part of) an alias of types, as in `Address = IPv4Address | IPv6Address`."""
    return (
        isinstance(node.op, ast.BitOr)
        and isinstance(node.right, ast.Name)
        and node.right.id[:1].isupper()
        and isinstance(parent, ast.Assign | ast.BinOp)
    )


def _constants(value: object) -> Iterator[ast.Constant]:
    match value:
        case bool():
            yield ast.Constant(not value)
        case int() | float():
            yield ast.Constant(value + 1)
        case str() if len(value.split()) <= 1:
            yield ast.Constant(f"XX{value}XX")
        case bytes():
            yield ast.Constant(b"XX" + value + b"XX")
        case _:
            pass


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    match node:
        case ast.Return(value=ast.expr() as value) if not (
            isinstance(value, ast.Constant) and value.value in (None, True, False)
        ):
            yield ast.Return(ast.Constant(None))
        case ast.Return(value=ast.Constant(value=None)):
            yield ast.Pass()
        case ast.Raise() | ast.AugAssign() | ast.Delete() | ast.Assert():
            yield ast.Pass()
        case ast.Expr() if not isinstance(node.value, ast.Constant):
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case _:
            pass
