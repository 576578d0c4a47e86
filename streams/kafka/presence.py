"""Whether Kafka answers: asked every second, apart from all work, so that a role tells the truth about it."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import structlog
from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.protocol.metadata import MetadataRequest

from connectors.pauses import pause
from streams import metrics
from streams.kafka.door import knock
from streams.kafka.settings import Kafka

log = structlog.get_logger(__name__)

LOOK: Final = 1.0
"""Seconds between two questions."""
PATIENCE: Final = 3.0
"""Seconds to wait for an answer: with ``LOOK``, a Kafka that is away or frozen is known after four."""


class Presence:
    """Asks the brokers of the settings; one that answers is enough.

    Args:
        kafka: connection.
        look: seconds between two questions.
        patience: seconds to wait for an answer.

    Attributes:
        there: Kafka answered at the last look.
    """

    def __init__(self, kafka: Kafka, look: float = LOOK, patience: float = PATIENCE) -> None:
        self._kafka, self._look, self._patience = kafka, look, patience
        self._connections: dict[tuple[str, int], AIOKafkaConnection] = {}
        self._since = time.monotonic()
        self._told = False
        self.there = False
        self.arrived = asyncio.Event()
        """Set while Kafka is there."""

    async def watch(self, stop: asyncio.Event) -> None:
        """Ask until ``stop`` is set; what changes is logged once, and told in the metrics."""
        options = self._kafka.client_options()
        hosts = [(host, port) for host, port, _ in collect_hosts(options.pop("bootstrap_servers"))]
        try:
            while not stop.is_set():
                answers = await asyncio.gather(*(self._ask(*host, options) for host in hosts))
                self._note(there=any(answers))
                await pause(stop, self._look)
        finally:
            for connection in self._connections.values():
                connection.close()

    def _note(self, *, there: bool) -> None:
        metrics.kafka_is(there=there)
        if there != self.there or not self._told:
            now = time.monotonic()
            seconds, self._since = round(now - self._since, 1), now
            if there:
                log.info("Kafka is there", bootstrap=self._kafka.bootstrap, away=seconds)
            else:
                log.warning("Kafka is away", bootstrap=self._kafka.bootstrap)
        self.there, self._told = there, True
        if there:
            self.arrived.set()
        else:
            self.arrived.clear()

    async def _ask(self, host: str, port: int, options: dict[str, Any]) -> bool:
        """Tell whether one broker answers within our patience."""
        try:
            async with asyncio.timeout(self._patience):
                connection = self._connections.get((host, port))
                if connection is None or not connection.connected():
                    connection = await knock(host, port, **options)
                    self._connections[host, port] = connection
                await connection.send(MetadataRequest([]))
        except Exception as error:  # noqa: BLE001 - who asks must not end: what it said last would stand
            log.debug("no answer", host=host, port=port, error=repr(error))
            if broken := self._connections.pop((host, port), None):
                broken.close()
            return False
        return True
