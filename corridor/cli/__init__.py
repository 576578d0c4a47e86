"""The command ``corridor``: its commands are loaded when they are called, so that each starts quickly."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final, cast

import click

from corridor.cli.exits import EXIT_CODES, Exit, report

COMMANDS: Final[dict[str, str]] = {
    "up": "Run everything on this machine and watch shipments cross.",
    "run": "Run roles: gateway, stream, deliver, view.",
    "check": "Show the effective settings; refuse what is unsafe or could not run.",
    "topics": "Create the topics, or show what would change.",
    "tail": "Follow messages as they pass.",
    "show": "Show one shipment whole: by container, note, wagon, train, vessel, plate, permit, lot.",
    "find": "List shipments by name, place, time and status.",
    "kpi": "Show the figures of the corridor beside the published targets.",
    "view": "Look after the shipment view: status, migrate, rebuild, dump.",
    "dead": "Count, list, show, replay and discard dead letters.",
    "deliver": "Send once more what a partner lost after it had answered 200.",
    "audit": "Compare ledgers with receipts, dead letters and losses.",
    "permit": "Act as an e-Permit authority: keys, quotas, permits.",
    "sandbox": "Play one participant, or everyone whom the settings name.",
    "schema": "Register, check and compare schemas.",
    "mapping": "Check a mapping, and show the code made from it.",
    "codes": "Look up and check codes and identifiers.",
    "oil": "Convert quantities of crude oil, and balance lots.",
    "translate": "Translate JSON lines from one profile to another, without Kafka.",
    "pipe": "Run one mapping between two topics.",
    "docs": "Write the reference pages.",
}
"""Every command with its line in the overview; its code is ``corridor.cli.<name>`` and offers ``command``."""

HELP: Final = f"""Translates and delivers messages between the platforms of the Middle Corridor, exactly once.

\b
Try it, with everyone around it simulated and nothing to configure:
  corridor up

\b
Translate messages without running anything:
  corridor translate dtc.note.v1 dlp.event.v1 < notes.jsonl

\b
Run it for real:
  corridor check --config corridor.toml
  corridor run gateway stream deliver view --config corridor.toml

\b
Exit codes:
{EXIT_CODES}
"""


class Commands(click.Group):
    """A group that imports a command's module only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names in the order of the table: what one does first comes first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        return cast(click.Command, importlib.import_module(f"corridor.cli.{cmd_name}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=Commands,
    help=HELP,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "auto_envvar_prefix": "CORRIDOR",
    },
)
@click.option("--debug", is_flag=True, envvar="CORRIDOR_DEBUG", help="Show tracebacks of errors.")
@click.version_option(package_name="corridor-broker", prog_name="corridor")
def corridor(debug: bool) -> None:
    """Hold the global options; the commands do the work."""
    if debug:
        os.environ["CORRIDOR_DEBUG"] = "1"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a documented code; an error is one message, not a traceback."""
    try:
        code = corridor.main(args=arguments, prog_name="corridor", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else Exit.OK)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost place there is
        sys.exit(report(error))
