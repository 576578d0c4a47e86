"""The framing of values in Kafka: Confluent's wire format, magic byte 0 and the schema id, big endian."""

from __future__ import annotations

import struct
from typing import Final

from schemas.errors import Permanent

_HEAD: Final = struct.Struct(">bI")
_MAX_ID: Final = 2**31 - 1


def frame(schema_id: int, body: bytes) -> bytes:
    """Put the head before an Avro body.

    Args:
        schema_id: id under which the registry has the schema, from 1.
        body: the Avro encoding.

    Raises:
        Permanent: ``wire-format`` when the id is none.
    """
    if not 0 < schema_id <= _MAX_ID:
        raise Permanent("wire-format", f"{schema_id} is no schema id")
    return _HEAD.pack(0, schema_id) + body


def unframe(value: bytes | None) -> tuple[int, bytes]:
    """Split a value into schema id and Avro body.

    A null value is a tombstone and has no body: the caller looks for it first.

    Raises:
        Permanent: ``wire-format`` for a tombstone, a short value, another magic byte, or an id that is none.
    """
    if value is None:
        raise Permanent("wire-format", "the value is null, a tombstone, and has no body")
    if len(value) < _HEAD.size:
        raise Permanent("wire-format", f"the value has {len(value)} bytes, the head alone has {_HEAD.size}")
    magic, schema_id = _HEAD.unpack_from(value)
    if magic != 0 or not 0 < schema_id <= _MAX_ID:
        raise Permanent("wire-format", f"expected magic byte 0 and a schema id, got {value[:5].hex()}")
    return schema_id, value[_HEAD.size :]
