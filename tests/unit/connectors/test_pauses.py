"""Pauses between tries: they double up to a limit, are spread by chance, and end early when asked to."""

from __future__ import annotations

import asyncio

import pytest

from connectors.pauses import Pauses, bound, unless


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 5.0), (1000, 5.0)]
)
def test_the_bound_doubles_up_to_the_longest(attempt: int, seconds: float) -> None:
    """From half a second, at most five; the thousandth failure is no overflow."""
    assert bound(0.5, 5.0, attempt) == seconds


def test_a_pause_lies_between_half_of_the_bound_and_the_bound() -> None:
    """The least and the largest chance give the ends; what the other side asks for is kept."""
    assert [Pauses(1.0, 8.0, lambda: 0.0).next(), Pauses(1.0, 8.0, lambda: 1.0).next()] == [0.5, 1.0]
    assert Pauses(1.0, 8.0, lambda: 0.0).next(least=30.0) == 30.0


def test_after_a_success_the_pauses_begin_anew() -> None:
    """Three failures, a success, a failure: that pause is the first one again."""
    pauses = Pauses(1.0, 8.0, lambda: 1.0)
    assert [pauses.next() for _ in range(3)] == [1.0, 2.0, 4.0]
    pauses.reset()
    assert pauses.next() == 1.0


async def test_a_rest_ends_when_everything_ends() -> None:
    """A pause of an hour does not hold up the end of the process."""
    stop = asyncio.Event()
    resting = asyncio.create_task(Pauses(3600.0, 3600.0).rest(stop))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(30):
        await resting


async def test_work_that_waits_for_ever_is_left_when_everything_ends() -> None:
    """What was begun is ended with it; what is done in time is done, and its failure is raised."""
    stop, left = asyncio.Event(), list[str]()

    async def for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            left.append("ended")

    async def fails() -> None:
        raise ValueError("no")

    assert await unless(stop, asyncio.sleep(0))
    with pytest.raises(ValueError, match="no"):
        await unless(stop, fails())
    working = asyncio.create_task(unless(stop, for_ever()))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(30):
        assert not await working
    assert left == ["ended"]
