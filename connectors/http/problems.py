"""RFC 9457 problem documents: every error of our HTTP edges says code, place and rule in the same form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from schemas.errors import CODES, CorridorError, Invalid, Transient
from schemas.text import visible

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[dict[str, int]] = {
    "auth-missing": 401,
    "auth-invalid": 401,
    "auth-expired": 401,
    "auth-denied": 403,
    "body-too-large": 413,
    "request-too-slow": 408,
    "headers-too-large": 431,
    "encoding-unsupported": 415,
    "media-type-unsupported": 415,
    "json-malformed": 400,
    "http-malformed": 400,
    "id-missing": 400,
    "id-reused": 409,
    "batch-too-large": 413,
    "output-too-large": 413,
    "rate-limited": 429,
    "not-found": 404,
    "host-unknown": 421,
    "origin-refused": 403,
    "method-not-allowed": 405,
    "log-unavailable": 503,
    "kafka-unavailable": 503,
    "registry-unavailable": 503,
    "overloaded": 503,
    "participant-set-aside": 503,
    "view-unavailable": 503,
    "view-outdated": 503,
    "query-invalid": 400,
}
"""Code to HTTP status. Other `Permanent` errors are 422, other `Transient` ones 503, the rest 500."""


class Violation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One broken rule: an entry of the problem's ``errors``.

    Attributes:
        code: a key of ``schemas.errors.CODES``.
        pointer: JSON pointer of the field; in a batch it begins with the item's index.
        rule: the rule in a few words.
        value: the offending value as text.
        item: index of the message in a batch, from 0.
    """

    code: str
    pointer: str
    rule: str
    value: str = ""
    item: int | None = None


def violations(error: CorridorError, item: int | None = None) -> list[Violation]:
    """Describe an error as entries of ``errors``, one a place; ``item`` is its index in a batch."""
    prefix = "" if item is None else f"/{item}"
    if isinstance(error, Invalid):
        return [
            Violation(v.code, prefix + visible(v.pointer), visible(v.rule), visible(v.value), item)
            for v in error.violations
        ]
    return [Violation(error.code, prefix, visible(error.message), "", item)]


def status_of(error: CorridorError) -> int:
    """Give the HTTP status of an error."""
    fallback = 503 if isinstance(error, Transient) else 422
    return STATUS.get(error.code, 500 if error.code == "internal" else fallback)


def document(
    code: str, detail: str, *, status: int, instance: str = "", errors: Sequence[Violation] = ()
) -> bytes:
    """Build a problem document; its ``type`` leads to the description of the code on our error page."""
    fields: dict[str, object] = {
        "type": f"/docs/errors#{code}",
        "title": CODES[code],
        "status": status,
        "code": code,
        "detail": visible(detail),
    }
    if instance:
        fields["instance"] = visible(instance)
    if errors:
        fields["errors"] = errors
    return msgspec.json.encode(fields)


def problem(
    error: CorridorError,
    *,
    instance: str = "",
    errors: Sequence[Violation] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with an error.

    Args:
        error: what went wrong.
        instance: path of the request.
        errors: the broken rules, by default those of an `Invalid`.
        headers: further header fields.
    """
    status = status_of(error)
    fields = dict(headers or {})
    if isinstance(error, Transient):
        fields.setdefault("Retry-After", str(max(1, round(error.retry_after or 1))))
    if status == 401:
        fields.setdefault("WWW-Authenticate", 'Bearer realm="corridor"')
    listed = errors or (violations(error) if isinstance(error, Invalid) else [])
    body = document(error.code, error.message, status=status, instance=instance, errors=listed)
    return Response(body, status, fields, MEDIA_TYPE)


def on_http_error(request: Request, error: Exception) -> Response:
    """Starlette's handler for unknown addresses and methods."""
    code = "method-not-allowed" if getattr(error, "status_code", 404) == 405 else "not-found"
    headers = dict(getattr(error, "headers", None) or {})
    detail = f"{request.method} is not possible here" if code == "method-not-allowed" else "no such address"
    return problem(CorridorError(code, detail), instance=request.url.path, headers=headers)


def on_defect(request: Request, _: Exception) -> Response:
    """Starlette's handler for exceptions that nobody expected; says nothing about them to the outside."""
    error = CorridorError("internal", "the request was not processed; the defect is in our log")
    return problem(error, instance=request.url.path)
