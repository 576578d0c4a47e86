"""The tables of the view. What they hold follows from the log alone; ``docs/view.md`` explains them.

Texts compare by their bytes in every database, so that pages and dumps have the same order everywhere.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, MetaData, Table, Text

STRING: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""A text that compares by its bytes."""

METADATA: Final = MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, STRING, primary_key=key, nullable=null)


def _number(name: str, *, key: bool = False, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=null, autoincrement=False)


EVENT: Final = Table(
    "event",
    METADATA,
    _text("id", key=True),
    _number("version", key=True),
    Column("retracted", Boolean, primary_key=True, nullable=False),
    _text("owner"),
    _text("journey", null=True),
    _text("subject"),
    _text("code", null=True),
    _text("classifier"),
    _number("at"),
    _text("place", null=True),
    _text("fact"),
    Index("event_owner", "owner"),
    Index("event_journey", "journey"),
)
"""Every version of every event, with the key of whose timeline it is in, and itself as JSON."""

SHIPMENT: Final = Table(
    "shipment",
    METADATA,
    _text("key", key=True),
    _text("kind"),
    _text("title"),
    _text("status"),
    _number("since"),
    _text("leg"),
    _text("place", null=True),
    _text("place_name"),
    _text("next", null=True),
    _text("origin", null=True),
    _text("destination", null=True),
    _number("eta", null=True),
    _text("held"),
    _number("first_at"),
    _number("last_at"),
    _number("events"),
    _number("corrections"),
    Index("shipment_kind", "kind", "last_at", "key"),
    Index("shipment_status", "status", "last_at", "key"),
    Index("shipment_place", "place", "last_at", "key"),
)
"""The state now of everything that has a timeline."""

LINK: Final = Table(
    "link",
    METADATA,
    _text("shipment", key=True),
    _text("kind", key=True),
    _text("value", key=True),
    _number("since"),
    Index("link_value", "value", "since"),
    sqlite_with_rowid=False,
)
"""Names under which a shipment is found: container, wagon, note, train, vessel, plate, permit, lot.

``since`` is the first time that is told of the shipment: a vessel's name has more shipments every year, and
what was aboard in one month is found by it without a look at all the others.
"""

MEASURE: Final = Table(
    "measure",
    METADATA,
    _text("shipment", key=True),
    _text("kpi", key=True),
    _text("leg", key=True),
    _text("day", key=True),
    _number("n"),
    _number("total"),
    _number("least"),
    _number("most"),
    Index("measure_kpi", "kpi", "day"),
    sqlite_with_rowid=False,
)
"""What each shipment adds to each figure, by leg and day: how often, sum, least, most."""

REPORT: Final = Table(
    "report",
    METADATA,
    _text("stage", key=True),
    _text("id", key=True),
    _text("origin", key=True),
    _text("day"),
    _number("outputs"),
    _number("losses"),
    _number("findings"),
    _text("detail"),
    _number("log_offset"),
    Index("report_origin", "origin"),
    Index("report_day", "day", "stage", "losses"),
)
"""What became of each message at each stage. An event that several messages tell of is one of each."""

RECEIPT: Final = Table(
    "receipt",
    METADATA,
    _text("participant", key=True),
    _text("id", key=True),
    _text("origin"),
    _text("subject"),
    _text("outcome"),
    _text("code", null=True),
    _number("attempts"),
    _number("accepted"),
    _number("delivered"),
    _number("log_offset"),
    Index("receipt_origin", "origin"),
)
"""The last receipt of each delivery."""

LETTER: Final = Table(
    "letter",
    METADATA,
    _text("id", key=True),
    Column("open", Boolean, nullable=False),
    _text("stage"),
    _text("code"),
    _text("detail"),
    _text("pointer"),
    _text("value"),
    _text("origin"),
    _text("subject"),
    _number("accepted", null=True),
    _number("log_offset"),
    Index("letter_origin", "origin"),
    Index("letter_subject", "subject"),
)
"""Dead letters; one that a replay settled is not open."""

UNREAD: Final = Table(
    "unread",
    METADATA,
    _text("topic", key=True),
    _number("partition", key=True),
    _number("log_offset", key=True),
    _text("code"),
    _text("detail"),
    _text("subject"),
    Index("unread_subject", "subject"),
)
"""Records of the log that were set aside, whole or in part, with the reason and what they are about."""

POSITION: Final = Table(
    "position",
    METADATA,
    _text("topic", key=True),
    _number("partition", key=True),
    _number("next"),
)
"""How far the log is in the view: committed with the rows it led to."""

CONTENT: Final = (EVENT, SHIPMENT, LINK, MEASURE, REPORT, RECEIPT, LETTER, UNREAD)
"""Everything that is rebuilt from the log."""
