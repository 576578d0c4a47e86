"""Requests to a schema registry: bounded bodies, retries, and answers as errors of our tree."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Generator
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from connectors.http.retry_after import parse_retry_after
from connectors.pauses import Pauses
from schemas.avro.lint import Json
from schemas.errors import CorridorError, Misconfigured, Permanent, Transient

MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
_LARGEST_BODY: Final = 16 << 20
"""Bytes of an answer for a person, such as the list of all subjects."""
_ANSWER: Final = 1 << 20
"""Bytes of an answer that a role reads: a schema has 128 KiB at most."""
_LONGEST_ASKED: Final = 60.0
"""Seconds that a registry may ask us to wait."""
_TOTAL_TIMEOUT: Final = 30.0
_TIMEOUTS: Final = httpx.Timeout(10.0, connect=5.0, pool=5.0)
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
T = TypeVar("T")
_TRY_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class TokenAuth(httpx.Auth):
    """Sends a fixed token as ``Authorization: Bearer``."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = self._header
        yield request


class RegistryTransport:
    """One registry at one address; see `RegistryClient` for the arguments.

    Attributes:
        reachable: whether the last request had an answer that was no failure of the registry.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: httpx.Auth | tuple[str, str] | None = None,
        verify: object = None,
        attempts: int = 4,
    ) -> None:
        self.url = _checked(url)
        self._attempts = attempts
        self._auth = auth
        self._verify = verify if isinstance(verify, ssl.SSLContext) else True
        self._client: httpx.AsyncClient | None = None
        self.reachable = True

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()

    async def call(self, method: str, path: str, body: object = None) -> Json:
        """Send a request until there is a usable answer, and give its JSON; raises as `ask`."""
        return await self._sent(_json, _LARGEST_BODY, method, path, body, self._attempts)

    async def ask(
        self, kind: type[T], method: str, path: str, body: object = None, attempts: int | None = None
    ) -> T:
        """Send a request until there is a usable answer, and read of it what ``kind`` has.

        Every request of the API may be repeated: registering is idempotent by content. What else stands in
        the answer is passed over: the registry does not decide how much memory it takes.

        Raises:
            Transient: (``registry-unavailable``) no usable answer after all attempts.
            Permanent: the registry refuses; the code says what.
            Misconfigured: the credentials are not accepted.
        """
        read = msgspec.json.Decoder(kind, strict=False).decode
        return await self._sent(read, _ANSWER, method, path, body, attempts or self._attempts)

    async def _sent(
        self, read: Callable[[bytes], T], most: int, method: str, path: str, body: object, left: int
    ) -> T:
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        pauses = Pauses(_FIRST_PAUSE, _LONGEST_PAUSE)
        while True:
            left -= 1
            try:
                answer = self._read(read, await self._once(method, path, content, most))
            except Transient as error:
                self.reachable = False
                if left <= 0:
                    raise
                await pauses.rest(least=error.retry_after or 0.0)
            except CorridorError as error:
                self.reachable = isinstance(error, Permanent)
                raise
            else:
                self.reachable = True
                return answer

    def _read(self, read: Callable[[bytes], T], raw: bytes) -> T:
        try:
            return read(raw or b"{}")
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Transient(
                "registry-unavailable", f"{self._name()} gave an answer of another form"
            ) from error

    async def _once(self, method: str, path: str, content: bytes | None, most: int) -> bytes:
        headers = {"Accept": MEDIA_TYPE, "Accept-Encoding": "identity"}
        if content is not None:
            headers["Content-Type"] = MEDIA_TYPE
        client = await self._connected()
        try:
            async with (
                asyncio.timeout(_TOTAL_TIMEOUT),
                client.stream(method, self.url + path, content=content, headers=headers) as response,
            ):
                raw = await _bounded(response, most)
        except (httpx.HTTPError, TimeoutError) as error:
            raise Transient(
                "registry-unavailable", f"{self._name()} does not answer: {type(error).__name__}"
            ) from error
        if response.is_success:
            return raw
        raise self._refusal(response, raw)

    async def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            verify = self._verify
            if verify is True:  # loading the trust store reads files: never on the loop
                verify = await asyncio.to_thread(ssl.create_default_context)
            self._client = self._client or httpx.AsyncClient(
                auth=self._auth, verify=verify, timeout=_TIMEOUTS, follow_redirects=False, trust_env=False
            )
        return self._client

    def _name(self) -> str:
        parts = urlsplit(self.url)
        return f"The schema registry at {parts.hostname}:{parts.port or parts.scheme}"

    def _refusal(self, response: httpx.Response, raw: bytes) -> CorridorError:
        status = response.status_code
        code, message = _error_body(raw)
        said = f"{self._name()} answered {status}: {message[:2000]}" if message else f"answered {status}"
        if status in _TRY_AGAIN:
            wait = parse_retry_after(response.headers.get("Retry-After"), time.time())
            return Transient(
                "registry-unavailable", said, retry_after=None if wait is None else min(wait, _LONGEST_ASKED)
            )
        if status in {401, 403}:
            return Misconfigured(
                "settings-invalid",
                f"{self._name()} does not accept the credentials ({status}): registry.token, a token of "
                "[tokens] or the one in the state directory of its gateway is what is sent",
            )
        if status == 404:
            return Permanent("schema-unknown", said)
        if status == 409:
            return Permanent("schema-incompatible", said)
        if status == 422 and code in {42201, 42209}:
            return Permanent("schema-invalid", said)
        return Permanent("registry-refused", said)


async def _bounded(response: httpx.Response, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > most:
            raise Permanent("registry-refused", f"The answer of the schema registry is over {most} bytes")
        parts.append(part)
    return b"".join(parts)


def _json(raw: bytes) -> Json:
    return json.loads(raw)


def _error_body(raw: bytes) -> tuple[int, str]:
    try:
        body = json.loads(raw)
        return int(body["error_code"]), str(body["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0, raw[:200].decode("utf-8", "replace")


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise Misconfigured(
            "settings-invalid", f"The address of a schema registry is like http://host:8081, not {url!r}"
        )
    if parts.username or parts.password:
        raise Misconfigured(
            "settings-invalid", "Give the registry's user and password as auth, not in its address"
        )
    return url.rstrip("/")
