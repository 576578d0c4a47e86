"""Delivers once more what a partner had answered 200 to, and lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from schemas.errors import Transient
from streams.kafka import topics
from streams.kafka.access import unavailable
from streams.kafka.scan import scan
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes, size_of
from streams.kafka.transactions import Writer, Writes
from streams.operations.replay import MOST, MOST_BYTES
from streams.records.envelope import DISCARD, REPLAY, Envelope, letter_id


class WantedMessages(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages: all that match every given fact.

    Attributes:
        subject: unit of order.
        id: of the message.
        since: UTC milliseconds at which they were written for the partner, or later.
        until: UTC milliseconds before which they were.
    """

    subject: str | None = None
    id: str | None = None
    since: int | None = None
    until: int | None = None

    def matches(self, envelope: Envelope, written: int) -> bool:
        """Tell whether a message is one of them."""
        return (
            self.subject in {None, envelope.subject}
            and self.id in {None, envelope.id}
            and (self.since is None or written >= self.since)
            and (self.until is None or written < self.until)
        )


async def lost(kafka: Kafka, participant: str, wanted: WantedMessages) -> AsyncIterator[Any]:
    """Yield the records of ``out.<participant>`` that match, those that were sent again before left out.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    async for record in scan(kafka, topics.outgoing(participant)):
        envelope = Envelope.of(record)
        if not envelope.replay and record.value is not None and wanted.matches(envelope, record.timestamp):
            yield record


async def deliver_again(
    kafka: Kafka, participant: str, wanted: WantedMessages, processing: Processing, sizes: Sizes | None = None
) -> int:
    """Send messages to a partner once more, in the order of the log, under the idempotency keys they had.

    Returns:
        how many.

    Raises:
        Transient: ``log-unavailable`` when not all are known to be on their way.
    """
    stage = topics.processors(participant)[2]
    count = size = 0
    try:
        writer = await Writer.open(kafka, processing, "again", sizes)
        try:
            writes, waiting = Writes(writer.sizes), 0
            async for record in lost(kafka, participant, wanted):
                letter = letter_id(stage, f"{record.topic}/{record.partition}/{record.offset}")
                kept = [(name, text) for name, text in record.headers if name not in {REPLAY, DISCARD}]
                headers = [*kept, (REPLAY, f"{stage} {letter}".encode())]
                writes.add(record.topic, record.partition, record.key, record.value, headers)
                waiting, size = waiting + 1, size + size_of(record.key, record.value, headers)
                if waiting == MOST or size > MOST_BYTES:
                    await writer.commit(writes, "", {})
                    count, waiting, size, writes = count + waiting, 0, 0, Writes(writer.sizes)
            if waiting:
                await writer.commit(writes, "", {})
                count += waiting
        finally:
            await writer.close()
    except Transient as error:
        message = f"{count} are on their way, the next {MOST} at most are in doubt: {error.message}"
        raise await unavailable(kafka, "log-unavailable", message) from error
    return count
