"""What passes between the HTTP edges and the log, as values and small protocols.

The edges know neither Kafka nor formats. `streams` implements `ReceiverLog` and drives `Source` and
`Partner`; the profile's side of a message comes in as a `Format`. Every value here is immutable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from schemas.errors import Permanent
from schemas.records import Finding


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that an edge took in and checked, on its way to ``in.<participant>``.

    Attributes:
        participant: who sent it.
        id: the sender's message id; with the participant it makes the ``origin``.
        key: Kafka key by the profile's key expression.
        body: Avro body in the profile's schema, without framing.
        digest: SHA-256 of the message's raw bytes as received (for a batch: of the item's bytes).
        accepted: UTC milliseconds at which the edge took it in.
        traceparent: W3C trace context, made here when the sender gave none.
        findings: what was read otherwise than it was written.
    """

    participant: str
    id: str
    key: bytes
    body: bytes
    digest: bytes
    accepted: int
    traceparent: str
    findings: tuple[Finding, ...] = ()


class ReceiverLog(Protocol):
    """The log as the receiver sees it."""

    async def append(self, messages: Sequence[Accepted]) -> None:
        """Write all messages or none, and return after ``acks=all``.

        From then on `seen` knows their ids in this process.

        Raises:
            Transient: (``log-unavailable``) not acknowledged in time; the messages may be in the log or not.
        """

    def seen(self, participant: str, message_id: str) -> bytes | None:
        """Give the digest under which this id is in the log, within the window that is remembered."""


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """One message as the profile reads it."""

    id: str
    key: bytes
    body: bytes
    """Avro body without framing."""
    findings: tuple[Finding, ...] = ()
    """What was read otherwise than it was written."""


LONGEST_NAME: Final = 1024
"""Bytes of a message's id or key: they stand in everything that is written about it."""


def too_long(name: str) -> str:
    """Say which rule an id or key breaks that is too long; empty when it is not."""
    if len(name.encode("utf-8", "replace")) <= LONGEST_NAME:
        return ""
    return f"an id or key has at most {LONGEST_NAME} bytes"


def check_record(message: IncomingMessage, most: int) -> None:
    """Refuse a message that Kafka would not take.

    Raises:
        Permanent: ``body-too-large``.
    """
    if len(message.body) > most:
        raise Permanent("body-too-large", f"the message is larger than {most} bytes as Avro")


@dataclass(frozen=True, slots=True)
class Format:
    """What an edge needs to know of a participant's profile; put together by the composition root.

    Attributes:
        profile: name of the profile, for example ``dlp.event.v1``.
        read: JSON bytes of one message to its id, key and Avro body. Raises `Permanent` (mostly `Invalid`).
        json_schema: JSON Schema (2020-12) of the JSON form, for the OpenAPI document.
        media_types: accepted ``Content-Type`` values of a single message.
        batch: how several messages may go in one body: ``array``, ``ndjson``, both or not at all.
        max_batch: most messages in one body.
        examples: name to JSON value, shown in the OpenAPI document.
        doc: one line on what a message is.
    """

    profile: str
    read: Callable[[bytes], IncomingMessage]
    json_schema: Mapping[str, object] = field(default_factory=dict)
    media_types: tuple[str, ...] = ("application/json",)
    batch: tuple[str, ...] = ("array", "ndjson")
    max_batch: int = 500
    examples: Mapping[str, object] = field(default_factory=dict)
    doc: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message on its way to a partner.

    Attributes:
        id: the ``id`` header of the record in ``out.<participant>``; makes the ``Idempotency-Key``.
        subject: ``<TYPE>:<id>``, the unit of order.
        body: the JSON form of the record, made by the caller; a retry is the identical bytes.
        traceparent: W3C trace context to pass on, or ``""``.
    """

    id: str
    subject: str
    body: bytes
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The partner has it.

    Attributes:
        status: HTTP status of the answer.
        key: the ``Idempotency-Key`` under which the message was sent.
    """

    status: int
    key: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Not known to be applied: send the identical message again.

    Attributes:
        after: seconds to wait at least, when the partner or its circuit said so; None: caller's backoff.
        code: a key of ``schemas.errors.CODES``.
        detail: one line, what the partner said in it cut to 200 characters; never a secret.
        paused: the partner as a whole is at fault (circuit open, credentials refused, endpoint closed, rate
            limit), not this message: the caller pauses all of the partner's deliveries and does not count
            the attempt against the message's retry limit.
        status: HTTP status of the answer, 0 when there was none.
    """

    after: float | None
    code: str
    detail: str
    paused: bool = False
    status: int = 0


@dataclass(frozen=True, slots=True)
class Park:
    """The partner can never accept this message: it becomes a dead letter.

    Attributes:
        code: a key of ``schemas.errors.CODES``.
        detail: what the partner said, one line, cut to 200 characters.
        status: HTTP status of the answer, 0 when nothing was sent.
    """

    code: str
    detail: str
    status: int = 0


Outcome = Delivered | Retry | Park


class Partner(Protocol):
    """A participant that messages are delivered to."""

    async def deliver(self, batch: Sequence[OutgoingMessage]) -> Sequence[Outcome]:
        """Make one attempt for the batch, in order, and say for each message what came of it.

        Never raises for an answer that can be expected from a partner or a network. A message of a subject
        behind one that was not delivered is not sent; its outcome is `Retry`.
        """

    async def close(self) -> None:
        """Close all connections."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item of a polled page that could not be read: it becomes a dead letter, the page goes on.

    Attributes:
        participant: who it came from.
        id: its message id where it could be read, else a uuid5 of its bytes.
        body: its raw bytes.
        error: why, with code, pointer, rule and value.
        accepted: UTC milliseconds at which the page was read.
        traceparent: W3C trace context.
    """

    participant: str
    id: str
    body: bytes
    error: Permanent
    accepted: int
    traceparent: str


@dataclass(frozen=True, slots=True)
class PolledPage:
    """What one poll brought.

    Attributes:
        messages: items in the partner's order. Overlap and retries repeat items: the caller drops what
            `ReceiverLog.seen` knows under the same digest.
        rejected: items that could not be read.
        cursor: where the next poll goes on; opaque. To be committed together with the messages.
        more: another page is waiting, poll again at once.
    """

    messages: Sequence[Accepted]
    rejected: Sequence[Rejected]
    cursor: str
    more: bool


class Source(Protocol):
    """A participant that is polled."""

    async def poll(self, cursor: str) -> PolledPage:
        """Read the page at ``cursor`` (``""``: from the beginning).

        Raises:
            Transient: the partner is away or asked to wait (``retry_after``); the cursor stays where it is.
            Permanent: the answer can not be used, whatever is tried; an operator must look.
        """

    async def close(self) -> None:
        """Close all connections."""
