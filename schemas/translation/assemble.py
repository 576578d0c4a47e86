"""State kind ``assemble``: partial documents per key become one document with a rising version."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from schemas.avro.codec import Codec
from schemas.avro.schema import Array, DecimalType, Map, Nullable, Record, Type
from schemas.errors import Invalid
from schemas.mapping.compile import CompiledMapping
from schemas.mapping.runtime import uuid5
from schemas.records import Filtered
from schemas.translation.merge import Document, merge
from schemas.translation.message import Candidate, Message, State
from schemas.translation.model import Event, Output, Result
from schemas.translation.store import pack


class Assembled(msgspec.Struct, array_like=True):
    """The state of one document.

    Attributes:
        version: of the last emission, or of the target's own document if that is higher.
        document: what is known, null and absent alike left out.
        seen: highest version by event id, where the mapping gives ``id`` and ``version``.
        order: the highest ``order`` seen; what comes later with a lower one fills gaps only.
    """

    version: int = 0
    document: dict[str, Any] = {}
    seen: dict[str, int] = {}
    order: int | str | None = None
    closed: bool = False


_decode = msgspec.msgpack.Decoder(Assembled).decode
_encode = msgspec.msgpack.Encoder().encode


class Assembler:
    """Assembles documents under one mapping with state of kind ``assemble``."""

    def __init__(self, mapping: CompiledMapping) -> None:
        self._state = mapping.document.state
        self._record = mapping.target.record
        self._codec = Codec(mapping.target)
        self._decimals = has_decimals(self._record)
        field = self._state.version_field
        self._version_field = field.text if field is not None else ""

    def translate(self, mapping: CompiledMapping, message: Message, state: State, result: Result) -> None:  # noqa: ARG002
        """Merge what one event says, rule by rule, and emit the document each time that changed it.

        An event that was born at the target changes the state and emits nothing.
        """
        nothing = Event()
        key = message.value("state_key", nothing)
        if key is None:
            message.candidates(nothing)
            return
        entry = state(key.encode())
        known = self._load(entry)
        if self._repeated(known, message, nothing, result):
            return
        candidates = message.candidates(self._event(known, key, message))
        order = message.value("state_order", nothing)
        late = order is not None and known.order is not None and order < known.order
        if not candidates:
            return
        for index, candidate in enumerate(candidates):
            if index:  # every emission has a version of its own, which rules may read
                candidate = message.candidates(self._event(known, key, message))[index]
            self._take(known, key, candidate, message, result, late=late)
        if order is not None and not late:
            known.order = order
        known.closed = known.closed or bool(message.value("state_closed", nothing))
        span = self._state.closed_expires if known.closed else self._state.expires
        result.changes[key.encode()] = pack(message.context.accepted + span, _encode(known))

    def _event(self, known: Assembled, key: str, message: Message) -> Event:
        """The next emission: its id is made of the participant, the key and its version."""
        version = known.version + 1
        return Event(uuid5(message.context.participant, key, version), version)

    def _load(self, entry: bytes | None) -> Assembled:
        known = _decode(entry[8:]) if entry is not None else Assembled()
        if self._decimals and known.document:
            known.document = restore(self._record, known.document)
        return known

    def _repeated(self, known: Assembled, message: Message, nothing: Event, result: Result) -> bool:
        """Whether the same or a newer version of the event was merged before."""
        identity = message.value("state_id", nothing)
        if identity is None:
            return False
        version = message.value("state_version", nothing) or 0
        before = known.seen.get(identity)
        if before is not None and version <= before:
            result.filtered.append(Filtered("", "duplicate" if version == before else "stale"))
            return True
        known.seen[identity] = version
        return False

    def _take(
        self,
        known: Assembled,
        key: str,
        candidate: Candidate,
        message: Message,
        result: Result,
        *,
        late: bool,
    ) -> None:
        """Merge what one rule says and emit the document if that changed it."""
        before, partial = known.document, candidate.body
        own = partial.pop(self._version_field, None)
        known.version = max(known.version, own or 0)
        if late:
            known.document = merge(self._record, partial, known.document)
        elif candidate.rule.whole:
            known.document = partial
        else:
            known.document = merge(self._record, known.document, partial)
        if message.value("state_echo", Event()):
            result.filtered.append(Filtered(candidate.rule.name, "echo"))
        elif not self._changed(before, known.document, candidate):
            result.filtered.append(Filtered(candidate.rule.name, "unchanged"))
        else:
            self._emit(known, key, candidate, message, result)

    def _changed(self, before: Document, after: Document, candidate: Candidate) -> bool:
        """Whether anything differs that does not name the message or the emission itself."""
        volatile = set(candidate.rule.volatile)
        return _without(before, volatile) != _without(after, volatile)

    def _emit(
        self, known: Assembled, key: str, candidate: Candidate, message: Message, result: Result
    ) -> None:
        try:
            body = self._codec.encode({**known.document, self._version_field: known.version + 1})
        except Invalid as error:
            message.report.finding(error.pointer, "incomplete", "info", error.rule)
            result.filtered.append(Filtered(candidate.rule.name, "incomplete"))
            return
        known.version += 1
        partition = candidate.partition.encode() if candidate.partition is not None else key.encode()
        identity = f"{message.context.id}:{candidate.rule.name}"
        result.outputs.append(
            Output(partition, body, identity, candidate.subject or "", message.context.hops)
        )


def _without(document: Document, paths: set[tuple[str, ...]]) -> Document:
    for path in paths:
        if path[0] not in document:
            continue
        document = dict(document)
        if len(path) == 1:
            del document[path[0]]
        elif isinstance(document[path[0]], dict):
            document[path[0]] = _without(document[path[0]], {path[1:]})
    return document


def has_decimals(node: Type) -> bool:
    """Whether there are decimals anywhere in a type."""
    match node:
        case DecimalType():
            return True
        case Nullable(inner=inner) | Array(items=inner) | Map(values=inner):
            return has_decimals(inner)
        case Record(fields=fields):
            return any(has_decimals(field.type) for field in fields)
    return False


def restore(node: Type, value: Any) -> Any:  # noqa: ANN401 - a datum
    """A datum whose decimals msgpack has turned into text, with its decimals."""
    match node:
        case _ if value is None or not has_decimals(node):
            return value
        case DecimalType():
            return Decimal(value)
        case Nullable(inner=inner):
            return restore(inner, value)
        case Array(items=inner):
            return [restore(inner, item) for item in value]
        case Map(values=inner):
            return {name: restore(inner, item) for name, item in value.items()}
        case Record():
            return {name: restore(node.field(name).type, item) for name, item in value.items()}
    return value
