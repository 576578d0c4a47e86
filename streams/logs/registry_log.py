"""The schema registry's log: the topic ``_schemas``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import structlog
from aiokafka import ConsumerRecord
from prometheus_client import Counter, Gauge

from connectors.registry.ports import Decide, Elsewhere
from schemas.errors import Permanent, Transient
from schemas.registry.records import Entry, MarkKey, decode, encode
from schemas.registry.refusal import too_large
from schemas.registry.registration import RegistryChange
from schemas.registry.state import RegistryState
from streams.kafka import clients, topics
from streams.kafka.away import AWAY
from streams.kafka.settings import Kafka, Topics
from streams.kafka.transactions import Writes
from streams.logs.shared_log import SharedLog

log = structlog.get_logger(__name__)

ready_gauge = Gauge("corridor_registry_ready", "1 when the registry has read its whole log")
writer_gauge = Gauge("corridor_registry_writer", "1 in the process that writes to the registry's log")
versions_gauge = Gauge("corridor_registry_offset", "Offset of the last record of the registry's log applied")
writes_total = Counter(
    "corridor_registry_writes_total", "Requests that wrote to the registry's log", ["outcome"]
)


class RegistryLog(SharedLog[RegistryState, RegistryChange]):
    """The `connectors.registry.ports.Registry` protocol over Kafka.

    Args:
        kafka: the connection.
        settings: replication of the topic, should it have to be made.
        url: address under which other processes reach this one's REST API; without it they take over.
        recursive: accept recursive schemas.
        topic: name of the topic; there is one writer per topic.
        reachable: tells whether Kafka answers, as far as is known.
        stands_still: is told why the log cannot be read, and with None that it can be again.

    Attributes:
        cluster: id of the Kafka cluster.
    """

    def __init__(
        self,
        kafka: Kafka,
        settings: Topics | None = None,
        *,
        url: str = "",
        recursive: bool = False,
        topic: str = topics.SCHEMAS,
        reachable: Callable[[], bool] = lambda: True,
        stands_still: Callable[[Permanent | None], None] = lambda _: None,
    ) -> None:
        wanted = next(t for t in topics.plan([], settings or Topics()) if t.name == topics.SCHEMAS)
        super().__init__(kafka, msgspec.structs.replace(wanted, name=topic), "registry", reachable)
        self.recursive = recursive
        self.cluster = ""
        self._url = url
        self._tell = stands_still

    async def write(self, decide: Decide, *, here: bool = False) -> RegistryChange:
        """Decide on the newest state, write, and return when `state` has it; see `ports.Registry`."""
        try:
            change = await super().write(decide, here=here)
        except Transient:
            writes_total.labels("unavailable").inc()
            raise
        if change.entries:
            writes_total.labels("written").inc()
        return change

    def _empty(self) -> RegistryState:
        return RegistryState()

    def _may_write(self) -> None:
        if self.state.writer not in {"", self._url}:
            raise Elsewhere(self.state.writer)

    def _mark(self) -> RegistryChange:
        return RegistryChange([Entry(MarkKey(), self.state.mark._replace(writer=self._url))], None)

    def _records(self, change: RegistryChange, headers: Sequence[tuple[str, bytes]]) -> Writes:
        writes = Writes(self._sizes)
        for entry in change.entries:
            key, value = encode(entry)
            try:
                writes.add(self._wanted.name, 0, key, value, headers)
            except Permanent as error:
                raise too_large(error.message) from error
        return writes

    def _take(self, record: ConsumerRecord[bytes, bytes]) -> bool:
        entry = decode(record.key, record.value, record.timestamp)
        if entry is None:
            log.warning("registry record of a foreign kind passed over", offset=record.offset)
        self.state.apply(entry, record.offset)
        return entry is not None and isinstance(entry.key, MarkKey)

    def _observe(self, *, writing: bool) -> None:
        ready_gauge.set(self.ready)
        writer_gauge.set(writing)
        versions_gauge.set(self.state.offset)

    def _stands_still(self, error: Permanent | None) -> None:
        self._tell(error)

    async def _prepare(self) -> None:
        await super()._prepare()
        self.cluster = await self._cluster_id()

    async def _cluster_id(self) -> str:
        try:
            async with clients.admin(self._kafka) as admin:
                return str((await admin.describe_cluster()).get("cluster_id") or "")
        except AWAY as error:
            raise Transient("kafka-unavailable", f"Kafka at {self._kafka.bootstrap}: {error!r}") from error
