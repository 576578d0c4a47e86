"""Figures of the view, summed up in real databases."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from corridor.view.database import Database
from corridor.view.figures import Asked, figures
from corridor.view.page import figure_lines, shipment
from corridor.view.projector import Projector
from corridor.view.show import show
from schemas.shipment import Fact
from schemas.shipment.fact import Lot
from streams.records.contracts import Contracts
from tests.support.journeys import facts
from tests.support.view import content, write

pytestmark = pytest.mark.system("view")


def test_what_a_lot_gave_to_another_is_no_loss(database: Database) -> None:
    """A lot whose tank is told under another key balances with it, in whatever order the two came."""

    def about(number: int, code: str, lot: str, told: Lot) -> Fact:
        return Fact(
            id=f"e{number}", version=1, subject=f"BULK_LOT:{lot}", source="oil", message=f"e{number}:1",
            ingested=number, at=number * 3_600_000, classifier="ACT", code=f"BULK/{code}", lot=told,
            facility="SANGACHAL",
        )  # fmt: skip

    told = [
        about(1, "LOAD", "A", Lot(kg=6_000, measured=True)),
        about(2, "FORM", "T", Lot(formed_of=(("A", 5_000),))),
        about(3, "DISC", "A", Lot(kg=990, measured=True)),
        about(4, "INJE", "T", Lot(kg=4_998, measured=True)),
    ]
    dumps = []
    for order in (told, told[::-1], [told[2], told[1], told[0], told[3]]):
        Projector(database, Contracts(None)).empty()
        for fact in order:
            write(database, [fact])
        dumps.append(content(database))
    Projector(database, Contracts(None)).empty()
    write(database, told)
    assert {content(database), *dumps} == {dumps[0]}
    with database.reading() as connection:
        shown = show(connection, "T")
        lost = figures(connection, Asked(kpi="oil-difference"))
    assert shown is not None
    assert [(book.lot, book.shares) for book in shown.timeline.books] == [("T", {"A": 4_998})]
    assert any("loss -2 kg (-0.0400 %)" in text for text in shipment(shown))
    assert [(figure.value, figure.n) for figure in lost] == [(-0.012, 2)]
    with database.reading() as connection:
        own = show(connection, "a")
    assert own is not None
    assert (own.timeline.key, [row.key for row in own.others]) == ("BULK_LOT:A", ["BULK_LOT:T"])
    assert next(shipment(own)).startswith("Bulk lot A ")
    write(database, [msgspec.structs.replace(told[1], version=2, retracted=True)])
    with database.reading() as connection:
        (alone,) = figures(connection, Asked(kpi="oil-difference"))
    assert alone.value == -5.01


def test_a_permit_issued_under_a_note_is_one_for_its_entry(database: Database) -> None:
    """An entry told without the note meets the issue told with it, though that comes later."""

    def told(number: int, code: str, consignment: str | None) -> Fact:
        return Fact(
            id=f"p{number}", version=1, subject="PERMIT:AZ-KZ-2026-2-17", source="epermit",
            message=f"p{number}", ingested=number, at=number * 3_600_000, classifier="ACT",
            code=f"PERMIT/{code}", consignment=consignment,
        )  # fmt: skip

    def counted() -> dict[str, float]:
        with database.reading() as connection:
            return {
                f.kpi: f.value for f in figures(connection, Asked(leg="road")) if f.kpi.startswith("perm")
            }

    issued = told(1, "ISSU", "11111111-1111-5111-8111-111111111111")
    write(database, [told(2, "ENTR", None)])
    assert counted() == {"permits-used": 1, "permits-missing": 1}
    write(database, [issued])
    assert counted() == {"permits-issued": 1, "permits-used": 1}


def test_days_add_up_to_the_whole(database: Database) -> None:
    """Sums and counts day by day add up to those over all days; every figure is one that is defined."""
    write(database, facts(2))
    with database.reading() as connection:
        whole = figures(connection, Asked())
        daily = figures(connection, Asked(daily=True))
        teu = figures(connection, Asked(kpi="teu", leg="caspian"))
    assert {
        "dwell-aktau",
        "sea-leg",
        "border-time",
        "transit-absheron",
        "eta-error-24h",
        "trains",
        "teu",
    } <= {figure.kpi for figure in whole}
    for figure in whole:
        assert figure.n == sum(f.n for f in daily if (f.kpi, f.leg) == (figure.kpi, figure.leg))
    assert sum(f.value for f in daily if (f.kpi, f.leg) == ("teu", "caspian")) == teu[0].value
    assert len(list(figure_lines(whole, daily=False))) == len(whole) + 1


def test_a_yearly_target_is_compared_with_its_part_for_the_days(database: Database) -> None:
    """For the days asked for, else from first to last measured, not for a few; only in its own leg."""
    write(database, facts(2))
    span = Asked(kpi="teu", first="2026-01-01", last="2026-03-14")
    with database.reading() as connection:
        asked = {figure.leg: figure for figure in figures(connection, span)}
        measured = figures(connection, Asked(kpi="teu", leg="caspian"))
        daily = figures(connection, Asked(kpi="teu", leg="caspian", daily=True))
    sea = asked["caspian"]
    assert (sea.days, sea.limit, sea.met) == (73, 17_600, False)
    assert any("88,000 TEU a year Aktau - Alat: 17,600 TEU in 73 days  MISSED" in text
               for text in figure_lines([sea], daily=False))  # fmt: skip
    assert (asked["rail-kz"].target, asked["rail-kz"].limit, asked["rail-kz"].met) == ("", None, None)
    first, last = daily[0].day, daily[-1].day
    assert measured[0].days == (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    assert {figure.limit for figure in (*daily, *measured)} == {None}, (
        "a few days are not held against a year"
    )
    assert {figure.met for figure in daily} == {None}
