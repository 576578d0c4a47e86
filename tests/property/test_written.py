"""Whatever a record holds, what is written about it fits its topic, and no batch is left unwritten."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import Invalid, Permanent
from schemas.records import DEAD, REPORT
from schemas.translation import Filtered, Finding, Loss, Output, Record, Result
from schemas.translation.message import State
from schemas.translation.store import FOREVER, Store, pack
from streams.delivery.track import Destination, Done, Track
from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import LARGEST, SMALLEST, Sizes, size_of
from streams.kafka.transactions import Writes
from streams.processing import step
from streams.processing.processor import Processor
from streams.processing.stage import Planned, Stage
from streams.records.contracts import HEAD, AsIs, Contracts
from streams.records.envelope import Envelope

LETTER = "dead0000-0000-5000-8000-000000000001"
LENGTHS = (0, 1, 40, 1025, 16_999, 260_000)
LIMITS = (SMALLEST, 100_000, 300_000, LARGEST)


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    """A traceback with all that a record holds takes seconds to be written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "log", Mock())
        yield


class Says:
    """A translator that gives one result, or fails in one way."""

    name = "mapping"
    stateful = True

    def __init__(self, result: Result | Exception) -> None:
        self.result = result

    def translate(self, record: Record, state: State) -> Result:  # noqa: ARG002
        """Do as told."""
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def contracts() -> Contracts:
    """Encodes without a registry."""
    made = Contracts(None)
    asyncio.run(made.start())
    return made


CONTRACTS = contracts()
letters = st.sampled_from(["a", "\u0436", "\u20ac", "\U0001f6a2", "\0"])
texts = st.builds(lambda one, size: one * size, letters, st.sampled_from(LENGTHS))
raw = st.builds(
    lambda one, size: (one * size)[:size], st.sampled_from([b"x", b"\xff", "ж".encode()]),
    st.sampled_from(LENGTHS),
)  # fmt: skip
listed = st.lists(
    st.tuples(
        st.sampled_from(["id", "origin", "subject", "hops", "traceparent", "accepted", "replay", "discard",
                         "findings", "known", "personal", "digest", "x" * 40_000, "foreign"]), raw),
    max_size=12,
)  # fmt: skip
pointers = st.sampled_from(["", "/a", "/" + "\u0436" * 5000])
saids = st.sampled_from([0, 1, 100, 3000])
results = st.one_of(
    st.builds(
        lambda output, state, at, said, value: Result(
            outputs=[output],
            changes={b"k" * 40: pack(FOREVER, b"s" * state)},
            losses=[Loss(at, "no-equivalent", value)] * said,
            findings=[Finding(at, "r" * 300, "warning", value)] * said,
            filtered=[Filtered(at, "duplicate")] * said,
        ),
        st.builds(Output, raw, raw, st.just("event:1"), texts, st.just(("dtc",))),
        st.sampled_from(LENGTHS), pointers, saids, st.sampled_from([None, "\u0436" * 200]),
    ),
    st.builds(lambda at, text: Invalid("schema-violation", at, text, text), pointers, texts),
    st.builds(lambda text: Permanent("mapping-failed", text), texts),
    st.just(RuntimeError("a defect")),
)  # fmt: skip


