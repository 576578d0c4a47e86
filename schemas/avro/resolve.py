"""Reads what was written under another version of a schema (Avro 1.12, Schema Resolution).

fastavro resolves the two schemas. It gives times, dates and UUIDs as Python objects, in the unit of the
writer; here they become datums of the reader, so that microseconds read as milliseconds are cut, never taken
for a number of milliseconds.
"""

from __future__ import annotations

import datetime
import io
import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import fastavro

from schemas.avro.codec import Codec
from schemas.avro.lint import require_safe
from schemas.avro.schema import Array, Datum, DecimalType, Map, Nullable, Primitive, Record, Type
from schemas.errors import CorridorError, Permanent

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND: Final = datetime.timedelta(microseconds=1)
_BEYOND: Final = ("timestamp-nanos", "local-timestamp-nanos", "duration", "big-decimal")
"""Logical types that fastavro gives as they are: their unit would be lost."""

Resolve = Callable[[bytes], bytes]
"""Turns a body of the writer's schema into one of the reader's."""


def resolver(writer: str, codec: Codec) -> Resolve:
    """Give a function that turns bodies of another schema into bodies of the codec's.

    Args:
        writer: JSON text of the schema that the bodies were written with.
        codec: of the schema to read as.

    Returns:
        The function. It raises `Permanent`, ``avro-malformed``, for a body that cannot be read as the
        reader's schema.

    Raises:
        Invalid: ``schema-unsafe``: decoding with the writer's schema could do harm.
        Permanent: ``schema-invalid``: it is no schema, or one with a logical type that cannot be told.
    """
    require_safe(writer)
    if _is_same(writer, codec):
        return lambda body: body
    if (beyond := next((name for name in _BEYOND if f'"{name}"' in writer), None)) is not None:
        raise Permanent("schema-invalid", f"values of the logical type {beyond} cannot be read here")
    try:
        theirs = fastavro.parse_schema(json.loads(writer))
        ours = fastavro.parse_schema(json.loads(codec.schema.text))
    except Exception as error:  # of what is no schema, fastavro raises whatever it stumbles over
        message = f"fastavro cannot use the schema: {type(error).__name__}: {error}"
        raise Permanent("schema-invalid", message) from error

    def resolve(body: bytes) -> bytes:
        source = io.BytesIO(body)
        try:
            datum = fastavro.schemaless_reader(source, theirs, ours)
            whole = codec.encode(_datum(codec.schema.root, datum))
        except CorridorError as error:
            raise Permanent("avro-malformed", f"not readable as {codec.schema.fullname}: {error}") from error
        except Exception as error:
            message = f"not readable as {codec.schema.fullname}: {type(error).__name__}: {error}"
            raise Permanent("avro-malformed", message) from error
        if rest := len(body) - source.tell():
            raise Permanent(
                "avro-malformed", f"not readable as {codec.schema.fullname}: {rest} bytes too many"
            )
        return whole

    return resolve


def undocumented(schema: Any) -> Any:  # noqa: ANN401 - a JSON value
    """A schema (JSON value) without documentation; all else may be needed to read by it."""
    if isinstance(schema, dict):
        return {
            name: value if name == "default" else undocumented(value)
            for name, value in schema.items()
            if name != "doc"
        }
    return [undocumented(one) for one in schema] if isinstance(schema, list) else schema


def _is_same(writer: str, codec: Codec) -> bool:
    """Whether two schemas differ in documentation at most: then the bodies of one are those of the other."""
    if codec.schema.references:
        return False
    try:
        return bool(undocumented(json.loads(writer)) == undocumented(json.loads(codec.schema.text)))
    except ValueError:
        return False


def _datum(node: Type, value: Any) -> Datum:  # noqa: ANN401 - whatever fastavro gives
    """A value of fastavro as a datum of the reader's type."""
    match node:
        case Nullable(inner=inner):
            return None if value is None else _datum(inner, value)
        case Record(fields=fields):
            return {
                field.name: _datum(field.type, value[field.name]) for field in fields if field.name in value
            }
        case Array(items=items):
            return [_datum(items, one) for one in value]
        case Map(values=values):
            return {name: _datum(values, one) for name, one in value.items()}
        case Primitive():
            return _primitive(node, value)
        case DecimalType() if isinstance(value, str):  # a default is given as it stands in the schema
            unscaled = int.from_bytes(value.encode("latin-1"), "big", signed=True)
            return Decimal(unscaled).scaleb(-node.scale)
    return value


def _primitive(node: Primitive, value: Any) -> Datum:  # noqa: ANN401
    logical = node.logical or ""
    if isinstance(value, uuid.UUID) and node.name == "string":
        return str(value)
    if isinstance(value, datetime.datetime):
        instant = value if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC)
        return _in_unit((instant - _EPOCH) // _MICROSECOND, logical, "timestamp", node)
    if isinstance(value, datetime.time):
        midnight = datetime.timedelta(
            hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
        )
        return _in_unit(midnight // _MICROSECOND, logical, "time", node)
    if isinstance(value, datetime.date) and logical == "date":
        return (value - _EPOCH.date()).days
    if isinstance(value, datetime.date | uuid.UUID):
        raise TypeError(f"{type(value).__name__} where {logical or node.name} is wanted")
    if node.name == "bytes" and isinstance(value, str):
        return value.encode("latin-1")
    return value


def _in_unit(micros: int, logical: str, kind: str, node: Primitive) -> int:
    """Microseconds in the unit of a logical type; what is finer is cut."""
    name = logical.removeprefix("local-")
    if name == f"{kind}-millis":
        return micros // 1000
    if name == f"{kind}-micros":
        return micros
    raise TypeError(f"a {kind} where {logical or node.name} is wanted")
