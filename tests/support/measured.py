"""What the metrics of this process say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prometheus_client import REGISTRY


def measured(name: str, **labels: str) -> float | None:
    """Value of a series without the prefix that all have, None when there is no such series."""
    return REGISTRY.get_sample_value(f"corridor_{name}", labels)


async def until(condition: Callable[[], bool], timeout: float = 30.0) -> None:
    """Look at metrics, which nothing announces, until a condition is true; fail after ``timeout`` seconds."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.1)
