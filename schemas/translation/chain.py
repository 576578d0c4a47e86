"""Several translations one after the other with their states: how two profiles meet without Kafka."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from schemas.errors import Permanent
from schemas.translation.model import Context, Output, Record, Result
from schemas.translation.store import Store
from schemas.translation.translator import Translator


@dataclass
class Stage:
    """One translator with its state, as one partition of a topic would have it.

    Attributes:
        participant: whose profile it translates from or to; an output that passed it already is an echo where
            ``toward`` is true.
    """

    translator: Translator
    participant: str
    toward: bool = False
    store: Store = field(default_factory=Store)
    sequence: int = 0

    def run(self, record: Record) -> Result:
        """Translate one record and keep the state.

        Raises:
            Permanent: the record cannot go on.
        """
        batch = self.store.begin()
        batch.advance(record.context.accepted)
        try:
            result = self.translator.translate(record, batch.get)
            batch.apply(result.changes)
        finally:
            batch.commit()
        self.sequence += 1
        return result


@dataclass(frozen=True)
class Step:
    """What became of one record at one stage: a result, or the error that makes it a dead letter."""

    stage: Stage
    record: Record
    result: Result | None = None
    error: Permanent | None = None
    final: bool = False

    @property
    def outputs(self) -> list[Output]:
        """What goes on from here, echoes left out."""
        if self.result is None:
            return []
        home = self.stage.participant
        return [one for one in self.result.outputs if not (self.stage.toward and home in one.hops)]


class Chain:
    """Runs records through stages, in order."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)

    def run(self, record: Record) -> Iterator[Step]:
        """Yield what becomes of a record at every stage, depth first, so that order holds."""
        yield from self._run(record, 0)

    def _run(self, record: Record, index: int) -> Iterator[Step]:
        stage = self.stages[index]
        final = index + 1 == len(self.stages)
        try:
            step = Step(stage, record, stage.run(record), final=final)
        except Permanent as error:
            yield Step(stage, record, error=error, final=final)
            return
        yield step
        if final:
            return
        following = self.stages[index + 1]
        for output in step.outputs:
            before = record.context
            context = Context(
                output.id,
                before.origin,
                following.participant,
                following.sequence,
                before.accepted,
                output.hops,
                before.traceparent,
            )
            yield from self._run(Record(output.key, output.body, context), index + 1)
