"""Bringing a write to the process that is the registry's writer now."""

from __future__ import annotations

from typing import Final

import httpx
from starlette.requests import Request
from starlette.responses import Response

_STAY: Final = "X-Forward"
"""Set to ``false`` on a forwarded request: whoever gets it must not forward it again."""
_PASSED_ON: Final = ("accept", "authorization", "content-type")
_PASSED_BACK: Final = ("content-type", "x-registry-offset", "warning")
_TIMEOUT: Final = httpx.Timeout(20.0, connect=2.0)


class Forwarder:
    """Sends requests to other gateways.

    Args:
        client: the HTTP client to send with; None makes one on first use.
    """

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        self._client = client

    def must_stay(self, request: Request) -> bool:
        """Tell whether another gateway has forwarded this request."""
        return request.headers.get(_STAY, "").lower() == "false"

    async def forward(self, request: Request, url: str) -> Response | None:
        """Send a request on and give the answer; None when nobody listens there any more.

        Once the request may have arrived, a failure is not None but the answer 500: it may have been carried
        out, and repeating it here could answer wrongly.
        """
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        target = url.rstrip("/") + _raw_target(request)
        try:
            found = await self._client.request(
                request.method,
                target,
                content=getattr(request.state, "raw", b""),
                headers={**headers, _STAY: "false"},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return None
        except httpx.HTTPError as error:
            message = (
                f'{{"error_code":50003,"message":"Forwarding to the writer failed: {type(error).__name__}"}}'
            )
            return Response(message, 500, media_type="application/vnd.schemaregistry.v1+json")
        kept = {name: found.headers[name] for name in _PASSED_BACK if name in found.headers}
        return Response(found.content, found.status_code, headers=kept)

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()


def _raw_target(request: Request) -> str:
    query = request.scope.get("query_string", b"").decode("latin-1")
    return str(request.scope["registry.target"]) + (f"?{query}" if query else "")
