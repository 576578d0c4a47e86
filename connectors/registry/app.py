"""The ASGI application of the registry: the Confluent REST API, version 1, for Avro.

One endpoint is our own, ``POST /dry-run/subjects/{subject}/versions``: a place of its own, not a parameter of
registering, because another registry would ignore the parameter and register.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.registry.forward import Forwarder
from connectors.registry.ports import Registry
from connectors.registry.reads import ReadHandlers
from connectors.registry.wire import V1, HttpError, bare_error, media_type, refused, unavailable
from connectors.registry.writes import WriteHandlers
from schemas.errors import Transient
from schemas.registry.deletion import Uses, unused
from schemas.registry.names import context_name
from schemas.registry.refusal import RegistryRefusal

Handler = Callable[[Request], Awaitable[Response]]
_CONTEXTS: Final = "contexts"
_OF_NO_STATE: Final = frozenset({"/", "/schemas/types", "/v1/metadata/version"})
"""Paths that are answered without the log."""


class Fallback(Mount):
    """What answers every path that no other route has, whatever is in it.

    A route that has the path for other methods is asked first: it says which, with 405.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__("/", app)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)  # a name may have a line's end

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as the last resort."""
        match, child = super().matches(scope)
        return (Match.PARTIAL if match is Match.FULL else match), child


def registry_app(registry: Registry, forwarder: Forwarder | None = None, uses: Uses = unused) -> ASGIApp:
    """Make the application.

    It answers every path: put it behind all other routes (`Fallback`), or mount it under a prefix of its own.
    Until the log is read it says so: of a schema that is in it, it would say that there is none.

    Args:
        registry: the log under it.
        forwarder: brings writes to the writing process; give one to close its connections in the end.
        uses: subjects whose schemas are not deleted for good without force.
    """
    reads, writes = ReadHandlers(registry), WriteHandlers(registry, forwarder or Forwarder(), uses)
    version = "/subjects/{subject}/versions/{version}"
    table: dict[str, dict[str, Handler]] = {
        "/": {"GET": reads.root},
        "/schemas": {"GET": reads.schemas},
        "/schemas/types": {"GET": reads.types},
        "/schemas/ids/{id}": {"GET": reads.schema},
        "/schemas/ids/{id}/schema": {"GET": reads.schema_text},
        "/schemas/ids/{id}/subjects": {"GET": reads.schema_subjects},
        "/schemas/ids/{id}/versions": {"GET": reads.schema_versions},
        "/schemas/guids/{guid}": {"GET": reads.guid},
        "/schemas/guids/{guid}/ids": {"GET": reads.guid_ids},
        "/subjects": {"GET": reads.subjects},
        "/subjects/{subject}": {"POST": writes.lookup, "DELETE": writes.delete_subject},
        "/subjects/{subject}/metadata": {"GET": reads.by_metadata},
        "/subjects/{subject}/versions": {"GET": reads.versions, "POST": writes.register},
        version: {"GET": reads.version, "DELETE": writes.delete_version},
        f"{version}/schema": {"GET": reads.version_text},
        f"{version}/referencedby": {"GET": reads.referenced_by},
        "/compatibility/subjects/{subject}/versions": {"POST": writes.check_all},
        "/compatibility/subjects/{subject}/versions/{version}": {"POST": writes.check_version},
        "/dry-run/subjects/{subject}/versions": {"POST": writes.rehearse},
        "/contexts": {"GET": reads.contexts},
        "/contexts/{context}": {"DELETE": writes.delete_context},
        "/v1/metadata/id": {"GET": reads.cluster},
        "/v1/metadata/version": {"GET": reads.release},
    }
    for place in ("/config", "/config/{subject}"):
        table[place] = {"GET": reads.config, "PUT": writes.put_config, "DELETE": writes.delete_config}
    for place in ("/mode", "/mode/{subject}"):
        table[place] = {"GET": reads.mode, "PUT": writes.put_mode, "DELETE": writes.delete_mode}
    routes = [
        Route(path, _dispatch(handlers, None if path in _OF_NO_STATE else registry), methods=list(handlers))
        for path, handlers in table.items()
    ]
    return _RawPath(Starlette(routes=routes, exception_handlers={HTTPException: _no_route}))


def _dispatch(handlers: dict[str, Handler], registry: Registry | None) -> Handler:
    """Answer the requests of one path; with a registry, only once its log is read."""

    async def handle(request: Request) -> Response:
        try:
            media_type(request)
            if registry is not None and not registry.ready:
                return unavailable(
                    request, Transient("log-unavailable", "The registry has not read its log yet")
                )
            return await handlers["GET" if request.method == "HEAD" else request.method](request)
        except RegistryRefusal as refusal:
            return refused(request, refusal)
        except Transient as error:
            return unavailable(request, error)
        except HttpError as error:
            return bare_error(error.status, error.message, None if error.status == 406 else V1)

    return handle


async def _no_route(_: Request, error: Exception) -> Response:
    status, fields = (error.status_code, error.headers) if isinstance(error, HTTPException) else (404, None)
    return bare_error(status, fields=fields)


class _RawPath:
    """Routes by the path as it was sent, so that ``%2F`` in a subject stays in it.

    Handlers decode their own part. ``/contexts/{context}/…`` becomes the rest of the path in that context.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = dict(scope)
            prefix = scope.get("root_path", "")
            raw = scope.get("raw_path") or scope["path"].encode()
            path = raw.decode("latin-1").removeprefix(prefix)
            scope["registry.target"] = path
            parts = path.split("/")
            if len(parts) > 3 and parts[1] == _CONTEXTS and parts[3]:
                scope["registry.context"] = context_name(unquote(parts[2]))
                path = "/" + "/".join(parts[3:])
            scope["path"] = (path.rstrip("/") or "/") if path != "/" else path
            scope["root_path"] = ""
        await self._app(scope, receive, send)
