"""The ASGI application of the webhooks, with its OpenAPI document and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from connectors.http.doorman import Doorman
from connectors.http.openapi import Document
from connectors.http.problems import on_defect, on_http_error
from connectors.receive.endpoint import Endpoint
from connectors.receive.openapi import describe
from connectors.receive.page import render, render_errors

_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def webhook_routes(endpoints: Sequence[Endpoint]) -> list[BaseRoute]:
    """Build the routes: one per webhook."""
    return [Route(e.participant.webhook_path, e.__call__, methods=["POST"]) for e in endpoints]


def docs_routes(
    endpoints: Sequence[Endpoint], server: str = "/", others: Mapping[str, Document] = {}
) -> list[BaseRoute]:
    """Build the routes that describe the edges: ``/openapi.json``, ``/docs`` and ``/docs/errors``.

    Args:
        endpoints: the webhooks.
        server: where they are, when that is another listener.
        others: OpenAPI documents of other edges, by where they are served.
    """
    document = describe(endpoints, server)
    page, errors = render(document, list(others)), render_errors()

    async def serve_page(_: Request) -> Response:
        return HTMLResponse(page, headers=_SAFE)

    async def serve_errors(_: Request) -> Response:
        return HTMLResponse(errors, headers=_SAFE)

    return [
        *(_served(path, one) for path, one in {"/openapi.json": document, **others}.items()),
        Route("/docs", serve_page),
        Route("/docs/errors", serve_errors),
    ]


def _served(path: str, document: Document) -> BaseRoute:
    text = msgspec.json.encode(document)

    async def serve(_: Request) -> Response:
        return Response(text, media_type="application/json", headers=_SAFE)

    return Route(path, serve)


def make_app(routes: Sequence[BaseRoute], hosts: Sequence[str] = ()) -> ASGIApp:
    """Build an application whose every error is a problem document, with a doorman in front.

    Args:
        routes: those of `webhook_routes`, of `docs_routes`, and of whatever else the role serves.
        hosts: names under which it may be asked for from outside (see `Doorman`).
    """
    app = Starlette(
        routes=list(routes), exception_handlers={HTTPException: on_http_error, Exception: on_defect}
    )
    return Doorman(app, hosts)
