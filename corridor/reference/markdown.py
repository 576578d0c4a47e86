"""The few pieces of Markdown that reference pages are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `corridor docs`; do not edit. -->"
"""First line of every generated page."""


def page(*parts: str) -> str:
    """Join the parts of a page with empty lines between them."""
    return "\n\n".join(part.strip("\n") for part in (GENERATED, *parts) if part) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Make a table; bars within cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(text: object) -> str:
    """Set a word as code; nothing stays nothing."""
    return f"`{text}`" if text not in (None, "") else ""


def document(value: object) -> str:
    """Show a JSON value in a block."""
    return "```json\n" + json.dumps(value, ensure_ascii=False, indent=2) + "\n```"
