"""What the broker says about a message beside its translation: dead letters and reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import structlog

from schemas.errors import CorridorError, Invalid
from schemas.records import CUT, DeadLetter, Filtered, Finding, Loss, Report, violations_of
from schemas.translation import Result
from streams import metrics
from streams.kafka import topics
from streams.kafka.sizes import size_of
from streams.records.contracts import Contracts
from streams.records.envelope import DISCARD, REPLAY, Envelope, HeaderList, headers

log = structlog.get_logger(__name__)

T = TypeVar("T")

DETAIL = 500
"""Most characters of a dead letter's detail."""
MOST_SAID = 100
"""Losses, findings and filtered rules of one report; how many there were in all is said as well."""
DISCARDED = "discarded"
"""Header of the record that settles a letter which somebody gave up: the reason."""
LONGEST_HEADER = 1024
"""Bytes of a header or key that a letter keeps when it has to be cut."""


def dead_letter(
    stage: str,
    envelope: Envelope,
    record: Any,  # noqa: ANN401
    error: CorridorError,
    *,
    mapping: str | None = None,
    attempts: int = 0,
) -> DeadLetter:
    """Keep the whole record, and why it could not go on at this stage."""
    invalid = error if isinstance(error, Invalid) else None
    return DeadLetter(
        id=envelope.letter(stage, record),
        participant=stage.partition(".")[2],
        stage=stage,
        code=error.code,
        detail=error.message[:DETAIL],
        pointer=invalid.pointer if invalid else None,
        rule=invalid.rule if invalid else None,
        value=invalid.value if invalid else None,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        body=record.value,
        headers={name: value or b"" for name, value in record.headers if name not in {REPLAY, DISCARD}},
        subject=envelope.subject,
        origin=envelope.origin,
        accepted=envelope.accepted,
        mapping=mapping,
        behind=getattr(error, "behind", None),
        attempts=attempts,
        violations=violations_of(error),
    )


def fitted(
    contracts: Contracts, letter: DeadLetter, most: int, key: bytes, listed: HeaderList
) -> tuple[DeadLetter, bytes]:
    """Give a letter and its value so that its topic takes it.

    What does not fit is cut with a mark, ``cut``: the headers of a foreign record first, then the body.
    Such a letter says what happened, and cannot be replayed.
    """
    value = contracts.encode(topics.DEAD, letter)
    over = size_of(key, value, listed) - most
    if over <= 0:
        return letter, value
    whole = len(letter.body or b"")
    kept = {name: text for name, text in letter.headers.items() if len(text) <= LONGEST_HEADER}
    kept[CUT] = b"%d" % whole
    smaller = msgspec.structs.replace(letter, headers=kept, key=(letter.key or b"")[:LONGEST_HEADER])
    over = size_of(key, contracts.encode(topics.DEAD, smaller), listed) - most
    if over > 0:
        smaller = msgspec.structs.replace(smaller, body=(letter.body or b"")[: max(0, whole - over)])
    return smaller, contracts.encode(topics.DEAD, smaller)


def announce(letter: DeadLetter) -> None:
    """Count a dead letter that is committed, and say whose it is."""
    metrics.dead.labels(letter.stage, letter.code).inc()
    log.warning(
        "dead letter",
        stage=letter.stage,
        code=letter.code,
        letter=letter.id,
        origin=letter.origin,
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
    )


def given_up(stage: str, letter: str, envelope: Envelope) -> HeaderList:
    """Say that a letter is given up, and give the headers of the record that settles it."""
    log.warning(
        "dead letter discarded", stage=stage, letter=letter, origin=envelope.origin, reason=envelope.discard
    )
    return [*beside(envelope), (DISCARDED, envelope.discard.encode())]


def report(stage: str, mapping: str, envelope: Envelope, result: Result) -> Report:
    """Say what became of one record at one stage."""
    return Report(
        id=envelope.id,
        origin=envelope.origin,
        stage=stage,
        mapping=mapping,
        subject=envelope.subject,
        outputs=len(result.outputs),
        losses=_some(result.losses, _more_losses),
        findings=_some(result.findings, _more_findings),
        filtered=_some(result.filtered, _more_filtered),
        accepted=envelope.accepted,
    )


def _some(said: list[T], mark: Callable[[int], T]) -> list[T]:
    """The first of many, and how many more there are: a report stays small, whatever a message holds."""
    return said if len(said) <= MOST_SAID else [*said[:MOST_SAID], mark(len(said) - MOST_SAID)]


def _more_losses(more: int) -> Loss:
    return Loss("", f"{more} more")


def _more_findings(more: int) -> Finding:
    return Finding("", f"{more} more", "info")


def _more_filtered(more: int) -> Filtered:
    return Filtered("", f"{more} more")


def beside(envelope: Envelope) -> HeaderList:
    """Headers of what the broker writes about a message: those of the message itself."""
    return headers(
        envelope.id,
        envelope.origin,
        envelope.hops,
        envelope.accepted,
        traceparent=envelope.traceparent,
        subject=envelope.subject,
    )
