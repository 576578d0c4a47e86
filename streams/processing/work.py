"""What processors are to the lanes that run them: works, and the crew of those that share a group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from schemas.translation.store import Store
from streams.kafka.transactions import Writer, Writes


class BatchWork(Protocol):
    """What records come to: writes, and changes of state that hold once those are committed."""

    writes: Writes

    def commit(self) -> None:
        """Make the changes of state and count what happened."""


class Work(Protocol):
    """What a processor does with records; knows nothing of transactions, retries and partitions' owners.

    Attributes:
        name: the processor's.
        source: topic it reads.
        changelog: topic with its state, or None.
    """

    name: str
    source: str
    changelog: str | None

    async def plan(self, records: Sequence[Any], store: Store, partition: int, writer: Writer) -> BatchWork:
        """Translate records; changes nothing that lives longer than the returned batch."""


class Crew(NamedTuple):
    """Processors that share a consumer group, so that one transaction can span what they do.

    Attributes:
        name: in transactional ids, logs and metrics.
        group: consumer group.
        works: the processors.
    """

    name: str
    group: str
    works: tuple[Work, ...]

    @property
    def sources(self) -> list[str]:
        """Topics that are read."""
        return sorted({work.source for work in self.works})

    def of(self, topic: str) -> list[Work]:
        """Those that read a topic."""
        return [work for work in self.works if work.source == topic]

    def on(self, topics: Iterable[str]) -> Crew:
        """Those of the crew that read some of the topics."""
        wanted = set(topics)
        return self._replace(works=tuple(work for work in self.works if work.source in wanted))
