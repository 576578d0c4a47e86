"""Every command of the table exists and explains itself."""

from __future__ import annotations

import click

from corridor.cli import COMMANDS, corridor


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Return all commands, with those inside of groups."""
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


def test_every_command_teaches() -> None:
    """Each command, with those inside of groups, says what it does; each option says what it means."""
    everything = commands(corridor)
    assert {path[0] for path, _ in everything} == set(COMMANDS)
    for path, command in everything:
        assert command.help, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (path, parameter.name)
