"""The OpenAPI 3.1 document of the read API, from the types that answer."""

from __future__ import annotations

from typing import Final

import msgspec

from connectors.http.openapi import AT_THE_DOOR, COMPONENTS, Document, document, parameter, problems
from corridor.view.figures import Asked, Figure
from corridor.view.find import CURSOR, MOST, Page, WantedShipments
from corridor.view.show import Shown
from schemas.shipment.kpis import KPIS
from schemas.shipment.owners import KINDS
from schemas.shipment.state import STATUS

TIMES: Final = ("after", "before")
"""Parameters that are times."""
_TIME: Final[Document] = {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
_DAY: Final[Document] = {"type": "string", "anyOf": [{"format": "date"}, {"const": ""}]}
_FORMS: Final[dict[str, Document]] = {
    **dict.fromkeys(TIMES, _TIME), "first": _DAY, "last": _DAY,
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": WantedShipments().limit},
    "cursor": {"type": "string", "pattern": CURSOR},
    "status": {"type": "string", "enum": ["", *STATUS]},
    "kind": {"type": "string", "enum": ["", *KINDS]},
    "kpi": {"type": "string", "enum": ["", *KPIS]},
}  # fmt: skip
"""What a parameter's type does not say of its values."""

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
    (page, shown, listed), schemas = msgspec.json.schema_components(answers.values(), ref_template=COMPONENTS)
    name = parameter(
        "reference",
        {"type": "string"},
        "Container, note, wagon, train, vessel, plate, permit, lot, or a shipment's key.",
        "path",
    )
    questions = {
        "/shipments": (
            "find", "Shipments for which everything holds that is named, newest first",
            _query(WantedShipments), page,
        ),
        "/shipments/{reference}": (
            "show", "One shipment whole; of several under a name the newest", [name], shown
        ),
        "/kpis": (
            "kpis", "The figures of the corridor beside the published targets", _query(Asked), listed
        ),
    }  # fmt: skip
    return document(
        "shipments",
        "The shipment view, to be read. Times are UTC milliseconds.",
        {path: {"get": _operation(*asked, with_login=with_login)} for path, asked in questions.items()},
        schemas,
        server="/",
    )


def _query(kind: type[msgspec.Struct]) -> list[Document]:
    """Describe the parameters of a question."""
    fields = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return [
        parameter(name, _FORMS.get(name, schema), _MEANINGS.get(name, f"Which {name}."))
        for name, schema in fields.items()
    ]


def _operation(
    identity: str, summary: str, parameters: list[Document], answer: Document, *, with_login: bool
) -> Document:
    reasons = {
        **AT_THE_DOOR,
        400: "A parameter cannot be used. Codes: query-invalid, http-malformed.",
        403: "A page of another site asks, or the token may not read. Codes: origin-refused, auth-denied.",
        404: "Nothing is known. Codes: not-found.",
        405: "Only GET is taken; see Allow. Codes: method-not-allowed.",
        503: "The view is away. Codes: view-unavailable, view-outdated, overloaded.",
    }
    if with_login:
        reasons[401] = "No token, or not ours. Codes: auth-missing, auth-invalid."
    return {
        "operationId": identity,
        "summary": summary,
        "security": [{"bearer": []}] if with_login else [],
        "parameters": parameters,
        "responses": {
            "200": {"description": "The answer.", "content": {"application/json": {"schema": answer}}},
            **problems(reasons),
        },
    }
