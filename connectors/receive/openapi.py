"""The OpenAPI 3.1 document of the webhooks, made from the participants' settings and profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.http.openapi import BEARER, Document, document, problem_answer
from connectors.ports import Format
from connectors.receive.batch import NDJSON
from connectors.receive.endpoint import Endpoint

TAKEN: Final = "The messages are in the log on all in-sync replicas, or were already."
REFUSALS: Final[dict[int, tuple[str, tuple[str, ...]]]] = {
    400: ("The body is not JSON or carries no id.", ("json-malformed", "id-missing", "http-malformed")),
    401: ("No credentials, or not ours.", ("auth-missing", "auth-invalid", "auth-expired")),
    403: ("The request was made by a web page of another site.", ("origin-refused",)),
    404: ("The path is written in another way.", ("not-found",)),
    405: ("Only POST is taken; see Allow.", ("method-not-allowed",)),
    408: ("The request did not arrive completely in time.", ("request-too-slow",)),
    409: ("A message id came before with another body.", ("id-reused",)),
    413: ("Body or batch larger than the limit.", ("body-too-large", "batch-too-large")),
    415: (
        "Content-Type or Content-Encoding not supported.",
        ("media-type-unsupported", "encoding-unsupported"),
    ),
    421: ("The broker is not served under this Host.", ("host-unknown",)),
    422: (
        "A message breaks the profile's schema; `errors` names field, rule and value.",
        ("schema-violation",),
    ),
    429: ("Too many messages; see Retry-After.", ("rate-limited",)),
    431: ("Header fields larger than the limit.", ("headers-too-large",)),
    503: (
        "The log is away; nothing was lost, send the same again after Retry-After.",
        ("log-unavailable", "registry-unavailable", "overloaded", "participant-set-aside"),
    ),
}
"""What a webhook answers when it does not take a message: status, meaning, and the codes it can have."""


def describe(endpoints: Sequence[Endpoint], server: str = "/") -> Document:
    """Build the document.

    Args:
        endpoints: the webhooks.
        server: where they are, relative to the document or whole.
    """
    schemas: dict[str, Document] = {}
    for endpoint in endpoints:
        schemas[endpoint.form.profile] = _resource(endpoint.form)
    return document(
        "webhooks",
        "What participants send to the broker. 202 means that the messages are in the log on all "
        "in-sync replicas. Send the same message again as often as needed: the same id with the same "
        "body is 202 and has no second effect. A batch is taken whole or not at all.",
        {e.participant.webhook_path: {"post": _operation(e)} for e in endpoints},
        schemas,
        server=server,
        security={
            "signature": {
                "type": "apiKey",
                "in": "header",
                "name": "webhook-signature",
                "description": "Standard Webhooks 1.0: HMAC-SHA256 (v1) or ed25519 (v1a) over "
                "`<webhook-id>.<webhook-timestamp>.<body>`, the body as it goes over the wire.",
            },
            **BEARER,
        },
    )


def _resource(form: Format) -> Document:
    """Give the profile's JSON Schema with references that hold in the whole document.

    An ``$id`` would make it a resource of its own, within which they hold as they are; few tools know that.
    """
    schema = dict(form.json_schema) or {"type": "object"}
    reference = str(schema.pop("$ref", ""))
    definitions = schema.get("$defs", {})
    root = definitions.get(reference.rpartition("/")[2], {}) if isinstance(definitions, Mapping) else {}
    placed: Document = _placed({**root, **schema}, f"#/components/schemas/{form.profile}/$defs/")
    return placed


def _placed(value: Any, place: str) -> Any:  # noqa: ANN401 - any JSON
    """Let references to definitions point to where they stand in the document."""
    if isinstance(value, Mapping):
        return {
            key: place + each.rpartition("/")[2]
            if key == "$ref" and isinstance(each, str)
            else _placed(each, place)
            for key, each in value.items()
        }
    return [_placed(each, place) for each in value] if isinstance(value, list) else value


def _operation(endpoint: Endpoint) -> Document:
    settings = endpoint.settings
    security: list[Document] = []
    if settings.secrets or settings.public_keys:
        security.append({"signature": []})
    if settings.bearer:
        security.append({"bearer": []})
    return {
        "operationId": f"receive_{endpoint.participant.name.replace('-', '_')}",
        "summary": f"Messages from {endpoint.participant.name} ({endpoint.form.profile})",
        "description": endpoint.form.doc,
        "security": security,
        "parameters": _parameters(endpoint),
        "requestBody": {"required": True, "content": _content(endpoint)},
        "responses": _responses(endpoint),
    }


def _parameters(endpoint: Endpoint) -> list[Document]:
    signed = bool(endpoint.settings.secrets or endpoint.settings.public_keys)
    fields = {
        "webhook-id": "Id of the request, without a dot.",
        "webhook-timestamp": f"Seconds since 1970 UTC, at most {endpoint.settings.replay_window:g} s off.",
    }
    listed = [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": text}
        for name, text in fields.items()
        if signed
    ]
    trace = {"name": "traceparent", "in": "header", "required": False, "schema": {"type": "string"}}
    return [*listed, trace | {"description": "W3C trace context; kept with the message."}]


def _content(endpoint: Endpoint) -> Document:
    one: Document = {"$ref": f"#/components/schemas/{endpoint.form.profile}"}
    most = endpoint.max_batch
    batch = {"type": "array", "items": one, "minItems": 1, "maxItems": most}
    body = {"oneOf": [one, batch]} if most > 1 and "array" in endpoint.form.batch else one
    examples = {name: {"value": value} for name, value in endpoint.form.examples.items()}
    content: Document = {name: {"schema": body, "examples": examples} for name in endpoint.form.media_types}
    lines = {"type": "string", "description": f"One message per line, at most {most} lines."}
    content |= {name: {"schema": lines} for name in endpoint.media_types if name in NDJSON}
    return content


def _responses(endpoint: Endpoint) -> Document:
    one = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    many = {
        "type": "object",
        "required": ["ids"],
        "properties": {"ids": {"type": "array", "items": {"type": "string"}}},
    }
    schema = {"oneOf": [one, many]} if endpoint.max_batch > 1 else one
    responses: Document = {"202": {"description": TAKEN, "content": {"application/json": {"schema": schema}}}}
    for status, (text, codes) in REFUSALS.items():
        responses[str(status)] = problem_answer(status, f"{text} Codes: {', '.join(codes)}.")
    return responses
