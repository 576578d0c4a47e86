"""What the roles' metrics say, brought down to the few figures that a person watches."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from streams.kafka import topics

WINDOW: Final = 30.0
"""Seconds over which rates and latencies are taken."""

ACCEPTED: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("corridor_log_appended_total", {}),
    ("corridor_polled_total", {}),
    ("corridor_permit_events_total", {"code": "ok"}),
)
"""Counters of what came in: by webhook, by poll, from peers."""

CIRCUIT: Final = {0: "closed", 1: "half-open", 2: "open"}

COUNTED: Final = ("_total", "_bucket", "_count", "_sum")
"""How the names of series end that only grow."""

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


class System(msgspec.Struct, frozen=True):
    """One participant: what it sent and what it got.

    Attributes:
        name: of the participant.
        accepted: messages taken in from it.
        delivered: messages that it confirmed.
        accepted_rate: messages per second, lately.
        delivered_rate: messages per second, lately.
        p50: seconds from accepted to delivered here, median, lately; None when nothing was delivered.
        p99: likewise, 99th percentile.
        waiting: messages in hand for it that are not finished.
        oldest: age in seconds of the oldest of them.
        circuit: ``closed``, ``half-open`` or ``open``.
        dead: dead letters of its messages, both ways.
        lost: fields that could not be carried over, both ways.
    """

    name: str
    accepted: int
    delivered: int
    accepted_rate: float
    delivered_rate: float
    p50: float | None
    p99: float | None
    waiting: int
    oldest: float
    circuit: str
    dead: int
    lost: int


class Figures(msgspec.Struct, frozen=True):
    """All systems together with what concerns the broker as a whole.

    Attributes:
        systems: one per participant.
        lag: records that no processor has read yet.
        dead: dead letters by code.
        lost: fields that could not be carried over, by reason.
        filtered: messages and rules with nothing new to say.
    """

    systems: tuple[System, ...]
    lag: int
    dead: dict[str, int]
    lost: dict[str, int]
    filtered: int


def parse(page: str) -> Series:
    """Read the broker's own series from a metrics page."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        if family.name.startswith("corridor_")
        for sample in family.samples
    }


class Totals:
    """Series of several processes added up. A process that starts anew counts from zero; its past is kept."""

    def __init__(self) -> None:
        self._last: dict[str, Series] = {}
        self._past: Series = {}

    def add(self, process: str, series: Series) -> None:
        """Take a process's newest reading."""
        for key, value in self._last.get(process, {}).items():
            if key[0].endswith(COUNTED) and series.get(key, 0.0) < value:
                self._past[key] = self._past.get(key, 0.0) + value
        self._last[process] = series

    def sum(self) -> Series:
        """Return what all processes counted since the first reading, and the gauges of now."""
        total = dict(self._past)
        for series in self._last.values():
            for key, value in series.items():
                total[key] = total.get(key, 0.0) + value
        return total


class Observer:
    """Turns one reading of all metrics after the other into figures.

    Args:
        participants: their names.
    """

    def __init__(self, participants: Iterable[str]) -> None:
        self._participants = tuple(participants)
        self._past: deque[tuple[float, Series]] = deque()

    def observe(self, series: Series, now: float | None = None) -> Figures:
        """Take a reading.

        Args:
            series: of all processes.
            now: monotonic seconds, default now.
        """
        now = time.monotonic() if now is None else now
        self._past.append((now, series))
        while len(self._past) > 2 and now - self._past[1][0] >= WINDOW:
            self._past.popleft()
        then, before = self._past[0]
        change = _Change(before, series, now - then)
        return Figures(
            systems=tuple(_system(name, change) for name in self._participants),
            lag=int(_total(series, "corridor_consumer_lag_records")),
            dead=_by(series, "corridor_dead_letters_total", "code"),
            lost=_by(series, "corridor_lost_fields_total", "reason"),
            filtered=int(_total(series, "corridor_filtered_total")),
        )


def _system(name: str, change: _Change) -> System:
    after = change.after
    at = [{"participant": each} for each in _outlets(name, after)]
    into = [(counter, {"participant": name} | labels) for counter, labels in ACCEPTED]
    delivered = [("corridor_deliveries_total", {"outcome": "delivered"} | each) for each in at]
    to = topics.processors(name)
    return System(
        name=name,
        accepted=sum(int(_total(after, *each)) for each in into),
        delivered=sum(int(_total(after, *each)) for each in delivered),
        accepted_rate=sum(change.rate(*each) for each in into),
        delivered_rate=sum(change.rate(*each) for each in delivered),
        p50=change.quantile("corridor_end_to_end_seconds_bucket", at, 0.5),
        p99=change.quantile("corridor_end_to_end_seconds_bucket", at, 0.99),
        waiting=sum(int(_total(after, "corridor_undelivered_records", each)) for each in at),
        oldest=max(_total(after, "corridor_oldest_undelivered_seconds", each) for each in at),
        circuit=CIRCUIT[min(2, max(int(_total(after, "corridor_circuit_state", each)) for each in at))],
        dead=sum(int(_total(after, "corridor_dead_letters_total", {"processor": each})) for each in to),
        lost=sum(int(_total(after, "corridor_lost_fields_total", {"processor": each})) for each in to),
    )


def _outlets(name: str, series: Series) -> list[str]:
    """A participant and, of an authority, its peers: each has deliveries of its own."""
    known = {value for (metric, labels) in series for tag, value in labels
             if tag == "participant" and metric == "corridor_undelivered_records"}  # fmt: skip
    return [name, *sorted(each for each in known if each.startswith(f"{name}."))]


class _Change:
    """Two readings and the time between them."""

    def __init__(self, before: Series, after: Series, seconds: float) -> None:
        self.before, self.after, self.seconds = before, after, seconds

    def rate(self, name: str, labels: Mapping[str, str]) -> float:
        """Growth per second; a process that began anew counts from zero."""
        if self.seconds <= 0:
            return 0.0
        return max(0.0, _total(self.after, name, labels) - _total(self.before, name, labels)) / self.seconds

    def quantile(self, name: str, places: Sequence[Mapping[str, str]], share: float) -> float | None:
        """Estimate a quantile of what histograms took in between, linear within its bucket."""
        after, before = _buckets(self.after, name, places), _buckets(self.before, name, places)
        grown = [(bound, max(0.0, count - before.get(bound, 0.0))) for bound, count in sorted(after.items())]
        if not grown or grown[-1][1] <= 0:
            return None
        wanted, low, below = share * grown[-1][1], 0.0, 0.0
        for bound, count in grown:
            if count >= wanted:
                if math.isinf(bound) or count == below:
                    return low
                return low + (bound - low) * (wanted - below) / (count - below)
            low, below = bound, count
        return low


def _matching(series: Series, name: str, labels: Mapping[str, str]) -> Iterable[tuple[dict[str, str], float]]:
    wanted = set(labels.items())
    return ((dict(tags), value) for (key, tags), value in series.items() if key == name and wanted <= tags)


def _total(series: Series, name: str, labels: Mapping[str, str] | None = None) -> float:
    return sum(value for _, value in _matching(series, name, labels or {}))


def _by(series: Series, name: str, label: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for tags, value in _matching(series, name, {}):
        if value:
            found[tags[label]] = found.get(tags[label], 0) + int(value)
    return found


def _buckets(series: Series, name: str, places: Sequence[Mapping[str, str]]) -> dict[float, float]:
    found: dict[float, float] = {}
    for labels in places:
        for tags, value in _matching(series, name, labels):
            found[float(tags["le"])] = found.get(float(tags["le"]), 0.0) + value
    return found
