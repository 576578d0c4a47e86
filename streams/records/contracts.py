"""Schemas by id: registers what the broker writes, looks up what it reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from connectors.registry.client import RegistryClient
from schemas.avro.codec import Codec
from schemas.avro.resolve import Resolve, resolver
from schemas.avro.schema import Schema
from schemas.avro.wire import HEADER, frame, head_of, named
from schemas.errors import Permanent
from schemas.records import CURSOR, DEAD, RECEIPT, REPORT, Kind
from streams.kafka import topics

HEAD = 5
"""Bytes of the wire format in front of a body."""

OWN: dict[str, Kind[Any]] = {
    topics.REPORTS: REPORT,
    topics.DEAD: DEAD,
    topics.RECEIPTS: RECEIPT,
    topics.CURSORS: CURSOR,
}
"""Topic to the kind of the broker's own records in it."""


class Contracts:
    """Wire-format frames by subject, and schemas by id. Schemas never change under an id, so all is kept.

    Args:
        registry: the schema registry; None: every schema has ``fixed_id``, and only that is understood.
        fixed_id: schema id for a run without registry.
    """

    def __init__(self, registry: RegistryClient | None, fixed_id: int = 1) -> None:
        self._registry, self._fixed = registry, fixed_id
        self._own: dict[str, bytes] = {}

    async def start(self) -> None:
        """Register the broker's own records.

        Raises:
            Transient: ``registry-unavailable``.
            Permanent: ``schema-incompatible`` with what is registered.
        """
        for topic, kind in OWN.items():
            self._own[topic] = await self.frame(topic, kind.codec.schema)

    async def frame(self, topic: str, schema: Schema) -> bytes:
        """Register a topic's value schema and give the five bytes in front of every value."""
        if self._registry is None:
            return frame(self._fixed, b"")
        subject = f"{topic}-value"
        schema_id = await self._registry.register(subject, schema.text)
        if self._registry.reachable:  # else the id is the one it had, and the level was looked at then
            await self._registry.ensure_compatibility(subject)
        return frame(schema_id, b"")

    def encode(self, topic: str, record: Any) -> bytes:  # noqa: ANN401 - the struct of the topic's kind
        """Frame and encode one of the broker's own records for its topic."""
        return self._own[topic] + OWN[topic].encode(record)

    def own(self, topic: str) -> bytes:
        """Frame of the broker's own records of a topic; empty before `start`."""
        return self._own.get(topic, b"")

    async def text(self, identity: int | UUID) -> str:
        """Give the schema with this id, or this GUID.

        Raises:
            Permanent: ``schema-unknown``.
            Transient: ``registry-unavailable``.
        """
        if self._registry is None:
            raise Permanent(
                "schema-unknown", f"schema {identity} is not the configured one, and there is no registry"
            )
        return await self._registry.schema(identity)


class ValueReader:
    """Turns values of one topic into Avro bodies of the schema that a translator was compiled for.

    Args:
        contracts: where other writers' schemas are found.
        codec: of the schema to read as.
        known: frame of that schema.
    """

    def __init__(self, contracts: Contracts, codec: Codec, known: bytes) -> None:
        self._contracts, self._codec, self._known = contracts, codec, known
        self._writers: dict[bytes, Resolve] = {}
        self._refused: dict[bytes, Permanent] = {}

    async def learn(self, values: Iterable[bytes | None]) -> None:
        """Look up the schemas of values that were written with another version.

        A schema that is not known or not safe now is asked for again with the next values.

        Raises:
            Transient: ``registry-unavailable``.
        """
        self._refused.clear()
        for head in {head_of(value) for value in values if value} - self._writers.keys() - {self._known}:
            try:
                self._writers[head] = resolver(await self._contracts.text(named(head)), self._codec)
            except Permanent as error:
                self._refused[head] = error

    def whole(self, record: Any) -> bytes | None:  # noqa: ANN401 - Kafka's
        """Give the value of a record with its head in front, also where the record has that in a header.

        Raises:
            Permanent: ``wire-format`` when the header is no head.
        """
        for name, head in record.headers:
            if name == HEADER and record.value is not None:
                try:
                    named(head)
                except Permanent as error:
                    raise Permanent("wire-format", f"header {HEADER}: {error}") from None
                return bytes(head + record.value)
        return record.value  # type: ignore[no-any-return]

    def __call__(self, value: bytes) -> bytes:
        """Give the Avro body of a value.

        Raises:
            Permanent: ``wire-format``, ``schema-unknown``, ``schema-invalid``, ``schema-unsafe`` or
                ``avro-malformed``.
        """
        if value[:HEAD] == self._known:
            return value[HEAD:]
        head = head_of(value)
        if head in self._refused:
            raise self._refused[head]
        if head not in self._writers:
            raise Permanent(
                "schema-unknown", f"the schema of a value that begins {head.hex()} is not known here"
            )
        return self._writers[head](value[len(head) :])


class OwnReader:
    """Reads the broker's own records in whatever version of them a broker wrote.

    Args:
        contracts: where the writers' schemas are found.
    """

    def __init__(self, contracts: Contracts) -> None:
        self._readers = {
            topic: ValueReader(contracts, kind.codec, contracts.own(topic)) for topic, kind in OWN.items()
        }

    async def learn(self, topic: str, values: Iterable[bytes | None]) -> None:
        """Look up the schemas of values of one topic; see `ValueReader.learn`.

        Raises:
            Transient: ``registry-unavailable``.
        """
        await self._readers[topic].learn(values)

    def __call__(self, topic: str, value: bytes) -> Any:  # noqa: ANN401 - the struct of the topic's kind
        """Give the record of a value.

        One whose schema the registry does not have is read by what this version knows of earlier ones.

        Raises:
            Permanent: as `ValueReader`.
        """
        kind = OWN[topic]
        try:
            return kind.decode(self._readers[topic](value))
        except Permanent as error:
            try:
                return kind.decode(value[HEAD:])
            except Permanent:
                raise error from None


class AsIs:
    """Hands values through: they are bodies already, such as JSON."""

    async def learn(self, values: Iterable[bytes | None]) -> None:
        """Nothing needs to be known."""

    def whole(self, record: Any) -> bytes | None:  # noqa: ANN401 - Kafka's
        """Give the value of a record: a header that names a schema says nothing of these."""
        return record.value  # type: ignore[no-any-return]

    def __call__(self, value: bytes) -> bytes:
        """Give the value back."""
        return value
