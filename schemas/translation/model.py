"""What goes into a translation and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from schemas.mapping.compiler import CompiledRule
from schemas.mapping.remains import Left
from schemas.mapping.runtime import uuid5
from schemas.records import Filtered, Finding, Loss


class Context(msgspec.Struct, frozen=True, gc=False):
    """What the headers of a record say; ``message`` in a mapping.

    Attributes:
        participant: the participant whose profile is on the other side of the corridor event.
        accepted: UTC milliseconds at which the broker took the message in.
        hops: participants the message passed, the first is where it was born.
        findings: what the edge read otherwise than it was written.
        known: paths of the record that hold nothing new: another record of the same message said the same.
        personal: pointers, without indexes, of the record's fields that tell what its sender calls personal.
    """

    id: str
    origin: str
    participant: str
    sequence: int
    accepted: int
    hops: tuple[str, ...]
    traceparent: str | None = None
    findings: tuple[Finding, ...] = ()
    known: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record of a topic; ``body`` is Avro without framing, or JSON where the translator reads JSON."""

    key: bytes
    body: bytes
    context: Context


class Output(NamedTuple):
    """One record to write.

    Attributes:
        subject: ``<TYPE>:<id>``, the unit of order, or empty.
        rule: that made it, ``variables`` the items that its loops were at.
        known: as in the `Context` of whoever reads it, and ``personal`` likewise.
    """

    key: bytes
    body: bytes
    id: str
    subject: str
    hops: tuple[str, ...]
    rule: CompiledRule | None = None
    variables: tuple[object, ...] = ()
    known: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()


class Result:
    """Everything that one record leads to; ``changes`` is the state to write, None deletes.

    ``happened`` is the time (UTC milliseconds) of what the message tells of, None when the mapping does not
    say or nothing has happened. ``unsure`` names the code list of each row that was used though it is not
    verified. ``record`` is what was read of the message, ``took`` the items of its lists that were taken, as
    the report has them; ``told`` that the pointers of the losses are the
    sender's own already, as its event gave them. ``own`` gives the pointer into the message of what stands at
    a pointer into ``record``, where that is a whole document of which the message was a part.
    """

    __slots__ = (
        "changes",
        "filtered",
        "findings",
        "happened",
        "losses",
        "outputs",
        "own",
        "record",
        "told",
        "took",
        "unsure",
    )

    def __init__(
        self,
        outputs: list[Output] | None = None,
        changes: dict[bytes, bytes | None] | None = None,
        filtered: list[Filtered] | None = None,
        losses: list[Loss] | None = None,
        findings: list[Finding] | None = None,
    ) -> None:
        self.outputs = [] if outputs is None else outputs
        self.changes = {} if changes is None else changes
        self.filtered = [] if filtered is None else filtered
        self.losses = [] if losses is None else losses
        self.findings = [] if findings is None else findings
        self.happened: int | None = None
        self.unsure: list[str] = []
        self.record: Any = None
        self.took: Sequence[tuple[int, Any]] = ()
        self.told = False
        self.own: Callable[[str], str | None] | None = None


class Event:
    """``event`` in a mapping.

    Attributes:
        memory: the registers under the keys of the current message.
        known: paths of the event that hold nothing new.
        untold: of an event that holds the rest of its message: what no other tells.
        gone: how often each event that is made of this one was taken back, by its first id.
        left: keys of the items that the version before told of and this one does not.
        emptied: keys of the items whose own items have all moved to others, and of which nothing is said.
    """

    __slots__ = (
        "emptied",
        "gone",
        "id",
        "known",
        "left",
        "memory",
        "occurrence",
        "retracted",
        "supersedes",
        "untold",
        "version",
    )

    def __init__(
        self,
        id: str = "",  # noqa: A002
        version: int = 1,
        occurrence: int = 1,
        *,
        retracted: bool = False,
    ) -> None:
        self.id = id
        self.version = version
        self.occurrence = occurrence
        self.retracted = retracted
        self.supersedes = f"{id}:{version - 1}" if version > 1 else None
        self.memory: dict[str, dict[str, object] | None] = {}
        self.known: Sequence[str] = ()
        self.untold: Sequence[Left] = ()
        self.gone: Mapping[str, int] = {}
        self.left: Sequence[str] = ()
        self.emptied: Sequence[str] = ()

    def of(self, id: str) -> Event:  # noqa: A002 - it is the id
        """The same version of another event: what a rule with a key makes of an event that it translates."""
        name = anew(id, self.gone.get(id, 0)) if self.gone else id
        event = Event(name, self.version, self.occurrence, retracted=self.retracted)
        event.gone = self.gone
        return event

    def taken(self) -> Event:
        """The same version of this event, as what takes it back."""
        event = Event(self.id, self.version, self.occurrence, retracted=True)
        event.gone = self.gone
        return event


def anew(id: str, times: int) -> str:  # noqa: A002 - it is the id
    """The id of an event; told anew after it was taken back, it has another one: a retraction is final."""
    return id if not times else uuid5(id, str(times))
