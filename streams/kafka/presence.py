"""Whether Kafka answers: asked every second, apart from all work, so that a role tells the truth about it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.protocol.metadata import MetadataRequest

from connectors.pauses import pause
from streams import metrics
from streams.kafka import topics
from streams.kafka.door import knock
from streams.kafka.settings import Kafka

log = structlog.get_logger(__name__)

LOOK: Final = 1.0
"""Seconds between two questions."""
PATIENCE: Final = 3.0
"""Seconds to wait for an answer: with ``LOOK``, a Kafka that is away or frozen is known after four."""

WATCHED: Final = (topics.EVENTS, topics.REPORTS, topics.DEAD, topics.RECEIPTS)
"""Topics that everybody writes to."""
Address = tuple[str, int]


class Presence:
    """Asks all brokers, those of the settings and those that they name.

    Kafka is there when something can be written: where a leader and as many in-sync replicas answer as it
    takes to acknowledge. A broker alone may answer, and say what was true before the others went.

    Args:
        kafka: connection.
        min_insync: in-sync replicas that an acknowledgement takes.
        look: seconds between two questions.
        patience: seconds to wait for an answer.

    Attributes:
        there: Kafka answered at the last look.
    """

    def __init__(
        self,
        kafka: Kafka,
        look: float = LOOK,
        patience: float = PATIENCE,
        min_insync: int = 1,
        watched: Sequence[str] = WATCHED,
    ) -> None:
        self._watched = list(watched)
        self._kafka, self._look, self._patience = kafka, look, patience
        self._min_insync = min_insync
        self._named: set[Address] = set()
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
                answers: dict[Address, Any] = {}
                while unasked := ({*hosts, *self._named} - answers.keys()):
                    asking = (self._ask(*address, options) for address in unasked)
                    answers |= dict(zip(unasked, await asyncio.gather(*asking), strict=True))
                    if said := [answer for answer in answers.values() if answer is not None]:
                        self._named = {(broker[1], broker[2]) for one in said for broker in one.brokers}
                self._note(there=writable(answers, self._min_insync))
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

    async def _ask(self, host: str, port: int, options: dict[str, Any]) -> Any:  # noqa: ANN401
        """What one broker knows of our topics; None when it does not answer within our patience."""
        try:
            async with asyncio.timeout(self._patience):
                connection = self._connections.get((host, port))
                if connection is None or not connection.connected():
                    connection = await knock(host, port, **options)
                    self._connections[host, port] = connection
                return await connection.send(MetadataRequest(self._watched, allow_auto_topic_creation=False))
        except Exception as error:  # noqa: BLE001 - who asks must not end: what it said last would stand
            log.debug("no answer", host=host, port=port, error=repr(error))
            if broken := self._connections.pop((host, port), None):
                broken.close()
            return None


def writable(answers: Mapping[Address, Any], min_insync: int) -> bool:
    """Tell whether something can be written, as far as the brokers that answer know.

    Args:
        answers: of each broker that was asked, None where there is none.
        min_insync: in-sync replicas that an acknowledgement takes.
    """
    for answer in answers.values():
        if answer is None:
            continue
        up = {node for node, host, port, *_ in answer.brokers if answers.get((host, port)) is not None}
        partitions = [one for _, _, *rest in answer.topics for one in rest[-1]]
        if not partitions:
            return True  # no topics yet: it answers, and that is all that can be known
        if any(one[2] in up and len(up.intersection(one[4])) >= min_insync for one in partitions):
            return True
    return False
