"""``python -m bench``: measures on this machine, as ratios to a baseline of the same run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench import (
    behind,
    codes,
    latency,
    mapping,
    memory,
    notes,
    pipe,
    registry,
    show,
    translation,
    view,
)
from bench.case import BenchFigure, Case, Tell
from corridor.cli.options import emit, json_option
from corridor.logging import configure
from corridor.settings.model import LogSettings

CASES: Final[Mapping[str, Case]] = {
    "mapping": Case("JSON to Avro: the generated mapping alone against hand-written code", mapping.figures),
    "pipe": Case("`corridor pipe`, exactly once, against a stock Faust agent", pipe.figures),
    "notes": Case("DTC notes to DLP events, with state and fan-out, against stock agents", notes.figures),
    "translation": Case("the stages of `notes`, one by one, without Kafka", translation.figures),
    "latency": Case(
        "accepted at the webhook to received by the partner, 50 messages per second", latency.figures
    ),
    "memory": Case("resident memory of each role after 10,000 and 200,000 messages", memory.figures),
    "registry": Case("the registry: start with 10,000 schemas, registrations, look-ups", registry.figures),
    "view": Case("the shipment view: events per second of a core, rebuild of 1,000,000 events", view.figures),
    "behind": Case("how far the shipment view is behind the log at 50 messages per second", behind.figures),
    "show": Case("`corridor show` on a view with 1,000,000 shipments", show.figures),
    "codes": Case("identifier checks, look-ups in code lists, reading all of them", codes.figures),
}

QUICK: Final = 0.1
"""Share of the events that ``--quick`` uses."""

EPILOG = (
    "\b\nCases:\n"
    + "\n".join(f"  {name:11} {case.summary}" for name, case in CASES.items())
    + "\n\n\b\nExamples:\n  python -m bench\n  python -m bench mapping --json\n  python -m bench pipe --quick"
    + "\n\ndocs/benchmarks.md says what each case does and how to read it."
)


@click.command(epilog=EPILOG)
@click.argument("cases", nargs=-1, type=click.Choice(tuple(CASES)))
@click.option("--quick", is_flag=True, help="A tenth of the events: rougher figures.")
@json_option
def command(cases: tuple[str, ...], quick: bool, as_json: bool) -> None:
    """Measure, and compare with a baseline of the same run; all cases unless some are named.

    Absolute figures move with the machine's load, ratios hold. Cases that need Kafka start one of their own
    and take minutes.
    """
    configure(LogSettings(level="warning"), "bench")
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # so all that runs ends
    progress = Console(stderr=True, highlight=False)
    for name in cases or CASES:
        case = CASES[name]
        with progress.status(name) as status:
            figures = list(case.measure(QUICK if quick else 1.0, _tell(progress, status.update, name)))
        if as_json:
            for figure in figures:
                emit(_plain(name, figure))
        else:
            click.secho(case.summary, bold=True)
            Console(highlight=False).print(_table(figures))


def _tell(progress: Console, update: Tell, name: str) -> Tell:
    """Show progress in place on a terminal, as lines elsewhere."""
    show = update if progress.is_terminal else lambda text: click.echo(text, file=sys.stderr)
    return lambda text: show(f"{name}: {text}")


def _plain(name: str, figure: BenchFigure) -> dict[str, Any]:
    met = {} if figure.met is None else {"met": figure.met}
    return {"case": name, **msgspec.to_builtins(figure), **met}


def _table(figures: Sequence[BenchFigure]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    for figure in figures:
        style = {None: "", True: "green", False: "bold red"}[figure.met]
        table.add_row(figure.what, Text(f"{number(figure.value)} {figure.unit}", style), _target(figure))
    table.add_row("")
    return table


def _target(figure: BenchFigure) -> str:
    if figure.at_least is not None:
        return f"at least {number(figure.at_least)}"
    return "" if figure.at_most is None else f"at most {number(figure.at_most)}"


def number(value: float) -> str:
    """Write a number with three digits that count, or all of a larger one."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    command(prog_name="python -m bench")
