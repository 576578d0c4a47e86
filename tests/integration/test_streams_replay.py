"""Replays of more dead letters than fit into memory: what is held of them is counted."""

from __future__ import annotations

import tracemalloc
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest

from schemas.records import DEAD, DeadLetter
from streams.kafka import topics
from streams.kafka.scan import FETCH_BYTES, pick
from streams.kafka.settings import Kafka, Processing
from streams.kafka.topics import Topic
from streams.operations.dead import WantedLetters, listed
from streams.operations.replay import MOST_BYTES, replay
from tests.support.kafka import Row, produce, read

pytestmark = pytest.mark.kafka

FRAME = b"\x00\x00\x00\x00\x01"
LETTERS, BODY = 160, 400_000
HELD = 16 * FETCH_BYTES + 4 * MOST_BYTES
"""Bytes that may be held: what the client fetches and unpacks, and one transaction in hand and on its way."""


def letter(target: str, number: int) -> DeadLetter:
    """A letter with a large body, which died at the record with its number counted from behind."""
    return DeadLetter(
        id=str(uuid5(NAMESPACE_URL, f"{target}/{number}")), stage="deliver.p", code="partner-refused",
        topic=target, partition=0, offset=LETTERS - number, headers={}, key=b"%d" % number,
        body=number.to_bytes(4, "big") * (BODY // 4),
    )  # fmt: skip


async def prepare(kafka: Kafka, partitions: int) -> tuple[str, str]:
    """Make a topic for letters and one for replays."""
    run = uuid4().hex[:10]
    dead, target = f"{run}.dead", f"{run}.in"
    await topics.create(kafka, [Topic(dead, partitions, 1, {}), Topic(target, 1, 1, {})])
    return dead, target


async def test_a_replay_holds_one_transaction_of_letters(kafka: Kafka) -> None:
    """Of 64 MB of letters a few are held at a time; all are sent, in the order in which they died."""
    where = Kafka(bootstrap=kafka.bootstrap)
    dead, target = await prepare(where, 1)
    for number in range(LETTERS):
        one = letter(target, number)
        await produce(where.bootstrap, dead, [(one.id.encode(), FRAME + DEAD.encode(one), [])])
    tracemalloc.start()
    try:
        letters = await listed(where, topic=dead)
        tracemalloc.reset_peak()
        assert await replay(where, letters, processing=Processing(app=dead), topic=dead) == (LETTERS, 0, 0)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert LETTERS * BODY > 2 * HELD
    assert held < HELD
    records = await read(where.bootstrap, target, LETTERS)
    assert [record.key for record in records] == [b"%d" % n for n in reversed(range(LETTERS))]
    assert all(record.value == letter(target, int(record.key)).body for record in records)
    assert {one.replayed is None for one in await listed(where, topic=dead)} == {False}


async def test_a_list_has_no_contents(kafka: Kafka) -> None:
    """What is listed of a letter is a few words, however large it is."""
    where = Kafka(bootstrap=kafka.bootstrap)
    dead, target = await prepare(where, 2)
    rows: list[Row] = [
        (one.id.encode(), FRAME + DEAD.encode(one), []) for one in (letter(target, n) for n in range(20))
    ]
    await produce(where.bootstrap, dead, [*rows, (rows[3][0], None, [])])
    wanted = [letter(target, number) for number in range(20) if number != 3]
    found = await listed(where, topic=dead)
    assert [one.id for one in found] == [one.id for one in reversed(wanted)]
    assert not any(isinstance(part, bytes) for one in found for part in one)
    (one,) = await listed(where, WantedLetters(ids=[wanted[5].id]), topic=dead)
    assert (one.topic, one.offset, one.is_whole) == (target, wanted[5].offset, True)


async def test_records_are_picked_in_any_order(kafka: Kafka) -> None:
    """Each place gives its record, forwards, backwards and twice; one behind the end gives none."""
    where = Kafka(bootstrap=kafka.bootstrap)
    topic, _ = await prepare(where, 1)
    await produce(where.bootstrap, topic, [(b"k", b"%d" % n, []) for n in range(100)])
    offsets = [0, 1, 2, 99, 50, 49, 50, 50, 3, 98]
    found = [one.value async for one in pick(where, topic, [(0, offset) for offset in offsets])]
    assert found == [b"%d" % offset for offset in offsets]
    assert [one async for one in pick(where, topic, [(0, 100), (1, 0)])] == [None, None]
