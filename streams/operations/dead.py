"""Dead letters: those that are open, sending them again, and giving them up."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from schemas.errors import Invalid, Transient
from schemas.records import DEAD, DeadLetter
from streams.kafka import topics
from streams.kafka.access import unavailable
from streams.kafka.partitioning import partition_of
from streams.kafka.scan import scan
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes, size_of
from streams.kafka.transactions import Writer, Writes
from streams.records.contracts import HEAD
from streams.records.envelope import DISCARD, REPLAY
from streams.records.letters import DISCARDED

DIED: Final = "died"
REPLAYED: Final = "replayed"
"""Headers of a letter that is under way: when it died, and when it was sent again, in UTC milliseconds."""
MOST: Final = 200
MOST_BYTES: Final = 2 * 1024 * 1024
"""Records and their bytes that are sent again in one transaction."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters: all that match every given fact.

    Attributes:
        ids: any of these.
        stage: processor where they died.
        code: why.
        subject: unit of order.
        since: UTC milliseconds at which they died, or later.
    """

    ids: Collection[str] = ()
    stage: str | None = None
    code: str | None = None
    subject: str | None = None
    since: int | None = None

    def matches(self, letter: DeadLetter, died: int) -> bool:
        """Tell whether a letter is one of them."""
        return (
            (not self.ids or letter.id in self.ids)
            and self.stage in {None, letter.stage}
            and self.code in {None, letter.code}
            and self.subject in {None, letter.subject}
            and (self.since is None or died >= self.since)
        )


class Open(NamedTuple):
    """A letter that is not settled.

    Attributes:
        letter: itself.
        died: UTC milliseconds.
        replayed: UTC milliseconds at which it was sent again, and its stage has not decided yet; else None.
        value: of its record.
        headers: of its record.
    """

    letter: DeadLetter
    died: int
    replayed: int | None
    value: bytes
    headers: Sequence[tuple[str, bytes | None]]


class Sent(NamedTuple):
    """What became of letters that were to be sent again or given up.

    Attributes:
        sent: those that are on their way now.
        under_way: those that were on their way already.
        settled: those that somebody else has settled meanwhile.
    """

    sent: int
    under_way: int
    settled: int


async def opened(kafka: Kafka, wanted: Wanted | None = None, topic: str = topics.DEAD) -> AsyncIterator[Open]:
    """Yield the dead letters that nothing has settled yet, as they lie in their topic, one at a time.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    wanted = wanted or Wanted()
    newest: dict[bytes, int] = {}
    async for record in scan(kafka, topic):
        if record.value is None:
            newest.pop(record.key, None)
        else:
            newest[record.key] = record.offset  # a letter stays in one partition
    async for record in scan(kafka, topic):
        if newest.get(record.key) == record.offset and record.value is not None:
            found = _open(record)
            if wanted.matches(found.letter, found.died):
                yield found


