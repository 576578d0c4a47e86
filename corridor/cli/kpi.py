"""``corridor kpi``: the figures of the corridor beside the published targets."""

from __future__ import annotations

from datetime import datetime

import click

from corridor.cli.options import emit, json_option, settings_options
from corridor.settings import Settings
from corridor.view.database import Database
from corridor.view.figures import Asked, figures
from corridor.view.page import figure_lines, target_lines
from schemas.shipment.kpis import KPIS
from schemas.shipment.legs import LEGS

EPILOG = """\b
Examples:
  corridor kpi
  corridor kpi --from 2026-01-12 --to 2026-01-18 --leg caspian
  corridor kpi --kpi dwell-aktau --daily --json

docs/kpi.md has definition, scope and source of every figure.
"""
DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command(epilog=EPILOG)
@settings_options
@click.option("--from", "first", type=DAY, help="First day, UTC.")
@click.option("--to", "last", type=DAY, help="Last day, UTC.")
@click.option("--leg", default="", help=f"One leg: {', '.join(LEGS)}; of loss-free a stage.")
@click.option("--kpi", default="", type=click.Choice(["", *KPIS]), metavar="NAME", help="One figure.")
@click.option("--daily", is_flag=True, help="Day by day.")
@json_option
def command(
    settings: Settings,
    first: datetime | None,
    last: datetime | None,
    leg: str,
    kpi: str,
    daily: bool,
    as_json: bool,
) -> None:
    """Show the figures by leg, over all days or day by day, with the published target beside each."""
    asked = Asked(kpi=kpi, leg=leg, first=_day(first), last=_day(last), daily=daily)
    database = Database(settings.view)
    try:
        database.require_current()
        with database.reading() as connection:
            found = figures(connection, asked)
    finally:
        database.close()
    if as_json:
        for figure in found:
            emit(figure)
    else:
        click.echo("\n".join([*figure_lines(found, daily=daily), *target_lines(found)]))


def _day(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d") if at else ""
