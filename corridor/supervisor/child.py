"""A child process that is kept running: started, awaited, started again with backoff, ended cleanly."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import msgspec
import psutil

from connectors.pauses import Pauses
from corridor.cli.exits import Exit
from schemas.errors import Misconfigured, Transient
from schemas.text import visible

FIRST_BACKOFF: Final = 0.5
LONGEST_BACKOFF: Final = 15.0
SETTLED: Final = 30.0
LOG_LIMIT: Final = 10 * 1024 * 1024
READY_TIMEOUT: Final = 240.0
"""Seconds: a machine with other work takes long to start four Python processes."""
STILL_STARTING: Final = 30.0
"""Seconds after which a person wants to hear why nothing happens."""

Tell = Callable[[str], None]
"""Takes one sentence for the operator."""


@dataclass(slots=True)
class Child:
    """One child process and what became of it.

    Attributes:
        name: for people.
        command: argument vector.
        ready_url: answers 200 when the child does its work.
        log: file that gets its stdout and stderr.
        environment: of the child.
        tell: told about ends and restarts.
        state: ``starting``, ``ready``, ``waiting`` or ``ended``.
        why: what it waits for or does without, causes first, as it says itself; empty when all is well.
        restarts: how often it was started again.
    """

    name: str
    command: Sequence[str]
    ready_url: str
    log: Path
    environment: Mapping[str, str]
    tell: Tell
    state: str = "ended"
    why: tuple[str, ...] = ()
    restarts: int = 0
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)
    _stopping: bool = False

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.process.pid if self.process and self.process.returncode is None else None

    async def keep_running(self) -> None:
        """Run the child until ``stop``; when it ends by itself, say so and start it again.

        Raises:
            Misconfigured: it ended with the exit code that says that starting it again is of no use.
        """
        pauses = Pauses(FIRST_BACKOFF, LONGEST_BACKOFF)
        while not self._stopping:
            began = time.monotonic()
            process = await self._start()
            code = await process.wait()
            self.state, self.why = "ended", ()
            if self._asked_to_stop():
                return
            if code == Exit.CONFIGURATION:
                raise Misconfigured("settings-invalid", f"{self.name} refuses to run: {self.last_words()}")
            if time.monotonic() - began > SETTLED:
                pauses.reset()
            delay = pauses.next()
            self.tell(f"{self.name} {ending(code)}; it is started again in {delay:.1f} s (see {self.log})")
            self.restarts += 1
            await asyncio.sleep(delay)

    async def ready(self, client: httpx.AsyncClient) -> None:
        """Return when the child is ready.

        Raises:
            Transient: ``internal`` when it is not within ``READY_TIMEOUT``.
        """
        began = time.monotonic()
        told = began
        while not await self.ask(client):
            now = time.monotonic()
            if now - began > READY_TIMEOUT:
                took = f"{READY_TIMEOUT:.0f} s"
                raise Transient("internal", f"{self.name} is not ready after {took}: {self.last_words()}")
            if now - told > STILL_STARTING:
                told = now
                why = f", it waits for {', '.join(self.why)}" if self.why else ""
                self.tell(f"{self.name} is not ready after {now - began:.0f} s{why} (see {self.log})")
            await asyncio.sleep(0.1)

    async def ask(self, client: httpx.AsyncClient) -> bool:
        """Ask whether the child is ready, and keep the answer in ``state`` and ``why``."""
        status, why = 0, tuple[str, ...]()
        with suppress(httpx.HTTPError):
            answer = await client.get(self.ready_url)
            status, why = answer.status_code, _causes(answer)
        keep_small(self.log)
        if self.pid:
            self.state = {200: "ready", 0: "starting"}.get(status, "waiting")
            self.why = why
        return self.state == "ready"

    async def stop(self, timeout: float) -> None:
        """End the child: SIGTERM, and SIGKILL when it takes longer than the timeout."""
        self._stopping = True
        if self.process is None or self.process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), timeout)
        except TimeoutError:
            self.tell(f"{self.name} does not end within {timeout:.0f} s and is killed")
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def last_words(self) -> str:
        """Return the end of the child's log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return " | ".join(lines[-3:])[-500:] or f"see {self.log}"

    def _asked_to_stop(self) -> bool:
        return self._stopping

    async def _start(self) -> asyncio.subprocess.Process:
        self.state = "starting"
        keep_small(self.log)
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(self.environment),
                start_new_session=True,  # Ctrl-C is for the supervisor, which ends the children in order
            )
        return self.process


class _Readiness(msgspec.Struct):
    """What a role says of itself at ``/readyz``."""

    waiting: list[str] = []
    degraded: list[str] = []
    set_aside: dict[str, str] = {}


def _causes(answer: httpx.Response) -> tuple[str, ...]:
    try:
        said = msgspec.json.decode(answer.content, type=_Readiness)
    except msgspec.DecodeError:
        return ()
    aside = [f"{name}, set aside" for name in said.set_aside]
    return tuple(visible(cause) for cause in (*said.waiting, *said.degraded, *aside))


def keep_small(log: Path) -> None:
    """Begin a log anew that is larger than ``LOG_LIMIT``, and keep what it had as ``.old.log``.

    Whoever writes into it goes on: it is open for appending, so its next line is the first of the new one.
    A line that comes between the copy and the cut is lost, as with logrotate's ``copytruncate``.
    """
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        shutil.copyfile(log, log.with_suffix(".old.log"))
        os.truncate(log, 0)


def ending(code: int) -> str:
    """Say in words how a process ended."""
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"


class ChildRegister:
    """The process ids of all children on disk: a next start ends what a killed supervisor left.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, children: Sequence[Child]) -> None:
        """Note who runs now, with the command that tells a process from a later one of the same id.

        Its start time would not do: that is counted from the time of boot, which moves with the clock.
        """
        running = {}
        for child in children:
            with suppress(psutil.Error):
                if child.pid:
                    running[child.pid] = psutil.Process(child.pid).cmdline()
        self._path.write_text(json.dumps(running))

    def end_orphans(self) -> int:
        """End what is left of an earlier run and return how many there were."""
        try:
            noted = {int(pid): command for pid, command in json.loads(self._path.read_text()).items()}
        except (OSError, ValueError):
            return 0
        orphans = []
        for pid, command in noted.items():
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                if command and process.cmdline() == command:
                    process.terminate()
                    orphans.append(process)
        _, alive = psutil.wait_procs(orphans, timeout=5)
        for process in alive:
            with suppress(psutil.Error):
                process.kill()
        self._path.unlink(missing_ok=True)
        return len(orphans)
