"""What is known of one assembled document: what each event says, and the document that all of it makes.

The document is a function of the set of events, never of the order in which they came: they are put one on
top of the other by the time for which they speak. So a late event moves nothing that a newer one has set,
and an event that is taken back leaves what stood before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from schemas.avro.schema import Record
from schemas.mapping.document import Group
from schemas.translation.changes import Changes, changes, unnamed
from schemas.translation.merge import Document, merge, placed, read, without

MAX_SAID = 256
"""Events that are kept apart; beyond that the oldest become one, and what is older still is taken as late."""


class Part(msgspec.Struct, array_like=True):
    """What one rule made of an event.

    Attributes:
        fields: what it sets, without the fields that name the message.
        whole: it is the document, not a part of it.
        facts: of a whole document what it is known by; of a part what has to be so for it to count.
        lost: pointer of the field of the event that is lost where it does not count.
    """

    fields: dict[str, Any]
    whole: bool = False
    facts: dict[str, Any] | None = None
    lost: str | None = None


class Said(msgspec.Struct, array_like=True):
    """What one event says in its newest version.

    Attributes:
        version: its version and when that was made (UTC ms), which put versions in order.
        at: place among the events: time for which it speaks (UTC ms), and what decides between equal times.
        parts: what its rules made of it, in their order; none of an event that was retracted in silence.
    """

    version: list[int]
    at: list[Any]
    parts: list[Part]
    retracted: bool = False
    annuls: bool = False


class Assembled(msgspec.Struct, array_like=True):
    """The state of one document.

    Attributes:
        version: of the last emission, or of the target's own document if that is higher.
        document: what all events together make; null and absent alike are left out.
        told: what the target knows, where that is not the document.
        said: by event.
    """

    version: int = 0
    document: dict[str, Any] = {}
    told: dict[str, Any] | None = None
    said: dict[str, Said] = {}
    closed: bool = False

    def ordered(self) -> list[tuple[str, Said]]:
        """All events by the time for which they speak."""
        return sorted(self.said.items(), key=lambda item: (item[1].at, item[0]))

    @property
    def facts(self) -> dict[str, Any]:
        """What the newest whole document is known by."""
        whole = [(one.at, name, part) for name, one in self.said.items() for part in one.parts if part.whole]
        return (max(whole, key=lambda item: item[:2])[2].facts or {}) if whole else {}

    @property
    def annulled(self) -> bool:
        """Whether an event that stands made the document void."""
        return any(one.annuls and not one.retracted for one in self.said.values())


class Folding:
    """Puts what events say on top of each other.

    Args:
        record: type of the document.
        groups: fields that belong together.
    """

    def __init__(self, record: Record, groups: Sequence[Group]) -> None:
        self._record = record
        self._groups = groups

    def fold(self, known: Assembled) -> Document:
        """The document that the events make."""
        ordered = known.ordered()
        first = max((i for i, (_, one) in enumerate(ordered) for part in one.parts if part.whole), default=0)
        facts, document = known.facts, Document()
        for _, one in ordered[first:]:
            for part in one.parts:
                document = self.put(document, part, facts)
        return document

    def extend(self, known: Assembled, name: str, part: Part, *, renewed: bool) -> Document:
        """The document with one part more, which is the last that the event of this name says so far.

        Args:
            known: with the part.
            name: of the event.
            part: the part.
            renewed: whether the event said something else before.
        """
        newest = max(known.said.items(), key=lambda item: (item[1].at, item[0]))[0]
        if renewed or part.whole or name != newest:
            return self.fold(known)
        return self.put(known.document, part, known.facts)

    def counts(self, known: Assembled, part: Part) -> bool:
        """Whether what a part presumes is so."""
        return _counts(part, known.facts)

    def changes(self, old: Document, new: Document, part: Part) -> Changes:
        """What a part changed, with what it names."""
        told, nulls = changes(self._record, old, new, placed(self._record, new, part.fields), self._groups)
        return Changes(unnamed(self._record, told, part.fields), nulls)

    def put(self, document: Document, part: Part, facts: dict[str, Any]) -> Document:
        """A document with one part more; the arguments stay as they are."""
        if part.whole:
            return part.fields
        if not _counts(part, facts):
            return document
        said = placed(self._record, document, part.fields)
        for group in self._groups:
            new = [read(said, path) for path in group.key]
            if new[0] is not None and new != [read(document, path) for path in group.key]:
                document = without(document, group.fields)
        return merge(self._record, document, said)

    def settle(self, known: Assembled) -> None:
        """Make one of the oldest events when there are too many."""
        if len(known.said) <= MAX_SAID:
            return
        ordered = known.ordered()
        half = len(ordered) // 2
        old = Assembled(said=dict(ordered[:half]))
        name, last = ordered[half - 1]
        base = Part(self.fold(old), whole=True, facts=old.facts)
        known.said = {name: Said([0, 0], last.at, [base], annuls=old.annulled), **dict(ordered[half:])}


def _counts(part: Part, facts: dict[str, Any]) -> bool:
    return part.whole or not part.facts or all(facts.get(name) == value for name, value in part.facts.items())
