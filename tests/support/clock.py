"""An event loop whose time passes only when nobody has anything left to do: no run waits, none differs."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class Jumping(selectors.SelectSelector):
    """Waits for nothing: the time that would be waited has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let time pass; without anything to wait for, nobody would ever go on."""
        if timeout is None:
            raise RuntimeError("everybody waits for somebody else")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Goes from one timer to the next."""

    def __init__(self) -> None:
        self._jumping = Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since it began."""
        return self._jumping.now


def played(play: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run something in its own time, with the same chances each time."""
    random.seed(0)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(play())


async def passed(seconds: float = 0.0) -> None:
    """Let all others do what they can, and what falls due in so many seconds."""
    await asyncio.sleep(seconds + 1e-6)
