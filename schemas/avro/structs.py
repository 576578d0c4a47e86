"""Turns schema nodes into the types that msgspec decodes JSON into, validation included."""

from __future__ import annotations

import datetime
import keyword
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

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
UUID: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_FLOAT: Final = 3.4028234663852886e38
_PLAIN: Final[dict[str, Any]] = {
    "null": None,
    "boolean": bool,
    "int": Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)],
    "long": Annotated[int, Meta(ge=-MAX_SAFE, le=MAX_SAFE)],
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


def decimal_pattern(node: DecimalType) -> str:
    """Return the regular expression of the decimals that fit precision and scale, without exponents."""
    whole = node.precision - node.scale
    integer = f"(0|[1-9][0-9]{{0,{whole - 1}}})" if whole > 0 else "0"
    return f"^-?{integer}(\\.[0-9]{{1,{node.scale}}})?$" if node.scale else f"^-?{integer}$"


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

    def of(self, node: Type) -> Any:  # noqa: ANN401 - a type expression
        """Return the type for a node."""
        match node:
            case Primitive():
                return _LOGICAL.get(node.logical or "", _PLAIN[node.name])
            case DecimalType():
                return Annotated[str, Meta(pattern=decimal_pattern(node))]
            case Enum():
                return Literal[node.symbols]
            case Fixed():
                return Annotated[bytes, Meta(min_length=node.size, max_length=node.size)]
            case Array():
                return list[self.of(node.items)]  # type: ignore[misc]
            case Map():
                return dict[str, self.of(node.values)]  # type: ignore[misc]
            case Nullable():
                return self.of(node.inner) | None
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
        kind = self.of(field.type)
        if isinstance(field.type, Nullable) or field.default is not MISSING:
            return attribute(field.name), kind | UnsetType, UNSET
        return attribute(field.name), kind
