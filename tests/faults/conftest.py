"""A whole broker for a test, on ports of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from corridor.supervisor.state import PLATFORMS
from deploy.ports import free_port
from tests.support.rig import Rig

SEED = int(os.environ.get("CORRIDOR_FAULT_SEED", "7"))
MakeRig = Callable[..., Rig]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[MakeRig]:
    """Give a function that starts a broker whose participants send a number of events at full speed."""
    rigs: list[Rig] = []

    def make(events: int, *options: str, players: tuple[str, ...] = PLATFORMS, **environment: str) -> Rig:
        speed = {
            "RATE": "0",
            "LIMIT": str(events // len(players)),
            "SEED": str(SEED),
            "BATCH": "20",
            "LANES": "8",
        }
        sandbox = {f"CORRIDOR_SANDBOX_{name}": value for name, value in speed.items()}
        settings = {**sandbox, "CORRIDOR__TOPICS__PARTITIONS": "6", **environment}
        made = Rig(tmp_path / "state", free_base(), settings, players, options)
        rigs.append(made)
        made.start()
        return made

    yield make
    for each in rigs:
        each.stop()


@pytest.fixture
def accepted() -> Callable[[dict[str, Any]], int]:
    """Give a function that reads from a status how many messages were accepted so far."""

    def count(status: dict[str, Any]) -> int:
        figures = status.get("figures") or {"systems": ()}
        return sum(system["accepted"] for system in figures["systems"])

    return count


def free_base() -> int:
    """First of a row of ports that are likely to be free, below those that the system gives to clients."""
    return 10000 + free_port() % 1000 * 20
