"""All content of the view as bytes in one order: the same log gives the same bytes in every database."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, select

from corridor.view.tables import CONTENT

BY_PLACE = frozenset({"log_offset"})
"""Columns that tell a row's place in the log, not what it says."""


def dump(connection: Connection) -> Iterator[bytes]:
    """Yield a line of JSON for every row, table by table, in the order of their keys."""
    for table in CONTENT:
        columns = [c for c in table.columns if c.name not in BY_PLACE or c.primary_key]
        query = select(*columns).order_by(*table.primary_key.columns)
        for row in connection.execution_options(yield_per=1_000).execute(query):
            yield msgspec.json.encode([str(table.name), *row]) + b"\n"
