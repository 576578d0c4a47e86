"""Writing what the broker says of itself into the view: reports, receipts, dead letters.

Records of one key are in one partition in order, so the one with the higher offset is the newer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, update

from corridor.view.bulk import upsert
from corridor.view.tables import LETTER, RECEIPT, REPORT
from schemas.mapping.reasons import kind_of
from schemas.records import DeadLetter, Receipt, Report
from schemas.shipment.bounds import TEXT, short
from schemas.shipment.days import day_of

Numbered = tuple[int, Any]
"""Offset in the log, and the record."""


def write_reports(connection: Connection, reports: Iterable[tuple[int, Report]]) -> None:
    """Keep the last report of each message at each stage, by the accepted message it came from."""
    rows = [
        {
            "stage": short(report.stage), "id": short(report.id), "origin": short(report.origin),
            "day": day_of(report.accepted) if report.accepted is not None else "",
            "outputs": report.outputs, "losses": losses_of(report), "findings": len(report.findings),
            "detail": msgspec.json.encode(
                {"losses": report.losses, "findings": report.findings, "filtered": report.filtered}
            ).decode(),
            "log_offset": offset,
        }
        for offset, report in reports
    ]  # fmt: skip
    upsert(connection, REPORT, _last(REPORT, rows), newer="log_offset")


def losses_of(report: Report) -> int:
    """Count the losses of a report; what is withheld by design and codes of the publisher are none."""
    return sum(kind_of(loss.reason) == "loss" for loss in report.losses)


def write_receipts(connection: Connection, receipts: Iterable[tuple[int, Receipt]]) -> None:
    """Keep the last receipt of each delivery."""
    rows = [
        {
            "participant": short(receipt.participant), "id": short(receipt.id),
            "origin": short(receipt.origin), "subject": short(receipt.subject),
            "outcome": short(receipt.outcome), "code": receipt.code and short(receipt.code),
            "attempts": receipt.attempts, "accepted": receipt.accepted, "delivered": receipt.delivered,
            "log_offset": offset,
        }
        for offset, receipt in receipts
    ]  # fmt: skip
    upsert(connection, RECEIPT, _last(RECEIPT, rows), newer="log_offset")


def write_letters(connection: Connection, letters: Iterable[tuple[int, str, DeadLetter | None]]) -> None:
    """Keep dead letters; None settles one, and it may die again after that."""
    last: dict[str, tuple[int, DeadLetter | None]] = {}
    known: dict[str, tuple[int, DeadLetter]] = {}
    for offset, name, letter in letters:
        identity = short(name)
        last[identity] = (offset, letter)
        if letter is not None:
            known[identity] = (offset, letter)
    rows = [
        _letter(name, offset, letter, opened=last[name][1] is not None)
        for name, (offset, letter) in known.items()
    ]
    upsert(connection, LETTER, rows, newer="log_offset")
    settled = [{"name": name, "at": offset} for name, (offset, letter) in last.items() if letter is None]
    if settled:
        statement = update(LETTER).where(LETTER.c.id == bindparam("name"))
        connection.execute(
            statement.where(LETTER.c.log_offset < bindparam("at")).values(
                open=False, log_offset=bindparam("at")
            ),
            settled,
        )


def _letter(name: str, offset: int, letter: DeadLetter, *, opened: bool) -> dict[str, Any]:
    return {
        "id": name, "open": opened, "stage": short(letter.stage), "code": short(letter.code),
        "detail": short(letter.detail or "", TEXT), "pointer": short(letter.pointer or "", TEXT),
        "value": short(letter.value or "", TEXT), "origin": short(letter.origin or ""),
        "subject": short(letter.subject or ""), "accepted": letter.accepted, "log_offset": offset,
    }  # fmt: skip


def _last(table: Table, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the last row of each key."""
    keys = [column.name for column in table.primary_key.columns]
    return list({tuple(row[key] for key in keys): row for row in rows}.values())
