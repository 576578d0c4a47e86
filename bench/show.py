"""`corridor show` on a large view: the question and the page by themselves, and as a whole process.

Some hundred shipments are projected from their events, whole. A million others are copies of their rows in
SQL, each with one event and eight names: years in which containers, trains and vessels were busy before.
"""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Final

from bench.case import BenchFigure, Tell
from bench.journeys import events
from corridor.roles.contracts import codec
from corridor.settings.model import View
from corridor.view.database import Database
from corridor.view.events import recompute, write_events
from corridor.view.page import shipment
from corridor.view.show import show
from schemas import profiles
from schemas.shipment import fact_of

SHIPMENTS: Final = 1_000_000
WHOLE: Final = 60_000
"""Events of the shipments that are whole: a few trains on the way at once, as in the log."""
ASKED: Final = 200
"""Questions by each kind of name."""
PROCESSES: Final = 20
STEP: Final = 100
"""Copies of each in one transaction."""
KINDS: Final = ("CONTAINER", "NOTE", "WAGON", "TRAIN", "VESSEL")
_PREPARED: Final = """
PRAGMA synchronous = OFF;
PRAGMA cache_size = -400000;
CREATE TEMP TABLE numbered AS SELECT row_number() OVER (ORDER BY key) AS number, * FROM shipment;
CREATE TEMP TABLE first_link AS SELECT kind, shipment, min(value) AS value FROM link GROUP BY shipment, kind;
CREATE TEMP TABLE first_event AS SELECT owner, min(id) AS id FROM
    (SELECT owner, id FROM event UNION ALL SELECT journey, id FROM event) GROUP BY owner;
CREATE INDEX temp.link_by_owner ON first_link (shipment);
CREATE INDEX temp.event_by_owner ON first_event (owner);
CREATE TEMP TABLE copy (n INTEGER);
CREATE TEMP VIEW copied AS SELECT
    n, s.*, n * 30 * 86400000 AS ago,
    printf('%08x', (n * 100000 + number) * 2654435761 & 4294967295) AS spread,
    CASE WHEN kind = 'CONSIGNMENT'
         THEN printf('%08x', (n * 100000 + number) * 2654435761 & 4294967295) || substr(key, 9)
         ELSE substr(key, 1, instr(key, '/')) || n || substr(key, -6) END AS new_key
    FROM copy, numbered AS s
    WHERE kind = 'CONSIGNMENT' OR (kind IN ('TRAIN', 'VESSEL') AND number % 3 = 0);
"""
"""What is copied: consignments, and every third journey of a train or vessel, a month earlier each time.
Numbers times an odd one are as many different keys, spread over all of the index."""

_COPY: Final = (
    """
    INSERT OR IGNORE INTO shipment
    SELECT new_key, kind, title, status, since - ago, leg, place, place_name, next, origin, destination, eta,
           held, first_at - ago, last_at - ago, events, corrections
    FROM copied
    """,
    """
    INSERT OR IGNORE INTO link
    SELECT new_key, l.kind,
           CASE l.kind
           WHEN 'NOTE' THEN l.value || '-' || n
           WHEN 'CONTAINER' THEN iif(n % 25 = 0, l.value, printf('FILU%07d', (n * 997 + number) / 50))
           WHEN 'VESSEL' THEN iif(n % 10 = 0, l.value, printf('%d', 9600000 + n % 54))
           WHEN 'TRAIN' THEN iif(n % 10 = 0, l.value, printf('%04d-%03d-0000', n % 9000, number % 998))
           ELSE l.value END,
           first_at - ago
    FROM copied JOIN first_link AS l ON l.shipment = key
    """,
    """
    INSERT OR IGNORE INTO event
    SELECT spread || substr(event.id, 9), event.version, event.retracted, new_key, NULL, event.subject,
           event.code, event.classifier, event.at - ago, event.place, event.fact
    FROM copied JOIN first_event ON first_event.owner = copied.key JOIN event ON event.id = first_event.id
    """,
)


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """Median and 99th percentile by each kind of name, then of processes."""
    with tempfile.TemporaryDirectory(prefix="corridor-bench-") as directory:
        file = Path(directory) / "view.sqlite3"
        database = Database(View(url=f"sqlite:///{file}"))
        try:
            names = _filled(database, file, share, tell)
            for kind, listed in names.items():
                tell(f"{len(listed)} by {kind.lower()}")
                cuts = quantiles([_ask(database, name) for name in listed], n=100)
                yield BenchFigure(f"by {kind.lower()}, median", round(cuts[49], 1), "ms")
                yield BenchFigure(f"by {kind.lower()}, 99th percentile", round(cuts[98], 1), "ms")
        finally:
            database.close()
        asked = [name for listed in names.values() for name in listed[: PROCESSES // len(KINDS)]]
        times = [_process(Path(directory), name) for name in asked]
        yield BenchFigure("a whole process, median", round(quantiles(times, n=100)[49]), "ms")
        yield BenchFigure("a whole process, 99th percentile", round(quantiles(times, n=100)[98]), "ms")


def _ask(database: Database, name: str) -> float:
    """Milliseconds from the name to the page."""
    began = time.perf_counter()
    with database.reading() as connection:
        shown = show(connection, name)
    if shown is None:
        raise AssertionError(name)
    "\n".join(shipment(shown))
    return (time.perf_counter() - began) * 1000


def _process(directory: Path, name: str) -> float:
    """Milliseconds of ``corridor show``."""
    file = directory / "corridor.toml"
    file.write_text(f'[view]\nurl = "sqlite:///{directory}/view.sqlite3"\n')
    command = [sys.executable, "-m", "corridor", "show", name, "--config", str(file)]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def _filled(database: Database, file: Path, share: float, tell: Tell) -> dict[str, Sequence[str]]:
    """Fill a view; return names of whole shipments by their kind."""
    tell("some shipments, whole")
    avro = codec(profiles.CANONICAL)
    database.migrate()
    told = itertools.islice(events(), round(WHOLE * max(share, 0.1)))
    with database.writing() as connection:
        recompute(
            connection,
            write_events(connection, (fact_of(avro.decode(e.body), e.origin.decode()) for e in told)),
        )
    with closing(sqlite3.connect(file)) as copying:
        dice = Random(1)  # noqa: S311 - a sample
        names: dict[str, Sequence[str]] = {}
        for kind in KINDS:
            query = "SELECT DISTINCT value FROM link WHERE kind = ? ORDER BY value"
            names[kind] = dice.choices([row[0] for row in copying.execute(query, (kind,))], k=ASKED)
        _copy(copying, round(SHIPMENTS * share), tell)
    return names


def _copy(connection: sqlite3.Connection, wanted: int, tell: Tell) -> None:
    """Copy what is there until there are as many consignments as wanted."""
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql > ''")
    dropped = indexes.fetchall()
    connection.executescript(_PREPARED + "".join(f"DROP INDEX {name};" for name, _ in dropped))
    here = connection.execute("SELECT count(*) FROM shipment WHERE kind = 'CONSIGNMENT'").fetchone()[0]
    copies = max(1, wanted // here)
    for first in range(1, copies + 1, STEP):
        last = min(first + STEP - 1, copies)
        with connection:
            connection.execute("DELETE FROM copy")
            connection.executemany("INSERT INTO copy VALUES (?)", [(n,) for n in range(first, last + 1)])
            for statement in _COPY:
                connection.execute(statement)
        tell(f"{last * here:,} shipments")
    for _, statement in dropped:
        connection.execute(statement)
    connection.commit()
