"""State kinds ``none`` and ``latest``: messages pass one by one, of an event only ever newer versions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from schemas.avro.codec import Codec
from schemas.mapping.compile import CompiledMapping
from schemas.mapping.runtime import uuid5
from schemas.records import Filtered
from schemas.translation.group import Groups
from schemas.translation.history import digest
from schemas.translation.message import Message, State
from schemas.translation.model import Event, Output, Result
from schemas.translation.store import pack
from schemas.translation.takeback import Kept, TakeBack
from schemas.translation.written import Written

Kind = Callable[[CompiledMapping, Message, State, Result], None]
"""Translates one message under a mapping: reads the state, and fills the result."""


class Seen(msgspec.Struct, array_like=True, gc=False):
    """The newest version of an event that passed.

    Attributes:
        version: its number at the source, 0 where it has none.
        retracted: it did not happen; nothing follows that.
        updated: when the source made this version, UTC ms, 0 where it does not say.
        digest: of the bytes, to tell a repetition from another content.
        told: number of the version that was told on: it rises even where the source's does not.
        group: key of the group it is a member of, empty for none.
        written: mark of the schema that the digest is of, empty where there are no others or it is not known.
        kept: for taking back what a newer version no longer makes.
        silent: whether no version was told so far.
    """

    version: int
    retracted: bool
    updated: int = 0
    digest: bytes = b""
    told: int = 0
    group: str = ""
    written: bytes = b""
    kept: Kept = msgspec.field(default_factory=Kept)
    silent: bool = False

    def after(self, other: Seen) -> bool:
        """Whether this replaces the other, whichever of them came first.

        A retraction is behind everything. Then the version counts, then when it was made. Two contents that
        claim to be the same version are put in an order that is arbitrary, but the same everywhere.
        """
        return self._rank > other._rank

    @property
    def _rank(self) -> tuple[bool, int, int, bytes]:
        return (self.retracted, self.version, self.updated, self.digest)


FIRST: Final = 1
"""The number of an event's first version."""

_NOTHING = Event()
"""A stateless mapping has no events."""
_decode = msgspec.msgpack.Decoder(Seen).decode
_encode = msgspec.msgpack.encode


def translate_none(mapping: CompiledMapping, message: Message, state: State, result: Result) -> None:  # noqa: ARG001
    """Run the rules; nothing is remembered."""
    _run(message, _NOTHING, result)


def latest(mapping: CompiledMapping, codec: Codec, *, avro: bool = True) -> Kind:
    """The state kind for a mapping, whose records are Avro of its source schema or not."""
    written = Written(codec)
    state = mapping.document.state
    groups = Groups(mapping, codec, written, avro=avro) if "group" in state.expressions else None
    takes = TakeBack(mapping, codec, written, avro=avro) if state.takes_back else None
    # in the corridor a retraction stands for every version that may come, outside of it for what was told
    out = "untold" in mapping.source.record.properties
    return partial(translate_latest, groups, takes, written if avro else None, out)


