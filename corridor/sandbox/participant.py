"""One participant: its own API for the broker, its control API for people and tests, and its sending."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.http.doorman import Doorman
from connectors.http.server import listen, make_server
from corridor.sandbox import ledger as ledgers
from corridor.sandbox.clock import Clock
from corridor.sandbox.faults import Injector
from corridor.sandbox.feed import Feed
from corridor.sandbox.ledger import SandboxLedger
from corridor.sandbox.progress import TimetableProgress
from corridor.sandbox.receiver import Receiver
from corridor.sandbox.sender import Sender
from corridor.sandbox.server import Outage
from corridor.sandbox.settings import Sandbox
from corridor.sandbox.unreliable import faults_route


class Player:
    """A running participant; see `running`.

    Args:
        settings: what it is started with.
        clock: of simulated time.

    Attributes:
        settings: what it was started with.
        finished: set when everything up to the limit was sent and answered.
        ended: set when `run` is over, for whatever reason.
    """

    def __init__(self, settings: Sandbox, clock: Clock) -> None:
        self.settings, self._clock = settings, clock
        self.finished = asyncio.Event()
        self.ended = asyncio.Event()
        self._ledger = SandboxLedger(settings.data)
        self._injector = Injector(settings.faults)
        self._progress = TimetableProgress(ledgers.read(self._ledger.path))
        self._receiver = Receiver(settings, self._ledger, self._injector, ledgers.read(self._ledger.path))
        self._feed = Feed(settings, clock, self._ledger, self._progress)
        routes = [
            Route("/oauth/token", self._receiver.tokens.give, methods=["POST"]),
            Route("/deliveries", self._receiver.receive, methods=["POST"]),
        ]
        if settings.offer:
            routes.append(Route("/feed", self._page))
        self.api = Outage(Starlette(routes=routes), settings.host, settings.port, settings.faults.down)
        self._control_socket = listen(settings.host, settings.control)
        self._control = make_server(Doorman(Starlette(routes=self._control_routes())), drain=1)

    @property
    def url(self) -> str:
        """Address of the participant's own API: ``/deliveries``, ``/oauth/token``, ``/feed``."""
        return f"http://{self.settings.host}:{self.api.port}"

    @property
    def control_url(self) -> str:
        """Address of ``/stats``, ``/ledger``, ``/faults`` and ``/livez``."""
        return f"http://{self.settings.host}:{self._control_socket.getsockname()[1]}"

    async def run(self) -> None:
        """Serve and send until cancelled or stopped; then everything that was begun is in the ledger."""
        sending = asyncio.create_task(self._send())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.api.run())
                tasks.create_task(self._control.serve(sockets=[self._control_socket]))
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await self._ledger.close()
            self._control_socket.close()
            self.ended.set()

    async def ready(self) -> None:
        """Return once the control API answers, and the participant's own unless it begins with an outage."""
        await self._control.ready.wait()
        if not self.settings.faults.down:
            await self.api.serving.wait()

    def stop(self) -> None:
        """End `run`."""
        self.api.stop()
        self._control.should_exit = True

    async def _send(self) -> None:
        try:
            if self.settings.offer:
                await self._feed.run()
            elif self.settings.webhook:
                sender = Sender(self.settings, self._clock, self._ledger, self._progress, self._injector)
                await sender.run()
            self.finished.set()
        except OSError:
            self.stop()
            raise

    async def _page(self, request: Request) -> Response:
        if not self._receiver.tokens.allows(request.headers.get("authorization", "")):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        fault = self._injector.draw(request.url.path)
        return Response(status_code=int(fault)) if fault.isdigit() else await self._feed.page(request)

    def _control_routes(self) -> list[Route]:
        return [
            Route("/livez", self._live),
            Route("/stats", self._stats),
            faults_route(self._injector, self.api),
            Route("/ledger", self._show_ledger),
        ]

    def stats(self) -> dict[str, Any]:
        """Counts since the ledger began, and what is going on."""
        progress, receiver = self._progress, self._receiver
        return {
            "participant": self.settings.participant,
            "url": self.url,
            "down": self.api.closed.is_set(),
            "finished": self.finished.is_set(),
            "sent": progress.sent,
            "accepted": progress.accepted,
            "refused": progress.refused,
            "answers": {str(status): count for status, count in sorted(progress.statuses.items())},
            "got": {str(status): count for status, count in sorted(receiver.answers.items())},
            "effects": receiver.effects,
            "repeated": receiver.repeated,
            "faults": self._injector.injected,
        }

    async def _live(self, _: Request) -> Response:
        return Response(b"ok")

    async def _stats(self, _: Request) -> Response:
        return JSONResponse(self.stats())

    async def _show_ledger(self, request: Request) -> Response:
        """Give the ledger from a line on (``?from=``), as JSON lines."""
        given = request.query_params.get("from", "0")
        start = int(given) if given.isdecimal() else 0
        path = self._ledger.path
        lines = await asyncio.to_thread(lambda: path.read_bytes().splitlines(keepends=True)[start:])
        return Response(b"".join(lines), media_type="application/x-ndjson")


@asynccontextmanager
async def running(settings: Sandbox, clock: Clock | None = None) -> AsyncIterator[Player]:
    """Run a participant beside other things; on the way out it is stopped and its ledger is whole.

    Args:
        settings: of the participant.
        clock: that of others, which somebody else runs; None for one of its own.
    """
    own = Clock(settings.data / "clock", settings.speed)
    participant = Player(settings, clock or own)
    ticking = asyncio.create_task(own.run()) if clock is None else None
    task = asyncio.create_task(participant.run())
    try:
        await _first(participant.ready(), task)
        yield participant
    finally:
        participant.stop()
        await task
        if ticking:
            ticking.cancel()
            await asyncio.wait({ticking})


async def _first(ready: Coroutine[None, None, None], serving: asyncio.Task[None]) -> None:
    """Wait until it is ready, or raise what kept it from that."""
    waiting = asyncio.create_task(ready)
    await asyncio.wait({waiting, serving}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        waiting.cancel()
        serving.result()
