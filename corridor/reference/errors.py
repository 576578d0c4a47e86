"""``docs/errors.md``: every error code, from the one table that makes them."""

from __future__ import annotations

from corridor.reference.markdown import page, table
from schemas.errors import CODES


def errors_page() -> str:
    """Make the page; each code is an anchor, because HTTP problems link to it."""
    rows = [(f'<a id="{code}"></a>`{code}`', meaning) for code, meaning in sorted(CODES.items())]
    return page(
        "# Error codes",
        "A code is the same everywhere: the `type` of an HTTP problem (RFC 9457), the reason of a dead"
        " letter, the label `code` of a metric, and the word in front of a message on the command line.",
        table(("code", "meaning"), rows),
    )
