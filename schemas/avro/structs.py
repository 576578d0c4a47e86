"""Turns schema nodes into the types that msgspec decodes JSON into, validation included."""

from __future__ import annotations

import datetime
import keyword
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from schemas.avro.forms import bounds, expression
from schemas.avro.schema import (
    MISSING,
    Array,
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

MAX_STRING: Final = 256 * 1024
"""Characters of one string."""
MAX_SAFE: Final = 2**53 - 1
"""Largest integer that every JSON reader takes exactly (RFC 7493, section 2.2)."""
UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
"""A UUID in normal form, lower case (RFC 9562, section 4)."""
LIMITS: Final = {"int": (-(2**31), 2**31 - 1), "long": (-MAX_SAFE, MAX_SAFE)}
"""Least and greatest integer of each type."""
_FLOAT: Final = 3.4028234663852886e38
_PLAIN: Final[dict[str, Any]] = {
    "null": None,
    "boolean": bool,
    "int": Annotated[int, Meta(ge=LIMITS["int"][0], le=LIMITS["int"][1])],
    "long": Annotated[int, Meta(ge=LIMITS["long"][0], le=LIMITS["long"][1])],
    "float": Annotated[float, Meta(ge=-_FLOAT, le=_FLOAT)],
    "double": float,
    "bytes": bytes,
    "string": Annotated[str, Meta(max_length=MAX_STRING)],
}
_LOGICAL: Final[dict[str, Any]] = {
    "uuid": Annotated[str, Meta(pattern=UUID)],
    "date": datetime.date,
    "timestamp-millis": Annotated[datetime.datetime, Meta(tz=True)],
}


def attribute(name: str) -> str:
    """Return the attribute of a struct for the field of this name."""
    return f"{name}_" if keyword.iskeyword(name) or name.startswith("_") else name


def member(struct: Any, name: str) -> Any:  # noqa: ANN401 - a datum
    """Return the field of this name of a struct; None when it has none."""
    return getattr(struct, attribute(name), None)


def decimal_pattern(node: DecimalType, *, signed: bool = True) -> str:
    """Return the regular expression of the decimals that fit precision and scale, without exponents."""
    whole = node.precision - node.scale
    integer = f"(0|[1-9][0-9]{{0,{whole - 1}}})" if whole > 0 else "0"
    fraction = f"(\\.[0-9]{{1,{node.scale}}})?" if node.scale else ""
    return rf"^{'-?' if signed else ''}{integer}{fraction}\Z"


class Structs:
    """Makes and keeps one struct per record type.

    Structs refuse unknown fields. What may be absent is ``UNSET`` by default: absent and ``null`` differ.

    Args:
        hidden: a field of the root record that is no part of the JSON form.
    """

    def __init__(self, root: Type, hidden: Field | None) -> None:
        self._root = root
        self._hidden = hidden
        self._made: dict[str, type[Struct]] = {}

    def of(self, node: Type, properties: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - a type expression
        """Return the type for a node; ``properties`` are those of the field that has it."""
        match node:
            case Primitive():
                return _declared(node, properties or {})
            case DecimalType():
                low, _ = bounds(properties or {})
                return Annotated[str, Meta(pattern=decimal_pattern(node, signed=low is None or low < 0))]
            case Enum():
                return Literal[node.symbols]
            case Fixed():
                return Annotated[bytes, Meta(min_length=node.size, max_length=node.size)]
            case Array():
                return list[self.of(node.items)]  # type: ignore[misc]
            case Map():
                return dict[str, self.of(node.values)]  # type: ignore[misc]
            case Nullable():
                return self.of(node.inner, properties) | None
            case Record():
                return self._struct(node)

    def _struct(self, node: Record) -> type[Struct]:
        if node.fullname not in self._made:
            fields = [
                self._field(field)
                for field in node.fields
                if node is not self._root or field is not self._hidden
            ]
            self._made[node.fullname] = defstruct(
                node.fullname.replace(".", "_"),
                fields,
                kw_only=True,
                forbid_unknown_fields=True,
                gc=False,
                rename={attribute(field.name): field.name for field in node.fields},
            )
        return self._made[node.fullname]

    def _field(self, field: Field) -> tuple[str, Any] | tuple[str, Any, Any]:
        kind = self.of(field.type, field.properties)
        if isinstance(field.type, Nullable) or field.default is not MISSING:
            return attribute(field.name), kind | UnsetType, UNSET
        return attribute(field.name), kind


def _declared(node: Primitive, properties: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a type expression
    """Return the type for a primitive with what its field declares of its form."""
    if node.name == "string" and node.logical is None and "pattern" in properties:
        return Annotated[str, Meta(max_length=MAX_STRING, pattern=expression(properties["pattern"]))]
    low, high = bounds(properties)
    if node.name in LIMITS and node.logical is None and (low is not None or high is not None):
        least, most = LIMITS[node.name]
        return Annotated[
            int,
            Meta(ge=least if low is None else max(least, low), le=most if high is None else min(most, high)),
        ]
    return _LOGICAL.get(node.logical or "", _PLAIN[node.name])
