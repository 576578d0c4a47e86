"""An Avro schema, parsed once into small immutable nodes.

The mapping compiler, the encoder and the JSON form walk these nodes; nothing looks at the JSON text again.
Unions are ``["null", T]`` only and become ``Nullable``; any other union is refused (the registry stores such
schemas, the broker does not translate with them).
"""

from __future__ import annotations

import decimal
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import fastavro

from schemas.avro.lint import PRIMITIVES, Json, full_name, require_safe
from schemas.errors import CorridorError, Invalid

_LOGICAL: Final = {
    "uuid": "string",
    "date": "int",
    "time-millis": "int",
    "time-micros": "long",
    "timestamp-millis": "long",
    "timestamp-micros": "long",
    "local-timestamp-millis": "long",
    "local-timestamp-micros": "long",
}
_FIELD_KEYS: Final = frozenset({"name", "type", "doc", "default", "order", "aliases"})
_TYPE_KEYS: Final = _FIELD_KEYS | {
    *("namespace", "fields", "symbols", "size", "items", "values", "logicalType", "precision", "scale")
}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
Datum = Any
"""A plain Python value in the form of ``docs/architecture.md``, section Values."""


class _Missing:
    """The type of ``MISSING``."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Stands for the default of a field that has none (``None`` is a default)."""


@dataclass(frozen=True, slots=True)
class Primitive:
    """``null``, ``boolean``, ``int``, ``long``, ``float``, ``double``, ``bytes`` or ``string``.

    ``logical`` is the logical type, ``None`` when there is none or it does not fit the type.
    """

    name: str
    logical: str | None = None


