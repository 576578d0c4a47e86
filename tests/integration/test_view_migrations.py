"""The tables of the view, made and changed by migrations, in real databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from corridor.settings.model import View
from corridor.view import migrations
from corridor.view.database import HEAD, Database
from corridor.view.tables import METADATA
from schemas.errors import Misconfigured
from tests.support.journeys import facts
from tests.support.view import content, write

pytestmark = pytest.mark.system("view")


def test_migrations_make_the_tables_that_the_code_means(database: Database) -> None:
    """After all migrations nothing differs from the tables as declared; a second run changes nothing."""
    assert database.migrate() == (HEAD, HEAD)
    with database.reading() as connection:
        found = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert [difference for difference in found if difference[1].name != "alembic_version"] == []
    assert next(iter(ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads())) == HEAD


def test_migrations_keep_the_content(database: Database) -> None:
    """Back to the first tables and forth again, every row is as it was."""
    write(database, facts(1))
    before = content(database)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    assert database.migrate() == ("0001", HEAD)
    assert content(database) == before


def test_a_view_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Asking before the tables are made is refused with what to do."""
    empty = Database(View(url=f"sqlite:///{tmp_path}/other.sqlite3"))
    with pytest.raises(Misconfigured) as refused:
        empty.require_current()
    empty.close()
    assert "corridor view migrate" in refused.value.message
