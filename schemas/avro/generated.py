"""The one gate between generated text and running code.

Codecs and mappings become Python text, made of names that a schema or a mapping gives and of literals. Before
it is compiled, the text is parsed again and held against allow-lists: the kinds of syntax that the generators
write, names that they bound, attributes that they read. So a literal or a name that slipped into the text
unquoted is refused here, whatever made it; nothing that a file says can become code.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Any, Final

METHODS: Final = frozenset(
    {
        *("append", "bit_length", "decode", "encode", "from_bytes", "get", "items", "join", "lower"),
        *("replace", "scaleb", "split", "startswith", "strip", "to_bytes", "toordinal", "upper"),
        *("finding", "loss", "mark", "of", "origin", "unverified"),
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

_SYNTAX: Final = (
    *(ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.AugAssign),
    *(ast.For, ast.While, ast.If, ast.Raise, ast.Expr, ast.Pass, ast.Continue, ast.Break),
    *(ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.Call, ast.keyword, ast.NamedExpr),
    *(ast.Dict, ast.List, ast.Tuple, ast.ListComp, ast.DictComp, ast.comprehension),
    *(ast.FormattedValue, ast.JoinedStr, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice, ast.Name),
    *(ast.boolop, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context),
)


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
    tree = ast.parse(source, file)
    known = {*scope, *BUILTINS, *_assigned(tree)}
    for node in ast.walk(tree):
        if not isinstance(node, _SYNTAX):
            raise Unsafe(f"{file}: {type(node).__name__} in generated code")
        if isinstance(node, ast.Name) and node.id not in known:
            raise Unsafe(f"{file}: the name {node.id!r} in generated code")
        if isinstance(node, ast.Attribute) and not (
            node.attr in METHODS or (node.attr in attributes and not node.attr.startswith("__"))
        ):
            raise Unsafe(f"{file}: the attribute {node.attr!r} in generated code")
    scope["__builtins__"] = dict(BUILTINS)
    exec(compile(tree, file, "exec"), scope)  # noqa: S102 - checked above, node by node
    return scope


def _assigned(tree: ast.Module) -> set[str]:
    """Names that the text itself defines: functions, their arguments and variables."""
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return names | {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
