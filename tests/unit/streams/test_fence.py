"""One owner of a partition fences the other: they write under one transactional id."""

from __future__ import annotations

import pytest

from streams.kafka import clients
from streams.kafka.settings import Kafka, Processing
from streams.kafka.transactions import Writer

KAFKA = Kafka(bootstrap="127.0.0.1:1")


async def test_owners_of_a_partition_have_one_transactional_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka lets only the last that opened it write; other partitions and other apps have their own."""
    opened: list[str] = []

    class Producer:
        def __init__(self, *, transactional_id: str, **_: object) -> None:
            opened.append(transactional_id)

        async def start(self) -> None: ...

    monkeypatch.setattr(clients, "AIOKafkaProducer", Producer)
    app, other = Processing(app="corridor"), Processing(app="other")
    for processing, name in ((app, "stream.0"), (app, "stream.0"), (app, "stream.1"), (other, "stream.0")):
        await Writer.open(KAFKA, processing, name)
    assert opened[0] == opened[1]
    assert len(set(opened)) == 3
