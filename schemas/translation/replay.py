"""Tells what a document's versions say, one after the other in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from schemas.mapping.reasons import NO_EQUIVALENT
from schemas.mapping.report import Noted
from schemas.mapping.runtime import uuid5
from schemas.translation.asides import Aside, Asides, SaidOfItems
from schemas.translation.message import Candidate, Message
from schemas.translation.model import Event
from schemas.translation.timeline import Beside, Occurrence, Timeline

ANNULMENT = "ANNULMENT"
SNAPSHOT = "SNAPSHOT"


class Made(msgspec.Struct, frozen=True, gc=False):
    """What one version says of one event."""

    identity: str
    candidate: Candidate
    message: Message
    event: Event

    @property
    def can_be_taken_back(self) -> bool:
        """Whether it is of an occurrence, and kept for a retraction."""
        return self.candidate.keep is not None and not self.candidate.rule.standing


class Reading(msgspec.Struct, gc=False):
    """What one version says.

    Attributes:
        place: position of its occurrence.
        partial: whether it speaks of some items only and says nothing of the others.
        over: ids of the standing events that it no longer tells.
        asides: what it says of single items.
        gone: places and ids of events of single items that it shows not to have happened.
        kept: ids of the events of its occurrence that are of items of which it says something else.
        time: of what it says of single items, UTC ms.
    """

    place: int
    occurrence: Occurrence
    made: list[Made]
    partial: bool
    over: list[str] = []
    asides: list[Reading] = []
    gone: list[tuple[int, str]] = []
    kept: list[str] = []
    time: int | None = None

    def all(self) -> list[Reading]:
        """This and what it says of single items, which comes first."""
        return [*self.asides, self]

    def holding(self) -> list[str]:
        """Ids of the events of its occurrence that can be taken back."""
        return [one.identity for one in self.made if one.can_be_taken_back] + self.kept


class Reader:
    """Evaluates a mapping version by version.

    Args:
        registers: names of the mapping's registers.
        named: gives the items that a partial version names, and all, by the ``id()`` of the whole's.
        emptied: gives those items that carry nothing any more of which a version says nothing.
        asides: reads what versions say of single items, if they do.
        of_whole: paths of what the document says with its own operation only, and never of single items.
    """

    def __init__(
        self,
        registers: tuple[str, ...],
        named: Callable[[Any, Any], tuple[set[int], set[int]]],
        emptied: Callable[[Any, list[str]], list[str]],
        asides: Asides | None = None,
        of_whole: Sequence[tuple[str, ...]] = (),
    ) -> None:
        self._of_whole = of_whole
        self._other = frozenset(of_whole).union((name,) for name in asides.shared) if asides else frozenset()
        self._registers = registers
        self._named = named
        self._emptied = emptied
        self._asides = asides
        self._nothing = Event()
        self._nothing.memory = dict.fromkeys(registers)

    def nothing(self) -> Event:
        """The event of expressions that are asked before there is one; nobody changes it."""
        return self._nothing

    def read(self, timeline: Timeline, message: Message, kind: str, partial: Any, whole: Any) -> Reading:  # noqa: ANN401 - datums
        """What a version says, entered into the timeline.

        Args:
            timeline: as of the version before.
            message: of the version.
            kind: SNAPSHOT, DELTA or ANNULMENT.
            partial: its own record.
            whole: the document with it.
        """
        said, found, message.beside = None, list[tuple[Aside, Reading | None]](), []
        of_items: Noted | None = None  # what is odd in what is said of single items is not of the others
        if self._asides is not None and kind != ANNULMENT:
            said = self._asides.of(partial, whole)
            for pointer, one in said.unknown.items():
                key = self._asides.key
                message.report.finding(f"{pointer}/{key}", "unit-not-in-note", "warning", one[key])
                _lose(message, {pointer: one})
            before = message.report.apart()
            message.report.again(before)
            found = [(one, self._aside(timeline, message, one, whole, self._asides)) for one in said.others]
            of_items = message.report.apart()
            message.report.again(before)
        message.take(whole)
        nothing, stamps = self.nothing(), [one.stamp for one in timeline.occurrences]
        what = message.value("state_occurrence", nothing, [])
        place, occurrence = timeline.enter(
            what, message.value("state_stamp", nothing), message.value("state_time", nothing)
        )
        event = Event(occurrence=occurrence.index)
        event.emptied = self._emptied(partial, timeline.emptied)
        for register in self._registers:
            key = message.value(f"register_key_{register}", nothing)
            facts = message.value(f"register_{register}", nothing)
            if key is not None and facts is not None:
                timeline.remember(register, key, facts)
            event.memory[register] = timeline.recall(register, key)
        candidates = all_made = message.candidates(event, "annulments" if kind == ANNULMENT else "rules")
        if of_items is not None:
            message.report.again(of_items)
        some = False
        if kind == "DELTA" and message.value("state_named_only", nothing, default=True):
            named, items = self._named(whole, partial)
            some = named != items
            if some:
                candidates = [one for one in candidates if _concerns(one, named, items)]
        participant = message.context.participant
        alone = _Alone(timeline, place, occurrence, found, participant)
        # at another time it is the last operation of more items than before
        again = place < len(stamps) and stamps[place] == occurrence.stamp
        if said is not None and (said.same or said.others):
            some = some or kind == "DELTA"
            candidates = alone.of_others(candidates, said, part=kind == "DELTA", again=again)
        if self._asides is not None and kind != ANNULMENT:
            alone.settle(all_of_it=again and self._asides.all_of_it(partial, kind))
        if len(candidates) < len(all_made):
            staying = {id(one) for one in candidates}
            message.untold_events([one for one in all_made if id(one) not in staying])
        made = [Made(uuid5(participant, one.rule.name, *one.key), one, message, event) for one in candidates]
        made = _once(made)
        told = {one.identity for one in made}
        occurrence.earlier = [one for one in occurrence.earlier if one not in told]
        standing = [one.identity for one in made if one.candidate.rule.standing]
        ended = timeline.stand(standing, over=message.value("state_ends", nothing, default=True))
        return Reading(place, occurrence, made, some, ended, alone.readings, alone.gone, alone.kept)

    def _aside(
        self,
        timeline: Timeline,
        message: Message,
        aside: Aside,
        whole: Any,  # noqa: ANN401 - a datum
        asides: Asides,
    ) -> Reading | None:
        """What a version says of single items, entered into the timeline as a version of its own.

        Its facts are of these items only: no later version reads them.
        """
        message.take({**_blank(whole, self._of_whole), **aside.words, asides.field: None})
        message.report.moved = aside.pointer, frozenset(aside.words)
        try:
            return self._read_aside(timeline, message, aside)
        finally:
            message.report.moved = None

    def _read_aside(self, timeline: Timeline, message: Message, aside: Aside) -> Reading | None:
        nothing, last = self.nothing(), timeline.last
        time = message.value("state_time", nothing)
        what = message.value("state_occurrence", nothing, [])
        if time is None or what[:1] == [None]:
            message.report.finding(aside.pointer, "time-missing", "warning", what[0] if what else None)
            _lose(message, aside.said)
            return None
        place, occurrence = timeline.enter(what, message.value("state_stamp", nothing), time)
        timeline.last = last
        event = Event(occurrence=occurrence.index)
        for register in self._registers:
            key = message.value(f"register_key_{register}", nothing)
            facts = message.value(f"register_{register}", nothing)
            event.memory[register] = facts if facts is not None else timeline.recall(register, key)
        participant = message.context.participant
        candidates = message.single(
            event, lambda one: _single(one) and id(one.variables[-1]) in aside.items, self._other
        )
        made = [Made(uuid5(participant, one.rule.name, *one.key), one, message, event) for one in candidates]
        made = _once(made)
        if not made:
            _lose(message, aside.said)
        return Reading(place, occurrence, made, partial=True, time=time)


class _Alone:
    """What a version says of single items, beside the occurrence that it tells of.

    Attributes:
        readings: of it.
        gone: as in the `Reading` of the version, and ``kept`` likewise.
    """

    def __init__(
        self,
        timeline: Timeline,
        place: int,
        occurrence: Occurrence,
        found: Sequence[tuple[Aside, Reading | None]],
        participant: str,
    ) -> None:
        self._timeline, self._place, self._occurrence = timeline, place, occurrence
        self._found, self._participant = found, participant
        self.readings = [reading for _, reading in found if reading is not None]
        self.gone: list[tuple[int, str]] = []
        self.kept: list[str] = []

    def of_others(
        self, candidates: Sequence[Candidate], said: SaidOfItems, *, part: bool, again: bool
    ) -> list[Candidate]:
        """Candidates without those of items that have an operation of their own, or of which nothing is said.

        Args:
            candidates: of all items.
            said: of single items.
            part: whether the version may be silent of items.
            again: whether it tells the same time as the version before.
        """
        earlier = self._occurrence.earlier
        staying: list[Candidate] = []
        for one in candidates:
            if not _single(one) or said.allows(id(one.variables[-1])):
                staying.append(one)
                continue
            identity = uuid5(self._participant, one.rule.name, *one.key)
            silent = part and not self._named(one) and (not again or identity in earlier)
            if identity in self._occurrence.members and (silent or self._before(one)):
                self.kept.append(identity)
                if silent and identity not in earlier:
                    earlier.append(identity)
            elif identity in self._occurrence.members:
                self.gone.append((self._place, identity))
                self._timeline.drop(self._place, identity)
        return staying

    def settle(self, *, all_of_it: bool) -> None:
        """Note what was told of single items, and what of that does not hold any more."""
        now = [
            Beside(reading.place, told.identity, told.candidate.subject or "")
            for reading in self.readings
            for told in reading.made
            if told.can_be_taken_back
        ]
        over = self._timeline.beside(self._occurrence, now, all_of_it=all_of_it)
        self.gone += [(each.place, each.identity) for each in over]
        self.kept += [each.identity for each in now if each.place == self._place]

    def _before(self, candidate: Candidate) -> bool:
        """Whether the occurrence may have been before what is said of a candidate's item alone."""
        item, time = id(candidate.variables[-1]), self._occurrence.time
        for aside, reading in self._found:
            if item in aside.items and reading is not None:
                return reading.time is None or time is None or reading.time > time
        return self._named(candidate)

    def _named(self, candidate: Candidate) -> bool:
        """Whether a candidate's item has an operation of its own."""
        item = id(candidate.variables[-1])
        return any(item in aside.items for aside, _ in self._found)


