"""The ledger of an e-Permit authority in Kafka.

One transaction writes an event to the ledger, to the peer's outbox when it is ours, and to the corridor when
it is about a permit: a process that dies leaves all of it or nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

import structlog
from aiokafka import ConsumerRecord
from prometheus_client import Gauge

from connectors.epermit.outbox import outbox_record
from connectors.epermit.ports import Decide
from schemas.avro.codec import Codec
from schemas.avro.schema import Schema
from schemas.epermit.acts import Change, LedgerEntry
from schemas.epermit.ledger import Ledger
from schemas.errors import Permanent
from schemas.records import OUTBOX, PERMIT, LedgerRecord
from streams.kafka import topics
from streams.kafka.partitioning import partition_of
from streams.kafka.settings import Kafka, Topics
from streams.kafka.transactions import Writes
from streams.logs.shared_log import SharedLog
from streams.records.contracts import Contracts, ValueReader
from streams.records.envelope import HeaderList, headers

log = structlog.get_logger(__name__)

events_gauge = Gauge("corridor_permit_ledger_events", "Events in the ledger of an authority", ["participant"])
forks_gauge = Gauge("corridor_permit_forks", "Events that do not stand behind the head", ["participant"])
writer_gauge = Gauge("corridor_permit_writer", "1 in the process that writes a ledger", ["participant"])


class PermitLedger(SharedLog[Ledger, Change]):
    """The `connectors.epermit.ports.PermitLog` protocol over Kafka.

    Args:
        participant: name of the authority's participant.
        code: the authority's code.
        profile: schema of what the corridor is told.
        kafka: the connection.
        contracts: schemas.
        settings: how topics are made.
        peers: codes of the authorities that events are sent to.
        aside: is told why the ledger cannot be read, and with None that it can be again.
        reachable: tells whether Kafka answers, as far as is known.
    """

    def __init__(
        self,
        participant: str,
        code: str,
        profile: Schema,
        kafka: Kafka,
        contracts: Contracts,
        settings: Topics,
        peers: Iterable[str],
        aside: Callable[[Permanent | None], None] = lambda _: None,
        reachable: Callable[[], bool] = lambda: True,
    ) -> None:
        self._participant, self._code = participant, code
        (wanted,) = (t for t in topics.plan([], settings, {participant: ()}) if "permits." in t.name)
        super().__init__(kafka, wanted, f"ledger of {participant}", reachable)
        self._contracts, self._facts = contracts, Codec(profile)
        self._peers = tuple(peers)
        self._aside = aside
        self._ledger = self._outbox = self._incoming = b""
        self._partitions = 1
        self._reader: ValueReader | None = None

    async def start(self) -> None:
        """Register the schemas, then read the ledger; see `SharedLog.start`.

        Raises:
            Transient: ``registry-unavailable``.
        """
        frame, name = self._contracts.frame, self._participant
        self._ledger = await frame(self._wanted.name, PERMIT.codec.schema)
        self._incoming = await frame(topics.incoming(name), self._facts.schema)
        for code in self._peers:
            self._outbox = await frame(topics.outgoing(topics.peer(name, code)), OUTBOX.codec.schema)
        self._reader = ValueReader(self._contracts, PERMIT.codec, self._ledger)
        await super().start()

    async def write(self, decide: Decide, *, here: bool = True) -> Change:
        """Decide on the newest state and write; whoever is asked becomes the writer."""
        return await super().write(decide, here=here)

    def _empty(self) -> Ledger:
        return Ledger(self._code)

    async def _prepare(self) -> None:
        await super()._prepare()
        self._partitions = await topics.partitions(self._kafka, topics.incoming(self._participant))

    async def _understand(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        assert self._reader is not None  # noqa: S101 - set before anything is read
        await self._reader.learn(record.value for record in records)

    def _take(self, record: ConsumerRecord[bytes, bytes]) -> bool:
        assert self._reader is not None  # noqa: S101
        try:
            entry = PERMIT.decode(self._reader(record.value or b""))
            self.state.apply(entry, record.offset)
        except Permanent as error:
            raise Permanent("log-unreadable", f"{error.code}: {error.message}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Permanent("log-unreadable", f"its content is none of a ledger's: {error!r}") from error
        return entry.kind == "WRITER"

    def _stands_still(self, error: Permanent | None) -> None:
        self._aside(error)

    def _mark(self) -> Change:
        record = LedgerRecord(kind="WRITER", id="", content=self._kafka.client_id, at=0)
        return Change((LedgerEntry(record),))

    def _records(self, change: Change, headers: Sequence[tuple[str, bytes]]) -> Writes:
        writes = Writes(self._sizes)
        for entry in change.entries:
            record = entry.record
            key = record_key(entry)
            value = self._ledger + PERMIT.encode(record)
            writes.add(self._wanted.name, 0, key, value, headers)
            self._send(writes, entry)
            self._tell(writes, entry)
        return writes

    def _send(self, writes: Writes, entry: LedgerEntry) -> None:
        """Put an event of ours into the outbox of its peer."""
        wanted = outbox_record(entry, self._code)
        if wanted is None:
            return
        subject = f"PEER:{wanted.peer}"
        topic = topics.outgoing(topics.peer(self._participant, wanted.peer))
        value = self._outbox + OUTBOX.encode(wanted)
        writes.add(topic, 0, subject.encode(), value, self._headers(entry, subject=subject))

    def _tell(self, writes: Writes, entry: LedgerEntry) -> None:
        """Tell the corridor of an event about a permit."""
        if entry.facts is None:
            return
        key = str(entry.facts["permit_id"]).encode()
        digest = hashlib.sha256(entry.record.content.encode()).hexdigest()
        listed = self._headers(entry, digest=digest)
        value = self._incoming + self._facts.encode(dict(entry.facts))
        writes.add(
            topics.incoming(self._participant), partition_of(key, self._partitions), key, value, listed
        )

    def _headers(self, entry: LedgerEntry, *, subject: str = "", digest: str = "") -> HeaderList:
        event_id, name = entry.record.id, self._participant
        return headers(
            event_id, f"{name}/{event_id}", (name,), entry.record.at, subject=subject, digest=digest
        )

    def _observe(self, *, writing: bool) -> None:
        name = self._participant
        events_gauge.labels(name).set(sum(map(len, self.state.chains.values())))
        forks_gauge.labels(name).set(len(self.state.forks))
        writer_gauge.labels(name).set(writing)


def record_key(entry: LedgerEntry) -> bytes:
    """Give the key of a ledger record; only records of the writer share one, so that all others are kept."""
    if entry.event is None:
        return f"{entry.record.kind}:{entry.record.id}".encode()
    return f"EVENT:{entry.event.producer}:{entry.event.consumer}:{entry.event.id}".encode()
