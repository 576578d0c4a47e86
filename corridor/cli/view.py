"""``corridor view``: the state of the shipment view, its migrations, and building it anew."""

from __future__ import annotations

import asyncio
import hashlib

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from corridor.cli.options import emit, json_option, settings_options
from corridor.lists import bring_lists
from corridor.roles.contracts import registry_client
from corridor.settings import Settings
from corridor.view.database import Database
from corridor.view.dump import dump
from corridor.view.projector import NAME, TOPICS, Projector
from corridor.view.status import status_of
from streams.logs.projection import Projection
from streams.records.contracts import Contracts

EPILOG = """\b
Examples:
  corridor view status
  corridor view migrate                        # before a role view of a newer release starts
  corridor view rebuild                        # drop everything, and read the log from its beginning
  corridor view dump --digest                  # the same content has the same digest
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """Look after the shipment view: a projection of the log into SQL that can be rebuilt at any time."""


@command.command()
@settings_options
@json_option
def migrate(settings: Settings, as_json: bool) -> None:
    """Bring the tables up to date; the role view does so by itself when it starts."""
    database = Database(settings.view)
    try:
        before, after = database.migrate()
    finally:
        database.close()
    if as_json:
        emit({"before": before, "after": after})
    else:
        click.echo(f"{database.address}: {before or 'empty'} to {after}")


@command.command()
@settings_options
@json_option
def status(settings: Settings, as_json: bool) -> None:
    """Show how many rows there are, and how far the log was read."""
    database = Database(settings.view)
    try:
        database.require_current()
        with database.reading() as connection:
            found = status_of(connection)
    finally:
        database.close()
    if as_json:
        emit(found)
        return
    click.echo(database.address)
    for table, rows in found.rows.items():
        click.echo(f"  {table:12}{rows:>12,}")
    for place, offset in found.positions.items():
        click.echo(f"  {place:28}next offset {offset:,}")


@command.command()
@settings_options
@json_option
def rebuild(settings: Settings, as_json: bool) -> None:
    """Drop all content and read the log from its beginning, with progress on a terminal.

    What the log no longer keeps (topics.retention_days) is not in the view afterwards. A running role view
    notices and takes part.
    """
    done = asyncio.run(_rebuild(settings))
    if as_json:
        emit({"records": done})
    else:
        click.echo(f"{done:,} records read")


@command.command(name="dump")
@settings_options
@click.option("--digest", is_flag=True, help="Only the SHA-256 of it.")
def dump_(settings: Settings, digest: bool) -> None:
    """Print all content in one canonical order, a line of JSON for every row."""
    database = Database(settings.view)
    digested = hashlib.sha256()
    try:
        database.require_current()
        with database.reading() as connection:
            for line in dump(connection):
                if digest:
                    digested.update(line)
                else:
                    click.echo(line, nl=False)
    finally:
        database.close()
    if digest:
        click.echo(digested.hexdigest())


async def _rebuild(settings: Settings) -> int:
    database, client = Database(settings.view), registry_client(settings)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        bring_lists(settings)
        await asyncio.to_thread(database.migrate)
        projector = Projector(database, Contracts(client), settings.simulated)
        await asyncio.to_thread(projector.empty)
        projection = Projection(NAME, projector, TOPICS, settings.kafka, settings.processing)
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("Rebuilding the view", total=None)
            return await projection.catch_up(
                lambda done, total: bar.update(task, completed=done, total=total)
            )
    finally:
        await client.close()
        database.close()
