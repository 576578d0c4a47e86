"""The code lists of this process: those that are shipped, unless it brings others at its start.

An integrator lays his own lists over the shipped ones. What the translation knows of a code the HTTP edges,
the e-Permit ledger and the view must know as well: all of them ask here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from schemas.codes.lists import CodeLists

_brought: Final[list[CodeLists]] = []
_forget: Final[list[Callable[[], None]]] = []
C = TypeVar("C", bound=Any)


def bring(lists: CodeLists) -> None:
    """Take these lists from now on; a process does that once, before it reads or shows anything."""
    _brought[:] = [lists]
    for forget in _forget:
        forget()


def brought() -> CodeLists:
    """Give the lists that hold in this process."""
    if not _brought:
        _brought.append(CodeLists.load())
    return _brought[0]


def of_the_lists(cached: C) -> C:
    """Mark a cached function (`functools.cache`) as one of the lists: others make it compute anew."""
    _forget.append(cached.cache_clear)
    return cached
