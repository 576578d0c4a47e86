"""Names the place where a datum breaks its schema: the slow path, after generated code has failed."""

from __future__ import annotations

import decimal
from typing import Final

from schemas.avro.schema import (
    MISSING,
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
from schemas.errors import Invalid

_PYTHON: Final[dict[str, tuple[type, ...]]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "int": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "bytes": (bytes, bytearray, memoryview),
    "string": (str,),
}
HIDDEN: Final = "***"
"""Shown instead of personal data."""
_BITS: Final = {"int": 32, "long": 64}


def step(pointer: str, name: object) -> str:
    """Add one step to a JSON pointer (RFC 6901, section 3)."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"


def explain(node: Type, value: Datum, pointer: str) -> Invalid:
    """Return the error for a value that could not be encoded as ``node``.

    Args:
        node: the type that was wanted.
        value: the datum.
        pointer: JSON pointer of the datum itself.

    Returns:
        ``schema-violation`` with the first place, in schema order, that breaks the schema; when none does,
        the pointer of the whole.
    """
    try:
        check(node, value, pointer)
    except Invalid as error:
        return error
    return Invalid("schema-violation", pointer, "the value does not fit the schema", value)


def check(node: Type, value: Datum, pointer: str) -> None:  # noqa: C901 - one case per kind of type
    """Raise ``schema-violation`` for the first place, in schema order, where a datum breaks its schema."""
    match node:
        case Nullable():
            if value is not None:
                check(node.inner, value, pointer)
        case Record():
            _expect(value, (dict,), "a record", pointer)
            _check_fields(node, value, pointer)
        case Array():
            _expect(value, (list, tuple), "an array", pointer)
            for index, item in enumerate(value):
                check(node.items, item, step(pointer, index))
        case Map():
            _expect(value, (dict,), "a map", pointer)
            for key, item in value.items():
                _expect(key, (str,), "a key of type string", pointer)
                check(node.values, item, step(pointer, key))
        case Enum():
            if not isinstance(value, str) or value not in node.symbols:
                symbols = ", ".join(node.symbols)
                raise Invalid("schema-violation", pointer, f"expected one of {symbols}", value)
        case Fixed():
            _expect(value, _PYTHON["bytes"], f"{node.size} bytes", pointer)
            if len(value) != node.size:
                raise Invalid("schema-violation", pointer, f"expected {node.size} bytes", value)
        case DecimalType():
            _check_decimal(node, value, pointer)
        case Primitive():
            _check_primitive(node, value, pointer)


def _check_fields(node: Record, value: dict[str, Datum], pointer: str) -> None:
    for field in node.fields:
        at = step(pointer, field.name)
        if field.name in value or isinstance(field.type, Nullable):
            check(field.type, value.get(field.name), at)
        elif field.default is MISSING:
            raise Invalid("schema-violation", at, "the field is required")


def _check_decimal(node: DecimalType, value: Datum, pointer: str) -> None:
    _expect(value, (decimal.Decimal,), "a decimal", pointer)
    if not value.is_finite():
        raise Invalid("schema-violation", pointer, "expected a finite decimal", value)
    exponent = value.as_tuple().exponent
    if value and value.adjusted() + 1 + node.scale > node.precision:
        rule = f"at most {node.precision - node.scale} digits before the point"
        raise Invalid("schema-violation", pointer, rule, value)
    digits = value.as_tuple().digits
    trailing = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    if value and isinstance(exponent, int) and exponent + trailing < -node.scale:
        raise Invalid("schema-violation", pointer, f"at most {node.scale} digits after the point", value)
    if node.size is not None and abs(int(value.scaleb(node.scale))) >= 1 << (8 * node.size - 1):
        raise Invalid("schema-violation", pointer, f"expected a decimal of {node.size} bytes", value)


def _check_primitive(node: Primitive, value: Datum, pointer: str) -> None:
    _expect(value, _PYTHON[node.name], node.name, pointer)
    bits = _BITS.get(node.name)
    if bits and not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise Invalid("schema-violation", pointer, f"expected an integer of {bits} bits", value)
    if node.name == "float" and abs(value) > 3.4028235677973366e38 and abs(value) != float("inf"):
        raise Invalid("schema-violation", pointer, "expected a float of 32 bits", value)
    if node.name == "string":
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Invalid("schema-violation", pointer, "expected Unicode text", ascii(value)) from error


def _expect(value: Datum, kinds: tuple[type, ...], name: str, pointer: str) -> None:
    if not isinstance(value, kinds):
        raise Invalid("schema-violation", pointer, f"expected {name}", f"{type(value).__name__} {value!r}")
