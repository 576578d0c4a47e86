"""Health of a process over HTTP: alive, ready or why not, metrics."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route


class Health:
    """What a role knows of its own state: ready when each of its parts is.

    Args:
        role: name of the role.
    """

    def __init__(self, role: str) -> None:
        self.role = role
        self._parts: dict[str, Callable[[], bool]] = {}
        self._props: dict[str, Callable[[], bool]] = {}

    @property
    def waiting(self) -> list[str]:
        """Parts that are not ready; a role that has named no part yet is starting."""
        return [part for part, ready in self._parts.items() if not ready()] if self._parts else ["start"]

    def watch(self, part: str, ready: Callable[[], bool]) -> None:
        """Ask this from now on whether a part is ready."""
        self._parts[part] = ready

    def degrades(self, part: str, there: Callable[[], bool]) -> None:
        """Ask this from now on whether something is there that the role can do without for a while."""
        self._props[part] = there

    @property
    def degraded(self) -> list[str]:
        """What is away that the role can do without for a while."""
        return [part for part, there in self._props.items() if not there()]

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
        body = {"role": self.role, "ready": not waiting, "waiting": waiting, "degraded": self.degraded}
        return JSONResponse(body, status_code=503 if waiting else 200)

    async def _metrics(self, _: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
