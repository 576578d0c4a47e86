"""The aggregation as a process, on topics of its own: ``python -m tests.support.aboard_process …``."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop

from corridor.roles.stream import aboard
from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing, Topics
from streams.processing.processor import Processor
from streams.processing.runner import Runner
from streams.processing.work import Crew
from streams.records.contracts import Contracts


def events(run: str) -> str:
    """Topic of corridor events of a run."""
    return f"{run}.events"


def plan(run: str) -> list[topics.Topic]:
    """Topics of a run, and those that all runs share."""
    own = [
        topics.Topic(name, 4, 1, {"cleanup.policy": policy})
        for name, policy in (
            (events(run), "delete"),
            (f"{run}.aboard", "delete"),
            (topics.changelog(f"{run}.{topics.FROM_ABOARD}"), "compact"),
        )
    ]
    shared = {topics.DEAD, topics.REPORTS}
    return own + [topic for topic in topics.plan([], Topics(partitions=4)) if topic.name in shared]


async def main(bootstrap: str, run: str) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    processing = Processing(app=f"test-{run}", batch_bytes=16_384, session_timeout=6.0)
    contracts, kafka = Contracts(None), Kafka(bootstrap=bootstrap)
    await contracts.start()
    here = {topics.EVENTS: events(run), topics.ABOARD: f"{run}.aboard"}
    works = []
    for stage in await aboard(contracts):
        own = stage._replace(name=f"{run}.{stage.name}", source=here[stage.source], target=here[stage.target])
        works.append(Processor(own, contracts))
    crew = Crew(f"{run}.aboard", f"{processing.app}.aboard", tuple(works))
    await Runner(crew, kafka, processing).run(stop)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main(*sys.argv[1:]))
