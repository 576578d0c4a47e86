"""A view to write to and to read whole."""

from __future__ import annotations

from corridor.view.database import Database
from corridor.view.dump import dump
from corridor.view.events import recompute, write_events
from schemas.shipment import Fact


def write(database: Database, told: list[Fact] | tuple[Fact, ...]) -> None:
    """Write facts in one transaction."""
    with database.writing() as connection:
        recompute(connection, write_events(connection, told))


def content(database: Database) -> bytes:
    """All of it."""
    with database.reading() as connection:
        return b"".join(dump(connection))
