"""The view as the target of a projection: reads records of the log, and writes them with the offsets."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, delete, select

from corridor.roles.contracts import codec
from corridor.view.bulk import chunks, upsert
from corridor.view.database import Database
from corridor.view.events import recompute, write_events
from corridor.view.records import write_letters, write_receipts, write_reports
from corridor.view.tables import CONTENT, POSITION, UNREAD
from schemas import profiles
from schemas.avro.wire import unframe
from schemas.errors import CorridorError
from schemas.records import DeadLetter, Receipt, Report
from schemas.shipment import Fact, fact_of
from streams import metrics, topics
from streams.contracts import OWN, Contracts, Reader
from streams.envelope import Envelope
from streams.projection import Moved, Place

TOPICS: Final = (topics.EVENTS, topics.REPORTS, topics.RECEIPTS, topics.DEAD)
"""What the view is made of."""
READ: Final = 1_000
"""Records that are in memory as what they say at one time."""
NAME: Final = "view"


@dataclass(slots=True)
class _Batch:
    """Some records, read."""

    facts: list[Fact] = field(default_factory=list)
    reports: list[tuple[int, Report]] = field(default_factory=list)
    receipts: list[tuple[int, Receipt]] = field(default_factory=list)
    letters: list[tuple[int, str, DeadLetter | None]] = field(default_factory=list)
    unread: list[dict[str, Any]] = field(default_factory=list)


class Projector:
    """Writes the log into the view.

    Args:
        database: the view's, migrated.
        contracts: where the schemas of events are found.
    """

    def __init__(self, database: Database, contracts: Contracts) -> None:
        self._database, self._contracts = database, contracts
        self._codec = codec(profiles.CANONICAL)
        self._reader: Reader | None = None

    async def learn(self, records: Sequence[Any]) -> None:
        """Look up the schemas of events that another version of the broker wrote."""
        if self._reader is None:
            frame = await self._contracts.frame(topics.EVENTS, self._codec.schema)
            self._reader = Reader(self._contracts, self._codec, frame)
        await self._reader.learn(record.value for record in records if record.topic == topics.EVENTS)

    def positions(self) -> dict[Place, int]:
        """Give the next offset of every partition."""
        with self._database.reading() as connection:
            return {(row.topic, row.partition): row.next for row in connection.execute(select(POSITION))}

    def take(
        self, records: Sequence[Any], before: Mapping[Place, int | None], after: Mapping[Place, int]
    ) -> None:
        """Write records and the offsets behind them in one transaction.

        Raises:
            Moved: somebody else wrote on, or emptied the view.
            Transient: ``view-unavailable``.
        """
        started = time.perf_counter()
        with self._database.writing() as connection:
            stored = {(row.topic, row.partition): row.next for row in connection.execute(select(POSITION))}
            if any(stored.get(place) != offset for place, offset in before.items()):
                raise Moved
            touched: set[str] = set()
            for piece in chunks(records, READ):
                touched |= self._write(connection, self._read(piece))
            recompute(connection, touched)
            rows = [{"topic": topic, "partition": number, "next": offset}
                    for (topic, number), offset in after.items()]  # fmt: skip
            upsert(connection, POSITION, rows)
        metrics.transaction_seconds.labels(NAME).observe(time.perf_counter() - started)

    @staticmethod
    def _write(connection: Connection, batch: _Batch) -> set[str]:
        """Keep what records say, and return whose timelines change."""
        touched = write_events(connection, batch.facts)
        write_reports(connection, batch.reports)
        write_receipts(connection, batch.receipts)
        write_letters(connection, batch.letters)
        upsert(connection, UNREAD, batch.unread)
        return touched

    def empty(self) -> None:
        """Drop all content: whoever projects begins with the first record again.

        Raises:
            Transient: ``view-unavailable``.
        """
        with self._database.writing() as connection:
            for table in (*CONTENT, POSITION):
                connection.execute(delete(table))

    def _read(self, records: Sequence[Any]) -> _Batch:
        batch = _Batch()
        for record in records:
            try:
                self._sort(record, batch)
            except CorridorError as error:
                metrics.dead.labels(NAME, error.code).inc()
                batch.unread.append(
                    {"topic": record.topic, "partition": record.partition, "log_offset": record.offset,
                     "code": error.code, "detail": error.message}
                )  # fmt: skip
        return batch

    def _sort(self, record: Any, batch: _Batch) -> None:  # noqa: ANN401 - a Kafka record
        if record.topic == topics.EVENTS:
            if record.value is not None:
                assert self._reader is not None  # noqa: S101 - learn comes first
                event = self._codec.decode_trusted(self._reader(record.value))
                batch.facts.append(fact_of(event, Envelope.of(record).origin))
            return
        own = OWN[record.topic].decode(unframe(record.value)[1]) if record.value is not None else None
        match own:
            case Report():
                batch.reports.append((record.offset, own))
            case Receipt():
                batch.receipts.append((record.offset, own))
            case DeadLetter() | None if record.topic == topics.DEAD:
                batch.letters.append((record.offset, (record.key or b"").decode("utf-8", "replace"), own))
