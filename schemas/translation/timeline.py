"""What happened to a document, in order: which versions tell of the same thing, and the facts they left.

A timeline is built version by version in the order of their numbers, whatever the order they came in.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Beside(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event of a single item: position of its occurrence, its id, and the item."""

    place: int
    identity: str
    subject: str


class Occurrence(msgspec.Struct, array_like=True, gc=False):
    """One thing that happened.

    Attributes:
        what: the values of the mapping's ``occurrence``, the first says what it is.
        index: the how-manieth of the same ``what``, from 1.
        stamp: its time as written in the newest version that tells of it, None when not known.
        time: that time in UTC milliseconds, None when it cannot be read.
        members: ids of the events that it has given and that still hold.
        beside: what the versions that tell of it tell of single items beside it.
        earlier: ids of members that were told at another time of it, of which nothing was said since.
    """

    what: list[Any]
    index: int
    stamp: str | None
    time: int | None
    members: list[str]
    beside: list[Beside] = []
    earlier: list[str] = []


class Timeline(msgspec.Struct, array_like=True):
    """The occurrences of a document and its registers, as of one version.

    Attributes:
        last: position of the occurrence that the newest version told of, -1 before the first.
        registers: facts by register and key; the newest version's word.
        standing: ids of the events that hold until a version no longer tells them.
        emptied: keys of the items whose own items have all moved to others.
    """

    occurrences: list[Occurrence] = []
    last: int = -1
    registers: dict[str, dict[str, dict[str, Any]]] = {}
    standing: list[str] = []
    emptied: list[str] = []

    def enter(self, what: list[Any], stamp: str | None, time: int | None) -> tuple[int, Occurrence]:
        """Place what the next version tells: into an occurrence that it corrects, or as a new one.

        Returns:
            its position and itself.
        """
        place = self._corrected(what, stamp, time)
        if place is None:
            place = len(self.occurrences)
            self.occurrences.append(Occurrence(what, self._next(what), stamp, time, []))
        found = self.occurrences[place]
        if found.what != what:
            found.index = self._next(what)
            found.what = what
        found.stamp, found.time = stamp, time
        self.last = place
        return place, found

    def copied(self) -> Timeline:
        """A copy that can be changed."""
        occurrences = [
            Occurrence(
                one.what,
                one.index,
                one.stamp,
                one.time,
                list(one.members),
                list(one.beside),
                list(one.earlier),
            )
            for one in self.occurrences
        ]
        registers = {name: dict(facts) for name, facts in self.registers.items()}
        return Timeline(occurrences, self.last, registers, list(self.standing), list(self.emptied))

    def stand(self, identities: list[str], *, over: bool) -> list[str]:
        """Note which standing events a version tells.

        Args:
            identities: of those.
            over: whether the others are over with this version.

        Returns:
            the ids of those that are over.
        """
        gone = [one for one in self.standing if one not in identities] if over else []
        staying = [one for one in self.standing if one not in identities and one not in gone]
        self.standing = staying + identities
        return gone

    def beside(self, occurrence: Occurrence, now: list[Beside], *, all_of_it: bool) -> list[Beside]:
        """Note what a version tells of single items beside an occurrence.

        It is the last operation of each. One that was told before and is not any more did not happen where
        the version says a last one that is not later, or says all that there is and none of this item.

        Args:
            occurrence: that the version tells of.
            now: what it tells beside it.
            all_of_it: whether items that it does not name have none.

        Returns:
            what is over, and is told beside no other occurrence.
        """
        last = {one.subject: one.place for one in now}
        staying: list[Beside] = []
        over: list[Beside] = []
        for one in occurrence.beside:
            if one in now:
                continue
            place = last.get(one.subject)
            gone = all_of_it if place is None else not self._later(place, one.place)
            (over if gone else staying).append(one)
        occurrence.beside = staying + now
        found = [one for one in over if not any(one in each.beside for each in self.occurrences)]
        for one in found:
            self.drop(one.place, one.identity)
        return found

    def drop(self, place: int, identity: str) -> None:
        """An occurrence has not given an event."""
        members = self.occurrences[place].members
        self.occurrences[place].members = [one for one in members if one != identity]

    def _later(self, place: int, than: int) -> bool:
        """Whether one occurrence is surely after another."""
        here, there = self.occurrences[place].time, self.occurrences[than].time
        return here is not None and there is not None and here > there

    def remember(self, register: str, key: str, facts: dict[str, Any]) -> None:
        """Keep a fact; a newer version's word replaces an older one's."""
        self.registers.setdefault(register, {})[key] = facts

    def recall(self, register: str, key: str | None) -> dict[str, Any] | None:
        """The facts of a register under a key."""
        return self.registers.get(register, {}).get(key) if key is not None else None

    def _next(self, what: list[Any]) -> int:
        return 1 + max((one.index for one in self.occurrences if one.what == what), default=0)

    def _corrected(self, what: list[Any], stamp: str | None, time: int | None) -> int | None:
        """Position of the occurrence that is told again, None for a new one.

        The same thing at the same minute, though at another place: the place was wrong. The same thing at
        the same place with nothing else between the two times: the time was wrong. Where no time says
        otherwise: the same as in the version before.
        """
        if stamp is not None and what[:1] != [None]:
            exact = [n for n, one in enumerate(self.occurrences) if one.what[:1] == what[:1]]
            exact = [n for n in exact if self.occurrences[n].stamp == stamp]
            if exact:
                return next((n for n in exact if self.occurrences[n].what == what), exact[0])
        same = [n for n, one in enumerate(self.occurrences) if one.what == what]
        if time is not None:
            near = [(abs(at - time), -n, n) for n in same if (at := self.occurrences[n].time) is not None]
            for _, _, n in sorted(near):
                if not self._between(what, self.occurrences[n].time, time):
                    return n
            untimed = [n for n in same if self.occurrences[n].time is None]
            if untimed:
                return untimed[-1]
        return self.last if self.last in same else None

    def _between(self, what: list[Any], one: int | None, other: int) -> bool:
        """Whether anything else happened between two times."""
        if one is None:
            return False
        first, second = min(one, other), max(one, other)
        return any(
            each.time is not None and first < each.time < second and each.what != what
            for each in self.occurrences
        )
