"""``corridor check``: the effective settings, and what is unsafe about them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import click
import msgspec

from corridor.checking import addresses, participants, registry
from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, settings_options
from corridor.settings import Settings, unsafe
from corridor.settings.exposure import own_registry

EPILOG = """\b
Examples:
  corridor check
  corridor check --config /etc/corridor/corridor.toml
  CORRIDOR__KAFKA__BOOTSTRAP=kafka:9092 corridor check --json | jq .settings.kafka

A registry that does not answer is said, and is no reason to refuse.

Exit codes: 0 safe to run, 78 not."""


@click.command(epilog=EPILOG)
@settings_options
@json_option
def command(settings: Settings, as_json: bool) -> int:
    """Show the effective settings, redacted, and refuse what is unsafe or could not run.

    Compiles the mappings of all participants, sends the examples of their profiles through them, tries their
    keys, resolves the names that are connected to, and asks the schema registry whether it would take every
    schema; nothing is written.

    What a file and the environment leave open is shown with its default. Secrets are never shown: only where
    they are read from.
    """
    risks = [*unsafe(settings), *own_registry(settings)]
    problems = list(participants(settings))
    problems += asyncio.run(addresses(settings))
    refused, unasked = asyncio.run(registry(settings))
    problems += refused
    tree = _redacted(msgspec.to_builtins(settings))
    if as_json:
        emit(
            {
                "settings": tree,
                "unsafe": [risk._asdict() for risk in risks],
                "problems": [problem._asdict() for problem in problems],
                "registry": unasked or "asked",
            }
        )
    else:
        for address, value in _flat(tree, ""):
            click.echo(f"{address} = {value}")
        for risk in risks:
            click.secho(f"unsafe: {risk.setting}: ", fg="red", nl=False, err=True)
            click.echo(risk.reason, err=True)
        for problem in problems:
            click.secho(f"cannot run: {problem.where}: ", fg="red", nl=False, err=True)
            click.echo(problem.reason, err=True)
        if unasked:
            click.secho(f"The registry was not asked: {unasked}", fg="yellow", err=True)
        if not risks and not problems:
            click.secho("Safe to run.", fg="green", err=True)
    return Exit.CONFIGURATION if risks or problems else Exit.OK


def _redacted(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Hide the user information of addresses, the one place where a secret could stand in a setting."""
    match value:
        case dict():
            return {key: _redacted(item) for key, item in value.items()}
        case list() | tuple():
            return [_redacted(item) for item in value]
        case str():
            return re.sub(r"(?<=://)[^/@\s]+@", "***@", value)
        case _:
            return value


def _flat(tree: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", msgspec.json.encode(value).decode()
