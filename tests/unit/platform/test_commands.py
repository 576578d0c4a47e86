"""Every command of the table exists and explains itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from corridor.cli import COMMANDS, HELP, corridor
from corridor.cli.exits import Exit

PRINTS_NO_DATA = {
    "run": "logs only",
    "pipe": "logs only",
    "translate": "its output is JSON lines already",
    "mapping explain": "prints code",
    "schema export": "its output is JSON lines already",
    "schema import": "says how many",
    "view dump": "its output is JSON lines already",
}
"""Commands without --json, with the reason."""


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


def leaves() -> Iterator[tuple[str, click.Command, str]]:
    """Every command that does something: its name, itself, and its help with that of its groups."""
    everything = dict(commands(corridor))
    for path, command in everything.items():
        if not isinstance(command, click.Group):
            shown = [everything[path[:depth]] for depth in range(1, len(path) + 1)]
            yield " ".join(path), command, "\n".join(f"{each.help}\n{each.epilog}" for each in shown)


def test_every_command_has_an_example() -> None:
    """The help of each command, or of its group, shows a call of it."""
    for name, _, text in leaves():
        assert f"corridor {name}" in text, name


def test_every_command_that_prints_data_can_print_json() -> None:
    """Each command has --json, save those that print no data or JSON anyway."""
    without = {name for name, command, _ in leaves() if "as_json" not in {p.name for p in command.params}}
    assert without == set(PRINTS_NO_DATA)


def test_exit_codes_are_documented() -> None:
    """The overview has every code; a command that ends with 1 for what it found says so itself."""
    for code in Exit:
        assert f"{code:5d}  " in HELP, code
    telling = 0
    for name, command, text in leaves():
        assert command.callback is not None
        if "FINDINGS" in inspect.getsource(inspect.unwrap(command.callback)):
            assert "xit code" in text, name
            telling += 1
    assert telling > 5


def test_examples_are_calls_that_parse() -> None:
    """Every line of the help that calls `corridor` names a command that there is, with options it has."""
    everything = {" ".join(path): command for path, command in commands(corridor)}
    for name, _, text in leaves():
        for line in text.splitlines():
            words = line.split("#")[0].split()
            if words[:1] != ["corridor"] or len(words) < 2 or words[1].startswith("-"):
                continue
            called = next(
                (told for depth in (4, 3, 2) if (told := " ".join(words[1:depth])) in everything), ""
            )
            assert called, (name, line)
            known = {option for p in everything[called].params for option in p.opts + p.secondary_opts}
            own = words[1 : words.index("|")] if "|" in words else words[1:]
            used = {word.partition("=")[0] for word in own if word.startswith("--")}
            assert used <= known | {"--help"}, (name, line)
