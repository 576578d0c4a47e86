"""The figures by which operators judge the corridor: each with definition, scope and the published target.

Figures of different publishers differ because their definitions do; so each says exactly what it counts. How
a figure is taken from a shipment is in ``schemas.shipment.measures``.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

LEAST_DAYS: Final = 28
"""Days from which on a figure is held against a target for a year: trains and ships come in bunches."""


class Kpi(NamedTuple):
    """One figure.

    Attributes:
        title: for people.
        unit: of what is shown: ``h``, ``d``, ``s``, ``TEU``, ``t``, ``%`` or empty for a count.
        divisor: what a measured whole number is divided by to be in that unit.
        shown: the mean of the measures, or their sum.
        definition: what is measured, from which events.
        scope: what is counted and what is not.
        target: the published figure, in words.
        limit: the same as a number in ``unit``; None where none is published.
        better: whether less or more is better.
        source: who published it.
        yearly: the limit is for a year; a figure is compared with the part of it for its days.
        leg: the only leg that the target is about; empty for any.
    """

    title: str
    unit: str
    divisor: int
    shown: Literal["mean", "sum", "share"]
    definition: str
    scope: str
    target: str = ""
    limit: float | None = None
    better: Literal["less", "more", ""] = ""
    source: str = ""
    yearly: bool = False
    leg: str = ""

    def limit_of(self, leg: str, days: int) -> float | None:
        """What a figure of a leg over so many days is compared with, in ``unit``; None for nothing.

        Of a yearly target the part for these days, a year having 365; a few days are not held against it.
        """
        if self.limit is None or self.leg not in {"", leg} or (self.yearly and days < LEAST_DAYS):
            return None
        return self.limit * days / 365 if self.yearly else self.limit


_HOUR: Final = 3_600
_DAY: Final = 86_400


def _dwell(port: str) -> Kpi:
    return Kpi(
        f"Dwell at {port}", "h", _HOUR, "mean",
        "First departure (loaded on a vessel, departure by rail, gate-out) after the first arrival (arrival "
        "by rail, discharge from a vessel, gate-in), ACT, minus that arrival.",
        "Each container, and each wagon without containers, of each consignment; by the day of departure.",
    )  # fmt: skip


KPIS: Final[dict[str, Kpi]] = {
    "dwell-aktau": _dwell("Aktau"),
    "dwell-kuryk": _dwell("Kuryk"),
    "dwell-alat": _dwell("Alat and Baku"),
    "sea-leg": Kpi(
        "Sea leg", "h", _HOUR, "mean",
        "Discharged from a vessel minus loaded on it before, ACT.",
        "Each container, and each wagon without containers, over the Caspian; by the day of discharge. Time "
        "aboard in port counts; the crossing itself is shorter.",
        "18 to 22 h for the crossing alone: not compared, as hours in port count here", None, "less",
        "reported crossing time of the Aktau-Baku line",
    ),
    "border-time": Kpi(
        "Border time", "h", _HOUR, "mean",
        "Taken over by the next railway minus arrival of the train at the station of exit, ACT.",
        "Land borders between railways, each unit that crossed; where the arrival was not told, nothing is "
        "counted. By the day of take-over.",
        "none for a single border; CAREC publishes hours by border point (TFI1)", None, "less", "CAREC CPMM",
    ),
    "transit-absheron": Kpi(
        "Transit Altynkol - Absheron", "d", _DAY, "mean",
        "Last gate-out, pick-up or discharge at Absheron minus first loading at Altynkol, ACT.",
        "Consignments loaded at Altynkol that were handed out at Absheron; by the day of the last.",
        "9 d by schedule", 9, "less", "schedule of the block trains, 2024-05",
    ),
    "transit-poti-batumi": Kpi(
        "Transit Altynkol - Poti, Batumi", "d", _DAY, "mean",
        "Last gate-out, pick-up or discharge at Poti or Batumi minus first loading at Altynkol, ACT.",
        "Consignments loaded at Altynkol that were handed out at Poti or Batumi; by the day of the last.",
        "12 d by schedule", 12, "less", "schedule of the block trains, 2024-05",
    ),
    "transit-alat-boyuk-kesik": Kpi(
        "Alat - Boyuk-Kesik", "h", _HOUR, "mean",
        "First arrival at Boyuk-Kesik minus the last departure by rail from Alat before it, ACT.",
        "Consignments that went by rail from Alat to the Georgian border; by the day of arrival.",
        "at most 24 h", 24, "less", "memorandum on the Baku-Tbilisi-Kars line, 2025-10-01",
    ),
    "schedule-deviation": Kpi(
        "Schedule deviation", "h", _HOUR, "mean",
        "First ACT minus the PLN that was told last before it, of the same step at the same place.",
        "Steps that were planned and happened, of each shipment and of each voyage; late is positive, early "
        "negative. By the day they happened.",
        "on schedule", 0, "less", "",
    ),
    "eta-error-72h": Kpi(
        "ETA error 72 h ahead", "h", _HOUR, "mean",
        "Distance between the first arrival (ACT) and the estimate that stood 72 h before it.",
        "Arrivals of each shipment and voyage for which there was an estimate by then, whoever told it, the "
        "last one told; a note that repeats its estimate tells none. By the day of arrival.",
    ),
    "eta-error-24h": Kpi(
        "ETA error 24 h ahead", "h", _HOUR, "mean",
        "Distance between the first arrival (ACT) and the estimate that stood 24 h before it.",
        "Arrivals of each shipment and voyage for which there was an estimate by then, whoever told it, the "
        "last one told; a note that repeats its estimate tells none. By the day of arrival.",
    ),
    "trains": Kpi(
        "Trains", "", 1, "sum",
        "Trains that departed (TRANSPORT/DEPA, ACT), each once a leg and month, on the day of the first.",
        "Trains that are told of by number, whatever they carry.",
        "more than 390 block trains a year China - Azerbaijan", 390, "more", "published count of 2025",
        yearly=True, leg="rail-kz",
    ),
    "teu": Kpi(
        "TEU", "TEU", 100, "sum",
        "Containers loaded (EQUIPMENT/LOAD, ACT), each once a consignment and leg, on the day of the first. "
        "Rule: 20 ft = 1, 40 ft = 2, 45 ft = 2.25; a container whose size nobody told counts nothing.",
        "Laden and empty; the same container counts in every leg it is loaded for.",
        "88,000 TEU a year Aktau - Alat", 88_000, "more", "forecast of 2025", yearly=True, leg="caspian",
    ),
    "berth-wait": Kpi(
        "Berth wait", "h", _HOUR, "mean",
        "Fast at berth (PORTCALL, service FAST) minus anchored (service ANCO), ACT, of one port visit.",
        "Visits for which both were told; by the day of berthing.",
    ),
    "document-lead": Kpi(
        "Document lead", "h", _HOUR, "mean",
        "First release by customs (CUSR) after the note was issued (SHIPMENT/ISSU of TRD), minus that, ACT.",
        "Consignments by rail; by the day of release.",
    ),
    "customs-release": Kpi(
        "Transit declaration release", "h", _HOUR, "mean",
        "First release (CUSTOMS/CUSR) minus the lodging (CUSTOMS/SUBM) before it, ACT.",
        "Consignments whose declaration was lodged and released; by the day of release.",
        "30 min in Kazakhstan", 0.5, "less", "Tez Customs", leg="rail-kz",
    ),
    "data-latency": Kpi(
        "Data latency", "h", _HOUR, "mean",
        "Taken in by the broker minus happened, ACT, first versions.",
        "Every event, by the day it happened; an event before its time counts zero. Where the times of a "
        "participant are of a simulation (`simulated`), the clock of the broker says nothing of them: when "
        "the source wrote the event counts instead, and where it does not say so nothing.",
    ),
    "loss-free": Kpi(
        "Translated without loss", "%", 1, "share",
        "Share of the messages that were told on whose report has no loss. What is withheld by design, and "
        "what is administrative or implied, is none.",
        "Every message of which a stage made anything; leg is the stage, the day is that of acceptance.",
        "all", 100, "more", "aim of this project",
    ),
    "permits-issued": Kpi(
        "Permits issued", "", 1, "sum", "Permits issued (PERMIT/ISSU).", "By the day of issue."
    ),
    "permits-used": Kpi(
        "Permits used", "", 1, "sum",
        "Permits with at least one entry (PERMIT/ENTR).", "By the day of the first entry.",
    ),
    "permits-refused": Kpi(
        "Permits refused", "", 1, "sum",
        "Permits revoked before any entry (PERMIT/VOID).", "By the day of revocation.",
    ),
    "permits-used-void": Kpi(
        "Permits used after revocation", "", 1, "sum",
        "Permits with an entry after they were revoked: a race, to be looked into.",
        "By the day of the entry.",
        "none", 0, "less", "aim of this project",
    ),
    "permits-missing": Kpi(
        "Entries without a permit", "", 1, "sum",
        "First entries (PERMIT/ENTR, ACT) under a permit of which nobody told by then that it was issued "
        "(PERMIT/ISSU), or without naming one.",
        "Entries that a border post or an authority told; a permit issued before the log begins counts too. "
        "By the day of the entry.",
        "none", 0, "less", "aim of this project",
    ),
    "oil-loaded": Kpi(
        "Oil loaded", "t", 1000, "sum", "Mass of lots loaded (BULK/LOAD, ACT).",
        "Net, as told; else from volume and density at 15 C, less sediment and water where they were told. "
        "Lots with neither count nothing. By the day of loading.",
        "2.2 Mt a year Aktau - Baku - Ceyhan", 2_200_000, "more", "agreement of 2024-03, up from 1.5 Mt",
        yearly=True, leg="caspian",
    ),
    "oil-discharged": Kpi(
        "Oil discharged", "t", 1000, "sum", "Mass of lots discharged (BULK/DISC, ACT).",
        "As for oil loaded, by the day of discharge.",
    ),
    "oil-injected": Kpi(
        "Oil injected", "t", 1000, "sum",
        "Mass of lots injected into a pipeline (BULK/INJE, ACT).",
        "As for oil loaded, by the day of injection.",
        "2.2 Mt a year into Baku - Ceyhan", 2_200_000, "more", "agreement of 2024-03, up from 1.5 Mt",
        yearly=True, leg="pipeline",
    ),
    "oil-difference": Kpi(
        "Oil gained or lost", "t", 1000, "sum",
        "Net mass of a lot as measured, minus the mass by its books: what was measured before, less what it "
        "gave to other lots, or what it was formed of (BULK, ACT). Losses are below zero.",
        "Each measurement of net mass after the first of its lot; a mass with unknown water, or of a part "
        "of a lot, is not compared. By leg and day of the later measurement.",
    ),
}  # fmt: skip
"""Every figure by name, in the order in which people ask for them."""
