"""What is said again and again is said once per interval, with how often."""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Collection, Hashable, MutableMapping
from typing import Any, Final

import structlog

INTERVAL: Final = 10.0
"""Seconds in which there is one line of a kind."""
KIND: Final = ("stage", "processor", "participant", "code", "log", "waiting", "topic")
"""What tells two lines of the same words apart; all else may differ within a kind."""
EVERY: Final = frozenset({"waiting", "Kafka is away"})
"""Changes of state: they are few, and each one counts."""
MANY: Final = frozenset({"webhook refused"})
"""What is bundled though it is no warning."""
WARNINGS: Final = frozenset({"warning", "error", "critical", "exception"})
_PASSES: Final = "_passes"
_PARTICULAR: Final = re.compile(r"0x[0-9a-fA-F]+|\d+")

Event = MutableMapping[str, Any]


class _Kind:
    """One kind in its interval: how the last line can be written that was held back, and how many were."""

    __slots__ = ("held", "since", "write")

    def __init__(self, since: float) -> None:
        self.since = since
        self.held = 0
        self.write: Callable[[int], None] = lambda _: None


class Repeats(logging.Filter):
    """The first line of a kind passes whole, then one per interval stands for all that came meanwhile.

    A client whose Kafka is away complains hundreds of times a second, and a sender can make a dead letter of
    every message; on disk that is a second fault. Nothing is dropped uncounted: ``flush`` writes what is held
    back; somebody calls it now and then, and at the end.

    It is a processor of structlog for our own lines, by their words and the fields of ``KIND``, and a filter
    of a handler for those of libraries, by their words.

    Args:
        loggers: names of the libraries' loggers, whose children are meant as well.
        interval: seconds.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        loggers: Collection[str],
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._loggers, self._interval, self._clock = frozenset(loggers), interval, clock
        self._kinds: dict[Hashable, _Kind] = {}
        self._lock = threading.Lock()
        self._due = float("inf")
        """When the next interval ends."""

    def __call__(self, logger: logging.Logger, method: str, event: Event) -> Event:
        """Let one of our own lines pass, or count it; a processor of structlog."""
        words = event.get("event")
        if event.pop(_PASSES, False) or words in EVERY or not (method in WARNINGS or words in MANY):
            return event
        error = sys.exc_info()[0] if event.get("exc_info") is True else None
        kind = (logger.name, words, error, *(str(event.get(name)) for name in KIND))
        fields = {name: value for name, value in event.items() if name not in {"event", "exc_info"}}
        if error is not None:
            fields.setdefault("error", error.__name__)

        def write(held: int) -> None:
            more = {"more": held - 1} if held > 1 else {}
            getattr(structlog.get_logger(logger.name), method)(words, **fields, **more, **{_PASSES: True})

        if self._holds(kind, write):
            raise structlog.DropEvent
        return event

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a line of a library pass, or count it; a filter of a handler."""
        if record.name.partition(".")[0] not in self._loggers or vars(record).pop(_PASSES, False):
            return True

        def write(held: int) -> None:
            if held > 1:
                record.msg, record.args = f"{record.getMessage()} (and {held - 1} more like it)", ()
            vars(record)[_PASSES] = True
            logging.getLogger(record.name).handle(record)

        words = _PARTICULAR.sub("#", str(record.msg).partition("\n")[0])
        return not self._holds((record.name, words), write)

    def flush(self, *, everything: bool = False) -> None:
        """Write what was held back of all kinds whose interval is over, or of all kinds."""
        now, due = self._clock(), list[tuple[Callable[[int], None], int]]()
        if now < self._due and not everything:
            return
        with self._lock:
            for name, kind in list(self._kinds.items()):
                if not everything and now - kind.since < self._interval:
                    continue
                if kind.held:
                    due.append((kind.write, kind.held))
                    kind.since, kind.held = now, 0
                else:
                    del self._kinds[name]  # it was quiet for a whole interval: the next one is a first one
            self._due = min((kind.since for kind in self._kinds.values()), default=now) + self._interval
        for write, held in due:
            write(held)

    def _holds(self, name: Hashable, write: Callable[[int], None]) -> bool:
        """Count one of a kind; False when it is the first."""
        self.flush()
        with self._lock:
            kind = self._kinds.get(name)
            if kind is None:
                self._kinds[name] = kind = _Kind(self._clock())
                self._due = min(self._due, kind.since + self._interval)
                return False
            kind.held += 1
            kind.write = write
            return True
