"""Faults on request: what goes wrong, how often, drawn from a seed."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Annotated, Final

import msgspec
from msgspec import Meta

Chance = Annotated[float, Meta(ge=0, le=1)]
STATUSES: Final = frozenset(
    {"400", "401", "403", "404", "409", "410", "422", "429", "500", "502", "503", "504"}
)


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong. All chances are per request or message, from 0 to 1.

    Attributes:
        seed: another seed draws other numbers.
        latency: seconds that an answer takes on average; the time is drawn evenly from zero to twice that.
        errors: HTTP status to its chance; nothing takes effect.
        retry_after: seconds that a 429 or 503 asks to wait.
        timeouts: chance that no answer comes and nothing takes effect.
        hold: seconds after which a connection without answer is dropped.
        lost: chance that the effect is there and the connection is dropped before the answer.
        duplicates: chance that an accepted message is sent again.
        disorder: chance that a message is sent after the next ones of its lane.
        down: seconds for which connections are refused, from now on.
        most: number of errors, timeouts and lost answers after which none are left; 0: no end.
        path: errors, timeouts and lost answers are for requests whose path begins so; empty: for all.
    """

    seed: int = 0
    latency: Annotated[float, Meta(ge=0, le=600)] = 0.0
    errors: dict[str, Chance] = {}
    retry_after: Annotated[float, Meta(ge=0)] = 1.0
    timeouts: Chance = 0.0
    hold: Annotated[float, Meta(ge=0, le=3600)] = 60.0
    lost: Chance = 0.0
    duplicates: Chance = 0.0
    disorder: Chance = 0.0
    down: Annotated[float, Meta(ge=0, le=86400)] = 0.0
    most: Annotated[int, Meta(ge=0)] = 0
    path: str = ""

    def __post_init__(self) -> None:
        if unknown := sorted(self.errors.keys() - STATUSES):
            raise ValueError(f"status {unknown[0]} is none of {', '.join(sorted(STATUSES))}")
        if sum(self.errors.values()) + self.timeouts + self.lost > 1:
            raise ValueError("the chances of errors, timeouts and lost answers add up to more than 1")


class Injector:
    """Draws faults; the faults in force can be replaced at any time."""

    def __init__(self, faults: Faults) -> None:
        self.injected: dict[str, int] = {}
        self.replace(faults)

    def replace(self, faults: Faults) -> None:
        """Put other faults in force, with fresh random numbers."""
        self.faults = faults
        self._left = faults.most or None
        self._dice = Random(faults.seed)  # noqa: S311 - faults must repeat
        self._outbound = Random(f"{faults.seed}/outbound")  # noqa: S311 - faults must repeat

    async def delay(self) -> None:
        """Wait as long as the latency asks."""
        if self.faults.latency:
            await asyncio.sleep(self._dice.uniform(0, 2 * self.faults.latency))

    def draw(self, path: str = "/") -> str:
        """Say what happens to a request for a path: ``""`` nothing, a status, ``timeout`` or ``lost``."""
        faults = self.faults
        if self._left == 0 or not path.startswith(faults.path):
            return ""
        point = self._dice.random()
        for name, chance in (*faults.errors.items(), ("timeout", faults.timeouts), ("lost", faults.lost)):
            if point < chance:
                self.injected[name] = self.injected.get(name, 0) + 1
                self._left = self._left and self._left - 1
                return name
            point -= chance
        return ""

    def duplicate(self) -> bool:
        """Whether an accepted message is sent again."""
        return self._chance("duplicate", self.faults.duplicates)

    def hold_back(self) -> bool:
        """Whether a message waits for the next ones."""
        return self._chance("disorder", self.faults.disorder)

    def _chance(self, name: str, chance: float) -> bool:
        happens = chance > 0 and self._outbound.random() < chance
        if happens:
            self.injected[name] = self.injected.get(name, 0) + 1
        return happens
