"""The headers of a record: who a message is, where it came from and which way it took."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from schemas.records import Finding

HeaderList = list[tuple[str, bytes]]

REPLAY = "replay"
DISCARD = "discard"
"""Headers of a record that a person sent again: which letter it is, and why it is to be given up."""
DIGITS = 15
"""Of a time in milliseconds, for some thirty thousand years: what is longer is none."""
LONGEST: Final = 1280
"""Bytes of a name in a header: of an id that an edge takes, in ``origin`` with the participant before it.
What is longer, only a foreign writer can have made. It is cut: so whatever is written about a record fits."""
LETTERS = UUID("5b0c8a4e-3d0e-5f0a-9d1c-6d0c5c0b7a11")
"""Namespace of dead-letter ids."""


TRACE: Final = 128
"""Characters of a trace context; one of W3C's version 00 has 55."""
MOST_FINDINGS = 50
"""Findings of the edge that go with one record."""
_FINDINGS = msgspec.json.Decoder(tuple[Finding, ...])


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """Headers of one record, read; what is absent in a foreign record is filled from its place in the log.

    Attributes:
        id: identity of this message.
        origin: ``<participant>/<message id>`` of the accepted message it came from.
        hops: participants it passed, first = where it was born.
        accepted: UTC milliseconds at which an edge took it in.
        traceparent: W3C trace context, or empty.
        subject: the unit of order; the key where there is no header.
        replay: dead letter that this record is a replay of, as ``<stage> <id>``, or empty.
        digest: SHA-256 hex of the body as received, or empty.
        said: what the edge read otherwise than it was written, as JSON, or empty.
        discard: why the dead letter that this is a replay of is given up, or empty.
        known: paths of the record that hold nothing new, another of the same message said the same.
        personal: pointers of fields that tell what the sender calls personal.
    """

    id: str
    origin: str
    hops: tuple[str, ...]
    accepted: int
    traceparent: str
    subject: str
    replay: str
    digest: str
    said: str = ""
    discard: str = ""
    known: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: Any) -> Envelope:  # noqa: ANN401
        """Read the headers of a Kafka record; names in them are cut to `LONGEST` bytes."""
        found = {name: value.decode("utf-8", "replace") for name, value in record.headers if value}
        identity = short(found.get("id") or f"{record.topic}/{record.partition}/{record.offset}")
        hops, accepted = found.get("hops"), found.get("accepted", "")
        trace = found.get("traceparent", "")
        return cls(
            identity,
            short(found.get("origin", identity)),
            _hops(hops) if hops else (),
            int(accepted) if accepted.isdecimal() and len(accepted) <= DIGITS else record.timestamp,
            trace if len(trace) <= TRACE else "",
            short(found.get("subject") or (record.key or b"").decode("utf-8", "replace")),
            _replay(found.get(REPLAY, "")),
            found.get("digest", ""),
            found.get("findings", ""),
            short(found.get(DISCARD, "")),
            tuple(found["known"].split(",")) if "known" in found else (),
            tuple(found["personal"].split(",")) if "personal" in found else (),
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the edge read otherwise than it was written; nothing when the header cannot be read."""
        if not self.said:
            return ()
        try:
            return _FINDINGS.decode(self.said)
        except msgspec.MsgspecError:
            return ()

    def letter(self, stage: str, record: Any) -> str:  # noqa: ANN401
        """Id of the dead letter that this record becomes at a stage: a replay keeps its letter's id."""
        replayed, _, letter = self.replay.partition(" ")
        if replayed == stage and letter:
            return letter
        return letter_id(stage, f"{record.topic}/{record.partition}/{record.offset}")


def short(text: str, most: int = LONGEST) -> str:
    """Give a text as UTF-8 of so many bytes at most: the beginning of what is longer, and its digest.

    Two long texts that differ do so here as well.
    """
    if len(text) * 4 <= most:
        return text
    whole = text.encode("utf-8", "replace")
    if len(whole) <= most:
        return text
    mark = f"\u2026{hashlib.sha256(whole).hexdigest()[:32]}"
    return whole[: most - len(mark.encode())].decode("utf-8", "ignore") + mark


def _hops(text: str) -> tuple[str, ...]:
    """The participants that a message passed, as far as they have room."""
    hops = text.split(",")
    while len(text.encode()) > LONGEST:
        hops = hops[: len(hops) // 2]
        text = ",".join(hops)
    return tuple(hops)


def _replay(text: str) -> str:
    """Give the header back when it names a stage and a letter; else a foreign writer made it, for himself."""
    stage, _, letter = text.partition(" ")
    try:
        return text if stage and str(UUID(letter)) == letter else ""
    except ValueError:
        return ""


def letter_id(stage: str, place: str) -> str:
    """Id of the dead letter of what came from a place and died at a stage: always the same."""
    return str(uuid5(LETTERS, f"{stage}/{place}"))


def headers(
    id: str,  # noqa: A002
    origin: str,
    hops: Sequence[str],
    accepted: int,
    *,
    traceparent: str = "",
    subject: str = "",
    digest: str = "",
    findings: Sequence[Finding] = (),
    known: Sequence[str] = (),
    personal: Sequence[str] = (),
) -> HeaderList:
    """Headers of a record that the broker writes."""
    listed = [
        ("id", id.encode()),
        ("origin", origin.encode()),
        ("hops", ",".join(hops).encode()),
        ("accepted", b"%d" % accepted),
    ]
    if traceparent:
        listed.append(("traceparent", traceparent.encode()))
    if subject:
        listed.append(("subject", subject.encode()))
    if digest:
        listed.append(("digest", digest.encode()))
    if findings:
        listed.append(("findings", msgspec.json.encode(findings[:MOST_FINDINGS])))
    if known:
        listed.append(("known", ",".join(known).encode()))
    if personal:
        listed.append(("personal", ",".join(personal).encode()))
    return listed
