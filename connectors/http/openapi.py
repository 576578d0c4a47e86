"""What the OpenAPI 3.1 documents of all HTTP edges have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Any, Final

from connectors.http.problems import MEDIA_TYPE
from schemas.errors import CODES

Document = dict[str, Any]

COMPONENTS: Final = "#/components/schemas/{name}"
"""Where the schemas of a document are, for `msgspec.json.schema_components`."""
PROBLEM: Final[Document] = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "description": "Address of the code's description."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": list(CODES)},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "Path of the request."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "pointer", "rule"],
                "properties": {
                    "code": {"type": "string"},
                    "pointer": {
                        "type": "string",
                        "description": "JSON pointer of the field; in a batch it begins with the index.",
                    },
                    "rule": {"type": "string"},
                    "value": {"type": "string"},
                    "item": {"type": "integer", "description": "Index of the message in a batch, from 0."},
                },
            },
        },
    },
}
AT_THE_DOOR: Final[dict[int, str]] = {
    400: "The request is not HTTP/1.1 with one Host. Codes: http-malformed.",
    403: "A page of another site asks. Codes: origin-refused.",
    408: "The request did not arrive completely in time. Codes: request-too-slow.",
    421: "Nothing is served under this Host. Codes: host-unknown.",
    431: "Header fields larger than the limit. Codes: headers-too-large.",
    503: "Too many connections; see Retry-After. Codes: overloaded.",
}
"""Refusals before an edge has seen the request, as problem documents: the same at every listener."""
WAIT: Final[Document] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
ALLOW: Final[Document] = {"Allow": {"schema": {"type": "string"}, "description": "Methods that are taken."}}
CHALLENGE: Final[Document] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
BEARER: Final[Document] = {"bearer": {"type": "http", "scheme": "bearer"}}


def document(
    title: str,
    description: str,
    paths: Document,
    schemas: Mapping[str, Document],
    *,
    server: str,
    security: Mapping[str, Document] = BEARER,
) -> Document:
    """Put a document together.

    Args:
        title: what it describes.
        description: in a few sentences.
        paths: operations by path and method.
        schemas: named schemas; `PROBLEM` is added.
        server: where the paths begin, relative to the document or whole.
        security: schemes that the operations name.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Corridor broker: {title}", "version": _version(), "description": description},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM},
            "securitySchemes": dict(security),
        },
    }


def problems(reasons: Mapping[int, str]) -> Document:
    """Describe answers that are problem documents, by status."""
    return {str(status): problem_answer(status, text) for status, text in sorted(reasons.items())}


def problem_answer(status: int, text: str) -> Document:
    """Describe one answer that is a problem document, with the header fields that its status brings."""
    answer: Document = {"description": text, "content": {MEDIA_TYPE: {"schema": reference("Problem")}}}
    fields = {401: CHALLENGE, 405: ALLOW, 429: WAIT, 503: WAIT}.get(status)
    return answer | {"headers": fields} if fields else answer


def reference(name: str) -> Document:
    """Refer to a named schema."""
    return {"$ref": COMPONENTS.format(name=name)}


def many(item: Document) -> Document:
    """Describe an array."""
    return {"type": "array", "items": item}


def one_object(required: Iterable[str] = (), **properties: Document) -> Document:
    """Describe an object that may have fields beyond these."""
    described: Document = {"type": "object", "properties": properties}
    return described | ({"required": list(required)} if required else {})


def parameter(name: str, schema: Document, text: str, place: str = "query") -> Document:
    """Describe a parameter; those in a path are required."""
    return {"name": name, "in": place, "required": place == "path", "schema": schema, "description": text}


def _version() -> str:
    try:
        return version_of("corridor-broker")
    except PackageNotFoundError:
        return "0"
