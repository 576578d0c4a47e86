"""The participant's HTTP server: one that can cut connections and be down."""

from __future__ import annotations

import asyncio

import uvicorn
from starlette.types import ASGIApp

from connectors.http.doorman import Doorman
from connectors.http.server import BoundedHttp, Server, listen


class Droppable(BoundedHttp):
    """Gives the application ``scope["corridor.drop"]``, which cuts the connection without an answer."""

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope["corridor.drop"] = self.transport.abort  # type: ignore[typeddict-unknown-key]


class Outage:
    """Serves an application on one port, and refuses connections for a while when told to.

    Args:
        app: the application.
        host: address to listen on.
        port: port; 0 takes a free one and keeps it.
        down: seconds for which it is down at first.

    Attributes:
        serving: set while connections are accepted.
        closed: set while they are refused.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, down: float = 0.0) -> None:
        self._app = Doorman(app)
        self._host = host
        self._socket = listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._server = self._make_server()
        self._down = down
        self._stop = asyncio.Event()
        self.serving = asyncio.Event()
        self.closed = asyncio.Event()

    async def run(self) -> None:
        """Serve until stopped."""
        while not self._stop.is_set():
            if self._down:
                self._socket.close()
                self.closed.set()
                await self._pause(self._down)
                self._socket = listen(self._host, self.port)
            self._down = 0.0
            await self._serve()
        self._socket.close()

    def interrupt(self, seconds: float) -> None:
        """Cut all connections and refuse new ones for a while."""
        self._down = seconds
        self.serving.clear()
        for connection in list(self._server.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        self._server.should_exit = True

    def stop(self) -> None:
        """End `run` after the requests under way."""
        self._stop.set()
        self._server.should_exit = True

    async def _serve(self) -> None:
        self._server = self._make_server()
        self._server.should_exit = self._stop.is_set()
        announcing = asyncio.create_task(self._announce())
        await self._server.serve(sockets=[self._socket])
        announcing.cancel()
        self.serving.clear()

    async def _announce(self) -> None:
        await self._server.ready.wait()
        self.closed.clear()
        self.serving.set()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return

    def _make_server(self) -> Server:
        config = uvicorn.Config(
            self._app,
            http=Droppable,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        return Server(config)
