"""How large a record may be: one law for everything that is written.

Kafka refuses a record that its topic does not take, and would refuse it as often as it is sent. So each
record is sized before it is written, and what does not fit becomes a dead letter, or is cut with a mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from schemas.errors import Permanent
from streams.kafka import topics

log = structlog.get_logger(__name__)

Headers = Sequence[tuple[str, bytes | None]]

LARGEST: Final = 1_048_576
"""Bytes of the largest record of a topic by default, and of the largest batch that is sent."""
SMALLEST: Final = 65_536
"""The least that ``topics.max_message_bytes`` may be."""
LEAST: Final = 2048
"""Bytes that every topic is taken to hold, whatever Kafka refuses."""
OVERHEAD: Final = 256
"""Bytes that the framing of a record and of its batch add at most, besides headers."""


class Sizes:
    """The largest record of each topic, as far as this process knows.

    Args:
        largest: ``topics.max_message_bytes``; topics of dead letters take twice as much.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._lowered: dict[str, int] = {}

    def of(self, topic: str) -> int:
        """Bytes of the largest record that a topic takes, framing included."""
        return self._lowered.get(topic) or self._usual(topic)

    def _usual(self, topic: str) -> int:
        return self._largest * (topics.DEAD_FACTOR if topic == topics.DEAD else 1)

    @property
    def batch(self) -> int:
        """Bytes of the largest batch that is sent: Kafka's limit is one of batches."""
        return min(self._largest, LARGEST)

    def batch_of(self, topic: str) -> int | None:
        """Bytes of the largest batch of a topic that takes less than others do; else None."""
        found = self._lowered.get(topic)
        return found if found is not None and found < self.batch else None

    def lower(self, topic: str) -> None:
        """Note that Kafka refused a batch that should have fitted: the topic takes less than we were told."""
        self.learn(topic, max(LEAST, self.of(topic) // 2))

    def learn(self, topic: str, limit: int) -> None:
        """Note what a topic takes, as Kafka says, where that is less than the settings say."""
        before, usual = self.of(topic), self._usual(topic)
        if limit >= usual:
            self._lowered.pop(topic, None)
            return
        self._lowered[topic] = limit
        if limit != before:
            log.error(
                "a topic takes less than topics.max_message_bytes says: raise its max.message.bytes",
                topic=topic, settings=usual, now=limit, then="start the role again",
            )  # fmt: skip

    def check(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        code: str = "output-too-large",
    ) -> None:
        """Refuse a record that the topic does not take.

        Raises:
            Permanent: with ``code``.
        """
        size, most = size_of(key, value, headers), self.of(topic)
        if size > most:
            raise Permanent(code, f"a record of {size} bytes for {topic}, which takes {most}")


def size_of(key: bytes | None, value: bytes | None, headers: Headers = ()) -> int:
    """Bytes of a record, framing included."""
    size = OVERHEAD + (len(key) if key else 0) + (len(value) if value else 0)
    for name, text in headers:
        size += len(name) + (len(text) if text else 0) + 8
    return size
