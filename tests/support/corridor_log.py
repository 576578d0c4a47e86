"""The topics and ledgers of a corridor with all systems of the sandbox, without Kafka and without HTTP."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from heapq import merge
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from connectors.deliver.request import delivery_key
from connectors.settings import Deliver, Participant, Webhook
from corridor.roles.contracts import edge_format
from corridor.sandbox.documents import DocumentChecker
from corridor.sandbox.ledger import FILE, Answered, Entry, GotEntry, SentEntry
from corridor.sandbox.message import PlayedMessage
from corridor.sandbox.settings import PROFILES
from corridor.sandbox.timetable import messages
from corridor.settings import Settings
from schemas import profiles
from schemas.aboard import Fan, Router
from schemas.avro.wire import frame, unframe
from schemas.errors import Permanent
from schemas.records import RECEIPT, REPORT, Receipt, Report
from schemas.translation import Output
from streams.kafka import topics
from streams.kafka.settings import Kafka
from streams.records.envelope import Envelope, headers
from tests.support.crossing import ACCEPTED, Passage, Stage, codec, form, translator

SETTINGS = Settings(
    participants={
        name: Participant(
            name=name, profile=profile, webhook=Webhook(), deliver=Deliver(url="https://partner.example")
        )
        for name, profile in PROFILES.items()
    }
)


class CorridorLog:
    """What a run without a fault leaves behind: every message crosses before the next one is sent.

    Args:
        each: messages that each participant sends.

    Attributes:
        topics: topic to its records; each has one partition.
        ledgers: participant to what it kept.
    """

    def __init__(self, each: int) -> None:
        self.topics: defaultdict[str, list[Any]] = defaultdict(list)
        self.ledgers: defaultdict[str, list[Entry]] = defaultdict(list)
        avro = codec(profiles.CANONICAL)
        self._into = {
            n: Stage(f"to-corridor.{n}", translator(p, "to_corridor"), n) for n, p in PROFILES.items()
        }
        self._out = {
            n: Stage(f"from-corridor.{n}", translator(p, "from_corridor"), n) for n, p in PROFILES.items()
        }
        self._aboard = {
            topics.EVENTS: Stage(topics.TO_ABOARD, Router(avro), topics.TO_ABOARD),
            topics.ABOARD: Stage(topics.FROM_ABOARD, Fan(avro), topics.FROM_ABOARD),
        }
        self._formats = {name: edge_format(profile) for name, profile in PROFILES.items()}
        self._readers = {name: DocumentChecker(name) for name in PROFILES}
        self._read = dict.fromkeys((topics.EVENTS, topics.ABOARD), 0)
        timetables = [[(m.at, n, m) for m in islice(messages(n, 7), each)] for n in PROFILES]
        for _, name, message in merge(*timetables, key=lambda one: one[0]):
            self._send(name, message)

    async def scan(self, _: Kafka, topic: str) -> AsyncIterator[Any]:
        """Read a topic as `streams.kafka.scan` does."""
        for record in list(self.topics[topic]):
            yield record

    def keep(self, directory: Path) -> dict[str, Path]:
        """Write the ledgers, and give where they are."""
        kept = {}
        for name, entries in self.ledgers.items():
            kept[name] = directory / f"{name}-{FILE}"
            kept[name].write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))
        return kept

    def _send(self, name: str, message: PlayedMessage) -> None:
        body = message.body()
        read, digest = self._formats[name].read(body), hashlib.sha256(body).hexdigest()
        origin, topic = f"{name}/{message.id}", topics.incoming(name)
        listed = headers(message.id, origin, (name,), ACCEPTED, digest=digest)
        record = self._record(topic, read.key, read.body, listed)
        try:
            outputs = self._run(self._into[name], record)
        except Permanent:
            return  # a change of a note that was not told yet: a dead letter
        n = len(self.topics[topic])
        self.topics[topic].append(record)
        self.ledgers[name] += [SentEntry(n, message.id, message.subject, digest), Answered([n], 202)]
        for output in outputs:
            self._put(topics.EVENTS, output, origin)
        self._go_on()

    def _go_on(self) -> None:
        """Let every stage read what is new."""
        while any(self._read[topic] < len(self.topics[topic]) for topic in self._read):
            for topic, other in ((topics.EVENTS, topics.ABOARD), (topics.ABOARD, topics.EVENTS)):
                for record in self.topics[topic][self._read[topic] :]:
                    self._read[topic] += 1
                    origin = Envelope.of(record).origin
                    for output in self._run(self._aboard[topic], record):
                        self._put(other, output, origin)
                    for name in PROFILES if topic == topics.EVENTS else ():
                        for output in self._run(self._out[name], record):
                            if name not in output.hops:
                                self._deliver(name, output, origin)

    def _run(self, stage: Stage, record: Any) -> list[Output]:  # noqa: ANN401
        envelope, passage = Envelope.of(record), Passage()
        context = {
            "id": envelope.id, "origin": envelope.origin, "accepted": envelope.accepted,
            "hops": envelope.hops, "traceparent": "",
        }  # fmt: skip
        outputs = stage.run(record.key, unframe(record.value)[1], context, passage)
        report = Report(id=envelope.id, origin=envelope.origin, stage=stage.name, outputs=len(outputs))
        self._add(topics.REPORTS, REPORT.encode(report))
        return outputs

    def _deliver(self, name: str, output: Output, origin: str) -> None:
        self._put(topics.outgoing(name), output, origin)
        body = form(PROFILES[name]).from_datum(codec(PROFILES[name]).decode(output.body))
        subject, id_, version = self._readers[name].read(body)
        key, digest = delivery_key(name, output.id), hashlib.sha256(body).hexdigest()
        self.ledgers[name].append(GotEntry(key, digest, subject, id_, version, 1, 200, effect=True))
        receipt = Receipt(
            id=output.id, participant=name, origin=origin, subject=output.subject, idempotency_key=key,
            outcome="DELIVERED", attempts=1, accepted=0, delivered=0, body_sha256=digest, topic="",
            partition=0, offset=0,
        )  # fmt: skip
        self._add(topics.RECEIPTS, RECEIPT.encode(receipt))

    def _put(self, topic: str, output: Output, origin: str) -> None:
        listed = headers(output.id, origin, output.hops, ACCEPTED, subject=output.subject)
        self.topics[topic].append(self._record(topic, output.key, output.body, listed))

    def _add(self, topic: str, body: bytes) -> None:
        self.topics[topic].append(self._record(topic, b"", body, []))

    def _record(self, topic: str, key: bytes, body: bytes, listed: list[tuple[str, bytes]]) -> Any:  # noqa: ANN401
        return SimpleNamespace(
            topic=topic, partition=0, offset=len(self.topics[topic]), timestamp=ACCEPTED, key=key,
            value=frame(1, body), headers=listed,
        )  # fmt: skip
