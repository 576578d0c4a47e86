"""The part ``takes_back`` of the state kind ``latest``: what a newer version no longer makes is taken back.

One message may become several events: one for each note aboard, one for each line of a manifest. A
correction that leaves a line out, or that names another note, has to be told to whom the version before was
told. So that version is kept with the state and is run again: what it made and the new one does not is told
once more, as taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from schemas.avro.codec import Codec
from schemas.errors import Permanent
from schemas.mapping.compile import CompiledMapping
from schemas.mapping.runtime import uuid5
from schemas.translation.message import Candidate, Message, State
from schemas.translation.model import Event, Output, Record, Result, anew
from schemas.translation.written import Written


class Kept(msgspec.Struct, array_like=True, gc=False):
    """What is kept of an event for its next version.

    Attributes:
        body: Avro of the message that was told last, empty where nothing of it can be taken back.
        gone: how often each event that it made was taken back; after that it has another id.
        written: mark of the schema of the body.
    """

    body: bytes = b""
    gone: dict[str, int] = {}
    written: bytes = b""


class TakeBack:
    """Tells the versions of events that one message makes several of.

    Args:
        mapping: with ``takes_back`` in its state.
        codec: of its source schema.
        written: reads what was kept under other versions of that.
        avro: whether the bodies of records are Avro of that schema.
    """

    def __init__(self, mapping: CompiledMapping, codec: Codec, written: Written, *, avro: bool) -> None:
        self._mapping: Final = mapping
        self._own: Final = [field.text for field in mapping.document.state.takes_back]
        self._codec: Final = codec
        self._written: Final = written
        self._avro: Final = avro

    def tell(self, event: Event, before: Kept, message: Message, state: State, result: Result) -> Kept:
        """Tell a version, and take back what the one before made and this one does not.

        Of an event that is taken back as a whole only what was told is taken back.

        Args:
            event: the version.
            before: what was kept of the version before.
            message: its record, decoded whole.
            state: the entries.
            result: gets the outputs.
        """
        event.gone = before.gone
        made = _once(message.candidates(event), message)
        old = self._before(before, message, state)
        if old is not None:
            earlier = _once(old.candidates(event.taken()), message)
            moved = _differs("state_fixed", event, message, old) or (
                _moves("state_time", event, message, old) and _moves("state_place", event, message, old)
            )
            now, then = _places(made, message), _places(earlier, message)
            left = [one for one in earlier if one.key and (moved or _goes(one, message, now))]
            for one in left:
                result.outputs.append(_output(one, event, message)._replace(rule=None, variables=()))
            if event.retracted:
                made = [] if moved else [one for one in made if not one.key or not _goes(one, message, then)]
            elif left:
                self._odd(event, before, old, message, state)
                again = {name: before.gone.get(name, 0) + 1 for name in _places(left, message)}
                event.gone = before.gone | again
                made = _once(message.candidates(event), message)
        result.outputs += [_output(one, event, message) for one in made]
        if event.retracted or not any(one.key for one in made):
            return Kept(b"", event.gone)
        self._written.note(state, result.changes)
        body = message.source.body if self._avro else self._codec.encode(message.record)
        return Kept(body, event.gone, self._written.mark)

    def _odd(self, event: Event, before: Kept, taken: Message, message: Message, state: State) -> None:
        """Find in a version what is odd about its taking back the one before, at that one's fields.

        Args:
            event: the version.
            before: what was kept of the version before.
            taken: that one, after its rules have run as taken back.
            message: the version.
            state: the entries.
        """
        said = self._before(before, message, state)
        if said is None:
            return
        said.candidates(Event(event.id, event.version))
        for one in taken.report.findings:
            if one not in said.report.findings:
                message.report.finding(one.pointer, one.rule, one.severity, one.value)

    def _before(self, before: Kept, message: Message, state: State) -> Message | None:
        """The version before, with what the new one says of itself; None where there is none to be read."""
        if not before.body:
            return None
        try:
            body = self._written.read(before.written, before.body, state)
        except Permanent:
            message.odd_version("kept-versions-unreadable", "error", None)
            return None
        record: Any = self._codec.decode_trusted(body)
        for name in self._own:
            record[name] = message.record[name]
        context = msgspec.structs.replace(message.context, findings=())
        return Message(self._mapping, Record(message.source.key, body, context), record)


def _differs(name: str, event: Event, message: Message, old: Message) -> bool:
    """Whether a version has another value than the one before, which had one."""
    here, there = (one.value(name, event) for one in (message, old))
    return there is not None and here != there


def _moves(name: str, event: Event, message: Message, old: Message) -> bool:
    """Whether both versions have a value, and another one."""
    return message.value(name, event) is not None and _differs(name, event, message, old)


def _name(one: Candidate, message: Message) -> str:
    """The id of what a rule with a key made, as it was before anything was taken back; else empty."""
    return uuid5(message.context.participant, one.rule.name, *one.key) if one.key else ""


def _once(candidates: Sequence[Candidate], message: Message) -> list[Candidate]:
    """Each event once, though the message names twice what it is made of."""
    named = {_name(one, message) or one.rule.name: one for one in reversed(candidates)}
    return list(reversed(named.values()))


Place = tuple[str | None, str | None]


def _places(candidates: Sequence[Candidate], message: Message) -> dict[str, Place]:
    """Where each of them goes and what it is about: another is news there, and nothing any more here."""
    return {_name(one, message): (one.partition, one.subject) for one in candidates if one.key}


def _goes(one: Candidate, message: Message, places: dict[str, Place]) -> bool:
    """Whether none of these is the same event at the same place, about the same."""
    return places.get(_name(one, message)) != (one.partition, one.subject)


def _output(one: Candidate, event: Event, message: Message) -> Output:
    name = _name(one, message)
    if not name:
        return message.output(one, one.body, f"{message.context.id}:{one.rule.name}")
    return message.output(one, one.body, f"{anew(name, event.gone.get(name, 0))}:{event.version}")
