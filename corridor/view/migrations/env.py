"""Alembic's entry: migrates on the connection that it is given."""

from alembic import context

from corridor.view.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
