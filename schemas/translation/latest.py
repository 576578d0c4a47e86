"""State kinds ``none`` and ``latest``: messages pass one by one, of an event only ever newer versions."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.mapping.compile import CompiledMapping
from schemas.mapping.runtime import uuid5
from schemas.records import Filtered
from schemas.translation.message import Message, State
from schemas.translation.model import Event, Output, Result
from schemas.translation.store import pack


class Seen(msgspec.Struct, array_like=True):
    """The highest version of an event that passed, and whether it was a retraction."""

    version: int
    retracted: bool


FIRST: Final = 1
"""The number of an event's first version."""

_NOTHING = Event()
"""A stateless mapping has no events."""
_decode = msgspec.msgpack.Decoder(Seen).decode
_encode = msgspec.msgpack.encode


def translate_none(mapping: CompiledMapping, message: Message, state: State, result: Result) -> None:  # noqa: ARG001
    """Run the rules; nothing is remembered."""
    _run(message, _NOTHING, result)


def translate_latest(mapping: CompiledMapping, message: Message, state: State, result: Result) -> None:
    """Run the rules unless the same or a newer version of the event passed before.

    A first version that gives nothing is not remembered: none before it can come. A later one or a retraction
    is, since a replay may bring what it replaces afterwards.
    """
    nothing = _NOTHING
    remembered = message.value("state_when", nothing, default=True)
    identity = message.value("state_id", nothing) if remembered else None
    if identity is None:
        if message.passes(nothing):
            _run(message, nothing, result)
        return
    seen = Seen(message.value("state_version", nothing) or 0, bool(message.value("state_retracted", nothing)))
    key = identity.encode()
    entry = state(key)
    if entry is not None:
        before = _decode(entry[8:])
        if before.retracted or seen.version <= before.version:
            repeated = seen.version == before.version and seen.retracted == before.retracted
            result.filtered.append(Filtered("", "duplicate" if repeated else "stale"))
            return
    event = Event(identity, seen.version, retracted=seen.retracted)
    if message.passes(event):
        _tell(message, event, result)
    if not result.outputs and entry is None and seen.version <= FIRST and not seen.retracted:
        return
    expires = message.context.accepted + mapping.document.state.expires
    result.changes[key] = pack(expires, _encode(seen))


def _run(message: Message, event: Event, result: Result) -> None:
    """Run the rules.

    What is told carries the message's id and the rule's name. The hot path of every pipe.
    """
    context, key = message.context, message.source.key
    for rule, parts, partition, subject, body, _, _ in message.run(event):
        place = key if partition is None else partition.encode()
        identity = f"{context.id}:{rule.name}"
        if rule.many:
            identity = ":".join([identity, *(str(part).replace(":", "-") for part in parts)])
        result.outputs.append(Output(place, body, identity, subject or "", context.hops))


def _tell(message: Message, event: Event, result: Result) -> None:
    """Run the rules: one with a key makes events of its own, one without passes the event on."""
    context = message.context
    for candidate in message.candidates(event):
        identity = f"{context.id}:{candidate.rule.name}"
        if candidate.key:
            identity = f"{uuid5(context.participant, candidate.rule.name, *candidate.key)}:{event.version}"
        result.outputs.append(message.output(candidate, candidate.body, identity))
