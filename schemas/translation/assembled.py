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
from schemas.mapping.document import FieldGroup
from schemas.translation.changes import Changes, changes, unnamed, untold
from schemas.translation.gone import Gone, remembered, renew
from schemas.translation.merge import Document, merge, placed, read, without

Path = tuple[str, ...]

MAX_SAID = 256
"""Events that are kept apart; beyond that the oldest become one, and what is older still is taken as late."""


class Part(msgspec.Struct, array_like=True):
    """What one rule made of an event.

    Attributes:
        fields: what it sets, without the fields that name the message.
        whole: it is the document, not a part of it.
        facts: of a whole document what it is known by; of a part what has to be so for it to count.
        lost: pointers of the fields of the event that are lost where it does not count, with blanks between.
        yields: to what it gives way in the fields of a group: ``said`` to what an event of the group says
            there itself, ``any`` to any event of the group.
        unknown: while no whole document is known, its facts are taken to be so.
        unless: it counts where its facts are not so.
        owner: what its fields of ``sole`` are of: a document has those of the first that says them only.
        left: it takes back what a newer version of the event no longer tells of single items.
        rule: that made it.
        names: fields of the root, with blanks between, that name one thing, which the event names too:
            unless it says one of them again, what stood there names another one.
    """

    fields: dict[str, Any]
    whole: bool = False
    facts: dict[str, Any] | None = None
    lost: str | None = None
    yields: str | None = None
    unknown: bool = False
    unless: bool = False
    owner: str | None = None
    left: bool = False
    rule: str = ""
    names: str | None = None


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

    def says(self, other: Said) -> bool:
        """Whether it says what another one says, which may have been kept without names of rules."""
        mine, others = (
            [msgspec.structs.replace(part, rule="", names=None) for part in one.parts if not part.left]
            for one in (self, other)
        )
        return self.at == other.at and mine == others


