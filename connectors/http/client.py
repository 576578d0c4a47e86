"""One HTTP exchange with a partner, bounded in every direction: time, size, place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from connectors.http.body import BoundedBody
from connectors.http.egress import Guard, GuardedTransport
from connectors.settings import Egress, Limits, Timeouts
from schemas.errors import Misconfigured, Permanent, Transient


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said.

    Attributes:
        status: HTTP status.
        headers: header fields.
        body: decoded body, empty when it broke a limit.
        fault: why the body could not be read within the limits, else None.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    fault: Permanent | None = None


class Client:
    """A pool of HTTP/1.1 keep-alive connections to one participant.

    It never follows redirects, keeps no cookies, reads no proxy settings from the environment, and connects
    only where its `Guard` allows.

    Args:
        egress: where connections may go.
        urls: the participant's configured addresses.
        timeouts: bounds on one exchange.
        limits: bounds on answers.
        connections: size of the pool.
    """

    def __init__(
        self,
        egress: Egress,
        urls: Iterable[str],
        *,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        connections: int = 8,
    ) -> None:
        timeouts = timeouts or Timeouts()
        self._guard = Guard(egress, urls)
        self._limits = limits or Limits()
        self._total = timeouts.total
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(self._guard, ca_file=egress.ca_file, connections=connections),
            timeout=httpx.Timeout(
                connect=timeouts.connect, read=timeouts.read, write=timeouts.write, pool=timeouts.pool
            ),
            headers={"User-Agent": "corridor-broker", "Accept-Encoding": "gzip"},
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )

    async def send(
        self,
        method: str,
        url: str | httpx.URL,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Make one exchange.

        Raises:
            Transient: ``partner-unavailable``: no whole answer; the request may have been applied or not.
            Misconfigured: the address is not allowed, or the request cannot be put on the wire.
        """
        try:
            target = httpx.URL(url)
            self._guard.check_url(target)
            async with asyncio.timeout(self._total):
                request = self._client.build_request(method, target, headers=headers, content=content)
                answer = await self._client.send(request, stream=True)
                try:
                    return await self._read(answer)
                finally:
                    await answer.aclose()
        except TimeoutError:
            raise Transient("partner-unavailable", f"no answer within {self._total:g} s") from None
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Misconfigured("settings-invalid", f"the request cannot be sent: {error}") from None
        except httpx.TransportError as error:
            raise Transient("partner-unavailable", _say(error)) from error

    async def _read(self, answer: httpx.Response) -> Answer:
        status, headers = answer.status_code, answer.headers
        try:
            body = BoundedBody(
                self._limits, headers.get("content-encoding", ""), headers.get("content-length", "")
            )
            async for chunk in answer.aiter_raw():
                body.feed(chunk)
            return Answer(status, headers, body.finish())
        except Permanent as fault:
            return Answer(status, headers, b"", fault)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _say(error: httpx.TransportError) -> str:
    kinds = {
        httpx.ConnectTimeout: "connecting took too long",
        httpx.ReadTimeout: "the answer stopped arriving",
        httpx.WriteTimeout: "the request could not be written in time",
        httpx.PoolTimeout: "all connections are busy",
        httpx.ConnectError: "no connection",
    }
    return kinds.get(type(error), "the connection broke")
