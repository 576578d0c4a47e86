"""Reading a schema as strictly as the specification is written, in bounded time and memory.

`avro.schema.parse` lets wrong defaults and names pass and knows no forward references. Avro Java has them, so
a name may be used before its definition here too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Final

from schemas.avro.lint import PRIMITIVES, Json
from schemas.errors import Permanent
from schemas.registry.defaults import default_problem
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
    children,
)

MAX_TEXT: Final = 1 << 20
"""Longest schema text that is looked at, in characters; the lint draws its own, narrower line."""
MAX_DEPTH: Final = 64
"""Deepest nesting of types in one text."""
MAX_TYPES: Final = 20_000
"""Most types in a schema together with all its references."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = frozenset(
    {"doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases"}
)
_FIELD_RESERVED: Final = frozenset({"default", "doc", "name", "order", "type", "aliases"})
_ORDERS: Final = frozenset({"ascending", "descending", "ignore"})


class InvalidSchema(Permanent):
    """A text is not a valid Avro schema (``schema-invalid``).

    Args:
        message: what is wrong and where.
        too_large: the text is beyond what is looked at.
    """

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__("schema-invalid", message)
        self.too_large = too_large


def parse(text: str, references: Sequence[str] = ()) -> Schema:
    """Read a schema.

    Args:
        text: the schema as JSON.
        references: texts that define the named types it uses, each after the ones it needs itself.

    Raises:
        InvalidSchema: with the rule that is broken.
    """
    reader = _Reader()
    for reference in references:
        reader.read(reference)
    foreign = frozenset(reader.names)
    root = reader.read(text)
    return Schema(root, foreign)


def _load(text: str) -> Json:
    if len(text) > MAX_TEXT:
        raise InvalidSchema(f"The schema has {len(text)} characters, {MAX_TEXT} is the limit", too_large=True)
    try:
        text.encode()
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if "\\ud" in text.lower():  # an escaped half of a character
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidSchema("The schema is not valid Unicode") from error
    except RecursionError as error:
        raise InvalidSchema("The schema is nested too deeply") from error
    except ValueError as error:
        raise InvalidSchema(f"The schema is not JSON: {error}") from error
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:50]} is beyond the range of a double")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


class _Forward(Primitive):
    """Stands for a name that is used before its definition; replaced before `_Reader.read` returns."""

    __slots__ = ("namespace",)

    def __init__(self, name: str, namespace: str) -> None:
        super().__init__(name)
        self.namespace = namespace


