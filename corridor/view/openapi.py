"""The OpenAPI 3.1 document of the read API, from the types that answer."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import msgspec

from connectors.http.problems import MEDIA_TYPE
from connectors.receive.openapi import PROBLEM
from corridor.view.figures import Asked, Figure
from corridor.view.find import MOST, Page, Wanted
from corridor.view.show import Shown

Document = dict[str, Any]

_COMPONENTS: Final = "#/components/schemas/{name}"
_MEANINGS: Final = {
    "place": "UN/LOCODE, else ESR, where it is now.",
    "held": "Only what something holds.",
    "after": "Something happened at or after that: RFC 3339, or a date.",
    "before": "Something happened before that: RFC 3339, or a date.",
    "limit": f"Most on a page, 1 to {MOST}.",
    "cursor": "`next` of the page before.",
    "first": "First day, YYYY-MM-DD.",
    "last": "Last day, YYYY-MM-DD.",
    "daily": "Day by day.",
}


def describe(*, with_login: bool) -> Document:
    """Build the document."""
    answers = {"Page": Page, "Shown": Shown, "Figures": list[Figure]}
    (page, shown, listed), schemas = msgspec.json.schema_components(
        answers.values(), ref_template=_COMPONENTS
    )
    try:
        number = version("corridor-broker")
    except PackageNotFoundError:
        number = "0"
    reference = {
        "name": "reference", "in": "path", "required": True, "schema": {"type": "string"},
        "description": "Container, note, wagon, train, vessel, plate, permit, lot, or a shipment's key.",
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Corridor broker: shipments",
            "version": number,
            "description": "The shipment view, to be read. Times are UTC milliseconds.",
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/shipments": {
                "get": _operation("find", "Shipments for which everything holds that is named, newest first",
                                  _query(Wanted), page, with_login=with_login)
            },
            "/shipments/{reference}": {
                "get": _operation("show", "One shipment whole; of several under a name the newest",
                                  [reference], shown, with_login=with_login)
            },
            "/kpis": {
                "get": _operation("kpis", "The figures of the corridor beside the published targets",
                                  _query(Asked), listed, with_login=with_login)
            },
        },
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }  # fmt: skip


def _query(kind: type[msgspec.Struct]) -> list[Document]:
    """Describe the parameters of a question."""
    fields = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    times = {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
    return [
        {
            "name": name, "in": "query", "required": False,
            "schema": times if name in {"after", "before"} else schema,
            "description": _MEANINGS.get(name, f"Which {name}."),
        }
        for name, schema in fields.items()
    ]  # fmt: skip


def _operation(
    identity: str, summary: str, parameters: list[Document], answer: Document, *, with_login: bool
) -> Document:
    refused = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    reasons = {
        "400": "A parameter cannot be used.",
        "403": "A page of another site asks, or the token may not read.",
        "404": "Nothing is known.",
        "405": "Only GET is taken; see Allow.",
        "421": "The view is not served under this Host.",
        "503": "The view is away.",
    }
    if with_login:
        reasons["401"] = "No token, or not ours."
    return {
        "operationId": identity,
        "summary": summary,
        "security": [{"bearer": []}] if with_login else [],
        "parameters": parameters,
        "responses": {
            "200": {"description": "The answer.", "content": {"application/json": {"schema": answer}}},
            **{status: {"description": text, "content": refused} for status, text in sorted(reasons.items())},
        },
    }
