"""Whether a code list has a key: the question of those who only want to say that a code is unknown."""

from __future__ import annotations

from functools import cache

from schemas.codes.lists import CodeLists


@cache
def _shipped() -> CodeLists:
    return CodeLists.load()


def known(name: str, key: str) -> bool:
    """Whether a shipped list has a key; true for an unknown list and for one whose keys have two parts."""
    lists = _shipped()
    return name not in lists.names or len(lists.table(name).key) != 1 or lists.known(name, key)
