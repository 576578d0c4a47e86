"""``corridor codes``: look codes up, check identifiers, compare code lists."""

import json
import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from schemas.codes.identifiers import CHECKS, NORMALISE
from schemas.codes.lists import CodeLists
from schemas.codes.table import Row, suggestion
from schemas.errors import Misconfigured

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)
_overlays = click.option(
    "--overlay",
    "overlays",
    multiple=True,
    type=_DIRECTORY,
    help="Lay this directory of CSV files over the lists.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")


@click.group(name="codes")
def command() -> None:
    r"""Code lists and identifier checks of the corridor.

    \b
    Exit codes: 0 found, valid or equal; 1 not found, invalid or different; 2 wrong usage;
    78 the lists cannot be used as they are.
    """


@command.command(name="list")
@click.argument("name", required=False)
@_overlays
@_as_json
def list_(name: str | None, overlays: tuple[Path, ...], as_json: bool) -> None:
    r"""Show all lists and identifiers, or every row of the list NAME.

    \b
    corridor codes list
    corridor codes list stations
    """
    codes = _load(overlays)
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
            _print_json({"list": each, **facts, "columns": list(table.columns), "licence": table.licence})
        else:
            click.echo(f"{each:16} {len(table.rows):4} rows, {unverified:3} unverified  {table.title}")
    if not as_json:
        click.echo(f"identifiers: {', '.join(sorted(CHECKS))}")


@command.command()
@click.argument("name")
@click.argument("key", required=False)
@click.argument("column", required=False)
@_overlays
@_as_json
def lookup(name: str, key: str | None, column: str | None, overlays: tuple[Path, ...], as_json: bool) -> None:
    r"""Show the row of KEY in the list NAME, or one COLUMN of it; with NAME alone, search all lists for it.

    \b
    corridor codes lookup stations 553002
    corridor codes lookup locode-stations AZALA/KZKUR esr
    corridor codes lookup ələt
    """
    codes = _load(overlays)
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
        click.echo(_json({column: value}) if as_json else _text(value))


@command.command()
@click.argument("identifier")
@click.argument("values", nargs=-1)
@click.option(
    "--normalise", is_flag=True, help="Bring values into normal form first (plates, container numbers)."
)
@_as_json
def check(identifier: str, values: tuple[str, ...], normalise: bool, as_json: bool) -> None:
    r"""Check VALUES, or the lines of standard input, as IDENTIFIER (see `corridor codes list`).

    \b
    corridor codes check iso6346 CSQU3054383
    corridor codes check --normalise plate "10 aa-123"
    corridor codes check esr < stations.txt
    """
    if identifier not in CHECKS:
        raise click.UsageError(f"no identifier {identifier!r}{suggestion(identifier, CHECKS)}")
    bad = 0
    for value in values or (line.rstrip("\r\n") for line in sys.stdin):
        normal = NORMALISE[identifier](value) if normalise and identifier in NORMALISE else value
        broken = CHECKS[identifier](normal)
        bad += broken is not None
        if as_json:
            _print_json({"identifier": identifier, "value": normal, "valid": broken is None, "rule": broken})
        else:
            click.echo(f"{normal}: {broken or 'valid'}")
    if bad:
        sys.exit(1)


@command.command()
@click.argument("overlays", nargs=-1, required=True, type=_DIRECTORY)
@_as_json
def diff(overlays: tuple[Path, ...], as_json: bool) -> None:
    """Show what the directories OVERLAYS change in the shipped lists.

    Rows added are marked +, removed -, changed ~.
    """
    shipped, laid = _load(()), _load(overlays)
    changes = list(_changes(shipped, laid))
    for name, key, before, after in changes:
        if as_json:
            _print_json({"list": name, "key": key, "before": before, "after": after})
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
        sys.exit(1)


def _changes(shipped: CodeLists, laid: CodeLists) -> Iterable[tuple[str, str, Row | None, Row | None]]:
    for name in laid.names:
        before = dict(shipped.rows(name)) if name in shipped.names else {}
        after = dict(laid.rows(name))
        for key in [*before, *(key for key in after if key not in before)]:
            if before.get(key) != after.get(key):
                yield name, key, before.get(key), after.get(key)


def _load(overlays: tuple[Path, ...]) -> CodeLists:
    try:
        return CodeLists.load(overlays)
    except Misconfigured as error:
        click.echo(f"error: {error.message}", err=True)
        sys.exit(78)


def _known_list(codes: CodeLists, name: str) -> None:
    if name not in codes.names:
        raise click.UsageError(f"no code list {name!r}{suggestion(name, codes.names)}")


def _fail(message: str) -> None:
    click.echo(message, err=True)
    sys.exit(1)


def _print_row(name: str, key: str, row: Row, as_json: bool) -> None:
    if as_json:
        _print_json({"list": name, "key": key, **row})
    else:
        click.echo(f"{name} {key}  {_cells(row)}")


def _cells(row: Row) -> str:
    return ", ".join(f"{column}={_text(value)}" for column, value in row.items() if value is not None)


def _text(value: object) -> str:
    if value is None:
        return ""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _json(record: dict[str, Any]) -> str:
    plain = {key: str(value) if isinstance(value, Decimal) else value for key, value in record.items()}
    return json.dumps(plain, ensure_ascii=False)


def _print_json(record: dict[str, Any]) -> None:
    click.echo(_json(record))
