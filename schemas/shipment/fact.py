"""A fact: what one version of a corridor event says, cut down to what a shipment's timeline needs.

Facts are kept for as long as the view is, one per event version, so they hold codes and numbers and leave out
what only a translation needs. Their JSON form is what the view stores.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from schemas.mapping.reasons import kind_of
from schemas.oil.bulk import gross_kg, net_kg

NOTE: Final = "NOTE/SNAP"
"""Code of the event that carries one version of a consignment note."""

MEANS: Final = frozenset({"TRAIN", "VESSEL", "TRUCK"})
"""Subjects that carry shipments and are none themselves."""


class DocumentReference(Struct, frozen=True, array_like=True, gc=False):
    """A document or means: type as the schema has it, value, first note of the consignment."""

    type: str
    value: str
    original: str | None = None


class Unit(Struct, frozen=True, array_like=True, gc=False):
    """A wagon or container with what carries it; ``came_from`` is the wagon it was transloaded from."""

    kind: str
    id: str
    parent: str | None = None
    size: str | None = None
    laden: bool | None = None
    came_from: str | None = None


class Border(Struct, frozen=True, omit_defaults=True, gc=False):
    """A crossing: railways, stations of exit and entry (ESR), UTC milliseconds of hand-over and take-over."""

    from_admin: str | None = None
    to_admin: str | None = None
    exit: str | None = None
    entry: str | None = None
    handed_over: int | None = None
    taken_over: int | None = None


class Note(Struct, frozen=True, omit_defaults=True, gc=False):
    """What a version of a consignment note says of itself; stations in ESR."""

    number: str
    departure: str
    destination: str | None = None
    departure_name: str | None = None
    destination_name: str | None = None
    annulled: bool = False


class Lot(Struct, frozen=True, omit_defaults=True, gc=False):
    """What an event says of an oil lot.

    Attributes:
        product: its name.
        kg: mass in kg.
        basis: what the mass was told as or computed from.
        document: bill of lading or act.
        measured: the mass is net and that of the whole lot, so it can be held against another.
        formed_of: lots and net kilograms that they gave to this one.
    """

    product: str | None = None
    kg: int | None = None
    basis: str | None = None
    document: str | None = None
    measured: bool = False
    formed_of: tuple[tuple[str, int], ...] = ()


class Goods(Struct, frozen=True, array_like=True, gc=False):
    """One item of cargo: goods code (HS or GNG), name, gross mass in kg, UN number."""

    code: str | None
    name: str | None
    gross_kg: int | None
    un_number: str | None


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One version of one event. Times are UTC milliseconds.

    Attributes:
        id: identity of the event.
        version: version of it, from 1.
        retracted: the event did not happen.
        subject: ``TYPE:id``.
        origin: ``participant/message id`` of the accepted message.
        told: when the source said so: its time of this version, else of writing it, else of taking it in.
        code: ``TYPE/CODE``, None where the source's code is in no list.
        operation: the source's own code.
        visit: port visit or transport call.
        losses: fields that the translation into the corridor could not carry.
        simulated: its times are of a simulation, and cannot be held against ``ingested``.
    """

    id: str
    version: int
    subject: str
    source: str
    message: str
    ingested: int
    at: int
    classifier: str
    retracted: bool = False
    origin: str = ""
    consignment: str | None = None
    sequence: int | None = None
    told: int = 0
    code: str | None = None
    operation: str | None = None
    document: str | None = None
    service: str | None = None
    offset: int | None = None
    eta: int | None = None
    place: str | None = None
    esr: str | None = None
    facility: str | None = None
    name: str | None = None
    country: str | None = None
    next: str | None = None
    border: Border | None = None
    mode: str | None = None
    car: str | None = None
    train: str | None = None
    imo: str | None = None
    vessel: str | None = None
    voyage: str | None = None
    visit: str | None = None
    plate: str | None = None
    trailer: str | None = None
    reason: str | None = None
    remark: str | None = None
    references: tuple[DocumentReference, ...] = ()
    replaced: tuple[str, str, str] | None = None
    units: tuple[Unit, ...] = ()
    total_units: int | None = None
    declaration: str | None = None
    customs: str | None = None
    office: str | None = None
    lot: Lot | None = None
    note: Note | None = None
    goods: tuple[Goods, ...] = ()
    losses: int = 0
    simulated: bool = False

    @property
    def kind(self) -> str:
        """Type of the subject."""
        return self.subject.partition(":")[0]

    @property
    def order(self) -> tuple[int, int, int, str]:
        """What facts are sorted by: time, then how they came to be known."""
        return (self.at, self.ingested, self.sequence or 0, self.id)


encode: Final = msgspec.json.Encoder().encode
"""Fact to its JSON form."""
decode: Final = msgspec.json.Decoder(Fact).decode
"""JSON form to fact."""


