"""State kind ``snapshot``.

Versions of a document become events, each told once and again only when it changes.
"""

from __future__ import annotations

from typing import Any

from schemas.avro.codec import Codec
from schemas.mapping.compile import CompiledMapping
from schemas.mapping.runtime import uuid5
from schemas.records import Filtered
from schemas.translation import history
from schemas.translation.history import Past, Sent, digest
from schemas.translation.merge import merge
from schemas.translation.message import Candidate, Message, State
from schemas.translation.model import Event, Output, Result
from schemas.translation.store import pack

MAX_DELTAS = 32
"""Partial versions kept apart on top of a whole one, so that late ones can be put in their place."""


class Snapshots:
    """Compares versions of documents under one mapping.

    Args:
        mapping: with state of kind ``snapshot``.
        codec: of its source schema.
        avro: whether the bodies of records are Avro of that schema already.
    """

    def __init__(self, mapping: CompiledMapping, codec: Codec, *, avro: bool = True) -> None:
        self._state = mapping.document.state
        self._registers = mapping.registers
        self._codec = codec
        self._avro = avro
        self._record = mapping.source.record
        self._nulls = self._record.properties.get("explicitNulls")
        self._partial = "kind_of" in self._state.expressions

    def translate(self, mapping: CompiledMapping, message: Message, state: State, result: Result) -> None:  # noqa: ARG002
        """Turn one version into events.

        A version that came before gives nothing. One older than the newest adds events that were never
        told and changes none. Nothing follows an annulment.
        """
        nothing = Event()
        nothing.memory = dict.fromkeys(self._registers)
        key = message.value("state_key", nothing)
        entry = state(key.encode()) if key is not None else None
        past = history.decode(entry[8:]) if entry is not None else Past()
        number = message.value("state_version", nothing) or 0
        kind = message.value("state_kind_of", nothing, "SNAPSHOT")
        body = digest(message.source.body)
        known = past.version(number)
        if past.annulled is not None:
            self._after_annulment(past.annulled, number, kind, message, result)
            return
        if known is not None and known.digest == body:
            result.filtered.append(Filtered("", "duplicate"))
            return
        late = number < past.last or known is not None
        message.take(self._whole(past, number, kind, message))
        event = self._enter(past, number, message, body, known)
        if kind == "ANNULMENT":
            self._annul(past, number, message, event, result)
        candidates = message.candidates(event, "annulments" if kind == "ANNULMENT" else "rules")
        for candidate in candidates:
            self._tell(past, candidate, event, message, result, late=late and kind != "ANNULMENT")
        if not result.outputs and candidates:
            result.filtered.append(Filtered("", "stale" if late else "unchanged"))
        if not late:
            past.closed = past.annulled is not None or bool(message.value("state_closed", event))
        if key is not None:
            span = self._state.closed_expires if past.closed else self._state.expires
            result.changes[key.encode()] = pack(message.context.accepted + span, history.encode(past))

    def _after_annulment(
        self, annulled: int, number: int, kind: str, message: Message, result: Result
    ) -> None:
        repeated = kind == "ANNULMENT" and number == annulled
        if number > annulled and kind != "ANNULMENT":
            message.report.finding("", "after-annulment", "warning", number)
        result.filtered.append(Filtered("", "duplicate" if repeated else "annulled"))

    def _whole(self, past: Past, number: int, kind: str, message: Message) -> Any:  # noqa: ANN401 - a datum
        """The whole document as of this version; partial versions are put in their place among the others."""
        if not self._partial:
            return message.record
        body = message.source.body if self._avro else self._codec.encode(message.record)
        if kind == "SNAPSHOT":
            if number >= past.base_version:
                past.base, past.base_version = body, number
                past.deltas = [delta for delta in past.deltas if delta[0] > number]
            return message.record
        if kind == "DELTA" and number > past.base_version:
            past.deltas = sorted([*(delta for delta in past.deltas if delta[0] != number), (number, body)])
        if past.base is None and kind == "DELTA":
            message.report.finding("", "delta-without-snapshot", "warning", number)
        before = [delta for delta in past.deltas if delta[0] < number or kind == "ANNULMENT"]
        whole = self._merged(
            [*([past.base] if past.base is not None else []), *(delta for _, delta in before)]
        )
        whole = message.record if whole is None else self._merge(whole, message.record)
        self._fold(past)
        return whole

    def _fold(self, past: Past) -> None:
        """Make one of the base and the oldest partial versions when there are too many of them."""
        if len(past.deltas) > MAX_DELTAS and past.base is not None:
            half = past.deltas[: MAX_DELTAS // 2]
            past.base = self._codec.encode(self._merged([past.base, *(delta for _, delta in half)]))
            past.base_version, past.deltas = half[-1][0], past.deltas[len(half) :]

    def _merged(self, bodies: list[bytes]) -> Any:  # noqa: ANN401 - a datum
        whole = None
        for body in bodies:
            datum = self._codec.decode_trusted(body)
            whole = datum if whole is None else self._merge(whole, datum)
        return whole

    def _merge(self, whole: dict[str, Any], partial: dict[str, Any]) -> dict[str, Any]:
        cleared = partial[str(self._nulls)] if self._nulls else ()
        merged = merge(self._record, whole, partial, cleared)
        if self._nulls:
            merged[str(self._nulls)] = cleared
        return merged

    def _enter(
        self, past: Past, number: int, message: Message, body: bytes, known: history.Version | None
    ) -> Event:
        nothing = Event()
        nothing.memory = dict.fromkeys(self._registers)
        what = message.value("state_occurrence", nothing, [])
        occurrence = past.enter(number, what, body) if known is None else known.occurrence
        event = Event(occurrence=occurrence)
        for register in self._registers:
            key = message.value(f"register_key_{register}", nothing)
            facts = message.value(f"register_{register}", nothing)
            if key is not None and facts is not None:
                past.remember(register, key, number, facts)
            event.memory[register] = past.recall(register, key)
        return event

    def _tell(
        self, past: Past, candidate: Candidate, event: Event, message: Message, result: Result, *, late: bool
    ) -> None:
        """Emit a candidate if it is new, or changed by a newer version."""
        identity = uuid5(message.context.participant, candidate.rule.name, *candidate.key)
        sent = past.sent(identity)
        content = digest(candidate.body)
        if sent is not None and (
            late or sent.retracted or (content == sent.digest and not candidate.rule.always)
        ):
            return
        version = 1 if sent is None else sent.version + 1
        told = Event(identity, version, event.occurrence)
        told.memory = event.memory
        output = message.output(
            candidate, message.head(candidate, told) + candidate.body, f"{identity}:{version}"
        )
        result.outputs.append(output)
        past.send(
            identity, Sent(version, content, candidate.rule.name, output.key, output.subject, candidate.keep)
        )

    def _annul(self, past: Past, number: int, message: Message, event: Event, result: Result) -> None:
        """Retract every event of the document that the mapping retracts."""
        past.annulled = number
        if self._state.retract is None:
            return
        for identity in list(past.events):
            sent = past.sent(identity)
            if sent is None or sent.keep is None or sent.retracted:
                continue
            told = Event(identity, sent.version + 1, event.occurrence, retracted=True)
            told.memory = event.memory
            body = message.retraction(
                told, {"id": identity, "version": sent.version, "rule": sent.rule, **sent.keep}
            )
            if body is None:
                continue
            sent.version, sent.retracted = told.version, True
            past.send(identity, sent)
            result.outputs.append(
                Output(sent.partition, body, f"{identity}:{told.version}", sent.subject, message.context.hops)
            )
