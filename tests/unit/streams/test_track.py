"""Tracks of one partition in every interleaving: owners who know of each other and who do not, and outages.

`tests.support.owners.Group` holds each commit against the promises: the group's offset never goes back, what
a commit says is finished has its receipt or letter in it, once, and the partner gets each subject in order.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from corridor.roles.contracts import json_form
from schemas import profiles
from schemas.avro.wire import frame
from schemas.translation.store import Store
from streams.delivery.track import GRACE
from streams.partition.waiting import Queue
from streams.records.contracts import Contracts
from tests.support.clock import passed, played
from tests.support.owners import PROFILE, Group, Owner, Side, answered, kafka_is, record, subject_of

EXAMPLE = msgspec.json.encode(next(iter(profiles.load(PROFILE).examples.values())))
BODY = frame(1, b"") + json_form(PROFILE).take(EXAMPLE)[0]
SUBJECTS = ("NOTE:1", "NOTE:2", "NOTE:1", "NOTE:1", "NOTE:3", "NOTE:2", "NOTE:1", "NOTE:3")
SOAK = bool(os.environ.get("CORRIDOR_SOAK"))
TICK = 1.0
"""Seconds in which every track commits and every pause is over."""
LONGEST = 200
"""Ticks in which everything must have come to its end."""


class World:
    """Two processes, one Kafka, one partner."""

    def __init__(self, contracts: Contracts, subjects: tuple[str, ...], on_dead: str) -> None:
        self.group = Group([record(offset, subject, BODY) for offset, subject in enumerate(subjects)])
        self.side = Side(self.group)
        self.make = partial(Owner, self.group, self.side, contracts, on_dead=on_dead)
        self.first, self.second = self.make(), self.make()
        self.owners = [self.first, self.second]

    async def kafka(self, how: str = "yes", number: int = 0) -> str:
        """Let Kafka answer one who asks; gives what it was."""
        what = self.group.asked[number % len(self.group.asked)].what if self.group.asked else ""
        await answered(self.group.asked, number, how)
        return what

    async def partner(self, how: str = "yes", number: int = 0) -> None:
        """Let the partner answer one attempt."""
        await answered(self.side.sent, number, how)

    async def begin(self, owner: Owner, count: int = 100) -> None:
        """Give somebody the partition, and let it read on."""
        await owner.assign()
        owner.fetch(count)
        await passed()
        assert [await self.kafka(), await self.kafka()] == ["open", "restore"]

    async def commits(self) -> None:
        """Wait until somebody commits."""
        while not any(one.what == "commit" for one in self.group.asked):
            await passed(TICK)

    async def kafka_answers(self) -> None:
        """Let Kafka answer for some time."""
        for _ in range(20):
            while self.group.asked:
                await self.kafka()
            await passed(TICK)

    async def finish(self) -> None:
        """Let all others go, and one process do what is left, with a Kafka and a partner that answer."""
        for owner in self.owners:
            owner.revoke()
        await passed()
        last = self.make()
        self.owners.append(last)
        for _ in range(LONGEST):
            await last.assign()
            last.fetch(100)
            while self.group.asked:
                await self.kafka()
            while self.side.sent:
                await self.partner()
            await passed(TICK)
            if self.group.offset == len(self.group.records):
                break
        for owner in self.owners:
            await owner.end()
        assert self.group.broken == []
        assert self.group.ended.keys() == set(range(len(self.group.records)))
        assert self.side.refused | set(self.group.delivered) | self.behind() == self.group.ended.keys()
        self.queues_hold_what_is_dead()

    def behind(self) -> set[int]:
        """Messages that were not sent, behind a dead letter."""
        return {offset for offset, how in self.group.ended.items() if how == "behind-dead-letter"}

    def queues_hold_what_is_dead(self) -> None:
        """Under the policy `wait`: each subject waits for its dead letters, and for no others."""
        if not self.last_waits:
            return
        store = Store()
        for key, entry in self.group.changelog:
            store.load(key, entry)
        for subject in set(map(subject_of, self.group.records)):
            dead = [one.id for _, one in sorted(self.group.letters.items()) if one.subject == subject]
            assert [str(UUID(bytes=one)) for one in Queue(subject, store.get)._letters] == dead

    @property
    def last_waits(self) -> bool:
        """Tell whether subjects wait behind dead letters."""
        return self.first.outbound.settings.on_dead == "wait"


def told(
    play: Callable[[World], Awaitable[None]], subjects: tuple[str, ...] = SUBJECTS, on_dead: str = "pass"
) -> None:
    """Play a story to its end."""

    async def story() -> None:
        contracts = Contracts(None)
        await contracts.start()
        world = World(contracts, subjects, on_dead)
        with kafka_is(world.group):
            await play(world)
            await world.finish()

    with capture_logs():
        played(story)


@pytest.mark.parametrize("answer", ["yes", "never", "later"])
def test_revoked_while_sending(answer: str) -> None:
    """The answer comes when another has the partition: the other sends it again, and its end counts."""

    async def play(world: World) -> None:
        await world.begin(world.first)
        assert world.side.batches == [[0, 1, 4]]
        world.first.revoke()
        await world.begin(world.second)
        assert world.side.batches == [[0, 1, 4], [0, 1, 4]]
        await world.partner(answer)
        await passed(TICK)
        assert world.group.ended == {}
        await world.partner()
        await world.commits()
        await world.kafka()
        assert world.group.ended == {0: "DELIVERED", 1: "DELIVERED", 4: "DELIVERED"}

    told(play)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("how", ["yes", "no", "unheard", "late", "nothing"])
def test_revoked_while_committing(how: str, kept: bool) -> None:
    """The commit ends in time, or is given up: the next owner goes on from what became of it."""

    async def play(world: World) -> None:
        world.group.kept = kept
        await world.begin(world.first)
        await world.partner()
        await world.commits()
        world.first.revoke()
        await (passed(GRACE + 1) if how == "nothing" else world.kafka(how))
        await passed(TICK)
        assert world.group.asked == [], "who has let go opens no writer any more"
        await world.begin(world.second)
        committed = how in {"yes", "unheard"} or (kept and how in {"late", "nothing"})
        assert set(world.group.ended) == ({0, 1, 4} if committed else set())
        assert world.side.batches[2:] == ([[2, 5, 7]] if committed else [[0, 1, 4]])

    told(play)


def test_an_outage_in_the_middle_of_a_rebalance() -> None:
    """The old owner's commit is in doubt, the new one cannot begin for long: it loses and doubles nothing."""

    async def play(world: World) -> None:
        await world.begin(world.first)
        await world.partner()
        await world.commits()
        world.first.revoke()
        await world.second.assign()
        world.second.fetch(100)
        await passed()
        await world.kafka("late")
        for answers in (["no"], ["unheard"], ["yes", "no"], ["no"], ["yes", "yes"]):
            for how in answers:
                await world.kafka(how)
            await passed(2 * TICK)
        assert set(world.group.ended) == {0, 1, 4}
        assert world.side.batches == [[0, 1, 4], [2, 5, 7], [2, 5, 7]]

    told(play)


