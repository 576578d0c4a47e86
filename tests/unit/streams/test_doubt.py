"""What cannot be known is tried again; it is never taken for done, and it ends nobody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from schemas.errors import Transient
from streams.edges.window import Window
from streams.kafka import clients
from streams.kafka.settings import Kafka
from streams.partition import state
from tests.support.text_log import TextLog

KAFKA = Kafka(bootstrap="127.0.0.1:1")


def record(**headers: bytes | None) -> Any:  # noqa: ANN401
    """A record of ``in.dtc`` with these headers."""
    return SimpleNamespace(topic="in.dtc", offset=1, headers=list(headers.items()))


@pytest.mark.parametrize(
    "headers",
    [
        {"id": b"\xff\xfe", "digest": b"00"},
        {"id": b"x", "digest": b"not hex"},
        {"id": b"x", "digest": None},
        {"id": None, "digest": b"00"},
        {},
    ],
)
def test_a_malformed_header_does_not_end_the_follower(headers: dict[str, bytes | None]) -> None:
    """A foreign writer in ``in.*`` costs its own record at most."""
    follower = Window("gateway", KAFKA, ["in.dtc"], 10)
    follower._take(record(**headers))
    follower._take(record(id=b"good", digest=b"0a0b"))
    assert follower.seen("dtc", "good") == b"\x0a\x0b"


class _Log(TextLog):
    """A log that has been read, and whose writer goes away while a change is being decided."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = True


async def test_a_change_that_was_not_written_is_not_acknowledged() -> None:
    """The log closes between deciding and writing: the caller is told to send it again."""
    log = _Log()

    def decide(_: list[str]) -> str:
        log._writer, log.ready = None, False
        return "event"

    with pytest.raises(Transient):
        await log.write(decide)
    assert log.written == []


async def test_a_broker_that_knows_nothing_of_a_group_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What aiokafka gives of a wrong coordinator is empty: a passing failure, no defect."""

    class Admin:
        def __init__(self, **_: object) -> None: ...

        async def start(self) -> None: ...

        async def close(self) -> None: ...

        async def list_consumer_group_offsets(self, *_: object, **__: object) -> dict[object, object]:
            return {}

    monkeypatch.setattr(clients, "AIOKafkaAdminClient", Admin)
    with pytest.raises(Transient):
        await state.restore(KAFKA, "group", [TopicPartition("in.dtc", 0)], {})
