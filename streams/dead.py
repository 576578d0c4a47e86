"""Dead letters: those that are open, in the order of the log, and sending them again."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Invalid
from schemas.records import DEAD, DeadLetter
from streams import topics
from streams.access import unavailable
from streams.contracts import HEAD
from streams.partitioning import partition_of
from streams.scan import scan
from streams.settings import Kafka
from streams.transactions import stop_producer


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters: all that match every given fact.

    Attributes:
        ids: any of these.
        stage: processor where they died.
        code: why.
        subject: unit of order.
    """

    ids: Collection[str] = ()
    stage: str | None = None
    code: str | None = None
    subject: str | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Tell whether a letter is one of them."""
        return (
            (not self.ids or letter.id in self.ids)
            and self.stage in {None, letter.stage}
            and self.code in {None, letter.code}
            and self.subject in {None, letter.subject}
        )


async def open_letters(
    kafka: Kafka, wanted: Wanted | None = None, topic: str = topics.DEAD
) -> list[DeadLetter]:
    """Read the dead letters that no replay has settled yet, in the order of their records in the log.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    wanted = wanted or Wanted()
    found: dict[str, DeadLetter] = {}
    places: dict[str, tuple[str, int, int]] = {}
    async for record in scan(kafka, topic):
        identity = record.key.decode()
        if record.value is None:
            found.pop(identity, None)
            continue
        letter = DEAD.decode(record.value[HEAD:])
        places.setdefault(identity, (letter.topic, letter.partition, letter.offset))
        found[identity] = letter
    chosen = [letter for letter in found.values() if wanted.matches(letter)]
    return sorted(chosen, key=lambda letter: places[letter.id])


async def replay(kafka: Kafka, letters: Iterable[DeadLetter]) -> int:
    """Send the records of dead letters to their topics again, in order; their stages settle the letters.

    Returns:
        how many were sent.

    Raises:
        Invalid: ``schema-violation`` for a letter that was never a record, such as an unreadable polled item.
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
    producer = AIOKafkaProducer(**kafka.client_options(), enable_idempotence=True, acks="all")
    try:
        async with asyncio.timeout(kafka.request_timeout):
            await producer.start()
            sent = [await _send(producer, letter) for letter in listed]
            await asyncio.gather(*sent)
    except (KafkaError, TimeoutError, OSError) as error:
        message = f"the replay is not known to be complete: {error!r}"
        raise await unavailable(kafka, "log-unavailable", message) from error
    finally:
        await stop_producer(producer)
    return len(listed)


async def _send(producer: AIOKafkaProducer, letter: DeadLetter) -> asyncio.Future[object]:
    count = len(await producer.partitions_for(letter.topic))
    headers = [*letter.headers.items(), ("replay", f"{letter.stage} {letter.id}".encode())]
    partition = letter.partition if letter.key is None else partition_of(letter.key, count)
    future: asyncio.Future[object] = await producer.send(
        letter.topic, letter.body, letter.key, partition, headers=headers
    )
    return future
