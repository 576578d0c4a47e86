"""Fixtures that every test may use: one real Kafka per run, and private nodes that a test may kill."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.kafka import Node

settings.register_profile("seeded", derandomize=True, deadline=None)
settings.register_profile("soak", deadline=None, print_blob=True)
settings.load_profile("soak" if os.environ.get("CORRIDOR_SOAK") else "seeded")

RUN = "CORRIDOR_TEST_RUN"


@dataclass(frozen=True, slots=True)
class Kafka:
    """A running Kafka that tests share. Topics, groups and transactional ids must be unique per test.

    Attributes:
        bootstrap: ``HOST:PORT``.
    """

    bootstrap: str


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--kafka HOST:PORT``."""
    parser.addoption("--kafka", metavar="HOST:PORT", help="use this Kafka instead of starting one")


def pytest_configure(config: pytest.Config) -> None:
    """Make the directory that all processes of this run share."""
    logging.getLogger("asyncio").addFilter(_without_traceback)
    if not hasattr(config, "workerinput"):
        os.environ[RUN] = tempfile.mkdtemp(prefix="corridor-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the run started, once its last worker is gone."""
    if not hasattr(config, "workerinput") and (run := os.environ.pop(RUN, None)):
        asyncio.run(_shared_node(Path(run)).stop())
        shutil.rmtree(run, ignore_errors=True)


def _without_traceback(record: logging.LogRecord) -> bool:
    """Say in a word what asyncio found unread.

    It finds that while garbage is collected, perhaps in the midst of `ast.parse`; pytest would format the
    traceback, which calls it again, and Python before 3.11.8 cannot stand that (gh-106905).
    """
    if record.exc_info and (error := record.exc_info[1]):
        record.msg, record.args, record.exc_info = f"{record.getMessage()}: {error!r}", None, None
    return True


def _shared_node(run: Path) -> Node:
    return Node(run / "kafka")


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Kafka:
    """Give the run's Kafka: a single KRaft node, started by the first test that asks, shared by workers."""
    given: str | None = request.config.getoption("--kafka")
    if given:
        return Kafka(given)
    run = Path(os.environ[RUN])
    with (run / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        node = _shared_node(run)
        if node.process is None:
            _in_thread(lambda: asyncio.run(node.start()))
    return Kafka(node.bootstrap)


@pytest.fixture
def private_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Node]]:
    """Give a function that makes nodes of the test's own: ``await node.start()``, ``node.kill()``."""
    nodes: list[Node] = []

    def make() -> Node:
        nodes.append(Node(tmp_path_factory.mktemp("kafka")))
        return nodes[-1]

    yield make
    for node in nodes:
        node.kill()


def _in_thread(action: Callable[[], None]) -> None:
    """Run it beside the event loop that the test may have."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(action).result()
