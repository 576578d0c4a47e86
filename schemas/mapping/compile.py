"""Compiles mapping files and single expressions: the way in to this package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.avro.emit import Emitter
from schemas.avro.schema import Schema
from schemas.avro.structs import attribute
from schemas.codes.lists import CodeLists
from schemas.errors import CorridorError, Misconfigured, one_line
from schemas.mapping.code import Bindings, Function, Value
from schemas.mapping.compiler import CONTEXT, UNSET, CompiledRule, Compiler, globals_of_code
from schemas.mapping.coverage import check_coverage, compile_unlisted, leaves
from schemas.mapping.document import Document, read_document
from schemas.mapping.expression import Expression, Scope
from schemas.mapping.functions import library
from schemas.mapping.gate import compile_gate
from schemas.mapping.module import Module, link
from schemas.mapping.remains import Remains
from schemas.mapping.report import MessageReport
from schemas.mapping.rules import compile_rules
from schemas.mapping.source import Problems, Scalar, read
from schemas.mapping.state import (
    compile_concerns,
    compile_group,
    compile_happened,
    compile_known,
    compile_state,
)
from schemas.mapping.types import Access, of_node
from schemas.profiles import CANONICAL

__all__ = ["CompiledMapping", "CompiledRule", "compile_expression", "load"]


@dataclass(frozen=True)
class CompiledMapping:
    """A compiled mapping.

    Attributes:
        access: how its functions read records: datums or structs.
        module: the generated functions.
        remains: finds what no rule carried.
        warnings: what is odd in the file but compiles.
        gate: the paths that have to be decoded to know whether any rule has something to say; none where
            all of a record has to be.
    """

    document: Document
    source: Schema
    target: Schema
    access: Access
    module: Module
    remains: Remains
    rules: tuple[CompiledRule, ...]
    warnings: tuple[str, ...]
    gate: frozenset[tuple[str, ...]] = frozenset()

    @property
    def name(self) -> str:
        """The mapping's name, in metrics, reports and dead letters."""
        return self.document.name

    @property
    def registers(self) -> tuple[str, ...]:
        """Names of the registers."""
        return tuple(register.name for register in self.document.state.registers)

    @property
    def version_at(self) -> str:
        """Pointer of the field by which versions are told apart; empty where that is no single field."""
        scalar = self.document.state.expressions.get("version")
        path = "" if scalar is None else scalar.text.strip()
        return "/" + path.replace(".", "/") if path.replace(".", "_").isidentifier() else ""

    def slots(self) -> list[Any]:
        """Empty slots for the values of ``let`` of one message."""
        return [UNSET] * len(self.document.lets)


def load(
    text: str, file: str, find: Callable[[str], Schema], codes: CodeLists, access: Access = "item"
) -> CompiledMapping:
    """Compile a mapping file.

    Args:
        text: its content.
        file: its name, for messages.
        find: gives the schema of a profile or schema name; raises ``KeyError`` for an unknown one.
        codes: the code lists of ``lookup`` and ``known``.
        access: ``item`` to read datums, ``attr`` to read the structs of ``schemas.mapping.inputs``.

    Raises:
        Misconfigured: ``mapping-invalid`` with every problem, one a line: ``file:line:column: what``, or
            ``mapping-defect``: the compiler failed.
    """
    with _Compiling(file):
        return _load(text, file, find, codes, access)


class _Compiling:
    """Makes an error of the compiler one of this mapping: others are compiled all the same."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, CorridorError):
            message = f"{self._what}: a defect of the broker: {one_line(error)}"
            raise Misconfigured("mapping-defect", message) from error


def _load(
    text: str, file: str, find: Callable[[str], Schema], codes: CodeLists, access: Access
) -> CompiledMapping:
    table, problems = read(text, file)
    document = read_document(table, problems)
    source, target = (_schema(scalar, find, problems) for scalar in (document.source, document.target))
    if source is None or target is None:
        problems.check()
        raise AssertionError("unreachable: an unknown schema is a problem")
    compiler = Compiler(document, source, target, codes, problems, access)
    for index, (name, (_, scalar)) in enumerate(document.lets.items()):
        compiler.let(name, index, scalar)
    compiler.recent = set()
    compile_state(compiler)
    state = frozenset(compiler.recent)
    compile_group(compiler)
    compile_rules(compiler)
    compiler.recent = set()
    compile_concerns(compiler)
    state |= compiler.recent
    compile_known(compiler)
    check_coverage(compiler)
    if source.fullname != CANONICAL:
        compile_unlisted(compiler)
    compile_happened(compiler)
    problems.check()
    gate = compile_gate(compiler, state)
    order = {path: place for place, path in enumerate(leaves(compiler.source_type, ()))}
    sources = {
        field: tuple(sorted(paths & order.keys(), key=order.__getitem__))
        for field, paths in compiler.sources.items()
    }
    carried = {
        (rule, pointer): frozenset(claims)
        for rule, fields in compiler.claims.items()
        for pointer, claims in fields.items()
    }
    fields = {attribute(field.name) for schema in (source, target) for _, field in schema.fields()}
    module = link(
        f"<mapping {document.name} {access}>",
        compiler.functions,
        compiler.bindings.names,
        document.name,
        CONTEXT | fields,
        sources,
        carried,
    )
    unused = tuple(
        f"`{name}` under `let` is never used" for name in document.lets if name not in compiler.used
    )
    remains = Remains(document, compiler.source_type, source.record.properties, access)
    rules = tuple(compiler.rules)
    return CompiledMapping(document, source, target, access, module, remains, rules, unused, gate)


def _schema(scalar: Scalar, find: Callable[[str], Schema], problems: Problems) -> Schema | None:
    try:
        return find(scalar.text)
    except KeyError:
        problems.add(scalar, f"no schema `{scalar.text}`")
        return None


def compile_expression(text: str, schema: Schema, codes: CodeLists | None = None) -> Callable[[Any], Any]:
    """Compile one expression over a record's datum, such as the ``key`` of a profile's ``http.yaml``.

    Raises:
        Misconfigured: ``mapping-invalid`` with what is wrong with it, or ``mapping-defect``: the compiler
            failed.
    """
    with _Compiling(f"expression `{text}`"):
        return _compile_expression(text, schema, codes)


def _compile_expression(text: str, schema: Schema, codes: CodeLists | None) -> Callable[[Any], Any]:
    problems = Problems("expression")
    function = Function("expression", ("r", "c"))
    bindings = Bindings(Emitter().bindings)
    bindings.names |= globals_of_code()
    names = Scope(root=Value("r", of_node(schema.record), True, function.root, (), ()))
    calls = library(codes or CodeLists.load())
    compiler = Expression(function, names, bindings, problems, calls, lambda _: None)
    value = compiler.compile(Scalar(text, 1, 1))
    problems.check()
    function.line(f"return {value.code if value is not None else None}")
    module = link("<expression>", [function], bindings.names, "one expression", CONTEXT)
    run = module.functions["expression"]
    return lambda datum: run(datum, MessageReport())
