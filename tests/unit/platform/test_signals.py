"""SIGHUP ends no process that runs for long; SIGTERM does, cleanly."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from deploy.ports import free_port

ROOT = Path(__file__).parents[3]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a command in an empty directory."""
    started = []

    def begin(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "corridor", *arguments]
        started.append(
            subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def hung_up(process: subprocess.Popen[bytes], url: str) -> None:
    """Hang up on a process that answers here: it goes on, until it is asked to end."""
    _answers(process, url)
    process.send_signal(signal.SIGHUP)
    assert process.stdout is not None
    assert any(b"SIGHUP changes nothing" in line for line in process.stdout), "it ended instead of saying so"
    _answers(process, url)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def _answers(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + 40
    while True:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return


def test_a_sandbox_goes_on(start: Callable[..., subprocess.Popen[bytes]]) -> None:
    """Its ledger is open, and its partner would lose what is under way."""
    port = free_port()
    process = start("sandbox", "dlp", "--data", "dlp", "--offer", "--control", str(port))
    hung_up(process, f"http://127.0.0.1:{port}/stats")


def test_signals_are_heeded_in_one_way() -> None:
    """Whoever takes signals takes all of them: a command that forgets SIGHUP ends by it."""
    takers = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "corridor").rglob("*.py")
        if re.search(r"add_signal_handler\(", file.read_text())
    }
    assert takers == {"corridor/signals.py"}
