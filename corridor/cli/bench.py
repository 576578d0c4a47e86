"""``corridor bench``: measures on this machine, as ratios to a baseline of the same run."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from corridor.bench import codes, mapping, pipe, registry
from corridor.cli.options import emit, json_option

EPILOG = """\b
Cases:
  mapping   JSON to Avro, the generated mapping alone against the same by hand over fastavro
  pipe      `corridor pipe`, exactly once, against a stock Faust agent: a Kafka of its own, minutes
  registry  the registry: start with 10,000 schemas, registrations, look-ups: a Kafka of its own
  codes     identifier checks, look-ups in code lists, reading all of them

\b
Examples:
  corridor bench
  corridor bench mapping --json
  corridor bench pipe --quick"""

CASES = ("mapping", "pipe", "registry", "codes")


@click.command(epilog=EPILOG)
@click.argument("cases", nargs=-1, type=click.Choice(CASES))
@click.option("--quick", is_flag=True, help="Fewer events: rougher figures.")
@json_option
def command(cases: tuple[str, ...], quick: bool, as_json: bool) -> None:
    """Measure, and compare with a baseline of the same run; all cases unless some are named.

    A ratio says how many times ours the contestant costs. Absolute figures move with the machine's load.
    """
    for case in cases or CASES:
        for row in _rows(case, quick):
            if as_json:
                emit(row)
            else:
                click.echo("  ".join(f"{name} {value}" for name, value in row.items()))


def _rows(case: str, quick: bool) -> Iterator[dict[str, Any]]:
    if case == "mapping":
        yield from _mapping(quick)
    elif case == "pipe":
        yield from _pipe(quick)
    else:
        measure = registry.figures if case == "registry" else codes.figures
        for figure in measure(0.1 if quick else 1.0, lambda _: None):
            yield {"case": case, **msgspec.to_builtins(figure)}


def _mapping(quick: bool) -> Iterator[dict[str, Any]]:
    figures = mapping.measure(1_000 if quick else 5_000)
    for name, micros in figures.items():
        ratio = round(micros / figures["generated"], 2)
        yield {"case": "mapping", "contestant": name, "cpu_us": round(micros, 2), "ratio": ratio}


def _pipe(quick: bool) -> Iterator[dict[str, Any]]:
    events, baseline = (50_000, 5_000) if quick else (300_000, 20_000)
    with tempfile.TemporaryDirectory(prefix="corridor-bench-") as directory:
        costs = asyncio.run(pipe.measure(Path(directory), events, baseline))
    for name, cost in costs.items():
        yield {
            "case": "pipe",
            "contestant": name,
            "events": cost.events,
            "cpu_s_per_million": round(cost.cpu_per_million, 1),
            "events_per_cpu_s": round(cost.per_cpu_second),
            "peak_rss_mb": round(cost.peak_rss_mb),
            "ratio": round(cost.cpu_per_million / costs["pipe"].cpu_per_million, 2),
        }
