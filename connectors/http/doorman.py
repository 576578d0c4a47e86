"""What no listener takes: requests that a foreign web page makes through the browser of somebody inside.

A page of any site can let a browser send requests to an address of the internal network. It cannot forge
what the browser says of itself: ``Origin`` and the ``Sec-Fetch`` headers (Fetch Metadata). And by DNS
rebinding, where its own name suddenly leads to us, ``Host`` still has that name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.http.problems import problem
from schemas.errors import Permanent

_INSIDE: Final = (".localhost", ".local", ".internal", ".home.arpa", ".svc", ".test")
"""Ends of names that nobody can register (RFC 6761, 6762, 8375), and of those of a cluster's services."""
_WRITES: Final = frozenset({"POST", "PUT", "PATCH"})


class Doorman:
    """An ASGI application in front of another one.

    Args:
        app: the application.
        hosts: names under which it may be asked for from outside, without port; ``*`` for any. Addresses,
            names without a dot and names that nobody can register are always taken: nobody can rebind them.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(name.lower() for name in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope["method"], Headers(scope=scope), scope["http_version"])
        except Permanent as error:
            await problem(error, instance=scope["path"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, method: str, headers: Headers, version: str) -> None:
        if version not in {"1.0", "1.1"}:
            raise Permanent("http-malformed", f"HTTP/1.1 is spoken here, not HTTP/{version[:10]}")
        named = headers.getlist("host") or (["localhost"] if version == "1.0" else [])
        if len(named) != 1:
            raise Permanent("http-malformed", "a request has one Host (RFC 9112, section 3.2)")
        if not self._takes(named[0]):
            raise Permanent("host-unknown", f"nothing is served here under the name {named[0][:100]!r}")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != named[0]:
            raise Permanent("origin-refused", "requests of other sites' pages are not taken")
        site = headers.get("sec-fetch-site", "none")
        visit = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        if site not in {"none", "same-origin"} and not visit:
            raise Permanent("origin-refused", "requests of other sites' pages are not taken")
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        if method in _WRITES and has_body and "content-type" not in headers:
            raise Permanent("media-type-unsupported", "a body needs a Content-Type")

    def _takes(self, host: str) -> bool:
        name = _without_port(host).lower().removesuffix(".")
        if not name:
            return False
        if "*" in self._hosts or name in self._hosts or "." not in name:
            return True
        return name.endswith(_INSIDE) or _is_address(name)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
