"""The audit reads what any release wrote: after an upgrade and a rollback the log has records of both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from connectors.settings import AuthoritySettings, Deliver, Participant, PermitKey, PermitPeer
from corridor.audit import evidence as collecting
from corridor.audit.checks import check
from corridor.audit.log import AuditedLog
from schemas.avro.codec import Codec
from schemas.avro.resolve import resolver
from schemas.avro.schema import Schema
from schemas.avro.wire import frame, unframe
from schemas.records import OUTBOX, PERMIT, RECEIPT, REPORT
from streams.kafka import topics
from streams.kafka.settings import Kafka
from streams.records.contracts import Contracts
from tests.support.crossing import codec
from tests.support.evolved import extended
from tests.support.permit_topics import BOX, LEDGER, OUT, OUTBOX_NAME, PROFILE, TOLD, Day

pytestmark = pytest.mark.system("epermit")

KZ = Participant(
    name="kz", profile=PROFILE, deliver=Deliver(url="https://kz.example/internal/reports"),
    authority=AuthoritySettings(
        code="KZ", title="KZ", keys=(PermitKey(id="1", key="env:KEY"),), token="env:TOKEN",
        peers={"AZ": PermitPeer(url="https://az.example")},
    ),
)  # fmt: skip
CODECS = {
    LEDGER: PERMIT.codec, BOX: OUTBOX.codec, TOLD: codec(PROFILE), OUT: codec(PROFILE),
    topics.RECEIPTS: RECEIPT.codec, topics.REPORTS: REPORT.codec,
}  # fmt: skip


class Released(Contracts):
    """Schemas of two releases: each codec's own, and one with an optional field more."""

    def __init__(self) -> None:
        super().__init__(None)
        self.ids: dict[str, tuple[int, int]] = {}
        self._texts: dict[int, str] = {}
        for number, (topic, of) in enumerate(CODECS.items()):
            self.ids[topic] = 10 + number, 100 + number
            self._texts[10 + number] = of.schema.text
            self._texts[100 + number] = later(of.schema.text)

    async def text(self, identity: int | UUID) -> str:
        """Give a schema as the registry does."""
        assert isinstance(identity, int)
        return self._texts[identity]


def later(text: str) -> str:
    """The schema of the next release."""
    table: dict[str, Any] = json.loads(text)
    extended(table)
    return json.dumps(table)


@pytest.mark.parametrize(
    "wrote", [(1,), (0, 1), (1, 0)], ids=["the later", "first the older", "first the later"]
)
async def test_records_of_two_releases_are_one_log(
    wrote: tuple[int, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ledger, outbox, what was told, reports, receipts: whoever wrote a record, the day has no violation."""
    day, contracts = Day(), Released()
    monkeypatch.setattr("corridor.audit.log.scan", day.scan)
    for topic, of in CODECS.items():
        forth = resolver(of.schema.text, Codec(Schema.parse(later(of.schema.text))))
        for number, record in enumerate(day.log[topic]):
            release = wrote[number % len(wrote)]
            body = unframe(record.value)[1]
            record.value = frame(contracts.ids[topic][release], forth(body) if release else body)
    log = AuditedLog(Kafka(), contracts)
    evidence = await collecting.collect(log, {OUTBOX_NAME: day.keep(tmp_path)}, [KZ])
    assert evidence.counts()["permit events"] > 10
    assert check(evidence) == []
