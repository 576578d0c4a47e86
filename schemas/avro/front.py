"""Reads the front of a body: the fields before the first that may be long.

Successive versions of a document differ in front and share the long rest. So most of what changed is found
without reading the rest at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from schemas.avro.decoder import Reader
from schemas.avro.peek import skip
from schemas.avro.schema import Array, Datum, Record, Type, bare


class Front:
    """The front of the bodies of one record type.

    Args:
        root: the type.

    Attributes:
        names: of the fields in front: those before the first list of records that hold lists themselves.
    """

    def __init__(self, root: Record) -> None:
        long = next((place for place, field in enumerate(root.fields) if _long(field.type)), len(root.fields))
        fields = root.fields[:long]
        self.names: Final = tuple(field.name for field in fields)
        reader = Reader()
        front = Record(root.fullname, fields)
        lines = ["i = 0", *reader.lines(front, "datum"), "return datum, i"]
        self._read: Callable[[bytes], tuple[Datum, int]] = reader.emitter.compile("front", ("b",), lines)
        lines = ["i = 0", *(line for field in fields for line in skip(field.type)), "return i"]
        self._end: Callable[[bytes], int] = reader.emitter.compile("end", ("b",), lines)

    def before(self, old: bytes, new: bytes) -> Any | None:  # noqa: ANN401 - a datum
        """The fields in front of an old body whose other fields are the same in a new one.

        Both are bodies that the broker wrote. None: more than the front differs.
        """
        datum, at = self._read(old)
        return datum if old[at:] == new[self._end(new) :] else None


def _long(kind: Type) -> bool:
    node = bare(kind)
    item = bare(node.items) if isinstance(node, Array) else None
    return isinstance(item, Record) and any(isinstance(bare(field.type), Array) for field in item.fields)
