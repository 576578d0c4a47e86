"""Code lists: tables that mappings look codes up in, each row with its source and whether it is verified.

The shipped lists are the CSV files in ``lists/`` beside this module (their form: ``schemas.codes.table``). An
integrator lays directories of CSV files over them. The header word ``mode`` of such a file says how:

``extend``
    the default: rows with new keys; a key that is there already with other values is a conflict
``override``
    rows may also take the place of rows with the same key
``replace``
    the rows are the whole list

A file whose name is no known list adds a list of its own and needs a whole header.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from schemas.codes.identifiers import NORMALISE
from schemas.codes.table import Broken, CodeTable, ColumnRule, Row, Sheet, Value, describe, fill, suggestion
from schemas.errors import Misconfigured

SHIPPED: Final = Path(__file__).parent / "lists"
"""Directory of the lists that come with the broker."""

_MODES: Final = ("extend", "override", "replace")


class CodeLists:
    """All code lists, read once and never changed.

    Make it with ``load``. Every look-up is two dictionary accesses; ``column`` gives the inner dictionary to
    code that wants one.
    """

    def __init__(self, tables: Mapping[str, CodeTable]) -> None:
        self._tables = dict(tables)
        self._columns = {
            name: {column: {key: row[column] for key, row in table.rows.items()} for column in table.columns}
            for name, table in tables.items()
        }

    @classmethod
    def load(cls, overlays: Sequence[Path] = ()) -> CodeLists:
        """Read the shipped lists and lay directories over them, in order.

        Args:
            overlays: directories of CSV files.

        Raises:
            Misconfigured: code ``settings-invalid``, with every bad row as file, line, column and rule.
        """
        shipped = cls._shipped()
        if not overlays:
            return shipped
        return cls.read(overlays, {name: shipped.table(name) for name in shipped.names})

    @classmethod
    @cache
    def _shipped(cls) -> CodeLists:
        return cls.read((SHIPPED,))

    @classmethod
    def read(cls, directories: Sequence[Path], over: Mapping[str, CodeTable] | None = None) -> CodeLists:
        """Read directories of lists, in order, over tables that are there already; nothing is kept.

        Raises:
            Misconfigured: as ``load``.
        """
        tables = dict(over or {})
        broken: list[str] = []
        for directory in directories:
            files = sorted(directory.glob("*.csv"))
            if not files:
                broken.append(f"{directory}: no code list (*.csv) in this directory")
            for file in files:
                try:
                    broken += _lay(tables, Sheet.read(file))
                except Broken as error:
                    broken.append(str(error))
        broken += [] if broken else _dangling(tables)
        if broken:
            raise Misconfigured("settings-invalid", "code lists cannot be used:\n" + "\n".join(broken[:50]))
        return cls(tables)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all lists, sorted."""
        return tuple(sorted(self._tables))

    def table(self, name: str) -> CodeTable:
        """One list with its title, version, licence and column rules.

        Raises:
            Misconfigured: when there is no such list.
        """
        try:
            return self._tables[name]
        except KeyError:
            hint = suggestion(name, self._tables)
            raise Misconfigured("settings-invalid", f"no code list {name!r}{hint}") from None

    def columns(self, name: str) -> Mapping[str, ColumnRule]:
        """Column name to rule; the kind of a rule tells the type of the values.

        ``integer`` is ``int``, ``decimal`` is ``Decimal``, ``yes-no`` is ``bool``, all others are ``str``.
        """
        return self.table(name).columns

    def column(self, name: str, column: str) -> Mapping[str, Value]:
        """Key to value of one column: the fastest way to many look-ups.

        Raises:
            Misconfigured: when there is no such list or column.
        """
        table = self.table(name)
        try:
            return self._columns[name][column]
        except KeyError:
            hint = suggestion(column, table.columns)
            raise Misconfigured("settings-invalid", f"list {name!r} has no column {column!r}{hint}") from None

    def lookup(self, name: str, key: str, column: str) -> Value:
        """Value of a column in the row of a key; None when the key is unknown or the cell empty.

        Raises:
            Misconfigured: when there is no such list or column.
        """
        try:
            return self._columns[name][column].get(key)
        except KeyError:
            return self.column(name, column).get(key)

    def known(self, name: str, key: str) -> bool:
        """Whether a list has the key."""
        return key in self.table(name).rows

    def row(self, name: str, key: str) -> Row | None:
        """All columns of a key's row as a new dictionary, or None."""
        row = self.table(name).rows.get(key)
        return None if row is None else dict(row)

    def rows(self, name: str) -> Iterator[tuple[str, Row]]:
        """Key and row of every row, in the order of the file."""
        return ((key, dict(row)) for key, row in self.table(name).rows.items())

    def verified(self, name: str, key: str) -> bool:
        """Whether a row is there and its facts are verified; use of others is counted."""
        return self.lookup(name, key, "verified") is True

    def unverified(self, name: str) -> frozenset[str]:
        """Give the keys of the rows whose facts are not verified."""
        return frozenset(key for key in self.table(name).rows if not self.verified(name, key))

    def search(self, text: str) -> Iterator[tuple[str, str, Row]]:
        """List, key and row of every row that has the text in its key or a cell, whatever case or accents."""
        wanted = NORMALISE["name"](text)
        for name in self.names:
            for key, row in self.rows(name):
                cells = (key, *(value for value in row.values() if isinstance(value, str)))
                if any(wanted in NORMALISE["name"](cell) for cell in cells):
                    yield name, key, row


def _lay(tables: dict[str, CodeTable], sheet: Sheet) -> list[str]:
    """Lay one file over the tables; return the broken rules."""
    name = sheet.file.stem
    if sheet.words.get("list", name) != name:
        return [f"{sheet.file}: is list {sheet.words['list']!r}, but its name says {name!r}"]
    mode = sheet.words.get("mode", "extend")
    if mode not in _MODES:
        return [f"{sheet.file}: mode {mode!r} is none of {', '.join(_MODES)}"]
    known = tables.get(name)
    table, broken = fill(known or describe(sheet), sheet)
    if known and mode != "replace":
        conflicts = [key for key in table.rows if key in known.rows and table.rows[key] != known.rows[key]]
        if mode == "extend":
            broken += [
                f"{table.places[key]}: column {table.key[0]}: key {key!r} is at {known.places[key]} with "
                f"other values (mode override lets it take that place)"
                for key in conflicts
            ]
        table = replace(table, rows={**known.rows, **table.rows}, places={**known.places, **table.places})
    tables[name] = replace(table, version=sheet.words.get("version", table.version))
    return broken


def _dangling(tables: Mapping[str, CodeTable]) -> list[str]:
    """References from one list to a key that another list does not have."""
    broken = []
    for table in tables.values():
        for column in table.columns.values():
            if column.kind != "in":
                continue
            if column.argument not in tables:
                broken.append(
                    f"list {table.name}: column {column.name}: refers to no list {column.argument!r}"
                )
                continue
            keys = tables[column.argument].rows
            broken += [
                f"{table.places[key]}: column {column.name}: {row[column.name]!r} is not in the list "
                f"{column.argument}{suggestion(str(row[column.name]), keys)}"
                for key, row in table.rows.items()
                if row[column.name] is not None and row[column.name] not in keys
            ]
    return broken
