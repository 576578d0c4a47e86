"""Several events that tell of one thing, told on as one: the part ``group`` of the state kind ``latest``.

Each of n consignment notes aboard tells that the train has left, with an event of its own that it may correct
and take back. Those that tell of the same departure are members of one outgoing event. It names the notes of
all of them, has versions of its own, and is taken back when the last of them is. Which members belong
together, which of them has the last word and what is told in the end depends on the members alone, not on
their order of arrival.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec

from schemas.avro.codec import Codec
from schemas.errors import Permanent
from schemas.mapping.compile import CompiledMapping
from schemas.mapping.runtime import uuid5
from schemas.mapping.times import instant_text
from schemas.records import Filtered
from schemas.translation.history import digest
from schemas.translation.message import Message, State
from schemas.translation.model import Event, Result
from schemas.translation.store import pack
from schemas.translation.written import Written

PREFIX: Final = b"group|"
"""Keys of groups among those of events."""


class Member(msgspec.Struct, array_like=True, gc=False):
    """One event of a group: when it happened, its rank, its body in Avro, when it was accepted."""

    at: int
    rank: int
    body: bytes
    accepted: int


class Told(msgspec.Struct, array_like=True):
    """One outgoing event: its last version with a digest of what it said, and the members it was made of.

    Attributes:
        retracted: nothing is told under its id any more: it was taken back, or what it was made of is lost.
        written: mark of the schema that the digest is of, empty for that of the whole group.
        accepted: when what it told last was accepted.
    """

    id: str
    version: int
    digest: bytes
    members: list[str]
    retracted: bool = False
    written: bytes = b""
    accepted: int = 0


class Group(msgspec.Struct, array_like=True):
    """All members under one key, by event id, and what was made of them.

    ``written`` is the mark of the schema of the bodies, empty in an entry from before there were marks.
    """

    members: dict[str, Member] = {}
    told: list[Told] = []
    written: bytes = b""

    def rewrite(self, mark: bytes, read: Callable[[bytes], bytes]) -> list[str]:
        """Make all bodies those of another version of their schema.

        Returns:
            ids of members whose bodies cannot be read; they are dropped, and what only they told stays told.
        """
        lost: list[str] = []
        for identity, member in self.members.items():
            try:
                member.body = read(member.body)
            except Permanent:
                lost.append(identity)
        self.members = {one: member for one, member in self.members.items() if one not in lost}
        if lost:
            self._end_alone()
        for told in self.told:
            told.written = told.written or self.written
        self.written = mark
        return lost

    def _end_alone(self) -> None:
        """Tell nothing more under the ids of outgoing events that no member is left of."""
        for told in self.told:
            told.retracted = told.retracted or not self._holds(told)

    def _holds(self, told: Told) -> bool:
        return any(one in self.members for one in told.members)

    def forget(self, oldest: int) -> None:
        """Drop what was accepted too long ago to meet anything new.

        What was taken back is known as long as that: its receiver takes nothing more under its id.
        """
        self.members = {one: member for one, member in self.members.items() if member.accepted > oldest}
        self._end_alone()
        self.told = [told for told in self.told if told.accepted > oldest or self._holds(told)]

    def clusters(self, within: int) -> list[list[str]]:
        """Members that lie within a span of time from the first of them, in order of time."""
        found: list[list[str]] = []
        begin = 0
        for identity in sorted(self.members, key=lambda one: (self.members[one].at, one)):
            at = self.members[identity].at
            if not found or at - begin > within:
                found.append([])
                begin = at
            found[-1].append(identity)
        return found

    def last_word(self, cluster: list[str]) -> str:
        """The member that counts: of the highest rank, then the latest time."""
        return max(cluster, key=lambda one: (self.members[one].rank, self.members[one].at, one))

    def pairs(self, clusters: list[list[str]]) -> tuple[list[tuple[list[str], Told | None]], list[Told]]:
        """Each cluster with the outgoing event that shares most members, and the events left without any."""
        free = {told.id: told for told in self.told if not told.retracted}
        of: dict[str, list[str]] = {}
        for told in free.values():
            for member in told.members:
                of.setdefault(member, []).append(told.id)
        pairs: list[tuple[list[str], Told | None]] = []
        for cluster in clusters:
            shared = Counter(told for member in cluster for told in of.get(member, ()) if told in free)
            best = max(shared, key=lambda told: (shared[told], told), default=None)
            pairs.append((cluster, None if best is None else free.pop(best)))
        return pairs, list(free.values())

    def fresh(self, participant: str, name: str, number: int) -> str:
        """An id that no outgoing event has had; the same for the same members wherever they come first."""
        known = {told.id for told in self.told}
        again = 0
        while (identity := uuid5(participant, "group", name, number, again)) in known:
            again += 1
        return identity


_decode = msgspec.msgpack.Decoder(Group).decode
_encode = msgspec.msgpack.encode


class Groups:
    """Tells the members of groups as one.

    Args:
        mapping: with ``group`` in its state.
        codec: of its source schema.
        written: reads what was kept under other versions of that.
        avro: whether the bodies of records are Avro of that schema.
    """

    def __init__(self, mapping: CompiledMapping, codec: Codec, written: Written, *, avro: bool) -> None:
        state = mapping.document.state
        self._expires = state.expires
        self._union = state.union.text.split(".") if state.union is not None else []
        self._first = "" if state.compare_from is None else state.compare_from.text
        self._codec = codec
        self._listed = codec.peek([tuple(self._union)] if self._union else [])
        self._written = written
        self._avro = avro

    def take(self, name: str, event: Event, message: Message, state: State, result: Result) -> None:
        """Take one version of a member, and tell what changes by it.

        Args:
            name: key of the group.
            event: the member's id and whether it is taken back.
            message: its record, decoded whole.
            state: the entries.
            result: gets the outputs and the new entry.
        """
        key, accepted = PREFIX + name.encode(), message.context.accepted
        entry = state(key)
        group = _decode(entry[8:]) if entry is not None else Group()
        if group.written != self._written.mark:
            mark = group.written
            lost = group.rewrite(self._written.mark, lambda body: self._written.read(mark, body, state))
            for identity in lost:
                message.report.finding("", "kept-versions-unreadable", "error", identity)
        within = message.value("state_within", event) or 0
        if event.retracted:
            group.members.pop(event.id, None)
        else:
            body = message.source.body if self._avro else self._codec.encode(message.record)
            at, rank = message.value("state_at", event) or 0, message.value("state_rank", event) or 0
            group.members[event.id] = Member(at, rank, body, accepted)
        own = message.record
        pairs, left = group.pairs(group.clusters(within))
        for told in left:
            told.version, told.retracted, told.accepted = told.version + 1, True, accepted
            self._emit(Event(told.id, told.version, retracted=True), message, result)
        for cluster, before in pairs:
            if event.id in cluster:
                self._contradiction(group, event.id, cluster, message)
            elif before is not None and before.members == cluster:
                continue  # nothing that it is made of has changed
            self._tell(group, name, cluster, before, within, own, message, state, result)
        if not result.outputs:
            result.filtered.append(Filtered("", "unchanged"))
        group.forget(accepted - self._expires)
        self._written.note(state, result.changes)
        result.changes[key] = pack(accepted + self._expires, _encode(group))

    def _tell(
        self, group: Group, name: str, cluster: list[str], before: Told | None, within: int,
        own: dict[str, Any], message: Message, state: State, result: Result,
    ) -> None:  # fmt: skip
        """Tell of a cluster, if it says something else than before; ``own`` is the record that came."""
        last = group.members[group.last_word(cluster)]
        mine = self._avro and last.body is message.source.body
        record = dict(own) if mine else self._codec.decode_trusted(last.body)
        self._join(record, [group.members[one].body for one in cluster], last.body)
        content = self._digest(record)
        if before is None:
            identity = group.fresh(message.context.participant, name, last.at // max(within, 1))
            before = Told(identity, 0, b"", [])
            group.told.append(before)
        before.members = cluster
        if before.written and self._same(before, record, state):
            before.digest = content
        before.written = b""
        if content != before.digest:
            before.version, before.digest = before.version + 1, content
            before.accepted = message.context.accepted
            message.take(record)
            self._emit(Event(before.id, before.version), message, result)

    def _digest(self, record: dict[str, Any]) -> bytes:
        """A digest of the content of a datum, which has all fields of its schema in their order."""
        names = list(record)
        content = names[names.index(self._first) :] if self._first in record else names
        return digest(_encode([record[name] for name in content]))

    def _same(self, told: Told, record: dict[str, Any], state: State) -> bool:
        """Whether an outgoing event says what it said under another version of the schema."""
        body = self._written.back(told.written, self._codec.encode(record), state)
        if body is None:
            return False
        return self._digest(self._written.datum(told.written, body, state)) == told.digest

    def _join(self, record: dict[str, Any], bodies: list[bytes], own: bytes) -> None:
        """Put the list items of all members into one record, sorted, each once; ``own`` is its own body."""
        if not self._union:
            return
        *parents, last = self._union
        items: dict[bytes, Any] = {}
        for body in bodies:
            found: Any = record if body is own else self._listed(body)
            for step in self._union:
                found = found[step]
            items |= {_encode(list(item.values())): item for item in found}
        inner = record
        for step in parents:
            inner[step] = dict(inner[step])
            inner = inner[step]
        inner[last] = [items[key] for key in sorted(items)]

    def _contradiction(self, group: Group, identity: str, cluster: list[str], message: Message) -> None:
        """Find that another member says another time, and which it is: one of them is wrong."""
        mine = group.members[identity]
        for one in cluster:
            other = group.members[one]
            if one != identity and other.at != mine.at:
                here, there = self._items(mine.body), self._items(other.body)
                alone = [_texts(item) for item in there if item not in here]
                said = " ".join([instant_text(other.at), *(["by", ", ".join(alone)] if alone else [])])
                message.report.finding("/when/occurred_at", "contradicts-other-note", "warning", said)
                return

    def _items(self, body: bytes) -> list[Any]:
        """The list of a member that is joined with the others'."""
        found: Any = self._listed(body) if self._union else []
        for step in self._union:
            found = found[step]
        return found or []

    def _emit(self, event: Event, message: Message, result: Result) -> None:
        for candidate in message.candidates(event):
            identity = f"{event.id}:{event.version}:{candidate.rule.name}"
            result.outputs.append(message.output(candidate, candidate.body, identity))


def _texts(item: dict[str, Any]) -> str:
    """The texts of an item, such as kind and number of a note."""
    return " ".join(value for value in item.values() if isinstance(value, str))
