"""What was set aside says of what it was; days that no calendar has go: they stopped the figures.

An event that such a day came from is set aside by `corridor view rebuild`.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the subject, and take out days that are not written with four digits of the year."""
    op.add_column("unread", sa.Column("subject", STRING, nullable=False, server_default=""))
    op.create_index("unread_subject", "unread", ["subject"], unique=False)
    op.execute("DELETE FROM measure WHERE length(day) <> 10")
    op.execute("UPDATE report SET day = '' WHERE length(day) NOT IN (0, 10)")


def downgrade() -> None:
    """Take the subject out again."""
    op.drop_index("unread_subject", "unread")
    op.drop_column("unread", "subject")
