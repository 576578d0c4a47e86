"""Settings of the embedded node: broker and controller in one process, on loopback, small, quick to start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.ports import LOOPBACK

MIB: Final = 1024 * 1024

JVM: Final = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",  # a supervisor restarts it; a half-dead broker helps nobody
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


def properties(
    data: Path, port: int, controller_port: int, overrides: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return Kafka's server properties for one node.

    Args:
        data: directory of the log.
        port: port for clients.
        controller_port: port of the KRaft quorum of one.
        overrides: properties that replace or add to these.
    """
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        # Transactions and groups on a single node.
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # A killed node's own session must expire before it can register again: 9 s by default. Much shorter
        # is no good either: a busy machine delays heartbeats, and the node would fence itself.
        "broker.session.timeout.ms": "6000",
        "broker.heartbeat.interval.ms": "1000",
        # Small: the default cleaner buffer alone is 128 MB of the heap.
        "log.cleaner.dedupe.buffer.size": str(16 * MIB),
        "log.segment.bytes": str(64 * MIB),
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        **(overrides or {}),
    }


def render(settings: Mapping[str, str]) -> str:
    """Return properties as the text of a ``.properties`` file."""
    return "".join(f"{key}={value.replace(chr(92), chr(92) * 2)}\n" for key, value in settings.items())
