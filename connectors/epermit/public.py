"""The public API of an authority, for its peers and for whoever scans a QR code."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.epermit.answers import ANYWHERE, Handler, not_found, refused
from connectors.epermit.authority import Authority
from connectors.epermit.views import permit_view
from connectors.http.body import receive
from schemas.epermit.event import PATHS
from schemas.errors import CorridorError, Transient


def public_routes(authority: Authority, path: str) -> list[BaseRoute]:
    """Build the routes of the public API.

    No address answers with a redirect: peers do not follow one.

    Args:
        authority: the authority.
        path: where the API begins.
    """
    api = _Public(authority)
    return [
        Route(path or "/", _answered(api.index)),
        *([Route(f"{path}/", _answered(api.index))] if path else []),
        Route(f"{path}/authorities", _answered(api.authorities)),
        Route(f"{path}/healthcheck", _answered(api.healthcheck)),
        Route(f"{path}/verify/{{code}}", _answered(api.verify)),
        Route(f"{path}/events/{{kind}}", _answered(api.event), methods=["POST"]),
    ]


def _answered(handler: Handler) -> Handler:
    """Answer a refusal as peers know it."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except CorridorError as error:
            return refused(error)

    return handle


class _Public:
    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    async def index(self, _: Request) -> Response:
        """``GET /``: the self-description that a peer reads at the handshake."""
        if not self._authority.state.valid_keys:
            raise Transient("log-unavailable", "No key is in the ledger yet")
        return JSONResponse(self._authority.description(), headers=ANYWHERE)

    async def authorities(self, _: Request) -> Response:
        """``GET /authorities``: addresses of the authorities that we know."""
        uris = [peer.uri for peer in self._authority.state.peers.values()]
        return JSONResponse(uris, headers=ANYWHERE)

    async def verify(self, request: Request) -> Response:
        """``GET /verify/{code}``: the permit with this QR code; 404 when it is unknown or revoked."""
        permit = self._authority.state.by_qr(request.path_params["code"])
        if permit is None or permit.revoked_at is not None:
            return not_found()
        return JSONResponse(permit_view(permit), headers=ANYWHERE)

    async def healthcheck(self, request: Request) -> Response:
        """``GET /healthcheck``: the heads of the chains between a peer and us."""
        return JSONResponse(self._authority.heads(request.headers.get("authorization")))

    async def event(self, request: Request) -> Response:
        """``POST /events/…``: take an event; 200 only when it is in the log."""
        kind = request.path_params["kind"]
        if kind not in PATHS:
            return not_found()
        try:
            body = await receive(request, self._authority.settings.limits)
        except ClientDisconnect:
            return Response(status_code=408)
        await self._authority.receive(kind, body, request.headers.get("authorization"))
        return Response(status_code=200)
