"""Delivery over a real Kafka to a partner whose answers the test decides."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from connectors.ports import Delivered, Outcome, OutgoingMessage, Park, Retry
from connectors.settings import Backoff, Deliver
from schemas.avro.jsonform import JsonForm
from schemas.records import RECEIPT, Receipt
from streams.delivery.outbound import Outbound
from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing, Topics
from streams.operations.again import WantedMessages, deliver_again
from streams.operations.dead import DIED, WantedLetters, listed, opened
from streams.operations.replay import discard, replay
from streams.records.contracts import Contracts
from streams.records.envelope import headers
from tests.support.counting import CODEC, FRAME, SCHEMA
from tests.support.kafka import Row, members, produce, read
from tests.support.measured import measured, until

pytestmark = pytest.mark.kafka

ACCEPTED = 1_700_000_000_000
PROCESSING = Processing(app="test")
Answer = Callable[[OutgoingMessage], Outcome]


def delivered(_: OutgoingMessage) -> Outcome:
    """The partner takes the message."""
    return Delivered(202, "key")


class Partner:
    """Answers as the test says, and remembers every attempt."""

    def __init__(self, answer: Answer = delivered) -> None:
        self.answer = answer
        self.attempts: list[OutgoingMessage] = []
        self.effects: dict[str, list[str]] = defaultdict(list)
        self.under_way: Counter[str] = Counter()
        self.overlaps = 0
        self._wanted, self._reached = 0, asyncio.Event()

    async def attempted(self, more: int) -> None:
        """Return after so many more attempts."""
        self._wanted = len(self.attempts) + more
        self._reached.clear()
        await asyncio.wait_for(self._reached.wait(), 30)

    async def deliver(self, batch: Sequence[OutgoingMessage]) -> Sequence[Outcome]:
        """Answer one attempt."""
        return [await self._one(message) for message in batch]

    async def _one(self, message: OutgoingMessage) -> Outcome:
        self.attempts.append(message)
        self.under_way[message.subject] += 1
        self.overlaps += self.under_way[message.subject] > 1
        if len(self.attempts) >= self._wanted:
            self._reached.set()
        await asyncio.sleep(0)
        self.under_way[message.subject] -= 1
        outcome = self.answer(message)
        if isinstance(outcome, Delivered) and message.id not in self.effects[message.subject]:
            self.effects[message.subject].append(message.id)
        return outcome

    async def close(self) -> None:
        """Nothing is open."""


async def prepare(kafka: str) -> str:
    """Make the topics of a new participant."""
    participant = f"t{uuid4().hex[:10]}"
    wanted = {f"out.{participant}", f"state.deliver.{participant}", topics.DEAD, topics.RECEIPTS}
    listed = [topic for topic in topics.plan([participant], Topics(partitions=2)) if topic.name in wanted]
    await topics.create(Kafka(bootstrap=kafka), listed)
    return participant


def message(subject: str, number: int) -> Row:
    """A record for the partner."""
    identity = f"{subject}-{number}"
    listed = headers(identity, f"o/{identity}", ("o",), ACCEPTED, subject=subject)
    return subject.encode(), FRAME + CODEC.encode({"n": number}), listed


@asynccontextmanager
async def delivering(
    kafka: str,
    participant: str,
    partner: Partner,
    *,
    on_dead: str = "pass",
    budget: int = 4_194_304,
    form: JsonForm | None = None,
) -> AsyncIterator[Outbound]:
    """Run the delivery to a partner."""
    settings = Deliver(
        url="http://127.0.0.1:1", on_dead=on_dead, backoff=Backoff(first=0.05, longest=0.1), concurrency=8
    )  # type: ignore[arg-type]
    contracts = Contracts(None)
    await contracts.start()
    processing = Processing(app="test", commit_interval=0.05, session_timeout=6.0, prefetch_bytes=budget)
    outbound = Outbound(
        participant,
        partner,
        settings,
        form or JsonForm(SCHEMA),
        CODEC,
        Kafka(bootstrap=kafka),
        processing,
        contracts,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(outbound.run(stop))
    try:
        yield outbound
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def receipts(kafka: str, participant: str, enough: int) -> list[Receipt]:
    """Committed receipts of a participant."""
    records = await read(kafka, topics.RECEIPTS, enough, keep=lambda r: participant.encode() in r.value)
    return [RECEIPT.decode(record.value[5:]) for record in records]


async def test_messages_of_a_subject_arrive_in_order_and_once(kafka: Kafka) -> None:
    """Every message is delivered once, in the order of its subject, with one receipt."""
    participant, partner = await prepare(kafka.bootstrap), Partner()
    rows = [message(f"s{n % 7}", n) for n in range(300)]
    await produce(kafka.bootstrap, f"out.{participant}", rows)
    async with delivering(kafka.bootstrap, participant, partner):
        found = await receipts(kafka.bootstrap, participant, 300)
    assert partner.effects == {f"s{k}": [f"s{k}-{n}" for n in range(k, 300, 7)] for k in range(7)}
    assert not partner.overlaps
    assert len(partner.attempts) == len({receipt.id for receipt in found}) == len(found) == 300
    assert {partner.attempts[0].body} == {b'{"n":%d}' % int(partner.attempts[0].id.split("-")[1])}


async def test_a_stuck_subject_holds_back_only_itself(kafka: Kafka) -> None:
    """While one subject is refused, the others go on; a restart repeats none of them."""
    participant = await prepare(kafka.bootstrap)
    rows = [message(subject, n) for n in range(40) for subject in ("stuck", "a", "b")]
    await produce(kafka.bootstrap, f"out.{participant}", rows)

    def refuse(message: OutgoingMessage) -> Outcome:
        return (
            Retry(None, "partner-unavailable", "not now")
            if message.subject == "stuck"
            else delivered(message)
        )

    first, second = Partner(refuse), Partner()
    async with delivering(kafka.bootstrap, participant, first):
        assert len(await receipts(kafka.bootstrap, participant, 80)) == 80
        await until(lambda: any(attempt.subject == "stuck" for attempt in first.attempts))
    async with delivering(kafka.bootstrap, participant, second):
        assert len(await receipts(kafka.bootstrap, participant, 120)) == 120
    assert set(first.effects) - {"stuck"} == {"a", "b"}
    assert not first.effects["stuck"]
    assert second.effects == {"stuck": [f"stuck-{n}" for n in range(40)]}
    assert {attempt.id for attempt in first.attempts if attempt.subject == "stuck"} == {"stuck-0"}


async def test_what_waits_is_measured(kafka: Kafka) -> None:
    """While the partner is away lag, count and age of what waits are shown; afterwards they are 0."""
    participant, away = await prepare(kafka.bootstrap), True

    def answer(message: OutgoingMessage) -> Outcome:
        return Retry(0.1, "partner-unavailable", "circuit", paused=True) if away else delivered(message)

    def lag() -> list[float | None]:
        stage = f"deliver.{participant}"
        return [measured("consumer_lag_records", processor=stage, partition=str(n)) for n in range(2)]

    def value(name: str) -> float | None:
        return measured(name, participant=participant)

    await produce(kafka.bootstrap, f"out.{participant}", [message(f"s{n % 5}", n) for n in range(30)])
    async with delivering(kafka.bootstrap, participant, Partner(answer)):
        await until(lambda: sum(each or 0 for each in lag()) == value("undelivered_records") == 30)
        assert value("oldest_undelivered_seconds") == pytest.approx(time.time() - ACCEPTED / 1000, abs=60)
        await until(lambda: value("delivery_paused") == 1)  # it is 0 while an attempt is made
        away = False
        await receipts(kafka.bootstrap, participant, 30)
        await until(lambda: lag() == [0, 0])
        assert value("undelivered_records") == value("oldest_undelivered_seconds") == 0
        assert value("end_to_end_seconds_count") == 30
    assert lag() == [None, None]


async def test_a_partner_that_is_away_costs_no_memory_and_no_message(kafka: Kafka) -> None:
    """While the partner is away reading stops at the budget; when it is back everything arrives."""
    participant, away = await prepare(kafka.bootstrap), True

    def answer(message: OutgoingMessage) -> Outcome:
        return Retry(0.1, "partner-unavailable", "circuit", paused=True) if away else delivered(message)

    partner = Partner(answer)
    await produce(kafka.bootstrap, f"out.{participant}", [message(f"s{n % 50}", n) for n in range(3_000)])
    async with delivering(kafka.bootstrap, participant, partner, budget=4_000) as outbound:
        await partner.attempted(20)
        assert outbound._in_hand <= 1_000
        away = False
        assert len(await receipts(kafka.bootstrap, participant, 3_000)) == 3_000
    assert sum(map(len, partner.effects.values())) == 3_000


async def test_a_refused_message_waits_for_its_replay_and_its_subject_behind_it(kafka: Kafka) -> None:
    """With `wait`, messages behind a dead letter die too, until replays bring the subject up to date."""
    participant, fixed = await prepare(kafka.bootstrap), False

    def answer(message: OutgoingMessage) -> Outcome:
        bad = message.id == "s-1" and not fixed
        return Park("partner-refused", "bad field", 422) if bad else delivered(message)

    partner, where = Partner(answer), Kafka(bootstrap=kafka.bootstrap)
    wanted = WantedLetters(stage=f"deliver.{participant}")
    await produce(kafka.bootstrap, f"out.{participant}", [message("s", n) for n in range(4)])
    async with delivering(kafka.bootstrap, participant, partner, on_dead="wait"):
        await read(
            kafka.bootstrap, topics.DEAD, 3, keep=lambda r: r.value and participant.encode() in r.value
        )
        letters = await listed(where, wanted)
        assert [(letter.offset, letter.code, letter.behind) for letter in letters] == [
            (1, "partner-refused", None),
            (2, "behind-dead-letter", letters[0].id),
            (3, "behind-dead-letter", letters[0].id),
        ]
        fixed = True
        assert (await replay(where, letters)).sent == 3
        found = await receipts(kafka.bootstrap, participant, 5)
        assert not await listed(where, wanted)
        await produce(kafka.bootstrap, f"out.{participant}", [message("s", 4)])
        await receipts(kafka.bootstrap, participant, 6)
    assert partner.effects == {"s": [f"s-{n}" for n in range(5)]}
    assert Counter(receipt.outcome for receipt in found) == {"DELIVERED": 4, "PARKED": 1}


async def test_a_replay_given_twice_sends_nothing_twice(kafka: Kafka) -> None:
    """While the partner is away the letters are under way: a second replay sends none again."""
    participant, state = await prepare(kafka.bootstrap), "refuses"

    def answer(message: OutgoingMessage) -> Outcome:
        if state == "away":
            return Retry(0.05, "partner-unavailable", "away", paused=True)
        return delivered(message) if state == "well" else Park("partner-refused", "bad field", 422)

    partner, where = Partner(answer), Kafka(bootstrap=kafka.bootstrap)
    wanted, topic = WantedLetters(stage=f"deliver.{participant}"), f"out.{participant}"
    await produce(kafka.bootstrap, topic, [message(f"s{n}", n) for n in range(9)])
    async with delivering(kafka.bootstrap, participant, partner):
        await read(
            kafka.bootstrap, topics.DEAD, 9, keep=lambda r: r.value and participant.encode() in r.value
        )
        letters = await listed(where, wanted)
        died = {found.letter.id: found.died async for found in opened(where, wanted)}
        state = "away"
        assert await replay(where, letters, processing=PROCESSING) == (9, 0, 0)
        assert await replay(where, letters, processing=PROCESSING) == (0, 9, 0)
        going = [found async for found in opened(where, wanted)]
        assert {found.letter.id: found.died for found in going} == died, "when they died is kept"
        assert all(found.replayed is not None and DIED in dict(found.headers) for found in going)
        state = "well"
        await receipts(kafka.bootstrap, participant, 18)
        assert await listed(where, wanted) == []
        assert await replay(where, letters, processing=PROCESSING) == (0, 0, 9), "they are settled"
    rows = await read(kafka.bootstrap, topic, 18)
    assert Counter(record.key for record in rows) == dict.fromkeys((b"s%d" % n for n in range(9)), 2)
    assert partner.effects == {f"s{n}": [f"s{n}-{n}"] for n in range(9)}


async def test_what_failed_again_can_be_replayed_again(kafka: Kafka) -> None:
    """A replay that is refused is no longer under way."""
    participant = await prepare(kafka.bootstrap)
    partner = Partner(lambda _: Park("partner-refused", "bad field", 422))
    where, wanted = Kafka(bootstrap=kafka.bootstrap), WantedLetters(stage=f"deliver.{participant}")
    await produce(kafka.bootstrap, f"out.{participant}", [message("s", 0)])
    async with delivering(kafka.bootstrap, participant, partner):
        for died in (1, 2):
            await receipts(kafka.bootstrap, participant, died)
            letters = await listed(where, wanted)
            assert await replay(where, letters, processing=PROCESSING) == (1, 0, 0)
        await receipts(kafka.bootstrap, participant, 3)
    assert len(partner.attempts) == 3


async def test_a_letter_that_is_given_up_frees_its_subject(kafka: Kafka) -> None:
    """It is settled with the reason and not sent; what waited behind it goes on when it is replayed."""
    participant = await prepare(kafka.bootstrap)

    def answer(message: OutgoingMessage) -> Outcome:
        return Park("partner-refused", "bad field", 422) if message.id == "s-0" else delivered(message)

    partner, where = Partner(answer), Kafka(bootstrap=kafka.bootstrap)
    wanted = WantedLetters(stage=f"deliver.{participant}")
    await produce(kafka.bootstrap, f"out.{participant}", [message("s", n) for n in range(3)])
    async with delivering(kafka.bootstrap, participant, partner, on_dead="wait"):
        mine = participant.encode()
        await read(kafka.bootstrap, topics.DEAD, 3, keep=lambda r: r.value and mine in r.value)
        bad, *behind = await listed(where, wanted)
        assert (await discard(where, [bad], "sent by mail", processing=PROCESSING)).sent == 1
        (settled,) = await read(
            kafka.bootstrap, topics.DEAD, 1, keep=lambda r: r.value is None and r.key == bad.id.encode()
        )
        assert dict(settled.headers)["discarded"] == b"sent by mail"
        assert (await replay(where, behind, processing=PROCESSING)).sent == 2
        await receipts(kafka.bootstrap, participant, 3)
        assert await listed(where, wanted) == []
        await produce(kafka.bootstrap, f"out.{participant}", [message("s", 3)])
        await receipts(kafka.bootstrap, participant, 4)
    assert [one.id for one in partner.attempts] == ["s-0", "s-1", "s-2", "s-3"]


async def test_what_a_partner_lost_is_delivered_again(kafka: Kafka) -> None:
    """One subject of two, in order, under the ids that it had; given again, each goes out once more only."""
    participant, partner, where = await prepare(kafka.bootstrap), Partner(), Kafka(bootstrap=kafka.bootstrap)
    rows = [message(subject, number) for number in range(4) for subject in ("a", "b")]
    await produce(kafka.bootstrap, f"out.{participant}", rows)
    async with delivering(kafka.bootstrap, participant, partner, on_dead="wait"):
        await receipts(kafka.bootstrap, participant, 8)
        for more in (4, 8):
            assert await deliver_again(where, participant, WantedMessages(subject="a"), PROCESSING) == 4
            await receipts(kafka.bootstrap, participant, 8 + more)
        assert await deliver_again(where, participant, WantedMessages(subject="a", until=1), PROCESSING) == 0
        assert await listed(where, WantedLetters(stage=f"deliver.{participant}")) == []
    attempts = Counter(one.subject for one in partner.attempts)
    assert attempts == {"a": 12, "b": 4}
    assert [one.id for one in partner.attempts[8:]] == [f"a-{n}" for n in range(4)] * 2


async def test_a_record_that_has_no_json_form_dies_alone(kafka: Kafka) -> None:
    """What cannot be written as JSON, by a defect of ours, is a dead letter; its neighbours are delivered."""

    class Choosy(JsonForm):
        def from_datum(self, datum: Any) -> bytes:  # noqa: ANN401 - any datum
            if datum == {"n": 3}:
                raise OverflowError("year 10000")
            return super().from_datum(datum)

    participant, partner = await prepare(kafka.bootstrap), Partner()
    await produce(kafka.bootstrap, f"out.{participant}", [message(f"s{n}", n) for n in range(6)])
    async with delivering(kafka.bootstrap, participant, partner, form=Choosy(SCHEMA)):
        await receipts(kafka.bootstrap, participant, 5)
        mine = WantedLetters(stage=f"deliver.{participant}")
        await read(kafka.bootstrap, topics.DEAD, 1, keep=lambda r: participant.encode() in (r.value or b""))
        (letter,) = await listed(Kafka(bootstrap=kafka.bootstrap), mine)
    assert (letter.code, letter.subject) == ("internal", "s3")
    assert set(partner.effects) == {f"s{n}" for n in range(6)} - {"s3"}


async def test_a_worker_that_ends_by_a_defect_ends_the_delivery(kafka: Kafka) -> None:
    """A defect is never a delivery that stands still: the role ends and is started anew."""
    asked = asyncio.Event()

    class Mute(Partner):
        async def deliver(self, batch: Sequence[OutgoingMessage]) -> Sequence[Outcome]:  # noqa: ARG002
            asked.set()
            return []

    participant = await prepare(kafka.bootstrap)
    await produce(kafka.bootstrap, f"out.{participant}", [message("s", 1)])
    with pytest.raises(ExceptionGroup):
        async with delivering(kafka.bootstrap, participant, Mute()):
            await asyncio.wait_for(asked.wait(), 30)


async def test_two_processes_share_a_partner(kafka: Kafka) -> None:
    """A second process joins and leaves: every message still has one effect, in order, and one receipt."""
    participant, partner = await prepare(kafka.bootstrap), Partner()
    group = f"test.deliver.{participant}"
    async with delivering(kafka.bootstrap, participant, partner):
        await produce(kafka.bootstrap, f"out.{participant}", [message(f"s{n % 9}", n) for n in range(500)])
        async with delivering(kafka.bootstrap, participant, partner):
            await members(kafka.bootstrap, group, 2)
            rows = [message(f"s{n % 9}", n) for n in range(500, 1_000)]
            await produce(kafka.bootstrap, f"out.{participant}", rows)
            await receipts(kafka.bootstrap, participant, 1_000)
        rows = [message(f"s{n % 9}", n) for n in range(1_000, 1_500)]
        await produce(kafka.bootstrap, f"out.{participant}", rows)
        found = await receipts(kafka.bootstrap, participant, 1_500)
    assert len({receipt.id for receipt in found}) == len(found) == 1_500
    assert partner.effects == {f"s{k}": [f"s{k}-{n}" for n in range(k, 1_500, 9)] for k in range(9)}
