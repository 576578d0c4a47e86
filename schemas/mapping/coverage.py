"""Every field of the source is read, dropped or ignored by name: nothing is lost without a word."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from schemas.avro.schema import Primitive, bare
from schemas.mapping.code import Value
from schemas.mapping.compiler import Compiler
from schemas.mapping.report import EDGE
from schemas.mapping.types import Type


class IdleField(NamedTuple):
    """A field that carries nothing for the target.

    Attributes:
        other: only beside this field of the same record, or of the root if it is a path; empty: nowhere.
        same: only where that field has the same value.
    """

    path: tuple[str, ...]
    other: str = ""
    same: bool = False


def aside(text: str) -> IdleField:
    """Read an entry of ``ignores``: ``path``, ``path if sibling`` or ``path as sibling``."""
    path, word, other = (*text.split(), "", "")[:3]
    return IdleField(tuple(path.split(".")), other, word == "as")


def compile_unlisted(compiler: Compiler) -> None:
    """The function ``unlisted``, which tells every code of a message that its list does not have."""
    function = compiler.start("unlisted", ("r", "c"), "code lists")
    function.line(f"c.origin = {EDGE}")
    expressions = compiler.expression(function)
    for path, field in compiler.source.fields():
        name = str(field.properties.get("codeList", ""))
        text = isinstance(bare(field.type), Primitive) and getattr(bare(field.type), "name", "") == "string"
        if not text or name not in compiler.codes.names or len(compiler.codes.table(name).key) != 1:
            continue
        keys = frozenset(key for key, _ in compiler.codes.rows(name))
        outer, value = function.here, expressions.names.root or Value("r", compiler.source_type)
        for step in path.split("."):
            if value.type.kind == "list":
                value = expressions.loop(value, "item", None)
            value = expressions.member(value, step, ast.Name(id=step, col_offset=0))
        known = compiler.bindings.bind(f"{name}_keys", keys, ("keys", name))
        test = f"{value.code} is not None and {value.code} not in {known}"
        function.line(
            f"if {test}: c.finding({expressions.pointer(value)}, 'unknown-code', 'warning', {value.code})"
        )
        function.here = outer
    function.line("c.origin = -1")


def check_coverage(compiler: Compiler) -> None:
    """Add a problem for each field of the source that nothing reads, drops or ignores.

    Of a record of which nothing is carried it is one problem: the record can be named as a whole.
    """
    document, source = compiler.document, compiler.source_type
    covered = {tuple(path.split(".")) for path in document.drops}
    for scalar in document.ignores:
        path, other, _ = aside(scalar.text)
        covered.add(path)
        if not re.fullmatch(r"\S+( (if|as) [\w.]+)?", scalar.text):
            compiler.problems.add(scalar, "this is `path`, `path if field` or `path as field`")
        beside = tuple(other.split(".")) if "." in other else (*path[:-1], other)
        for one in [path, beside] if other else [path]:
            if not _exists(source, one):
                compiler.problems.add(scalar, f"no field `{'.'.join(one)}` in {source.name}")
    for name, (at, _) in document.drops.items():
        if not _exists(source, tuple(name.split("."))):
            compiler.problems.add(at, f"no field `{name}` in {source.name}")
    for scalar in document.keys:
        if not _exists(source, tuple(scalar.text.split("."))):
            compiler.problems.add(scalar, f"no field `{scalar.text}` in {source.name}")
    nulls = compiler.source.record.properties.get("explicitNulls")
    every = list(leaves(source, ()))
    carried = {
        path
        for path in every
        if path in compiler.reads
        or path == (nulls,)
        or any(path[: len(prefix)] == prefix for prefix in covered)
    }
    for path, fields in _largest(every, carried):
        of = f" ({fields} fields)" if fields > 1 else ""
        message = f"`{'.'.join(path)}`{of} is neither read nor under `drops` or `ignores`"
        compiler.problems.add(document.source, message)


def _largest(
    every: Sequence[tuple[str, ...]], carried: Container[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], int]]:
    """The records, or single fields, of which nothing is carried, each with the number of its fields."""
    used = {path[:end] for path in every if path in carried for end in range(1, len(path) + 1)}
    found: dict[tuple[str, ...], int] = {}
    for path in every:
        idle = next((path[:end] for end in range(1, len(path) + 1) if path[:end] not in used), None)
        if idle is not None:
            found[idle] = found.get(idle, 0) + 1
    yield from found.items()


def leaves(kind: Type, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Paths of all fields that are no records or lists of records, in schema order."""
    kind = _inside(kind)
    if kind.kind != "record":
        yield path
        return
    for name, found in kind.fields.items():
        yield from leaves(found.type, (*path, name))


def logical_of(kind: Type, path: tuple[str, ...]) -> str:
    """The logical type of the field at a path; empty when it has none."""
    for name in path:
        kind = _inside(kind).fields[name].type
    return _inside(kind).logical


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
