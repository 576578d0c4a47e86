"""Finding shipments: by any name, by place, time and status, page by page."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, and_, or_, select

from corridor.view.tables import LINK, SHIPMENT
from schemas.errors import Invalid
from schemas.shipment.bounds import NAME, short
from schemas.shipment.owners import CONSIGNMENT, KINDS, normal
from schemas.shipment.state import STATUS

MOST: Final = 200
"""Shipments on one page."""
SHIPMENTS: Final = ("CONSIGNMENT", "BULK_LOT")
"""Kinds that are looked for unless others are named."""
NAMES: Final = {
    "container": "CONTAINER", "wagon": "WAGON", "note": "NOTE", "train": "TRAIN", "vessel": "VESSEL",
    "plate": "PLATE", "permit": "PERMIT", "lot": "LOT",
}  # fmt: skip
"""What a shipment is found by, to the kind of its link."""

CURSOR: Final = r"^(-?[0-9]{1,18}:[^\u0000]*)?$"
"""A place between two pages: when the last shipment was heard of, and its key."""
_CURSOR: Final = re.compile(r"(-?[0-9]{1,18}):([^\0]*)", re.DOTALL)


class WantedShipments(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What to find: everything that is named must hold. Times are UTC milliseconds.

    Attributes:
        place: UN/LOCODE or ESR where it is now.
        status: key of ``STATUS``.
        held: only what something holds.
        kind: key of ``KINDS``; empty for consignments and lots.
        after: something was told to happen at or after that.
        before: something was told to happen before that.
        limit: most on a page.
        cursor: of the page before.
    """

    container: str = ""
    wagon: str = ""
    note: str = ""
    train: str = ""
    vessel: str = ""
    plate: str = ""
    permit: str = ""
    lot: str = ""
    place: str = ""
    status: str = ""
    held: bool = False
    kind: str = ""
    after: int | None = None
    before: int | None = None
    limit: int = 50
    cursor: str = ""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A shipment as a list shows it; times are UTC milliseconds, places UN/LOCODE, else ESR."""

    key: str
    kind: str
    title: str
    status: str
    since: int
    leg: str
    place: str | None
    place_name: str
    next: str | None
    origin: str | None
    destination: str | None
    eta: int | None
    held: str
    first_at: int
    last_at: int
    events: int
    corrections: int


class Page(msgspec.Struct, frozen=True):
    """Shipments, newest first; ``next`` is the cursor of the page after, None on the last."""

    items: tuple[Row, ...]
    next: str | None


def find(connection: Connection, wanted: WantedShipments) -> Page:
    """Find shipments.

    Raises:
        Invalid: ``query-invalid``, naming the parameter.
    """
    _require_valid(wanted)
    query = _where(select(SHIPMENT), wanted)
    if wanted.cursor:
        at, key = _place(wanted.cursor)
        later = and_(SHIPMENT.c.last_at == at, SHIPMENT.c.key > key)
        query = query.where(or_(SHIPMENT.c.last_at < at, later))
    query = query.order_by(SHIPMENT.c.last_at.desc(), SHIPMENT.c.key).limit(wanted.limit + 1)
    rows = [Row(*row) for row in connection.execute(query)]
    last = rows[wanted.limit - 1] if len(rows) > wanted.limit else None
    return Page(tuple(rows[: wanted.limit]), _cursor(last) if last else None)


def named(connection: Connection, reference: str, most: int) -> list[Row]:
    """What is found under a name: first what has it as its key or own name, consignments first, newest first.

    Of more than ``most`` those are taken that began last; journeys also where many shipments have the name.
    """
    value, link = normal(reference), LINK.c
    newest = select(link.shipment, link.since).where(link.value == value).distinct()
    newest = newest.order_by(link.since.desc(), link.shipment).limit(most)
    keys = {short(reference.strip(), 2 * NAME + 100), *(f"{kind}:{value}" for kind in KINDS)}
    for query in (newest, newest.where(link.shipment.contains(":"))):  # a consignment's key has none
        keys.update(connection.execute(query).scalars())
    rows = [Row(*row) for row in connection.execute(select(SHIPMENT).where(SHIPMENT.c.key.in_(sorted(keys))))]
    rows.sort(key=lambda row: (row.kind not in SHIPMENTS, -row.last_at, row.key))
    return sorted(rows, key=lambda row: not _is_it(row, reference))[:most]


def _is_it(row: Row, reference: str) -> bool:
    """Tell whether a reference is the thing's own name, not that of something it has to do with."""
    if row.key == reference.strip():
        return True
    own = row.key.partition(":")[2]
    name = own if row.kind == "BULK_LOT" else own.partition("/")[0]
    return row.kind != CONSIGNMENT and normal(name) == normal(reference)


def _where(query: Select[Any], wanted: WantedShipments) -> Select[Any]:
    kinds = (wanted.kind,) if wanted.kind else SHIPMENTS
    query = query.where(SHIPMENT.c.kind.in_(kinds))
    for name, kind in NAMES.items():
        if value := getattr(wanted, name):
            named = (LINK.c.kind == kind) & (LINK.c.value == normal(value))
            query = query.where(SHIPMENT.c.key.in_(select(LINK.c.shipment).where(named)))
    if wanted.place:
        query = query.where(SHIPMENT.c.place == normal(wanted.place))
    if wanted.status:
        query = query.where(SHIPMENT.c.status == wanted.status)
    if wanted.held:
        query = query.where(SHIPMENT.c.held != "")
    if wanted.after is not None:
        query = query.where(SHIPMENT.c.last_at >= wanted.after)
    if wanted.before is not None:
        query = query.where(SHIPMENT.c.first_at < wanted.before)
    return query


def _require_valid(wanted: WantedShipments) -> None:
    if not 1 <= wanted.limit <= MOST:
        raise Invalid("query-invalid", "/limit", f"1 to {MOST}", wanted.limit)
    for name, value, known in (("status", wanted.status, STATUS), ("kind", wanted.kind, KINDS)):
        if value and value not in known:
            raise Invalid("query-invalid", f"/{name}", f"one of {', '.join(known)}", value)


def _cursor(row: Row) -> str:
    return f"{row.last_at}:{row.key}"


def _place(cursor: str) -> tuple[int, str]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise Invalid("query-invalid", "/cursor", "what `next` of the page before was", cursor)
    return int(found[1]), found[2]
