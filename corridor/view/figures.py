"""The figures of the corridor, by leg and day, from the measures of all shipments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, func, select

from corridor.view.tables import MEASURE, REPORT
from schemas.errors import Invalid
from schemas.shipment.kpis import KPIS
from schemas.shipment.legs import LEGS

RECENT: Final = 7
"""Days over which the metrics are taken, up to the newest day in the view."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which figures: by name, leg and days (``YYYY-MM-DD``, both included), in sum or day by day."""

    kpi: str = ""
    leg: str = ""
    first: str = ""
    last: str = ""
    daily: bool = False


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One figure of one leg, over all days or of one.

    Attributes:
        value: mean, sum or share, in ``unit``.
        n: measures behind it.
        days: calendar days it is over: those that were asked for, else from the first measure to the last.
        least: the least of them; sums have none.
        target: published figure, in words; empty where none is about this leg.
        source: who published it.
        limit: number that ``value`` is compared with; of a yearly target the part for ``days``, and none for
            a few days.
        met: whether it is kept; None where nothing is compared.
    """

    kpi: str
    title: str
    leg: str
    value: float
    unit: str
    n: int
    day: str = ""
    days: int = 1
    least: float | None = None
    most: float | None = None
    target: str = ""
    source: str = ""
    limit: float | None = None
    met: bool | None = None


def figures(connection: Connection, asked: Asked) -> list[Figure]:
    """Give figures in the order of the definitions.

    Raises:
        Invalid: ``query-invalid``, naming the parameter.
    """
    _require_valid(asked)
    found = [*_measured(connection, asked), *_loss_free(connection, asked)]
    order = {name: number for number, name in enumerate(KPIS)}
    legs = {name: number for number, name in enumerate(LEGS)}
    return sorted(found, key=lambda f: (order[f.kpi], f.day, legs.get(f.leg, len(legs)), f.leg))


def recent(connection: Connection) -> list[Figure]:
    """Give the figures of the last days, up to the newest day that anything was measured on.

    A day that is still to come is a sender's error, and does not count.
    """
    today = datetime.now(UTC).date().isoformat()
    newest: str | None = connection.execute(
        select(func.max(MEASURE.c.day)).where(MEASURE.c.day <= today)
    ).scalar_one()
    if not newest:
        return []
    first = date.fromisoformat(newest) - timedelta(days=RECENT - 1)
    return figures(connection, Asked(first=first.isoformat(), last=newest))


def _measured(connection: Connection, asked: Asked) -> Iterable[Figure]:
    m = MEASURE.c
    by = (m.kpi, m.leg, m.day) if asked.daily else (m.kpi, m.leg)
    sums = (func.sum(m.n), func.sum(m.total), func.min(m.least), func.max(m.most))
    query = select(*by, *sums, func.min(m.day), func.max(m.day)).group_by(*by)
    if asked.kpi:
        query = query.where(m.kpi == asked.kpi)
    if asked.leg:
        query = query.where(m.leg == asked.leg)
    if asked.first:
        query = query.where(m.day >= asked.first)
    if asked.last:
        query = query.where(m.day <= asked.last)
    for row in connection.execute(query):
        name, leg, *rest = row
        day = rest.pop(0) if asked.daily else ""
        n, total, least, most = map(int, rest[:4])
        kpi, mean = KPIS[name], KPIS[name].shown == "mean"
        yield _compared(
            Figure(
                kpi=name, title=kpi.title, leg=leg, unit=kpi.unit, n=n, day=day,
                value=total / n / kpi.divisor if mean else total / kpi.divisor,
                days=_days(asked, rest[4], rest[5]),
                least=round(least / kpi.divisor, 3) if mean else None,
                most=round(most / kpi.divisor, 3) if mean else None,
            )
        )  # fmt: skip


def _days(asked: Asked, first: str, last: str) -> int:
    """Count the calendar days that a figure is over."""
    if asked.daily:
        return 1
    span = date.fromisoformat(asked.last or last) - date.fromisoformat(asked.first or first)
    return span.days + 1


def _compared(figure: Figure) -> Figure:
    """Set the published target beside a figure."""
    kpi, value = KPIS[figure.kpi], figure.value
    limit = kpi.limit_of(figure.leg, figure.days)
    met = None if limit is None else value <= limit if kpi.better == "less" else value >= limit
    return msgspec.structs.replace(
        figure,
        value=round(value, 3),
        target=kpi.target if kpi.leg in {"", figure.leg} else "",
        source=kpi.source if kpi.leg in {"", figure.leg} else "",
        limit=None if limit is None else round(limit, 3),
        met=met,
    )


def _loss_free(connection: Connection, asked: Asked) -> Iterable[Figure]:
    """Give the share of the messages told on that lost nothing; its leg is the stage."""
    name = "loss-free"
    if asked.kpi not in {"", name} or asked.leg in LEGS:
        return
    r = REPORT.c
    by = (r.stage, r.day) if asked.daily else (r.stage,)
    counted = (func.count(), func.min(r.day), func.max(r.day))
    query = select(*by, *counted).group_by(*by).where(r.day != "", r.outputs > 0)
    if asked.leg:
        query = query.where(r.stage == asked.leg)
    if asked.first:
        query = query.where(r.day >= asked.first)
    if asked.last:
        query = query.where(r.day <= asked.last)
    whole = {tuple(row[:-3]): row[-3] for row in connection.execute(query.where(r.losses == 0))}
    for row in connection.execute(query):
        place, (n, first, last) = tuple(row[:-3]), row[-3:]
        yield _compared(
            Figure(
                kpi=name, title=KPIS[name].title, leg=place[0], value=100 * whole.get(place, 0) / n, unit="%",
                n=n, days=_days(asked, first, last), day=place[1] if asked.daily else "",
            )
        )  # fmt: skip


def _require_valid(asked: Asked) -> None:
    if asked.kpi and asked.kpi not in KPIS:
        raise Invalid("query-invalid", "/kpi", f"one of {', '.join(KPIS)}", asked.kpi)
    for name in ("first", "last"):
        if value := getattr(asked, name):
            try:
                right = date.fromisoformat(value).isoformat() == value
            except ValueError:
                right = False
            if not right:  # days are compared as texts
                raise Invalid("query-invalid", f"/{name}", "a day as YYYY-MM-DD", value)
