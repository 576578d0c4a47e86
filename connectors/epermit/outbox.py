"""An event on its way to a peer, as it waits in the log."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.epermit.acts import LedgerEntry
from schemas.epermit.event import event_path
from schemas.records import OutboxRecord


def outbox_record(entry: LedgerEntry, us: str) -> OutboxRecord | None:
    """Give what must be sent of an entry; None when it is no event of ours."""
    if entry.event is None or entry.event.producer != us or entry.record.proof is None:
        return None
    return OutboxRecord(
        peer=entry.event.consumer,
        path=event_path(entry.event.type),
        content=entry.event.canonical,
        proof=entry.record.proof,
    )


DECODER: Final = msgspec.json.Decoder(OutboxRecord)
"""Reads the JSON form."""
