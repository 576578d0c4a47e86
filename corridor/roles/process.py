"""One process that runs roles: event loop, signals, and the order of the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from importlib.metadata import version
from typing import Any, Final

import structlog
import uvloop
from starlette.routing import BaseRoute

from connectors.http.server import listen, make_server
from connectors.pauses import pause
from connectors.receive.app import make_app
from corridor.guard import OURS
from corridor.lists import bring_lists
from corridor.roles import role
from corridor.roles.health import Health
from corridor.roles.layout import Layout
from corridor.settings import Settings
from corridor.settings.logins import make_own
from corridor.settings.model import ListenerSettings
from corridor.signals import heed
from deploy.ports import require_free
from streams.kafka.access import require_access
from streams.kafka.presence import Presence

log = structlog.get_logger(__name__)

GRACE: Final = 15.0
"""Seconds that the other parts of a role have to end when one failed."""


def run_roles(names: Sequence[str], settings: Settings, flush: Callable[[], None]) -> None:
    """Run roles in this process until SIGTERM or SIGINT, then end them cleanly.

    Args:
        names: of the roles.
        settings: of the broker.
        flush: called every second, to write what the log has gathered.

    Raises:
        Misconfigured: a port is in use, Kafka refuses us, or a role cannot run under these settings.
        CorridorError: a role ended by itself; start the process again.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(names, settings, flush))


async def _run(names: Sequence[str], settings: Settings, flush: Callable[[], None]) -> None:
    facts = {"version": version(OURS)}
    log.info("starting", roles=list(names), kafka=settings.kafka.bootstrap, **facts)
    await asyncio.to_thread(bring_lists, settings)
    make_own(settings)
    await require_access(settings.kafka)
    stop = asyncio.Event()
    heed(stop)
    presence, layout = Presence(settings.kafka, min_insync=settings.topics.min_insync), Layout(settings)
    beside = [
        asyncio.create_task(presence.watch(stop), name="presence"),
        asyncio.create_task(_each_second(flush, stop), name="flush"),
    ]
    tasks = []
    for name in names:
        health, listen = Health(name), getattr(settings, name)
        health.needs("kafka", lambda: presence.there)
        tasks.append(asyncio.create_task(role(name)(settings, health, stop), name=name))
        address = f"http://{listen.host}:{listen.port}"
        beside.append(asyncio.create_task(health.tell(stop, address, facts["version"]), name="tell"))
        health.degrades("topics", lambda: layout.right)
    beside.append(asyncio.create_task(layout.watch(presence, stop), name="topics"))
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop.set()  # one role's end is the end of the process: whoever started it starts it again
    await asyncio.wait([*tasks, *beside])
    for task in tasks:
        task.result()
    log.info("stopped", roles=list(names))


async def serve_all(
    parts: Sequence[tuple[ListenerSettings, Sequence[BaseRoute]]], stop: asyncio.Event, drain: float = 2.0
) -> None:
    """Serve what a role has, each part at its place, until ``stop`` is set.

    Args:
        parts: places and what is served there; parts at the same place share a listener, in their order.
        stop: ends all of them.
        drain: seconds that requests under way get.

    Raises:
        Misconfigured: ``port-in-use``, naming the holder.
    """
    shared: dict[tuple[str, int], tuple[ListenerSettings, list[BaseRoute]]] = {}
    for place, routes in parts:
        shared.setdefault((place.host, place.port), (place, []))[1].extend(routes)
    await together(stop, *(serve_http(place, routes, stop, drain) for place, routes in shared.values()))


async def _each_second(flush: Callable[[], None], stop: asyncio.Event) -> None:
    while not stop.is_set():
        with contextlib.suppress(OSError, ValueError):  # a log that nobody reads any more
            flush()
        await pause(stop, 1.0)


async def serve_http(
    address: ListenerSettings, routes: Sequence[BaseRoute], stop: asyncio.Event, drain: float = 2.0
) -> None:
    """Serve routes until ``stop`` is set; requests under way get ``drain`` seconds.

    Raises:
        Misconfigured: ``port-in-use``, naming the holder.
    """
    require_free(address.port, "HTTP", "Stop it, or set another port in the settings.", address.host)
    server = make_server(make_app(routes, address.hosts), drain=drain)
    serving = asyncio.create_task(server.serve(sockets=[listen(address.host, address.port)]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    await serving


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


async def together(stop: asyncio.Event, *parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts of a role until all have ended; when one fails, stop the others and raise its error.

    Once ``stop`` is set, parts that do not end within ``GRACE``, such as one that waits for Kafka, are ended.
    """
    tasks = [asyncio.create_task(part) for part in parts] or [asyncio.create_task(_wait(stop))]
    running = asyncio.create_task(asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await asyncio.wait(tasks, timeout=GRACE)
    finally:
        for task in (running, stopping, *tasks):
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ended:
        if isinstance(end, Exception):
            raise end