class Replay:
    """What all versions of a document say together: the events that hold after the newest.

    Args:
        reader: of the mapping.
        timeline: as of what was folded; it is changed.
        held: ids of events that hold without an occurrence.
    """

    def __init__(self, reader: Reader, timeline: Timeline, held: list[str]) -> None:
        self.timeline = timeline
        self._reader = reader
        self._order = 0
        self._told: dict[str, dict[int, tuple[int, Made | None]]] = {one: {-1: (0, None)} for one in held}
        for place, occurrence in enumerate(timeline.occurrences):
            for identity in occurrence.members:
                self._told.setdefault(identity, {})[place] = (0, None)
        for identity in timeline.standing:
            self._told.setdefault(identity, {})[-1] = (0, None)

    def take(self, message: Message, kind: str, partial: Any, whole: Any) -> None:  # noqa: ANN401 - datums
        """Add the next version."""
        self._order += 1
        reading = self._reader.read(self.timeline, message, kind, partial, whole)
        if kind == ANNULMENT:
            self._annul(message)
        for identity in reading.over:
            self._told.pop(identity, None)
        for place, identity in reading.gone:
            self._told.get(identity, {}).pop(place, None)
        for aside in reading.asides:
            self._enter(aside)
        self._enter(reading)

    def _enter(self, reading: Reading) -> None:
        holding = reading.holding()
        if not reading.partial:
            for identity in reading.occurrence.members:
                if identity not in holding:
                    self._told.get(identity, {}).pop(reading.place, None)
            reading.occurrence.members = holding
        else:
            members = reading.occurrence.members
            members += [one for one in holding if one not in members]
        for made in reading.made:
            self._told.setdefault(made.identity, {})[reading.place] = (self._order, made)

    def result(self) -> dict[str, Made | None]:
        """The events that hold: what the newest version that holds them says, None for what was folded."""
        made: list[tuple[int, str, Made | None]] = []
        for identity, words in self._told.items():
            if words:
                order, word = max(words.values(), key=lambda each: each[0])
                made.append((order, identity, word))
        return {identity: word for _, identity, word in sorted(made, key=lambda each: each[0])}

    def _annul(self, message: Message) -> None:
        """Nothing holds any more but what the mapping does not take back."""
        for occurrence in self.timeline.occurrences:
            occurrence.members = [one for one in occurrence.members if self._stays(message, one)]
        for identity in [one for one in self._told if not self._stays(message, one)]:
            del self._told[identity]

    def _stays(self, message: Message, identity: str) -> bool:
        """Whether an annulment leaves an event as it is; of what was folded that is seen later."""
        words = self._told.get(identity, {}).values()
        made = [word for _, word in words if word is not None]
        if len(made) < len(words) or not made:
            return False
        keep = made[-1].candidate.keep
        if keep is None:
            return True
        event = made[-1].event.of(identity)
        event.memory = made[-1].event.memory
        kept = {"id": identity, "version": 1, "rule": made[-1].candidate.rule.name, **keep}
        return message.retraction(event, kept) is None


