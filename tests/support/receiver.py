"""A DTC that keeps the notes it is told, by the words of ``dtc.note.v1``, and what is known of them here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from schemas import profiles
from schemas.avro.codec import Codec
from schemas.translation.assembled import Assembled
from schemas.translation.merge import merge
from tests.support.crossing import Crossing, form

SCHEMA = profiles.load("dtc.note.v1").schema
CODEC = Codec(SCHEMA)
MESSAGE = ("messageId", "messageKind", "noteVersion", "explicitNulls")
"""Fields of a message, not of the note."""


def merged(messages: Iterable[dict[str, Any]]) -> dict[str, Any] | str:
    """The note as of these messages: absent is unchanged, null is cleared; ``void`` once it is annulled."""
    note: dict[str, Any] = {}
    for message in messages:
        if message["messageKind"] == "ANNULMENT":
            return "void"
        datum = CODEC.decode(form("dtc.note.v1").to_avro(json.dumps(message).encode()))
        old = {} if message["messageKind"] == "SNAPSHOT" else note
        note = merge(SCHEMA.record, old, datum, datum["explicitNulls"])
    return bare({name: value for name, value in note.items() if name not in MESSAGE})


def bare(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Without nulls, empty lists and wagons of which nothing is known; lists in the order of their text."""
    if isinstance(value, dict):
        said = ((name, bare(one)) for name, one in value.items())
        return {name: one for name, one in said if one not in (None, [], {})}
    if isinstance(value, list):
        items = [bare(one) for one in value]
        return sorted((one for one in items if not isinstance(one, dict) or not _silent(one)), key=str)
    return value


def _silent(one: dict[str, Any]) -> bool:
    """A wagon of which nothing is known, or one that is not known with containers that are only named."""
    boxes = one.get("containers")
    return list(one) == ["wagonNumber"] or (
        list(one) == ["containers"] and all(list(box) == ["containerNo"] for box in boxes or ())
    )


def known(crossing: Crossing) -> Any:  # noqa: ANN401 - JSON
    """What the assembler knows of the only note that has come."""
    store = crossing._out["dtc"].store
    (entry,) = [value for key, value in store._entries.items() if key[:1] != b"\xff"]
    return bare(msgspec.msgpack.decode(entry[8:], type=Assembled).document)


def taken(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events that stand at a DLP, by the words of ``dlp.event.v1``; each message has to take effect.

    Of an event the highest version counts, and a retraction is of all its versions, those to come as well.
    """
    newest: dict[str, dict[str, Any]] = {}
    for one in messages:
        before = newest.get(one["eventID"])
        if before is not None:
            assert not before["isRetracted"], one
            assert one["eventVersion"] > before["eventVersion"], one
        newest[one["eventID"]] = one
    return [one for one in newest.values() if not one["isRetracted"]]
