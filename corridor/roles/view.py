"""The role view: projects the log into SQL, and answers questions about shipments."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from prometheus_client import Gauge

from connectors.pauses import pause
from corridor.roles.contracts import registered, registry_client, tried, watch_registry
from corridor.roles.health import Health
from corridor.roles.process import serve_all, together
from corridor.settings import Settings
from corridor.settings.logins import view_logins
from corridor.view.api import view_routes
from corridor.view.database import Database
from corridor.view.figures import Figure, recent
from corridor.view.projector import NAME, TOPICS, Projector
from schemas.errors import Transient
from streams.logs.projection import Projection
from streams.records.contracts import Contracts

log = structlog.get_logger(__name__)

MEASURE_EVERY: Final = 15.0
"""Seconds between two readings of the figures for the metrics."""

figures = Gauge(
    "corridor_kpi",
    "Figure of the last seven days in the view; docs/kpi.md has unit and definition.",
    ["kpi", "leg"],
)


async def serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """Project and answer until ``stop`` is set."""
    client = registry_client(settings)
    contracts = Contracts(client)
    database = Database(settings.view)
    projector = Projector(database, contracts, settings.simulated)
    projection = Projection(NAME, projector, TOPICS, settings.kafka, settings.processing)
    health.watch("projection", lambda: projection.running)
    parts = [
        (settings.view, view_routes(database, view_logins(settings))),
        (settings.view.health, health.routes()),
    ]

    async def project() -> None:
        if await _migrated(database, health, stop) and await registered(contracts, health, stop):
            await together(stop, projection.run(stop), _measure(database, stop))

    try:
        await together(stop, serve_all(parts, stop), project(), watch_registry(client, health, stop))
    finally:
        await client.close()
        database.close()


async def _migrated(database: Database, health: Health, stop: asyncio.Event) -> bool:
    """Bring the tables up to date, waiting for a database that is not there yet."""

    async def migrate() -> None:
        before, after = await asyncio.to_thread(database.migrate)
        log.info("tables of the view", before=before, after=after)

    return await tried(migrate, "database", health, stop)


async def _measure(database: Database, stop: asyncio.Event) -> None:
    """Bring the figures into the metrics."""
    while not stop.is_set():
        try:
            for figure in await asyncio.to_thread(_recent, database):
                figures.labels(figure.kpi, figure.leg).set(figure.value)
        except Transient as error:
            log.warning("figures not read", error=error.message)
        except Exception:  # figures are for people: whatever is wrong with them, the view goes on
            log.exception("figures cannot be computed")
        await pause(stop, MEASURE_EVERY)


def _recent(database: Database) -> list[Figure]:
    with database.reading() as connection:
        return recent(connection)
