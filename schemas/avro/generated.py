"""The one gate between generated text and running code.

Codecs and mappings become Python text, made of names that a schema or a mapping gives and of literals. Before
it is compiled, the text is parsed again and held against allow-lists: the kinds of syntax that the generators
write, names that they bound, attributes that they read. So a literal or a name that slipped into the text
unquoted is refused here, whatever made it; nothing that a file says can become code.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import lru_cache
from types import CodeType
from typing import Any, Final

METHODS: Final = frozenset(
    {
        *("append", "bit_length", "decode", "encode", "from_bytes", "get", "items", "join", "lower"),
        *("replace", "scaleb", "split", "startswith", "strip", "to_bytes", "toordinal", "upper"),
        *("finding", "loss", "mark", "odd", "of", "origin", "unverified"),
    }
)
"""Methods of built-in types and of a report that generated code may call."""

BUILTINS: Final[dict[str, Any]] = {
    one.__name__: one
    for one in (
        *(bytearray, bytes, dict, enumerate, int, isinstance, len, list, range, tuple),
        *(IndexError, KeyError, TypeError, ValueError),
    )
}
"""All that generated code finds of Python's own names."""

_KINDS: Final = (
    *(ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.AugAssign),
    *(ast.For, ast.While, ast.If, ast.Raise, ast.Expr, ast.Pass, ast.Continue, ast.Break),
    *(ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.Call, ast.keyword, ast.NamedExpr),
    *(ast.Dict, ast.List, ast.Tuple, ast.ListComp, ast.DictComp, ast.comprehension),
    *(ast.FormattedValue, ast.JoinedStr, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice, ast.Name),
    *(ast.boolop, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context),
)

_SYNTAX: Final = frozenset(each for kind in _KINDS for each in (kind, *kind.__subclasses__()))
_Syntax = frozenset[type[ast.AST]]
_Names = frozenset[str]


class Unsafe(Exception):
    """Generated text holds what no generator writes: a defect, found before it could run."""


def run(source: str, file: str, scope: dict[str, Any], attributes: Collection[str]) -> dict[str, Any]:
    """Compile and run generated text, which defines functions.

    Args:
        source: the text.
        file: its name in tracebacks.
        scope: objects that the text refers to by name; gets the functions.
        attributes: names of fields that the text may read, beside `METHODS`.

    Returns:
        The scope.

    Raises:
        Unsafe: a name, an attribute or a statement that is on no list.
    """
    kinds, names, assigned, read = _look(source, file)
    if strange := kinds - _SYNTAX:
        raise Unsafe(f"{file}: {min(kind.__name__ for kind in strange)} in generated code")
    if unknown := names - assigned - scope.keys() - BUILTINS.keys():
        raise Unsafe(f"{file}: the name {min(unknown)!r} in generated code")
    if hidden := {one for one in read - METHODS if one not in attributes or one.startswith("__")}:
        raise Unsafe(f"{file}: the attribute {min(hidden)!r} in generated code")
    scope["__builtins__"] = dict(BUILTINS)
    exec(_compiled(source, file), scope)  # noqa: S102 - checked above, node by node
    return scope


@lru_cache(maxsize=256)
def _compiled(source: str, file: str) -> CodeType:
    """Compile a text that was looked through; many a constant of many a mapping is the same text."""
    return compile(source, file, "exec")


@lru_cache(maxsize=256)
def _look(source: str, file: str) -> tuple[_Syntax, _Names, _Names, _Names]:
    """Parse a text and walk its tree once, and no slower than need be: a wide schema has a million nodes.

    Returns:
        The kinds of nodes; all names; names that the text itself defines: functions, their arguments and
        variables; attributes.
    """
    kinds: set[type[ast.AST]] = set()
    names: set[str] = set()
    assigned: set[str] = set()
    read: set[str] = set()
    rest: list[Any] = [ast.parse(source, file)]
    while rest:
        node = rest.pop()
        kind = type(node)
        kinds.add(kind)
        if kind is ast.Name:
            (assigned if type(node.ctx) is ast.Store else names).add(node.id)
            kinds.add(type(node.ctx))
            continue
        if kind is ast.Attribute:
            read.add(node.attr)
        elif kind is ast.FunctionDef:
            assigned.add(node.name)
        elif kind is ast.arg:
            assigned.add(node.arg)
        for field in kind._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                rest.extend(item for item in value if isinstance(item, ast.AST))
            elif isinstance(value, ast.AST):
                rest.append(value)
    return frozenset(kinds), frozenset(names), frozenset(assigned), frozenset(read)
