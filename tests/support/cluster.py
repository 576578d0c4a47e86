"""A Kafka of three nodes on this machine: each one can be killed, frozen and started again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.kafka import Node, new_cluster
from deploy.ports import LOOPBACK, free_port

NODES: Final = 3
COPIES: Final = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
}
"""Each record stands three times, and two copies must have it before it counts as written."""


class Cluster:
    """Three KRaft nodes, each in a directory of its own.

    Args:
        directory: parent of their directories.
    """

    def __init__(self, directory: Path) -> None:
        places = [(free_port(), free_port()) for _ in range(NODES)]
        voters = ",".join(f"{i}@{LOOPBACK}:{places[i - 1][1]}" for i in range(1, NODES + 1))
        quorum = {"controller.quorum.voters": voters, **COPIES}
        cluster = new_cluster()
        self.nodes = [
            Node(
                directory / f"kafka{number}",
                port=port,
                controller_port=controller,
                overrides={"node.id": str(number), **quorum},
                cluster=cluster,
            )
            for number, (port, controller) in enumerate(places, 1)
        ]

    @property
    def bootstrap(self) -> str:
        """Addresses for clients."""
        return ",".join(node.bootstrap for node in self.nodes)

    def start(self) -> None:
        """Start all of them; return when each answers."""
        for node in self.nodes:
            node.spawn()
        for node in self.nodes:
            asyncio.run(node.ready(120))

    def restart(self, number: int) -> None:
        """Start a node that was killed, on the same data; return when it answers."""
        asyncio.run(self.nodes[number].start(timeout=120))

    @contextmanager
    def frozen(self, number: int) -> Iterator[None]:
        """Let a node stand still for a while."""
        process = self.nodes[number].process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End all of them at once."""
        for node in self.nodes:
            node.kill()
