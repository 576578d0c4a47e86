"""One code list in one CSV file: a header that describes itself, and rows that keep to it.

The file starts with comment lines ``# word: text``; the CSV header and the rows follow::

    # list: stations
    # title: Railway stations of the corridor
    # version: 2026-11-23
    # licence: facts, no database right claimed
    # key: esr
    # column esr: check esr
    # column country: required, in countries
    esr,name,country,source,verified
    548502,Alat,AZ,ady-table,yes

``key`` is one or more columns; several are joined by ``/``, and empty parts at the end are left out. A
column rule is ``required`` and one kind, both optional: ``text`` (the default), ``integer``, ``decimal``,
``yes-no``, ``zone`` (IANA), ``check <identifier>``, ``normal <identifier>``, ``one of a|b|c``, ``in <list>``.
Every list has the columns ``source`` (where the fact comes from, a key of the list ``sources``) and
``verified`` (yes or no).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, TypeAlias

from schemas.codes.identifiers import CHECKS, NORMALISE

Value: TypeAlias = str | int | Decimal | bool | None
Row: TypeAlias = dict[str, Value]

_KINDS: Final = ("text", "integer", "decimal", "yes-no", "zone", "check", "normal", "one of", "in")
_ARGUMENTS: Final[dict[str, Mapping[str, object]]] = {"check": CHECKS, "normal": NORMALISE}


class Broken(Exception):
    """One rule that a file breaks; collected, so that all of them are told at once."""


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """Rule of one column: its kind, the kind's argument, and whether a value must be there."""

    name: str
    kind: str = "text"
    argument: str = ""
    required: bool = False

    @classmethod
    def parse(cls, name: str, rule: str) -> ColumnRule:
        """Read a rule such as ``required, in countries``.

        Raises:
            Broken: when the rule is none of the module's list.
        """
        words = [word.strip() for word in rule.split(",")]
        required = "required" in words
        kinds = [word for word in words if word not in {"required", ""}] or ["text"]
        kind = next((kind for kind in _KINDS if f"{kinds[0]} ".startswith(f"{kind} ")), None)
        if kind is None or len(kinds) > 1:
            raise Broken(f"rule {rule!r} is none of {', '.join(_KINDS)}")
        argument = kinds[0].removeprefix(kind).strip()
        if kind in _ARGUMENTS and argument not in _ARGUMENTS[kind]:
            raise Broken(f"no identifier {argument!r}{suggestion(argument, _ARGUMENTS[kind])}")
        return cls(name, kind, argument, required)

    def read(self, text: str) -> Value:
        """Turn the text of a cell into its value; an empty cell is None.

        Raises:
            Broken: when the text breaks the rule.
        """
        if not text:
            if self.required:
                raise Broken("must not be empty")
            return None
        match self.kind:
            case "integer":
                return _number(int, text)
            case "decimal":
                return _number(Decimal, text)
            case "yes-no":
                return _one_of(text, ("yes", "no")) == "yes"
            case "zone" if text not in zones():
                raise Broken(f"{text!r} is no IANA time zone{suggestion(text, zones())}")
            case "check" if broken := CHECKS[self.argument](text):
                raise Broken(f"{broken} ({text!r})")
            case "normal" if (normal := NORMALISE[self.argument](text)) != text:
                raise Broken(f"{text!r} is not in normal form, expected {normal!r}")
            case "one of":
                return _one_of(text, self.argument.split("|"))
        return text


PROVENANCE: Final = (
    ColumnRule("source", "in", "sources", required=True),
    ColumnRule("verified", "yes-no", required=True),
)


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A code list: what it is, the rules of its columns, its rows by key.

    Attributes:
        places: key to ``file:line`` of the row, for messages.
    """

    name: str
    title: str
    version: str
    licence: str
    key: tuple[str, ...]
    columns: Mapping[str, ColumnRule]
    rows: Mapping[str, Row] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def key_of(self, row: Row) -> str:
        """Key of a row; a compound key is joined by ``/`` without empty parts at its end."""
        return "/".join("" if row.get(name) is None else str(row[name]) for name in self.key).rstrip("/")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file as read: the words of its header comment, and its lines by number."""

    file: Path
    words: Mapping[str, str]
    names: tuple[str, ...]
    lines: tuple[tuple[int, tuple[str, ...]], ...]

    @classmethod
    def read(cls, file: Path) -> Sheet:
        """Read a file.

        Raises:
            Broken: when it is not UTF-8 CSV with a header line.
        """
        try:
            text = file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise Broken(f"{file}: cannot be read: {error}") from None
        comments = [line for line in text if line.startswith("#")]
        words = {}
        for comment in comments:
            word, colon, rest = comment.lstrip("# ").partition(":")
            if colon:
                words[word.strip()] = rest.strip()
        numbered = [(number, line) for number, line in enumerate(text, 1) if line.strip() and line[0] != "#"]
        cells = csv.reader((line for _, line in numbered), strict=True)
        try:
            parsed = [
                (number, tuple(map(str.strip, row))) for (number, _), row in zip(numbered, cells, strict=True)
            ]
        except (csv.Error, ValueError) as error:
            raise Broken(f"{file}: is not CSV with one row a line: {error}") from None
        if not parsed:
            raise Broken(f"{file}: has no header line")
        return cls(file, words, parsed[0][1], tuple(parsed[1:]))


