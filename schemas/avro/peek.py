"""Generates the function that reads a few fields from Avro bytes and passes over all else.

To pass over a field costs a fraction of reading it, and what lies behind the last field wanted is not looked
at. So a stage that most events do not concern finds that out without decoding them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Self

from schemas.avro.decoder import DecoderLines, number
from schemas.avro.emit import indent
from schemas.avro.schema import (
    Array,
    Datum,
    DecimalType,
    Enum,
    Fixed,
    Map,
    Nullable,
    Primitive,
    Record,
    Type,
)

Path = tuple[str, ...]
"""Names of fields from the root, through nullable records and lists of records."""

_WIDTH: Final = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_TEXT: Final = [
    "n = b[i]",
    "if n < 128: i += (n >> 1) + 1",
    "else:",
    "    n, i = READ(b, i)",
    "    i += n >> 1",
]


def peek(root: Record, paths: Iterable[Path]) -> Callable[[bytes], Datum]:
    """Return the function from body to a datum that has the fields at these paths and no others.

    It raises one of ``emit.FAILURES`` for most bytes that cannot be read; what it passes over, and whether
    there are bytes left over, goes unseen. For bodies that the broker wrote itself.
    """
    wanted = _Wanted.of(paths)
    reader = _Peek()
    lines = ["i = 0", *reader.some(root, "datum", wanted, last=True), "return datum"]
    return reader.emitter.compile("peek", ("b",), lines)


class _Wanted(dict[str, "_Wanted"]):
    """Fields of one record that are wanted; a field without any of its own is wanted whole."""

    @classmethod
    def of(cls, paths: Iterable[Path]) -> Self:
        """Make a tree of paths."""
        tree = cls()
        for path in sorted(set(paths), key=len, reverse=True):
            here: dict[str, Any] = tree
            for name in path:
                here = here.setdefault(name, cls())
            here.clear()
        return tree


class _Peek(DecoderLines):
    """Makes lines that read some of the fields."""

    def some(self, node: Record, target: str, wanted: _Wanted, *, last: bool) -> list[str]:
        """Return lines that read the wanted fields; ``last``: nothing that is wanted follows the record."""
        fields = list(node.fields)
        while last and fields and fields[-1].name not in wanted:
            fields.pop()
        lines: list[str] = []
        members = []
        for field in fields:
            if field.name not in wanted:
                lines += skip(field.type)
                continue
            value = self.emitter.temporary()
            final = last and field is fields[-1]
            lines += self._one(field.type, value, wanted[field.name], last=final)
            members.append(f"{field.name!r}: {value}")
        return [*lines, f"{target} = {{{', '.join(members)}}}"]

    def _one(self, node: Type, target: str, wanted: _Wanted, *, last: bool) -> list[str]:
        match node:
            case Record() if wanted:
                return self.some(node, target, wanted, last=last)
            case Nullable(inner=Record() as inner) if wanted:
                read = self.some(inner, target, wanted, last=last)
                return ["n = b[i]", "i += 1", f"{target} = None", "if n:", *indent(read)]
            case Array(items=Record() as items) if wanted:
                item = self.emitter.temporary()
                read = self.some(items, item, wanted, last=False)
                return self._block(target, "[]", [*read, f"{target}.append({item})"])
        return self.lines(node, target)


def skip(node: Type) -> list[str]:
    """Return lines that pass over a value of a type."""
    match node:
        case Primitive(name="int" | "long") | Enum():
            return ["while b[i] > 127: i += 1", "i += 1"]
        case Primitive(name="string" | "bytes") | DecimalType(size=None):
            return _TEXT
        case Primitive(name=name):
            return [f"i += {_WIDTH[name]}"]
        case Fixed(size=size) | DecimalType(size=size):
            return [f"i += {size}"]
        case Nullable(inner=inner):
            return ["n = b[i]", "i += 1", "if n:", *indent(skip(inner) or ["pass"])]
        case Record(fields=fields):
            return [line for field in fields for line in skip(field.type)]
        case Array(items=items):
            return _block(skip(items))
        case Map(values=values):
            return _block([*_TEXT, *skip(values)])


def _block(entry: list[str]) -> list[str]:
    return [
        *number(),
        "if n:",
        "    for _ in range(n >> 1):",
        *indent(indent(entry or ["pass"])),
        "    i += 1",
    ]
