"""Sending dead letters again, and giving them up: any number, of which a few are held at a time."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple

from schemas.errors import Invalid, Transient
from schemas.records import DeadLetter
from streams.kafka import topics
from streams.kafka.access import unavailable
from streams.kafka.partitioning import partition_of
from streams.kafka.scan import pick
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes, size_of
from streams.kafka.transactions import Writer, Writes
from streams.operations.dead import DIED, REPLAYED, Listed, Open, WantedLetters, listed, opening
from streams.records.envelope import DISCARD, REPLAY
from streams.records.letters import DISCARDED

MOST: Final = 200
MOST_BYTES: Final = 2 * 1024 * 1024
"""Records and their bytes that are sent again in one transaction."""


Correct = Callable[[DeadLetter], DeadLetter]


def _as_it_is(letter: DeadLetter) -> DeadLetter:
    return letter


class ReplayResult(NamedTuple):
    """What became of letters that were to be sent again or given up.

    Attributes:
        sent: those that are on their way now.
        under_way: those that were on their way already.
        settled: those that somebody else has settled meanwhile.
    """

    sent: int
    under_way: int
    settled: int


async def replay(
    kafka: Kafka,
    letters: Iterable[Listed],
    *,
    processing: Processing | None = None,
    topic: str = topics.DEAD,
    again: bool = False,
    sizes: Sizes | None = None,
    correct: Correct = _as_it_is,
) -> ReplayResult:
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
        correct: gives what is sent for a letter.

    Raises:
        Invalid: ``schema-violation`` for a letter that was never a record, such as an unreadable polled item.
        Permanent: ``output-too-large``.
        Transient: ``log-unavailable`` when not all are known to be written; replay again.
    """
    chosen = list(letters)
    for letter in chosen:
        if letter.cut is not None:
            rule = f"of its {letter.cut} bytes only a part could be kept; send it again at its source"
            raise Invalid("schema-violation", "", rule, letter.id)
        if letter.offset < 0:
            rule = "came from a poll and could not be read; correct it at its source"
            raise Invalid("schema-violation", "", rule, letter.id)
    return await _send(kafka, chosen, processing, topic, sizes, correct, again=again, reason=None)


async def discard(
    kafka: Kafka,
    letters: Iterable[Listed],
    reason: str,
    *,
    processing: Processing | None = None,
    topic: str = topics.DEAD,
    sizes: Sizes | None = None,
) -> ReplayResult:
    """Give dead letters up. Their stages settle them without doing anything, and what waits can be replayed.

    The reason stands in the record that settles a letter, and in the log of its stage. A letter that waits
    behind another one cannot be given up before that one: it stays.

    Raises:
        Transient: ``log-unavailable`` when not all are known to be written; discard again.
    """
    return await _send(kafka, list(letters), processing, topic, sizes, _as_it_is, again=True, reason=reason)


async def _send(
    kafka: Kafka,
    letters: Sequence[Listed],
    processing: Processing | None,
    topic: str,
    sizes: Sizes | None,
    correct: Correct,
    *,
    again: bool,
    reason: str | None,
) -> ReplayResult:
    sizes = sizes or Sizes()
    try:
        writer = await Writer.open(kafka, processing or Processing(), "replay", sizes)
        try:  # only now: whoever replays elsewhere is fenced, and all marks that will ever be are there
            ids = frozenset(letter.id for letter in letters)
            states = {found.id: found for found in await listed(kafka, WantedLetters(ids=ids), topic)}
            going = [states[letter.id] for letter in letters if letter.id in states]
            fresh = [state for state in going if again or state.replayed is None]
            sent = 0
            async with aclosing(_batches(_whole(kafka, fresh, topic, correct))) as batches:
                async for batch in batches:
                    writes = Writes(sizes)
                    for letter in batch:
                        await _write(writer, writes, letter, topic, reason)
                    await writer.commit(writes, "", {})
                    sent += len(batch)
        finally:
            await writer.close()
    except Transient as error:
        message = f"not all letters are known to be on their way: {error.message}"
        raise await unavailable(kafka, "log-unavailable", message) from error
    under_way = len(going) - len(fresh)
    return ReplayResult(sent, under_way, len(letters) - under_way - sent)


async def _whole(
    kafka: Kafka, letters: Sequence[Listed], topic: str, correct: Correct
) -> AsyncGenerator[Open, None]:
    """Read the content of letters, one after the other; those whose record is gone are passed over."""
    async with aclosing(pick(kafka, topic, [letter.place for letter in letters])) as records:
        async for record in records:
            if record is not None:
                found = opening(record)
                yield found._replace(letter=correct(found.letter))


async def _write(writer: Writer, writes: Writes, state: Open, topic: str, reason: str | None) -> None:
    letter = state.letter
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


async def _batches(letters: AsyncGenerator[Open, None]) -> AsyncGenerator[list[Open], None]:
    """Put letters together for one transaction; no more than these are held."""
    batch: list[Open] = []
    size = 0
    async with aclosing(letters):
        async for found in letters:
            letter = found.letter
            more = 2 * size_of(letter.key, letter.body, tuple(letter.headers.items()))
            if batch and (len(batch) >= MOST or size + more > MOST_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(found)
            size += more
    if batch:
        yield batch


def _plain(state: Open) -> list[tuple[str, bytes]]:
    """Headers of a letter's record without those that say what is done with it."""
    ours = {DIED, REPLAYED}
    return [(name, text) for name, text in state.headers if name not in ours and text is not None]
