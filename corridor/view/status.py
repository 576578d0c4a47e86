"""What the view holds, in numbers."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, select

from corridor.view.tables import CONTENT, POSITION


class Status(msgspec.Struct, frozen=True):
    """Rows by table, and the next offset of every partition as ``topic/partition``."""

    rows: dict[str, int]
    positions: dict[str, int]


def status_of(connection: Connection) -> Status:
    """Count."""
    query = select(POSITION).order_by(POSITION.c.topic, POSITION.c.partition)
    return Status(
        {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in CONTENT},
        {f"{row.topic}/{row.partition}": row.next for row in connection.execute(query)},
    )
