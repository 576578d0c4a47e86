"""Two owners of one partition who do not know of each other: nothing finished comes back, nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from streams.partition.progress import Progress

RECORDS = 12


@dataclass
class Group:
    """What Kafka holds for the group: one commit at a time, and only of the owner who fenced last."""

    offset: int = 0
    metadata: str = ""
    epoch: int = 0
    receipts: set[int] = field(default_factory=set)

    def known(self) -> Progress:
        """What a new owner reads."""
        return Progress(self.offset, self.metadata)


@dataclass
class Owner:
    """What a track does with its progress, with a writer that another owner's writer fences."""

    group: Group
    progress: Progress
    epoch: int
    finished: list[int] = field(default_factory=list)

    def take(self) -> None:
        """Read whatever comes next."""
        for offset in range(RECORDS):
            self.progress.take(offset)

    def finish(self, offset: int) -> None:
        """Deliver one."""
        if offset in self.progress.unfinished and self.progress.finish(offset):
            self.finished.append(offset)

    def commit(self, *, heard: bool) -> None:
        """Commit what is finished, after fencing if another wrote; perhaps the answer is lost."""
        if self.epoch != self.group.epoch:
            self.open()
        base, metadata, high = self.progress.commit()
        assert base >= self.group.offset, "the group's offset moved back"
        now = [one for one in self.finished if one < high]
        assert not self.group.receipts & set(now), "a second receipt"
        self.group.offset, self.group.metadata = base, metadata
        self.group.receipts |= set(now)
        if heard:
            self.finished = [one for one in self.finished if one >= high]
        else:
            self.open()

    def open(self) -> None:
        """Fence the other, and read what is committed."""
        self.group.epoch += 1
        self.epoch = self.group.epoch
        known = self.group.known()
        self.progress.learn(known)
        self.finished = [one for one in self.finished if not known.is_finished(one)]


actions = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["take", "finish", "commit", "in-doubt"]),
        st.integers(0, RECORDS - 1),
    ),
    max_size=60,
)


@given(actions)
def test_the_groups_offset_never_moves_back(steps: list[tuple[int, str, int]]) -> None:
    """Whatever two owners do in whatever order: one receipt each at most, no commit below what is committed.

    In the end, when one of them finishes all, everything has its receipt.
    """
    group = Group()
    owners = []
    for _ in range(2):
        group.epoch += 1
        owners.append(Owner(group, group.known(), group.epoch))
    for who, what, offset in steps:
        owner = owners[who]
        match what:
            case "take":
                owner.take()
            case "finish":
                owner.finish(offset)
            case _:
                owner.commit(heard=what == "commit")
    last = owners[0]
    last.open()
    last.take()
    for offset in sorted(last.progress.unfinished):
        last.finish(offset)
    last.commit(heard=True)
    assert group.receipts == set(range(RECORDS))
    assert group.offset == RECORDS
