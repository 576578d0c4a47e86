"""A report belongs to the message it came from: an event that several messages tell has one of each.

Reports that the key of before kept out are in the view again after `corridor view rebuild`.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Take the origin into the key."""
    _copy("report_by_origin", "stage", "id", "origin")


def downgrade() -> None:
    """Take it out again, and keep one report of each event and stage."""
    op.execute(
        "DELETE FROM report WHERE EXISTS (SELECT 1 FROM report AS r WHERE r.stage = report.stage "
        "AND r.id = report.id AND r.origin > report.origin)"
    )
    _copy("report_by_id", "stage", "id")


def _copy(name: str, *key: str) -> None:
    """Copy the table into one with another key."""
    op.drop_index("report_day", "report")
    op.drop_index("report_origin", "report")
    op.rename_table("report", "report_old")
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
        sa.PrimaryKeyConstraint(*key, name=name),
    )
    op.execute("INSERT INTO report SELECT * FROM report_old")
    op.drop_table("report_old")
    op.create_index("report_day", "report", ["day", "stage", "losses"], unique=False)
    op.create_index("report_origin", "report", ["origin"], unique=False)
