"""A day of an authority as its topics and its peer's file hold it, without Kafka."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from connectors.deliver.request import delivery_key
from connectors.epermit.outbox import outbox_record
from schemas.avro.jsonform import JsonForm
from schemas.avro.wire import frame
from schemas.epermit import acts
from schemas.epermit.acts import Application, Change, LedgerEntry
from schemas.records import OUTBOX, PERMIT, RECEIPT, REPORT, Receipt, Report
from streams.kafka import topics
from streams.kafka.settings import Kafka
from streams.records.envelope import HeaderList, headers
from tests.support.crossing import codec
from tests.support.permits import NOON, Party, pair

PROFILE = "epermit.event.v1"
OUTBOX_NAME = topics.peer("kz", "AZ")
LEDGER, TOLD, OUT = topics.permits("kz"), topics.incoming("kz"), topics.outgoing("kz")
BOX = topics.outgoing(OUTBOX_NAME)
_PERMIT = Application("KZ", 2, 2026, "Xəzər Trans", "1401555071", "UZ", plate_number="10AA123")


class Day:
    """What Kazakhstan's authority, a broker's participant ``kz``, and Azerbaijan's did, all sent at once.

    Attributes:
        log: topic to its records.
        az: the peer, with its ledger.
    """

    def __init__(self) -> None:
        self.log: defaultdict[str, list[Any]] = defaultdict(list)
        self.az, self.kz = pair()
        for entry in map(LedgerEntry, self.kz.records):
            self._write(entry)
        self._play()

    async def scan(self, _: Kafka, topic: str) -> AsyncIterator[Any]:
        """Read a topic as `streams.kafka.scan` does."""
        for record in list(self.log[topic]):
            yield record

    def keep(self, directory: Path) -> Path:
        """Write what the peer keeps, and give its ledger's file."""
        file = directory / "AZ.jsonl"
        file.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in self.az.records))
        made = sum(
            record.kind == "EVENT" and '"event_producer":"AZ"' in record.content for record in self.az.records
        )
        (directory / "AZ-KZ.sent").write_text(str(made))
        return file

    def _play(self) -> None:
        az, kz = self.az, self.kz
        for party, other in ((az, kz), (kz, az)):
            self._do(party, acts.grant_quota(party.ledger, other.code, 2, 2026, 9, party.author()))
        permits = [self._issue(az, "KZ") for _ in range(3)] + [self._issue(kz, "AZ") for _ in range(2)]
        for party, permit in ((kz, permits[0]), (az, permits[3]), (kz, permits[0])):
            self._do(
                party, acts.use_permit(party.ledger, permit, activity("ENTRANCE", "Alat"), party.author())
            )
        for number, kind in enumerate(("ENTRANCE", "EXIT")):
            self._report(f"crossing-{number}", permits[1], activity(kind, f"Kuryk {number}"))
        self._put(
            OUT,
            b"AZ-GE-2026-2-1",
            _report_body("crossing-9", "AZ-GE-2026-2-1", activity("EXIT", "Poti")),
            headers("crossing-9:1", "dlp/9", ("dlp",), NOON, subject="PERMIT:AZ-GE-2026-2-1"),
        )
        self._receive("kz", "crossing-9:1", b"")
        for party, permit in ((az, permits[2]), (kz, permits[4])):
            self._do(party, acts.revoke_permit(party.ledger, permit, party.author()))

    def _issue(self, party: Party, wanted_for: str) -> str:
        wanted = _PERMIT._replace(issued_for=wanted_for)
        change = acts.issue_permit(party.ledger, wanted, party.author())
        self._do(party, change)
        return str(change.result["permit_id"])

    def _report(self, event_id: str, permit: str, said: dict[str, Any]) -> None:
        """A border post reports; the corridor gives it to the authority, which tells the issuer."""
        id_ = f"{event_id}:1"
        self._put(
            OUT,
            permit.encode(),
            _report_body(event_id, permit, said),
            headers(id_, f"dlp/{event_id}", ("dlp",), NOON, subject=f"PERMIT:{permit}"),
        )
        self._receive("kz", id_, b"")
        author = self.kz.author(event_id)
        self._do(self.kz, acts.use_permit(self.kz.ledger, permit, said, author, told=False))

    def _do(self, party: Party, change: Change) -> None:
        """Write at one side, then at the other."""
        if party is self.az:
            party.write(change)
            for entry in change.entries:
                assert entry.event is not None
                taken = acts.receive(self.kz.ledger, entry.event, entry.record.proof or "", self.kz.author())
                self._take(taken)
            return
        self._take(change)
        self.az.take(change)

    def _take(self, change: Change) -> None:
        self.kz.write(change)
        for entry in change.entries:
            self._write(entry)

    def _write(self, entry: LedgerEntry) -> None:
        """Put an entry where the broker puts it."""
        record = entry.record
        named = headers(record.id, f"kz/{record.id}", ("kz",), record.at)
        self._put(LEDGER, f"{record.kind}:{record.id}".encode(), PERMIT.encode(record), [])
        message = outbox_record(entry, "KZ")
        if message is not None:
            self._put(BOX, b"PEER:AZ", OUTBOX.encode(message), [*named, ("subject", b"PEER:AZ")])
            body = JsonForm(OUTBOX.codec.schema).from_datum(msgspec.structs.asdict(message))
            self._receive(OUTBOX_NAME, record.id, body)
        if entry.facts is not None:
            key = str(entry.facts["permit_id"]).encode()
            self._put(TOLD, key, codec(PROFILE).encode(dict(entry.facts)), named)
            report = Report(id=record.id, origin=f"kz/{record.id}", stage="to-corridor.kz", outputs=1)
            self._put(topics.REPORTS, b"", REPORT.encode(report), [])

    def _receive(self, name: str, id_: str, body: bytes) -> None:
        receipt = Receipt(
            id=id_, participant=name, origin="", subject="", idempotency_key=delivery_key(name, id_),
            outcome="DELIVERED", attempts=1, accepted=0, delivered=0,
            body_sha256=hashlib.sha256(body).hexdigest(), topic="", partition=0, offset=0,
        )  # fmt: skip
        self._put(topics.RECEIPTS, b"", RECEIPT.encode(receipt), [])

    def _put(self, topic: str, key: bytes, body: bytes, listed: HeaderList) -> None:
        self.log[topic].append(
            SimpleNamespace(
                topic=topic, partition=0, offset=len(self.log[topic]), timestamp=NOON, key=key,
                value=frame(1, body), headers=listed,
            )
        )  # fmt: skip


def activity(kind: str, post: str) -> dict[str, Any]:
    """Describe a use of a permit."""
    return {"activity_type": kind, "activity_timestamp": NOON // 1000, "activity_details": post}


def _report_body(event_id: str, permit: str, said: dict[str, Any]) -> bytes:
    issuer, issued_for, *_ = permit.split("-")
    return codec(PROFILE).encode({
        **{field.name: None for field in codec(PROFILE).schema.record.fields},
        "event_id": event_id, "event_type": "PERMIT_USED", "event_producer": issued_for,
        "event_consumer": issuer, "event_timestamp": NOON // 1000, "permit_id": permit,
        "permit_issuer": issuer, "permit_issued_for": issued_for, "after_revocation": False, **said,
    })  # fmt: skip
