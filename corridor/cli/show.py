"""``corridor show``: one shipment whole."""

from __future__ import annotations

import click

from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, say, settings_options
from corridor.lists import bring_lists
from corridor.settings import Settings
from corridor.view.database import Database
from corridor.view.page import shipment
from corridor.view.show import show

EPILOG = """\b
Examples:
  corridor show TITU1000006                    # a container: its newest trip, the others beside it
  corridor show 707701/2026-01-12/30000003     # a note
  corridor show 30000003 --json                # a note by its number alone
  corridor show 9501008                        # a vessel: its newest call, and what is aboard

\b
Exit codes: 0 shown, 1 nothing is known under that name.
"""


@click.command(epilog=EPILOG)
@settings_options
@click.argument("reference", metavar="REF")
@json_option
def command(settings: Settings, reference: str, as_json: bool) -> int:
    """Show the timeline of REF: a container, note, wagon, train, vessel, plate, permit or oil lot.

    Plan, estimate and actual of every step, leg by leg; where it is, what holds it, documents, permits,
    customs, what carried each container, corrections, deliveries and losses. Asks the view, not Kafka.
    """
    bring_lists(settings)
    database = Database(settings.view)
    try:
        database.require_current()
        with database.reading() as connection:
            shown = show(connection, reference)
    finally:
        database.close()
    if shown is None:
        click.echo(f"nothing is known under {reference!r}", err=True)
        return Exit.FINDINGS
    if as_json:
        emit(shown)
    else:
        for line in shipment(shown):
            say(line)
    return Exit.OK
