"""The OpenAPI 3.1 document of the registry: the part of the Confluent REST API that is served, and `dry-run`.

Bodies come from the types that check them. Errors have Confluent's form; only what is refused before the
registry has seen it is a problem document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from connectors.http.openapi import (
    ALLOW,
    AT_THE_DOOR,
    CHALLENGE,
    COMPONENTS,
    Document,
    document,
    one_object,
    problem_answer,
    reference,
)
from connectors.registry.bodies import ConfigBody, ModeBody, SchemaBody
from connectors.registry.guard import right
from connectors.registry.operations import OPERATIONS, PARAMETERS, Does, settings
from connectors.registry.wire import PRODUCED

_ERROR: Final[Document] = one_object(
    ["error_code", "message"],
    error_code={"type": "integer", "description": "Its first three digits are the HTTP status."},
    message={"type": "string"},
)
_REASONS: Final = {
    400: "The body is not what it should be.",
    404: "40401 no such subject, 40402 version, 40403 schema; 404 a number that is none.",
    409: "The schema is not compatible with earlier versions; the message says why.",
    422: "42201 invalid schema, 42202 version, 42203 level, 42204 mode, 42205 not permitted by the mode, "
    "42206 referred to, 42208 subject, 42209 too large, 42220 records would be lost.",
}


def describe(*, with_login: Mapping[str, bool], server: str) -> Document:
    """Build the document.

    Args:
        with_login: whether a token is needed, by scope: ``read``, ``register``, ``operate``.
        server: where the registry is.
    """
    kinds = (SchemaBody, ConfigBody, ModeBody)
    _, schemas = msgspec.json.schema_components(kinds, ref_template=COMPONENTS)
    table = OPERATIONS | settings("", ()) | settings("/{subject}", ("subject",))
    paths = {
        path: {
            method: _operation(path, method, does, locked=with_login[right(method.upper(), path)])
            for method, does in methods.items()
        }
        for path, methods in table.items()
    }
    return document(
        "schema registry",
        "The Confluent REST API, version 1, for Avro. Each path may stand behind `/contexts/{context}`. "
        "A request may name the media type of the answer in `Accept`; with none that is known it is 406.",
        paths,
        {**schemas, "Error": _ERROR},
        server=server,
    )


def _operation(path: str, method: str, does: Does, *, locked: bool) -> Document:
    words = [part.strip("{}") for part in path.split("/") if part]
    described: dict[str, Any] = {
        "operationId": "_".join([method, *words]).replace("-", "_"),
        "summary": does.summary,
        "security": [{"bearer": []}] if locked else [],
        "parameters": [PARAMETERS[name] for name in does.parameters],
        "responses": _responses(does, locked=locked),
    }
    if does.body:
        content = {kind: {"schema": reference(does.body)} for kind in PRODUCED}
        described["requestBody"] = {"required": False, "content": content}
    return described


def _responses(does: Does, *, locked: bool) -> Document:
    answer: Document = {"description": "The answer."}
    if does.status == 200:
        answer["content"] = {kind: {"schema": does.answer} for kind in PRODUCED}
    found: Document = {str(does.status): answer}
    door = {status: problem_answer(status, text) for status, text in AT_THE_DOOR.items()}
    number = [404] if "offset" in does.parameters else []
    for status in {*does.refusals, *number}:
        found[str(status)] = _error(_REASONS[status])
    if locked:
        found["401"] = _error("40101: no token, or not ours.", "application/json") | {"headers": CHALLENGE}
        door[403] = _error("40301: the token may not.", "application/json")
        door[403]["content"] |= problem_answer(403, "")["content"]
        door[403]["description"] += " Or a page of another site asks: a problem with origin-refused."
    if 400 in does.refusals:
        door[400] = found["400"]
        door[400]["content"] |= problem_answer(400, "")["content"]
    if does.body:
        found["415"] = _error("The Content-Type is none of these.")
        found["415"]["content"] |= problem_answer(415, "")["content"]
    found["405"] = {"description": "Not this method; see Allow. The text is an Error.", "headers": ALLOW}
    found["406"] = {"description": "No media type that is accepted. The text is an Error."}
    found["500"] = _error(
        "50001: Kafka does not acknowledge, or the log is not read yet; 50003: nor the writer."
    )
    return {**{str(status): text for status, text in door.items()}, **found}


def _error(text: str, *more: str) -> Document:
    kinds = (*PRODUCED, *more)
    return {"description": text, "content": {kind: {"schema": reference("Error")} for kind in kinds}}
