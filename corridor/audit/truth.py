"""The audit by truth: what each partner was told in the end, held against the world that the sandbox plays.

The other checks prove that messages are carried as they are. This one proves that what is carried is so: the
world (`corridor.sandbox.world`) knows who is where, loaded on what, and when, and it is the source of every
message of the sandbox. A claim that no deed bears out is a lie, whoever is to blame.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cache
from typing import Final

from corridor.audit.claims import ETA, Statement
from corridor.audit.facts import BrokenPromise
from corridor.sandbox.world import GATE_OUT, Deed, World
from schemas.codes.lists import CodeLists

MINUTE: Final = timedelta(minutes=1)
"""Notes tell the minute, events the second."""
TO_EVENTS: Final = frozenset(
    {"10", "11", "20", "31", "32", "41", "60", "61", "62", "63", "70", "71", "72", "73", "81"}
)
"""Operations of the railway that the DLP must be told of (docs/profiles: the crosswalk of operations)."""
ABOUT_NOTES: Final = frozenset({"10", "11", "60", "62", "63"})
ABOUT_TRAINS: Final = frozenset({"31", "32"})
TO_NOTES: Final = frozenset({GATE_OUT})
"""What others see that the DTC must be told of."""


class Truth:
    """Holds claims against a world.

    Args:
        world: what is so.
        accepted: ids of the messages that the broker took in and that did not die on the way.
    """

    def __init__(self, world: World, accepted: frozenset[str]) -> None:
        self._world, self._accepted = world, accepted

    def check(self, place: str, claims: Sequence[Statement], must: Iterable[str]) -> Iterator[BrokenPromise]:
        """Find every lie, everything untold, told twice or not taken back at one partner.

        Args:
            place: the partner.
            claims: everything that it was ever told.
            must: kinds of deed that it must be told of, and ``ETA`` where it must be told of estimates.
        """
        for claim in claims:
            yield from self._judge(place, claim)
        yield from _twice(place, claims)
        yield from self._untold(place, claims, frozenset(must))

    def _judge(self, place: str, claim: Statement) -> Iterator[BrokenPromise]:
        """Look for a deed that bears a claim out; say what is so where there is none."""
        found = self._deeds(claim)
        said = f"{claim.text} of {claim.unit} at {'/'.join(sorted(claim.places))} {claim.at:%d %b %H:%M}"
        for wrong, bears_out in _QUESTIONS:
            left = [deed for deed in found if bears_out(deed, claim)]
            if not left:
                if claim.holds:
                    yield BrokenPromise("untrue", place, claim.id, f"{said}: {wrong}{_in_words(found)}")
                return
            found = left
        if claim.holds and all(deed.undone_by & self._accepted for deed in found):
            yield BrokenPromise("not-taken-back", place, claim.id, f"{said}: it was corrected or taken back")

    def _deeds(self, claim: Statement) -> list[Deed]:
        if claim.whats != ETA:
            return self._world.deeds.get(claim.unit, [])
        keys = {claim.unit, *claim.notes} & self._world.expected.keys()
        if not keys:  # about a train, without a note: whatever is expected of those aboard
            keys = {key for deed in self._world.deeds.get(claim.unit, []) for key in deed.notes}
        return [deed for key in sorted(keys) for deed in self._world.expected[key]]

    def _untold(
        self, place: str, claims: Iterable[Statement], must: frozenset[str]
    ) -> Iterator[BrokenPromise]:
        by_unit: defaultdict[str, list[Statement]] = defaultdict(list)
        for claim in claims:
            for key in {claim.unit, *(claim.notes if claim.whats == ETA else ())}:
                by_unit[key].append(claim)
        boxes = {unit for unit in self._world.deeds if len(unit) == 11 and unit[:4].isalpha()}
        for unit, deeds in (*self._world.deeds.items(), *self._world.expected.items()):
            for deed in deeds:
                kind = _kind(unit, boxes, self._world.notes)
                if deed.what not in must or not _is_about(deed.what, kind) or not self._stands(deed):
                    continue
                if unit != deed.unit:
                    continue  # the same under another key of the note
                told = [
                    claim
                    for key in {unit, *deed.notes}
                    for claim in by_unit.get(key, ())
                    if claim.holds or claim.lasting or deed.what == "ETA"
                ]
                if not any(all(question(deed, claim) for _, question in _QUESTIONS) for claim in told):
                    yield BrokenPromise("untold", place, min(deed.told_by), f"{unit}: {_in_words([deed])}")

    def _stands(self, deed: Deed) -> bool:
        """Whether the broker was told of it, and nothing that puts it right or takes it back."""
        return bool(deed.told_by & self._accepted) and not deed.undone_by & self._accepted


def _is_of_kind(deed: Deed, claim: Statement) -> bool:
    return deed.what in claim.whats


def _is_there(deed: Deed, claim: Statement) -> bool:
    return not claim.places or not deed.places or claim.places <= _codes(deed.places)


def _is_then(deed: Deed, claim: Statement) -> bool:
    return deed.since - MINUTE < claim.at < deed.until + MINUTE


def _is_under(deed: Deed, claim: Statement) -> bool:
    return not claim.notes or not deed.notes or bool(claim.notes & deed.notes)


def _is_on(deed: Deed, claim: Statement) -> bool:
    return not deed.carriers or claim.carriers <= deed.carriers | {deed.unit}


_QUESTIONS: Final = (
    ("that did not happen", _is_of_kind),
    ("not there, but ", _is_there),
    ("not then, but ", _is_then),
    ("not under that note, but ", _is_under),
    ("not on that, but ", _is_on),
)
"""What is asked of a deed, one after the other, with what is wrong where none is left."""


def _twice(place: str, claims: Iterable[Statement]) -> Iterator[BrokenPromise]:
    """One happening of one source has one identity."""
    known: dict[tuple[object, ...], Statement] = {}
    for claim in claims:
        if not claim.holds or claim.text == "etaDestination" or claim.whats == ETA:
            continue
        same = (claim.text, claim.unit, claim.at, claim.places, claim.notes, claim.source)
        other = known.setdefault(same, claim)
        if other.identity != claim.identity:
            detail = f"{claim.text} of {claim.unit} {claim.at:%d %b %H:%M}: also {other.identity}"
            yield BrokenPromise("told-twice", place, claim.id, detail)


def _kind(unit: str, boxes: set[str], notes: set[str]) -> str:
    return "box" if unit in boxes else "note" if unit in notes else "train" if "-" in unit else ""


def _is_about(what: str, kind: str) -> bool:
    """Whether a partner is told of a deed by units of that kind."""
    if what in ABOUT_NOTES or what == "ETA":
        return kind == "note"
    return kind == ("train" if what in ABOUT_TRAINS else "box")


def _in_words(deeds: Iterable[Deed]) -> str:
    listed = sorted(deeds, key=lambda deed: deed.since)[-3:]
    return "; ".join(
        f"{deed.what} at {'/'.join(sorted(deed.places))} {deed.since:%d %b %H:%M}"
        + (f" on {'/'.join(sorted(deed.carriers))}" if deed.carriers else "")
        for deed in listed
    )


@cache
def _codes(places: frozenset[str]) -> frozenset[str]:
    """Every code of a place: a station's UN/LOCODE, too."""
    stations = {esr: row["unlocode"] for esr, row in CodeLists.load().rows("stations") if esr in places}
    return places | {str(code) for code in stations.values() if code}
