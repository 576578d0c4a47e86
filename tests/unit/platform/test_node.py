"""A Kafka node knows its own process, whatever becomes of the machine's clock and of process ids."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.kafka import Node


def test_its_process_is_known_after_the_clock_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a machine stood still for a while, its clock jumps, and all start times with it."""
    wait = "import sys; sys.stdin.read()"
    command = [sys.executable, "-c", wait, str((tmp_path / "server.properties").absolute())]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as running:
        (tmp_path / "kafka.pid").write_text(str(running.pid))
        monkeypatch.setattr(psutil.Process, "create_time", lambda _: 1.0)
        found = Node(tmp_path, port=1, controller_port=2).process
        assert found is not None
        assert found.pid == running.pid
        running.kill()


def test_a_later_process_of_the_same_id_is_not_its_own(tmp_path: Path) -> None:
    """Ids come round again: this test's process is no Kafka of that directory."""
    (tmp_path / "kafka.pid").write_text(str(os.getpid()))
    assert Node(tmp_path, port=1, controller_port=2).process is None
