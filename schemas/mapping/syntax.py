"""The syntax of expressions: what of Python's own syntax tree is allowed, within which limits."""

from __future__ import annotations

import ast
from functools import lru_cache

MAX_LENGTH = 2000
"""Characters of one expression."""
MAX_NODES = 400
"""Nodes of one expression's syntax tree."""


class Wrong(Exception):
    """An expression cannot be compiled; caught where the expression starts."""

    def __init__(self, node: ast.AST | None, message: str) -> None:
        super().__init__(message)
        self.column = getattr(node, "col_offset", 0)
        self.message = message


ALLOWED = (
    *(ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.UnaryOp),
    *(ast.BoolOp, ast.IfExp, ast.Compare, ast.BinOp, ast.Call, ast.ListComp),
)


@lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr:
    """The syntax tree of an expression within the limits of size. It is shared: copy what you change.

    Raises:
        Wrong: not an expression, or too large.
    """
    if len(text) > MAX_LENGTH:
        raise Wrong(None, f"an expression has at most {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        wrong = Wrong(None, f"not an expression: {error.msg}")
        wrong.column = max((error.offset or 1) - 1, 0)
        raise wrong from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise Wrong(None, "not an expression: too deep, or not text") from error
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise Wrong(None, f"an expression has at most {MAX_NODES} parts")
    return tree


def integer(node: ast.AST) -> int | None:
    """The value of a constant integer, signed; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = integer(node.operand)
        return None if inner is None else -inner
    is_number = isinstance(node, ast.Constant) and type(node.value) is int and abs(node.value) < 1 << 31
    return node.value if is_number else None  # type: ignore[attr-defined]


def is_none(node: ast.AST) -> bool:
    """Whether this is the literal ``None``."""
    return isinstance(node, ast.Constant) and node.value is None


def describe(node: ast.AST) -> str:
    """A word for a construct that is not allowed."""
    words = {"Lambda": "a lambda", "NamedExpr": "`:=`", "Dict": "a dict", "Set": "a set", "Pow": "`**`"}
    return words.get(type(node).__name__, type(node).__name__)
