"""Follows a topic as it grows, decoded: for people and scripts that want to see what passes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from schemas.avro.codec import Codec
from schemas.avro.jsonform import JsonForm
from schemas.avro.schema import Schema
from schemas.avro.wire import unframe
from schemas.errors import CorridorError, Misconfigured
from streams.kafka import clients
from streams.kafka.access import unavailable
from streams.kafka.away import AWAY
from streams.kafka.settings import Kafka
from streams.records.contracts import OWN, Contracts


class Followed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record as it is shown.

    Attributes:
        value: JSON form of the value; None for a tombstone.
        undecoded: why the value could not be decoded; then it is shown as base64.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str
    headers: dict[str, str]
    value: msgspec.Raw | bytes | None
    undecoded: str | None = None


class Decoder:
    """Decodes values by the schema id in front of them."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._known: dict[int, tuple[Codec, JsonForm]] = {}

    async def show(self, record: Any) -> Followed:  # noqa: ANN401
        """Make a Kafka record readable; what cannot be decoded is shown as it is, with the reason."""
        value: msgspec.Raw | bytes | None = record.value
        reason = None
        if record.value is not None:
            try:
                identity, body = unframe(record.value)
                codec, form = await self._schema(record.topic, identity)
                value = msgspec.Raw(form.from_datum(codec.decode(body)))
            except CorridorError as error:
                reason = error.code
        return Followed(
            record.topic, record.partition, record.offset, record.timestamp,
            (record.key or b"").decode("utf-8", "backslashreplace"),
            {name: content.decode("utf-8", "backslashreplace") for name, content in record.headers},
            value, reason,
        )  # fmt: skip

    async def _schema(self, topic: str, identity: int) -> tuple[Codec, JsonForm]:
        """The broker's own records need no registry."""
        if identity not in self._known:
            own = OWN.get(topic)
            schema = own.codec.schema if own else Schema.parse(await self._contracts.text(identity))
            self._known[identity] = Codec(schema), JsonForm(schema)
        return self._known[identity]


async def follow(kafka: Kafka, topic: str, *, beginning: bool, wait: bool) -> AsyncGenerator[Any, None]:
    """Yield committed records of a topic.

    Args:
        kafka: connection.
        topic: its name.
        beginning: from the first record on; else only what comes.
        wait: go on for ever; else end at what is there now.

    Raises:
        Misconfigured: ``settings-invalid``, there is no such topic; ``kafka-refused``.
        Transient: ``kafka-unavailable``.
    """
    consumer = clients.reader(kafka, auto_offset_reset="earliest" if beginning else "latest")
    try:
        await consumer.start()
        partitions = await clients.partitions_of(consumer, [topic])
        if not partitions:
            raise Misconfigured(
                "settings-invalid", f"there is no topic {topic}; `corridor topics list` shows ours"
            )
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while True:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    yield record
            if not wait and all([await consumer.position(tp) >= end for tp, end in ends.items()]):
                return
    except AWAY as error:
        message = f"{topic} cannot be read: {error!r}"
        raise await unavailable(kafka, "kafka-unavailable", message) from error
    finally:
        await consumer.stop()
