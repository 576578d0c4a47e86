"""``corridor bench``: measures on this machine, as ratios to a baseline of the same run."""

from __future__ import annotations

import click

from corridor.bench import mapping
from corridor.cli.options import emit, json_option

EPILOG = """\b
Examples:
  corridor bench
  corridor bench --quick --json
"""


@click.command(epilog=EPILOG)
@click.option("--quick", is_flag=True, help="Fewer events: rougher figures.")
@json_option
def command(quick: bool, as_json: bool) -> None:
    """Measure the mapping alone, JSON to Avro, against the same mapping written by hand.

    A ratio of 1 or more means not slower. Absolute figures move with the machine's load.
    """
    figures = mapping.measure(1_000 if quick else 5_000)
    own = figures["generated"]
    for name, micros in figures.items():
        row = {
            "case": "mapping",
            "contestant": name,
            "cpu_us": round(micros, 2),
            "ratio": round(micros / own, 2),
        }
        if as_json:
            emit(row)
        else:
            click.echo(f"{name:20} {micros:7.2f} us a message {micros / own:6.2f} times ours")
