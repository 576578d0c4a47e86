"""A schema as text: Avro Java's ``Schema.toString()`` and Confluent's normal form, byte for byte.

Neither is the Parsing Canonical Form of the specification: that drops defaults, documentation and logical
types, so that it is no identity of a schema.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from schemas.avro.lint import PRIMITIVES, Json
from schemas.registry.model import (
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Named,
    Node,
    Primitive,
    Record,
    Schema,
    Union,
)

_TYPE_WORDS: Final = PRIMITIVES | {"record", "enum", "array", "map", "union", "fixed"}


def canonical(schema: Schema) -> str:
    """Give the text under which the registry stores a schema.

    White space is gone, attributes have Java's order, ``{"type":"string"}`` is ``"string"``, and a namespace
    is printed only where it differs from the one around. Types of references are names only.
    """
    return _Printer(set(schema.foreign)).node(schema.root, "")


def self_contained(schema: Schema) -> str:
    """Give the canonical text with the types of all references inlined where they are first used."""
    return _Printer(set()).node(schema.root, "")


def normalized(schema: Schema) -> str:
    """Give the canonical text after sorting what has no order: other attributes, and aliases."""
    return _Printer(set(schema.foreign), order=sorted).node(schema.root, "")


class _Printer:
    """Prints a graph; a named type is printed whole where it is first met."""

    def __init__(self, printed: set[str], order: Callable[[Iterable[str]], list[str]] = list) -> None:
        self._printed = printed
        self._order = order

    def node(self, node: Node, space: str) -> str:
        match node:
            case Primitive():
                if not node.props:
                    return json_text(node.type)
                return _object([("type", json_text(node.type)), *self._props(node.props)])
            case Array():
                inner = ("items", self.node(node.items, space))
            case Map():
                inner = ("values", self.node(node.values, space))
            case Union():
                return "[" + ",".join(self.node(branch, space) for branch in node.branches) + "]"
            case _:
                return self._named(node, space)
        return _object([("type", json_text(node.type)), inner, *self._props(node.props)])

    def _named(self, node: Record | Enum | Fixed, space: str) -> str:
        if node.fullname in self._printed:
            return json_text(_qualified(node, space))
        self._printed.add(node.fullname)
        parts = [("type", json_text(node.type)), ("name", json_text(node.name))]
        if node.namespace != space:
            parts.append(("namespace", json_text(node.namespace)))
        if node.doc is not None:
            parts.append(("doc", json_text(node.doc)))
        match node:
            case Record():
                fields = ",".join(self._field(item, node.namespace) for item in node.fields)
                parts.append(("fields", f"[{fields}]"))
            case Enum():
                parts.append(("symbols", json_text(node.symbols)))
                if node.default is not None:
                    parts.append(("default", json_text(node.default)))
            case Fixed():
                parts.append(("size", str(node.size)))
        parts.extend(self._props(node.props))
        if node.aliases:
            parts.append(
                ("aliases", json_text(self._order([_relative(a, node.namespace) for a in node.aliases])))
            )
        return _object(parts)

    def _field(self, item: Field, space: str) -> str:
        parts = [("name", json_text(item.name)), ("type", self.node(item.type, space))]
        if item.doc is not None:
            parts.append(("doc", json_text(item.doc)))
        if item.has_default:
            parts.append(("default", json_text(item.default)))
        if item.order != "ascending":
            parts.append(("order", json_text(item.order)))
        if item.aliases:
            parts.append(("aliases", json_text(self._order(item.aliases))))
        return _object([*parts, *self._props(item.props)])

    def _props(self, props: dict[str, Json]) -> list[tuple[str, str]]:
        return [(key, json_text(props[key])) for key in self._order(props)]


def json_text(value: Json) -> str:
    """Give a JSON value as Jackson prints it: no white space, escapes only where needed, Java's doubles."""
    match value:
        case str():
            return _quoted(value)
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case int():
            return str(value)
        case float():
            return _double(value)
        case list() | tuple():
            return "[" + ",".join(json_text(v) for v in value) + "]"
        case dict():
            return _object([(str(k), json_text(v)) for k, v in value.items()])
    raise TypeError(f"not a JSON value: {type(value).__name__}")


def _object(parts: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{_quoted(key)}:{value}" for key, value in parts) + "}"


_ESCAPES: Final = {c: f"\\u{c:04X}" for c in range(32)} | {
    ord(c): json.dumps(c)[1:-1] for c in '"\\\b\t\n\f\r'
}


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _double(value: float) -> str:
    """Print as Java's ``Double.toString``: ``1.0E10``, ``1.0E-4``, ``100.0``."""
    if not math.isfinite(value):
        return {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}[repr(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    figures = "".join(map(str, digits)).rstrip("0")
    power = int(exponent) + len(digits) - 1
    return f"{'-' * sign}{figures[0]}.{figures[1:] or '0'}E{power}"


def _qualified(node: Named, space: str) -> str:
    if node.namespace == space and node.name not in _TYPE_WORDS:
        return node.name
    return node.fullname


def _relative(alias: str, namespace: str) -> str:
    space, _, name = alias.rpartition(".")
    return name if space == namespace and name not in _TYPE_WORDS else alias