class Assembled(msgspec.Struct, array_like=True):
    """The state of one document.

    Attributes:
        version: of the last emission, or of the target's own document if that is higher.
        document: what all events together make; null and absent alike are left out.
        told: what the target knows, where that is not the document.
        said: by event.
        gone: items that the target was told of and that are in the document no more.
    """

    version: int = 0
    document: dict[str, Any] = {}
    told: dict[str, Any] | None = None
    said: dict[str, Said] = {}
    closed: bool = False
    gone: Gone = {}

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
        sole: names of fields of the root that hold of one thing only.
    """

    def __init__(self, record: Record, groups: Sequence[FieldGroup], sole: Sequence[str] = ()) -> None:
        self._sole = sole
        self._record = record
        self._groups = groups
        self._items = {
            one.name: str(one.properties["itemKey"])
            for one in record.fields
            if one.properties.get("itemWhole") and one.properties.get("itemKey")
        }

    def left(self, before: Said, parts: Sequence[Part]) -> list[str]:
        """Keys of items that the version before told of and this one, which names others, does not."""
        here = self._named(parts)
        return [one for one in self._named(before.parts) if one not in here] if here else []

    def _named(self, parts: Sequence[Part]) -> dict[str, None]:
        """Keys of the items that parts tell something of."""
        return {
            item[key]: None
            for part in parts
            for name, key in self._items.items()
            for item in (() if part.whole or part.left else part.fields.get(name) or ())
        }

    def may_have_told(self, known: Assembled, before: Said | None, one: Said) -> bool:
        """Whether the version before said anything; of an event as old as the base that is not known."""
        if before is not None:
            return any(self.counts(known, part) for part in before.parts)
        return any(
            part.whole and other.version == [0, 0] and one.at <= other.at
            for other in known.said.values()
            for part in other.parts
        )

    def still_left(self, before: Said, parts: Sequence[Part]) -> list[Part]:
        """What was taken back of items by earlier versions of an event, where this one tells none of them."""
        here = self._named(parts)
        found: list[Part] = []
        for part in before.parts:
            fields = {
                name: [
                    item for item in items if name not in self._items or item[self._items[name]] not in here
                ]
                for name, items in (part.fields.items() if part.left else ())
            }
            if any(fields.values()):
                found.append(msgspec.structs.replace(part, fields=fields))
        return found

    def fold(self, known: Assembled) -> Document:
        """The document that the events make."""
        ordered = known.ordered()
        first = max((i for i, (_, one) in enumerate(ordered) for part in one.parts if part.whole), default=0)
        facts, document, own = known.facts, Document(), set[Path]()
        owner: str | None = None
        for _, one in ordered[first:]:
            for part in one.parts:
                owner = None if part.whole else owner or self.owner(part)
                document = self.put(document, self.of(owner, part), facts, own)
        return document

    def owner(self, part: Part) -> str | None:
        """What the sole fields of a part are of; None where it says none."""
        return part.owner if any(name in part.fields for name in self._sole) else None

    def of(self, owner: str | None, part: Part) -> Part:
        """A part without the sole fields where they are of something else."""
        if self.owner(part) in (None, owner):
            return part
        fields = {name: value for name, value in part.fields.items() if name not in self._sole}
        return msgspec.structs.replace(part, fields=fields)

    def owners(self, known: Assembled) -> list[str]:
        """What the sole fields that events say since the last whole document are of; the first is told."""
        found: list[str] = []
        for _, one in known.ordered():
            for part in one.parts:
                if part.whole:
                    found.clear()
                elif (owner := self.owner(part)) is not None and owner not in found:
                    found.append(owner)
        return found

    def extend(self, known: Assembled, name: str, part: Part, *, renewed: bool) -> Document:
        """The document with one part more, which is the last that the event of this name says so far.

        Args:
            known: with the part.
            name: of the event.
            part: the part.
            renewed: whether the event said something else before.
        """
        newest = max(known.said.items(), key=lambda item: (item[1].at, item[0]))[0]
        if renewed or part.whole or part.yields or part.owner or name != newest:
            return self.fold(known)
        return self.put(known.document, part, known.facts, set())

    def counts(self, known: Assembled, part: Part) -> bool:
        """Whether what a part presumes is so."""
        return _counts(part, known.facts)

    def changes(self, known: Assembled, old: Document, part: Part) -> Changes:
        """What a part changed, with what it names.

        Where the change lets the fields of another event's group be seen, what that one names is named, too.
        """
        new = known.document
        said = placed(self._record, new, part.fields)
        for group in self._groups:
            before, now, mine = ([read(one, path) for path in group.compared] for one in (old, new, said))
            if now not in (before, mine):
                shown = self._shown(known, group, now)
                said = merge(self._record, placed(self._record, new, shown), said)
        old = remembered(self._record, known.gone, old, new)
        told, nulls, hidden = changes(self._record, old, new, said, self._groups)
        return Changes(unnamed(self._record, told, part.fields), nulls, hidden)

    def difference(self, old: Document, new: Document, part: Part) -> Changes:
        """The difference of two documents, with what a part names."""
        said = placed(self._record, new, part.fields)
        return changes(self._record, old, new, said, self._groups)

    def forget(self, known: Assembled, before: Document, now: Document) -> None:
        """Note what the target keeps of items that are gone."""
        known.gone = renew(self._record, known.gone, before, now)

    def _shown(self, known: Assembled, group: FieldGroup, now: list[Any]) -> Document:
        """What the part says whose fields of a group are those of the document."""
        for _, one in reversed(known.ordered()):
            for part in reversed(one.parts):
                if not part.whole and now == [read(part.fields, path) for path in group.compared]:
                    return part.fields
        return {}

    def shown(self, known: Assembled, told: Document, part: Part) -> Document:
        """What a target that is told a part alone knows after it."""
        return self.put(told, part, known.facts, set())

    def untold(self, document: Document, part: Part) -> set[str]:
        """What a part says and the document does not: pointers with ``*`` for indexes."""
        return set(untold(self._record, document, placed(self._record, document, part.fields)))

    def hidden(self, told: Document, document: Document, part: Part) -> bool:
        """Whether what a part says of a group is older than what holds, and so not shown.

        Nothing of it is to be seen in the document, or with it another event's fields have come to be seen.
        """
        said = part.fields
        covered, moved = [], False
        for group in self._groups:
            if read(said, group.key[0]) is not None:
                mine, now, before = (
                    [read(one, path) for path in group.compared] for one in (said, document, told)
                )
                covered.append(mine != now)
                moved = moved or before != now
        whole = [f"/{name}" for name in self._items]
        untold = self.untold(document, part)
        items = [one in untold for one in whole if said.get(one[1:])]
        return bool(covered) and all(covered) and (moved or all(items))

    def put(self, document: Document, part: Part, facts: dict[str, Any], own: set[Path]) -> Document:
        """A document with one part more; the arguments stay as they are, but for ``own``.

        Args:
            document: before.
            part: to be put on it.
            facts: what the newest whole document is known by.
            own: fields of groups that an event of the group said itself.
        """
        if part.whole:
            own.clear()
            own.update(p for group in self._groups for p in group.fields if read(part.fields, p) is not None)
            return part.fields
        if not _counts(part, facts):
            return document
        said = placed(self._record, document, part.fields)
        for group in self._groups:
            new = [read(said, path) for path in group.key]
            if new[0] is not None:
                if group.whole or new != [read(document, path) for path in group.key]:
                    document = without(document, group.fields)
                own.difference_update(group.fields)
                own.update(path for path in group.fields if read(said, path) is not None)
            elif part.yields:
                held = part.yields == "any" and read(document, group.key[0]) is not None
                said = without(said, [path for path in group.fields if held or path in own])
        names = (part.names or "").split()
        if not any(said.get(one) is not None and said[one] == document.get(one) for one in names):
            document = without(document, [(one,) for one in names])
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
    if part.whole or not part.facts:
        return True
    so = (part.unknown and not facts) or all(facts.get(name) == one for name, one in part.facts.items())
    return so is not part.unless
