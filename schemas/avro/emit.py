"""Generates straight-line Python that appends the Avro encoding of a value to a bytearray.

The encoder is the hot path of a translation, so nothing about the schema is looked up per record: every field
becomes a few lines of its own. Names in generated code: ``b`` is the bytearray, ``_1``, ``_2``, … are
temporaries, all else is upper case and bound in ``Emitter.bindings``.

How a compiler uses it::

    emitter = Emitter()
    lines = []
    for field in schema.record.fields:
        if field.name == "version":
            lines += emitter.constant(field.type, 1)             # known now: becomes a literal
        else:
            lines += emitter.encode(field.type, f"row.{field.name}")
    body = ["b = bytearray()", *fold(lines), "return bytes(b)"]
    to_bytes = emitter.compile("to_bytes", ("row",), body)

``encode`` gives lines without indentation of their own, so they can stand in any block; ``indent`` adds a
level and ``fold`` merges literals. The expression is evaluated exactly once and must give a
datum of the field's type. Lines for a value that does not fit raise one of ``FAILURES`` and leave ``b`` half
written: throw it away, then ask ``schemas.avro.violation.explain(node, value, pointer)`` for the error that
names the place.
"""

from __future__ import annotations

import ast
import decimal
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from schemas.avro import generated
from schemas.avro.schema import (
    MISSING,
    Array,
    Datum,
    DecimalType,
    Enum,
    Field,
    Fixed,
    Map,
    Nullable,
    Primitive,
    Record,
    Type,
)
from schemas.avro.violation import explain

FAILURES: Final = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, struct.error)
"""What generated code raises for a value that does not fit its type."""

_NULL: Final = b"\x00"
_PRESENT: Final = b"\x02"
_LITERAL: Final = re.compile(r"""^( *)b \+= (b'.*'|b".*")$""")


