"""The ASGI server of every role: uvicorn, with the bounds on the request head that it does not have itself.

uvicorn on httptools waits for ever for the end of the headers and keeps any amount of them. Here the head
must be complete within a time and a size, and what is not HTTP is answered with a problem document.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from connectors.http.problems import MEDIA_TYPE, STATUS, document

HEAD_BYTES: Final = 64 << 10
"""Hard bound on a request's head; endpoints have lower ones of their own."""
HEAD_FIELDS: Final = 256
_UPGRADE: Final = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
LINGER: Final = 2.0
"""Seconds that the rest of a refused body is read and thrown away."""


def _without_upgrade(data: bytes) -> bytes:
    """Take the offer to change the protocol out of a head that came in one piece.

    Java's HTTP client offers HTTP/2 with every request that is not encrypted. A server may ignore that (RFC
    9110, section 7.8), but the parser would skip the body.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0 or not _UPGRADE.search(data, 0, end):
        return data
    return _UPGRADE.sub(b"", data[:end]) + data[end:]


def owner(peer: tuple[object, ...] | None) -> str:
    """Say whose a connection is: its address, and of IPv6 the network of 2^64 addresses that one has."""
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0]) if peer else None
    except ValueError:
        address = None
    match address:
        case None:
            return ""
        case ipaddress.IPv6Address(ipv4_mapped=None):
            return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
        case ipaddress.IPv6Address():
            return str(address.ipv4_mapped)
    return str(address)


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with bounds on time and size of the request head, and on connections."""

    head_timeout: float = 10.0
    body_timeout: float = 30.0
    write_timeout: float = 30.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own signature
        super().__init__(*args, **kwargs)
        self._most, self.limit_concurrency = self.limit_concurrency, None
        self._deadline: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._in_head = True
        self._between = True
        self._head = 0
        self._waits_since: float | None = None
        self._owner = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a connection that says nothing is closed as well."""
        super().connection_made(transport)
        self._owner = owner(transport.get_extra_info("peername"))
        self._waits_since = self.loop.time()
        if self._most is not None and len(self.connections) > self._most and not self._make_room():
            self._refuse("overloaded", f"more than {self._most} connections", "retry-after: 1\r\n")
        else:
            self._start_clock(self.head_timeout)

    def _make_room(self) -> bool:
        """End a connection that keeps us waiting, of the address that holds most; False when there is none.

        So whoever holds connections without asking anything loses them first, not who comes with a request;
        and nobody loses one to an address that holds more than he does. Behind a proxy all have its address:
        there the one that keeps us waiting longest goes.
        """
        others = [
            one
            for one in self.connections
            if one is not self and isinstance(one, BoundedHttp) and not one.transport.is_closing()
        ]
        held = Counter(one._owner for one in [self, *others])  # noqa: SLF001
        waiting = [
            (-held[one._owner], since, id(one), one)  # noqa: SLF001
            for one in others
            if (since := one._waits_since) is not None  # noqa: SLF001
            if held[one._owner] >= held[self._owner]  # noqa: SLF001
        ]
        if not waiting:
            return False
        min(waiting)[3].transport.abort()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_clock()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the clock of an answer that is not read."""
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(self.write_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop that clock."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head that does not end."""
        if self.transport.is_closing():
            return
        began_before = self._in_head
        super().data_received(_without_upgrade(data) if self._between else data)
        if began_before and self._in_head:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self._refuse("headers-too-large", f"the headers are larger than {HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._head, self._between = True, 0, False
        self._waits_since = self._waits_since or self.loop.time()
        self._start_clock(self.head_timeout)

    def on_headers_complete(self) -> None:
        """The head is whole: from here on the endpoint's own limits hold."""
        self._in_head = False
        self._stop_clock()
        self._start_clock(self.body_timeout)
        if len(self.headers) > HEAD_FIELDS:
            self._refuse("headers-too-large", f"more than {HEAD_FIELDS} header fields")
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Ignore the body of a request that was refused before it reached the application."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Ignore the end of a request that was refused before it reached the application."""
        self._stop_clock()
        self._between, self._waits_since = True, None
        if not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Give a sender whose body was refused half-way time to read why, instead of a reset."""
        super().on_response_complete()
        self._waits_since = self.loop.time()
        unread = self.cycle.response_complete and self.cycle.more_body
        if unread and not self.transport.is_closing():
            self._deadline = self.loop.call_later(LINGER, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with a problem document."""
        self._refuse("http-malformed", msg)

    def _start_clock(self, seconds: float) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(seconds, self._too_slow)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self._in_head:
            self._refuse("request-too-slow", f"the headers did not end within {self.head_timeout:g} s")
        else:
            self._refuse("request-too-slow", f"the body did not end within {self.body_timeout:g} s")

    def _refuse(self, code: str, detail: str, fields: str = "") -> None:
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            body = document(code, detail, status=STATUS[code])
            head = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n{fields}"
            self.transport.write(
                STATUS_LINE[STATUS[code]] + head.encode() + b"connection: close\r\n\r\n" + body
            )
        self.transport.close()


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process that holds it decides when to stop.

    Attributes:
        ready: set once connections are accepted.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals alone."""
        yield


def make_server(
    app: ASGIApp,
    *,
    connections: int = 1000,
    drain: float = 10.0,
    certificate: str | None = None,
    private_key: str | None = None,
) -> Server:
    """Build a server; ``await server.serve(sockets=[listen(host, port)])`` runs it until ``should_exit``.

    Args:
        app: the ASGI application.
        connections: connections served at once; beyond it the answer is 503.
        drain: seconds that requests under way get at shutdown.
        certificate: PEM file, for TLS without a proxy in front.
        private_key: PEM file.
    """
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=connections,
        timeout_graceful_shutdown=int(drain),
        ssl_certfile=certificate,
        ssl_keyfile=private_key,
    )
    return Server(config)


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; port 0 takes a free one.

    Raises:
        OSError: the port is in use or may not be opened.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