def fact_of(event: dict[str, Any], origin: str = "", *, simulated: bool = False) -> Fact:
    """Cut a corridor event (a datum of ``corridor.event.v1``) down to a fact.

    Args:
        event: the datum.
        origin: ``participant/message id`` of the accepted message it came from.
        simulated: its participant's times are of a simulation.
    """
    envelope, correction, when = event["envelope"], event["correction"], event["when"]
    where, why, how, what = event["where"], event["why"], event["how"], event["what"]
    customs, replaced, subject = event["customs"] or _NONE, what["replacement"], event["subject"]
    ingested = envelope["ingested_at"]
    return Fact(
        id=envelope["event_id"],
        version=correction["version"],
        retracted=correction["retracted"],
        subject=f"{subject['type']}:{subject['id']}",
        source=envelope["source"],
        message=envelope["source_message_id"],
        ingested=ingested,
        origin=origin,
        consignment=event["consignment_id"],
        sequence=envelope["source_sequence"],
        told=_told(when, correction, ingested),
        at=when["occurred_at"],
        classifier=when["classifier"],
        code=why["code"],
        operation=why["original_code"],
        document=why["document"],
        service=why["service"],
        offset=when["offset_minutes"],
        eta=when["eta"],
        place=where["unlocode"],
        esr=where["esr"],
        facility=where["facility"],
        name=where["name"],
        country=where["country"],
        next=where["next"],
        border=_border(where["border"]),
        mode=how["mode"],
        car=how["rail_car"],
        train=how["train"],
        imo=how["vessel_imo"],
        vessel=how["vessel_name"],
        voyage=how["voyage"],
        visit=how["port_visit"] or how["call_reference"],
        plate=how["truck_plate"],
        trailer=how["trailer_plate"],
        reason=why["reason_code"],
        remark=why["statement"] or why["remark"],
        references=tuple(DocumentReference(r["type"], r["value"], r["original"]) for r in what["references"]),
        replaced=(replaced["type"], replaced["old_value"], replaced["new_value"]) if replaced else None,
        units=tuple(_unit(unit) for unit in what["units"] if unit["id"]),
        total_units=what["total_units"],
        declaration=customs.get("declaration"),
        customs=customs.get("status"),
        office=customs.get("office"),
        lot=_lot(event["bulk"], partial=bool(correction["partial"])),
        note=_note(event["document"]),
        goods=tuple(_goods(item) for item in event["cargo"]),
        losses=sum(kind_of(loss["reason"]) == "loss" for loss in event["quality"]["losses"]),
        simulated=simulated,
    )


_NONE: Final[dict[str, Any]] = {}


def _told(when: dict[str, Any], correction: dict[str, Any], ingested: int) -> int:
    """Say when the source knew it: a simulated or late message is not known at the time it is taken in."""
    recorded: int | None = when["recorded_at"]
    updated: int | None = correction["updated_at"]
    if recorded is None:
        return ingested
    return max(recorded, updated) if updated is not None else recorded


def _border(border: dict[str, Any] | None) -> Border | None:
    if border is None:
        return None
    return Border(
        border["from_admin"], border["to_admin"], border["exit_esr"], border["entry_esr"],
        border["handed_over_at"], border["taken_over_at"],
    )  # fmt: skip


def _unit(unit: dict[str, Any]) -> Unit:
    size = unit["iso_type"] or unit["size_type"]
    return Unit(unit["kind"], unit["id"], unit["parent"], size, unit["laden"], unit["transloaded_from"])


def _note(note: dict[str, Any] | None) -> Note | None:
    if note is None:
        return None
    return Note(
        note["number"], note["departure"], note["destination"],
        note["departure_name"], note["destination_name"], note["annulled"],
    )  # fmt: skip


def _goods(item: dict[str, Any]) -> Goods:
    return Goods(item["hs6"] or item["gng8"], item["name"], item["gross_kg"], item["un_number"])


def _lot(bulk: dict[str, Any] | None, *, partial: bool) -> Lot | None:
    """Take the net mass; where nobody told the water, the gross one. Never by a fixed factor."""
    if bulk is None:
        return None
    net = net_kg(bulk)
    kilograms = gross_kg(bulk) if net is None else net
    told = bulk["net_tonnes"] is not None and "net_tonnes" not in (bulk.get("computed") or ())
    basis = "gross, by density" if net is None else "net, by density"
    return Lot(
        product=bulk["product"],
        kg=kilograms,
        basis=None if kilograms is None else "net, as told" if told else basis,
        document=bulk["bl_number"] or bulk["act_number"],
        measured=net is not None and not partial,
        formed_of=tuple((part["lot"], part["net_kg"]) for part in bulk["formed_of"] or ()),
    )
