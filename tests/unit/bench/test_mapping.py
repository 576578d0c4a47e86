"""The contestants of the mapping benchmark do the same work."""

from __future__ import annotations

from corridor.bench.mapping import contestants
from corridor.bench.workload import message

RUNNING = contestants()


def test_every_contestant_gives_the_same_bytes() -> None:
    """What is compared for speed is equal byte by byte."""
    for n in range(200):
        body = message(n * 97)[1]
        assert len({run(body) for run in RUNNING.values()}) == 1
