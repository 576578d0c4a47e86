"""Writing many rows with few statements.

SQLite takes a list of rows through its driver, past SQLAlchemy, whose work per row costs more than the row.
The PostgreSQL driver would send every row by itself, so there a batch goes as one JSON parameter that the
server takes apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Connection, Table, text

MOST: Final = 5_000
"""Rows in one statement."""
CHUNK: Final = 500
"""Keys in one statement."""

T = TypeVar("T")
Row = dict[str, Any]


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Cut what is too much at once into pieces, by default of as many keys as one statement takes."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write rows that are not there."""
    _write(connection, table, rows, "")


def upsert(connection: Connection, table: Table, rows: Sequence[Row], newer: str = "") -> None:
    """Write rows, over those with the same key.

    Args:
        connection: a transaction.
        table: where.
        rows: with all columns; no key twice.
        newer: column that must be higher than that of the row that is there; empty: always.
    """
    keys = [column.name for column in table.primary_key.columns]
    others = [column.name for column in table.columns if column.name not in keys]
    taken = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    where = f' WHERE excluded."{newer}" > "{table.name}"."{newer}"' if newer else ""
    names = ", ".join(f'"{key}"' for key in keys)
    _write(connection, table, rows, f" ON CONFLICT ({names}) DO UPDATE SET {taken}{where}")


def _write(connection: Connection, table: Table, rows: Sequence[Row], conflict: str) -> None:
    if not rows:
        return
    postgresql = connection.dialect.name == "postgresql"
    statement = _statement(table, conflict, postgresql)
    if not postgresql:
        values = itemgetter(*(column.name for column in table.columns))
        connection.exec_driver_sql(statement, list(map(values, rows)))
        return
    for piece in chunks(rows, MOST):
        connection.execute(text(statement), {"rows": msgspec.json.encode(piece).decode()})


@cache
def _statement(table: Table, conflict: str, postgresql: bool) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    name = f'"{table.name}"'  # "position" is a word of SQL
    if postgresql:
        source = f"SELECT {names} FROM json_populate_recordset(NULL::{name}, CAST(:rows AS json))"  # noqa: S608
    else:
        source = f"VALUES ({', '.join('?' for _ in table.columns)})"
    return f"INSERT INTO {name} ({names}) {source}{conflict}"
