"""A processor with state that counts per key, as a process: ``python -m tests.support.counting …``.

Every record's output carries the running number of its key, so that a lost, repeated or reordered effect
shows as a gap or a repeat in what a ``read_committed`` reader sees.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop

from schemas.avro.codec import Codec
from schemas.avro.schema import Schema
from schemas.errors import Invalid
from schemas.translation import Output, Record, Result
from schemas.translation.message import State
from schemas.translation.store import FOREVER, pack
from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing, Topics
from streams.processing.processor import Processor, Stage
from streams.processing.runner import Runner
from streams.processing.work import Crew
from streams.records.contracts import Contracts, ValueReader

SCHEMA = Schema.parse('{"type": "record", "name": "Number", "fields": [{"name": "n", "type": "long"}]}')
CODEC = Codec(SCHEMA)
FRAME = b"\x00\x00\x00\x00\x01"

POISON, DEFECT, OVERSIZE, SILENT = -1, -2, -3, -4
"""Numbers that make the translator refuse, fail, write too much, or say nothing."""

DELAY = 100
"""Seconds from what a record tells of to its acceptance."""


class Counter:
    """Counts records per key."""

    name = "counting"
    stateful = True

    def translate(self, record: Record, state: State) -> Result:
        """Give the next number of the record's key."""
        number = CODEC.decode(record.body)["n"]
        if number == POISON:
            raise Invalid("mapping-failed", "/n", "must not be poison", number)
        if number == DEFECT:
            raise RuntimeError("a defect")
        if number == SILENT:
            return Result()
        entry = state(record.key)
        count = int.from_bytes(entry[8:], "big") + 1 if entry else 1
        filler = b"x" * 2_000_000 if number == OVERSIZE else b""
        body = CODEC.encode({"n": count}) + filler
        subject = record.key.decode()
        output = Output(record.key, body, f"{subject}:{count}", subject, record.context.hops)
        result = Result(outputs=[output], changes={record.key: pack(FOREVER, count.to_bytes(8, "big"))})
        result.happened = record.context.accepted - DELAY * 1000
        return result


def plan(participant: str, partitions: int = 4) -> list[topics.Topic]:
    """Topics of the counting processor and of what it says beside."""
    wanted = {f"in.{participant}", f"out.{participant}", f"state.to-corridor.{participant}"}
    own = {topics.DEAD, topics.REPORTS, topics.RECEIPTS, topics.CURSORS}
    listed = topics.plan([participant], Topics(partitions=partitions))
    return [topic for topic in listed if topic.name in wanted | own]


async def runner(kafka: Kafka, participant: str, *late: str, wait: bool = False) -> Runner:
    """The counting processor from ``in.<participant>`` to ``out.<participant>``.

    Args:
        kafka: connection.
        participant: name.
        late: names of others that read the same topic, count for themselves and write to their own.
        wait: later messages of a subject wait behind its dead letter.
    """
    processing = Processing(app=f"test-{participant}", batch_bytes=65_536, session_timeout=6.0)
    contracts = Contracts(None)
    await contracts.start()
    stages = [
        Stage(
            name=f"to-corridor.{name}",
            source=f"in.{participant}",
            target=f"out.{name}",
            participant=name,
            translator=Counter(),
            read=ValueReader(contracts, CODEC, FRAME),
            frame=FRAME,
            toward=False,
            wait=wait,
        )
        for name in (participant, *late)
    ]
    name = stages[0].name
    crew = Crew(name, f"{processing.app}.{name}", tuple(Processor(stage, contracts) for stage in stages))
    return Runner(crew, kafka, processing)


async def main(bootstrap: str, participant: str, *late: str) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await (await runner(Kafka(bootstrap=bootstrap), participant, *late)).run(stop)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main(*sys.argv[1:]))
