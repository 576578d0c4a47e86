"""`corridor pipe` as a process, between two topics of a real Kafka."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import fastavro
import httpx
import msgspec
import pytest

from bench.workload import by_hand, message, text
from deploy.ports import free_port
from schemas.avro.codec import Codec
from schemas.avro.jsonform import JsonForm
from schemas.avro.schema import Schema
from schemas.avro.wire import frame
from schemas.records import DEAD, DeadLetter
from streams.kafka import topics
from streams.kafka.partitioning import partition_of
from streams.kafka.settings import Kafka
from streams.operations.dead import listed
from streams.operations.replay import discard, replay
from tests.support.kafka import members, produce, read

pytestmark = pytest.mark.kafka

SCHEMA = fastavro.parse_schema(json.loads(text("shipment.avsc")))


def start(kafka: str, run: str, files: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start the command on ``<run>.in`` and ``<run>.out``."""
    return subprocess.Popen([
        sys.executable, "-c", "from corridor.cli import main; main()", "pipe", "--kafka", kafka,
        "--mapping", files / "mapping.yaml", "--schema-in", files / "event.avsc",
        "--schema-out", files / "shipment.avsc", "--in", f"{run}.in", "--out", f"{run}.out", "--group", run,
        *options,
    ])  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The benchmark's mapping and schemas as files."""
    for name in ("mapping.yaml", "event.avsc", "shipment.avsc"):
        (tmp_path / name).write_text(text(name), encoding="utf-8")
    return tmp_path


async def prepare(kafka: str) -> str:
    """Make the input topic of a new run; its name is the group's, too."""
    run = f"pipe{uuid4().hex[:10]}"
    await topics.create(Kafka(bootstrap=kafka), [topics.Topic(f"{run}.in", 3, 1, {})])
    return run


