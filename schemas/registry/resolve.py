"""Making one text of a schema and the types it refers to."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.registry.reading import parse
from schemas.registry.text import self_contained


def inline(text: str, references: Sequence[str]) -> str:
    """Give a schema text that stands by itself.

    Args:
        text: a schema that uses types defined in other texts.
        references: those texts, each after the ones it needs.

    Raises:
        InvalidSchema: a text is not valid, or a name is defined nowhere.
    """
    return self_contained(parse(text, references))