def record(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> Any:  # noqa: ANN401
    """A record that anybody may have written."""
    return SimpleNamespace(
        topic="in.dtc", partition=0, offset=7, timestamp=1768000000000, key=key, value=value, headers=headers
    )


def rows(writes: Writes) -> Iterator[tuple[str, Any]]:
    """Everything that is written, with its topic."""
    for (topic, _), listed_rows in writes.rows.items():
        for row in listed_rows:
            yield topic, row


def planned(
    translator: Says,
    sizes: Sizes,
    one: Any,  # noqa: ANN401
    *,
    wait: bool = True,
    again: Store | None = None,
) -> Planned:
    """What a batch of this record comes to."""
    stage = Stage("to-corridor.dtc", "in.dtc", topics.EVENTS, "dtc", translator, AsIs(), b"", wait=wait)

    async def partitions(_: str) -> int:
        return 3

    writer: Any = SimpleNamespace(partitions=partitions, sizes=sizes)
    return asyncio.run(
        Processor(stage, CONTRACTS).plan([one], Store() if again is None else again, 0, writer)
    )


@given(st.one_of(st.none(), raw), st.one_of(st.none(), raw), listed, results, st.sampled_from(LIMITS))
@settings(max_examples=80)
def test_a_step_ends_in_rows_that_fit(
    key: bytes | None,
    value: bytes | None,
    headers: list[tuple[str, bytes]],
    result: Result | Exception,
    limit: int,
) -> None:
    """Any key, body, headers, subject, translation and limit: one report or one dead letter, and it fits."""
    sizes = Sizes(limit)
    made = planned(Says(result), sizes, record(key, value, headers))
    written = list(rows(made.writes))
    for topic, row in written:
        assert size_of(*row) <= sizes.of(topic), topic
    said = [row for topic, row in written if topic in {topics.REPORTS, topics.DEAD} and row[1] is not None]
    assert len(said) == 1


@given(st.sampled_from([2048, 4096, 20_000]), raw, listed, results)
@settings(max_examples=40)
def test_what_the_broker_says_fits_any_topic(
    limit: int, key: bytes, headers: list[tuple[str, bytes]], result: Result | Exception
) -> None:
    """Somebody made the topics of reports and dead letters smaller than any settings allow."""
    sizes = Sizes()
    for topic in (topics.REPORTS, topics.DEAD):
        sizes.learn(topic, limit)
    made = planned(Says(result), sizes, record(key, b"x", headers))
    for topic, row in rows(made.writes):
        assert size_of(*row) <= sizes.of(topic), topic


@pytest.mark.parametrize("limit", LIMITS)
def test_a_long_id_does_not_stop_a_partition(limit: int) -> None:
    """It stands in a report four times: the record was taken, and is translated all the same."""
    headers = [("id", b"e" * 260_000), ("origin", b"x/" + b"e" * 260_000)]
    output = Output(b"k", b"body", "event:1", "NOTE:1", ("dtc",))
    made = planned(Says(Result(outputs=[output])), Sizes(limit), record(b"k", b"x", headers))
    assert {topics.EVENTS, topics.REPORTS} <= {topic for topic, _ in rows(made.writes)}
    assert topics.DEAD not in {topic for topic, _ in rows(made.writes)}


def test_a_report_that_is_cut_says_how_much_is_left_out() -> None:
    """3000 losses in a topic that takes 65,536 bytes: the first of them, and the number of the others."""
    result = Result(losses=[Loss(f"/{n:040}", "no-equivalent", "\u0436" * 200) for n in range(3000)])
    made = planned(Says(result), Sizes(SMALLEST), record(b"k", b"x", []))
    (said,) = (REPORT.decode(row[1][HEAD:]) for topic, row in rows(made.writes) if topic == topics.REPORTS)
    assert said.losses[0].pointer == f"/{0:040}"
    assert said.losses[-1].reason == f"{3000 - (len(said.losses) - 1)} more"


def test_a_letter_that_is_cut_leaves_the_queue_of_its_subject() -> None:
    """It cannot be replayed, but given up: it is found again by the subject that is kept in it."""
    key = b"\xff" * 1_000_000
    store = Store()
    first = planned(
        Says(Permanent("mapping-failed", "x")), Sizes(SMALLEST), record(key, b"x", []), again=store
    )
    (letter,) = (DEAD.decode(row[1][HEAD:]) for topic, row in rows(first.writes) if topic == topics.DEAD)
    assert letter.cut == 1
    first.commit()
    assert len(store) > 0
    headers = [
        *letter.headers.items(),
        ("replay", f"{letter.stage} {letter.id}".encode()),
        ("discard", b"no"),
    ]
    given_up = planned(Says(Result()), Sizes(SMALLEST), record(letter.key, letter.body, headers), again=store)
    given_up.commit()
    assert len(store) == 0


@given(raw, listed, texts, st.sampled_from([*LIMITS, 2048]))
@settings(max_examples=40)
def test_what_a_delivery_says_fits(
    key: bytes, headers: list[tuple[str, bytes]], said: str, limit: int
) -> None:
    """Receipts and dead letters of any message, whatever the partner answered."""
    to = Destination("dlp", True, Kafka(bootstrap="127.0.0.1:1"), Processing(), CONTRACTS, Sizes())
    sizes = Sizes(max(limit, SMALLEST))
    for topic in (topics.RECEIPTS, topics.DEAD) if limit < SMALLEST else ():
        sizes.learn(topic, limit)
    one = record(key, b"x" * 1000, headers)
    done = Done(one, Envelope.of(one), Permanent("partner-refused", said), 3, b"body", 400)

    async def partitions(_: str) -> int:
        return 3

    writer: Any = SimpleNamespace(partitions=partitions, sizes=sizes)
    writes = asyncio.run(Track(to, 0)._writes([done], {}, writer, []))
    assert {topic for topic, _ in rows(writes)} == {topics.RECEIPTS, topics.DEAD}
    for topic, row in rows(writes):
        assert size_of(*row) <= sizes.of(topic), topic
