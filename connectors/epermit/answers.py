"""Answers to peers, in the shapes of the reference implementation, and reading theirs."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from schemas.epermit.refusal import CODES, LedgerRefusal, Malformed, Untrusted
from schemas.errors import CorridorError, Invalid, Transient

Handler = Callable[[Request], Awaitable[Response]]
"""Answers a request."""
ANYWHERE: Final = {"Access-Control-Allow-Origin": "*"}
"""Anybody's page may read what is public: verifiers of QR codes run in browsers."""


def refused(error: CorridorError) -> Response:
    """Answer a peer whose event is not taken.

    401 is a line of text; 400 and 422 are objects whose ``details`` hold the broken fields or the code. The
    specification's text shows the code beside the message instead: it stands there too.
    """
    match error:
        case Untrusted():
            return PlainTextResponse(f'401 UNAUTHORIZED "{error.message}"', 401)
        case LedgerRefusal():
            return _answer(422, error.message, {"errorCode": error.reason}, {"error_code": error.reason})
        case Malformed():
            details = {_camel(found.pointer[1:]): _say(found) for found in error.violations}
            return _answer(400, "Following validation errors occured", details)
        case Transient():
            return _answer(503, error.message, {}, headers={"Retry-After": "2"})
        case CorridorError(code="body-too-large"):
            return _answer(413, error.message, {})
        case Invalid():
            return _answer(
                400, "Following validation errors occured", {_camel(error.pointer[1:]): _say(error)}
            )
        case _:
            return _answer(400, error.message, {})


def not_found() -> Response:
    """Answer that there is no such permit, or no such address."""
    return PlainTextResponse("404 NOT_FOUND", 404, ANYWHERE)


def error_code(body: bytes) -> str:
    """Read the protocol's code from a peer's 422, of either shape; ``""`` when it has none."""
    try:
        answer = json.loads(body)
        details = answer.get("details")
        code = details.get("errorCode") if isinstance(details, dict) else None
        code = code or answer.get("error_code") or answer.get("errorCode")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return code if code in CODES else ""


def _answer(
    status: int,
    message: str,
    details: Mapping[str, str],
    more: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = {
        "status": HTTPStatus(status).name,
        "timestamp": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        "error_id": str(uuid.uuid4()),
        "error_message": message,
        "details": details,
        **(more or {}),
    }
    return JSONResponse(body, status, dict(headers or {}))


def _say(error: Invalid) -> str:
    return f"{error.rule}, got '{error.value}'" if error.value else error.rule


def _camel(field: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), field) or "body"
