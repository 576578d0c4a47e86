"""What a partner can do to a request: refuse it, never answer, or do it and lose the answer."""

from __future__ import annotations

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corridor.sandbox.faults import Faults, Injector
from corridor.sandbox.server import Outage


class Unreliable:
    """Serves an application, and lets faults happen to what is posted to it.

    Args:
        app: the application; served by a `corridor.sandbox.server.Outage`.
        injector: draws the faults.
    """

    def __init__(self, app: ASGIApp, injector: Injector) -> None:
        self._app, self._injector = app, injector

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or do not."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        await self._injector.delay()
        fault, request = self._injector.draw(scope["path"]), Request(scope, receive)
        if not fault:
            await self._app(scope, receive, send)
        elif fault == "lost":
            await self._app(scope, receive, _unheard)
            await drop(request)(scope, receive, send)
        elif fault == "timeout":
            await request.body()
            await until_gone(request, self._injector.faults.hold)
            await drop(request)(scope, receive, send)
        else:
            wait = (
                {"Retry-After": f"{self._injector.faults.retry_after:g}"} if fault in {"429", "503"} else {}
            )
            await refuse(int(fault), "a fault that was asked for", wait)(scope, receive, send)


def faults_route(injector: Injector, api: Outage) -> Route:
    """Make ``/faults``: shows the faults in force, or puts others in force; what is left out ends."""

    async def faults(request: Request) -> Response:
        if request.method == "POST":
            try:
                wanted = msgspec.json.decode(await request.body(), type=Faults)
            except msgspec.DecodeError as error:
                return JSONResponse({"status": 422, "detail": str(error)}, 422)
            injector.replace(wanted)
            if wanted.down:
                api.interrupt(wanted.down)
        return Response(msgspec.json.encode(injector.faults), media_type="application/json")

    return Route("/faults", faults, methods=["GET", "POST"])


def refuse(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Answer with a problem document."""
    problem = {"type": "about:blank", "status": status, "detail": detail}
    return JSONResponse(problem, status, headers, media_type="application/problem+json")


def drop(request: Request) -> Response:
    """Cut the connection; what is returned then reaches nobody."""
    request.scope["corridor.drop"]()
    return Response(status_code=500)


async def until_gone(request: Request, longest: float) -> None:
    """Wait until the other side gives up, or the time is over."""
    try:
        async with asyncio.timeout(longest):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


async def _unheard(_: Message) -> None:
    pass
