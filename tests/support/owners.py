"""Owners of one partition of a delivery, over a Kafka and a partner who answer when and what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from connectors.ports import Delivered, Outcome, OutgoingMessage, Park, Retry
from connectors.settings import Deliver
from corridor.roles.contracts import codec, json_form
from schemas.avro.wire import frame
from schemas.errors import Transient
from schemas.records import DEAD, RECEIPT
from streams.delivery import track
from streams.delivery.outbound import Outbound
from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes
from streams.kafka.transactions import Writes
from streams.partition.progress import Progress
from streams.records.contracts import HEAD, Contracts, ValueReader
from tests.support.clock import passed

PROFILE: Final = "dlp.event.v1"
NOWHERE: Final = Kafka(bootstrap="127.0.0.1:1")
AWAY: Final = Transient("kafka-unavailable", "away")
INPUT: Final = TopicPartition("out.dlp", 0)
OUTCOMES: Final[Mapping[str, Outcome]] = {
    "yes": Delivered(200, ""),
    "never": Park("partner-refused", "no", 422),
    "later": Retry(None, "partner-unavailable", "away"),
}


class Asked:
    """A question that waits for its answer."""

    def __init__(self, what: str, batch: Sequence[OutgoingMessage] = ()) -> None:
        self.what, self.batch = what, batch
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()


class Group:
    """What Kafka holds of the delivery, and whom it lets write; each commit is held against the promises."""

    def __init__(self, records: Sequence[Any]) -> None:
        self.records = records
        self.offset, self.metadata, self.epoch = 0, "", 0
        self.ended: dict[int, str] = {}
        """How each message ended: its receipt's outcome, or the code of its letter where it was not sent."""
        self.letters: dict[int, Any] = {}
        self.changelog: list[tuple[bytes, bytes | None]] = []
        self.delivered: list[int] = []
        """What the partner took, in turn."""
        self.asked: list[Asked] = []
        self.late: tuple[int, Writes, OffsetAndMetadata] | None = None
        """A transaction that nobody knows the end of: Kafka decides when the next writer comes."""
        self.kept = True
        """It decides that it was committed."""
        self.broken: list[str] = []
        """Promises that were not kept: whoever commits tries again after any exception, so none is raised."""

    def hold(self, kept: bool, promise: str) -> None:
        """Note a promise that is not kept."""
        if not kept:
            self.broken.append(promise)

    async def ask(self, what: str) -> str:
        """Wait for what the test answers."""
        asked = Asked(what)
        self.asked.append(asked)
        try:
            return await asked.answer
        finally:
            if asked in self.asked:
                self.asked.remove(asked)

    async def open(self, *_: object) -> Writer:
        """Fence whoever wrote before."""
        answer = await self.ask("open")
        if answer == "no":
            raise AWAY
        if self.late is not None and self.kept:
            self.apply(*self.late)
        self.late = None
        self.epoch += 1
        if answer == "unheard":
            raise AWAY
        return Writer(self, self.epoch)

    async def restore(
        self, _: object, __: object, sources: Sequence[TopicPartition], loads: Mapping[TopicPartition, Any]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Give what is committed."""
        if await self.ask("restore") != "yes":
            raise AWAY
        for load in loads.values():
            for key, value in self.changelog:
                load(key, value)
        return {tp: OffsetAndMetadata(self.offset, self.metadata) for tp in sources}

    def apply(self, epoch: int, writes: Writes, to: OffsetAndMetadata) -> None:
        """Commit, and see what the group's offset says now: what is finished, and with which proof."""
        self.hold(epoch == self.epoch, "who is fenced does not write")
        self.hold(
            to.offset >= self.offset, f"the group's offset goes from {self.offset} not back to {to.offset}"
        )
        before, after = Progress(self.offset, self.metadata), Progress(to.offset, to.metadata)
        everything = range(len(self.records))
        finished = {one for one in everything if after.is_finished(one)}
        earlier = {one for one in everything if before.is_finished(one)}
        self.hold(finished >= earlier, "what is finished stays so")
        ends: dict[int, str] = {}
        for (topic, _), rows in writes.rows.items():
            for key, value, _headers in rows:
                if topic == topics.RECEIPTS:
                    receipt = RECEIPT.decode((value or b"")[HEAD:])
                    self.hold(receipt.offset not in ends, f"one receipt of {receipt.offset}")
                    ends[receipt.offset] = receipt.outcome
                elif topic == topics.DEAD:
                    letter = DEAD.decode((value or b"")[HEAD:])
                    self.letters[letter.offset] = letter
                    ends.setdefault(letter.offset, letter.code)
                else:
                    self.changelog.append((key or b"", value))
        self.hold(finished - earlier == ends.keys(), f"{finished - earlier} end with proof, not {set(ends)}")
        told = {one for one, how in ends.items() if how == "DELIVERED"}
        self.hold(told <= set(self.delivered), f"{told} are delivered")
        self.ended |= ends
        self.offset, self.metadata = to.offset, to.metadata


class Writer:
    """A writer that the next one fences."""

    sizes = Sizes()

    def __init__(self, group: Group, epoch: int) -> None:
        self.group, self.epoch, self.spent, self.closed = group, epoch, False, False

    async def partitions(self, _: str) -> int:
        """One of each topic."""
        return 1

    async def commit(
        self, writes: Writes, _: str, offsets: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> None:
        """Commit, or not, and let it be heard, or not."""
        self.group.hold(not self.closed and not self.spent, "a writer in doubt is used no more")
        self.spent = True
        try:
            answer = await self.group.ask("commit")
        except asyncio.CancelledError:
            answer = "late"
            raise
        finally:
            if self.epoch != self.group.epoch:
                answer = "no"
            if answer == "late":
                self.group.late = self.epoch, writes, offsets[INPUT]
            elif answer in {"yes", "unheard"}:
                self.group.apply(self.epoch, writes, offsets[INPUT])
        if answer != "yes":
            raise AWAY
        self.spent = False

    async def close(self) -> None:
        """Be of no more use."""
        self.closed = True


class Side:
    """The partner: takes attempts, and answers each when the test says."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.sent: list[Asked] = []
        self.batches: list[list[int]] = []
        self.refused: set[int] = set()
        """What it refused for good."""

    async def deliver(self, batch: Sequence[OutgoingMessage]) -> Sequence[Outcome]:
        """Wait for what the test answers; what a batch holds stands in it once, one of each subject."""
        offsets = [int(one.id) for one in batch]
        self.group.hold(
            len({one.subject for one in batch}) == len(batch), f"one of each subject in {offsets}"
        )
        self.batches.append(offsets)
        asked = Asked("send", batch)
        self.sent.append(asked)
        try:
            how = await asked.answer
        finally:
            if asked in self.sent:
                self.sent.remove(asked)
        for one in batch:
            if how == "yes":
                self._take(int(one.id), one.subject)
            elif how == "never":
                self.refused.add(int(one.id))
        return [OUTCOMES[how]] * len(batch)

    def _take(self, offset: int, subject: str) -> None:
        """Apply a message; what it has is known by its key. Of each subject they come in order."""
        taken = self.group.delivered
        if offset not in taken:
            earlier = [one.offset for one in self.group.records[:offset] if subject_of(one) == subject]
            over = {*taken, *self.refused, *self.group.ended}
            self.group.hold(set(earlier) <= over, f"{offset} comes after {earlier}")
            taken.append(offset)

    async def close(self) -> None:
        """Have no connections."""


class Owner:
    """A process that delivers: it has the partition, or believes so."""

    def __init__(self, group: Group, side: Side, contracts: Contracts, **settings: Any) -> None:  # noqa: ANN401
        self.group, self.position, self.has = group, 0, False
        deliver = Deliver(url="https://dlp.example/", batch="array", max_batch=3, concurrency=2, **settings)
        self.outbound = Outbound(
            "dlp", side, deliver, json_form(PROFILE), codec(PROFILE), NOWHERE, Processing(), contracts
        )
        self.outbound._reader = ValueReader(contracts, codec(PROFILE), frame(1, b""))
        self.tasks = [asyncio.create_task(self.outbound._work()) for _ in range(2)]
        self.taking: asyncio.Task[None] | None = None
        self.leaving: asyncio.Task[None] | None = None

    async def assign(self) -> None:
        """Have the partition, from what is committed now."""
        if self.has or (self.leaving and not self.leaving.done()):
            return
        self.has, self.position = True, self.group.offset
        await self.outbound.assign([0])

    def revoke(self) -> None:
        """Hear that it has gone to another."""
        if self.has:
            self.has = False
            self.leaving = asyncio.create_task(self.outbound.release([0]))

    def fetch(self, count: int) -> None:
        """Read on."""
        if self.has and (self.taking is None or self.taking.done()):
            records = list(self.group.records[self.position : self.position + count])
            self.position += len(records)
            if records:
                self.taking = asyncio.create_task(self.outbound._take(0, records))

    async def end(self) -> None:
        """Let everything go; nothing must have failed by itself."""
        self.revoke()
        if self.leaving:
            await self.leaving
        for task in (*self.tasks, self.taking):
            if task is not None:
                if task.done():
                    task.result()
                task.cancel()


def record(offset: int, subject: str, body: bytes) -> Any:  # noqa: ANN401
    """A record of ``out.dlp``."""
    facts = {"id": f"{offset}", "origin": f"dtc/{offset}", "hops": "dtc", "accepted": "1", "subject": subject}
    headers = [(name, value.encode()) for name, value in facts.items()]
    return SimpleNamespace(
        topic=INPUT.topic, partition=0, offset=offset, key=b"k", value=body, headers=headers, timestamp=1
    )


def subject_of(record: Any) -> str:  # noqa: ANN401
    """The unit of order of a record."""
    return str(dict(record.headers)["subject"].decode())


@contextmanager
def kafka_is(group: Group) -> Iterator[None]:
    """Let the tracks have this Kafka."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(track, "Writer", SimpleNamespace(open=group.open))
        patch.setattr(track, "restore", group.restore)
        yield


async def answered(asked: list[Asked], number: int, how: str) -> None:
    """Answer one of the questions that wait, and let everybody go on."""
    if asked:
        one = asked.pop(number % len(asked))
        if not one.answer.done():
            one.answer.set_result(how)
    await passed()
