"""`corridor mapping`: look at, check and understand mapping files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, overlay_option, profiles_option
from corridor.lists import lists_beside
from schemas.errors import Misconfigured
from schemas.mapping.compile import CompiledMapping, load
from schemas.mapping.contract import broken
from schemas.profiles import Profiles

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group()
def command() -> None:
    """Check mapping files and see the code they become."""


@command.command(
    epilog="\b\nExamples:\n  corridor mapping check to_corridor.yaml\n  corridor mapping check *.yaml --json"
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@profiles_option
@overlay_option
@json_option
def check(files: tuple[Path, ...], known: Profiles, overlays: tuple[Path, ...], as_json: bool) -> int:
    """Compile mapping FILES and print everything that is wrong with them.

    A mapping into the corridor event is also held against the contract of docs/contract.md.

    Each problem is one line, FILE:LINE:COLUMN: what. Exit code 1 when there is any; warnings alone are fine.
    """
    failed = False
    for file in files:
        problems: list[str] = []
        warnings: tuple[str, ...] = ()
        try:
            mapping = _compile(file, known, overlays)
            warnings = mapping.warnings
            problems = [f"{file}: {one} (docs/contract.md)" for one in broken(mapping.document)]
        except Misconfigured as error:
            problems = error.message.splitlines()
        failed = failed or bool(problems)
        if as_json:
            emit({"file": str(file), "problems": problems, "warnings": warnings})
            continue
        for problem in problems:
            click.echo(problem)
        for warning in warnings:
            click.echo(f"{file}: warning: {warning}")
        if not problems:
            click.echo(f"{file}: compiles")
    return Exit.FINDINGS if failed else Exit.OK


@command.command(
    epilog="\b\nExamples:\n  corridor mapping explain to_corridor.yaml\n"
    "  corridor mapping explain to_corridor.yaml --rule loaded"
)
@_FILE
@click.option("--rule", help="Show the functions of this rule only.")
@profiles_option
@overlay_option
def explain(file: Path, rule: str | None, known: Profiles, overlays: tuple[Path, ...]) -> int:
    """Show the Python that a mapping FILE becomes.

    Straight functions, with nothing interpreted per message.
    """
    mapping = _compile(file, known, overlays)
    source = mapping.module.source
    if rule is not None:
        if rule not in {known.name for known in mapping.rules}:
            names = ", ".join(known.name for known in mapping.rules)
            raise click.BadParameter(f"no rule {rule!r}; there are {names}", param_hint="--rule")
        wanted = {f"rule_{rule.replace('-', '_')}", f"head_{rule.replace('-', '_')}"}
        parts = source.split("\n\n")
        source = (
            "\n\n".join(part for part in parts if part.removeprefix("def ").split("(")[0] in wanted) + "\n"
        )
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.syntax import Syntax  # noqa: PLC0415

        Console().print(Syntax(source, "python", line_numbers=rule is None, word_wrap=True))
    else:
        click.echo(source, nl=False)
    return Exit.OK


def _compile(file: Path, known: Profiles, overlays: tuple[Path, ...]) -> CompiledMapping:
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise Misconfigured("mapping-invalid", f"{file}:1:1: not UTF-8") from error
    return load(text, str(file), known.schema, lists_beside(file, overlays))
