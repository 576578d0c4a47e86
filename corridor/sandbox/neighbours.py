"""The neighbours of an e-Permit authority in one process: their APIs, and the trucks that pass."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.http.doorman import Doorman
from connectors.http.server import listen, make_server
from corridor.permits import Office
from corridor.sandbox.authority import Played
from corridor.sandbox.border import BorderPost
from corridor.sandbox.clock import Clock
from corridor.sandbox.faults import Faults, Injector
from corridor.sandbox.ferry import Ferry
from corridor.sandbox.server import Outage
from corridor.sandbox.settings import PERMIT
from corridor.sandbox.trucks import POSTS
from corridor.sandbox.unreliable import Unreliable, faults_route
from corridor.signals import heed
from deploy.ports import require_free


class Neighbours:
    """Those neighbours that an authority's settings name as its peers.

    Args:
        office: the broker's authority.
        data: directory of the ledgers.
        port: of the public APIs.
        url: address of the broker's public API.
        seed: of the timetable of trucks.
        control: port of ``/livez``, ``/stats`` and ``/faults``; 0: none.
        post: reports trucks in our country over the corridor; None: no post does.

    Attributes:
        ferry: the trucks.
        finished: set when all trucks have passed, and everything about them has arrived.

    Raises:
        Misconfigured: ``port-in-use``.
    """

    def __init__(
        self,
        office: Office,
        data: Path,
        port: int,
        url: str,
        seed: int,
        control: int = 0,
        post: BorderPost | None = None,
    ) -> None:
        for each in filter(None, (port, control)):
            require_free(each, "the sandbox", "Choose another with --port.", "127.0.0.1")
        self._control = control
        self.finished = asyncio.Event()
        codes = [code for code in POSTS if code in office.peers]
        self._played = {code: Played(code, data, {office.code: url}) for code in codes}
        self.ferry = Ferry(office, self._played, seed, data / "trucks", post)
        self._injector, self._post = Injector(Faults()), post
        app = Starlette(routes=[route for each in self._played.values() for route in each.routes()])
        self._api = Outage(Unreliable(app, self._injector), "127.0.0.1", port)

    async def run(self, trucks: int, rate: float | None, clock: Clock | None = None, lanes: int = 1) -> None:
        """Answer as the neighbours do and let trucks pass, until cancelled.

        Args:
            trucks: in all; 0: no end.
            rate: trucks a second, whatever their time; 0: as fast as possible; None: by the clock.
            clock: of simulated time.
            lanes: trucks at once, with a rate.
        """
        routes = [Route("/livez", self._live), Route("/stats", self._stats)]
        control = make_server(
            Doorman(Starlette(routes=[*routes, faults_route(self._injector, self._api)])), drain=1
        )
        serving = [asyncio.create_task(self._api.run())]
        if self._control:
            socket = listen("127.0.0.1", self._control)
            serving.append(asyncio.create_task(control.serve(sockets=[socket])))
        try:
            async with asyncio.TaskGroup() as tasks:
                for each in self._played.values():
                    tasks.create_task(each.run())
                tasks.create_task(self._play(trucks, rate, clock, lanes))
        finally:
            self._api.stop()
            control.should_exit = True
            await asyncio.wait(serving)
            if self._post is not None:
                await self._post.close()

    async def _play(self, trucks: int, rate: float | None, clock: Clock | None, lanes: int) -> None:
        if rate is None and clock is not None:
            await self.ferry.follow(trucks, clock)
        else:
            await self.ferry.run(trucks, rate or 0.0, lanes)
        await asyncio.gather(*(each.settled() for each in self._played.values()))
        self.finished.set()

    async def _live(self, _: Request) -> Response:
        return Response(b"ok")

    async def _stats(self, _: Request) -> Response:
        return JSONResponse(
            {
                "participant": PERMIT,
                "finished": self.finished.is_set(),
                "trucks": self.ferry.done,
                "refused": self.ferry.refused,
                "down": self._api.closed.is_set(),
                "faults": self._injector.injected,
            }
        )


class Journeys(NamedTuple):
    """What is played: how many trucks (0: no end), how many a second, and the seed of the timetable."""

    trucks: int
    rate: float
    seed: int


async def run_play(office: Office, data: Path, port: int, url: str, journeys: Journeys) -> dict[str, int]:
    """Play until all trucks have passed, or until SIGINT or SIGTERM.

    Args:
        office: the broker's authority.
        data: directory of the ledgers.
        port: of the public APIs.
        url: address of the broker's public API.
        journeys: what is played.

    Returns:
        ``trucks`` that have passed, ever, and ``refused`` acts.

    Raises:
        Misconfigured: ``port-in-use``.
    """
    stop = asyncio.Event()
    heed(stop)
    neighbours = Neighbours(office, data, port, url, journeys.seed)
    tasks = [
        asyncio.create_task(neighbours.run(journeys.trucks, journeys.rate)),
        asyncio.create_task(neighbours.finished.wait()),
        asyncio.create_task(stop.wait()),
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for end in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(end, Exception):
            raise end
    return {"trucks": neighbours.ferry.done, "refused": neighbours.ferry.refused}