def _groups(number: int) -> bytes:
    """Encode seven bits a byte, the lowest first; every byte but the last has its highest bit set."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_HEAD: Final = tuple(bytes((number & 127 | 128, number >> 7 | 128)) for number in range(16384))
_TAIL: Final = tuple(map(_groups, range(16384)))


def varint(value: int, bits: int = 64) -> bytes:
    """Encode an integer as Avro's int or long: ``bits`` is 32 or 64.

    Raises:
        OverflowError: it does not fit into ``bits`` bits.
    """
    zigzag = value << 1 if value >= 0 else ~(value << 1)
    if zigzag < 16384:
        return _TAIL[zigzag]
    if zigzag < 268435456:
        return _HEAD[zigzag & 16383] + _TAIL[zigzag >> 14]
    if zigzag >> bits:
        raise OverflowError(f"{value} does not fit into {bits} bits")
    return _groups(zigzag)


def _small() -> tuple[bytes, ...]:
    """Every integer of one or two bytes, indexed by itself: negative ones from the end."""
    return tuple(varint(value if value < 8192 else value - 16384) for value in range(16384))


SMALL: Final = _small()
_RUNTIME: Final[dict[str, Any]] = {
    "SMALL": SMALL,
    "SMALL_PRESENT": tuple(_PRESENT + encoded for encoded in SMALL),
    "HEAD": _HEAD,
    "TAIL": _TAIL,
    "VARINT": varint,
    "FLOAT": struct.Struct("<f").pack,
    "DOUBLE": struct.Struct("<d").pack,
}


def exact_context(node: DecimalType) -> decimal.Context:
    """Return the context in which ``scaleb(scale)`` raises for what has more digits than the precision."""
    return decimal.Context(
        prec=node.precision,
        Emax=node.precision - 1,
        Emin=decimal.MIN_EMIN,
        traps=[decimal.Inexact, decimal.Overflow, decimal.InvalidOperation],
    )


def fold(lines: Iterable[str]) -> list[str]:
    """Merge literals that are appended one after the other into one."""
    folded: list[str] = []
    for line in lines:
        this = _LITERAL.match(line)
        last = _LITERAL.match(folded[-1]) if folded else None
        if this and last and this[1] == last[1]:
            folded[-1] = f"{this[1]}b += {ast.literal_eval(last[2]) + ast.literal_eval(this[2])!r}"
        else:
            folded.append(line)
    return folded


def indent(lines: Iterable[str]) -> list[str]:
    """Indent by one level."""
    return [f"    {line}" for line in lines]


class Emitter:
    """Makes lines of code and collects what they are bound to.

    Subclasses read other forms than datums: they override ``absent``, ``member`` and the leaf expressions.

    Attributes:
        bindings: name to object, the globals that the lines need.
        attributes: names of struct fields that the lines read.
        absent: name to object, what stands for the null of a nullable.
    """

    absent: ClassVar[dict[str, Any]] = {"None": None}

    def __init__(self) -> None:
        self.bindings: dict[str, Any] = dict(_RUNTIME)
        self.attributes: set[str] = set()
        self._count = 0

    def encode(self, node: Type, expression: str) -> list[str]:
        """Return lines that append the encoding of ``expression``, a datum of type ``node``."""
        return self._encode(node, _atom(expression), b"")

    def constant(self, node: Type, value: Datum) -> list[str]:
        """Return a line that appends the encoding of a value known now.

        Raises:
            Invalid: ``schema-violation`` when the value is not of the type.
        """
        if value is None and isinstance(node, Nullable):
            return ["b += b'\\x00'"]
        return [f"b += {self.encoded(node, {None: value})[None]!r}"]

    def encoded(self, node: Type, values: Mapping[Any, Datum]) -> dict[Any, bytes]:
        """Return the encodings of values known now, under the keys of the values.

        Raises:
            Invalid: ``schema-violation`` when a value is not of the type.
        """
        emitter = Emitter()
        lines = ["b = bytearray()", *emitter.encode(node, "value"), "return bytes(b)"]
        run = emitter.compile("run", ("value",), lines)
        encoded = {}
        for key, value in values.items():
            try:
                encoded[key] = run(value)
            except FAILURES as error:
                raise explain(node, value, "") from error
        return encoded

    def compile(self, name: str, arguments: Sequence[str], lines: Sequence[str]) -> Callable[..., Any]:
        """Turn lines into a function of that name with these positional arguments."""
        source = f"def {name}({', '.join(arguments)}):\n" + "\n".join(indent([*lines, "pass"]))
        scope = generated.run(source, f"<generated {name}>", dict(self.bindings), self.attributes)
        function: Callable[..., Any] = scope[name]
        return function

    def temporary(self) -> str:
        """Return a new name for a local variable."""
        self._count += 1
        return f"_{self._count}"

    def bind(self, stem: str, value: Datum) -> str:
        """Bind a constant under a new name that starts with ``stem`` and return the name."""
        name = f"{stem}_{len(self.bindings)}"
        self.bindings[name] = value
        return name

    def member(self, field: Field, holder: str) -> list[str]:
        """Return lines for one field of the record in variable ``holder``; absent is the default."""
        if isinstance(field.type, Nullable):
            return self.encode(field.type, f"{holder}.get({field.name!r})")
        lines = self.encode(field.type, f"{holder}[{field.name!r}]")
        if field.default is MISSING:
            return lines
        default = self.constant(field.type, field.default)
        return [f"if {field.name!r} in {holder}:", *indent(lines), "else:", *indent(default)]

    def milliseconds(self, expression: str) -> str:
        """Return an expression for the integer of a timestamp."""
        return expression

    def days(self, expression: str) -> str:
        """Return an expression for the integer of a date."""
        return expression

    def number(self, expression: str) -> str:
        """Return an expression for the ``Decimal`` of a decimal."""
        return expression

    def _encode(self, node: Type, expression: str, prefix: bytes) -> list[str]:
        """Return lines that append ``prefix`` (the branch of a union) and the encoding."""
        match node:
            case Enum() | Primitive(name="boolean" | "null"):
                return [f"b += {self.bind('ENUM', _symbols(node, prefix))}[{expression}]"]
            case Primitive():
                return self._primitive(node, expression, prefix)
            case Nullable():
                return self._nullable(node, expression)
            case DecimalType():
                return self._decimal(node, expression, prefix)
            case Record():
                holder = self.temporary()
                lines = [f"{holder} = {expression}", *_literal(prefix)]
                for field in node.fields:
                    lines += self.member(field, holder)
                return lines
            case Fixed():
                value = self.temporary()
                return [
                    f"{value} = {expression}",
                    f"if len({value}) != {node.size}: raise ValueError",
                    *_literal(prefix),
                    f"b += {value}",
                ]
            case Array():
                item = self.temporary()
                items = self.encode(node.items, item)
                return self._blocks(expression, prefix, "(list, tuple)", "", item, items)
            case Map():
                key, value = self.temporary(), self.temporary()
                entry = [*self.encode(Primitive("string"), key), *self.encode(node.values, value)]
                return self._blocks(expression, prefix, "dict", ".items()", f"{key}, {value}", entry)

    def _primitive(self, node: Primitive, expression: str, prefix: bytes) -> list[str]:
        match node.name:
            case "float" | "double":
                return [*_literal(prefix), f"b += {node.name.upper()}({expression})"]
            case "string":
                value = self.temporary()
                return [f"{value} = {expression}.encode()", *self._sized(value, prefix)]
            case "bytes":
                value = self.temporary()
                return [f"{value} = {expression}", *self._sized(value, prefix)]
            case _:
                return self._integer(node, expression, prefix)

    def _integer(self, node: Primitive, expression: str, prefix: bytes) -> list[str]:
        value = self.temporary()
        if (node.logical or "").startswith(("timestamp", "local-timestamp")):
            source = self.milliseconds(expression) if node.logical == "timestamp-millis" else expression
            return [f"{value} = {source}", *_literal(prefix), *_instant(value)]
        source = self.days(expression) if node.logical == "date" else expression
        long = f"{_plus(prefix)}VARINT({value}{', 32' if node.name == 'int' else ''})"
        return [
            f"{value} = {source}",
            f"b += {_table(prefix)}[{value}] if -8192 <= {value} < 8192 else {long}",
        ]

    def _sized(self, value: str, prefix: bytes) -> list[str]:
        """Return lines for the length of ``value`` and ``value`` itself."""
        size = self.temporary()
        return [
            f"{size} = len({value})",
            f"b += {_table(prefix)}[{size}] if {size} < 8192 else {_plus(prefix)}VARINT({size})",
            f"b += {value}",
        ]

    def _nullable(self, node: Nullable, expression: str) -> list[str]:
        symbols = _symbols(node.inner, _PRESENT)
        if symbols is not None:
            symbols |= dict.fromkeys(self.absent.values(), _NULL)
            return [f"b += {self.bind('ENUM', symbols)}[{expression}]"]
        value = self.temporary()
        return [
            f"{value} = {expression}",
            f"if {' or '.join(f'{value} is {name}' for name in self.absent)}:",
            f"    b += {_NULL!r}",
            "else:",
            *indent(self._encode(node.inner, value, _PRESENT)),
        ]

    def _decimal(self, node: DecimalType, expression: str, prefix: bytes) -> list[str]:
        """Scale exactly: more digits than the precision or a fraction beyond the scale is an error."""
        context = self.bind("CONTEXT", exact_context(node))
        scaled, unscaled = self.temporary(), self.temporary()
        size = node.size or f"({unscaled}.bit_length() >> 3) + 1"
        lines = [
            f"{scaled} = {self.number(expression)}.scaleb({node.scale}, {context})",
            f"{unscaled} = int({scaled})",
            f"if {unscaled} != {scaled}: raise ValueError",
            f"{unscaled} = {unscaled}.to_bytes({size}, 'big', signed=True)",
        ]
        if node.size is not None:
            return [*lines, *_literal(prefix), f"b += {unscaled}"]
        return [*lines, *self._sized(unscaled, prefix)]

    def _blocks(
        self, expression: str, prefix: bytes, kind: str, each: str, names: str, entry: list[str]
    ) -> list[str]:
        """Return lines for one block with all entries, and the empty block that ends it."""
        value, size = self.temporary(), self.temporary()
        return [
            f"{value} = {expression}",
            f"if not isinstance({value}, {kind}): raise TypeError",
            *_literal(prefix),
            f"{size} = len({value})",
            f"if {size}:",
            f"    b += SMALL[{size}] if {size} < 8192 else VARINT({size})",
            f"    for {names} in {value}{each}:",
            *indent(indent(entry)),
            f"b += {_NULL!r}",
        ]


@lru_cache(maxsize=4096)
def _atom(expression: str) -> str:
    """Put parentheses around an expression that does not bind as tightly as a name."""
    tree = ast.parse(expression, mode="eval").body
    tight = isinstance(tree, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
    return expression if tight else f"({expression})"


def _literal(prefix: bytes) -> list[str]:
    return [f"b += {prefix!r}"] if prefix else []


def _symbols(node: Type, prefix: bytes) -> dict[Any, bytes] | None:
    """Return value to encoding for a type with few values, ``None`` for the others."""
    match node:
        case Enum():
            return {symbol: prefix + varint(index) for index, symbol in enumerate(node.symbols)}
        case Primitive(name="boolean"):
            return {True: prefix + b"\x01", False: prefix + b"\x00"}
        case Primitive(name="null"):
            return {None: prefix}
        case _:
            return None


def _table(prefix: bytes) -> str:
    return "SMALL_PRESENT" if prefix else "SMALL"


def _plus(prefix: bytes) -> str:
    return f"{prefix!r} + " if prefix else ""


def _instant(value: str) -> list[str]:
    """Return lines for a long that is six bytes long today: milliseconds from 2004 to 2039."""
    return [
        f"if 134217728 <= {value} < 2199023255552:",
        f"    {value} <<= 1",
        f"    b += HEAD[{value} & 16383]",
        f"    b += HEAD[{value} >> 14 & 16383]",
        f"    b += TAIL[{value} >> 28]",
        "else:",
        f"    b += VARINT({value})",
    ]
