"""Tells which fields of two bodies differ, and reads only those of the old one.

Successive versions of a document are alike in most of their fields. An encoding ends where its type says, so
a field is the same where the old body goes on with the very bytes of the new one's field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from schemas.avro.decoder import DecoderLines
from schemas.avro.peek import skip
from schemas.avro.schema import Datum, Record, Type


class Differing:
    """Compares the bodies of one record type.

    Args:
        root: the type.
    """

    def __init__(self, root: Record) -> None:
        self._fields: Final = [(field.name, _reader(field.type)) for field in root.fields]
        lines = ["i = 0"]
        for place, field in enumerate(root.fields):
            lines += [*skip(field.type), f"i_{place} = i"]
        lines.append(f"return ({''.join(f'i_{place}, ' for place in range(len(root.fields)))})")
        self._ends: Callable[[bytes], tuple[int, ...]] = DecoderLines().emitter.compile("ends", ("b",), lines)

    def before(self, old: bytes, new: bytes) -> dict[str, Any]:
        """The fields of an old body that are written otherwise in a new one.

        Both are bodies that the broker wrote.
        """
        found: dict[str, Any] = {}
        start = at = 0
        for (name, read), end in zip(self._fields, self._ends(new), strict=True):
            if old.startswith(new[start:end], at):
                at += end - start
            else:
                found[name], at = read(old, at)
            start = end
        return found


def _reader(kind: Type) -> Callable[[bytes, int], tuple[Datum, int]]:
    reader = DecoderLines()
    lines = [*reader.lines(kind, "datum"), "return datum, i"]
    read: Callable[[bytes, int], tuple[Datum, int]] = reader.emitter.compile("read", ("b", "i"), lines)
    return read
