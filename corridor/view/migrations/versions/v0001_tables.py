"""The tables of the view, as they were first.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "event",
        sa.Column("id", STRING, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("retracted", sa.Boolean(), nullable=False),
        sa.Column("owner", STRING, nullable=False),
        sa.Column("journey", STRING, nullable=True),
        sa.Column("subject", STRING, nullable=False),
        sa.Column("code", STRING, nullable=True),
        sa.Column("classifier", STRING, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", STRING, nullable=True),
        sa.Column("fact", STRING, nullable=False),
        sa.PrimaryKeyConstraint("id", "version", "retracted"),
    )
    op.create_index("event_journey", "event", ["journey"], unique=False)
    op.create_index("event_owner", "event", ["owner"], unique=False)
    op.create_table(
        "letter",
        sa.Column("id", STRING, nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("stage", STRING, nullable=False),
        sa.Column("code", STRING, nullable=False),
        sa.Column("detail", STRING, nullable=False),
        sa.Column("pointer", STRING, nullable=False),
        sa.Column("value", STRING, nullable=False),
        sa.Column("origin", STRING, nullable=False),
        sa.Column("subject", STRING, nullable=False),
        sa.Column("accepted", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("log_offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("letter_origin", "letter", ["origin"], unique=False)
    op.create_index("letter_subject", "letter", ["subject"], unique=False)
    op.create_table(
        "link",
        sa.Column("kind", STRING, nullable=False),
        sa.Column("value", STRING, nullable=False),
        sa.Column("shipment", STRING, nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "shipment"),
    )
    op.create_index("link_shipment", "link", ["shipment"], unique=False)
    op.create_index("link_value", "link", ["value"], unique=False)
    op.create_table(
        "measure",
        sa.Column("shipment", STRING, nullable=False),
        sa.Column("kpi", STRING, nullable=False),
        sa.Column("leg", STRING, nullable=False),
        sa.Column("day", STRING, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("total", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("least", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("most", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shipment", "kpi", "leg", "day"),
    )
    op.create_index("measure_kpi", "measure", ["kpi", "day"], unique=False)
    op.create_table(
        "position",
        sa.Column("topic", STRING, nullable=False),
        sa.Column("partition", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition"),
    )
    op.create_table(
        "receipt",
        sa.Column("participant", STRING, nullable=False),
        sa.Column("id", STRING, nullable=False),
        sa.Column("origin", STRING, nullable=False),
        sa.Column("subject", STRING, nullable=False),
        sa.Column("outcome", STRING, nullable=False),
        sa.Column("code", STRING, nullable=True),
        sa.Column("attempts", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("accepted", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivered", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("participant", "id"),
    )
    op.create_index("receipt_origin", "receipt", ["origin"], unique=False)
    op.create_table(
        "report",
        sa.Column("stage", STRING, nullable=False),
        sa.Column("id", STRING, nullable=False),
        sa.Column("origin", STRING, nullable=False),
        sa.Column("day", STRING, nullable=False),
        sa.Column("outputs", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("losses", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("findings", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("detail", STRING, nullable=False),
        sa.Column("log_offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("stage", "id"),
    )
    op.create_index("report_day", "report", ["day", "stage", "losses"], unique=False)
    op.create_index("report_origin", "report", ["origin"], unique=False)
    op.create_table(
        "shipment",
        sa.Column("key", STRING, nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.Column("title", STRING, nullable=False),
        sa.Column("status", STRING, nullable=False),
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leg", STRING, nullable=False),
        sa.Column("place", STRING, nullable=True),
        sa.Column("place_name", STRING, nullable=False),
        sa.Column("next", STRING, nullable=True),
        sa.Column("origin", STRING, nullable=True),
        sa.Column("destination", STRING, nullable=True),
        sa.Column("eta", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("held", STRING, nullable=False),
        sa.Column("first_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("corrections", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("shipment_kind", "shipment", ["kind", "last_at", "key"], unique=False)
    op.create_index("shipment_place", "shipment", ["place", "last_at", "key"], unique=False)
    op.create_index("shipment_status", "shipment", ["status", "last_at", "key"], unique=False)
    op.create_table(
        "unread",
        sa.Column("topic", STRING, nullable=False),
        sa.Column("partition", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", STRING, nullable=False),
        sa.Column("detail", STRING, nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "log_offset"),
    )


def downgrade() -> None:
    """Drop all tables: everything in them can be rebuilt from the log."""
    for table in (
        "event",
        "shipment",
        "link",
        "measure",
        "report",
        "receipt",
        "letter",
        "unread",
        "position",
    ):
        op.drop_table(table)
