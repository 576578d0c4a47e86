"""Moves: what happened, as one list in order of time, from events and from the versions of notes.

A note is told whole at every operation. Most operations make events of their own; those of the train, and the
two halves of a border crossing, are in the note alone as far as the consignment is concerned.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.shipment.codes import meanings
from schemas.shipment.fact import NOTE, Fact
from schemas.shipment.legs import leg_of, place_of
from schemas.shipment.settled import Settled, note_key

OF_THE_NOTE: Final = {
    "31": "TRANSPORT/DEPA",
    "32": "TRANSPORT/ARRI",
    "33": "TRANSPORT/WAYP",
    "34": "TRAIN/STOP",
    "40": "BORDER/HAND",
    "41": "BORDER/TAKE",
}
"""Operations of the DTC profile that the note alone tells of, to what they are."""

_ARRIVALS: Final = frozenset({"TRANSPORT/ARRI", "PORTCALL/ARRI", "BULK/ARRI"})
_WORDS: Final = {
    "TRAIN/STOP": "train left standing",
    "BORDER/HAND": "handed over at the border",
    "BORDER/TAKE": "taken over at the border",
    "PORTCALL/ANCO": "anchored",
    "PORTCALL/FAST": "fast at berth",
}


class Move(NamedTuple):
    """One thing that happened, is estimated or is planned.

    Attributes:
        at: UTC milliseconds.
        code: ``TYPE/CODE``.
        classifier: PLN, EST, ACT or REQ.
        leg: key of ``LEGS``.
        place: UN/LOCODE, else ESR.
        units: containers or wagons concerned.
        told: when the source said so.
        corrected: a later note version put this right.
        fact: what it is taken from.
    """

    at: int
    code: str
    classifier: str
    leg: str
    place: str | None
    units: tuple[str, ...]
    told: int
    corrected: bool
    fact: Fact

    @property
    def mode(self) -> str | None:
        """Means of transport."""
        return self.fact.mode


class Estimate(NamedTuple):
    """An estimated arrival: when it was told, where, and when it is to be."""

    told: int
    place: str
    at: int
    reason: str | None


def moves_of(settled: Settled) -> list[Move]:
    """List what happened, in order of time."""
    moves = [_move(fact, fact.code) for fact in settled.current if fact.code and fact.code != NOTE]
    told = {(*_message(move.fact), move.code) for move in moves}
    of_notes = _of_notes([fact for fact in settled.current if fact.code == NOTE])
    moves += [move for move in of_notes if (*_message(move.fact), move.code) not in told]
    moves.sort(key=lambda move: move.fact.order)
    return moves


def estimates_of(settled: Settled) -> list[Estimate]:
    """List every estimated arrival, in the order they were told; newer ones do not hide older ones.

    A note repeats its estimate with every operation: it is told when it is new, not when it is said again.
    An estimate beside another event is for the place that comes next, where the event is not of a note.
    """
    operated = {_message(fact): fact.at for fact in settled.told if fact.code == NOTE}
    found: set[Estimate] = set()
    notes: dict[str, int] = {}
    for fact in sorted(settled.told, key=lambda f: (f.at if f.code == NOTE else f.told, f.id, f.version)):
        if fact.classifier == "EST" and fact.code in _ARRIVALS:
            place, at = place_of(fact.place, fact.esr), fact.at
        elif fact.eta is None or (fact.code != NOTE and _message(fact) in operated):
            continue
        else:
            target = fact.note.destination if fact.note else None
            place, at = place_of(None if target else fact.next, target), fact.eta
        if fact.code == NOTE:
            if notes.get(note_key(fact)) == at:
                continue
            notes[note_key(fact)] = at
        if place:
            told = operated.get(_message(fact), fact.told)
            found.add(Estimate(told, place, at, fact.reason))
    return sorted(found, key=lambda e: (e.told, e.place, e.at, e.reason or ""))


def _message(fact: Fact) -> tuple[str, str]:
    return fact.source, fact.message


def words(code: str) -> str:
    """Say in words what a code means."""
    return _WORDS.get(code) or meanings().get(code, code)


def _of_notes(facts: list[Fact]) -> list[Move]:
    """Take the operations that the note alone tells of; told again at once, it puts the one before right."""
    moves: list[Move] = []
    last: dict[str, tuple[str | None, str | None]] = {}
    by_version = sorted(facts, key=lambda f: (note_key(f), f.sequence or 0, f.ingested, f.id))
    for fact in by_version:
        operation, key = (fact.operation, fact.esr), note_key(fact)
        repeated = last.get(key) == operation
        last[key] = operation
        if code := OF_THE_NOTE.get(fact.operation or ""):
            before = moves.pop() if repeated else None
            corrected = before is not None and (before.corrected or before.at != fact.at)
            moves.append(_move(fact, code, corrected=corrected))
    return moves


def _move(fact: Fact, code: str, *, corrected: bool = False) -> Move:
    units = () if fact.code == NOTE else _units(fact)
    return Move(
        fact.at, code, fact.classifier, leg_of(fact), place_of(fact.place, fact.esr), units,
        fact.at if fact.code == NOTE else fact.told, corrected or fact.version > 1, fact,
    )  # fmt: skip


def _units(fact: Fact) -> tuple[str, ...]:
    kind, _, subject = fact.subject.partition(":")
    if kind in {"EQUIPMENT", "WAGON"}:
        return (subject,)
    return ()