def test_two_owners_in_turn_who_do_not_know_of_each_other() -> None:
    """Each fences the other, and takes over what the other has committed meanwhile."""

    async def play(world: World) -> None:
        await world.begin(world.first)
        await world.partner()  # the first has 0, 1 and 4, and sends 2, 5 and 7
        await world.begin(world.second)
        await world.partner("yes", 1)
        await world.partner("yes", 1)  # the second has 0, 1, 4, and 2, 5, 7
        await world.partner("yes", 1)  # and 3
        await world.kafka_answers()
        assert world.group.ended.keys() == {0, 1, 2, 3, 4, 5, 7}
        await world.partner()  # the first has 2, 5 and 7 as well, long after
        await world.kafka_answers()

    told(play)


def test_what_another_has_delivered_is_nothing_to_wait_behind() -> None:
    """The partner refused it from one owner and took it from the other, whose end counts."""

    async def play(world: World) -> None:
        await world.begin(world.first)
        await world.partner("never")
        await world.commits()
        await world.second.assign()
        world.second.fetch(3)
        await passed()
        await world.kafka("yes", 1)
        await world.kafka("yes", 1)
        await world.partner()
        await passed(TICK)
        await world.kafka("yes", 1)
        assert world.group.ended == {0: "DELIVERED", 1: "DELIVERED"}
        await world.kafka_answers()

    told(play, on_dead="wait")


actions = st.lists(
    st.tuples(
        st.sampled_from(
            ["fetch", "assign", "revoke", "kafka", "kafka", "partner", "partner", "pass", "flip"]
        ),
        st.integers(0, 3),
        st.sampled_from(["yes", "yes", "no", "unheard", "late"]),
        st.sampled_from(["yes", "yes", "never", "later"]),
    ),
    max_size=60,
)


@settings(max_examples=1000 if SOAK else 40)
@given(actions, st.sampled_from(["pass", "wait"]))
def test_no_interleaving_moves_the_offset_back(steps: list[tuple[str, int, str, str]], on_dead: str) -> None:
    """Whatever two owners, Kafka and the partner do in whatever order."""

    async def play(world: World) -> None:
        for what, number, kafka, partner in steps:
            owner = world.owners[number % 2]
            match what:
                case "fetch":
                    owner.fetch(number + 1)
                case "assign":
                    await owner.assign()
                case "revoke":
                    owner.revoke()
                case "kafka":
                    await world.kafka(kafka, number)
                case "partner":
                    await world.partner(partner, number)
                case "pass":
                    await passed(TICK * number)
                case _:
                    world.group.kept = not world.group.kept
            await passed()

    told(play, on_dead=on_dead)
