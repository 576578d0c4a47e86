"""``corridor run``: roles in the foreground, for a service manager or a container."""

from __future__ import annotations

import click

from corridor.cli.options import settings_options
from corridor.roles import ROLES
from corridor.settings import Settings, require_safe

HELP = "Run roles in this process until Ctrl-C or SIGTERM.\n\n\b\n" + "\n".join(
    f"{name:9}{purpose}" for name, purpose in ROLES.items()
)

EPILOG = """\b
Each role can run any number of times, in one process or in many, on one machine or on many: they share
Kafka and nothing else. Each serves /livez, /readyz and /metrics at the address in its settings.

\b
Examples:
  corridor run gateway stream deliver
  corridor run stream --config /etc/corridor/corridor.toml
  CORRIDOR__STREAM__PORT=8411 corridor run stream        # a second one on the same machine

\b
The process ends with 78 when the settings are unsafe, and with 70 or 75 when a role ended by itself:
start it again."""


@click.command(help=HELP, epilog=EPILOG)
@click.argument("roles", nargs=-1, required=True, type=click.Choice(list(ROLES)))
@settings_options
def command(roles: tuple[str, ...], settings: Settings) -> None:
    """Run roles."""
    from corridor.logging import configure  # noqa: PLC0415 - `--help` needs none of it
    from corridor.roles.process import run_roles  # noqa: PLC0415

    require_safe(settings)
    repeats = configure(settings.log, "+".join(roles))
    run_roles(list(dict.fromkeys(roles)), settings, repeats.flush)
