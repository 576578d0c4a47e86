"""``docs/metrics.md``: every metric that a role tells, found where it is made."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from corridor.reference.markdown import code, page, table

_ROOT: Final = Path(__file__).parents[2]
_PACKAGES: Final = ("connectors", "streams", "corridor")
_INTRO: Final = """\
# Metrics

Each role tells its own figures at `/metrics`, in the text format of Prometheus. A name says its unit:
`_seconds`, `_bytes`, `_records`. A counter ends with `_total`. A histogram has `_bucket`, `_sum`, `_count`.
The label `code` is an error code of [errors](errors.md), or `ok`. The label `processor` is
`to-corridor.<participant>`, `from-corridor.<participant>` or a role. Names and labels are a contract:
[versioning](../VERSIONING.md). Figures of the Python process (`process_…`, `python_…`) stand beside them.
"""


class Metric(NamedTuple):
    """A metric, as it is told.

    Attributes:
        file: where it is made, from the root of the tree.
    """

    name: str
    kind: str
    meaning: str
    labels: tuple[str, ...]
    file: str


def metrics() -> list[Metric]:
    """Find all metrics of the product, by name."""
    files = (file for package in _PACKAGES for file in (_ROOT / package).rglob("*.py"))
    found = (metric for file in files for metric in _made(file))
    return sorted(found)


def metrics_page() -> str:
    """Make the page."""
    rows = (
        (code(one.name), one.kind, " ".join(map(code, one.labels)), one.meaning, code(one.file))
        for one in metrics()
    )
    return page(_INTRO, table(("metric", "type", "labels", "meaning", "made in"), rows))


def _made(file: Path) -> Iterator[Metric]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Call(
                func=ast.Name(id="Counter" | "Gauge" | "Histogram" as kind),
                args=[ast.Constant(value=str(name)), ast.Constant(value=str(meaning)), *labels],
            ):
                named = [ast.literal_eval(one) for one in labels]
                if kind == "Counter":
                    name = f"{name.removesuffix('_total')}_total"  # as Prometheus gets it
                yield Metric(name, kind.lower(), meaning, tuple(*named), file.relative_to(_ROOT).as_posix())
