"""State kind ``assemble``: what events say of a document becomes the document, told change by change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from schemas.avro.codec import Codec
from schemas.errors import Invalid
from schemas.mapping.compile import CompiledMapping
from schemas.mapping.runtime import uuid5
from schemas.records import Filtered
from schemas.translation.assembled import Assembled, Folding, Part, Said
from schemas.translation.changes import identity
from schemas.translation.decimals import restorer
from schemas.translation.merge import Document
from schemas.translation.message import Candidate, Message, State
from schemas.translation.model import Event, Output, Result
from schemas.translation.store import pack

_decode = msgspec.msgpack.Decoder(Assembled).decode
_encode = msgspec.msgpack.Encoder().encode


class Assembler:
    """Assembles documents under one mapping with state of kind ``assemble``.

    What goes out is what has changed, with all that the event names. Only a rule for the whole document
    gives it as it came.
    """

    def __init__(self, mapping: CompiledMapping) -> None:
        self._state = mapping.document.state
        self._record = mapping.target.record
        self._codec = Codec(mapping.target)
        self._restore = restorer(self._record)
        sole = [field.text for field in self._state.sole]
        self.folding = Folding(self._record, [group for _, group in self._state.groups], sole)
        self._nulls = str(self._record.properties.get("explicitNulls", ""))
        field = self._state.version_field
        self._version_field = field.text if field is not None else ""

    def translate(self, mapping: CompiledMapping, message: Message, state: State, result: Result) -> None:  # noqa: ARG002
        """Take what one event says, rule by rule, and tell what that changed.

        An event that was born at the target changes the state and emits nothing.
        """
        nothing = Event()
        key = message.value("state_key", nothing)
        name = message.value("state_id", nothing) if key is not None else None
        if key is None or name is None:
            message.candidates(nothing)
            return
        entry = state(key.encode())
        known = self._load(entry)
        candidates = message.candidates(self._event(known, key, message))
        if not candidates and name not in known.said:
            return
        taking, before = _Taking(self, known, key, message, result), known.said.get(name)
        if not taking.begin(name, candidates):
            if known.said.get(name) is not before:
                self._keep(known, key, message, result)
            return
        if taking.left:
            candidates = message.candidates(self._event(known, key, message, taking.left))
        taking.expect([candidate.rule.name for candidate in candidates])
        for index, candidate in enumerate(candidates):
            if index:  # every emission has a version of its own, which rules may read
                candidate = message.candidates(self._event(known, key, message, taking.left))[index]
            if taking.take(candidate):
                taking.restore(message.candidates(self._event(known, key, message, taking.left))[index])
        taking.end()
        known.closed = known.closed or bool(message.value("state_closed", nothing))
        self._keep(known, key, message, result)

    def _keep(self, known: Assembled, key: str, message: Message, result: Result) -> None:
        span = self._state.closed_expires if known.closed else self._state.expires
        result.changes[key.encode()] = pack(message.context.accepted + span, _encode(known))

    def _event(self, known: Assembled, key: str, message: Message, left: Sequence[str] = ()) -> Event:
        """The next emission: its id is made of the participant, the key and its version."""
        version = known.version + 1
        event = Event(uuid5(message.context.participant, key, version), version)
        event.left = left
        return event

    def _load(self, entry: bytes | None) -> Assembled:
        known = _decode(entry[8:]) if entry is not None else Assembled()
        if self._restore is not None:
            known.document = self._restore(known.document)
            known.told = None if known.told is None else self._restore(known.told)
            for one in known.said.values():
                for part in one.parts:
                    part.fields = self._restore(part.fields)
        return known

    def part(self, candidate: Candidate) -> tuple[Document, Part, int | None]:
        """What names a candidate's message, what it says of the document, and the version it gives that."""
        fields = bare(candidate.body)
        own = fields.pop(self._version_field, None)
        head = identity(self._record, fields)
        head |= {path[0]: fields[path[0]] for path in candidate.rule.volatile if path[0] in fields}
        said = {name: value for name, value in fields.items() if name not in head}
        facts = dict(candidate.keep or {})
        lost, yields, owner, names = (facts.pop(name, None) for name in ("lost", "yields", "owner", "names"))
        unknown, unless, left = (bool(facts.pop(name, False)) for name in ("unknown", "unless", "left"))
        return (
            head,
            Part(
                said,
                candidate.rule.whole,
                facts or None,
                lost,
                yields,
                unknown,
                unless,
                owner,
                left,
                candidate.rule.name,
                names,
            ),
            own,
        )

    def encode(self, head: Document, partial: Document, nulls: list[str], version: int) -> bytes:
        """A message of the document.

        Raises:
            Invalid: a field that has to be there is missing.
        """
        more = {self._nulls: nulls} if self._nulls and nulls else {}
        return self._codec.encode({**partial, **head, self._version_field: version, **more})


