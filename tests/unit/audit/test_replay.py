"""Translating the log again shows what was written otherwise: each planted fault, none on a clean log."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.settings import Deliver, Participant, Webhook
from corridor.audit import replay as audited
from corridor.audit.facts import Died, Evidence
from corridor.audit.log import AuditedLog
from corridor.settings import Settings
from schemas.avro.wire import frame, unframe
from schemas.translation import Output
from streams.kafka import topics
from streams.kafka.settings import Kafka
from streams.records.contracts import Contracts
from streams.records.envelope import headers
from tests.support.crossing import ACCEPTED, Crossing, form, note

Log = defaultdict[str, list[Any]]
OUT = topics.outgoing("dlp")
SETTINGS = Settings(
    participants={
        "dtc": Participant(name="dtc", profile="dtc.note.v1", webhook=Webhook()),
        "dlp": Participant(name="dlp", profile="dlp.event.v1", deliver=Deliver(url="https://dlp.example/in")),
    }
)
AUDITED = AuditedLog(SETTINGS.kafka, Contracts(None))


def write(log: Log, topic: str, output: Output, origin: str) -> None:
    """Put a message behind the others of a topic, as a processor does."""
    listed = headers(output.id, origin, output.hops, ACCEPTED, subject=output.subject)
    log[topic].append(
        SimpleNamespace(
            topic=topic, partition=0, offset=len(log[topic]), timestamp=ACCEPTED, key=output.key,
            value=frame(1, output.body), headers=listed,
        )
    )  # fmt: skip


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """A clean log: four versions of a note from the DTC, what the corridor made of them, what the DLP got."""
    topic_log: Log = defaultdict(list)
    crossing = Crossing()
    for version, operation in enumerate(("10", "20", "20", "40"), start=1):
        message = note(operation, "707701", f"{11 + version}.01.2026 08:00", noteVersion=version)
        id_ = message["messageId"]
        body = form("dtc.note.v1").to_avro(json.dumps(message).encode())
        write(topic_log, topics.incoming("dtc"), Output(b"", body, id_, "s", ("dtc",)), f"dtc/{id_}")
        passage = crossing.dtc(message)
        delivered = passage.delivered.get("dlp", [])
        for output in passage.outputs:
            write(topic_log, OUT if output in delivered else topics.EVENTS, output, f"dtc/{id_}")

    async def scan(_: Kafka, topic: str) -> AsyncIterator[Any]:
        for record in topic_log[topic]:
            yield record

    monkeypatch.setattr("corridor.audit.log.scan", scan)
    return topic_log


def alter(record: Any) -> None:  # noqa: ANN401 - a record of the log
    """Change the last byte of a record's body."""
    record.value = record.value[:-1] + bytes([record.value[-1] ^ 1])


async def found(evidence: Evidence | None = None) -> set[tuple[str, str, str]]:
    """Kind, place and detail, without the origin, of everything that the audit finds."""
    violations = await audited.replay(SETTINGS, AUDITED, evidence or Evidence())
    return {(each.kind, each.place, each.detail.rpartition(" for ")[0]) for each in violations}


async def test_a_clean_log_is_what_a_replay_gives(log: Log) -> None:
    """Messages, bytes and state are the same again, and there is something to compare."""
    assert len(log[topics.EVENTS]) > 2
    assert len(log[OUT]) > 2
    assert await found() == set()


def lose(log: Log, topic: str) -> None:
    """A message that the translation gives is not there."""
    del log[topic][-1]


def invent(log: Log, topic: str) -> None:
    """A message is there that no translation gives."""
    made = log[topic][-1]
    output = Output(made.key, unframe(made.value)[1], "invented", "s", ("dtc",))
    write(log, topic, output, dict(made.headers)["origin"].decode())


def change(log: Log, topic: str) -> None:
    """A message has other bytes."""
    alter(log[topic][-1])


PLANTED: dict[Callable[[Log, str], None], str] = {
    lose: "was never written",
    invent: "would not be written",
    change: "other bytes",
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
async def test_a_fault_on_the_way_out_is_found(log: Log, plant: Callable[[Log, str], None]) -> None:
    """What the DLP was given otherwise is named with its stage."""
    plant(log, OUT)
    assert await found() == {("replay-differs", "from-corridor.dlp", PLANTED[plant])}


@pytest.mark.parametrize("plant", [lose, invent], ids=lambda plant: plant.__name__)
async def test_a_fault_on_the_way_in_is_found(log: Log, plant: Callable[[Log, str], None]) -> None:
    """What the corridor holds otherwise is named with its stage."""
    plant(log, topics.EVENTS)
    assert ("replay-differs", "to-corridor.dtc", PLANTED[plant]) in await found()


async def test_a_fault_of_what_is_told_aboard_is_found(log: Log) -> None:
    """A message for those aboard that no event leads to is found."""
    event = log[topics.EVENTS][-1]
    output = Output(event.key, unframe(event.value)[1], "invented", "s", ("dtc",))
    write(log, topics.ABOARD, output, dict(event.headers)["origin"].decode())
    assert ("replay-differs", "to-aboard", "would not be written") in await found()


@pytest.mark.parametrize(("topic", "stage"), [(OUT, "from-corridor.dlp"), (topics.EVENTS, "to-corridor.dtc")])
async def test_what_changed_places_is_found(log: Log, topic: str, stage: str) -> None:
    """Two messages of one key stand in another order than their sources: nothing else tells."""
    records = log[topic]
    assert records[0].key == records[1].key
    records[0], records[1] = records[1], records[0]
    assert ("swapped-output", stage) in {each[:2] for each in await found()}


async def test_state_that_was_lost_is_found(log: Log) -> None:
    """A stage that forgot what it had said says it again: that is found, though every message looks right."""
    forgetful = Crossing()
    record = log[topics.incoming("dtc")][2]  # the same operation as the record before it: nothing new
    id_ = dict(record.headers)["id"].decode()
    again = forgetful.send_avro("dtc", unframe(record.value)[1], id_)
    known = {(dict(each.headers)["id"], dict(each.headers)["origin"]) for each in log[topics.EVENTS]}
    told = [each for each in again.outputs if each not in again.delivered.get("dlp", [])]
    assert any((each.id.encode(), f"dtc/{id_}".encode()) not in known for each in told)
    for output in told:
        write(log, topics.EVENTS, output, f"dtc/{id_}")
    assert ("replay-differs", "to-corridor.dtc", "would not be written") in await found()


async def test_dead_letters_and_replays_are_passed_over(log: Log) -> None:
    """A message that died made nothing, and a replay is no second translation: neither is a difference."""
    origin = dict(log[OUT][-1].headers)["origin"]
    events = [each for each in log[topics.EVENTS] if dict(each.headers)["origin"] == origin]
    log[OUT] = [each for each in log[OUT] if dict(each.headers)["origin"] != origin]
    assert await found() == {("replay-differs", "from-corridor.dlp", "was never written")}
    ids = [dict(each.headers)["id"].decode() for each in events]
    died = [Died(id_, "from-corridor.dlp", "mapping-failed") for id_ in ids]
    assert await found(Evidence(dead=died)) == set()
    for number, event in enumerate(events):
        log[topics.EVENTS].append(copy.deepcopy(event))
        log[topics.EVENTS][-1].headers.append(("replay", f"from-corridor.dlp letter-{number}".encode()))
    assert await found(Evidence(dead=died)) == set()
