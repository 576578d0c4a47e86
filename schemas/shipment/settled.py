"""Which facts hold: of each event the highest version, and nothing of one that was taken back.

The result depends on the set of facts alone, whatever order they came in, and however often.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.shipment.fact import MEANS, NOTE, Fact

TOGETHER: Final = 12 * 3_600_000
"""Milliseconds within which the words of several notes about one train tell of the same thing."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Facts of one owner, settled.

    Attributes:
        current: what holds, in order of time.
        versions: event to all its versions, lowest first, where there is more than one, or it was taken back.
        told: every version that was not taken back, in the order it was told: how estimates moved.
    """

    current: tuple[Fact, ...]
    versions: dict[str, tuple[Fact, ...]]
    told: tuple[Fact, ...]


def rank(fact: Fact) -> tuple[int, str, str]:
    """Rank facts that claim to be the same version of one event: the first that was told counts."""
    return (fact.ingested, fact.source, fact.message)


def settle(facts: Iterable[Fact]) -> Settled:
    """Find what holds among the facts of one owner."""
    by_event: dict[str, dict[tuple[int, bool], Fact]] = {}
    for fact in facts:
        versions = by_event.setdefault(fact.id, {})
        place = (fact.version, fact.retracted)
        if place not in versions or rank(fact) < rank(versions[place]):
            versions[place] = fact
    current: list[Fact] = []
    corrected: dict[str, tuple[Fact, ...]] = {}
    told: list[Fact] = []
    for event, versions in by_event.items():
        listed = tuple(versions[place] for place in sorted(versions))
        void = any(fact.retracted for fact in listed)
        if len(listed) > 1 or void:
            corrected[event] = listed
        if not void:
            current.append(listed[-1])
            told.extend(listed)
    return Settled(
        tuple(sorted(_one_telling(_without_annulled(current)), key=lambda fact: fact.order)),
        dict(sorted(corrected.items())),
        tuple(sorted(told, key=lambda fact: (fact.told, fact.id, fact.version))),
    )


def note_key(fact: Fact) -> str:
    """Key of the note that a note event is a version of."""
    return fact.references[0].value if fact.references else ""


def _without_annulled(facts: Sequence[Fact]) -> list[Fact]:
    """Leave out the versions of notes that are void: what such a note said did not happen."""
    last: dict[str, Fact] = {}
    for fact in facts:
        if fact.code == NOTE:
            known = last.get(note_key(fact))
            if known is None or (fact.sequence or 0, fact.id) > (known.sequence or 0, known.id):
                last[note_key(fact)] = fact
    void = {key for key, fact in last.items() if fact.note is not None and fact.note.annulled}
    if not void:
        return list(facts)
    return [fact for fact in facts if fact.code != NOTE or note_key(fact) not in void]


def _one_telling(facts: Sequence[Fact]) -> list[Fact]:
    """Keep one of the copies that a train's or vessel's event has for each shipment aboard.

    Each note tells of its train in words of its own: of those within half a day the last one counts.
    """
    kept: list[Fact] = []
    copies: dict[tuple[str | None, ...], Fact] = {}
    trains: dict[tuple[str | None, ...], list[Fact]] = {}
    for fact in facts:
        if fact.kind not in MEANS:
            kept.append(fact)
            continue
        key = (fact.source, fact.message, fact.subject, fact.code, fact.service)
        if key not in copies or fact.id < copies[key].id:
            copies[key] = fact
    for fact in copies.values():
        if fact.kind == "TRAIN":
            said = (fact.subject, fact.source, fact.code, fact.classifier, fact.place, fact.esr)
            trains.setdefault(said, []).append(fact)
        else:
            kept.append(fact)
    return [*kept, *(one for told in trains.values() for one in _last_words(told))]


def _last_words(told: Sequence[Fact]) -> list[Fact]:
    """One fact for each thing that several notes tell of a train, half a day apart at most."""
    words: list[Fact] = []
    begun = 0
    for fact in sorted(told, key=lambda each: (each.at, each.id)):
        if words and fact.at - begun <= TOGETHER:
            words[-1] = max(words[-1], fact, key=lambda each: (each.ingested, each.id))
        else:
            words.append(fact)
            begun = fact.at
    return words
