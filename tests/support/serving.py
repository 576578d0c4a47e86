"""An ASGI application on a real port of this process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Callable[[ASGIApp], None], str]]:
    """Listen first, give the address, and take the application when it is made."""
    mounted: list[ASGIApp] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await mounted[-1](scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield mounted.append, f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