async def healthy(url: str, counted: str) -> None:
    """The process says that it lives, that it is ready, and what it has counted."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await client.get("/livez")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["role"]) == (200, "pipe")
        async with asyncio.timeout(30):  # it counts after the commit that makes the outputs visible
            while counted not in (await client.get("/metrics")).text:  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(0.1)


async def test_every_record_is_mapped_once_and_bad_ones_are_kept(kafka: Kafka, files: Path) -> None:
    """Outputs are what fastavro writes for the mapping by hand; broken JSON is a dead letter; all counts."""
    run = await prepare(kafka.bootstrap)
    good = [message(n) for n in range(600)]
    rows = [(key, body, [("mine", b"1")]) for key, body in good]
    await produce(
        kafka.bootstrap, f"{run}.in", [*rows[:300], (b"bad", b'{"kind": "GATE_IN"', []), *rows[300:]]
    )
    port = free_port()
    process = start(kafka.bootstrap, run, files, "--schema-id", "77", "--listen", f"127.0.0.1:{port}")
    try:
        await members(kafka.bootstrap, run, 1)
        process.send_signal(signal.SIGHUP)  # no reason to end
        letters = await read(kafka.bootstrap, f"{run}.out.dead", 1)
        records = await read(kafka.bootstrap, f"{run}.out", len(good))
        counted = f'corridor_records_in_total{{processor="pipe"}} {len(good) + 1}.0'
        await healthy(f"http://127.0.0.1:{port}", counted)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0
    finally:
        process.kill()
        process.wait()
    letter = DEAD.decode(letters[0].value[5:])
    assert (letter.code, letter.key, letter.body) == ("json-malformed", b"bad", b'{"kind": "GATE_IN"')
    assert {record.value[:5] for record in records} == {b"\x00\x00\x00\x00\x4d"}
    wanted = sorted(b"".join((key, written(by_hand(json.loads(body))))) for key, body in good)
    assert sorted(record.key + record.value[5:] for record in records) == wanted
    assert all(record.partition == partition_of(record.key, 3) for record in records)
    assert {record.headers for record in records} == {(("mine", b"1"),)}


async def test_use_of_unverified_rows_is_counted(kafka: Kafka, files: Path) -> None:
    """Aktau port is in no two tables: records that a mapping looks it up for are mapped, and counted."""
    mapping = files / "mapping.yaml"
    looked_up = mapping.read_text().replace("remark: remark", "remark: lookup('stations', goods, 'unlocode')")
    mapping.write_text(f"{looked_up}ignores:\n  - remark\n")
    run = await prepare(kafka.bootstrap)
    goods = json.loads(message(0)[1])["goods"].encode()
    rows = [
        (key, body.replace(goods, b"549204" if n % 3 else b"663404"), [])
        for n, (key, body) in enumerate(map(message, range(30)))
    ]
    await produce(kafka.bootstrap, f"{run}.in", rows)
    port = free_port()
    process = start(kafka.bootstrap, run, files, "--listen", f"127.0.0.1:{port}")
    try:
        await read(kafka.bootstrap, f"{run}.out", len(rows))
        counted = 'corridor_unverified_rows_total{list="stations",mapping="bench"} 10.0'
        await healthy(f"http://127.0.0.1:{port}", counted)
    finally:
        process.kill()
        process.wait()


async def test_avro_is_mapped_and_a_replay_settles_its_letter(kafka: Kafka, files: Path) -> None:
    """Avro in gives what JSON in gives; headers of others pass; a corrected letter is replayed, settled."""
    run = await prepare(kafka.bootstrap)
    codec = Codec(Schema.parse(text("event.avsc")))
    form = JsonForm(codec.schema)
    good = [message(n) for n in range(50)]
    mine = [("replay", b"not ours"), ("id", None)]
    rows = [(key, frame(1, form.to_avro(body)), mine) for key, body in good]
    named = message(51)  # with its schema in a header, which is not that of what is made of it
    rows.append((named[0], form.to_avro(named[1]), [*mine, ("__value_schema_id", frame(1, b""))]))
    strange = frame(9, form.to_avro(message(50)[1]))  # no schema that it knows: nothing it says is lost
    await produce(kafka.bootstrap, f"{run}.in", [*rows, (b"strange", strange, mine)])
    process = start(kafka.bootstrap, run, files, "--format", "avro")
    settings = Kafka(bootstrap=kafka.bootstrap)
    try:
        records = await read(kafka.bootstrap, f"{run}.out", len(good) + 1)
        (record,) = await read(kafka.bootstrap, f"{run}.out.dead", 1)
        letter = DEAD.decode(record.value[5:])
        assert (letter.code, letter.body) == ("schema-unknown", strange)
        letters = await listed(settings, topic=f"{run}.out.dead")

        def corrected(one: DeadLetter) -> DeadLetter:
            return msgspec.structs.replace(one, body=frame(1, strange[5:]))

        assert (await replay(settings, letters, topic=f"{run}.out.dead", correct=corrected)).sent == 1
        await read(
            kafka.bootstrap, f"{run}.out.dead", lambda found: found[-1:] != [] and found[-1].value is None
        )
        assert await listed(settings, topic=f"{run}.out.dead") == []
        replayed = await read(kafka.bootstrap, f"{run}.out", len(good) + 2)
    finally:
        process.kill()
        process.wait()
    wanted = sorted(b"".join((key, written(by_hand(json.loads(body))))) for key, body in [*good, named])
    assert sorted(record.key + record.value[5:] for record in records) == wanted
    assert {record.headers for record in records} == {tuple(mine)}
    (last,) = [record for record in replayed if record.key == b"strange"]
    assert last.value[5:] == written(by_hand(json.loads(message(50)[1])))
    assert "replay" not in dict(last.headers)


async def test_a_letter_of_a_processor_is_given_up(kafka: Kafka, files: Path) -> None:
    """Nothing comes of it, it is settled with the reason, and the next record goes on."""
    run, settings = await prepare(kafka.bootstrap), Kafka(bootstrap=kafka.bootstrap)
    await produce(kafka.bootstrap, f"{run}.in", [(b"bad", b'{"kind": "GATE_IN"', [("mine", b"1")])])
    process = start(kafka.bootstrap, run, files)
    try:
        await read(kafka.bootstrap, f"{run}.out.dead", 1)
        letters = await listed(settings, topic=f"{run}.out.dead")
        assert (await discard(settings, letters, "nobody needs it", topic=f"{run}.out.dead")).sent == 1
        _, settled = await read(kafka.bootstrap, f"{run}.out.dead", 2)
        await produce(kafka.bootstrap, f"{run}.in", [(*message(1), [])])
        (record,) = await read(kafka.bootstrap, f"{run}.out", 1)
    finally:
        process.kill()
        process.wait()
    assert (settled.key, settled.value) == (letters[0].id.encode(), None)
    assert dict(settled.headers)["discarded"] == b"nobody needs it"
    assert record.key == message(1)[0]


async def test_a_killed_pipe_loses_and_repeats_nothing(kafka: Kafka, files: Path) -> None:
    """Killed with -9 while it works and started again, each record has one output."""
    run = await prepare(kafka.bootstrap)
    total = 8_000
    await produce(kafka.bootstrap, f"{run}.in", [(key, body, []) for key, body in map(message, range(total))])
    process = start(kafka.bootstrap, run, files)
    try:
        await members(kafka.bootstrap, run, 1)
        await read(kafka.bootstrap, f"{run}.out", 100)
        process.kill()
        process.wait()
        process = start(kafka.bootstrap, run, files)
        records = await read(kafka.bootstrap, f"{run}.out", total)
    finally:
        process.kill()
        process.wait()
    assert len({record.value for record in records}) == len(records) == total


def written(datum: dict[str, object]) -> bytes:
    """Avro by fastavro."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, SCHEMA, datum)
    return out.getvalue()
