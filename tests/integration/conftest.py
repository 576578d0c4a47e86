"""Fixtures of the view: an empty one in each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from corridor.settings.model import View
from corridor.view.database import Database
from corridor.view.projector import Projector
from streams.records.contracts import Contracts
from tests.support.postgres import binaries, server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a PostgreSQL of this run's own."""
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL is installed")
    with server(programs) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give an empty, migrated view in each kind of database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/view.sqlite3"
    else:
        url = request.getfixturevalue("postgresql")
    opened = Database(View(url=url))
    opened.migrate()
    Projector(opened, Contracts(None)).empty()
    yield opened
    opened.close()
