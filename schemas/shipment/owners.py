"""Whose an event is, and under which names it is found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from schemas.shipment.bounds import short
from schemas.shipment.days import month_of
from schemas.shipment.fact import MEANS, DocumentReference, Fact

CONSIGNMENT: Final = "CONSIGNMENT"
KINDS: Final = (CONSIGNMENT, "BULK_LOT", "PERMIT", "TRAIN", "VESSEL", "TRUCK", "EQUIPMENT", "WAGON", "PORT")
"""What has a timeline: shipments, oil lots, permits, journeys of trains, vessels and trucks, and units whose
consignment nobody told, and ports that close."""

Link = tuple[str, str]
"""Kind and value of a name under which something is found."""

_NOTES: Final = frozenset({"SMGS", "CIM", "CMR"})
_SUBJECTS: Final = {
    "EQUIPMENT": "CONTAINER", "WAGON": "WAGON", "TRAIN": "TRAIN", "VESSEL": "VESSEL", "PERMIT": "PERMIT",
    "TRUCK": "PLATE", "BULK_LOT": "LOT", "PORT": "PORT",
}  # fmt: skip
_KINDS: Final = {
    "TRAIN": "TRAIN", "EPERMIT": "PERMIT", "TRANSIT_DECL": "DECLARATION", "BL": "DOCUMENT", "BKG": "DOCUMENT",
    "CARRIER_REF": "DOCUMENT", "SHIPMENT": "SHIPMENT",
}  # fmt: skip


SHARED: Final = {"BULK_LOT": _SUBJECTS["BULK_LOT"], "PERMIT": _SUBJECTS["PERMIT"]}
"""Subjects of which several owners may tell: a lot or permit with a note belongs to the consignment, without
one to itself. To the kind of their link."""


def owner_of(fact: Fact) -> str:
    """Whose timeline a fact belongs to: the consignment's id, else ``TYPE:id`` of its subject.

    Trains, vessels and trucks live long: their events are kept by journey.
    """
    return fact.consignment or journey_of(fact) or fact.subject


def journey_of(fact: Fact) -> str | None:
    """Journey of a train, vessel or truck: the month of a train or truck, the call or voyage of a vessel."""
    if fact.kind not in MEANS:
        return None
    month = month_of(fact.at)
    journey = fact.visit or fact.voyage or month if fact.kind == "VESSEL" else month
    return f"{fact.subject}/{journey}"


def kind_of(owner: str) -> str:
    """Kind of an owner by its key."""
    kind, colon, _ = owner.partition(":")
    return kind if colon and kind in KINDS else CONSIGNMENT


def shared_of(facts: Iterable[Fact]) -> frozenset[str]:
    """Lots and permits that these facts are about, and lots that they were formed of, as ``TYPE:id``."""
    told = [fact for fact in facts if fact.kind in SHARED]
    parts = {f"BULK_LOT:{lot}" for fact in told if fact.lot for lot, _ in fact.lot.formed_of}
    return frozenset({fact.subject for fact in told} | parts)


def link_of(subject: str) -> Link:
    """The link under which whatever has to do with a lot or permit is found."""
    kind, _, name = subject.partition(":")
    return SHARED[kind], normal(name)


def normal(name: str) -> str:
    """Write a reference as links have it: upper case without spaces, and no longer than a fact has it."""
    return "".join(short(name).split()).upper()


def links_of(facts: Iterable[Fact]) -> set[Link]:
    """Names under which the owner of these facts is found."""
    named: set[tuple[str, str | None]] = set()
    for fact in facts:
        kind, _, subject = fact.subject.partition(":")
        if kind in _SUBJECTS:
            named.add((_SUBJECTS[kind], subject))
        named.update(
            (
                ("WAGON", fact.car), ("TRAIN", fact.train), ("VESSEL", fact.imo), ("VESSEL", fact.vessel),
                ("VOYAGE", fact.voyage), ("PLATE", fact.plate), ("PLATE", fact.trailer),
                ("DECLARATION", fact.declaration),
            )
        )  # fmt: skip
        if fact.lot:
            named.add(("LOT", fact.lot.document))
            named.update(("LOT", lot) for lot, _ in fact.lot.formed_of)
        for unit in fact.units:
            named.add((unit.kind, unit.id))
            named.add(("WAGON", unit.parent))
        for reference in fact.references:
            # a train is found by its own name; a note aboard is another's
            if reference.type not in _NOTES or fact.consignment or fact.kind not in MEANS:
                named.update(_referred(reference))
    return {(kind, normal(value)) for kind, value in named if value}


def _referred(reference: DocumentReference) -> Iterator[Link]:
    if reference.type in _NOTES:
        yield "NOTE", reference.value
        yield "NOTE", reference.value.rpartition("/")[2]
    else:
        yield _KINDS[reference.type], reference.value
