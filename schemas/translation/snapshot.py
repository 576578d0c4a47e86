"""State kind ``snapshot``.

Versions of a document become events. What holds after all of them does not depend on the order in which
they came: it is what they say in the order of their numbers. A version that comes in its turn is compared
with what was told; one that comes late, or takes something back, has all of them read again.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from schemas.avro.codec import Codec
from schemas.avro.differing import Differing
from schemas.avro.emit import FAILURES
from schemas.errors import Permanent
from schemas.mapping.compile import CompiledMapping
from schemas.records import Filtered
from schemas.translation import history
from schemas.translation.asides import Asides
from schemas.translation.emptied import emptied, told_of
from schemas.translation.history import LastTold, Past, Version, digest
from schemas.translation.merge import merge, named, placed, read
from schemas.translation.message import Message, State
from schemas.translation.model import Event, Output, Record, Result, anew
from schemas.translation.news import News
from schemas.translation.own import own
from schemas.translation.replay import ANNULMENT, SNAPSHOT, Made, Reader, Replay
from schemas.translation.store import pack
from schemas.translation.timeline import Timeline
from schemas.translation.written import Written


class Snapshots:
    """Compares versions of documents under one mapping.

    Args:
        mapping: with state of kind ``snapshot``.
        codec: of its source schema.
        avro: whether the bodies of records are Avro of that schema already.

    Attributes:
        reader: of the mapping.
        source: the schema of the documents in the state, ``target`` that of the events.
        differing: of the bodies of versions.
    """

    def __init__(self, mapping: CompiledMapping, codec: Codec, *, avro: bool = True) -> None:
        self._mapping = mapping
        self._state = mapping.document.state
        self._codec = codec
        self._avro = avro
        self._record = mapping.source.record
        self._nulls = self._record.properties.get("explicitNulls")
        first = self._state.content_from
        self.source = Written(codec)
        self.target = Written(Codec(mapping.target), "" if first is None else first.text)
        self.differing = Differing(self._record)
        self._groups = [(group.key, group.fields[len(group.key) :]) for _, group in self._state.groups]
        self._labels = {one.text: None for one in self._state.labels}
        asides = self._state.asides
        comes_with = [path[0] for _, rest in self._groups for path in rest]
        self._reads = None if asides is None else Asides(self._record, asides.text, comes_with)
        self.reader = Reader(
            mapping.registers,
            lambda whole, partial: named(self._record, whole, placed(self._record, whole, partial)),
            lambda partial, keys: told_of(self._record, partial, keys),
            self._reads,
            [tuple(one.text.split(".")) for one in self._state.of_whole],
        )

    def translate(self, mapping: CompiledMapping, message: Message, state: State, result: Result) -> None:  # noqa: ARG002
        """Turn one version into events, and put right what it shows to be wrong of those told before."""
        nothing = self.reader.nothing()
        key = message.value("state_key", nothing)
        entry = state(key.encode()) if key is not None else None
        past = history.decode(entry[8:]) if entry is not None else Past()
        unread = entry is not None and not self._brought(past, state)
        number = message.value("state_version", nothing) or 0
        kind = message.value("state_kind_of", nothing, SNAPSHOT)
        body = message.source.body if self._avro else self._codec.encode(message.record)
        version = Version(number, digest(body), kind, body)
        if past.annulled is not None and number > past.annulled:
            if kind != ANNULMENT:
                message.odd_version("after-annulment", "warning", number)
            result.filtered.append(Filtered("", "annulled"))
            return
        known = past.knows(number, version.digest) or self._again(past, version, message.record)
        if known or self._folded(past, version, state):
            result.filtered.append(Filtered("", "duplicate"))
            return
        partial = message.record
        _Telling(self, past, version, message, result, state, unread=unread).tell()
        if message.record is not partial:
            result.own = functools.partial(own, self._record, message.record, partial)
        if key is not None:
            past.source, past.target = self.source.mark, self.target.mark
            span = self._state.closed_expires if past.closed else self._state.expires
            result.changes[key.encode()] = pack(message.context.accepted + span, past.entry())
            self.source.note(state, result.changes)
            self.target.note(state, result.changes)

    def _brought(self, past: Past, state: State) -> bool:
        """Make what was written under other schemas that of these; false when bodies cannot be read."""
        if past.target != self.target.mark:
            past.retarget(self.target.mark)
        if past.source == self.source.mark:
            return True
        try:
            past.rewrite(self.source.mark, lambda body: self.source.read(past.source, body, state))
        except Permanent:
            past.give_up(self.source.mark)
            return False
        return True

    def _again(self, past: Past, version: Version, record: Any) -> bool:  # noqa: ANN401 - a datum
        """Whether a version says what one of its number said, in a message of another name."""
        if not self._labels or not past.numbered(version.number):
            return False
        kept = [
            self.decode(body)
            for one, body in zip(past.versions, past.bodies(), strict=True)
            if one.number == version.number and one.kind == version.kind
        ]
        return any({**one, **self._labels} == {**record, **self._labels} for one in kept)

    def _folded(self, past: Past, version: Version, state: State) -> bool:
        """Whether a version came before and was folded when its schema was another one."""
        return version.number <= past.floor and any(
            (version.number, known) in past.folded
            for mark in past.elder
            if (known := self._digest(mark, version.head, state)) is not None
        )

    def _digest(self, mark: bytes, body: bytes, state: State) -> bytes | None:
        before = self.source.back(mark, body, state)
        return None if before is None else digest(before)

    def other(self, message: Message, body: bytes, record: Any = None) -> Message:  # noqa: ANN401 - a datum
        """A message of another version of the same document, in the context of the one that came.

        Args:
            message: the one that came.
            body: of the version.
            record: in the body, where it is at hand.
        """
        source = Record(message.source.key, body, message.context)
        return Message(self._mapping, source, self.decode(body) if record is None else record)

    def decode(self, body: bytes) -> Any:  # noqa: ANN401 - a datum
        """The record of a body."""
        return self._codec.decode_trusted(body)

    def encode(self, whole: Any) -> bytes:  # noqa: ANN401 - a datum
        """The body of a record."""
        return self._codec.encode(whole)

    def merged(self, whole: Any, partial: Any, kind: str) -> Any:  # noqa: ANN401 - datums
        """The whole document with a version."""
        if kind == SNAPSHOT or whole is None:
            return partial
        for key, rest in self._groups:
            moved = ((read(partial, path), read(whole, path)) for path in key)
            if any(new is not None and new != old for new, old in moved):
                whole = {**whole, **{path[0]: None for path in rest}}
        cleared = partial[str(self._nulls)] if self._nulls else ()
        merged = merge(self._record, whole, partial, cleared)
        if self._nulls:
            merged[str(self._nulls)] = cleared
        if self._reads is not None and self._reads.moved(partial, whole):
            merged[self._reads.field] = partial[self._reads.field]
        return merged

    def mark(self, timeline: Timeline, before: Any, whole: Any, kind: str) -> None:  # noqa: ANN401 - datums
        """Note in the timeline which items carry nothing any more; a whole version says so itself."""
        known = timeline.emptied
        timeline.emptied = [] if kind == SNAPSHOT else emptied(self._record, before, whole, known)

    def place(self, past: Past, version: Version, message: Message) -> int:
        """Where a version belongs among those kept: by number, then by time and digest."""
        index = len(past.versions)
        while index and past.versions[index - 1].number > version.number:
            index -= 1
        if index and past.versions[index - 1].number == version.number:
            bodies = past.bodies()
            mine = self._order(message, version, version.head)
            while index and past.versions[index - 1].number == version.number:
                before = past.versions[index - 1]
                if self._order(message, before, bodies[index - 1]) < mine:
                    break
                index -= 1
        return index

    def _order(self, message: Message, version: Version, body: bytes) -> tuple[int, bytes]:
        """What orders versions of one number: when they say it happened, then their bytes."""
        time = self.other(message, body).value("state_time", self.reader.nothing())
        return (-1 if time is None else time, version.digest)

    @property
    def retracts(self) -> bool:
        """Whether the mapping makes retractions."""
        return self._state.retract is not None


class _Telling:
    """One version on its way into a document's state."""

    def __init__(
        self, kind: Snapshots, past: Past, version: Version, message: Message, result: Result, state: State,
        *, unread: bool,
    ) -> None:  # fmt: skip
        self._kind = kind
        self._state = state
        self._unread = unread
        self._past = past
        self._version = version
        self._message = message
        self._result = result
        self._partial = message.record
        self._contested = past.numbered(version.number)
        self._said = self._waits = False
        body = version.head if version.kind == SNAPSHOT else None
        self._news = News(message, body, past.newest() or past.base, kind.differing, kind.decode)

    def tell(self) -> None:
        """Put the version in its place, and tell what changes by it."""
        past, version = self._past, self._version
        self._look_at_others()
        if version.number <= past.floor:
            self._tell_old()
            return
        index = self._kind.place(past, version, self._message)
        late = index < len(past.versions)
        if late or version.kind == ANNULMENT or past.annulled is not None or not self._tell_next():
            self._tell_all(index)
        if self._waits:
            self._message.restart(self._partial)
            self._find_whole(found=False)
            self._result.filtered.append(Filtered("", "waiting"))
        elif self._after_the_end or not self._result.outputs:
            annulled = past.annulled is not None
            reason = "annulled" if annulled else "stale" if late else "unchanged" if self._said else ""
            if reason:
                self._result.filtered.append(Filtered("", reason))
        if len(past.versions) > history.MAX_VERSIONS or past.size > history.MAX_BYTES:
            self._fold()

    @property
    def _after_the_end(self) -> bool:
        """Whether the document is void, and nothing of this version holds any more."""
        return self._past.annulled is not None and self._version.kind != ANNULMENT

    def _look_at_others(self) -> None:
        """One number for two contents, or kept versions that cannot be read: someone has to look at it."""
        number = self._version.number
        if self._contested:
            self._message.odd_version("same-version-other-content", "warning", number)
        if self._unread:
            self._message.odd_version("kept-versions-unreadable", "error", number)

    def _tell_next(self) -> bool:
        """The newest version: only what it says is compared.

        Returns:
            False when it takes back what was told; then nothing has been told yet.
        """
        past, version, message = self._past, self._version, self._message
        whole, timeline = self._partial, past.now
        if version.kind != SNAPSHOT:
            before = self._news.before
            self._find_whole(before is not None)
            whole = self._kind.merged(before, whole, version.kind)
            timeline = past.now if self._is_known(past.versions) else past.now.copied()
            self._kind.mark(timeline, before, whole, version.kind)
        else:
            timeline.emptied = []
        try:
            reading = self._kind.reader.read(timeline, message, version.kind, self._partial, whole)
        except FAILURES as error:
            if timeline is past.now or not message.lacks(error):
                raise
            self._waits = True
            past.now.emptied = timeline.emptied
            past.append(version)
            past.whole = self._kind.encode(whole)
            return True
        past.now = timeline
        self._said = bool(reading.made)
        holding, members = reading.holding(), reading.occurrence.members
        if reading.over or reading.gone or (not reading.partial and not set(members).issubset(holding)):
            message.restart(self._partial)
            self._look_at_others()
            return False
        for one in reading.all():
            members = one.occurrence.members
            members += [identity for identity in one.holding() if identity not in members]
            for made in one.made:
                self._send(made)
        past.append(version)
        past.whole = None if version.kind == SNAPSHOT else self._kind.encode(whole)
        past.closed = bool(message.value("state_closed", self._kind.reader.nothing()))
        return True

    def _tell_all(self, index: int) -> None:
        """Read all versions that are kept again, and compare what they say with what was told."""
        past, version = self._past, self._version
        versions = list(zip(past.versions, past.bodies(), strict=True))
        versions.insert(index, (version, version.head))
        replay, whole = self._replayed(versions)
        if past.annulled is not None:
            versions = versions[: 1 + next(n for n, (one, _) in enumerate(versions) if one.kind == ANNULMENT)]
        past.keep(versions)
        newest = versions[-1][0]
        past.now = replay.timeline
        past.whole = None if newest.kind == SNAPSHOT else self._kind.encode(whole)
        last = self._message
        if newest is not version:
            last = self._kind.other(last, versions[-1][1] if past.whole is None else past.whole, whole)
        past.closed = past.annulled is not None or bool(
            last.value("state_closed", self._kind.reader.nothing())
        )
        held = replay.result()
        self._retract([one for one in past.events if one not in held])
        for made in held.values():
            if made is not None:
                self._said = self._said or made.message is self._message
                self._send(made)

    def _replayed(self, versions: list[tuple[Version, bytes]]) -> tuple[Replay, Any]:
        """Everything these versions say on top of what is folded, and the whole document after them."""
        past = self._past
        before = past.before or Timeline()
        replay = Replay(self._kind.reader, before.copied(), past.loose)
        whole = None if past.base is None else self._kind.decode(past.base)
        for index, (version, body) in enumerate(versions):
            mine = version is self._version
            message = self._message if mine else self._kind.other(self._message, body)
            partial = self._partial if mine else message.record
            if mine and version.kind != SNAPSHOT:
                self._find_whole(whole is not None)
            before_it, whole = whole, self._kind.merged(whole, partial, version.kind)
            self._kind.mark(replay.timeline, before_it, whole, version.kind)
            try:
                replay.take(message, version.kind, partial, whole)
            except FAILURES as error:
                if message.lacks(error) and not self._is_known(one for one, _ in versions[: index + 1]):
                    self._waits = self._waits or mine
                    continue
                if mine:
                    raise
                self._message.odd_version("other-version-fails", "error", version.number)
            if version.kind == ANNULMENT:
                past.annulled = version.number
                break
        return replay, whole

    def _is_known(self, versions: Iterable[Version]) -> bool:
        """Whether the document was told whole, so that what lacks in a part of it will not come."""
        return self._past.base is not None or any(one.kind == SNAPSHOT for one in versions)

    def _find_whole(self, found: bool) -> None:
        if not found and self._version.kind == "DELTA":
            self._message.odd_version("delta-without-snapshot", "warning", self._version.number)

    def _tell_old(self) -> None:
        """A version from before what is kept: what was never told is added, nothing is changed."""
        past, message = self._past, self._message
        message.odd_version("too-old-to-correct", "warning", self._version.number)
        past.folded = sorted([*past.folded, (self._version.number, self._version.digest)])
        timeline = (past.before or Timeline()).copied()
        kind, record = self._version.kind, self._partial
        reading = self._kind.reader.read(timeline, message, kind, record, record)
        for made in (each for one in reading.all() for each in one.made):
            if past.sent(made.identity) is None:
                self._send(made)
                if made.candidate.keep is not None:
                    past.loose.append(made.identity)
        if not self._result.outputs:
            self._result.filtered.append(Filtered("", "stale"))

    def _fold(self) -> None:
        """Make one of the older half of the versions: it can no longer be corrected piece by piece."""
        past = self._past
        versions = list(zip(past.versions, past.bodies(), strict=True))
        half = max(1, len(versions) // 2)
        if past.annulled is not None or half == len(versions):
            return
        replay, whole = self._replayed(versions[:half])
        past.before, past.base = replay.timeline, self._kind.encode(whole)
        past.floor = versions[half - 1][0].number
        past.folded = [*past.folded, *((one.number, one.digest) for one, _ in versions[:half])]
        past.folded = past.folded[-history.MAX_FOLDED :]
        past.versions = past.versions[half:]

    def _send(self, made: Made) -> None:
        """Emit an event if it is new, changed, or one that every version tells."""
        past, candidate = self._past, made.candidate
        sent = past.sent(made.identity)
        content = digest(candidate.body)
        always = candidate.rule.always and made.message is self._message
        if sent is not None and not sent.retracted and not always and self._same(sent, content, made):
            return
        again = 0 if sent is None else sent.again + sent.retracted
        version = 1 if sent is None or sent.retracted else sent.version + 1
        identity = anew(made.identity, again)
        told = Event(identity, version, made.event.occurrence)
        told.memory = made.event.memory
        if made.message is self._message:
            told.known = self._news.known(candidate.rule)
            told.untold = self._news.untold() if candidate.rule.rest and not self._after_the_end else ()
        body = made.message.head(candidate, told) + candidate.body
        output = self._message.output(candidate, body, f"{identity}:{version}")
        self._result.outputs.append(output)
        past.send(
            made.identity,
            LastTold(
                version, content, candidate.rule.name, output.key, output.subject, candidate.keep, again=again
            ),
        )

    def _same(self, sent: LastTold, content: bytes, made: Made) -> bool:
        """Whether an event says what it said before, under this schema of events or another one."""
        if not sent.written:
            return content == sent.digest
        event = Event(made.identity, sent.version, made.event.occurrence)
        event.memory = made.event.memory
        body = made.message.head(made.candidate, event) + made.candidate.body
        if not self._kind.target.same(sent.written, sent.digest, body, self._state, content=True):
            return False
        sent.digest, sent.written = content, b""
        self._past.send(made.identity, sent)
        return True

    def _retract(self, identities: list[str]) -> None:
        """Take back events that no longer hold, where the mapping can."""
        message = self._message
        for name in identities if self._kind.retracts else ():
            sent = self._past.sent(name)
            if sent is None or sent.keep is None or sent.retracted:
                continue
            identity = anew(name, sent.again)
            told = Event(identity, sent.version + 1, retracted=True)
            told.memory = self._kind.reader.nothing().memory
            kept = {"id": identity, "version": sent.version, "rule": sent.rule, **sent.keep}
            body = message.retraction(told, kept)
            if body is None:
                continue
            sent.version, sent.retracted = told.version, True
            self._past.send(name, sent)
            self._result.outputs.append(
                Output(sent.partition, body, f"{identity}:{told.version}", sent.subject, message.context.hops)
            )
