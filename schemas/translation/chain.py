"""Several translations one after the other with their states: how two profiles meet without Kafka."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from msgspec.structs import replace

from schemas.avro.violation import HIDDEN
from schemas.errors import Invalid, Permanent
from schemas.mapping.reasons import IMPLIED, NO_EQUIVALENT
from schemas.mapping.report import kinds, plain
from schemas.mapping.shown import Place
from schemas.records import Finding, Loss
from schemas.translation.lineage import elsewhere, is_chief, origin, rank, texts_at, wanting
from schemas.translation.model import Context, Output, Record, Result
from schemas.translation.store import Store
from schemas.translation.translator import Translator

NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass
class ChainStage:
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

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Fields of what it reads whose codes say a kind: another word for it tells the same."""
        return kinds(self.translator.mapping.source)

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


class SenderLoss(NamedTuple):
    """A loss at the sender's own pointer, and ``via``: where it stood in the corridor event, if elsewhere."""

    loss: Loss
    via: str = ""


@dataclass(frozen=True)
class ChainStep:
    """What became of one record at one stage: a result, or the error that makes it a dead letter.

    Attributes:
        final: whether it is the last stage.
        before: the step before, of whose outputs the record is ``came``.
    """

    stage: ChainStage
    record: Record
    result: Result | None = None
    error: Permanent | None = None
    final: bool = False
    before: ChainStep | None = None
    came: Output | None = None

    @property
    def outputs(self) -> list[Output]:
        """What goes on from here, echoes left out."""
        if self.result is None:
            return []
        home = self.stage.participant
        return [one for one in self.result.outputs if not (self.stage.toward and home in one.hops)]

    @property
    def losses(self) -> list[SenderLoss]:
        """What is in no output, at the sender's own pointers where they are known; none of an echo."""
        if self.result is None or (self.result.outputs and not self.outputs):
            return []
        sent = [one for loss in self.result.losses if (one := self._sent(loss)) is not None]
        # a list is not lost beside its items
        lists = {one.loss.pointer.rpartition("/")[0] for one in sent}
        return [one for one in sent if one.loss.pointer not in lists]

    @property
    def findings(self) -> list[Finding]:
        """What is odd, at the sender's own pointers where they are known."""
        return [self._found(finding) for finding in self.result.findings] if self.result is not None else []

    def _sent(self, loss: Loss) -> SenderLoss | None:
        """A loss as the sender sees it; None where he wrote nothing, or another field told it."""
        before, came = self.before, self.came
        if self.result is None or self.result.told or before is None or before.result is None or came is None:
            return SenderLoss(loss)
        logical = before.stage.translator.mapping.remains.logical
        nth = self._rank(loss.pointer)
        found = origin(before.result, came, loss.pointer, self._value(loss), logical, nth)
        if found is None:
            if came.rule is not None:
                return None
            return SenderLoss(replace(loss, pointer=self._wanting(loss.pointer)), loss.pointer)
        if loss.reason in {NO_EQUIVALENT, IMPLIED} and self._told_by_another(
            before, came, loss.pointer, found
        ):
            return None
        at = found.pointer if before.result.own is None else before.result.own(found.pointer)
        if at is None:
            return None  # a version before said it
        value = found.value if loss.value and loss.value != HIDDEN else loss.value
        return SenderLoss(Loss(at, loss.reason, value), loss.pointer)

    def _rank(self, pointer: str) -> int:
        """How many items of the record before one have the same value."""
        if self.result is None or pointer == plain(pointer):
            return 0
        logical = self.stage.translator.mapping.remains.logical
        return rank(self.result.record, pointer, logical(tuple(plain(pointer)[1:].split("/"))))

    def _value(self, loss: Loss) -> str | None:
        """The value that was lost, to find its origin by; what is hidden is read in the record."""
        if loss.value != HIDDEN or self.result is None:
            return loss.value
        path = tuple(plain(loss.pointer)[1:].split("/"))
        held = texts_at(self.result.record, path, self.stage.translator.mapping.remains.logical(path))
        return held.pop() if len(held) == 1 else loss.value

    def _told_by_another(self, before: ChainStep, came: Output, pointer: str, place: Place) -> bool:
        """Whether another field of the event that was made of the same field went on, or had before."""
        if self.result is None or before.result is None:
            return False
        if not self.result.outputs and not any(one.rule for one in self.result.filtered):
            return False  # no rule made anything of it
        kind = plain(place.pointer) in before.stage.kinds
        lost = {tuple(plain(loss.pointer)[1:].split("/")) for loss in self.result.losses}
        remains = self.stage.translator.mapping.remains
        for other in elsewhere(before.result, came, pointer, place):
            top = tuple(step for step in other[1:].split("/") if step != "*")
            for path in remains.watched:
                if path[: len(top)] != top or path in lost:
                    continue
                told = texts_at(self.result.record, path, remains.logical(path))
                number = None if kind else NUMBER.fullmatch(place.value)
                if place.value in told or told.issuperset(place.value.split(", ")):
                    if number or self._holds(place.value):
                        return True
                elif told and path == top and not number:
                    return True  # a number that became another one was not told
        return False

    def _holds(self, value: str) -> bool:
        """Whether the outputs have a text: a field of the event may be read only to choose by it."""
        bodies = [output.body for output in self.result.outputs] if self.result is not None else []
        return all(any(part.encode() in body for body in bodies) for part in value.split(", "))

    def _found(self, finding: Finding) -> Finding:
        before, came = self.before, self.came
        if before is None or before.result is None or came is None:
            return finding
        logical = before.stage.translator.mapping.remains.logical
        nth = self._rank(finding.pointer)
        place = origin(before.result, came, finding.pointer, finding.value, logical, nth)
        if place is not None and place.value != finding.value and not is_chief(came, finding.pointer, place):
            place = None  # what it is named by is absent, whatever stood in for that
        pointer = place.pointer if place is not None else self._wanting(finding.pointer)
        own = before.result.own if place is not None else None
        pointer = (None if own is None else own(pointer)) or pointer
        return replace(finding, pointer=pointer)

    def _wanting(self, pointer: str) -> str:
        """Where the sender would have written what is absent; the message as a whole if nowhere."""
        if self.before is None or self.came is None or not pointer:
            return ""
        rules = self.before.stage.translator.mapping.rules
        return wanting(rules if self.came.rule is None else [self.came.rule], pointer) or ""


