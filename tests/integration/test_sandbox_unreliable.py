"""What a partner of the sandbox does to a request when faults are asked for, over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from corridor.sandbox.faults import Faults, Injector
from corridor.sandbox.server import Outage
from corridor.sandbox.unreliable import Unreliable, faults_route

TEXT = {"Content-Type": "text/plain"}


class Counter:
    """Counts what was done, whatever became of the answer."""

    def __init__(self) -> None:
        self.done = 0

    async def do(self, request: Request) -> Response:
        """Do it."""
        self.done += request.method == "POST"
        return Response(await request.body())


@asynccontextmanager
async def unreliable(faults: Faults) -> AsyncIterator[tuple[httpx.AsyncClient, Counter]]:
    """Serve a counter with faults, and give a client of it."""
    counter, injector = Counter(), Injector(faults)
    app = Starlette(routes=[Route("/", counter.do, methods=["GET", "POST"])])
    server = Outage(Unreliable(app, injector), "127.0.0.1", 0)
    app.routes.append(faults_route(injector, server))
    serving = asyncio.create_task(server.run())
    await server.serving.wait()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
            yield client, counter
    finally:
        server.stop()
        await serving


async def test_a_refused_request_has_no_effect() -> None:
    """The status is the one that was asked for, with the wait; reading is not disturbed."""
    async with unreliable(Faults(errors={"503": 1.0}, retry_after=2)) as (client, counter):
        answer = await client.post("/", content=b"x", headers=TEXT)
        assert (answer.status_code, answer.headers["retry-after"], counter.done) == (503, "2", 0)
        assert (await client.get("/")).status_code == 200


@pytest.mark.parametrize(("faults", "effect"), [(Faults(lost=1.0), 1), (Faults(timeouts=1.0, hold=0.01), 0)])
async def test_an_answer_that_never_comes(faults: Faults, effect: int) -> None:
    """A lost answer has its effect, a request that is held has none; the caller sees the same."""
    async with unreliable(faults) as (client, counter):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/", content=b"x", headers=TEXT)
        assert counter.done == effect


async def test_faults_are_put_in_force_and_end() -> None:
    """What is posted replaces all faults; what breaks their rules is refused and changes nothing."""
    async with unreliable(Faults()) as (client, counter):
        assert (await client.post("/", content=b"whole", headers=TEXT)).content == b"whole"
        assert (await client.post("/faults", json={"errors": {"500": 1.0}})).json()["errors"] == {"500": 1.0}
        assert (await client.post("/", content=b"x", headers=TEXT)).status_code == 500
        assert counter.done == 1


async def test_faults_that_cannot_be_are_refused() -> None:
    """A chance above one is no fault."""
    async with unreliable(Faults()) as (client, counter):
        assert (await client.post("/faults", json={"lost": 2})).status_code == 422
        assert (await client.post("/", content=b"x", headers=TEXT)).status_code == 200
        assert counter.done == 1
