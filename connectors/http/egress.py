"""Where connections may go: hosts from the configuration, addresses checked when the name resolves.

A partner must not make us talk to our own network, be it by a ``next`` link, by its DNS or by an odd notation
of an address. The address that was checked is the one that is connected to, so a name that resolves
differently a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import httpcore
import httpx
import structlog

from connectors.settings import Egress
from schemas.errors import Misconfigured

log = structlog.get_logger(__name__)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TUNNELS: Final = tuple(
    ipaddress.ip_network(net)
    for net in (
        "2002::/16",
        "2001::/32",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "::/96",
        "fec0::/10",
        "192.88.99.0/24",
    )
)
"""Addresses that stand for others, and old site-local ones: never needed, always refused."""


def is_public(address: Address) -> bool:
    """Tell whether an address is an ordinary one of the public Internet."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if mapped is not None:
        return is_public(mapped)
    if any(address in net for net in _TUNNELS if net.version == address.version):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


class Guard:
    """The rules of one participant.

    Args:
        egress: its settings.
        urls: the addresses of its configuration; their hosts are allowed.

    Raises:
        Misconfigured: a network that cannot be read, or a configured address that breaks the rules.
    """

    def __init__(self, egress: Egress, urls: Iterable[str]) -> None:
        try:
            self._networks = [ipaddress.ip_network(text) for text in egress.networks]
        except ValueError as error:
            raise Misconfigured("settings-invalid", f"egress.networks: {error}") from None
        self._plaintext = egress.plaintext
        own = [httpx.URL(url) for url in urls]
        self._hosts = {host.lower() for host in egress.hosts} | {url.host for url in own}
        for url in own:
            self.check_url(url)

    def check_url(self, url: httpx.URL) -> None:
        """Refuse a URL with another scheme, with credentials in it, or to a host that is not listed.

        Raises:
            Misconfigured: ``settings-unsafe``.
        """
        if url.userinfo:
            raise Misconfigured("settings-unsafe", "an address must not hold credentials")
        if url.scheme not in ("http", "https") or url.host not in self._hosts:
            raise Misconfigured(
                "settings-unsafe", f"connections to {url.scheme}://{url.host} are not allowed"
            )
        if url.scheme == "http" and not (self._plaintext or is_loopback(url.host)):
            raise Misconfigured(
                "settings-unsafe", f"http://{url.host} is not encrypted; set egress.plaintext"
            )

    def allows(self, address: Address) -> bool:
        """Tell whether this address may be connected to."""
        return is_public(address) or any(
            address in net for net in self._networks if net.version == address.version
        )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine; an IPv6 address may stand in brackets."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_address(host: str) -> bool:
    """Tell whether a host is no name but an address."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


async def resolve(guard: Guard, host: str, port: int) -> list[Address]:
    """Give the addresses of a host that may be connected to.

    Raises:
        Misconfigured: ``settings-unsafe``: there is none among them.
        OSError, UnicodeError: it does not resolve.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    allowed = [address for address in addresses if guard.allows(address)]
    if not allowed:
        raise Misconfigured(
            "settings-unsafe", f"{host} resolves only to addresses that are not public; see egress.networks"
        )
    return allowed


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections only to addresses that the guard allows."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check, and connect to the first allowed address that answers."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
                failure: Exception = httpcore.ConnectError("no address")
                for address in addresses:
                    try:
                        return await self._inner.connect_tcp(
                            str(address), port, timeout, local_address, socket_options
                        )
                    except httpcore.ConnectError as error:
                        failure = error
                raise failure
        except TimeoutError:
            raise httpcore.ConnectTimeout("connecting took too long") from None

    async def _resolve(self, host: str, port: int) -> list[Address]:
        try:
            return await resolve(self._guard, host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} does not resolve") from error


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's HTTP/1.1 transport with keep-alive pools over a `GuardedBackend`."""

    def __init__(self, guard: Guard, *, ca_file: str, connections: int) -> None:
        context = httpx.create_ssl_context(verify=True, trust_env=False)
        if ca_file:
            context.load_verify_locations(ca_file)
        super().__init__(verify=context, trust_env=False)
        # httpx offers no argument for the network backend, which is the only place where the address is known
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=5.0,
            network_backend=GuardedBackend(guard),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Make one exchange; a connection with more on it than the one answer is used for no other."""
        response = await super().handle_async_request(request)
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _OneAnswer(response.stream, response.extensions["network_stream"])
        return response


class _OneAnswer(httpx.AsyncByteStream):
    """The body of an answer, which ends the connection when bytes are left over behind it.

    They would be read as the answer to the next request. What has not been read from the socket yet httpcore
    sees by itself.
    """

    def __init__(self, body: httpx.AsyncByteStream, network: httpcore.AsyncNetworkStream) -> None:
        self._body = body
        self._network = network

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._body:
            yield part
        if self._left_over():
            log.warning("partner sent more than one answer; the connection is closed")
            await self._network.aclose()

    async def aclose(self) -> None:
        await self._body.aclose()

    def _left_over(self) -> bool:
        inner: Any = self._body
        for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state"):  # httpcore tells nobody
            inner = getattr(inner, name)
        return bool(inner.trailing_data[0])