class _Reader:
    """Reads texts one after the other into one space of names."""

    def __init__(self) -> None:
        self.names: dict[str, Node] = {}
        self._types = 0
        self._forward = False

    def read(self, text: str) -> Node:
        self._forward = False
        defaults: list[tuple[Record, Field]] = []
        self._defaults = defaults
        root = self._node(_load(text), "", 0)
        if isinstance(root, _Forward):
            root = self._resolve(root)
        if self._forward:
            self._link(root)
        for record, item in defaults:
            if problem := default_problem(item.type, item.default):
                raise InvalidSchema(f"Invalid default for field {item.name} of {record.fullname}: {problem}")
        return root

    def _node(self, value: Json, space: str, depth: int) -> Node:
        self._types += 1
        if self._types > MAX_TYPES:
            raise InvalidSchema(f"The schema has more than {MAX_TYPES} types", too_large=True)
        if depth > MAX_DEPTH:
            raise InvalidSchema(f"The schema is nested deeper than {MAX_DEPTH} types")
        if isinstance(value, str):
            return self._by_name(value, space)
        if isinstance(value, list):
            return self._union(value, space, depth)
        if isinstance(value, dict):
            return self._object(value, space, depth)
        raise InvalidSchema(f"Schema not yet supported: {json.dumps(value)[:200]}")

    def _by_name(self, name: str, space: str) -> Node:
        if name in PRIMITIVES:
            return Primitive(name)
        if (known := self._lookup(name, space)) is not None:
            return known
        _check_name(name, "type name", dotted=True)
        self._forward = True
        return _Forward(name, space)

    def _lookup(self, name: str, space: str) -> Node | None:
        if "." not in name and space and (found := self.names.get(f"{space}.{name}")):
            return found
        return self.names.get(name)

    def _object(self, value: dict[str, Json], space: str, depth: int) -> Node:
        kind = value.get("type")
        if not isinstance(kind, str):
            raise InvalidSchema(f"No type: {json.dumps(value)[:200]}")
        props = {
            k: v for k, v in value.items() if k not in _RESERVED and not (kind == "enum" and k == "default")
        }
        if kind in PRIMITIVES:
            return Primitive(kind, props)
        if kind == "array":
            return Array(self._node(_required(value, "items", "array"), space, depth + 1), props)
        if kind == "map":
            return Map(self._node(_required(value, "values", "map"), space, depth + 1), props)
        if kind in {"record", "error", "enum", "fixed"}:
            return self._named(kind, value, space, depth, props)
        return self._by_name(kind, space)

    def _union(self, values: list[Json], space: str, depth: int) -> Union:
        branches = [self._node(v, space, depth + 1) for v in values]
        seen: set[str] = set()
        for branch in branches:
            if isinstance(branch, Union):
                raise InvalidSchema("Nested union: a union may not directly contain another one")
            identity = _branch_name(branch)
            if identity in seen:
                raise InvalidSchema(f"Duplicate in union: {identity}")
            seen.add(identity)
        return Union(branches)

    def _named(
        self, kind: str, value: dict[str, Json], space: str, depth: int, props: dict[str, Json]
    ) -> Node:
        name, namespace = _full_name(value, space)
        aliases = [a if "." in a else _join(namespace, a) for a in _aliases(value)]
        doc = _optional_text(value, "doc")
        node: Record | Enum | Fixed
        if kind == "enum":
            node = Enum(name, namespace, doc, aliases, props)
            node.symbols, node.default = _symbols(value, node.fullname)
        elif kind == "fixed":
            node = Fixed(name, namespace, doc, aliases, props, size=_size(value))
        else:
            node = Record(name, namespace, doc, aliases, props, type=kind)
        if node.fullname in PRIMITIVES:
            raise InvalidSchema(f"Schemas may not be named after primitive types: {node.fullname}")
        if node.fullname in self.names:
            raise InvalidSchema(f"Can't redefine: {node.fullname}")
        self.names[node.fullname] = node
        if isinstance(node, Record):
            self._fields(node, value, depth)
        return node

    def _fields(self, record: Record, value: dict[str, Json], depth: int) -> None:
        items = value.get("fields")
        if not isinstance(items, list):
            raise InvalidSchema(f"Record {record.fullname} has no fields")
        seen: set[str] = set()
        for item in items:
            built = self._field(item, record, depth)
            if built.name in seen:
                raise InvalidSchema(f"Duplicate field {built.name} in record {record.fullname}")
            seen.add(built.name)
            record.fields.append(built)

    def _field(self, value: Json, record: Record, depth: int) -> Field:
        if not isinstance(value, dict):
            raise InvalidSchema(f"A field of {record.fullname} is not an object: {json.dumps(value)[:200]}")
        name = _check_name(value.get("name"), "field name")
        order = str(value.get("order", "ascending")).lower()
        if order not in _ORDERS:
            raise InvalidSchema(f"Field {name} of {record.fullname} has the unknown order {order[:50]!r}")
        built = Field(
            name,
            self._node(_required(value, "type", f"field {name}"), record.namespace, depth + 1),
            _optional_text(value, "doc"),
            "default" in value,
            value.get("default"),
            order,
            [_check_name(a, "alias") for a in _aliases(value)],
            {k: v for k, v in value.items() if k not in _FIELD_RESERVED},
        )
        if built.has_default:
            if isinstance(built.default, str) and getattr(built.type, "type", "") in {"float", "double"}:
                built.default = _number(built.default)
            self._defaults.append((record, built))
        return built

    def _resolve(self, forward: _Forward) -> Node:
        found = self._lookup(forward.type, forward.namespace)
        if found is None:
            raise InvalidSchema(f"Undefined name: {_join(forward.namespace, forward.type)}")
        return found

    def _link(self, root: Node) -> None:
        """Put the defined types in the places of the names that came before them."""
        seen: set[int] = set()
        waiting: list[Json] = [root]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            match node:
                case Array():
                    node.items = self._real(node.items)
                case Map():
                    node.values = self._real(node.values)
                case Union():
                    node.branches = [self._real(b) for b in node.branches]
                    _no_repeats(node)
                case Record():
                    for item in node.fields:
                        item.type = self._real(item.type)
                case _:
                    continue
            waiting.extend(children(node))

    def _real(self, node: Node) -> Node:
        return self._resolve(node) if isinstance(node, _Forward) else node


