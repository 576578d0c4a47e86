"""A partner over real sockets that answers by a script, with faults down to single bytes."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET


@dataclass(frozen=True)
class Got:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to answer.

    Attributes:
        status: HTTP status.
        body: body as it goes over the wire.
        headers: header fields besides Content-Length.
        cut: reset the connection after this many bytes of the answer.
        hang: answer nothing until the client goes away.
        raw: the whole answer, instead of all else.
        wait: hold the answer until this is set.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    hang: bool = False
    raw: bytes | None = None
    wait: asyncio.Event | None = None

    def encode(self) -> bytes:
        """Give the bytes of the answer."""
        if self.raw is not None:
            return self.raw
        fields = {"content-length": str(len(self.body)), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"HTTP/1.1 {self.status} X\r\n{head}\r\n".encode("latin-1") + self.body


class ScriptedPartner:
    """Answers each request with the next reply of the script, then with ``otherwise``.

    Attributes:
        got: all requests, in order of arrival.
        arrived: released once per request.
        connections: connections opened so far.
    """

    def __init__(self) -> None:
        self.script: deque[Reply] = deque()
        self.otherwise: Callable[[Got], Reply] = lambda _: Reply()
        self.got: list[Got] = []
        self.arrived = asyncio.Semaphore(0)
        self.connections = 0
        self.url = ""

    def plan(self, *replies: Reply) -> None:
        """Add replies to the script."""
        self.script.extend(replies)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        pairs = (line.partition(":") for line in lines[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        got = Got(method, target, headers, body)
        self.got.append(got)
        self.arrived.release()
        reply = self.script.popleft() if self.script else self.otherwise(got)
        if reply.wait is not None:
            await reply.wait.wait()
        if reply.hang:
            await reader.read()
            return False
        data = reply.encode()
        if reply.cut is not None:
            writer.write(data[: reply.cut])
            await writer.drain()
            # a close with linger time 0 sends a reset instead of an orderly end
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            return False
        writer.write(data)
        await writer.drain()
        return True


@asynccontextmanager
async def scripted_partner() -> AsyncIterator[ScriptedPartner]:
    """Run a partner on a free port of the loopback interface."""
    partner = ScriptedPartner()
    tasks: set[asyncio.Task[None]] = set()

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        with contextlib.suppress(asyncio.CancelledError):
            await partner._serve(reader, writer)

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    partner.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield partner
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
