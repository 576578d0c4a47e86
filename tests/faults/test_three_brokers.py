"""Two of each role on three brokers: killed, frozen, stormed, upgraded; nothing is lost or stands still."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from random import Random
from typing import Any

import pytest

from corridor.supervisor.state import EVERYONE
from tests.faults.conftest import free_base
from tests.support.cluster import NODES, Cluster
from tests.support.fleet import TWICE, Fleet
from tests.support.release import later_release
from tests.support.rig import ROLES

SOAK = bool(os.environ.get("CORRIDOR_SOAK"))
EVENTS = int(os.environ.get("CORRIDOR_CLUSTER_EVENTS", "50000"))
"""That all participants send."""
RATE = float(os.environ.get("CORRIDOR_CLUSTER_RATE", "12"))
"""Messages a second of each participant: they must flow for as long as anybody is hit."""
SEED = int(os.environ.get("CORRIDOR_FAULT_SEED", "7"))
FREEZE = 15.0
"""Seconds, longer than the session timeout of a group and of a broker."""
SETTLE = 1800.0
MISBEHAVIOUR: dict[str, Any] = {"errors": {"500": 0.02, "503": 0.01}, "retry_after": 1, "lost": 0.02}

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.faults,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(not SOAK, reason="an hour on two cores: make soak"),
    pytest.mark.system("dtc", "dlp", "port", "vessel", "oil", "epermit"),
]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three brokers that run."""
    made = Cluster(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def fleet(cluster: Cluster, tmp_path: Path) -> Iterator[Fleet]:
    """Two of each role, and everybody whom the sandbox can play."""
    play = {"RATE": str(RATE), "LIMIT": str(EVENTS // len(EVERYONE)), "SEED": str(SEED), "BATCH": "10"}
    copies = {"REPLICATION": "3", "MIN_INSYNC": "2", "PARTITIONS": "6"}
    made = Fleet(
        tmp_path / "state",
        cluster.bootstrap,
        free_base(),
        EVERYONE,
        environment={f"CORRIDOR__TOPICS__{name}": value for name, value in copies.items()},
        sandbox={f"CORRIDOR_SANDBOX_{name}": value for name, value in play.items()},
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Campaign:
    """What is done to a fleet; each step returns the seconds until everything was ready again."""

    def __init__(self, fleet: Fleet, cluster: Cluster, later: Path) -> None:
        self.fleet, self.cluster, self.later = fleet, cluster, later
        self.dice = Random(SEED)

    def steps(self) -> Iterator[tuple[str, float]]:
        """Hit everything in turn, once."""
        for role in ROLES:
            for number in TWICE:
                yield f"kill -9 {role}{number}", self.fleet.kill(f"{role}{number}")
        for number in range(NODES):
            yield f"kill -9 broker {number + 1}", self.broker(number)
        for role in ROLES:
            yield f"freeze {role}1 {FREEZE:.0f} s", self.freeze(f"{role}1")
        yield f"freeze broker 1 {FREEZE:.0f} s", self.freeze_broker(0)
        yield "rebalance storm", self.storm()
        yield "registry away 20 s", self.registry_away()
        yield "full restart", self.restart(ROLES)
        yield "rolling upgrade, a field more in each schema", self.roll(str(self.later))
        yield "rollback", self.roll("")
        yield "upgrade again", self.roll(str(self.later))
        yield "all brokers killed", self.brokers()

    def broker(self, number: int) -> float:
        """Kill a broker, let the others do the work for a while, start it again."""
        self.cluster.nodes[number].kill()
        without = self.fleet.recovered()
        self.cluster.restart(number)
        return max(without, self.fleet.recovered())

    def brokers(self) -> float:
        """Kill all brokers at once."""
        for node in self.cluster.nodes:
            node.kill()
        time.sleep(5)
        self.cluster.start()
        return self.fleet.recovered()

    def freeze(self, name: str) -> float:
        """Freeze a role past its session timeout: its partitions move, and come back."""
        with self.fleet.frozen(name):
            time.sleep(FREEZE)
        return self.fleet.recovered()

    def freeze_broker(self, number: int) -> float:
        """Freeze a broker past its session timeout."""
        with self.cluster.frozen(number):
            time.sleep(FREEZE)
        return self.fleet.recovered()

    def storm(self) -> float:
        """Kill one of the two that share partitions, again and again, before a rebalance is through."""
        for _ in range(8):
            victim = f"{self.dice.choice(('stream', 'deliver', 'view'))}{self.dice.choice(TWICE)}"
            self.fleet.processes[victim].send(signal.SIGKILL)
            time.sleep(self.dice.uniform(1, 4))
        return self.fleet.recovered()

    def registry_away(self) -> float:
        """End both gateways, and with them the registry."""
        gateways = [self.fleet.processes[f"gateway{number}"] for number in TWICE]
        for gateway in gateways:
            gateway.rest(signal.SIGKILL)
        time.sleep(20)
        for gateway in gateways:
            gateway.start()
        return self.fleet.recovered()

    def restart(self, roles: tuple[str, ...]) -> float:
        """End everything cleanly, then start it."""
        named = [f"{role}{number}" for role in roles for number in TWICE]
        for name in named:
            self.fleet.processes[name].rest()
        for name in named:
            self.fleet.processes[name].start()
        return self.fleet.recovered()

    def roll(self, path: str) -> float:
        """Bring one process after the other to another release, under load; give the longest wait."""
        waits = []
        for name in [f"{role}{number}" for role in ROLES for number in TWICE]:
            process = self.fleet.processes[name]
            process.rest()
            process.environment["PYTHONPATH"] = path
            process.start()
            waits.append(self.fleet.recovered())
        return max(waits)


def note(report: Path, **facts: object) -> None:
    """Add a line to the report of a campaign."""
    with report.open("a") as file:
        file.write(json.dumps(facts) + "\n")


def test_the_audit_is_clean_after_a_campaign_on_three_brokers(
    cluster: Cluster, fleet: Fleet, tmp_path: Path
) -> None:
    """Everything is hit while messages flow, as often as there is time for; then every promise is held."""
    for name in EVERYONE:
        fleet.faults(name, seed=SEED, **MISBEHAVIOUR)
    report = Path(os.environ.get("CORRIDOR_CLUSTER_REPORT") or tmp_path / "campaign.jsonl")
    campaign = Campaign(fleet, cluster, later_release(tmp_path / "later"))
    recovered: dict[str, list[float]] = {}
    for first in chain([True], repeat(False)):
        for step, seconds in campaign.steps():
            recovered.setdefault(step, []).append(seconds)
            note(report, step=step, recovered=seconds, accepted=fleet.accepted())
            if not first and fleet.finished():
                break  # everything was hit once, and nothing flows any more
        if fleet.finished():
            break
    found = fleet.settle(SETTLE)
    dead = [json.loads(line) for line in fleet.corridor("dead", "count", "--json").splitlines()]
    note(
        report,
        counts=found["counts"],
        dead=dead,
        longest={step: max(all_) for step, all_ in recovered.items()},
    )
    assert found["violations"] == []
    assert found["counts"]["accepted"] + found["counts"]["permit events"] >= EVENTS * 0.9
    assert dead == []
