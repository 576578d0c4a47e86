"""One law of sizes: whatever is written fits its topic, or is refused before Kafka refuses it for ever."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from schemas.errors import Permanent, Transient
from schemas.records import DEAD, DeadLetter, Filtered, Finding, Loss
from schemas.translation import Result
from streams.kafka import topics
from streams.kafka.sizes import LARGEST, SMALLEST, Sizes, size_of
from streams.kafka.transactions import Writer, Writes
from streams.records.contracts import HEAD, Contracts
from streams.records.envelope import Envelope
from streams.records.fitting import MOST_SAID, fitted
from streams.records.letters import report


@pytest.mark.parametrize("largest", [SMALLEST, 300_000, LARGEST, 4 * LARGEST])
@pytest.mark.parametrize("topic", [topics.EVENTS, topics.REPORTS, "state.to-corridor.dtc", topics.CURSORS])
def test_a_record_is_held_against_its_topics_own_limit(largest: int, topic: str) -> None:
    """Of any kind: the last byte that fits passes, one more is refused as a mistake of the record."""
    writes = Writes(Sizes(largest))
    room = largest - size_of(b"k", b"", [("h", b"v")])
    writes.add(topic, 0, b"k", b"x" * room, [("h", b"v")])
    with pytest.raises(Permanent, match=topic):
        writes.add(topic, 0, b"k", b"x" * (room + 1), [("h", b"v")])
    assert len(writes.rows[topic, 0]) == 1


async def test_batches_are_no_larger_than_their_topic_takes() -> None:
    """Kafka's limit is one of batches: small ones for a topic that takes little, and for no other."""
    assert Sizes(100_000).batch == 100_000
    assert Sizes(8 * LARGEST).batch == LARGEST
    sizes, sent = Sizes(), list[tuple[str, int]]()
    sizes.learn("in.dtc", 3000)

    class Producer:
        def create_batch(self) -> Any:  # noqa: ANN401
            return BatchBuilder(LARGEST, 0)

        async def send_batch(self, batch: Any, topic: str, **_: object) -> Any:  # noqa: ANN401
            sent.append((topic, batch.size()))
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done

    writer = Writer(Producer(), "test.0", 1.0, sizes)  # type: ignore[arg-type]
    for topic in ("in.dtc", topics.EVENTS):
        await writer._send_rows(topic, 0, [(b"k", b"x" * 800, [("h", b"v")])] * 10)
    of = {topic: [size for name, size in sent if name == topic] for topic, _ in sent}
    assert max(of["in.dtc"]) <= 3000
    assert len(of["in.dtc"]) > 1
    assert len(of[topics.EVENTS]) == 1


async def test_a_topic_that_takes_less_than_the_settings_say_is_learnt() -> None:
    """Kafka refuses a batch: the limit is lowered, so that the same records come to an end at last."""
    sizes = Sizes()

    class Producer:
        def create_batch(self) -> Any:  # noqa: ANN401
            return SimpleNamespace(append=lambda **_: object())

        async def send_batch(self, *_: object, **__: object) -> Any:  # noqa: ANN401
            raise MessageSizeTooLargeError

        async def begin_transaction(self) -> None: ...

    writer = Writer(Producer(), "test.0", 1.0, sizes)  # type: ignore[arg-type]
    writes = Writes(sizes)
    writes.add(topics.REPORTS, 0, b"k", b"x" * 200_000)
    for _ in range(4):
        with pytest.raises(Transient):
            await writer.commit(writes, "", {})
    assert sizes.of(topics.REPORTS) == SMALLEST
    with pytest.raises(Permanent):
        Writes(sizes).add(topics.REPORTS, 0, b"k", b"x" * 200_000)
    assert sizes.of(topics.EVENTS) == LARGEST


@pytest.mark.parametrize(
    ("body", "header", "key"),
    [
        (b"b" * 5_000_000, b"h", b"k"),
        (b"b" * 10, b"h" * 3_000_000, b"k"),
        (b"b" * 2_000_000, b"h" * 2_000_000, b"k" * 2_000_000),
        (None, b"h" * 3_000_000, None),
    ],
)
def test_a_dead_letter_always_fits(body: bytes | None, header: bytes, key: bytes | None) -> None:
    """What does not fit is cut with a mark; the reason stays."""
    letter = DeadLetter(
        id="l", stage="poll.dtc", code="schema-violation", topic="in.dtc", partition=-1, offset=-1,
        headers={"x": header}, body=body, key=key,
    )  # fmt: skip
    most = Sizes().of(topics.DEAD)
    _, (_, value, _) = fitted(_Framed(), topics.DEAD, letter, most, b"l", [])
    assert value is not None
    assert size_of(b"l", value) <= most
    kept = DEAD.decode(value[HEAD:])
    assert (kept.code, kept.cut) == ("schema-violation", len(body or b""))


def test_a_letter_that_fits_is_whole() -> None:
    """Nothing is cut that need not be."""
    letter = DeadLetter(
        id="l", stage="to-corridor.dtc", code="internal", topic="in.dtc", partition=0, offset=7,
        headers={"id": b"i"}, body=b"b" * 1_000_000, key=b"k",
    )  # fmt: skip
    kept, (_, value, _) = fitted(_Framed(), topics.DEAD, letter, Sizes().of(topics.DEAD), b"l", [])
    assert kept is letter
    assert value is not None
    assert DEAD.decode(value[HEAD:]) == letter


class _Framed(Contracts):
    """Encodes without a registry."""

    def __init__(self) -> None: ...

    def encode(self, topic: str, record: Any) -> bytes:  # noqa: ANN401, ARG002
        return b"\0" * HEAD + DEAD.encode(record)


def test_a_report_stays_small() -> None:
    """A message with a thousand findings has a report of a hundred, which says how many more there are."""
    result = Result(
        losses=[Loss(f"/{n}", "no-equivalent", "x" * 200) for n in range(1000)],
        findings=[Finding(f"/{n}", "rule", "warning", "x" * 200) for n in range(1000)],
        filtered=[Filtered(str(n), "unchanged") for n in range(1000)],
    )
    envelope = Envelope("i", "dtc/i", ("dtc",), 0, "", "s", "", "")
    made = report("to-corridor.dtc", "m", envelope, result)
    assert [len(made.losses), len(made.findings), len(made.filtered)] == [MOST_SAID + 1] * 3
    assert made.losses[-1].reason == made.findings[-1].rule == made.filtered[-1].reason == "900 more"
