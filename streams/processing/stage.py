"""A processor's place between two topics, and what a batch of its records comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from schemas.records import DeadLetter
from schemas.translation import Record, Result
from schemas.translation.message import State
from schemas.translation.store import Store
from streams import metrics
from streams.kafka import topics
from streams.kafka.sizes import Sizes
from streams.kafka.transactions import Writes
from streams.records.letters import announce


class Translates(Protocol):
    """The translator as a stage sees it (`schemas.translation.Translator`)."""

    @property
    def name(self) -> str:
        """The mapping's name."""

    @property
    def stateful(self) -> bool:
        """Whether results change state."""

    def translate(self, record: Record, state: State) -> Result:
        """Translate one record; raises `Permanent` for one that can not go on."""


class Reads(Protocol):
    """Turns values of a topic into bodies for the translator (`streams.records.contracts.ValueReader`)."""

    async def learn(self, values: Iterable[bytes | None]) -> None:
        """Look up whatever the values need to be read."""

    def whole(self, record: Any) -> bytes | None:  # noqa: ANN401 - Kafka's
        """Give a value with what it is read by in front; raises `Permanent` when that is none."""

    def __call__(self, value: bytes) -> bytes:
        """Give the body of a value; raises `Permanent` when there is none."""


class Stage(NamedTuple):
    """One processor's place: what it reads, how it translates, where it writes.

    Attributes:
        name: ``to-corridor.<participant>`` or ``from-corridor.<participant>``.
        source: topic it reads.
        target: topic it writes.
        participant: whose processor it is.
        translator: the pure translation.
        read: value of a record to the Avro body of the translator's schema.
        frame: wire format of the target's schema, put before every body.
        toward: True when the target is the participant itself: nothing that passed it goes there.
        wait: later messages of a subject wait behind its dead letter.
        dead: topic of dead letters.
        reports: topic of reports; None: losses are counted only.
        foreign: what it reads has headers of its own, which outputs keep.
        skim: says of a value whether the translator may make anything of it, and so spares the reading of
            headers; only for a stage that has nothing to say of the others, neither in state nor in reports.
        own_changelog: topic of its state, where it is not named after the stage.
    """

    name: str
    source: str
    target: str
    participant: str
    translator: Translates
    read: Reads
    frame: bytes
    toward: bool = False
    wait: bool = False
    dead: str = topics.DEAD
    reports: str | None = topics.REPORTS
    foreign: bool = False
    skim: Callable[[bytes], bool] | None = None
    own_changelog: str = ""

    @property
    def stateful(self) -> bool:
        """Whether it has state: of its mapping, or of what waits behind a dead letter."""
        return self.translator.stateful or self.wait

    @property
    def changelog(self) -> str:
        """Topic of its state."""
        return self.own_changelog or topics.changelog(self.name)


class Tally:
    """What a batch adds to the metrics once it is committed."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[Any, ...]] = Counter()
        self.dead: list[DeadLetter] = []
        self.latencies: list[tuple[str, float]] = []
        """Participant and seconds from what a message tells of to its acceptance."""

    def publish(self) -> None:
        """Add everything to the metrics."""
        for (metric, *labels), count in self.counts.items():
            metric.labels(*labels).inc(count)
        for participant, seconds in self.latencies:
            metrics.data_latency.labels(participant).observe(seconds)
        for letter in self.dead:
            announce(letter)


class Planned:
    """A translated batch: its writes, and the state and counts that hold once they are committed."""

    def __init__(self, store: Store, processor: str, partition: int, sizes: Sizes) -> None:
        self.writes = Writes(sizes)
        self.tally = Tally()
        self.state = store.begin()
        self.straight = 0
        """Outputs that were written without a step of their own."""
        self._store = store
        self._labels = processor, partition

    def commit(self) -> None:
        """Make the state of the batch the partition's state, and count."""
        self.state.commit()
        self.tally.publish()
        if self.straight:
            metrics.records_out.labels(self._labels[0]).inc(self.straight)
        metrics.state_entries.labels(*self._labels).set(len(self._store))
        metrics.state_bytes.labels(*self._labels).set(self._store.size)
