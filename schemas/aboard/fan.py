"""Tells the events of a vessel or train to every shipment aboard, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from schemas.aboard.book import KEPT, READ, Boarding, Book, BookEntry, Derived, Unit, aboard, is_boarding
from schemas.aboard.horizon import fitted, forget, is_too_old
from schemas.avro.codec import Codec
from schemas.mapping.runtime import uuid5
from schemas.records import Filtered, Finding
from schemas.translation.message import State
from schemas.translation.model import Output, Record, Result
from schemas.translation.store import pack
from schemas.translation.written import Written

_OF_THE_MEANS: Final = ("when", "where", "why", "how", "cargo", "bulk", "customs", "correction.updated_at",
                        "what.publisher", "what.publisher_role", "what.publisher_scheme")  # fmt: skip
"""What is the same for every shipment aboard: the first that is told it is told something new."""
OURS: Final = ("what.units", "what.references")
"""What a derived event has of the loadings, and not of its source: each was told of with its own."""
KINDS: Final = frozenset({"WAGON", "CONTAINER", "TRUCK"})
"""Kinds of units; a shipment without any stands for itself."""

_decode = msgspec.msgpack.Decoder(Book).decode
_encode = msgspec.msgpack.encode


class Fan:
    """Keeps who is aboard, and derives one event for each shipment from each event of the vessel or train.

    The state is by vessel and voyage, or by train. Whatever changes it - a late loading, a correction, a
    retraction, a new manifest - is followed by exactly the derived events that it makes, changes or takes
    back. A derived event has the id ``uuid5(aboard, event, shipment, generation)``, versions of its own, the
    way (hops) of the event it comes from, and names that event in ``envelope.derived_from``.

    Args:
        codec: of the corridor event.
    """

    name: Final = "from-aboard"
    stateful: Final = True

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._peek = codec.peek(READ)
        self._written = Written(codec)

    def translate(self, record: Record, state: State) -> Result:
        """Take one routed corridor event. The state is read only; what to write is in the result.

        Raises:
            Permanent: the body cannot be read.
        """
        event = self._peek(record.body)
        voyage = event["how"]["voyage"] or ""
        key = b"|".join([record.key, voyage.encode()])
        entry = state(key)
        book = _decode(entry[8:]) if entry else Book()
        context = record.context
        lost = self._brought(book, state)
        if is_too_old(book, event):
            return Result(filtered=[Filtered("", "stale")], findings=lost)
        forget(book, context.accepted)
        before = book.parties() if is_boarding(event) else None
        affected = book.take(event, record.body, context.hops, context.accepted)
        if affected is None:
            return Result(findings=lost)
        outputs = self._derive(book, affected, before)
        body, forgotten = fitted(book, _encode)
        if forgotten:
            lost.append(Finding("", "aboard-forgotten", "warning", str(forgotten)))
        changes: dict[bytes, bytes | None] = {key: pack(context.accepted + KEPT, body)}
        self._written.note(state, changes)
        return Result(outputs, changes, findings=lost)

    def _brought(self, book: Book, state: State) -> list[Finding]:
        """Make what was kept under another version of the schema of this one; name the unreadable."""
        mark = book.written
        if mark == self._written.mark:
            return []
        lost = book.rewrite(self._written.mark, lambda body: self._written.read(mark, body, state))
        return [Finding("", "kept-versions-unreadable", "error", identity) for identity in lost]

    def _derive(
        self, book: Book, affected: Collection[str], before: Mapping[str, Sequence[Boarding]] | None
    ) -> list[Output]:
        """Bring what was derived from these events up to date with the book; return what has to be told.

        Args:
            book: with the new fact.
            affected: ids of events of the vessel or train.
            before: the shipments as they were; only those that changed are looked at. None: all are.
        """
        outputs: list[Output] = []
        said: set[str] = set()
        parties = book.parties()
        again = [(identity, book.told[identity]) for identity in affected]
        for identity, one in sorted(again, key=lambda item: (item[1].at, item[0])):
            known = {party for event, party in book.derived if event == identity}
            concerned = parties.keys() | known
            if before is not None:
                concerned = {p for p in concerned if parties.get(p) != before.get(p)}
            for party in sorted(concerned):
                boardings = parties.get(party, [])
                units = [] if one.retracted else aboard(boardings, one)
                if output := self._tell(book, identity, one, party, boardings, units):
                    known_too = _OF_THE_MEANS if identity in said else ()
                    outputs.append(output._replace(known=(*OURS, *known_too)))
                    said.add(identity)
        return outputs

    def _tell(
        self, book: Book, identity: str, told: BookEntry, party: str, boardings: Sequence[Boarding],
        units: Sequence[Unit],
    ) -> Output | None:  # fmt: skip
        """Tell one event to one shipment, unless it knows it as it is."""
        before = book.derived.get((identity, party))
        if not units and (before is None or before.retracted):
            return None
        boardings = boardings or book.parties(also_void=True).get(party, [])
        facts = _facts(party, boardings, units)
        digest = hashlib.sha256(_encode((told.version, facts if units else None))).digest()[:12]
        if before is not None and before.digest == digest and before.retracted is not bool(units):
            return None
        revived = before is not None and before.retracted
        generation = 0 if before is None else before.generation + revived
        version = 1 if before is None or revived else before.version + 1
        book.derived[identity, party] = Derived(generation, version, not units, digest)
        derived = uuid5("aboard", identity, party, generation)
        datum = self._codec.decode_trusted(told.body)
        body = self._codec.encode(_derived(datum, identity, derived, version, facts, retracted=not units))
        subject = f"{datum['subject']['type']}:{datum['subject']['id']}"
        return Output(party.encode(), body, f"{derived}:{version}", subject, told.hops)


def _facts(party: str, boardings: Sequence[Boarding], units: Sequence[Unit]) -> dict[str, Any]:
    """What a derived event says of its shipment."""
    consignments = sorted({one.consignment for one in boardings if one.consignment is not None})
    latest = sorted(boardings, key=lambda one: (-one.at, one.code, one.references))
    references = list(dict.fromkeys(reference for one in latest for reference in one.references))
    trucks = sorted({unit for one in boardings for unit in one.units if unit[0] == "TRUCK"}, key=str)
    return {
        "consignment": consignments[0] if consignments else party if ":" not in party else None,
        "references": references,
        "units": [unit for unit in units if unit[0] in KINDS],
        "truck": trucks[0][1] if trucks else None,
    }


def _derived(
    datum: Mapping[str, Any], source: str, identity: str, version: int, facts: Mapping[str, Any], *,
    retracted: bool,
) -> dict[str, Any]:  # fmt: skip
    """The derived event as a datum."""
    own = [(r["type"], r["value"]) for r in datum["what"]["references"]]
    references = [
        {"type": kind, "value": value, "original": original}
        for kind, value, original in facts["references"]
        if (kind, value) not in own
    ]
    units = [{"kind": kind, "id": number, "parent": parent} for kind, number, parent in facts["units"]]
    how = dict(datum["how"])
    if facts["truck"]:
        how["truck_plate"] = facts["truck"]
    return {
        **datum,
        "envelope": {**datum["envelope"], "event_id": identity, "derived_from": source},
        "correction": {
            **datum["correction"],
            "version": version,
            "supersedes": f"{identity}:{version - 1}" if version > 1 else None,
            "retracted": retracted,
        },
        "consignment_id": facts["consignment"],
        "what": {
            **datum["what"],
            "references": references + datum["what"]["references"],
            "units": units,
        },
        "how": how,
    }
