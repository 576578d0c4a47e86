"""The contestants of the mapping benchmark do the same work."""

from __future__ import annotations

from bench.mapping import contestants, figures
from bench.workload import message

RUNNING = contestants()


def test_every_contestant_gives_the_same_bytes() -> None:
    """What is compared for speed is equal byte by byte."""
    for n in range(200):
        body = message(n * 97)[1]
        assert len({run(body) for run in RUNNING.values()}) == 1


def test_the_case_gives_a_ratio_beside_its_target() -> None:
    """A short run gives a figure per contestant, and the ratio that the target is about."""
    *each, ratio = figures(0.01, lambda _: None)
    assert {figure.what for figure in each} == set(RUNNING)
    assert ratio.value > 0
    assert ratio.at_least == 1
