"""Generates the function that reads a datum from Avro bytes.

Generated lines keep the position in ``i`` and leave each value in a variable of its own. They read what our
encoder writes and nothing more: one block per array, positions that only grow, an error as soon as the bytes
end. So time and memory are linear in the body, whatever it holds. That the body is canonical is for the
caller to prove.
"""

from __future__ import annotations

import decimal
import struct
from collections.abc import Callable
from typing import Any, Final

from schemas.avro.emit import Emitter, exact_context, indent
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


def _varint(body: bytes, start: int) -> tuple[int, int]:
    """Read a number of two bytes or more; return it, still in zigzag form, and the position behind it.

    The highest bit of every byte but the last is taken off when the next one is there.
    """
    byte = body[start + 1]
    value = body[start] - 128 + (byte << 7)
    if byte < 128:
        return value, start + 2
    byte = body[start + 2]
    value += (byte - 1) << 14
    if byte < 128:
        return value, start + 3
    at, shift = start + 3, 21
    while byte > 127:
        byte = body[at]
        value += (byte - 1) << shift
        shift += 7
        at += 1
        if shift > 70:
            raise OverflowError("a number has at most ten bytes")
    return value, at


_RUNTIME: Final[dict[str, Any]] = {
    "READ": _varint,
    "FLOAT": struct.Struct("<f").unpack_from,
    "DOUBLE": struct.Struct("<d").unpack_from,
    "BOOLEANS": {0: False, 1: True},
    "INTEGER": int.from_bytes,
}


def decoder(root: Type) -> Callable[[bytes], Datum]:
    """Return the function from body to datum for a type.

    The function raises one of ``emit.FAILURES`` for bytes that it cannot read, and for bytes left over.
    """
    reader = DecoderLines()
    lines = [
        "i = 0",
        *reader.lines(root, "datum"),
        "if i != len(b): raise ValueError('length')",
        "return datum",
    ]
    return reader.emitter.compile("decode", ("b",), lines)


class DecoderLines:
    """Makes the lines that read a value of each kind of type."""

    def __init__(self) -> None:
        self.emitter = Emitter()
        self.emitter.bindings = dict(_RUNTIME)

    def lines(self, node: Type, target: str) -> list[str]:
        """Return lines that read a value of this type into variable ``target``."""
        match node:
            case Primitive():
                return self._primitive(node, target)
            case DecimalType():
                return self._decimal(node, target)
            case Enum():
                return self._enum(node, target)
            case Fixed():
                return self._slice(f"i + {node.size}", target, target)
            case Array():
                item = self.emitter.temporary()
                return self._block(target, "[]", [*self.lines(node.items, item), f"{target}.append({item})"])
            case Map():
                key, value = self.emitter.temporary(), self.emitter.temporary()
                entry = [*self._text(key), *self.lines(node.values, value), f"{target}[{key}] = {value}"]
                return self._block(target, "{}", entry)
            case Nullable():
                return [
                    "n = b[i]",
                    "i += 1",
                    f"if not n: {target} = None",
                    "elif n == 2:",
                    *indent(self.lines(node.inner, target)),
                    "else: raise ValueError('branch')",
                ]
            case Record():
                return self._record(node, target)

    def _primitive(self, node: Primitive, target: str) -> list[str]:
        match node.name:
            case "null":
                return [f"{target} = None"]
            case "boolean":
                return [f"{target} = BOOLEANS[b[i]]", "i += 1"]
            case "float":
                return [f"{target} = FLOAT(b, i)[0]", "i += 4"]
            case "double":
                return [f"{target} = DOUBLE(b, i)[0]", "i += 8"]
            case "string":
                return self._text(target)
            case "bytes":
                return [*number(), *self._slice("i + (n >> 1)", target, target)]
            case _:
                return [*number(), f"{target} = n >> 1 ^ -(n & 1)"]

    def _text(self, target: str) -> list[str]:
        return [*number(), "j = i + (n >> 1)", f"{target} = b[i:j].decode()", "i = j"]

    def _slice(self, end: str, target: str, value: str) -> list[str]:
        """Return lines for ``value``, an expression of the bytes up to ``end``, which are in ``target``."""
        check = "if j > len(b): raise IndexError"
        lines = [f"j = {end}", check, f"{target} = b[i:j]", "i = j"]
        return lines if value == target else [*lines, f"{target} = {value}"]

    def _decimal(self, node: DecimalType, target: str) -> list[str]:
        context = self.emitter.bind("CONTEXT", exact_context(node))
        make = self.emitter.bind("DECIMAL", decimal.Decimal)
        value = f"{make}(INTEGER({target}, 'big', signed=True)).scaleb(-{node.scale}, {context})"
        if node.size is not None:
            return self._slice(f"i + {node.size}", target, value)
        return [*number(), *self._slice("i + (n >> 1)", target, value)]

    def _enum(self, node: Enum, target: str) -> list[str]:
        symbols = self.emitter.bind(
            "SYMBOLS", {index << 1: symbol for index, symbol in enumerate(node.symbols)}
        )
        return [*number(), f"{target} = {symbols}[n]"]

    def _block(self, target: str, empty: str, entry: list[str]) -> list[str]:
        return [
            f"{target} = {empty}",
            *number(),
            "if n:",
            "    for _ in range(n >> 1):",
            *indent(indent(entry)),
            "    if b[i]: raise ValueError('blocks')",
            "    i += 1",
        ]

    def _record(self, node: Record, target: str) -> list[str]:
        lines: list[str] = []
        members: list[str] = []
        for field in node.fields:
            value = self.emitter.temporary()
            lines += self.lines(field.type, value)
            members.append(f"{field.name!r}: {value}")
        return [*lines, f"{target} = {{{', '.join(members)}}}"]


def number() -> list[str]:
    """Return lines that read a number into ``n``, still in zigzag form."""
    return ["n = b[i]", "if n < 128: i += 1", "else: n, i = READ(b, i)"]
