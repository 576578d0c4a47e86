"""Who may do what at the registry."""

from __future__ import annotations

from typing import Final

import structlog
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.auth.bearer import Logins
from connectors.auth.bearer import Scope as Right
from schemas.errors import Permanent

log = structlog.get_logger(__name__)

_QUESTIONS: Final = ("compatibility", "dry-run")
"""First steps of what is asked with POST and changes nothing."""
_ANSWERS: Final = {
    "auth-missing": (401, 40101, "Unauthorized"),
    "auth-invalid": (401, 40101, "Unauthorized"),
    "auth-denied": (403, 40301, "User is denied operation on this server."),
}
"""Code to status, error code and message as the Confluent API has them."""


def right(method: str, path: str) -> Right:
    """Say what a request needs: ``read``, ``register`` for new versions, ``operate`` for all else.

    Args:
        method: of the request.
        path: as it was sent, with ``%2F`` in names.
    """
    steps = path.strip("/").split("/")
    if steps[0] == "contexts" and len(steps) > 2:
        steps = steps[2:]
    match method, steps:
        case (("GET" | "HEAD" | "OPTIONS" | "TRACE"), _):
            return "read"
        case "POST", ["subjects", _]:
            return "read"  # is this schema there?
        case "POST", [first, *_] if first in _QUESTIONS:
            return "read"
        case "POST", ["subjects", _, "versions"]:
            return "register"
    return "operate"


def guarded(app: ASGIApp, logins: Logins) -> ASGIApp:
    """Let through only who may; what changes something is logged with the token's name.

    Args:
        app: the registry's API.
        logins: the tokens it takes.
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        raw = scope.get("raw_path") or scope["path"].encode()
        method, path = scope["method"], raw.decode("latin-1").removeprefix(scope.get("root_path", ""))
        given = dict(scope.get("headers", ())).get(b"authorization", b"").decode("latin-1")
        wanted = right(method, path)
        try:
            name = logins.require(given, wanted)
        except Permanent as error:
            status, number, message = _ANSWERS[error.code]
            if wanted != "read":
                log.info("registry refused", code=error.code, method=method, path=path)
            fields = {"WWW-Authenticate": 'Bearer realm="corridor"'} if status == 401 else {}
            refusal = JSONResponse({"error_code": number, "message": message}, status, fields)
            await refusal(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and wanted != "read":
                log.info("registry asked", by=name, method=method, path=path, status=message["status"])
            await send(message)

        await app(scope, receive, told)

    return guard
