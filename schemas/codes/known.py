"""Whether a code list has a key: the question of those who only want to say that a code is unknown."""

from __future__ import annotations

from schemas.codes.brought import brought


def known(name: str, key: str) -> bool:
    """Whether a list of this process has a key; true for an unknown list and one with keys of two parts."""
    lists = brought()
    return name not in lists.names or len(lists.table(name).key) != 1 or lists.known(name, key)
