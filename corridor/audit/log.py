"""The log as the audit reads it: in the schemas of this release, whatever release wrote a record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from schemas.avro.codec import Codec
from schemas.avro.wire import unframe
from schemas.errors import Permanent
from streams.kafka.scan import scan
from streams.kafka.settings import Kafka
from streams.records.contracts import Contracts, ValueReader


class AuditedLog:
    """Reads topics once, from their first record to the last committed one; writes and registers nothing.

    Args:
        kafka: connection.
        contracts: where the writers' schemas are found.
    """

    def __init__(self, kafka: Kafka, contracts: Contracts) -> None:
        self._kafka, self._contracts = kafka, contracts

    async def records(self, topic: str) -> AsyncIterator[Any]:
        """Yield the records of a topic as they are.

        Raises:
            Transient: ``kafka-unavailable``.
        """
        async for record in scan(self._kafka, topic):
            yield record

    async def bodies(self, topic: str, codec: Codec) -> AsyncIterator[tuple[Any, bytes]]:
        """Yield the records of a topic that have a value, as `values` does."""
        async for record, body in self.values(topic, codec):
            if body is not None:
                yield record, body

    async def values(self, topic: str, codec: Codec) -> AsyncIterator[tuple[Any, bytes | None]]:
        """Yield the records of a topic, each with its Avro body in the codec's schema, or None.

        A body whose schema the registry does not have is given as it is: older releases wrote it.

        Raises:
            Transient: ``kafka-unavailable``, ``registry-unavailable``.
            Permanent: ``avro-malformed``, ``wire-format``: a record is none of this topic.
        """
        reader = ValueReader(self._contracts, codec, b"")
        async for record in scan(self._kafka, topic):
            if record.value is None:
                yield record, None
                continue
            await reader.learn([record.value])
            try:
                body = reader(record.value)
            except Permanent as error:
                if error.code != "schema-unknown":
                    raise
                body = unframe(record.value)[1]
            yield record, body
