"""The framing of values in Kafka: Confluent's wire formats.

Magic byte 0 is followed by the schema id of four bytes, big endian; magic byte 1 by the schema's GUID of 16.
The head stands in front of the body, or alone in the header ``__value_schema_id`` of the record.
"""

from __future__ import annotations

import struct
from typing import Final
from uuid import UUID

from schemas.errors import Permanent

_HEAD: Final = struct.Struct(">bI")
_MAX_ID: Final = 2**31 - 1
_WITH_GUID: Final = 17
"""Bytes of a head that names a schema by its GUID."""

HEADER: Final = "__value_schema_id"
"""Header of a record whose value is a body alone."""


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


def head_of(value: bytes) -> bytes:
    """Give the head that a value seems to have; `named` says whether it is one."""
    return value[: _WITH_GUID if value[:1] == b"\x01" else _HEAD.size]


def named(head: bytes) -> int | UUID:
    """Give the id, or the GUID, by which a head names a schema.

    Raises:
        Permanent: ``wire-format`` when it is no head, or more than one.
    """
    if head[:1] == b"\x01" and len(head) == _WITH_GUID:
        return UUID(bytes=head[1:])
    schema_id, rest = unframe(head)
    if rest:
        raise Permanent("wire-format", f"a head has {_HEAD.size} or {_WITH_GUID} bytes, this one {len(head)}")
    return schema_id