def translate_latest(
    groups: Groups | None,
    takes: TakeBack | None,
    written: Written | None,
    out: bool,
    mapping: CompiledMapping,
    message: Message,
    state: State,
    result: Result,
) -> None:
    """Run the rules unless what replaces this version of the event passed before.

    A first version that gives nothing is not remembered: none before it can come, unless the source tells
    versions apart by time. A later one or a retraction is, since a replay may bring what it replaces
    afterwards.
    """
    nothing = _NOTHING
    remembered = message.value("state_when", nothing, default=True)
    identity = message.value("state_id", nothing) if remembered else None
    if identity is None:
        event = Event(version=message.value("state_version", nothing) or FIRST)
        event.retracted = bool(message.value("state_retracted", nothing))
        if message.passes(event):
            _run(message, event, result)
        return
    seen = seen_of(message)
    seen.silent = True
    key = identity.encode()
    entry = state(key)
    if entry is not None:
        before = _decode(entry[8:])
        if written is not None and before.written not in {b"", written.mark}:
            _compared(before, seen, written, message.source.body, state)
        if reason := passed(before, seen, message):
            result.filtered.append(Filtered("", reason))
            return
        seen.told = max(seen.told, max(before.told, before.version) + 1)
        seen.group, seen.kept, seen.silent = before.group, before.kept, before.silent
    if seen.kept.body:  # what was told may have to be taken back though no rule takes this version
        message.whole()
    event = Event(identity, seen.told, retracted=seen.retracted)
    if message.passes(event):
        if groups is not None:
            seen.group = seen.group or message.value("state_group", event) or ""
        _tell_on(groups if seen.group else None, takes, seen, event, message, state, result)
    if result.outputs and seen.silent and seen.retracted and out:  # nobody was told what it takes back
        result.outputs.clear()
        result.filtered.append(Filtered("", "unchanged"))
    seen.silent = seen.silent and not result.outputs
    first = entry is None and seen.version <= FIRST and not seen.updated and not seen.retracted
    if first and not result.outputs:
        return
    expires = message.context.accepted + mapping.document.state.expires
    if written is not None:
        seen.written = written.mark
        written.note(state, result.changes)
    result.changes[key] = pack(expires, _encode(seen))


def _tell_on(
    groups: Groups | None, takes: TakeBack | None, seen: Seen, event: Event, message: Message, state: State,
    result: Result,
) -> None:  # fmt: skip
    if groups is not None:
        groups.take(seen.group, event, message, state, result)
    elif takes is not None:
        seen.kept = takes.tell(event, seen.kept, message, state, result)
    else:
        _tell(message, event, result)


def _compared(before: Seen, seen: Seen, written: Written, body: bytes, state: State) -> None:
    """Give what was seen under another version of the schema the digest that it has under this one."""
    if written.same(before.written, before.digest, body, state):
        before.digest = seen.digest


def seen_of(message: Message) -> Seen:
    """What a message says of the version of its event."""
    nothing = _NOTHING
    version = message.value("state_version", nothing) or 0
    updated = message.value("state_updated", nothing) or 0
    retracted = bool(message.value("state_retracted", nothing))
    return Seen(version, retracted, updated, digest(message.source.body), max(version, FIRST))


def passed(before: Seen, seen: Seen, message: Message) -> str | None:
    """Why a version does not pass after another one: ``duplicate`` or ``stale``; None when it does.

    Another content under the number and time of a version that is known is a finding, whether it passes or
    not: one of the two is wrong, and only the source knows which.
    """
    if before.retracted and seen.retracted:
        return "duplicate"
    same = (before.version, before.updated, before.retracted) == (seen.version, seen.updated, seen.retracted)
    if same and before.digest and before.digest != seen.digest:
        message.odd_version("same-version-other-content", "warning", seen.version or None)
    elif same:
        return "duplicate"
    return None if seen.after(before) else "stale"


def _run(message: Message, event: Event, result: Result) -> None:
    """Run the rules.

    What is told carries the message's id and the rule's name. The hot path of every pipe.
    """
    context, key = message.context, message.source.key
    for rule, parts, partition, subject, body, variables, _ in message.run(event):
        place = key if partition is None else partition.encode()
        identity = f"{context.id}:{rule.name}"
        if rule.many:
            identity = ":".join([identity, *(str(part).replace(":", "-") for part in parts)])
        result.outputs.append(Output(place, body, identity, subject or "", context.hops, rule, variables))


def _tell(message: Message, event: Event, result: Result) -> None:
    """Run the rules: one with a key makes events of its own, one without passes the event on."""
    context = message.context
    for candidate in message.candidates(event):
        identity = f"{context.id}:{candidate.rule.name}"
        if candidate.key:
            identity = f"{uuid5(context.participant, candidate.rule.name, *candidate.key)}:{event.version}"
        result.outputs.append(message.output(candidate, candidate.body, identity))
