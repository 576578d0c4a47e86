"""What a processor has yet to read of a topic whose other readers are further on."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.errors import Transient
from streams.kafka import clients
from streams.kafka.away import AWAY
from streams.kafka.settings import Kafka, Processing


class Backlog:
    """Committed records of one partition from a place on, read in batches by a consumer of its own."""

    def __init__(self, consumer: AIOKafkaConsumer, partition: TopicPartition, kafka: Kafka) -> None:
        self._consumer, self._partition, self._kafka = consumer, partition, kafka
        self.position = 0
        """Offset of the next record; control records are stepped over."""

    @classmethod
    async def open(cls, kafka: Kafka, processing: Processing, partition: TopicPartition, offset: int) -> Self:
        """Begin at an offset, or at the first that is still kept.

        Raises:
            Transient: ``kafka-unavailable``.
        """
        consumer = clients.reader(kafka, processing.batch_bytes)
        backlog = cls(consumer, partition, kafka)
        try:
            async with asyncio.timeout(kafka.request_timeout):
                await consumer.start()
                consumer.assign([partition])
                first = (await consumer.beginning_offsets([partition]))[partition]
                backlog.position = max(offset, first)
                consumer.seek(partition, backlog.position)
        except AWAY as error:
            await backlog.close()
            raise _unavailable(partition, error) from error
        return backlog

    async def read(self, below: int) -> list[Any]:
        """Give the next records with offsets below a limit; none means that there are no more.

        Raises:
            Transient: ``kafka-unavailable``.
        """
        try:
            async with asyncio.timeout(self._kafka.request_timeout):
                while self.position < below:
                    fetched = await self._consumer.getmany(self._partition, timeout_ms=500)
                    self.position = await self._consumer.position(self._partition)
                    records = [r for r in fetched.get(self._partition, ()) if r.offset < below]
                    if records:
                        return records
        except AWAY as error:
            raise _unavailable(self._partition, error) from error
        return []

    async def close(self) -> None:
        """Let the connections go."""
        await self._consumer.stop()


def _unavailable(partition: TopicPartition, error: Exception) -> Transient:
    return Transient("kafka-unavailable", f"{partition.topic}/{partition.partition}: {error!r}")
