"""What the broker says about a message beside its translation: dead letters and reports."""

from __future__ import annotations

from typing import Any

import structlog

from schemas.errors import CorridorError, Invalid
from schemas.records import DeadLetter, Report, violations_of
from schemas.translation import Result
from streams import metrics
from streams.records.envelope import DISCARD, REPLAY, Envelope, HeaderList, headers, short
from streams.records.fitting import more_filtered, more_findings, more_losses, some

log = structlog.get_logger(__name__)

DETAIL = 1000
"""Most bytes of a dead letter's detail."""
DISCARDED = "discarded"
"""Header of the record that settles a letter which somebody gave up: the reason."""


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
        detail=short(error.message, DETAIL),
        pointer=short(invalid.pointer) if invalid else None,
        rule=short(invalid.rule) if invalid else None,
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
        losses=some(result.losses, more_losses),
        findings=some(result.findings, more_findings),
        filtered=some(result.filtered, more_filtered),
        accepted=envelope.accepted,
    )


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
