"""Confluent's wire format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.avro.wire import frame, unframe
from schemas.errors import Permanent


def test_the_head_is_as_confluent_writes_it() -> None:
    """Magic byte 0, then the id as four bytes, big endian."""
    assert frame(258, b"body") == b"\x00\x00\x00\x01\x02body"


@given(st.integers(1, 2**31 - 1), st.binary())
def test_unframing_gives_back_what_was_framed(schema_id: int, body: bytes) -> None:
    """Id and body come back whole."""
    assert unframe(frame(schema_id, body)) == (schema_id, body)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\x00\x00\x00\x01",
        b"\x01\x00\x00\x00\x01x",
        b"\x00\x00\x00\x00\x00x",
        b"\x00\xff\xff\xff\xffx",
    ],
)
def test_what_is_not_framed_is_refused(value: bytes | None) -> None:
    """Tombstones, short values, other magic bytes and impossible ids are wire-format errors."""
    with pytest.raises(Permanent) as caught:
        unframe(value)
    assert caught.value.code == "wire-format"


@pytest.mark.parametrize("schema_id", [0, -1, 2**31])
def test_impossible_ids_are_not_written(schema_id: int) -> None:
    """Ids run from 1 to 2**31 - 1."""
    with pytest.raises(Permanent):
        frame(schema_id, b"")
