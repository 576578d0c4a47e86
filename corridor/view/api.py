"""The read API: shipments, found and shown, and figures. Every answer is bounded, every error a problem."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.auth.bearer import Logins
from connectors.http.problems import problem
from corridor.view.database import Database
from corridor.view.figures import Asked, Figure, figures
from corridor.view.find import Page, WantedShipments, find
from corridor.view.openapi import TIMES, describe
from corridor.view.show import Shown, show
from corridor.view.times import milliseconds
from schemas.errors import CorridorError, Invalid, Permanent

AT_ONCE: Final = 4
"""Questions that are answered at the same time; others wait."""
LONGEST: Final = 200
"""Characters of a reference."""

T = TypeVar("T", WantedShipments, Asked)
R = TypeVar("R")


def view_routes(database: Database, logins: Logins) -> list[BaseRoute]:
    """Build ``/shipments``, ``/shipments/{reference}``, ``/kpis`` and ``/openapi.json``.

    Args:
        database: the view's.
        logins: the tokens that may read.
    """
    api = _Api(database)
    document = msgspec.json.encode(describe(with_login=logins.needed("read")))

    async def openapi(_: Request) -> Response:
        return Response(document, media_type="application/json")

    def route(path: str, answer: Callable[[Connection, Request], object]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                logins.require(request.headers.get("authorization", ""), "read")
                body = await api.answer(lambda connection: answer(connection, request))
            except CorridorError as error:
                return problem(error, instance=request.url.path)
            return Response(msgspec.json.encode(body), media_type="application/json")

        return Route(path, endpoint, methods=["GET"])

    return [
        route("/shipments", _find),
        route("/shipments/{reference:path}", _show),
        route("/kpis", _figures),
        Route("/openapi.json", openapi),
    ]


class _Api:
    """Answers in threads, a few at a time: the event loop never waits for the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._free = asyncio.Semaphore(AT_ONCE)

    async def answer(self, question: Callable[[Connection], R]) -> R:
        """Answer one question from one state of the view."""
        async with self._free:
            return await asyncio.to_thread(self._ask, question)

    def _ask(self, question: Callable[[Connection], R]) -> R:
        with self._database.reading() as connection:
            return question(connection)


def _find(connection: Connection, request: Request) -> Page:
    return find(connection, _parameters(request, WantedShipments))


def _show(connection: Connection, request: Request) -> Shown:
    reference: str = request.path_params["reference"]
    _require_text("/reference", reference)
    if len(reference) > LONGEST:
        raise Invalid("query-invalid", "/reference", f"at most {LONGEST} characters", reference)
    shown = show(connection, reference)
    if shown is None:
        raise Permanent("not-found", "nothing is known under that name")
    return shown


def _figures(connection: Connection, request: Request) -> list[Figure]:
    return figures(connection, _parameters(request, Asked))


def _parameters(request: Request, kind: type[T]) -> T:
    """Read the query string.

    Raises:
        Invalid: ``query-invalid``, naming the parameter.
    """
    given: dict[str, Any] = dict(request.query_params)
    for name, text in given.items():
        _require_text(f"/{name}", text)
    unknown = given.keys() - set(kind.__struct_fields__)
    if unknown:
        known = ", ".join(kind.__struct_fields__)
        raise Invalid("query-invalid", f"/{min(unknown)}", f"one of {known}")
    for name in TIMES:
        if name in given:
            given[name] = _time(given, name)
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        rule, _, place = str(error).partition(" - at `$.")
        raise Invalid("query-invalid", f"/{place.rstrip('`')}", rule, given.get(place.rstrip("`"))) from None


def _require_text(pointer: str, text: str) -> None:
    if "\0" in text:
        raise Invalid("query-invalid", pointer, "a text without U+0000", text)


def _time(given: Mapping[str, str], name: str) -> int | None:
    try:
        return milliseconds(datetime.fromisoformat(given[name]))
    except (ValueError, OverflowError):
        raise Invalid("query-invalid", f"/{name}", "a time as RFC 3339, or a date", given[name]) from None