@dataclass(frozen=True, slots=True)
class DecimalType:
    """``decimal`` over bytes (``size`` is ``None``) or over a fixed of ``size`` bytes."""

    precision: int
    scale: int
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Enum:
    """A named list of symbols; a datum is the symbol."""

    fullname: str
    symbols: tuple[str, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Fixed:
    """``size`` bytes."""

    fullname: str
    size: int


@dataclass(frozen=True, slots=True)
class Array:
    """A list of ``items``."""

    items: Type


@dataclass(frozen=True, slots=True)
class Map:
    """Text keys to ``values``."""

    values: Type


@dataclass(frozen=True, slots=True)
class Nullable:
    """``["null", inner]``."""

    inner: Type


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record.

    ``default`` is a datum (not the schema's JSON), or ``MISSING``. ``properties`` are the custom ones, such
    as ``itemKey`` or ``unit``.
    """

    name: str
    type: Type
    doc: str = ""
    default: Datum = field(default=MISSING, compare=False)
    properties: Mapping[str, Json] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Record:
    """Fields in the order in which Avro writes them."""

    fullname: str
    fields: tuple[Field, ...]
    doc: str = ""
    properties: Mapping[str, Json] = field(default_factory=dict, compare=False)

    def field(self, name: str) -> Field:
        """Return the field of this name; ``KeyError`` when there is none."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)


Type = Primitive | DecimalType | Enum | Fixed | Array | Map | Nullable | Record


def bare(node: Type) -> Type:
    """Return the type without ``Nullable`` around it."""
    return node.inner if isinstance(node, Nullable) else node


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A safe, parsed schema, equal to itself only: what is compiled of it is kept by it.

    Attributes:
        text: the JSON text it was parsed from.
        references: texts of the schemas whose names it uses, in order of dependence.
        root: its type; for everything that travels in the log a ``Record``.
    """

    text: str
    references: tuple[str, ...]
    root: Type

    @classmethod
    def parse(cls, text: str, references: Sequence[str] = ()) -> Schema:
        """Parse a schema that others wrote.

        Args:
            text: JSON text of the schema.
            references: JSON texts of the schemas whose names it uses, in order of dependence.

        Raises:
            Invalid: ``schema-unsafe`` for what the lint refuses and for unions other than ``["null", T]``,
                ``schema-invalid`` for what is not Avro.
        """
        require_safe(text, references)
        names: dict[str, Any] = {}
        known: dict[str, Type] = {}
        for source in (*references, text):
            raw = json.loads(source)
            try:
                fastavro.parse_schema(raw, named_schemas=names)
                root = _Builder(known).build(raw, "", "")
            except CorridorError:
                raise
            except Exception as error:  # of what is no schema, fastavro raises whatever it stumbles over
                rule = f"not an Avro schema: {type(error).__name__}: {error}"
                raise Invalid("schema-invalid", "", rule) from error
        return cls(text, tuple(references), root)

    @property
    def record(self) -> Record:
        """The root, which must be a record: ``TypeError`` otherwise."""
        if not isinstance(self.root, Record):
            raise TypeError("the root of the schema is not a record")
        return self.root

    @property
    def fullname(self) -> str:
        """Full name of the root record, empty when the root has no name."""
        return getattr(self.root, "fullname", "")

    def at(self, path: str) -> Field:
        """Return the field at a dotted path, through nullables, arrays and maps.

        Raises:
            KeyError: the first step that leads nowhere.
        """
        node: Type = self.root
        found: Field | None = None
        for name in path.split("."):
            node = _through(node)
            if not isinstance(node, Record):
                raise KeyError(name)
            found = node.field(name)
            node = found.type
        assert found is not None  # noqa: S101 - split never gives an empty list
        return found

    def fields(self) -> Iterator[tuple[str, Field]]:
        """Yield every field with its dotted path, parents first."""
        yield from _fields(self.root, "")


def _through(node: Type) -> Type:
    while not isinstance(node, Record):
        if isinstance(node, Nullable):
            node = node.inner
        elif isinstance(node, Array):
            node = node.items
        elif isinstance(node, Map):
            node = node.values
        else:
            break
    return node


def _fields(node: Type, prefix: str) -> Iterator[tuple[str, Field]]:
    node = _through(node)
    if isinstance(node, Record):
        for member in node.fields:
            path = prefix + member.name
            yield path, member
            yield from _fields(member.type, path + ".")


class _Builder:
    """Turns the JSON of a schema into nodes; ``known`` has the named types so far."""

    def __init__(self, known: dict[str, Type]) -> None:
        self.known = known

    def build(self, raw: Json, namespace: str, pointer: str) -> Type:
        if isinstance(raw, str):
            return Primitive(raw) if raw in PRIMITIVES else self.known[full_name(raw, namespace)]
        if isinstance(raw, list):
            if len(raw) != 2 or raw[0] != "null" or raw[1] == "null":
                raise Invalid("schema-unsafe", pointer, 'unions are ["null", T] only', json.dumps(raw))
            return Nullable(self.build(raw[1], namespace, f"{pointer}/1"))
        kind = raw["type"]
        if isinstance(kind, dict | list):
            return self.build(kind, namespace, f"{pointer}/type")
        if kind == "array":
            return Array(self.build(raw["items"], namespace, f"{pointer}/items"))
        if kind == "map":
            return Map(self.build(raw["values"], namespace, f"{pointer}/values"))
        if kind in ("record", "error", "enum", "fixed"):
            return self._named(kind, raw, namespace, pointer)
        return _logical(kind, raw) if kind in PRIMITIVES else self.known[full_name(kind, namespace)]

    def _named(self, kind: str, raw: dict[str, Json], namespace: str, pointer: str) -> Type:
        fullname = full_name(raw["name"], raw.get("namespace", namespace))
        for part in fullname.split("."):
            _require_name(part, f"{pointer}/name")
        node: Type
        if kind == "enum":
            node = Enum(fullname, tuple(raw["symbols"]), raw.get("doc", ""))
        elif kind == "fixed":
            size = raw["size"]
            if type(size) is not int or size < 0:
                raise Invalid(
                    "schema-invalid", f"{pointer}/size", "the size of a fixed is a number of bytes", size
                )
            node = _decimal(raw, size) or Fixed(fullname, size)
        else:
            inside = fullname.rpartition(".")[0]
            fields = tuple(
                self._field(member, inside, f"{pointer}/fields/{index}")
                for index, member in enumerate(raw["fields"])
            )
            node = Record(fullname, fields, raw.get("doc", ""), _properties(raw, _TYPE_KEYS))
        self.known[fullname] = node
        return node

    def _field(self, raw: dict[str, Json], namespace: str, pointer: str) -> Field:
        _require_name(raw["name"], f"{pointer}/name")
        node = self.build(raw["type"], namespace, f"{pointer}/type")
        default = MISSING
        if "default" in raw:
            try:
                default = _datum(node, raw["default"])
            except (TypeError, ValueError, LookupError, AttributeError) as error:
                rule = "the default is not of the field's type"
                raise Invalid("schema-invalid", f"{pointer}/default", rule, raw["default"]) from error
        return Field(raw["name"], node, raw.get("doc", ""), default, _properties(raw, _FIELD_KEYS))


def _require_name(name: Json, pointer: str) -> None:
    """Refuse what is no name (Avro 1.12, Names): names become names of generated code."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Invalid("schema-invalid", pointer, "a name is letters, digits and _, no digit first", name)


def _properties(raw: dict[str, Json], standard: frozenset[str]) -> Mapping[str, Json]:
    return MappingProxyType({key: value for key, value in raw.items() if key not in standard})


def _logical(kind: str, raw: dict[str, Any]) -> Type:
    logical = raw.get("logicalType")
    if kind == "bytes":
        return _decimal(raw, None) or Primitive(kind)
    return Primitive(kind, logical if _LOGICAL.get(str(logical)) == kind else None)


def _decimal(raw: dict[str, Json], size: int | None) -> DecimalType | None:
    if raw.get("logicalType") != "decimal":
        return None
    precision, scale = raw["precision"], raw.get("scale", 0)
    if type(precision) is not int or type(scale) is not int:
        raise Invalid(
            "schema-invalid", "", "precision and scale of a decimal are whole numbers", [precision, scale]
        )
    return DecimalType(precision, scale, size)


def _datum(node: Type, value: Json) -> Datum:
    """Turn the JSON of a default into a datum (Avro 1.12, Complex Types, field defaults)."""
    match node:
        case Nullable():
            if value is not None:
                raise ValueError('the default of ["null", T] is null')
            return None
        case Record():
            given = {f.name: _datum(f.type, value[f.name]) for f in node.fields if f.name in value}
            return {f.name: given.get(f.name, f.default) for f in node.fields}
        case Array():
            return [_datum(node.items, item) for item in value]
        case Map():
            return {key: _datum(node.values, item) for key, item in value.items()}
        case Fixed():
            return value.encode("latin-1")
        case DecimalType():
            unscaled = int.from_bytes(value.encode("latin-1"), "big", signed=True)
            return decimal.Decimal(unscaled).scaleb(-node.scale)
        case Enum():
            return node.symbols[node.symbols.index(value)]
        case _:
            return _primitive_default(node.name, value)


def _primitive_default(name: str, value: Json) -> Datum:
    if name == "bytes":
        return value.encode("latin-1")
    if name in ("float", "double"):
        return float(value)
    wanted: dict[str, type] = {"null": type(None), "boolean": bool, "int": int, "long": int, "string": str}
    if type(value) is not wanted[name]:
        raise TypeError(f"expected {name}")
    return value
