"""One message on its way through a compiled mapping: its record, its report, and the outputs of its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from schemas.avro.schema import Record as RecordType
from schemas.avro.violation import HIDDEN
from schemas.mapping.carried import Path, own_numbers, reading
from schemas.mapping.compile import CompiledMapping, CompiledRule
from schemas.mapping.reasons import kind_of
from schemas.mapping.remains import Left
from schemas.mapping.report import MessageReport, Noted
from schemas.translation.model import Context, Event, Output, Record
from schemas.translation.privacy import PersonalFields, people

_NOTHING: Final = (0, None)
"""Stands for what was taken for an event that is not told."""

State = Callable[[bytes], bytes | None]
"""Reads the entry of a key, None when there is none."""


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """What a rule made: the content of an output, not yet compared with what was said before."""

    rule: CompiledRule
    key: tuple[object, ...]
    partition: str | None
    subject: str | None
    body: Any
    variables: tuple[object, ...]
    keep: dict[str, Any] | None


class _Marked:
    """Takes what rules make, each with what was taken out of lists and what was reported for it."""

    def __init__(self, report: MessageReport) -> None:
        self.all: list[tuple[Candidate, list[tuple[int, Any]], Noted]] = []
        self._report, self._at = report, len(report.took)

    def append(self, made: tuple[Any, ...]) -> None:
        """Take one: a rule calls it when all of that is made."""
        took = self._report.took
        self.all.append((Candidate(*made), took[self._at :], self._report.apart()))
        self._at = len(took)


class _Spanned(list[tuple[Any, ...]]):
    """What rules make, and where of each begins and ends what was taken out of lists for it."""

    def __init__(self, report: MessageReport) -> None:
        super().__init__()
        self.spans: list[tuple[int, int]] = []
        self._took, self._at = report.took, len(report.took)

    def append(self, made: tuple[Any, ...]) -> None:
        """Take one: a rule calls it when all of that is made."""
        self.spans.append((self._at, len(self._took)))
        self._at = len(self._took)
        super().append(made)


class Message:
    """Runs the generated functions over one record.

    Args:
        mapping: the compiled mapping.
        source: the record.
        record: its datum or struct; where the mapping has a gate, as much of it as that reads.
        decode: gives the whole datum of the record's body.
        personal: pointers of the source whose values no report tells.
    """

    __slots__ = (
        *("_apart", "_decode", "_functions", "_lets", "_listed", "_mapping", "_personal", "_said", "_spans"),
        *("beside", "context", "fired", "record", "report", "source", "untold_of"),
    )

    def __init__(
        self,
        mapping: CompiledMapping,
        source: Record,
        record: Any,  # noqa: ANN401 - a datum or struct
        decode: Callable[[bytes], Any] | None = None,
        personal: frozenset[str] = frozenset(),
    ) -> None:
        self._mapping = mapping
        self._functions = mapping.module.functions
        self._decode = decode
        self._lets = mapping.slots()
        self._personal, self._listed = personal, False
        self._said: tuple[Any, PersonalFields] | None = None
        self.fired: list[tuple[Any, ...]] = []
        """What the rules made the last time they ran, as `Candidate` has it."""
        self.beside: list[Candidate] = []
        """What they made of single items of which the record says something else than of the rest."""
        self._apart: frozenset[Path] = frozenset()
        self._spans: dict[int, tuple[int, int]] = {}
        self.untold_of: dict[str, set[str]] = {}
        """By rule: pointers of what it says and no output does."""
        self.source = source
        self.record = record
        self.context: Context = source.context
        self.report = MessageReport(source.context.findings, personal, mapping.remains.shown, record)

    def take(self, record: Any) -> None:  # noqa: ANN401 - a datum
        """Go on with another record, such as the whole document that a partial one was merged into."""
        if record is not self.record:
            self.record, self._lets = record, self._mapping.slots()
            self.report.record = record

    def restart(self, record: Any) -> None:  # noqa: ANN401 - a datum
        """Forget what was said but for what stands in the message itself, and begin anew."""
        self.beside = []
        self.record, self._lets = record, self._mapping.slots()
        self.report = MessageReport(
            self.context.findings, self._personal, self._mapping.remains.shown, record
        )
        if self._listed:
            self.unlisted()

    def passes(self, event: Event) -> bool:
        """Whether any rule may have something to say; the record is whole from then on."""
        if self._decode is None:
            return True
        if not self.value("gate", event):
            return False
        self.whole()
        return True

    def whole(self) -> None:
        """Read all of the record, where no more than the gate needs was read so far."""
        if self._decode is not None:
            self.take(self._decode(self.source.body))
            self._decode = None

    def value(self, name: str, event: Event, default: Any = None) -> Any:  # noqa: ANN401 - any datum
        """Evaluate one part of the mapping, such as ``state_key``; the default when it has no such part."""
        function = self._functions.get(name)
        if function is None:
            return default
        return function(self.record, self.context, self.report, event, self._lets)

    def lacks(self, error: BaseException) -> bool:
        """Whether a rule failed for nothing but a field that the record does not have."""
        return self._mapping.module.lacks(error, self.record, self.report)

    def candidates(self, event: Event, part: str = "rules") -> list[Candidate]:
        """Run all rules."""
        out = _Spanned(self.report)
        self._functions[part](self.record, self.context, self.report, event, self._lets, out)
        self.fired = list(out)
        made = [Candidate(*one) for one in out]
        self._spans = {id(one): span for one, span in zip(made, out.spans, strict=True)}
        return made

    def run(self, event: Event, part: str = "rules") -> list[tuple[Any, ...]]:
        """Run all rules; the results are the fields of ``Candidate``."""
        out: list[tuple[Any, ...]] = []
        self._functions[part](self.record, self.context, self.report, event, self._lets, out)
        self.fired = out
        return out

    def single(
        self, event: Event, wanted: Callable[[Candidate], bool], apart: frozenset[Path]
    ) -> list[Candidate]:
        """Run all rules for what they say of single items: what they make else takes and reports nothing.

        Args:
            event: of it.
            wanted: tells what is of these items.
            apart: fields in which the record does not say what the message does.
        """
        report, self._apart, self._spans = self.report, apart, {}
        before, start, made = report.apart(), len(report.took), _Marked(report)
        self._functions["rules"](self.record, self.context, report, event, self._lets, made)
        rest = report.apart()
        del report.took[start:]
        report.again(before)
        kept = []
        for candidate, took, said in made.all:
            if wanted(candidate):
                kept.append(candidate)
                report.took += took
            report.again(said, aside=not wanted(candidate))
        report.again(rest, aside=True)
        self.beside += kept
        return kept

    def untold_events(self, candidates: Sequence[Candidate]) -> None:
        """What rules made is not told: it carries nothing, and takes nothing out of lists."""
        gone = {(id(one.rule), id(one.variables)) for one in candidates}
        self.beside = [one for one in self.beside if (id(one.rule), id(one.variables)) not in gone]
        self.fired = [made for made in self.fired if (id(made[0]), id(made[5])) not in gone]
        took = self.report.took
        for one in candidates:
            start, end = self._spans.get(id(one), (0, 0))
            mine = own_numbers(one.rule, self._mapping.rules)
            took[start:end] = [_NOTHING if each[0] in mine else each for each in took[start:end]]

    def head(self, candidate: Candidate, event: Event) -> bytes:
        """The fields in front of the content, which know the event."""
        function = self._functions.get("head_" + candidate.rule.name.replace("-", "_"))
        if function is None:
            return b""
        body: bytes = function(self.record, self.context, self.report, event, self._lets, candidate.variables)
        return body

    def retraction(self, event: Event, kept: Any) -> bytes | None:  # noqa: ANN401 - a context object of kept facts
        """The body that retracts an event; None when the mapping does not retract it."""
        function = self._functions["retract"]
        body: bytes | None = function(self.record, self.context, self.report, event, self._lets, kept)
        return body

    def output(self, candidate: Candidate, body: bytes, id: str) -> Output:  # noqa: A002
        """A finished output; the input's key stands in where the rule gives no partition."""
        key = candidate.partition.encode() if candidate.partition is not None else self.source.key
        rule, variables = candidate.rule, candidate.variables
        return Output(key, body, id, candidate.subject or "", self.context.hops, rule, variables)

    @property
    def kind(self) -> RecordType:
        """The type of the record."""
        return self._mapping.source.record

    def odd_version(self, rule: str, severity: str, number: int | None) -> None:
        """Find something about the version that the message says it is, at its own number."""
        self.report.finding(self._mapping.version_at, rule, severity, number)

    def unlisted(self) -> None:
        """Tell which codes their lists do not have."""
        self._listed = True
        self._functions["unlisted"](self.record, self.report)

    def rest(self, known: Iterable[str] = (), *, all_of_it: bool = False) -> None:
        """Report what no rule carried.

        Args:
            known: paths of the record that hold nothing new.
            all_of_it: nothing became of the record, so nothing is told by another field.
        """
        untold = self.untold_of
        fired = [(made[0].without(untold.get(made[0].name, ())), made[5]) for made in self.fired]
        remains, took = self._mapping.remains, self.report.took
        self.report.told(known)
        for left in remains.left(self.record, fired, took, known=known, all_of_it=all_of_it):
            self.report.rest(left.pointer, left.reason, left.value)

    def untold(self, before: Any, changed: frozenset[str] | None) -> list[Left]:  # noqa: ANN401 - a datum
        """What stands only in the output of the rule that holds the rest.

        Args:
            before: the record before, None at the first; what is the same there is not new.
            changed: names of the fields that differ from it.
        """
        fired = [(made[0], made[5]) for made in self.fired if not (made[0].rest or made[0].beside)]
        fired += [(reading(one.rule, self._apart), one.variables) for one in self.beside]
        remains, took = self._mapping.remains, self.report.took
        found = remains.left(self.record, fired, took, before=before, changed=changed, surely=True)
        new = [left for left in found if kind_of(left.reason) == "loss"]
        if not new:
            return new
        hidden = self._hidden(new) if self._personal else ()
        return [left._replace(value=HIDDEN) if left in hidden else left for left in new]

    @property
    def said(self) -> PersonalFields:
        """What the record says of people."""
        if self._said is None or self._said[0] is not self.record:
            self._said = self.record, people(self._personal).said(self.record)
        return self._said[1]

    def _hidden(self, found: Sequence[Left]) -> list[Left]:
        """What is left and is personal data, or has any in it."""
        valued = [left for left in found if left.value]
        names = self.said.names
        if names is not None and not names.told(" ".join([left.value for left in valued])):
            names = None  # and so none of them alone
        return [
            left
            for left in valued
            if self.report.is_personal(left.pointer) or (names is not None and names.told(left.value))
        ]
