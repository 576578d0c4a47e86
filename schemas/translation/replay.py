"""Tells what a document's versions say, one after the other in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from schemas.mapping.runtime import uuid5
from schemas.translation.message import Candidate, Message
from schemas.translation.model import Event
from schemas.translation.timeline import Occurrence, Timeline

ANNULMENT = "ANNULMENT"
SNAPSHOT = "SNAPSHOT"


class Made(msgspec.Struct, frozen=True, gc=False):
    """What one version says of one event."""

    identity: str
    candidate: Candidate
    message: Message
    event: Event


class Reading(msgspec.Struct, gc=False):
    """What one version says.

    Attributes:
        place: position of its occurrence.
        partial: whether it speaks of some items only and says nothing of the others.
    """

    place: int
    occurrence: Occurrence
    made: list[Made]
    partial: bool

    def holding(self) -> list[str]:
        """Ids of the events that can be taken back."""
        return [one.identity for one in self.made if one.candidate.keep is not None]


class Reader:
    """Evaluates a mapping version by version.

    Args:
        registers: names of the mapping's registers.
        named: gives the items that a partial version names, and all, by the ``id()`` of the whole's.
    """

    def __init__(
        self,
        registers: tuple[str, ...],
        named: Callable[[Any, Any], tuple[set[int], set[int]]],
    ) -> None:
        self._registers = registers
        self._named = named

    def nothing(self) -> Event:
        """The event of expressions that are asked before there is one."""
        event = Event()
        event.memory = dict.fromkeys(self._registers)
        return event

    def read(self, timeline: Timeline, message: Message, kind: str, partial: Any, whole: Any) -> Reading:  # noqa: ANN401 - datums
        """What a version says, entered into the timeline.

        Args:
            timeline: as of the version before.
            message: of the version.
            kind: SNAPSHOT, DELTA or ANNULMENT.
            partial: its own record.
            whole: the document with it.
        """
        message.take(whole)
        nothing = self.nothing()
        what = message.value("state_occurrence", nothing, [])
        place, occurrence = timeline.enter(
            what, message.value("state_stamp", nothing), message.value("state_time", nothing)
        )
        event = Event(occurrence=occurrence.index)
        for register in self._registers:
            key = message.value(f"register_key_{register}", nothing)
            facts = message.value(f"register_{register}", nothing)
            if key is not None and facts is not None:
                timeline.remember(register, key, facts)
            event.memory[register] = timeline.recall(register, key)
        candidates = message.candidates(event, "annulments" if kind == ANNULMENT else "rules")
        some = False
        if kind == "DELTA" and message.value("state_named_only", nothing, default=True):
            named, items = self._named(whole, partial)
            some = named != items
            if some:
                candidates = [one for one in candidates if _concerns(one, named, items)]
        participant = message.context.participant
        made = [Made(uuid5(participant, one.rule.name, *one.key), one, message, event) for one in candidates]
        return Reading(place, occurrence, made, some)


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

    def take(self, message: Message, kind: str, partial: Any, whole: Any) -> None:  # noqa: ANN401 - datums
        """Add the next version."""
        self._order += 1
        reading = self._reader.read(self.timeline, message, kind, partial, whole)
        if kind == ANNULMENT:
            self._annul(message)
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


def _concerns(candidate: Candidate, named: set[int], items: set[int]) -> bool:
    """Whether a candidate is of an item that the version names, or of no item at all."""
    if not candidate.rule.many or not candidate.variables:
        return True
    item = id(candidate.variables[-1])
    return item in named or item not in items
