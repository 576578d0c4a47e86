"""Identifier checks, look-ups in code lists, and reading all lists, as at the start of a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from bench.case import BenchFigure, Tell
from schemas.codes.identifiers import CHECKS
from schemas.codes.lists import SHIPPED, CodeLists

CALLS, ROUNDS = 20_000, 5

VALUES: Final = {
    "iso6346": "CSQU3054383",
    "wagon": "45488855",
    "uic12": "505126180015",
    "esr": "663404",
    "train_index": "7077-012-5485",
    "note_key": "707701/2024-02-29/123456",
    "gng": "27090090",
    "un_number": "UN1267",
    "imo": "9074729",
    "mmsi": "423123456",
    "gln": "4760000000016",
    "sscc": "395201111234567895",
    "kz_bin": "120340012345",
    "az_voen": "1401555071",
    "plate": "10AA123",
    "permit_id": "TR-UZ-2025-1-1",
}
"""A valid value of each identifier: the whole check runs."""


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """Nanoseconds of every check and of a look-up, milliseconds to read and check every list."""
    calls = max(1, round(CALLS * share))
    for name, value in VALUES.items():
        tell(name)
        yield BenchFigure(f"check {name}", _nanoseconds(lambda: CHECKS[name](value), calls), "ns")  # noqa: B023
    lists = CodeLists.load()
    key, _ = next(lists.rows("stations"))
    column = lists.column("stations", "country")
    yield BenchFigure(
        "look-up by list, key and column",
        _nanoseconds(lambda: lists.lookup("stations", key, "country"), calls),
        "ns",
    )
    yield BenchFigure(
        "look-up in a column held by a mapping", _nanoseconds(lambda: column.get(key), calls), "ns"
    )
    tell("all lists")
    rows = sum(len(lists.table(name).rows) for name in lists.names)
    once = _nanoseconds(lambda: CodeLists.read((SHIPPED,)), max(1, calls // CALLS))
    yield BenchFigure(f"read and check {len(lists.names)} lists, {rows} rows", round(once / 1e6, 1), "ms")


def _nanoseconds(call: Callable[[], object], calls: int) -> float:
    """CPU time of one call, the call of an empty function taken off: the best of several rounds."""
    best = min(_round(call, calls) for _ in range(ROUNDS))
    return round(max(0.0, best - min(_round(_nothing, calls) for _ in range(ROUNDS))), 1)


def _nothing() -> None:
    return None


def _round(call: Callable[[], object], calls: int) -> float:
    began = time.process_time_ns()
    for _ in range(calls):
        call()
    return (time.process_time_ns() - began) / calls
