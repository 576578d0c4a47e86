"""The verdict on two schemas by Apache Avro's own rules, from the `avro` package.

Its verdicts equal Avro Java's. Its messages lose order and places: reasons come
from `schemas.registry.reasons`.
"""

from __future__ import annotations

from typing import Final, cast

from avro.compatibility import (
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityResult,
    SchemaCompatibilityType,
)
from avro.errors import AvroRuntimeException
from avro.name import Names
from avro.schema import RecordSchema, make_avsc_object

from schemas.avro.lint import Json
from schemas.registry.model import Array, Enum, Field, Fixed, Map, Node, Primitive, Record, Union

_PLACEHOLDER: Final = None
"""Stands for every default: the rules ask only whether there is one."""


def can_read(reader: Node, writer: Node) -> bool:
    """Tell whether data written with one schema can be read with another."""
    try:
        checker = _Checker()  # type: ignore[no-untyped-call]
        result = checker.get_compatibility(_avro(reader), _avro(writer))
    except AvroRuntimeException:  # a field of the reader matches two fields of the writer through aliases
        return False
    return bool(result.compatibility is SchemaCompatibilityType.compatible)


class _Checker(ReaderWriterCompatibilityChecker):
    """The package's checker, which at every field has the writer make all its fields by name."""

    def check_reader_writer_record_fields(
        self, reader: RecordSchema, writer: RecordSchema, location: list[str]
    ) -> SchemaCompatibilityResult:
        """Check two records, the writer's fields by name made once."""
        once = cast(RecordSchema, _ByName(writer))
        return super().check_reader_writer_record_fields(reader, once, location)


class _ByName:
    """A record of the package whose ``fields_dict`` is made once."""

    def __init__(self, record: RecordSchema) -> None:
        self.fields_dict = record.fields_dict
        self._record = record

    def __getattr__(self, name: str) -> Json:
        return getattr(self._record, name)


def _avro(node: Node) -> Json:
    return make_avsc_object(_bare(node, set()), Names())


def _bare(node: Node, seen: set[str]) -> Json:
    """Give the JSON of a schema with nothing but what the rules look at."""
    match node:
        case Primitive():
            return node.type
        case Array():
            return {"type": "array", "items": _bare(node.items, seen)}
        case Map():
            return {"type": "map", "values": _bare(node.values, seen)}
        case Union():
            return [_bare(branch, seen) for branch in node.branches]
        case _:
            return _named(node, seen)


def _named(node: Record | Enum | Fixed, seen: set[str]) -> Json:
    if node.fullname in seen:
        return node.fullname
    seen.add(node.fullname)
    bare: dict[str, Json] = {"name": node.name, "namespace": node.namespace, "aliases": node.aliases}
    match node:
        case Record():
            return bare | {"type": "record", "fields": [_field(item, seen) for item in node.fields]}
        case Enum():
            default = {} if node.default is None else {"default": node.default}
            return bare | {"type": "enum", "symbols": node.symbols} | default
        case _:
            return bare | {"type": "fixed", "size": node.size}


def _field(item: Field, seen: set[str]) -> Json:
    bare: dict[str, Json] = {"name": item.name, "type": _bare(item.type, seen), "aliases": item.aliases}
    return bare | {"default": _PLACEHOLDER} if item.has_default else bare