def _blank(document: dict[str, Any], paths: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """A document with null at these paths."""
    for name, *rest in paths:
        inner = document.get(name)
        document = {**document, name: _blank(inner, [tuple(rest)]) if rest and inner else None}
    return document


def _lose(message: Message, said: Mapping[str, Any]) -> None:
    """What is said of items, by their pointers, is told to nobody: each field of it is a loss."""
    for pointer, one in said.items():
        for name, value in one.items():
            if value is not None:
                message.report.rest(f"{pointer}/{name}", NO_EQUIVALENT, value)


def _once(made: list[Made]) -> list[Made]:
    """Each event once, though the document lists twice what it is of: the first stands."""
    first: dict[str, Made] = {}
    others = [one for one in made if first.setdefault(one.identity, one).candidate.body != one.candidate.body]
    if others:
        others[0].message.untold_events([one.candidate for one in others])
    return list(first.values())


def _concerns(candidate: Candidate, named: set[int], items: set[int]) -> bool:
    """Whether a candidate is of an item that the version names, or of no item at all."""
    if not _single(candidate):
        return True
    item = id(candidate.variables[-1])
    return item in named or item not in items


def _single(candidate: Candidate) -> bool:
    """Whether a candidate is of one item."""
    return candidate.rule.many and bool(candidate.variables)
