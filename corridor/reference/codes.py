"""``docs/codes.md``: every code list, from its own header."""

from __future__ import annotations

from corridor.reference.markdown import code, page, table
from schemas.codes.lists import CodeLists
from schemas.codes.table import ColumnRule


def codes_page() -> str:
    """Make the page from the shipped lists."""
    codes = CodeLists.load()
    parts = []
    for name in codes.names:
        rules = codes.table(name)
        rows = list(codes.rows(name))
        unverified = sum(not codes.verified(name, key) for key, _ in rows)
        facts = f"{len(rows)} rows, {unverified} not verified; version {rules.version}; {rules.licence}."
        columns = [(code(column.name), _rule(column)) for column in rules.columns.values()]
        key = "/".join(rules.key)
        parts += [
            f"## {name}",
            f"{rules.title}. Key: {code(key)}. {facts}",
            table(("column", "rule"), columns),
        ]
    return page(
        "# Code lists",
        "Tables that mappings look codes up in. `corridor codes lookup LIST KEY` shows a row with its source."
        " A directory of CSV files of the same form lays over them; how is told in each file's header.",
        *parts,
    )


def _rule(column: ColumnRule) -> str:
    kind = " ".join(filter(None, (column.kind, column.argument)))
    return f"{kind}, required" if column.required else kind
