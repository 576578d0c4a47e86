"""The broker's own records: dead letter, report, receipt, cursor, and what an e-Permit authority keeps.

Each is an Avro schema beside this module (``records/<kind>.avsc``, where every field has its meaning) and a
struct for typed access. ``RECORDS`` has the codecs by full name, for whoever has a plain datum.
"""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from schemas.avro.codec import MAX_BODY, Codec
from schemas.avro.emit import FAILURES, Emitter, fold
from schemas.avro.resolve import Resolve, resolver
from schemas.avro.schema import Field, Schema
from schemas.errors import CorridorError, Invalid, Permanent


class Violation(Struct, frozen=True, gc=False):
    """One place of a dead letter's message that breaks a rule, or that was read otherwise than written."""

    code: str
    pointer: str
    rule: str
    value: str | None = None


def violations_of(error: CorridorError) -> list[Violation]:
    """Everything that an error has to say of the fields of a message."""
    if not isinstance(error, Invalid):
        return []
    return [Violation(one.code, one.pointer, one.rule, one.value or None) for one in error.violations]


CUT: Final = "cut"
"""Header of a dead letter that is not whole: the bytes that its body had."""


class DeadLetter(Struct, kw_only=True, frozen=True):
    """A message that cannot go on, kept whole with the reason (``corridor.dead.v1``)."""

    id: str
    participant: str | None = None
    stage: str
    code: str
    detail: str | None = None
    pointer: str | None = None
    rule: str | None = None
    value: str | None = None
    topic: str
    partition: int
    offset: int
    key: bytes | None = None
    body: bytes | None = None
    headers: dict[str, bytes]
    subject: str | None = None
    origin: str | None = None
    accepted: int | None = None
    mapping: str | None = None
    behind: str | None = None
    attempts: int = 0
    violations: list[Violation] = []

    @property
    def cut(self) -> int | None:
        """Bytes that the body had when only a part of the message could be kept; else None."""
        return int(self.headers[CUT]) if CUT in self.headers else None


class Loss(Struct, frozen=True, gc=False):
    """A value that the target has no place for."""

    pointer: str
    reason: str
    value: str | None = None


class Finding(Struct, frozen=True, gc=False):
    """A value that was carried although it breaks a rule."""

    pointer: str
    rule: str
    severity: str
    value: str | None = None


class Filtered(Struct, frozen=True, gc=False):
    """A rule, or the whole message (no rule), that gave nothing, and why.

    A message is filtered as a whole where its target does not take its kind, knows it, or needs more.
    Reasons: ``duplicate``, ``stale``, ``late``, ``annulled``, ``echo``, ``incomplete``, ``unchanged``,
    ``waiting``, ``no-equivalent``, ``not-concerned``.
    """

    rule: str
    reason: str


class Report(Struct, kw_only=True, frozen=True):
    """What became of one record at one stage (``corridor.report.v1``)."""

    id: str
    origin: str
    stage: str
    mapping: str | None = None
    subject: str | None = None
    outputs: int
    losses: list[Loss] = []
    findings: list[Finding] = []
    filtered: list[Filtered] = []
    accepted: int | None = None


class Receipt(Struct, kw_only=True, frozen=True):
    """Proof of one finished delivery (``corridor.receipt.v1``)."""

    id: str
    participant: str
    origin: str
    subject: str
    idempotency_key: str
    outcome: Literal["DELIVERED", "PARKED"]
    status: int | None = None
    code: str | None = None
    attempts: int
    accepted: int
    delivered: int
    body_sha256: str
    topic: str
    partition: int
    offset: int


class Cursor(Struct, kw_only=True, frozen=True):
    """How far a participant was polled (``corridor.cursor.v1``)."""

    participant: str
    cursor: str | None = None
    etag: str | None = None
    high_water: int | None = None
    sequence: int = 0
    updated: int | None = None


