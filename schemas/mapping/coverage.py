"""Every field of the source is read, dropped or ignored by name: nothing is lost without a word."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from schemas.mapping.code import Value
from schemas.mapping.compiler import Compiler
from schemas.mapping.expression import Wrong
from schemas.mapping.types import Type

PERSONAL = "personal-data"
"""The reason of a drop whose value is never told: reports go to other parties."""


def compile_drops(compiler: Compiler) -> None:
    """The function ``drops``, which tells what is present and dropped, at every place where it is."""
    function = compiler.start("drops", ("r", "c"), "drops")
    expressions = compiler.expression(function)
    for path, (at, reason) in compiler.document.drops.items():
        outer = function.here
        try:
            value = expressions.names.root or Value("r", compiler.source_type)
            for name in path.split("."):
                if value.type.kind == "list":
                    value = expressions.loop(value, "item", None)
                value = expressions.member(value, name, ast.Name(id=name, col_offset=path.index(name)))
            test = value.code if value.type.kind in {"list", "map"} else f"{value.code} is not None"
            hidden = reason.text == PERSONAL or value.type.kind in {"list", "map", "record"}
            shown = "None" if hidden else value.code
            function.line(f"if {test}: c.loss({expressions.pointer(value)}, {reason.text!r}, {shown})")
        except Wrong as wrong:
            compiler.problems.add(at, wrong.message, wrong.column)
        function.here = outer


def check_coverage(compiler: Compiler) -> None:
    """Add a problem for each leaf of the source that nothing reads, drops or ignores."""
    document, source = compiler.document, compiler.source_type
    covered = {tuple(path.split(".")) for path in document.drops}
    for scalar in document.ignores:
        path = tuple(scalar.text.split("."))
        covered.add(path)
        if not _exists(source, path):
            compiler.problems.add(scalar, f"no field `{scalar.text}` in {source.name}")
    nulls = compiler.source.record.properties.get("explicitNulls")
    for path in leaves(source, ()):
        if path in compiler.reads or path == (nulls,):
            continue
        if not any(path[: len(prefix)] == prefix for prefix in covered):
            message = f"`{'.'.join(path)}` is neither read nor under `drops` or `ignores`"
            compiler.problems.add(document.source, message)


def leaves(kind: Type, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Paths of all fields that are no records or lists of records, in schema order."""
    kind = _inside(kind)
    if kind.kind != "record":
        yield path
        return
    for name, found in kind.fields.items():
        yield from leaves(found.type, (*path, name))


def _exists(kind: Type, path: tuple[str, ...]) -> bool:
    for name in path:
        kind = _inside(kind)
        if name not in kind.fields:
            return False
        kind = kind.fields[name].type
    return True


def _inside(kind: Type) -> Type:
    while kind.kind in {"list", "map"} and kind.item is not None:
        kind = kind.item
    return kind
