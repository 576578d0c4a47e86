"""A Kafka node knows its own process, whatever becomes of the machine's clock and of process ids."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from deploy.kafka import Node


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param({"create_time": 1.0}, id="the-clock-was-set"),
        pytest.param({"cmdline": []}, id="just-started-no-command-line-yet"),
        pytest.param({"cwd": "/tmp/hsperfdata"}, id="java-counts-its-performance"),
    ],
)
def test_its_process_is_known_whatever_the_system_shows_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: dict[str, object]
) -> None:
    """Where a machine stood still, its clock jumps, and all start times with it; a busy one shows gaps."""
    for name, value in shown.items():
        monkeypatch.setattr(psutil.Process, name, lambda _, value=value: value)
    with _running(tmp_path) as running:
        found = Node(tmp_path, port=1, controller_port=2).process
        assert found is not None
        assert found.pid == running.pid
        running.kill()
        running.wait()
        assert Node(tmp_path, port=1, controller_port=2).process is None


def test_a_later_process_of_the_same_id_is_not_its_own(tmp_path: Path) -> None:
    """Ids come round again: this test's process is no Kafka of that directory."""
    (tmp_path / "kafka.pid").write_text(str(os.getpid()))
    assert Node(tmp_path, port=1, controller_port=2).process is None


@contextmanager
def _running(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs as the Kafka of the directory does."""
    wait = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with (directory / "kafka.pid").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = subprocess.Popen(wait, stdin=subprocess.PIPE, pass_fds=[lock.fileno()])
        lock.write(str(running.pid))
    with running:
        yield running
        running.kill()
