"""Turns a datum into the struct that msgspec writes as its JSON form."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Callable
from typing import Any, Final

from msgspec import UNSET, Struct

from schemas.avro.emit import FAILURES, Emitter, exact_context
from schemas.avro.leaves import leaves
from schemas.avro.schema import (
    MISSING,
    Array,
    Datum,
    DecimalType,
    Field,
    Map,
    Nullable,
    Primitive,
    Record,
    Type,
)
from schemas.avro.structs import MAX_SAFE, Structs, attribute
from schemas.avro.violation import check
from schemas.errors import Invalid

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_DAY_ZERO: Final = datetime.date(1970, 1, 1).toordinal()


def instant(milliseconds: int) -> datetime.datetime | str:
    """Return what msgspec writes as RFC 3339 in UTC, with milliseconds only when they are not zero."""
    moment = _EPOCH + datetime.timedelta(milliseconds=milliseconds)
    if moment.microsecond:
        return moment.isoformat(timespec="milliseconds")[:-6] + "Z"
    return moment


def day(days: int) -> datetime.date:
    """Return the date that lies so many days after 1970-01-01."""
    return datetime.date.fromordinal(days + _DAY_ZERO)


def safe_integer(value: int) -> int:
    """Return the integer; ``ValueError`` when JSON readers would round it (RFC 7493)."""
    if not -MAX_SAFE <= value <= MAX_SAFE:
        raise ValueError("JSON carries integers up to 2**53 - 1 exactly")
    return value


def finite(value: float) -> float:
    """Return the number; ``ValueError`` for what JSON has no form for."""
    if not math.isfinite(value):
        raise ValueError("JSON has neither NaN nor Infinity")
    return value


def decimal_text(node: DecimalType) -> Callable[[decimal.Decimal], str]:
    """Make the function that writes a decimal plainly, without exponent and without zeros at the end."""
    context = exact_context(node)

    def text(value: decimal.Decimal) -> str:
        unscaled = int(value.scaleb(node.scale, context))
        digits = str(abs(unscaled)).zfill(node.scale + 1)
        whole, fraction = digits[: len(digits) - node.scale], digits[len(digits) - node.scale :].rstrip("0")
        return ("-" if unscaled < 0 else "") + whole + (f".{fraction}" if fraction else "")

    return text


def leaf(node: Type) -> Callable[[Any], Any] | None:
    """Return the function from datum to JSON form for a leaf, ``None`` when both are the same."""
    match node:
        case DecimalType():
            return decimal_text(node)
        case Primitive(logical="timestamp-millis"):
            return instant
        case Primitive(logical="date"):
            return day
        case Primitive(name="long"):
            return safe_integer
        case Primitive(name="float" | "double"):
            return finite
        case _:
            return None


class Documents:
    """Generates the function from datum to struct.

    Args:
        structs: the structs of the schema.
        hidden: a field of the root record that is no part of the JSON form.
    """

    def __init__(self, root: Record, structs: Structs, hidden: Field | None) -> None:
        self._root = root
        self._structs = structs
        self._hidden = hidden
        self._emitter = Emitter()
        self._emitter.bindings["UNSET"] = UNSET
        self._made: dict[str, str] = {}
        self._make: Callable[[Datum], Struct] = self._emitter.bindings[self._record(root)]

    def of(self, datum: Datum) -> Struct:
        """Return the struct of a datum.

        Raises:
            Invalid: ``schema-violation`` for what does not match the schema or has no JSON form.
        """
        try:
            return self._make(datum)
        except FAILURES as error:
            raise self._explain(datum) from error

    def _explain(self, datum: Datum) -> Invalid:
        try:
            check(self._root, datum, "")
        except Invalid as invalid:
            return invalid
        for found in leaves(self._root, datum):
            convert = leaf(found.type)
            try:
                if convert and found.value is not None:
                    convert(found.value)
            except FAILURES as error:
                return Invalid("schema-violation", found.pointer, f"no JSON form: {error}", found.value)
        return Invalid("schema-violation", "", "no JSON form")

    def _record(self, node: Record) -> str:
        """Return the name of the function for a record type."""
        if node.fullname not in self._made:
            parts = [
                f"{attribute(field.name)}={self._member(field)}"
                for field in node.fields
                if node is not self._root or field is not self._hidden
            ]
            struct = self._emitter.bind("STRUCT", self._structs.of(node))
            lines = [f"return {struct}({', '.join(parts)})"]
            function = self._emitter.compile("record", ("datum",), lines)
            self._made[node.fullname] = self._emitter.bind("RECORD", function)
        return self._made[node.fullname]

    def _member(self, field: Field) -> str:
        if isinstance(field.type, Nullable):
            value = self._emitter.temporary()
            present = self._expression(field.type.inner, value)
            return f"UNSET if ({value} := datum.get({field.name!r})) is None else {present}"
        if field.default is MISSING:
            return self._expression(field.type, f"datum[{field.name!r}]")
        default = self._emitter.bind("DEFAULT", field.default)
        return self._expression(field.type, f"datum.get({field.name!r}, {default})")

    def _expression(self, node: Type, source: str) -> str:
        match node:
            case Record():
                return f"{self._record(node)}({source})"
            case Array():
                item = self._emitter.temporary()
                inner = self._expression(node.items, item)
                return source if inner == item else f"[{inner} for {item} in {source}]"
            case Map():
                key, item = self._emitter.temporary(), self._emitter.temporary()
                inner = self._expression(node.values, item)
                return (
                    source if inner == item else f"{{{key}: {inner} for {key}, {item} in {source}.items()}}"
                )
            case Nullable():
                value = self._emitter.temporary()
                inner = self._expression(node.inner, value)
                return source if inner == value else f"(None if ({value} := {source}) is None else {inner})"
            case _:
                convert = leaf(node)
                return f"{self._emitter.bind('LEAF', convert)}({source})" if convert else source


def clear(document: Struct, pointer: str, at: str) -> None:
    """Make the absent field at ``pointer`` an explicit null.

    Raises:
        Invalid: ``schema-violation`` at ``at`` when the pointer leads to no absent field.
    """
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")]
    try:
        holder: Any = document
        for part in way[1:]:
            if isinstance(holder, Struct):
                holder = getattr(holder, attribute(part))
            else:
                holder = holder[int(part) if isinstance(holder, list) else part]
        if way[:1] != [""] or getattr(holder, attribute(last)) is not UNSET:
            raise ValueError(pointer)
    except FAILURES as error:
        raise Invalid(
            "schema-violation", at, "expected the pointer of a field that is null", pointer
        ) from error
    setattr(holder, attribute(last), None)