def _branch_name(branch: Node) -> str:
    if isinstance(branch, _Forward):
        return _join(branch.namespace, branch.type)
    return branch.fullname if isinstance(branch, Named) else branch.type


def _no_repeats(union: Union) -> None:
    names = [b.fullname for b in union.branches if isinstance(b, Named)]
    if len(names) != len(set(names)):
        raise InvalidSchema(f"Duplicate in union: {names[0]}")


def _join(namespace: str, name: str) -> str:
    return f"{namespace}.{name}" if namespace and "." not in name else name


def _full_name(value: dict[str, Json], space: str) -> tuple[str, str]:
    name = value.get("name")
    if not isinstance(name, str):
        raise InvalidSchema(f"No name in schema: {json.dumps(value)[:200]}")
    if "." in name:
        namespace, _, name = name.rpartition(".")
    else:
        given = value.get("namespace")
        if given is not None and not isinstance(given, str):
            raise InvalidSchema(f"The namespace of {name[:200]} is not a string")
        namespace = space if given is None else given
    _check_name(name, "name")
    if namespace:
        _check_name(namespace, "namespace", dotted=True)
    return name, namespace


def _check_name(name: Json, what: str, *, dotted: bool = False) -> str:
    if not isinstance(name, str):
        raise InvalidSchema(f"No {what}: {json.dumps(name)[:200]}")
    for part in name.split(".") if dotted else [name]:
        if not _NAME.fullmatch(part):
            raise InvalidSchema(
                f"Illegal {what} {json.dumps(name[:200])}: only letters, digits and _, no digit first"
            )
    return name


def _aliases(value: dict[str, Json]) -> Iterable[str]:
    aliases = value.get("aliases")
    if aliases is None:
        return []
    if not isinstance(aliases, list):
        raise InvalidSchema(f"Aliases are not an array: {json.dumps(aliases)[:200]}")
    return [_check_name(a, "alias", dotted=True) for a in aliases]


def _optional_text(value: dict[str, Json], key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) else None


def _required(value: dict[str, Json], key: str, what: str) -> Json:
    if value.get(key) is None:
        raise InvalidSchema(f"{what[:200]} has no {key}")
    return value[key]


def _symbols(value: dict[str, Json], name: str) -> tuple[list[str], str | None]:
    symbols = value.get("symbols")
    if not isinstance(symbols, list):
        raise InvalidSchema(f"Enum {name} has no symbols")
    checked = [_check_name(s, "enum symbol") for s in symbols]
    if len(checked) != len(set(checked)):
        raise InvalidSchema(f"Duplicate enum symbol in {name}")
    default = value.get("default")
    if default is not None and default not in checked:
        raise InvalidSchema(f"The Enum Default: {str(default)[:200]} is not in the enum symbol set of {name}")
    return checked, default


def _size(value: dict[str, Json]) -> int:
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 1 << 31:
        raise InvalidSchema(f"Invalid or no size: {json.dumps(value)[:200]}")
    return size


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
