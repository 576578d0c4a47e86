"""The page of the figures: what each is, what it counts, and the published target."""

from __future__ import annotations

from corridor.reference.markdown import code, page, table
from schemas.shipment.kpis import KPIS, LEAST_DAYS, Kpi
from schemas.shipment.legs import LEGS

_INTRO = f"""\
# Figures of the corridor

`corridor kpi` shows them by leg, over all days or day by day, with the published target beside each; the
read API has them at `/kpis`, and the metric `corridor_kpi` has those of the last seven days in the view.
Publishers count differently, so every figure says what it counts. All follow from the events that the
broker has seen, so they say nothing about traffic that nobody reported. A day is a day in UTC. Means are
over the measures of all shipments, not over the means of days; `n` says how many measures there are, least
and most are of single ones. A figure has a target only where one is published, or where only all or none
will do. A target for a year is compared pro rata: its 365th part times the days asked for with `--from` and
`--to`, without these the days from the first to the last that was measured. Over fewer
than {LEAST_DAYS} days it is not compared, day by day neither: trains and ships come in bunches.
"""


def kpis_page() -> str:
    """Return the page as Markdown."""
    parts = [_INTRO, table(["leg", "what"], ([code(name), title] for name, title in LEGS.items()))]
    for name, kpi in KPIS.items():
        rows = [
            ["shown as", f"{kpi.shown}{f', in {kpi.unit}' if kpi.unit else ''}"],
            ["definition", kpi.definition],
            ["scope", kpi.scope],
            ["target", kpi.target or "none found"],
            *([["compared", _compared(kpi)]] if kpi.yearly or kpi.leg else []),
            *([["from", kpi.source]] if kpi.source else []),
        ]
        parts += [f"## {kpi.title}", code(name), table(["", ""], rows)]
    return page(*parts)


def _compared(kpi: Kpi) -> str:
    place = f"for the leg `{kpi.leg}` only" if kpi.leg else "for every leg"
    return f"{place}{f', pro rata to the days, from {LEAST_DAYS} on' if kpi.yearly else ''}"