class Chain:
    """Runs records through stages, in order."""

    def __init__(self, stages: Sequence[ChainStage]) -> None:
        self.stages = tuple(stages)

    def run(self, record: Record) -> Iterator[ChainStep]:
        """Yield what becomes of a record at every stage, depth first, so that order holds."""
        yield from self._run(record, 0)

    def _run(
        self, record: Record, index: int, before: ChainStep | None = None, came: Output | None = None
    ) -> Iterator[ChainStep]:
        stage = self.stages[index]
        final = index + 1 == len(self.stages)
        try:
            step = ChainStep(stage, record, stage.run(record), final=final, before=before, came=came)
        except Permanent as error:
            yield ChainStep(stage, record, error=_as_sent(error, before, came), final=final)
            return
        yield step
        if final:
            return
        following = self.stages[index + 1]
        for output in step.outputs:
            told = record.context
            context = Context(
                output.id,
                told.origin,
                following.participant,
                following.sequence,
                told.accepted,
                output.hops,
                told.traceparent,
                known=output.known,
                personal=output.personal,
            )
            yield from self._run(Record(output.key, output.body, context), index + 1, step, output)


def _as_sent(error: Permanent, before: ChainStep | None, came: Output | None) -> Permanent:
    """Name the sender's own field, and its value as he wrote it, of an error about an event made of that."""
    if not isinstance(error, Invalid) or not error.sent or not error.pointer:
        return error
    if before is None or before.result is None or came is None:
        return error
    mapping, first = before.stage.translator.mapping, error.violations[0]
    found = origin(before.result, came, first.pointer, first.value, mapping.remains.logical)
    if found is None:
        pointer, value = wanting(mapping.rules if came.rule is None else [came.rule], first.pointer), ""
    else:
        own = before.result.own
        pointer, value = found.pointer if own is None else own(found.pointer), found.value
    if pointer is None:
        return error
    value = HIDDEN if first.value == HIDDEN else value
    listed = [first._replace(pointer=pointer, value=value), *error.violations[1:]]
    return Invalid(error.code, pointer, first.rule, value or None, listed)
