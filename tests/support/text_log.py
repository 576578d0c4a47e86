"""A shared log of texts without Kafka: what a test does not care about is done in the simplest way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from streams.kafka.settings import Kafka
from streams.kafka.sizes import Sizes
from streams.kafka.topics import Topic
from streams.kafka.transactions import Writes
from streams.logs.shared_log import SharedLog


class TextLog(SharedLog[list[str], str]):
    """A log over a list of texts.

    Attributes:
        written: every change that was committed.
    """

    def __init__(self) -> None:
        super().__init__(Kafka(bootstrap="127.0.0.1:1"), Topic("texts", 1, 1, {}), "test log")
        self.written: list[str] = []

    def _empty(self) -> list[str]:
        return []

    def _take(self, record: Any) -> bool:  # noqa: ANN401, ARG002
        return False

    def _mark(self) -> str:
        return "mark"

    def _records(self, change: str, headers: Any) -> Writes:  # noqa: ANN401, ARG002
        return Writes(Sizes())

    async def _take_over(self) -> None:
        self._writer = SimpleNamespace(close=_closed)  # type: ignore[assignment]

    async def _commit(self, writer: Any, change: str) -> None:  # noqa: ANN401, ARG002
        self.written.append(change)


async def _closed() -> None:
    """Close nothing."""
