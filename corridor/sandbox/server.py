"""The participant's HTTP server: one that can cut connections and be down."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from starlette.types import ASGIApp

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
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._app = app
        self._host = host
        self._socket: socket.socket | None = listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._server: Server | None = None
        self._down = 0.0
        self._stopped = False

    @property
    def down(self) -> bool:
        """Whether connections are refused now."""
        return self._server is None and not self._stopped

    async def run(self) -> None:
        """Serve until stopped."""
        while not self._stopped:
            await asyncio.sleep(self._down)
            self._down = 0.0
            self._server = Server(
                uvicorn.Config(
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
            )
            sock, self._socket = self._socket or listen(self._host, self.port), None
            if not self._stopped:
                await self._server.serve(sockets=[sock])
            sock.close()
            self._server = None

    def interrupt(self, seconds: float) -> None:
        """Cut all connections and refuse new ones for a while."""
        self._down = seconds
        if self._server is not None:
            for connection in list(self._server.server_state.connections):
                if connection.transport is not None:
                    connection.transport.abort()
            self._server.should_exit = True

    def stop(self) -> None:
        """End `run` after the requests under way."""
        self._stopped = True
        if self._server is not None:
            self._server.should_exit = True
