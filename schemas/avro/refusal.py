"""Says in words what a value or a body should have been."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas.avro.forms import bounds
from schemas.avro.instants import WANTED
from schemas.avro.lint import Json
from schemas.avro.schema import DecimalType, Enum, Nullable, Primitive, Record, Type
from schemas.avro.structs import LIMITS
from schemas.errors import Invalid

MAX_NODES: Final = 10_000
"""Values of one document."""
BOM: Final = b"\xef\xbb\xbf"
"""UTF-8 byte order mark: RFC 8259 lets a reader pass over it."""

_LOGICAL: Final = {
    "uuid": "expected a UUID, 8-4-4-4-12 hexadecimal digits with nothing around it",
    "date": "expected a date as YYYY-MM-DD (RFC 3339)",
    "timestamp-millis": WANTED,
}
_KINDS: Final = {"boolean": "true or false", "string": "text", "bytes": "bytes as base64 text"}


def encoding_of(start: bytes) -> str:
    """Name the encoding of a body that is not UTF-8 by its first bytes; empty when they tell nothing."""
    if start[:4] in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"):
        return "UTF-32"
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "UTF-16"
    first = start[:2]
    return "UTF-16" if len(first) == 2 and first != b"\x00\x00" and 0 in first else ""


def malformed(body: bytes, error: Exception | None = None) -> Invalid:
    """Return the error for a body that is not JSON."""
    if other := encoding_of(body):
        return Invalid("json-malformed", "", f"the text is {other}, UTF-8 is wanted")
    if isinstance(error, RecursionError):
        return Invalid("json-malformed", "", "expected JSON that nests less deep")
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        place = f"byte {wrong.start} (from 0), 0x{body[wrong.start]:02x}, is no part of such a text"
        return Invalid("json-malformed", "", f"expected JSON in UTF-8: {place}")
    return Invalid("json-malformed", "", f"expected JSON in UTF-8: {error}")


def limit_nodes(body: bytes) -> None:
    """Refuse a document of more than ``MAX_NODES`` values.

    A value takes at least two bytes, so short bodies need no look; commas and brackets bound the count of the
    others, and only what is over the bound is counted exactly.
    """
    if len(body) <= 2 * MAX_NODES:
        return
    if body.count(b",") + body.count(b"[") + body.count(b"{") < MAX_NODES:
        return
    count, rest = 0, [msgspec.json.decode(body)]
    while rest:
        value: Json = rest.pop()
        count += 1
        if isinstance(value, dict):
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)
    if count > MAX_NODES:
        raise Invalid("json-malformed", "", f"at most {MAX_NODES} values", count)


def expected(node: Type, properties: Mapping[str, Any] | None = None) -> str:
    """Say what a leaf should have been, in the words of the schema."""
    node = node.inner if isinstance(node, Nullable) else node
    match node:
        case DecimalType():
            low, _ = bounds(properties or {})
            whole = max(node.precision - node.scale, 1)
            sign = "" if low is None or low < 0 else ", not negative"
            return (
                f"expected a decimal as text, at most {whole} digits before and {node.scale} after the point"
                + sign
            )
        case Enum():
            return f"expected one of {', '.join(node.symbols)}"
        case Primitive(logical=str() as logical) if logical in _LOGICAL:
            return _LOGICAL[logical]
        case Primitive(name="int" | "long" as name):
            (least, most), (low, high) = LIMITS[name], bounds(properties or {})
            least, most = least if low is None else low, most if high is None else high
            return f"expected an integer from {least} to {most}"
        case Primitive(name=name):
            return f"expected {_KINDS.get(name, 'a number')}"
        case _:
            return f"expected {getattr(node, 'size', '')} bytes as base64 text"


def hint(name: str, node: Record) -> str:
    """Suggest the field of a record that is spelt nearly like this; empty when there is none."""
    close = difflib.get_close_matches(name[:100], [field.name for field in node.fields], n=1)
    return f"; did you mean {close[0]}?" if close else ""
