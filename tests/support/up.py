"""`corridor up --json` as a process of a test."""

from __future__ import annotations

import json
import queue
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.ports import require_free
from schemas.errors import Misconfigured

Status = dict[str, Any]


class Up:
    """A running `corridor up --json`.

    Args:
        state: its state directory.
        ports: first port.
        options: further options.
    """

    def __init__(self, state: Path, ports: int, *options: str) -> None:
        self.base = ports
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "corridor",
                "up",
                "--json",
                "--state",
                str(state),
                "--ports",
                str(ports),
                *options,
            ],
            cwd=state.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.words: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._lines.put)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.words.append)),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, take: Callable[[str], None]) -> None:  # noqa: ANN401
        for line in stream:
            take(line)

    def until(self, wanted: Callable[[Status], bool]) -> Status:
        """Read what it prints until it is as wanted; fail when it ends before."""
        while True:
            try:
                status: Status = json.loads(self._lines.get(timeout=1))
            except queue.Empty:
                assert self.process.poll() is None, "".join(self.words)
                continue
            if wanted(status):
                return status

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self.close()
        return code

    def close(self) -> None:
        """Leave nothing open."""
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


def free_base() -> int:
    """Give a port that is free with the next nineteen, below those that the system gives to connections."""
    for first in random.sample(range(20_000, 30_000, 20), 100):
        try:
            for port in range(first, first + 20):
                require_free(port, "a test", "")
        except Misconfigured:
            continue
        return first
    raise AssertionError("no free ports")


def ready(status: Status) -> bool:
    """Tell whether all processes do their work."""
    return all(process["state"] == "ready" for process in status["processes"])


def crossing(status: Status) -> bool:
    """Tell whether every system got something."""
    return all(system["delivered"] > 0 for system in status["figures"]["systems"])