def describe(sheet: Sheet) -> CodeTable:
    """Make an empty table from the header of a file.

    Raises:
        Broken: naming the file and what its header lacks.
    """
    missing = [word for word in ("title", "version", "licence", "key") if not sheet.words.get(word)]
    if missing:
        raise Broken(f"{sheet.file}: header comment lacks {', '.join(missing)}")
    columns = {name: ColumnRule(name) for name in sheet.names}
    for word, rule in sheet.words.items():
        if word.startswith("column "):
            name = word.removeprefix("column ").strip()
            if name not in columns:
                raise Broken(f"{sheet.file}: rule for an absent column {name!r}{suggestion(name, columns)}")
            try:
                columns[name] = ColumnRule.parse(name, rule)
            except Broken as broken:
                raise Broken(f"{sheet.file}: column {name}: {broken}") from None
    columns |= {column.name: column for column in PROVENANCE}
    key = tuple(sheet.words["key"].split())
    if unknown := [name for name in (*key, "source", "verified") if name not in sheet.names]:
        raise Broken(f"{sheet.file}: lacks the column {', '.join(unknown)}")
    words = sheet.words
    return CodeTable(sheet.file.stem, words["title"], words["version"], words["licence"], key, columns)


def fill(table: CodeTable, sheet: Sheet) -> tuple[CodeTable, list[str]]:
    """Read a file's rows by the rules of a table.

    Returns:
        A table with just these rows, and the broken rules, each with file, line and column.
    """
    rows: dict[str, Row] = {}
    places: dict[str, str] = {}
    broken: list[str] = []
    if unknown := [name for name in sheet.names if name not in table.columns]:
        hint = suggestion(unknown[0], table.columns)
        return table, [f"{sheet.file}:1: column {unknown[0]}: not a column of {table.name}{hint}"]
    for number, cells in sheet.lines:
        place = f"{sheet.file}:{number}"
        if len(cells) != len(sheet.names):
            broken.append(f"{place}: has {len(cells)} cells, expected {len(sheet.names)}")
            continue
        row = _row(table, dict(zip(sheet.names, cells, strict=True)), place, broken)
        key = table.key_of(row)
        if key in rows:
            broken.append(f"{place}: column {table.key[0]}: key {key!r} came before at {places[key]}")
        rows[key], places[key] = row, place
    words = (table.name, table.title, table.version, table.licence, table.key, table.columns)
    return CodeTable(*words, rows, places), broken


def _row(table: CodeTable, cells: Mapping[str, str], place: str, broken: list[str]) -> Row:
    row: Row = {}
    for name, column in table.columns.items():
        try:
            row[name] = column.read(cells.get(name, ""))
        except Broken as error:
            row[name] = None
            broken.append(f"{place}: column {name}: {error}")
    return row


def suggestion(word: str, words: Iterable[str]) -> str:
    """A hint to append to a message, empty when nothing is near."""
    near = get_close_matches(word, words, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


@cache
def zones() -> frozenset[str]:
    """IANA time zones of the pinned ``tzdata`` package, not of the machine."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


def _number(kind: type[int] | type[Decimal], text: str) -> int | Decimal:
    try:
        number = kind(text)
    except (ValueError, InvalidOperation):
        raise Broken(f"{text!r} is no {'whole' if kind is int else 'decimal'} number") from None
    if isinstance(number, Decimal) and not number.is_finite():
        raise Broken(f"{text!r} is no decimal number")
    return number


def _one_of(text: str, allowed: Iterable[str]) -> str:
    if text not in allowed:
        raise Broken(f"{text!r} is none of {', '.join(allowed)}{suggestion(text, allowed)}")
    return text
