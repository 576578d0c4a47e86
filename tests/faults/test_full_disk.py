"""A disk that is full stops nobody for good: who cannot write says so, and goes on when there is room."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psutil
import pytest

from tests.support.rig import ROLES, Rig

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.faults,
    pytest.mark.timeout(1200),
    pytest.mark.system("dtc", "dlp"),
]

EVENTS = 1_000


@contextmanager
def no_room(pids: Sequence[int]) -> Iterator[None]:
    """Let no file of these processes grow: each further write fails, as it does on a full disk."""
    for pid in pids:
        psutil.Process(pid).rlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    yield
    for pid in filter(psutil.pid_exists, pids):
        psutil.Process(pid).rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)


def test_nothing_is_lost_on_a_full_disk(
    rig: Callable[..., Rig], accepted: Callable[[dict[str, Any]], int]
) -> None:
    """The roles' disk is full, then that of Kafka: what was accepted arrives once, and the view is whole."""
    broker = rig(EVENTS)
    broker.wait_for(lambda status: accepted(status) >= EVENTS // 5, 120)
    with no_room([broker.running(role) for role in ROLES]):
        broker.wait_for(lambda status: _of(status, "view")["state"] == "waiting", 60)
    broker.wait_for(lambda status: _of(status, "view")["state"] == "ready", 60)
    broker.wait_for(lambda status: accepted(status) >= EVENTS // 2, 120)
    kafka = broker.running("kafka")
    with no_room([kafka]):
        broker.wait_for(lambda status: _of(status, "kafka")["pid"] not in {kafka, None}, 60)  # it ends itself
    found = broker.settle(300)
    assert found["violations"] == []
    assert found["counts"]["accepted"] >= EVENTS * 0.95
    assert broker.strays(120) == []


def _of(status: dict[str, Any], name: str) -> dict[str, Any]:
    (process,) = (process for process in status["processes"] if process["name"] == name)
    return cast("dict[str, Any]", process)