class _Taking:
    """One event on its way into the state of a document."""

    def __init__(
        self, assembler: Assembler, known: Assembled, key: str, message: Message, result: Result
    ) -> None:
        self._assembler, self._folding = assembler, assembler.folding
        self._known, self._key, self._message, self._result = known, key, message, result
        self._identity = ""
        self._one = Said([], [], [])
        self._renewed = self._taken = False
        self._before: list[Part] = []
        self._names: list[str] = []
        self._old = False
        self._start = self._told
        self.left: list[str] = []
        """Keys of items that the version before told of and this one does not."""
        self._void = known.annulled
        self._echo = bool(message.value("state_echo", Event()))

    def begin(self, name: str, candidates: list[Candidate]) -> bool:
        """Whether the event is news: not one that came before, in the same or a newer version."""
        known, message, nothing = self._known, self._message, Event()
        parts = [self._assembler.part(candidate) for candidate in candidates]
        whole = next((own or 0 for _, part, own in parts if part.whole), None)
        if whole is not None:  # of one document the newest version counts
            name = ":".join([candidates[0].rule.name, *(str(one) for one in candidates[0].key)])
        version = message.value("state_version", nothing) or 0 if whole is None else whole
        self._identity = name
        self._one = Said(
            [version, message.value("state_updated", nothing) or 0],
            [message.value("state_order", nothing) or 0, message.value("state_tie", nothing) or ""],
            [part for _, part, _ in parts],
            bool(message.value("state_retracted", nothing)),
            bool(message.value("state_annuls", nothing)),
        )
        before = known.said.get(name)
        if before is not None and not self._newer(before):
            return False
        self._one.parts = []
        if self._one.retracted and not self._folding.may_have_told(known, before, self._one):
            known.said[name] = self._one
            self._filter(candidates[0].rule.name if candidates else "", "unchanged")
            return False
        if before is not None:
            self._renewed = True
            said = [part for _, part, _ in parts]
            self.left = self._folding.left(before, said)
            self._one.parts = self._folding.still_left(before, said)
            self._before = [part for part in before.parts if not part.left]
        known.said[name] = self._one
        return True

    def expect(self, names: list[str]) -> None:
        """Say which rules have something to tell; of the others nothing holds once all these have told it."""
        self._names = names

    def _extend(self, part: Part, told: Document) -> Document:
        """The document with what one rule says now, and others said before until they say it anew.

        So a version that says nothing new changes nothing on its way. Where a later rule hides what is new in
        this part it is told all the same, before that.
        """
        one, name = self._one, part.rule
        still = [each for each in one.parts if each.left]
        mine = [*(each for each in one.parts if not each.left), part]
        index = self._names.index(name)
        later = self._names[index + 1 :]
        same = part in self._before
        waiting = [each for each in self._before if each.rule in later] if later else []
        over = [each for each in self._before if each.rule not in self._names] if later else []
        one.parts = [*still, *over, *mine, *waiting]
        document = self._folding.extend(self._known, self._identity, part, renewed=self._renewed)
        one.parts = [*still, *mine]
        if document == told and waiting and not same and self._folding.counts(self._known, part):
            document = self._folding.extend(self._known, self._identity, part, renewed=self._renewed)
        self._old = same and bool(later) and not self._folding.untold(told, part)
        return document

    def _newer(self, before: Said) -> bool:
        """Whether a version of an event counts; a retraction does whatever its version, and is the last."""
        one = self._one
        if not before.retracted and (one.retracted or one.version > before.version):
            return True
        same = one.retracted == before.retracted and one.version == before.version
        if same and not one.retracted and not one.says(before):
            self._message.odd_version("same-version-differs", "warning", one.version[0])
            same = False
        self._result.filtered.append(Filtered("", "duplicate" if same else "stale"))
        return False

    def take(self, candidate: Candidate) -> bool:
        """Take what one rule says and tell what it changed.

        Returns:
            whether what holds has to be told again: what was taken back is older than that.
        """
        known, rule = self._known, candidate.rule.name
        head, part, own = self._assembler.part(candidate)
        known.version = max(known.version, own or 0)
        self._taken, told = True, self._told
        known.document = self._extend(part, told)
        part, lost = self._shared(part)
        if self._echo:
            known.told = self._learnt(part)
            self._filter(rule, "echo")
        elif known.annulled and (self._void or not self._one.annuls):
            known.told = told
            self._filter(rule, "annulled")
        elif self._one.annuls and not self._one.retracted:
            known.told = told
            self._send(head, part.fields, [], candidate)
        elif self._one.retracted and self._renewed and self._folding.hidden(told, known.document, part):
            return self._pass(head, part, told, candidate)
        elif self._old or (
            told == known.document and not (part.whole and len(known.said) == 1 and not self._renewed)
        ):
            known.told = None if told == known.document else told
            self._leave(part, rule, lost)
        else:
            partial, nulls = known.document, list[str]()
            self._message.untold_of[rule] = lost
            if not part.whole:
                partial, nulls, hidden = self._folding.changes(known, told, part)
                hidden = {f"/{name}" for name in hidden if name in part.fields}
                self._message.untold_of[rule] = lost | hidden | self._folding.untold(known.document, part)
            known.told = None if self._send(head, partial, nulls, candidate) else told
        return False

    def _shared(self, part: Part) -> tuple[Part, set[str]]:
        """A part as far as it is told, and pointers of what it says of one thing too many."""
        owners = self._folding.owners(self._known) if self._folding.owner(part) else []
        if len(owners) < 2:
            return part, set()
        others = ", ".join(one for one in owners if one != part.owner)
        self._message.report.finding("/subject/id", "not-alone-in-document", "warning", others)
        told = self._folding.of(owners[0], part)
        return told, {f"/{name}" for name in part.fields if name not in told.fields}

    def _leave(self, part: Part, rule: str, lost: set[str]) -> None:
        """Say why a part changes nothing, and what of it is lost."""
        known = self._known
        counted = self._folding.counts(known, part)
        yielded = (self._folding.untold(known.document, part) if part.yields else set()) | lost
        if not counted and part.lost:
            for pointer in part.lost.split():
                self._message.report.loss(pointer, "not-the-destination", None)
        if not counted or yielded:
            self._message.untold_of[rule] = yielded if counted else {f"/{name}" for name in part.fields}
            self._filter(rule, "no-equivalent")
            return
        late = self._one.at < max(one.at for one in known.said.values())
        self._filter(rule, "late" if late else "unchanged")

    def _pass(self, head: Document, part: Part, told: Document, candidate: Candidate) -> bool:
        """Tell that something older than what holds did not happen."""
        shown = self._folding.shown(self._known, told, part)
        partial, nulls, _ = self._folding.difference(told, shown, part)
        if not self._send(head, partial, nulls, candidate):
            return False
        self._known.told = shown
        return True

    def restore(self, candidate: Candidate) -> None:
        """Tell what holds, after something older was taken back."""
        head, _, _ = self._assembler.part(candidate)
        nothing = Part({})
        partial, nulls, _ = self._folding.changes(self._known, self._told, nothing)
        if self._send(head, partial, nulls, candidate, "-then"):
            self._known.told = None

    def end(self) -> None:
        """Finish the event: one that says nothing any more changes the document all the same."""
        known, told = self._known, self._told
        if not self._taken:
            known.document = self._folding.fold(known)
            known.told = told
            self._filter("", "no-equivalent")
        if known.told == known.document:
            known.told = None
        if self._echo:
            known.gone = {}
        else:
            self._folding.forget(known, self._start, self._told)
        self._folding.settle(known)

    @property
    def _told(self) -> Document:
        return self._known.document if self._known.told is None else self._known.told

    def _learnt(self, part: Part) -> Document:
        """What the target knows when it has told its own document: not what that alone made count."""
        known = self._known
        told = dict(known.document)
        for one in known.said.values():
            for other in one.parts:
                if part.whole and other.facts and not other.whole and self._folding.counts(known, other):
                    told.update({name: part.fields.get(name) for name in other.fields})
        return {name: value for name, value in told.items() if value is not None}

    def _filter(self, rule: str, reason: str) -> None:
        self._result.filtered.append(Filtered(rule, reason))

    def _send(
        self, head: Document, partial: Document, nulls: list[str], candidate: Candidate, then: str = ""
    ) -> bool:
        """Tell the target, with the next version; false when a field is missing that has to be there."""
        known, message = self._known, self._message
        try:
            body = self._assembler.encode(head, partial, nulls, known.version + 1)
        except Invalid as error:
            message.report.finding(error.pointer, "incomplete", "info", error.rule)
            self._filter(candidate.rule.name, "incomplete")
            return False
        known.version += 1
        partition = candidate.partition.encode() if candidate.partition is not None else self._key.encode()
        name = f"{message.context.id}:{candidate.rule.name}{then}"
        self._result.outputs.append(
            Output(partition, body, name, candidate.subject or "", message.context.hops)
        )
        return True


def bare(value: Any) -> Any:  # noqa: ANN401 - a datum
    """A datum without what is null or an empty list: that says nothing."""
    if isinstance(value, dict):
        said = ((name, bare(one)) for name, one in value.items())
        return {name: one for name, one in said if one is not None and one != []}
    return [bare(one) for one in value] if isinstance(value, list) else value
