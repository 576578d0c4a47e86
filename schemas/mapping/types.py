"""What the compiler knows of a value before any message comes.

Its kind, whether it may be null, its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from schemas.avro import schema as avro

Kind = Literal["text", "int", "decimal", "float", "bool", "bytes", "enum", "list", "map", "record", "null"]
Access = Literal["item", "attr"]
"""How a record's fields are read: ``x["f"]`` of a datum, or ``x.f`` of a struct or context object."""


@dataclass(frozen=True)
class Type:
    """The static type of a value.

    ``item`` is the item of a list or map, ``fields`` are a record's in schema order. A ``timestamp-millis``
    is an ``int`` of UTC milliseconds, a ``date`` an ``int`` of days. ``node`` is the schema's node for what
    comes from a schema or goes to one.
    """

    kind: Kind
    nullable: bool = False
    name: str = ""
    symbols: tuple[str, ...] = ()
    item: Type | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    access: Access = "item"
    scale: int = 0
    logical: str = ""
    node: avro.Type | None = field(default=None, compare=False, repr=False)

    def or_null(self, nullable: bool = True) -> Type:
        """The same type, with null allowed when ``nullable``; null is never taken away."""
        return replace(self, nullable=True) if nullable and not self.nullable else self

    def not_null(self) -> Type:
        """The same type without null."""
        return replace(self, nullable=False) if self.nullable else self

    def __str__(self) -> str:
        word: str = self.kind
        if self.kind == "enum":
            word = f"one of {'|'.join(self.symbols[:6])}{'|…' if len(self.symbols) > 6 else ''}"
        elif self.kind == "record":
            word = f"record {self.name}" if self.name else "record"
        elif self.item:
            word = f"{self.kind} of {self.item}"
        elif self.logical:
            word = f"{self.kind} ({self.logical})"
        return f"{word}{' or null' if self.nullable and self.kind != 'null' else ''}"


@dataclass(frozen=True)
class Field:
    """One field of a record; ``default`` is a datum, or ``avro.MISSING``."""

    name: str
    type: Type
    default: Any = avro.MISSING
    properties: Mapping[str, Any] = field(default_factory=dict)


TEXT = Type("text")
UUID = Type("text", logical="uuid")
INT = Type("int")
INSTANT = Type("int", logical="timestamp-millis")
DAY = Type("int", logical="date")
DECIMAL = Type("decimal")
BOOL = Type("bool")
NULL = Type("null", nullable=True)

_PRIMITIVES: Mapping[str, Kind] = {
    "null": "null",
    "boolean": "bool",
    "int": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "bytes": "bytes",
    "string": "text",
}


def of_node(node: avro.Type, access: Access = "item") -> Type:
    """The type of a schema's node; records in it are read by ``access``."""
    match node:
        case avro.Nullable(inner=inner):
            return replace(of_node(inner, access), nullable=True, node=node)
        case avro.Record():
            fields = {
                f.name: Field(f.name, of_node(f.type, access), f.default, f.properties) for f in node.fields
            }
            return Type("record", name=node.fullname, fields=fields, access=access, node=node)
        case avro.Array(items=items):
            return Type("list", item=of_node(items, access), node=node)
        case avro.Map(values=values):
            return Type("map", item=of_node(values, access), node=node)
        case avro.Enum():
            return Type("enum", name=node.fullname, symbols=node.symbols, node=node)
        case avro.DecimalType():
            return Type("decimal", scale=node.scale, node=node)
        case avro.Fixed():
            return Type("bytes", name=node.fullname, node=node)
        case avro.Primitive():
            kind = _PRIMITIVES[node.name]
            return Type(kind, nullable=kind == "null", logical=node.logical or "", node=node)


def record_of(fields: Mapping[str, Type], name: str = "", access: Access = "item") -> Type:
    """A record type that comes from no schema: context objects, registers, kept facts."""
    return Type("record", name=name, fields={n: Field(n, t) for n, t in fields.items()}, access=access)
