"""Results that are remembered: one message names the same code several times, and so does the next."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 2048
"""Values of one function whose results are remembered; then all are forgotten."""
LONGEST: Final = 64
"""Characters of a value that is remembered: no code is longer, and hostile text takes no memory."""


class Remembered(dict[str, T], Generic[T]):
    """The results of a pure function of one text, by the text. Looking one up costs no call."""

    def __init__(self, function: Callable[[str], T]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, value: str) -> T:
        result = self._function(value)
        if len(value) <= LONGEST:
            if len(self) >= MOST:
                self.clear()
            self[value] = result
        return result


@cache
def remembering(function: Callable[[str], T]) -> Callable[[str], T]:
    """The same function with a memory, one for all mappings."""
    return Remembered(function).__getitem__
