"""Health of a process over HTTP: alive, ready or why not, metrics."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route


class Health:
    """What a role knows of its own state: ready when no part has a reason not to be.

    Args:
        role: name of the role.
    """

    def __init__(self, role: str) -> None:
        self.role = role
        self._waiting: dict[str, str] = {"start": "starting"}

    @property
    def ready(self) -> bool:
        """True when every part is ready."""
        return not self._waiting

    @property
    def waiting(self) -> dict[str, str]:
        """Parts that are not ready, each with its reason."""
        return dict(self._waiting)

    def is_ready(self, part: str = "start") -> None:
        """Say that a part is ready."""
        self._waiting.pop(part, None)

    def is_waiting(self, part: str, reason: str) -> None:
        """Say that a part is not ready, and why."""
        self._waiting[part] = reason

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
        body = {"role": self.role, "ready": self.ready, "waiting": self._waiting}
        return JSONResponse(body, status_code=200 if self.ready else 503)

    async def _metrics(self, _: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
