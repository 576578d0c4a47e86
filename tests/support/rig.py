"""A whole broker under fire: `corridor up` as a child, its processes killed, its partners misbehaving."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from corridor import roles
from corridor.sandbox.settings import CONTROL
from corridor.supervisor.state import PLATFORMS, Ports

ROLES: Final = tuple(roles.ROLES)
STILL: Final = 20.0
"""Seconds without any change after which nothing is on its way: what is on its way looks like a violation."""
READY: Final = 120.0
QUIET: Final = 6.0
"""Seconds without a message after which it is worth an audit."""
LOOK: Final = 0.2


@dataclass
class Rig:
    """One `corridor up` with the sandbox, in a directory and on ports of its own.

    Attributes:
        directory: state directory.
        base: first port.
        environment: added to that of the children, for example ``CORRIDOR_SANDBOX_LIMIT``.
        players: the participants of the sandbox.
        options: more options of ``corridor up``.
        status: the newest line of ``corridor up --json``.
    """

    directory: Path
    base: int
    environment: Mapping[str, str] = field(default_factory=dict)
    players: tuple[str, ...] = PLATFORMS
    options: tuple[str, ...] = ()
    status: dict[str, Any] = field(default_factory=dict)
    _process: subprocess.Popen[str] | None = None
    _killed: set[int] = field(default_factory=set)
    _reader: threading.Thread = field(default_factory=threading.Thread)
    _fresh: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        """Start everything and return when a first status says that all of it is ready."""
        command = [sys.executable, "-m", "corridor", "up", "--json", "--state", str(self.directory)]
        with (self.directory.parent / "up.log").open("a") as log:
            self._process = subprocess.Popen(
                [*command, "--ports", str(self.base), "--only", ",".join(self.players), *self.options],
                env={**os.environ, **self.environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait_for(self._ready, READY)

    def stop(self) -> int:
        """End everything cleanly and return the exit code."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(timeout=60)
        self._reader.join()
        return code

    def wait_for(self, condition: Callable[[dict[str, Any]], bool], seconds: float) -> None:
        """Wait for a status of which the condition is true."""
        with self._fresh:
            if not self._fresh.wait_for(lambda: condition(self.status), seconds):
                raise TimeoutError(f"not within {seconds} s; last status: {json.dumps(self.status)[:2000]}")

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> None:
        """Wait for what no status tells."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds} s; {[self.stats(name) for name in self.players]}")
            with self._fresh:
                self._fresh.wait(LOOK * 10)

    def kill(self, name: str) -> int:
        """Kill a process with SIGKILL, once it is there to be killed, and return its process id."""
        pid = self.running(name)
        os.kill(pid, signal.SIGKILL)
        self._killed.add(pid)
        return pid

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Let a process stand still for a while."""
        pid = self.running(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def running(self, name: str) -> int:
        """Return the id of a process, once it runs."""
        pids: list[int] = []

        def running(status: dict[str, Any]) -> bool:
            pids[:] = [p["pid"] for p in status.get("processes", ()) if p["name"] == name and p["pid"]]
            return bool(pids) and _alive(pids[0])

        self.wait_for(running, READY)
        return pids[0]

    def faults(self, participant: str, **faults: object) -> None:
        """Put faults in force at a participant."""
        httpx.post(f"{self._control(participant)}/faults", json=faults, timeout=10).raise_for_status()

    def stats(self, participant: str) -> dict[str, Any]:
        """What the participant counted."""
        answer: dict[str, Any] = httpx.get(f"{self._control(participant)}/stats", timeout=10).json()
        return answer

    def audit(self) -> dict[str, Any]:
        """Run `corridor audit` and return counts and violations."""
        found: dict[str, Any] = json.loads(self._corridor("audit", "--json", "--state", str(self.directory)))
        return found

    def strays(self, seconds: float) -> list[str]:
        """Rows that the view has and one built anew from the log has not (-), or the other way round (+).

        Both must have read the same, so it is built again while anything is still on its way.
        """
        anew = {"CORRIDOR__VIEW__URL": f"sqlite:///{self.directory}/anew.sqlite3"}
        deadline = time.monotonic() + seconds
        while True:
            self._corridor("view", "rebuild", **anew)
            before, kept, after = self._positions(), self._corridor("view", "dump"), self._positions()
            if before == after == (wanted := self._positions(**anew)):
                break
            if time.monotonic() > deadline:
                raise TimeoutError(f"the view is at {after}, the log at {wanted}")
        rebuilt = self._corridor("view", "dump", **anew)
        assert kept
        one, other = kept.splitlines(), rebuilt.splitlines()
        differing = [f"-{row}" for row in set(one) - set(other)] + [
            f"+{row}" for row in set(other) - set(one)
        ]
        return sorted(differing) if differing or one == other else ["the order of the rows"]

    def _positions(self, **environment: str) -> dict[str, int]:
        """How far a view has read."""
        found: dict[str, int] = json.loads(self._corridor("view", "status", "--json", **environment))[
            "positions"
        ]
        return found

    def settle(self, seconds: float) -> dict[str, Any]:
        """Wait until everything was sent and nothing is on its way any more, and return the last audit.

        What does not end on its way within that time is what the audit then says of it.
        """
        deadline = time.monotonic() + seconds
        self.wait_until(lambda: all(self.stats(name)["finished"] for name in self.players), seconds)
        self.wait_for(self._ready, READY)
        self._wait_until_quiet(deadline)
        before, moved = dict[str, int](), time.monotonic()
        while True:
            found, now = self.audit(), time.monotonic()
            if found["counts"] != before:
                before, moved = found["counts"], now
            if not found["violations"] or now - moved > STILL or now > deadline:
                return found

    def _wait_until_quiet(self, deadline: float) -> None:
        """Wait until the figures stand still: an audit is long, and costs those who still work."""
        figures, since = self._figures(), time.monotonic()
        while time.monotonic() < min(since + QUIET, deadline):
            with self._fresh:
                self._fresh.wait(LOOK * 10)
            if (now := self._figures()) != figures:
                figures, since = now, time.monotonic()

    def _figures(self) -> list[tuple[int, int]]:
        systems = (self.status.get("figures") or {"systems": ()})["systems"]
        return [(system["accepted"], system["delivered"]) for system in systems]

    def _corridor(self, *arguments: str, **environment: str) -> str:
        """Run a command with the settings of the broker, and return what it says."""
        return corridor(self.directory, *arguments, **environment)

    def _control(self, participant: str) -> str:
        return control(self.base, participant)

    def _ready(self, status: dict[str, Any]) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.directory.parent / "up.log").read_text()
        processes = status.get("processes", ())
        return bool(processes) and all(
            process["state"] == "ready" and process["pid"] not in self._killed for process in processes
        )

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                with self._fresh:
                    self.status = json.loads(line)
                    self._fresh.notify_all()
        with self._fresh:
            self._fresh.notify_all()


def corridor(directory: Path, *arguments: str, **environment: str) -> str:
    """Run a command with the settings in a state directory, and return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "corridor", *arguments, "--config", str(directory / "corridor.toml")],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr + done.stdout
    return done.stdout


def control(base: int, participant: str) -> str:
    """Address of a participant of the sandbox where it is asked for its counts and given faults."""
    return f"http://127.0.0.1:{Ports(base).sandbox[participant] + CONTROL}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
