"""Opening the view's database: SQLite or PostgreSQL, brought up to date, one writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError

from connectors.auth.secret import find_secret
from corridor.settings.model import View
from schemas.errors import Misconfigured, Permanent, Transient

DRIVERS: Final = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+pg8000"}
"""Database to its driver."""
WRITER: Final = 7_352_001
"""Advisory lock of PostgreSQL that a writer of the view holds for a transaction."""
DATA: Final = ("21", "22", "23", "54")
"""Classes of PostgreSQL's errors that a value is to blame for, and not the database."""
BUSY: Final = 30
"""Seconds that SQLite waits for another writer."""
HEAD: Final = "0004"
"""The newest revision of ``migrations``."""


class Database:
    """The view's database.

    Args:
        settings: the group ``[view]``.

    Raises:
        Misconfigured: ``settings-invalid``: the address cannot be used, or the password not found.
    """

    def __init__(self, settings: View) -> None:
        try:
            url = make_url(settings.url)
            backend = url.get_backend_name()
            url = url.set(drivername=DRIVERS[backend])
            if settings.password:
                url = url.set(password=find_secret(settings.password).reveal())
            self.engine: Final = create_engine(url, pool_pre_ping=backend == "postgresql")
        except (ArgumentError, KeyError, ValueError) as error:
            raise Misconfigured("settings-invalid", f"view.url: {error}") from None
        self.postgresql: Final = backend == "postgresql"
        self.address: Final = url.render_as_string(hide_password=True)
        if not self.postgresql:
            _prepare_sqlite(self.engine)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that no other writer of the view is in.

        Raises:
            Transient: ``view-unavailable``.
            Permanent: ``value-implausible``: the database refuses a value, now and for ever.
        """
        with self._errors(), self.engine.connect() as connection:
            if not self.postgresql:
                connection = connection.execution_options(immediate=True)
            with connection.begin():
                if self.postgresql:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITER})
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a transaction that sees one state of the view.

        Raises:
            Transient: ``view-unavailable``.
        """
        with self._errors(), self.engine.connect() as connection:
            if self.postgresql:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def migrate(self) -> tuple[str | None, str]:
        """Bring the tables up to date; return the revisions before and after.

        Raises:
            Transient: ``view-unavailable``.
        """
        from alembic import command  # noqa: PLC0415 - only this needs it, and it takes long to load
        from alembic.config import Config  # noqa: PLC0415

        with self.writing() as connection:
            before = _revision(connection)
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, HEAD)
            return before, HEAD

    def require_current(self) -> None:
        """Refuse to ask tables that are not there, or not up to date.

        Raises:
            Misconfigured: ``view-outdated``.
            Transient: ``view-unavailable``.
        """
        with self.reading() as connection:
            revision = _revision(connection)
        if revision != HEAD:
            state = f"is at revision {revision}" if revision else "is empty"
            raise Misconfigured(
                "view-outdated",
                f"the view at {self.address} {state}: start the role view, or run `corridor view migrate`",
            )

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if is_about_data(error):
                raise Permanent(
                    "value-implausible", f"the database does not take a value: {error.orig}"
                ) from error
            raise Transient("view-unavailable", f"{self.address}: {error.orig}") from error
        except OSError as error:
            raise Transient("view-unavailable", f"{self.address}: {error}") from error


def is_about_data(error: DBAPIError) -> bool:
    """Whether the database refuses a value, which it would do again and again, and is not away itself."""
    if isinstance(error, DataError | IntegrityError):
        return True
    told = getattr(error.orig, "args", ())
    state = told[0].get("C", "") if told and isinstance(told[0], dict) else ""
    return state[:2] in DATA


def _revision(connection: Connection) -> str | None:
    """Read the revision that the tables are at; None when there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _prepare_sqlite(engine: Engine) -> None:
    """Let SQLAlchemy begin transactions itself; readers and the writer do not wait for each other."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's connection
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA busy_timeout = {BUSY * 1000}")

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
