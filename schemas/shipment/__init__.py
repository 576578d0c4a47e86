"""The shipment seen whole: facts from corridor events in, timeline, state and measures out. Pure."""

from schemas.shipment.bounds import bounded, short
from schemas.shipment.fact import Fact, fact_of
from schemas.shipment.kpis import KPIS, Kpi
from schemas.shipment.measures import Measure, measures_of
from schemas.shipment.settled import Settled, settle
from schemas.shipment.state import ShipmentState, state_of
from schemas.shipment.timeline import ShipmentTimeline, timeline

__all__ = [
    "KPIS",
    "Fact",
    "Kpi",
    "Measure",
    "Settled",
    "ShipmentState",
    "ShipmentTimeline",
    "bounded",
    "fact_of",
    "measures_of",
    "settle",
    "short",
    "state_of",
    "timeline",
]