async def open_letters(
    kafka: Kafka, wanted: Wanted | None = None, topic: str = topics.DEAD
) -> list[DeadLetter]:
    """Read the open dead letters whole, in the order of their records in the log.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    wanted = wanted or Wanted()
    found: dict[str, Open] = {}
    places: dict[str, tuple[str, int, int]] = {}  # the first: a replay that failed has a later one
    async for record in scan(kafka, topic):
        if record.value is None:
            found.pop(record.key.decode(), None)
            continue
        one = _open(record)
        places.setdefault(one.letter.id, (one.letter.topic, one.letter.partition, one.letter.offset))
        found[one.letter.id] = one
    chosen = [one.letter for one in found.values() if wanted.matches(one.letter, one.died)]
    return sorted(chosen, key=lambda letter: places[letter.id])


def is_whole(letter: DeadLetter) -> bool:
    """Tell whether a letter can be sent again: it was a record, and all of it is kept."""
    return letter.cut is None and letter.offset >= 0


async def replay(
    kafka: Kafka,
    letters: Iterable[DeadLetter],
    *,
    processing: Processing | None = None,
    topic: str = topics.DEAD,
    again: bool = False,
    sizes: Sizes | None = None,
) -> Sent:
    """Send the records of dead letters to their topics again, in order; their stages settle the letters.

    Each letter is marked in the transaction that sends it, and is not sent while it is under way: two replays
    at once, or one given twice, send it once.

    Args:
        kafka: connection.
        letters: in the order in which they are sent.
        processing: whose transactional id is used: a second replay fences the first.
        topic: of the letters.
        again: also those that are under way.
        sizes: what the topics take.

    Raises:
        Invalid: ``schema-violation`` for a letter that was never a record, such as an unreadable polled item.
        Permanent: ``output-too-large``.
        Transient: ``log-unavailable`` when not all are known to be written; replay again.
    """
    listed = list(letters)
    for letter in listed:
        if letter.cut is not None:
            rule = f"of its {letter.cut} bytes only a part could be kept; send it again at its source"
            raise Invalid("schema-violation", "", rule, letter.id)
        if letter.offset < 0:
            rule = "came from a poll and could not be read; correct it at its source"
            raise Invalid("schema-violation", "", rule, letter.id)
    return await _send(kafka, listed, processing, topic, sizes, again=again, reason=None)


async def discard(
    kafka: Kafka,
    letters: Iterable[DeadLetter],
    reason: str,
    *,
    processing: Processing | None = None,
    topic: str = topics.DEAD,
    sizes: Sizes | None = None,
) -> Sent:
    """Give dead letters up. Their stages settle them without doing anything, and what waits can be replayed.

    The reason stands in the record that settles a letter, and in the log of its stage. A letter that waits
    behind another one cannot be given up before that one: it stays.

    Raises:
        Transient: ``log-unavailable`` when not all are known to be written; discard again.
    """
    return await _send(kafka, list(letters), processing, topic, sizes, again=True, reason=reason)


async def _send(
    kafka: Kafka,
    letters: list[DeadLetter],
    processing: Processing | None,
    topic: str,
    sizes: Sizes | None,
    *,
    again: bool,
    reason: str | None,
) -> Sent:
    sizes = sizes or Sizes()
    try:
        writer = await Writer.open(kafka, processing or Processing(), "replay", sizes)
        try:  # only now: whoever replays elsewhere is fenced, and all marks that will ever be are there
            ids = frozenset(letter.id for letter in letters)
            states = {found.letter.id: found async for found in opened(kafka, Wanted(ids=ids), topic)}
            going = [letter for letter in letters if letter.id in states]
            fresh = [letter for letter in going if again or states[letter.id].replayed is None]
            for batch in _batches(fresh):
                writes = Writes(sizes)
                for letter in batch:
                    await _write(writer, writes, letter, states[letter.id], topic, reason)
                await writer.commit(writes, "", {})
        finally:
            await writer.close()
    except Transient as error:
        message = f"not all letters are known to be on their way: {error.message}"
        raise await unavailable(kafka, "log-unavailable", message) from error
    return Sent(len(fresh), len(going) - len(fresh), len(letters) - len(going))


async def _write(
    writer: Writer, writes: Writes, letter: DeadLetter, state: Open, topic: str, reason: str | None
) -> None:
    key = letter.id.encode()
    dead = partition_of(key, await writer.partitions(topic))
    if letter.offset < 0:  # no stage will ever see it
        if reason is not None:
            writes.add(topic, dead, key, None, [*_plain(state), (DISCARDED, reason.encode())])
        return
    headers = [*letter.headers.items(), (REPLAY, f"{letter.stage} {letter.id}".encode())]
    if reason is not None:
        headers.append((DISCARD, reason.encode()))
    elif state.replayed is None:
        now = b"%d" % (time.time_ns() // 1_000_000)
        marks = [*_plain(state), (DIED, b"%d" % state.died), (REPLAYED, now)]
        writes.add(topic, dead, key, state.value, marks)
    count = await writer.partitions(letter.topic)
    partition = letter.partition if letter.key is None else partition_of(letter.key, count)
    writes.add(letter.topic, partition, letter.key, letter.body, headers)


def _batches(letters: Sequence[DeadLetter]) -> Iterator[list[DeadLetter]]:
    batch: list[DeadLetter] = []
    size = 0
    for letter in letters:
        more = 2 * size_of(letter.key, letter.body, tuple(letter.headers.items()))
        if batch and (len(batch) >= MOST or size + more > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(letter)
        size += more
    if batch:
        yield batch


def _open(record: Any) -> Open:  # noqa: ANN401
    told = dict(record.headers)
    return Open(
        DEAD.decode(record.value[HEAD:]),
        _number(told.get(DIED)) or record.timestamp,
        _number(told.get(REPLAYED)),
        record.value,
        record.headers,
    )


def _plain(state: Open) -> list[tuple[str, bytes]]:
    """Headers of a letter's record without those that say what is done with it."""
    ours = {DIED, REPLAYED}
    return [(name, text) for name, text in state.headers if name not in ours and text is not None]


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
