"""``corridor find``: shipments by name, place, time and status."""

from __future__ import annotations

from datetime import datetime

import click

from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, say, settings_options
from corridor.settings import Settings
from corridor.view.database import Database
from corridor.view.find import MOST, WantedShipments, find
from corridor.view.page import row
from corridor.view.times import milliseconds
from schemas.shipment.owners import KINDS
from schemas.shipment.state import STATUS

EPILOG = """\b
Examples:
  corridor find --status at-sea
  corridor find --place KZAAU --held
  corridor find --vessel Barys --after 2026-01-16 --before 2026-01-18 --json

\b
Exit codes: 0 found, 1 nothing found.
"""


@click.command(epilog=EPILOG)
@settings_options
@click.option("--container", default="", help="Container number.")
@click.option("--wagon", default="", help="Wagon number.")
@click.option("--note", default="", help="Consignment note, number or whole key.")
@click.option("--train", default="", help="Train index or number.")
@click.option("--vessel", default="", help="Vessel, IMO number or name.")
@click.option("--plate", default="", help="Plate of tractor or trailer.")
@click.option("--permit", default="", help="Permit.")
@click.option("--lot", default="", help="Oil lot or bill of lading.")
@click.option("--place", default="", help="Where it is now: UN/LOCODE, or ESR where there is none.")
@click.option(
    "--status", default="", type=click.Choice(["", *STATUS]), metavar="STATUS", help=", ".join(STATUS)
)
@click.option("--kind", default="", type=click.Choice(["", *KINDS]), metavar="KIND", help=", ".join(KINDS))
@click.option("--held", is_flag=True, help="Only what something holds.")
@click.option("--after", type=click.DateTime(), help="Something happened at or after that, UTC.")
@click.option("--before", type=click.DateTime(), help="Something happened before that, UTC.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="Most on a page.")
@click.option("--cursor", default="", help="Goes on where the page before ended.")
@json_option
def command(
    settings: Settings, after: datetime | None, before: datetime | None, as_json: bool, **options: str | int
) -> int:
    """List shipments for which everything holds that is named, newest first."""
    wanted = WantedShipments(**options, after=milliseconds(after), before=milliseconds(before))  # type: ignore[arg-type]
    database = Database(settings.view)
    try:
        database.require_current()
        with database.reading() as connection:
            page = find(connection, wanted)
    finally:
        database.close()
    if as_json:
        emit(page)
    else:
        for found in page.items:
            say(row(found))
        if page.next:
            say(f"more: --cursor {page.next}", err=True)
    return Exit.OK if page.items else Exit.FINDINGS
