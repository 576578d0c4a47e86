"""Runs a compiled mapping over records: the one entry point of a translation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from msgspec.structs import replace

from schemas.avro.codec import Codec
from schemas.avro.emit import FAILURES
from schemas.mapping.compile import CompiledMapping
from schemas.mapping.inputs import JsonInput
from schemas.mapping.reasons import NO_EQUIVALENT
from schemas.mapping.report import personal
from schemas.records import Filtered
from schemas.translation.assemble import Assembler
from schemas.translation.latest import Kind, latest, translate_none
from schemas.translation.marks import Marks
from schemas.translation.message import Message, State
from schemas.translation.model import Event, Record, Result
from schemas.translation.snapshot import Snapshots

_NOTHING: Final = Event()
_NOWHERE: Final = {NO_EQUIVALENT}
_NEW: Final = {"unchanged", "incomplete", NO_EQUIVALENT}
"""Why outputs are filtered that may have left out something new."""


class Translator:
    """One mapping with its state kind.

    Args:
        mapping: the compiled mapping, made for the access that ``form`` needs: ``item`` for Avro, and what
            ``schemas.mapping.inputs.access_for`` says for JSON.
        form: what the bodies of records are.
        trusted: whether Avro bodies come from a topic that only the broker's own transactions write.
    """

    def __init__(
        self, mapping: CompiledMapping, form: Literal["avro", "json"] = "avro", *, trusted: bool = True
    ) -> None:
        self.mapping = mapping
        self._codec: Final = Codec(mapping.source)
        self._whole = mapping.remains.never(mapping.rules)
        self._home = "untold" in mapping.source.record.properties
        """Whether messages may come back to the participant that they are from."""
        self._json = JsonInput(mapping, self._codec) if form == "json" else None
        self._decode = self._codec.decode_trusted if trusted else self._codec.decode
        self._peek = self._codec.peek(mapping.gate) if mapping.gate and trusted and form == "avro" else None
        self.personal: Final = personal(mapping.source)
        self._marks = Marks(mapping, self.personal) if "untold" in mapping.target.record.properties else None
        self._unlisted = self._peek is None and "unlisted" in mapping.module.functions
        kinds: dict[str, Callable[[], Kind]] = {
            "none": lambda: translate_none,
            "latest": lambda: latest(mapping, self._codec, avro=form == "avro"),
            "snapshot": lambda: Snapshots(mapping, self._codec, avro=form == "avro").translate,
            "assemble": lambda: Assembler(mapping).translate,
        }
        self._kind = kinds[mapping.document.state.kind]()

    @property
    def name(self) -> str:
        """The mapping's name."""
        return self.mapping.name

    @property
    def stateful(self) -> bool:
        """Whether results have changes of state."""
        return self.mapping.document.state.kind != "none"

    def translate(self, record: Record, state: State) -> Result:
        """Translate one record. The state is read only; what to write is in the result.

        Raises:
            Invalid: ``mapping-failed`` when a rule fails on this record, with the sender's pointer and
                value where a finding or an absent field led to it, else with the target's pointer, the
                rule and the value; what the form of the body raises for bytes that cannot be read.
        """
        marked = record.context.personal
        personal = self.personal.union(marked) if marked else self.personal
        if self._peek is not None:
            message = Message(self.mapping, record, self._peek(record.body), self._decode, personal)
        else:
            read = self._decode if self._json is None else self._json.read
            message = Message(self.mapping, record, read(record.body), None, personal)
        result = Result()
        try:
            if self._unlisted:
                message.unlisted()
            self._kind(self.mapping, message, state, result)
            self._rest(message, result)
            if result.outputs:
                result.happened = message.value("happened", _NOTHING)
        except FAILURES as error:
            raise self.mapping.module.failure(error, message.record, message.report) from error
        result.losses = message.report.losses
        result.findings = message.report.findings
        if result.own is not None:
            _as_sent(result, result.own)
        result.unsure = message.report.unsure
        result.record, result.took = message.record, message.report.took
        if self._marks is not None and result.outputs:
            self._marks.put(message.record, message.said, result)
        return result

    def _rest(self, message: Message, result: Result) -> None:
        """Report what of a message is in no output.

        Nothing is of one that was known or has gone home, and of one that takes back what was told: it says
        nothing that still holds.
        """
        home = self._home and message.context.participant in message.context.hops
        taken_back = bool(message.value("state_retracted", _NOTHING))
        if not (result.outputs or message.fired) and {one.reason for one in result.filtered} <= _NOWHERE:
            result.filtered.clear()
            self._nothing(message, result, home=home, taken_back=taken_back)
        elif not (home or taken_back or self._whole) and (
            result.outputs or all(one.reason in _NEW for one in result.filtered)
        ):
            message.rest(self._known(message))
        if home or taken_back:
            message.report.forget()

    def _nothing(self, message: Message, result: Result, *, home: bool, taken_back: bool) -> None:
        """A message of which no rule made anything.

        One that the target has nothing to do with, or takes none of the kind of, is filtered as a whole: that
        is one fact and no loss of its fields. Only what a document's message holds and no other tells is
        lost. One of a kind that the target takes is lost, for want of something that the target needs. What
        takes back loses nothing.
        """
        if not message.value("concerns", _NOTHING, default=True):
            result.filtered.append(Filtered("", "not-concerned"))
            return
        says = "takes" in self.mapping.module.functions
        taken = bool(message.value("takes", _NOTHING)) if says else None
        lacking = "unchanged" if taken_back else "incomplete"
        result.filtered.append(Filtered("", lacking if taken else NO_EQUIVALENT))
        untold = message.value("untold", _NOTHING)
        if home or taken_back:
            return
        if untold is not None:
            result.told = True
            for one in untold:
                message.report.loss(one["pointer"], NO_EQUIVALENT, one["value"])
        elif taken is not False:  # nothing says that it should not have been told
            message.whole()
            message.rest(self._known(message), all_of_it=True)

    @staticmethod
    def _known(message: Message) -> tuple[str, ...]:
        """Paths that hold nothing new, as the record says itself and as its headers say."""
        return (*(message.value("known", _NOTHING) or ()), *message.context.known)


def _as_sent(result: Result, own: Callable[[str], str | None]) -> None:
    """Name what is said of a whole document at the places of the message, which was a part of it.

    What the message does not say is no loss of it; what is odd of the whole may be.
    """
    places = {pointer: own(pointer) for pointer in {one.pointer for one in result.losses} if pointer}
    result.losses = [
        replace(one, pointer=place) for one in result.losses if (place := places.get(one.pointer)) is not None
    ]
    result.findings = [
        replace(one, pointer=(own(one.pointer) if one.pointer else None) or one.pointer)
        for one in result.findings
    ]
