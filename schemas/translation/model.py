"""What goes into a translation and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.mapping.report import Finding, Loss


@dataclass(frozen=True, slots=True)
class Context:
    """What the headers of a record say; ``message`` in a mapping.

    Attributes:
        participant: the participant whose profile is on the other side of the corridor event.
        accepted: UTC milliseconds at which the broker took the message in.
        hops: participants the message passed, the first is where it was born.
    """

    id: str
    origin: str
    participant: str
    sequence: int
    accepted: int
    hops: tuple[str, ...]
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic; ``body`` is Avro without framing, or JSON where the translator reads JSON."""

    key: bytes
    body: bytes
    context: Context


class Output(NamedTuple):
    """One record to write; ``subject`` is ``<TYPE>:<id>``, the unit of order, or empty."""

    key: bytes
    body: bytes
    id: str
    subject: str
    hops: tuple[str, ...]


class Filtered(NamedTuple):
    """A rule, or the whole message (no rule), that gave nothing, and why.

    Reasons: ``duplicate``, ``stale``, ``annulled``, ``echo``, ``incomplete``, ``unchanged``, ``no-equivalent``.
    """

    rule: str
    reason: str


@dataclass(slots=True)
class Result:
    """Everything that one record leads to; ``changes`` is the state to write, None deletes."""

    outputs: list[Output] = field(default_factory=list)
    changes: dict[bytes, bytes | None] = field(default_factory=dict)
    filtered: list[Filtered] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class Event:
    """``event`` in a mapping; ``memory`` holds the registers under the keys of the current message."""

    __slots__ = ("id", "memory", "occurrence", "retracted", "supersedes", "version")

    def __init__(
        self,
        id: str = "",
        version: int = 1,
        occurrence: int = 1,
        *,
        retracted: bool = False,  # noqa: A002
    ) -> None:
        self.id = id
        self.version = version
        self.occurrence = occurrence
        self.retracted = retracted
        self.supersedes = f"{id}:{version - 1}" if version > 1 else None
        self.memory: dict[str, dict[str, object] | None] = {}
