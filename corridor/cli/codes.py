"""``corridor codes``: look codes up, check identifiers, compare code lists."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, overlay_option
from schemas.codes.identifiers import CHECKS, NORMALISE
from schemas.codes.lists import CodeLists
from schemas.codes.table import Row, suggestion

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(name="codes")
def command() -> None:
    """Code lists and identifier checks of the corridor.

    Exit code 0: found, valid or equal; 1: not found, invalid or different.
    """


@command.command(name="list")
@click.argument("name", required=False)
@overlay_option
@json_option
def list_(name: str | None, overlays: tuple[Path, ...], as_json: bool) -> None:
    """Show all lists and identifiers, or every row of the list NAME.

    \b
    corridor codes list
    corridor codes list stations
    """  # noqa: D301 - click's mark
    codes = CodeLists.load(overlays)
    if name is not None:
        _known_list(codes, name)
        for key, row in codes.rows(name):
            _print_row(name, key, row, as_json)
        return
    for each in codes.names:
        table = codes.table(each)
        unverified = sum(not codes.verified(each, key) for key in table.rows)
        facts = {
            "rows": len(table.rows),
            "unverified": unverified,
            "version": table.version,
            "title": table.title,
        }
        if as_json:
            emit({"list": each, **facts, "columns": list(table.columns), "licence": table.licence})
        else:
            click.echo(f"{each:16} {len(table.rows):4} rows, {unverified:3} unverified  {table.title}")
    if not as_json:
        click.echo(f"identifiers: {', '.join(sorted(CHECKS))}")


@command.command()
@click.argument("name")
@click.argument("key", required=False)
@click.argument("column", required=False)
@overlay_option
@json_option
def lookup(name: str, key: str | None, column: str | None, overlays: tuple[Path, ...], as_json: bool) -> None:
    """Show the row of KEY in the list NAME, or one COLUMN of it; with NAME alone, search all lists for it.

    \b
    corridor codes lookup stations 553002
    corridor codes lookup locode-stations AZALA/KZKUR esr
    corridor codes lookup ələt
    """  # noqa: D301 - click's mark
    codes = CodeLists.load(overlays)
    if key is None:
        found = list(codes.search(name))
        for each, found_key, row in found:
            _print_row(each, found_key, row, as_json)
        if not found:
            _fail(f"nothing in any list has {name!r}")
        return
    _known_list(codes, name)
    row_of_key = codes.row(name, key)
    if row_of_key is None:
        _fail(f"no {key!r} in {name}{suggestion(key, codes.table(name).rows)}")
    elif column is None:
        _print_row(name, key, row_of_key, as_json)
    elif column not in row_of_key:
        raise click.UsageError(f"no column {column!r} in {name}{suggestion(column, row_of_key)}")
    else:
        value = row_of_key[column]
        emit({column: value}) if as_json else click.echo(_text(value))


@command.command()
@click.argument("identifier")
@click.argument("values", nargs=-1)
@click.option(
    "--normalise", is_flag=True, help="Bring values into normal form first (plates, container numbers)."
)
@json_option
def check(identifier: str, values: tuple[str, ...], normalise: bool, as_json: bool) -> None:
    """Check VALUES, or the lines of standard input, as IDENTIFIER (see `corridor codes list`).

    \b
    corridor codes check iso6346 CSQU3054383
    corridor codes check --normalise plate "10 aa-123"
    corridor codes check esr < stations.txt
    """  # noqa: D301 - click's mark
    if identifier not in CHECKS:
        raise click.UsageError(f"no identifier {identifier!r}{suggestion(identifier, CHECKS)}")
    bad = 0
    for value in values or (line.rstrip("\r\n") for line in sys.stdin):
        normal = NORMALISE[identifier](value) if normalise and identifier in NORMALISE else value
        broken = CHECKS[identifier](normal)
        bad += broken is not None
        if as_json:
            emit({"identifier": identifier, "value": normal, "valid": broken is None, "rule": broken})
        else:
            click.echo(f"{normal}: {broken or 'valid'}")
    if bad:
        sys.exit(Exit.FINDINGS)


@command.command()
@click.argument("overlays", nargs=-1, required=True, type=_DIRECTORY)
@json_option
def diff(overlays: tuple[Path, ...], as_json: bool) -> None:
    """Show what the directories OVERLAYS change in the shipped lists.

    Rows added are marked +, removed -, changed ~.

    \b
    corridor codes diff overlays/2026-04
    """  # noqa: D301 - click reads it
    shipped, laid = CodeLists.load(), CodeLists.load(overlays)
    changes = list(_changes(shipped, laid))
    for name, key, before, after in changes:
        if as_json:
            emit({"list": name, "key": key, "before": before, "after": after})
        elif before is None:
            click.echo(f"+ {name} {key}  {_cells(after or {})}")
        elif after is None:
            click.echo(f"- {name} {key}")
        else:
            cells = (
                f"{column}: {_text(before.get(column))!r} -> {_text(value)!r}"
                for column, value in after.items()
                if before.get(column) != value
            )
            click.echo(f"~ {name} {key}  {', '.join(cells)}")
    if changes:
        sys.exit(Exit.FINDINGS)


def _changes(shipped: CodeLists, laid: CodeLists) -> Iterable[tuple[str, str, Row | None, Row | None]]:
    for name in laid.names:
        before = dict(shipped.rows(name)) if name in shipped.names else {}
        after = dict(laid.rows(name))
        for key in [*before, *(key for key in after if key not in before)]:
            if before.get(key) != after.get(key):
                yield name, key, before.get(key), after.get(key)


def _known_list(codes: CodeLists, name: str) -> None:
    if name not in codes.names:
        raise click.UsageError(f"no code list {name!r}{suggestion(name, codes.names)}")


def _fail(message: str) -> None:
    click.echo(message, err=True)
    sys.exit(Exit.FINDINGS)


def _print_row(name: str, key: str, row: Row, as_json: bool) -> None:
    if as_json:
        emit({"list": name, "key": key, **row})
    else:
        click.echo(f"{name} {key}  {_cells(row)}")


def _cells(row: Row) -> str:
    return ", ".join(f"{column}={_text(value)}" for column, value in row.items() if value is not None)


def _text(value: object) -> str:
    if value is None:
        return ""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
