"""Requests and answers of the Confluent REST API: media types, bounded JSON bodies, error bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from schemas.avro.lint import Json
from schemas.errors import Transient
from schemas.registry.refusal import RegistryRefusal, too_large
from schemas.registry.text import json_text

V1: Final = "application/vnd.schemaregistry.v1+json"
PRODUCED: Final = {V1: 1.0, "application/vnd.schemaregistry+json": 0.9, "application/json": 0.5}
_CONSUMED: Final = frozenset({*PRODUCED, "application/octet-stream"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,10}")
MAX_BODY: Final = 1 << 20
"""Bytes of a request; a schema may have far less."""


class HttpError(Exception):
    """An answer that the protocol gives by itself; its body names only the status.

    Args:
        status: HTTP status.
        message: text, when it is not the status's own.
    """

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message or f"HTTP {status} {_PHRASES[status]}"


_PHRASES: Final = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    415: "Unsupported Media Type",
}


def media_type(request: Request) -> str:
    """Choose the media type of the answer (406 when none is acceptable)."""
    accept = request.headers.get("accept", "").strip()
    if not accept:
        return V1
    best, best_weight = "", 0.0
    for part in accept.split(","):
        name, _, parameters = part.partition(";")
        weight = _quality(parameters)
        for produced, preference in PRODUCED.items():
            if _matches(name.strip().lower(), produced) and weight * preference > best_weight:
                best, best_weight = produced, weight * preference
    if not best:
        raise HttpError(406)
    return best


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _matches(wanted: str, produced: str) -> bool:
    return wanted in {"*/*", "application/*", produced}


def answer(request: Request, value: Json, *, status: int = 200) -> Response:
    """Give a JSON answer in the media type that the client prefers."""
    raw = json_text(value).encode("utf-8", "replace")  # an error may quote half a character
    return Response(raw, status, media_type=media_type(request))


def text_answer(request: Request, text: str) -> Response:
    """Give a schema as it is."""
    return Response(text, media_type=media_type(request))


def refused(request: Request, error: RegistryRefusal) -> Response:
    """Give the body of a refusal."""
    return answer(request, {"error_code": error.error_code, "message": error.message}, status=error.status)


def unavailable(request: Request, error: Transient) -> Response:
    """Say that the log cannot be written or read now: the client may send the same again."""
    return answer(request, {"error_code": 50001, "message": error.message}, status=500)


def bare_error(
    status: int, message: str = "", kind: str | None = None, fields: Mapping[str, str] | None = None
) -> Response:
    """Give the body of an error of HTTP itself; as Confluent's, one before any handler has no media type."""
    error = HttpError(status, message)
    text = json_text({"error_code": error.status, "message": error.message})
    return Response(text, status, dict(fields or {}), kind)


async def body(request: Request) -> dict[str, Json]:
    """Read a JSON object of bounded size.

    Raises:
        HttpError: 415 for another media type, 400 for what is not a JSON object.
        Refusal: 42209 for one that is too large.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in _CONSUMED:
        raise HttpError(415)
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY:
            raise too_large(f"the request has more than {MAX_BODY} bytes")
    request.state.raw = bytes(raw)
    try:
        value = json.loads(request.state.raw or b"{}")
    except (ValueError, RecursionError) as error:
        raise HttpError(400, f"The request is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise HttpError(400, "The request is not a JSON object")
    return value


def flag(request: Request, name: str) -> bool:
    """Read a boolean query parameter."""
    return request.query_params.get(name, "").lower() == "true"


def number(request: Request, name: str, default: int) -> int:
    """Read an integer query parameter (404 when it is not one, as JAX-RS does)."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not _NUMBER.fullmatch(text) or not -(2**31) <= int(text) < 2**31:
        raise HttpError(404)
    return int(text)


def paged(request: Request, items: Sequence[Json]) -> list[Json]:
    """Cut a list by ``offset`` and ``limit``; no positive limit means all."""
    offset = max(number(request, "offset", 0), 0)
    limit = number(request, "limit", -1)
    return list(items[offset:] if limit <= 0 else items[offset : offset + limit])
