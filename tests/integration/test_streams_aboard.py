"""The aggregation over a real Kafka: every shipment aboard hears of every event of its vessel, once."""

from __future__ import annotations

import asyncio
import copy
import subprocess
import sys
from uuid import uuid4

import pytest

from schemas import profiles
from schemas.mapping.runtime import uuid5
from streams.kafka import topics
from streams.kafka.settings import Kafka
from streams.records.envelope import headers
from tests.support.aboard_process import events, plan
from tests.support.crossing import Crossing, codec
from tests.support.kafka import Row, produce, read

pytestmark = [pytest.mark.kafka, pytest.mark.system("port", "vessel")]

CODEC = codec(profiles.CANONICAL)
FRAME = b"\x00\x00\x00\x00\x01"
HOUR = 3_600_000
VESSELS, SHIPMENTS, CALLS = 5, 6, 8
"""Vessels, shipments aboard each, and events of each vessel."""
LATE = 2
"""Shipments of each vessel whose loading arrives after everything else."""


def worker(bootstrap: str, run: str) -> subprocess.Popen[bytes]:
    """Start both stages as a process."""
    return subprocess.Popen([sys.executable, "-m", "tests.support.aboard_process", bootstrap, run])


def history(run: str) -> list[Row]:
    """Loadings, then the vessels' events, then the loadings that come late."""
    template = Crossing().dlp(profiles.load("dlp.event.v1").examples["pilot-aboard"]).corridor[0]
    start = template["when"]["occurred_at"]
    rows: list[Row] = []

    def add(key: str, identity: str, event: dict[str, object], **parts: dict[str, object]) -> None:
        made = copy.deepcopy(template) | event
        for name, fields in parts.items():
            made[name] = made[name] | fields
        made["envelope"] |= {"event_id": identity, "derived_from": None}
        made["correction"] |= {"version": 1, "retracted": False}
        made["what"]["references"] = []
        listed = headers(f"{identity}:1", f"dlp/{identity}:1", ("dlp",), start, subject=key)
        rows.append((key.encode(), FRAME + CODEC.encode(made), listed))

    def load(vessel: int, shipment: int) -> None:
        consignment = uuid5(run, vessel, shipment)
        add(
            consignment, uuid5(run, "load", vessel, shipment),
            {"subject": {"type": "WAGON", "id": f"9{vessel}{shipment}"}, "consignment_id": consignment},
            why={"code": "EQUIPMENT/LOAD"}, when={"occurred_at": start},
            how={"mode": "VESSEL", "vessel_imo": f"900000{vessel}", "voyage": "V1"},
        )  # fmt: skip

    for vessel in range(VESSELS):
        for shipment in range(LATE, SHIPMENTS):
            load(vessel, shipment)
    for call in range(CALLS):
        for vessel in range(VESSELS):
            imo = f"900000{vessel}"
            add(
                f"VESSEL:{imo}", uuid5(run, "call", vessel, call),
                {"subject": {"type": "VESSEL", "id": imo}, "consignment_id": None},
                why={"code": "TRANSPORT/DEPA"}, when={"occurred_at": start + (call + 1) * HOUR},
                how={"mode": "VESSEL", "vessel_imo": imo, "voyage": "V1"},
            )  # fmt: skip
    for vessel in range(VESSELS):
        for shipment in range(LATE):
            load(vessel, shipment)
    return rows


async def test_every_shipment_hears_every_event_once_through_kills(kafka: Kafka) -> None:
    """Killed with -9 twice on the way: each shipment, the late ones too, is told each event exactly once."""
    run = f"aboard{uuid4().hex[:8]}"
    await topics.create(Kafka(bootstrap=kafka.bootstrap), plan(run))
    rows = history(run)
    process = worker(kafka.bootstrap, run)
    try:
        await produce(kafka.bootstrap, events(run), rows[: len(rows) // 2])
        await read(kafka.bootstrap, f"{run}.aboard", 10)
        process.kill()
        await asyncio.to_thread(process.wait)
        process = worker(kafka.bootstrap, run)
        await produce(kafka.bootstrap, events(run), rows[len(rows) // 2 :])
        await read(kafka.bootstrap, events(run), len(rows) + 20)
        process.kill()
        await asyncio.to_thread(process.wait)
        process = worker(kafka.bootstrap, run)
        expected = VESSELS * SHIPMENTS * CALLS
        records = await read(kafka.bootstrap, events(run), len(rows) + expected, timeout=90)
    finally:
        process.kill()
        process.wait()
    told = [(record, CODEC.decode(record.value[5:])) for record in records]
    derived = [(record, event) for record, event in told if event["envelope"]["derived_from"] is not None]
    pairs = {(event["envelope"]["derived_from"], record.key.decode()) for record, event in derived}
    assert len(derived) == len(pairs) == expected
    assert {event["correction"]["version"] for _, event in derived} == {1}
    assert all(event["consignment_id"] == record.key.decode() for record, event in derived)
    assert {dict(record.headers)["hops"] for record, _ in derived} == {b"dlp"}