class LedgerRecord(Struct, kw_only=True, frozen=True):
    """One record of an e-Permit authority's ledger (``corridor.permit.v1``); ``at`` is UTC milliseconds."""

    kind: Literal["WRITER", "PEER", "KEY", "KEY_REVOKED", "EVENT"]
    id: str
    content: str
    proof: str | None = None
    at: int


class OutboxRecord(Struct, kw_only=True, frozen=True):
    """An e-Permit event on its way to a peer (``corridor.permit.outbox.v1``)."""

    peer: str
    path: str
    content: str
    proof: str


T = TypeVar("T", bound=Struct)


class _AttributeEmitter(Emitter):
    """Reads the attributes of the structs here, which have every field of their schema."""

    def member(self, field: Field, holder: str) -> list[str]:
        """Return lines for one field of the struct in variable ``holder``."""
        self.attributes.add(field.name)
        return self.encode(field.type, f"{holder}.{field.name}")


class Kind(Generic[T]):
    """One kind of record: its struct and its codec.

    Args:
        file: name of the schema's file, without its ending.
        struct: the type of the records.
        largest: bytes of the largest record that is read.
        earlier: names of files of earlier versions of the schema, the newest first: what lies in the log was
            written with them, and whoever reads it need not ask a registry.
    """

    def __init__(
        self, file: str, struct: type[T], largest: int = MAX_BODY, earlier: tuple[str, ...] = ()
    ) -> None:
        self.codec: Final = Codec(Schema.parse(_schema(file)), largest)
        self._earlier = earlier
        self._struct = struct
        emitter = _AttributeEmitter()
        lines = [
            "b = bytearray()",
            *fold(emitter.encode(self.codec.schema.root, "record")),
            "return bytes(b)",
        ]
        self._encode = emitter.compile("encode", ("record",), lines)

    def encode(self, record: T) -> bytes:
        """Return the Avro body of a record.

        Raises:
            Invalid: ``schema-violation`` for a value that the schema forbids.
        """
        try:
            body: bytes = self._encode(record)
        except FAILURES:
            return self.codec.encode(msgspec.to_builtins(record, builtin_types=(bytes,)))  # names the field
        return body

    def decode(self, body: bytes) -> T:
        """Return the record of an Avro body.

        Raises:
            Permanent: ``avro-malformed`` when the body is not canonical.
        """
        try:
            datum: Any = self.codec.decode(body)
        except Permanent as error:
            datum = self._decode_earlier(body, error)
        return msgspec.convert(datum, self._struct, builtin_types=(bytes,))

    def _decode_earlier(self, body: bytes, error: Permanent) -> Any:  # noqa: ANN401 - a datum
        """Read a body of an earlier version; where it is none at all, raise why it is none of the newest."""
        for resolve in self._resolvers:
            try:
                return self.codec.decode(resolve(body))
            except Permanent:
                continue
        raise error

    @cached_property
    def _resolvers(self) -> tuple[Resolve, ...]:
        return tuple(resolver(_schema(f"earlier/{name}"), self.codec) for name in self._earlier)


def _schema(file: str) -> str:
    return files("schemas").joinpath("records", f"{file}.avsc").read_text("utf-8")


# a dead letter holds a whole record, whatever its topic takes
DEAD: Final = Kind("dead", DeadLetter, 64 * MAX_BODY, ("dead-1",))
REPORT: Final = Kind("report", Report)
RECEIPT: Final = Kind("receipt", Receipt)
CURSOR: Final = Kind("cursor", Cursor)
PERMIT: Final = Kind("permit", LedgerRecord)
OUTBOX: Final = Kind("outbox", OutboxRecord)

RECORDS: Final[dict[str, Codec]] = {
    kind.codec.schema.fullname: kind.codec for kind in (DEAD, REPORT, RECEIPT, CURSOR, PERMIT, OUTBOX)
}
"""Full name to codec of every record of the broker."""
