"""An Avro schema as a graph: named types are single objects, wherever and however often they are used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from schemas.avro.lint import Json

Props = dict[str, Json]
"""Attributes that Avro gives no meaning, in input order; logical types are among them."""


@dataclass(slots=True, eq=False)
class Primitive:
    """One of the eight primitive types."""

    type: str
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Array:
    """An array."""

    items: Node
    props: Props = field(default_factory=dict)
    type: str = "array"


@dataclass(slots=True, eq=False)
class Map:
    """A map with string keys."""

    values: Node
    props: Props = field(default_factory=dict)
    type: str = "map"


@dataclass(slots=True, eq=False)
class Union:
    """A union; never inside another one."""

    branches: list[Node]
    type: str = "union"
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Named:
    """What record, enum and fixed have in common.

    Attributes:
        name: simple name.
        namespace: ``""`` for none.
        aliases: full names.
    """

    name: str
    namespace: str
    doc: str | None = None
    aliases: list[str] = field(default_factory=list)
    props: Props = field(default_factory=dict)
    type: str = ""

    @property
    def fullname(self) -> str:
        """Name with namespace."""
        return f"{self.namespace}.{self.name}" if self.namespace else self.name


@dataclass(slots=True, eq=False)
class Field:
    """A field of a record; ``has_default`` tells a default of null from none."""

    name: str
    type: Node
    doc: str | None = None
    has_default: bool = False
    default: Json = None
    order: str = "ascending"
    aliases: list[str] = field(default_factory=list)
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Record(Named):
    """A record, or the ``error`` of a protocol."""

    type: str = "record"
    fields: list[Field] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Enum(Named):
    """An enumeration."""

    type: str = "enum"
    symbols: list[str] = field(default_factory=list)
    default: str | None = None


@dataclass(slots=True, eq=False)
class Fixed(Named):
    """Bytes of a fixed number."""

    type: str = "fixed"
    size: int = 0


Node = Primitive | Array | Map | Union | Record | Enum | Fixed


@dataclass(slots=True, eq=False)
class Schema:
    """A schema that was read.

    Attributes:
        root: its type.
        foreign: full names of the types that its references define; they are printed by name only.
    """

    root: Node
    foreign: frozenset[str] = frozenset()


def children(node: Node) -> Iterator[Node]:
    """Give the types directly inside a type."""
    match node:
        case Array():
            yield node.items
        case Map():
            yield node.values
        case Union():
            yield from node.branches
        case Record():
            for item in node.fields:
                yield item.type
        case _:
            return
