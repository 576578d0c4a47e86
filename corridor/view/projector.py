"""The view as the target of a projection: reads records of the log, and writes them with the offsets."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import DBAPIError

from corridor.roles.contracts import codec
from corridor.view.bulk import chunks, upsert
from corridor.view.database import Database, is_about_data
from corridor.view.events import recompute, write_events
from corridor.view.records import write_letters, write_receipts, write_reports
from corridor.view.tables import CONTENT, POSITION, UNREAD
from schemas import profiles
from schemas.errors import CorridorError, Transient
from schemas.records import DeadLetter, Receipt, Report
from schemas.shipment import Fact, bounded, fact_of, short
from schemas.shipment.bounds import TEXT
from streams import metrics
from streams.kafka import topics
from streams.logs.projection import Moved, Place
from streams.records.contracts import OWN, Contracts, OwnReader, ValueReader
from streams.records.envelope import Envelope

log = structlog.get_logger(__name__)

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
        simulated: participants whose times are not of this world's clock.
    """

    def __init__(
        self, database: Database, contracts: Contracts, simulated: frozenset[str] = frozenset()
    ) -> None:
        self._database, self._contracts, self._simulated = database, contracts, simulated
        self._codec = codec(profiles.CANONICAL)
        self._reader: ValueReader | None = None
        self._own = OwnReader(contracts)

    async def learn(self, records: Sequence[Any]) -> None:
        """Look up the schemas of events that another version of the broker wrote."""
        if self._reader is None:
            frame = await self._contracts.frame(topics.EVENTS, self._codec.schema)
            self._reader = ValueReader(self._contracts, self._codec, frame)
        await self._reader.learn(record.value for record in records if record.topic == topics.EVENTS)
        for topic in {record.topic for record in records} & OWN.keys():
            await self._own.learn(topic, (record.value for record in records if record.topic == topic))

    def positions(self) -> dict[Place, int]:
        """Give the next offset of every partition."""
        with self._database.reading() as connection:
            return {(row.topic, row.partition): row.next for row in connection.execute(select(POSITION))}

    def take(
        self, records: Sequence[Any], before: Mapping[Place, int | None], after: Mapping[Place, int]
    ) -> None:
        """Write records and the offsets behind them in one transaction.

        A record that cannot be written is set aside alone, with the reason, and the others go in.

        Raises:
            Moved: somebody else wrote on, or emptied the view.
            Transient: ``view-unavailable``.
        """
        started = time.perf_counter()
        try:
            self._take(records, before, after, self._write_all)
        except (Moved, Transient):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
            log.warning("a record cannot be written, looking for it", error=repr(error)[:500])
            self._take(records, before, after, self._write_carefully)
        metrics.transaction_seconds.labels(NAME).observe(time.perf_counter() - started)

    def _take(
        self,
        records: Sequence[Any],
        before: Mapping[Place, int | None],
        after: Mapping[Place, int],
        write: Callable[[Connection, Sequence[Any]], list[str]],
    ) -> None:
        with self._database.writing() as connection:
            stored = {(row.topic, row.partition): row.next for row in connection.execute(select(POSITION))}
            if any(stored.get(place) != offset for place, offset in before.items()):
                raise Moved
            codes = write(connection, records)
            rows = [{"topic": topic, "partition": number, "next": offset}
                    for (topic, number), offset in after.items()]  # fmt: skip
            upsert(connection, POSITION, rows)
        for code in codes:
            metrics.dead.labels(NAME, code).inc()

    def _write_all(self, connection: Connection, records: Sequence[Any]) -> list[str]:
        """Write records, and give the codes of what was set aside."""
        touched: set[str] = set()
        codes: list[str] = []
        for piece in chunks(records, READ):
            batch = self._read(piece)
            touched |= self._write(connection, batch)
            codes += [row["code"] for row in batch.unread]
        recompute(connection, touched)
        return codes

    def _write_carefully(self, connection: Connection, records: Sequence[Any]) -> list[str]:
        """Halve what cannot be written until it is one record, and set that aside."""
        if not records:
            return []
        try:
            with connection.begin_nested():
                return self._write_all(connection, records)
        except DBAPIError as error:
            if not is_about_data(error):
                raise
            reason = str(error.orig)
        except Exception as error:  # noqa: BLE001 - a defect that one record reaches stops no other
            reason = repr(error)
        if len(records) > 1:
            half = len(records) // 2
            return [
                *self._write_carefully(connection, records[:half]),
                *self._write_carefully(connection, records[half:]),
            ]
        row = _set_aside(records[0], "internal", reason)
        upsert(connection, UNREAD, [row])
        return ["internal"]

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

    def _is_simulated(self, origin: str) -> bool:
        return origin.partition("/")[0] in self._simulated

    def _read(self, records: Sequence[Any]) -> _Batch:
        batch = _Batch()
        for record in records:
            try:
                self._sort(record, batch)
            except CorridorError as error:
                batch.unread.append(_set_aside(record, error.code, error.message))
            except Exception as error:  # noqa: BLE001 - a defect that one record reaches stops no other
                batch.unread.append(_set_aside(record, "internal", repr(error)))
        return batch

    def _sort(self, record: Any, batch: _Batch) -> None:  # noqa: ANN401 - a Kafka record
        if record.topic == topics.EVENTS:
            if record.value is not None:
                assert self._reader is not None  # noqa: S101 - learn comes first
                event = self._codec.decode_trusted(self._reader(record.value))
                origin = Envelope.of(record).origin
                fact, left_out = bounded(fact_of(event, origin, simulated=self._is_simulated(origin)))
                if fact is not None:
                    batch.facts.append(fact)
                if left_out:
                    kept = "left out, the rest is kept" if fact else "the event is set aside"
                    detail = f"{'; '.join(left_out)}: {kept}"
                    batch.unread.append(_set_aside(record, "value-implausible", detail))
            return
        own = self._own(record.topic, record.value) if record.value is not None else None
        match own:
            case Report():
                batch.reports.append((record.offset, own))
            case Receipt():
                batch.receipts.append((record.offset, own))
            case DeadLetter() | None if record.topic == topics.DEAD:
                batch.letters.append((record.offset, (record.key or b"").decode("utf-8", "replace"), own))


def _set_aside(record: Any, code: str, detail: str) -> dict[str, Any]:  # noqa: ANN401
    """Row of a record that is not in the view, or not whole."""
    return {
        "topic": record.topic, "partition": record.partition, "log_offset": record.offset, "code": code,
        "detail": short(detail, TEXT), "subject": short(Envelope.of(record).subject),
    }  # fmt: skip
