"""Health of a process over HTTP and in its log: alive, ready or why not, metrics."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Final

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.pauses import pause
from schemas.broken import broken
from schemas.errors import CorridorError, Misconfigured, Transient, one_line

log = structlog.get_logger(__name__)

LOOK: Final = 0.5
"""Seconds between two looks at what the log has to say of a role."""

set_aside_gauge = Gauge(
    "corridor_participant_set_aside",
    "1 while a role runs without this participant, whose settings, profile or schema cannot be used.",
    ["role", "participant", "code"],
)


Aside = Callable[[str, CorridorError], None]
"""Is told a participant that cannot be served, and why."""


class Alone:
    """What is done for one participant alone: whatever ends it sets that participant aside, and no other.

    An error that is none of ours is a defect of the broker, which these settings or this file have found.

    Args:
        participant: its name.
        aside: is told why it cannot be served.
    """

    def __init__(self, participant: str, aside: Aside) -> None:
        self._participant, self._aside = participant, aside

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Keep an error from everybody else."""
        if not isinstance(error, Exception) or broken("one-ends-all"):
            return False
        if not isinstance(error, CorridorError):
            log.error("defect: a participant is not served", participant=self._participant, exc_info=error)
            error = Misconfigured("internal", one_line(error))
        self._aside(self._participant, error)
        return True


class Health:
    """What a role knows of its own state: ready when each of its parts is.

    Args:
        role: name of the role.
    """

    def __init__(self, role: str) -> None:
        self.role = role
        self._parts: dict[str, Callable[[], bool]] = {}
        self._needs: dict[str, Callable[[], bool]] = {}
        self._awaited: list[str] = []
        self._props: dict[str, Callable[[], bool]] = {}
        self.aside: dict[str, CorridorError] = {}
        """Participants that this role runs without, and why."""

    @property
    def waiting(self) -> list[str]:
        """What is not there: causes first, then the parts that are not ready, of themselves or for a cause.

        A role that has named no part yet is starting.
        """
        causes = [what for what, there in self._needs.items() if not there()] + self._awaited
        parts = [part for part, ready in self._parts.items() if not ready()] if self._parts else ["start"]
        return list(dict.fromkeys(causes + parts))

    def watch(self, part: str, ready: Callable[[], bool]) -> None:
        """Ask this from now on whether a part is ready."""
        self._parts[part] = ready

    def needs(self, what: str, there: Callable[[], bool]) -> None:
        """Ask this from now on whether something is there without which no part can work."""
        self._needs[what] = there

    def has(self, what: str) -> bool:
        """Tell whether something that the role needs is there."""
        there = self._needs.get(what)
        return there is None or there()

    @contextlib.contextmanager
    def awaiting(self, what: str) -> Iterator[None]:
        """Say in the meantime that the role waits for something."""
        self._awaited.append(what)
        try:
            yield
        finally:
            self._awaited.remove(what)

    def degrades(self, part: str, there: Callable[[], bool]) -> None:
        """Ask this from now on whether something is there that the role can do without for a while."""
        self._props[part] = there

    def set_aside(self, participant: str, error: CorridorError) -> None:
        """Run without a participant from now on: nobody else is to suffer from what is wrong with it."""
        before = self.aside.get(participant)
        if before is not None and (before.code, before.message) == (error.code, error.message):
            return
        log.error("participant set aside", participant=participant, code=error.code, error=error.message)
        if before is not None:
            set_aside_gauge.remove(self.role, participant, before.code)
        self.aside[participant] = error
        set_aside_gauge.labels(self.role, participant, error.code).set(1)

    def bring_back(self, participant: str) -> None:
        """Run with a participant again that was set aside."""
        error = self.aside.pop(participant, None)
        if error is not None:
            set_aside_gauge.remove(self.role, participant, error.code)
            log.info("participant brought back", participant=participant)

    def lacks_topic(self, participant: str, topic: str | None) -> None:
        """Set a participant aside whose topic is missing; with None, run with it again."""
        self.stands(participant, None if topic is None else missing_topic(topic))

    def stands(self, participant: str, error: CorridorError | None) -> None:
        """Set a participant aside for as long as an error holds; with None, run with it again."""
        if error is None:
            self.bring_back(participant)
        else:
            self.set_aside(participant, error)

    @property
    def degraded(self) -> list[str]:
        """What is away that the role can do without for a while."""
        return [part for part, there in self._props.items() if not there()]

    async def tell(self, stop: asyncio.Event, address: str, release: str, look: float = LOOK) -> None:
        """Log what the role waits for and when it is ready, whenever that changes, until ``stop`` is set.

        Args:
            stop: ends it.
            address: where the role listens.
            release: version of the broker.
            look: seconds between two looks.
        """
        before: list[str] | None = None
        while not stop.is_set():
            waiting = self.waiting
            if waiting != before:
                before = waiting
                if waiting:
                    log.warning("waiting", of=self.role, waiting=waiting)
                else:
                    log.info("ready", of=self.role, address=address, version=release)
            await pause(stop, look)

    def routes(self) -> list[BaseRoute]:
        """Build ``/livez``, ``/readyz`` and ``/metrics``."""
        return [
            Route("/livez", self._livez),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]

    async def _livez(self, _: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _readyz(self, _: Request) -> Response:
        waiting = self.waiting
        body = {
            "role": self.role,
            "ready": not waiting,
            "waiting": waiting,
            "degraded": self.degraded,
            "set_aside": {name: f"{error.code}: {error.message}" for name, error in self.aside.items()},
        }
        return JSONResponse(body, status_code=503 if waiting else 200)

    async def _metrics(self, _: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def missing_topic(topic: str) -> Transient:
    """Say that a topic is missing."""
    return Transient("kafka-unavailable", f"there is no topic {topic}: corridor topics create")
