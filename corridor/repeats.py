"""Libraries that say the same again and again say it once in a while."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Final

WINDOW: Final = 10.0
"""Seconds in which a message is let through once."""


class Repeats(logging.Filter):
    """Lets one record of a kind through per window, with how many were held back since the last.

    A client whose Kafka is away complains hundreds of times a second; on disk that is a second fault. A kind
    is a logger and its message before the arguments. What is not under the named loggers always passes.

    Args:
        loggers: names of loggers, whose children are meant as well.
        window: seconds.
    """

    def __init__(self, loggers: Collection[str], window: float = WINDOW) -> None:
        super().__init__()
        self._loggers, self._window = frozenset(loggers), window
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is written; one that stands for others says for how many."""
        if record.name.partition(".")[0] not in self._loggers:
            return True
        kind = record.name, str(record.msg)
        since, held = self._kinds.get(kind, (float("-inf"), 0))
        if record.created - since < self._window:
            self._kinds[kind] = since, held + 1
            return False
        self._kinds[kind] = record.created, 0
        if held:
            record.msg, record.args = f"{record.getMessage()} (and {held} more like it)", ()
        return True
