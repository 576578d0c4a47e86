"""Plays the neighbours of an e-Permit authority in one process: their APIs, and trucks that pass."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import NamedTuple

from starlette.applications import Starlette

from connectors.http.server import listen, make_server
from corridor.permits import Office
from corridor.sandbox.authority import Played
from corridor.sandbox.trucks import POSTS, Ferry
from deploy.ports import require_free


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
    require_free(port, "the sandbox", "Choose another with --port.", "127.0.0.1")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    played = {code: Played(code, data, {office.code: url}) for code in POSTS if code in office.peers}
    routes = [route for each in played.values() for route in each.routes()]
    server = make_server(Starlette(routes=routes), drain=1)
    ferry = Ferry(office, played, journeys.seed, data / "trucks")
    serving = asyncio.create_task(server.serve(sockets=[listen("127.0.0.1", port)]))
    running = [asyncio.create_task(each.run()) for each in played.values()]
    playing = asyncio.create_task(ferry.run(journeys.trucks, journeys.rate))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({playing, stopping, *running}, return_when=asyncio.FIRST_COMPLETED)
    if playing.done():
        await asyncio.gather(*(each.settled() for each in played.values()))
    for task in (playing, stopping, *running):
        task.cancel()
    ended = await asyncio.gather(playing, stopping, *running, return_exceptions=True)
    server.should_exit = True
    await serving
    for end in ended:
        if isinstance(end, Exception):
            raise end
    return {"trucks": ferry.done, "refused": ferry.refused}
