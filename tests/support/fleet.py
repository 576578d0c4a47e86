"""Two of each role on a cluster, behind one doorway, and the sandbox that plays with them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from corridor.settings.logins import STATE
from corridor.supervisor.state import Ports, StateDirectory
from tests.support.doorway import Doorway
from tests.support.rig import ROLES, control, corridor

TWICE: Final = (1, 2)
READY: Final = 180.0
QUIET: Final = 20.0
"""Seconds in which no partner was told of anything: then nothing is on its way."""
LOOK: Final = 0.2


@dataclass
class Process:
    """One process that is started again whenever it ends, until it is to rest.

    Attributes:
        command: after ``python -m corridor``.
        log: file of its output.
        environment: of the process; may change before the next start.
        url: where it says whether it is ready; empty when nobody asks.
        resting: it is not started again.
    """

    command: Sequence[str]
    log: Path
    environment: dict[str, str]
    url: str = ""
    resting: bool = False
    process: subprocess.Popen[bytes] | None = None
    _keeper: threading.Thread | None = None

    def start(self) -> None:
        """Run it from now on."""
        self.resting = False
        self._spawn()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def rest(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it and return when it is gone; it stays away until it is started."""
        self.resting = True
        assert self.process is not None
        assert self._keeper is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._keeper.join(30)

    def ready(self) -> bool:
        """Whether it says that it does its work."""
        if not self.url:
            return True
        try:
            return httpx.get(self.url, timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def _spawn(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "corridor", *self.command],
                env=self.environment,
                cwd=self.log.parent,
                stdout=output,
                stderr=output,
            )

    def _keep(self) -> None:
        while True:
            assert self.process is not None
            self.process.wait()
            if self.resting:
                return
            time.sleep(0.5)
            self._spawn()


@dataclass
class Fleet:
    """The broker as an operator runs it on several machines.

    Attributes:
        directory: settings, secrets, logs, ledgers.
        bootstrap: of the cluster.
        base: first of forty ports.
        players: whom the sandbox plays.
        environment: of all processes.
        sandbox: of the sandbox alone.
    """

    directory: Path
    bootstrap: str
    base: int
    players: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    sandbox: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    _doorway: Doorway | None = None

    def start(self) -> None:
        """Start the topics, two of each role, the doorway and the sandbox; return when all are ready."""
        ports = Ports(self.base)
        state = StateDirectory(self.directory)
        state.write_sandbox_settings(ports, self.bootstrap, None, self.players)
        door = self.base + 39
        self._doorway = Doorway(door, [self._port("gateway", number) for number in TWICE])
        self._doorway.open()
        self.corridor("topics", "create")
        for role in ROLES:
            for number in TWICE:
                self._add(role, number)
        self.wait_until(self.ready, READY)
        command = ("sandbox", "--config", str(state.settings_file), "--data", str(state.sandbox))
        environment = {**self._environment(), **self.sandbox, "CORRIDOR__GATEWAY__PORT": str(door)}
        self.processes["sandbox"] = Process(command, self.directory / "sandbox.log", environment)
        self.processes["sandbox"].start()
        self.wait_until(lambda: all(map(self.stats, self.players)), READY)

    def stop(self) -> None:
        """End all processes."""
        for process in self.processes.values():
            process.resting = True
            process.send(signal.SIGCONT)
            process.send(signal.SIGTERM)
        for process in self.processes.values():
            process.rest()
        if self._doorway:
            self._doorway.close()

    def ready(self) -> bool:
        """Whether each role that is to run says that it does its work."""
        return all(process.ready() for process in self.processes.values() if not process.resting)

    def kill(self, name: str) -> float:
        """Kill a role's process, for example ``stream1``; return the seconds until all are ready again."""
        process = self.processes[name]
        killed = process.process
        process.send(signal.SIGKILL)
        self.wait_until(lambda: process.process is not killed, READY)
        return self.recovered()

    def recovered(self) -> float:
        """Wait until all are ready and return how long that took, in seconds."""
        began = time.monotonic()
        time.sleep(1)  # what was hit must be able to notice
        self.wait_until(self.ready, READY)
        return round(time.monotonic() - began, 1)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Let a process stand still for a while."""
        self.processes[name].send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.processes[name].send(signal.SIGCONT)

    def accepted(self) -> int:
        """Messages that the sandbox holds an acknowledgement for."""
        return sum(self.stats(name).get("accepted", 0) for name in self.players)

    def finished(self) -> bool:
        """Whether the sandbox has sent everything that it is to send."""
        return all(self.stats(name).get("finished", False) for name in self.players)

    def faults(self, participant: str, **faults: object) -> None:
        """Put faults in force at a participant."""
        url = f"{control(self.base, participant)}/faults"
        httpx.post(url, json=faults, timeout=10, trust_env=False).raise_for_status()

    def stats(self, participant: str) -> dict[str, Any]:
        """What a participant of the sandbox counted; empty while it does not answer."""
        try:
            url = f"{control(self.base, participant)}/stats"
            found: dict[str, Any] = httpx.get(url, timeout=5, trust_env=False).json()
        except httpx.HTTPError:
            return {}
        return found

    def settle(self, seconds: float) -> dict[str, Any]:
        """Wait until everything was sent and nothing moves any more; return the audit."""
        deadline = time.monotonic() + seconds
        self.wait_until(self.finished, seconds)
        self.wait_until(self.ready, READY)
        while True:
            self._wait_until_still(deadline)
            found: dict[str, Any] = json.loads(
                self.corridor("audit", "--json", "--state", str(self.directory))
            )
            if not found["violations"] or time.monotonic() > deadline:
                return found

    def _wait_until_still(self, deadline: float) -> None:
        counted, since = self._counted(), time.monotonic()
        while time.monotonic() < min(since + QUIET, deadline):
            time.sleep(1)
            if (now := self._counted()) != counted:
                counted, since = now, time.monotonic()

    def _counted(self) -> list[dict[str, Any]]:
        return [self.stats(name) for name in self.players]

    def corridor(self, *arguments: str) -> str:
        """Run a command with the settings of the broker and return what it says."""
        return corridor(self.directory, *arguments, **self._environment())

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> None:
        """Wait for what only asking tells."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                waiting = [name for name, process in self.processes.items() if not process.ready()]
                raise TimeoutError(f"not within {seconds} s; not ready: {waiting}")
            time.sleep(LOOK)

    def _add(self, role: str, number: int) -> None:
        assert self._doorway is not None
        port = self._port(role, number)
        environment = {**self._environment(), f"CORRIDOR__{role.upper()}__PORT": str(port)}
        environment.setdefault("CORRIDOR__GATEWAY__PORT", str(self._doorway.port))  # where the registry is
        command = ("run", role, "--config", str(self.directory / "corridor.toml"))
        url = f"http://127.0.0.1:{port}/readyz"
        name = f"{role}{number}"
        self.processes[name] = Process(command, self.directory / f"{name}.log", environment, url)
        self.processes[name].start()

    def _port(self, role: str, number: int) -> int:
        return Ports(self.base).roles[role] + (20 if number > 1 else 0)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, STATE: str(self.directory), **self.environment}
