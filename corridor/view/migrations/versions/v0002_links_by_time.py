"""Names know the time of their shipment, so that those of one journey are found among those of years.

In SQLite, links and measures also lie with their shipment instead of in a table and an index beside it.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Copy links and measures into tables of the new shape."""
    op.rename_table("link", "link_old")
    op.create_table(
        "link",
        sa.Column("shipment", STRING, nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.Column("value", STRING, nullable=False),
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shipment", "kind", "value", name="link_by_shipment"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO link (shipment, kind, value, since) SELECT l.shipment, l.kind, l.value, s.first_at "
        "FROM link_old AS l JOIN shipment AS s ON s.key = l.shipment ORDER BY 1, 2, 3"
    )
    op.drop_table("link_old")
    op.create_index("link_value", "link", ["value", "since"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        _measures(sqlite_with_rowid=False)


def downgrade() -> None:
    """Go back to the first shape."""
    op.rename_table("link", "link_new")
    op.drop_index("link_value", "link_new")
    op.create_table(
        "link",
        sa.Column("kind", STRING, nullable=False),
        sa.Column("value", STRING, nullable=False),
        sa.Column("shipment", STRING, nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "shipment"),
    )
    op.execute("INSERT INTO link (kind, value, shipment) SELECT kind, value, shipment FROM link_new")
    op.drop_table("link_new")
    op.create_index("link_shipment", "link", ["shipment"], unique=False)
    op.create_index("link_value", "link", ["value"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        _measures(sqlite_with_rowid=True)


def _measures(*, sqlite_with_rowid: bool) -> None:
    op.rename_table("measure", "measure_old")
    op.drop_index("measure_kpi", "measure_old")
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
        sqlite_with_rowid=sqlite_with_rowid,
    )
    op.execute("INSERT INTO measure SELECT * FROM measure_old ORDER BY shipment, kpi, leg, day")
    op.drop_table("measure_old")
    op.create_index("measure_kpi", "measure", ["kpi", "day"], unique=False)
