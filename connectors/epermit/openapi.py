"""The OpenAPI 3.1 document of an e-Permit authority: the protocol's public API, and the internal one.

Fields and their rules come from `schemas.epermit.fields`, which checks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from connectors.epermit.internal import PermitBody, QuotaBody
from connectors.http.openapi import (
    AT_THE_DOOR,
    COMPONENTS,
    WAIT,
    Document,
    document,
    many,
    one_object,
    parameter,
    problems,
    reference,
)
from schemas.epermit.event import PATHS
from schemas.epermit.fields import (
    ACTIVITIES,
    ACTIVITY_RULE,
    DATE_RULE,
    ENVELOPE,
    PAYLOADS,
    PERMIT_ID_RULE,
    TYPE_RULE,
    TYPES,
    PermitField,
)
from schemas.epermit.permit import DATE, ID

_TEXT: Final[Document] = {"type": "string"}
_NUMBER: Final[Document] = {"type": "integer"}
_ANYTHING: Final[Document] = {"type": "object"}
_FORMS: Final[dict[str, Document]] = {
    PERMIT_ID_RULE: {"pattern": f"^{ID.pattern}$"},
    DATE_RULE: {"pattern": f"^{DATE.pattern}$"},
    ACTIVITY_RULE: {"enum": list(ACTIVITIES)},
    TYPE_RULE: {"enum": list(TYPES)},
}
_BITS: Final = {"int": 31, "long": 63}
_WHOLE_TEXT: Final[Document] = {"type": "string", "pattern": "^ *-?[0-9]{1,19} *$"}
_SCHEMES: Final[Document] = {
    "proof": {
        "type": "http",
        "scheme": "bearer",
        "description": "Detached JWS (ES256) of the event by the producer's key: `header..signature`.",
    },
    "identity": {
        "type": "http",
        "scheme": "bearer",
        "description": "JWS (ES256) of a peer with `iss`, `aud` and `exp`.",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "A token of the authority."},
}
_PUBLIC_ERROR: Final[Document] = one_object(
    ["status", "timestamp", "error_id", "error_message", "details"],
    status=_TEXT,
    timestamp=_TEXT,
    error_id=_TEXT,
    error_message=_TEXT,
    details={"type": "object", "description": "Field, in camel case, to rule; or `errorCode`."},
    error_code={"type": "string", "description": "The protocol's code, as its text has it."},
)
_PERMIT: Final[Document] = one_object(
    ["issuer", "issued_for", "permit_id", "used", "revoked", "activities"],
    permit_id=_TEXT,
    issuer=_TEXT,
    issued_for=_TEXT,
    used={"type": "boolean"},
    revoked={"type": "boolean"},
    activities=many(_ANYTHING),
)
_DESCRIPTION: Final[Document] = one_object(
    ["code", "name", "version", "keys"], code=_TEXT, name=_TEXT, version=_TEXT, keys=many(_ANYTHING)
)
_HEADS: Final[Document] = one_object(
    ["to_last_event_id", "from_last_event_id"], to_last_event_id=_TEXT, from_last_event_id=_TEXT
)
_REFUSED: Final[dict[int, str]] = {
    400: "Fields are missing or break rules, all of them in `details`; the proof is looked at after that.",
    413: "The body is larger than the limit.",
    422: "A rule of the ledger is broken; `error_code` says which.",
    503: "Not known to be in the ledger: send the same again. Or too many connections (overloaded).",
}
_WRONG: Final[dict[int, str]] = {
    **AT_THE_DOOR,
    401: "There is no bearer token of the authority's. Codes: auth-missing, auth-invalid.",
    403: "The token lacks the scope `read`, or `operate` for acts; or a page of another site asks. "
    "Codes: auth-denied, origin-refused.",
    404: "There is no such permit or address. Codes: not-found.",
    405: "Not this method; see Allow. Codes: method-not-allowed.",
    503: "Not known to be in the ledger: send the same again. Codes: log-unavailable, overloaded.",
}
_WRONG_BODY: Final[dict[int, str]] = {
    413: "The body is larger than the limit. Codes: body-too-large.",
    415: "A body has no Content-Type. Codes: media-type-unsupported.",
    422: "A value breaks a rule, or the ledger's. Codes: schema-violation, permit-refused, json-malformed.",
}


def describe(places: Mapping[str, str], server: str) -> Document:
    """Build the document.

    Args:
        places: name of each authority's participant, and where its public API begins.
        server: where the paths begin.
    """
    kinds = (QuotaBody, PermitBody)
    _, schemas = msgspec.json.schema_components(kinds, ref_template=COMPONENTS)
    events = {kind: _event(fields) for kind, fields in PAYLOADS.items()}
    paths: Document = {}
    for name, place in places.items():
        tag = name.replace("-", "_")
        paths |= {f"{place}{path}": methods for path, methods in _public(tag).items()}
        paths |= {f"{place}/internal{path}": methods for path, methods in _internal(tag).items()}
    return document(
        "e-Permit",
        "The protocol's public API, for peers and scanners, in its reference implementation's shapes; and "
        "under `/internal` the API of the authority's own people and systems.",
        paths,
        {
            **schemas,
            **events,
            "Activity": _object(PAYLOADS["PERMIT_USED"][1:]),
            "Error": _PUBLIC_ERROR,
            "Permit": _PERMIT,
        },
        server=server,
        security=_SCHEMES,
    )


def _public(tag: str) -> Document:
    code = parameter("code", _TEXT, "Content of the QR code.", "path")
    return {
        "": {"get": _open(f"describe_{tag}", "The self-description that a peer reads", _DESCRIPTION)},
        "/authorities": {"get": _open(f"authorities_{tag}", "Addresses of known authorities", many(_TEXT))},
        "/healthcheck": {
            "get": _open(
                f"heads_{tag}", "Heads of the chains with a peer", _HEADS, security="identity", refused=(422,)
            )
        },
        "/verify/{code}": {
            "get": _open(
                f"verify_{tag}", "The permit with this QR code", reference("Permit"), [code], missing=True
            )
        },
        **{
            f"/events/{path}": {
                "post": _open(
                    f"event_{path.replace('-', '_')}_{tag}",
                    f"Take an event {kind}; 200 when it is in the ledger",
                    security="proof",
                    body=reference(kind),
                    refused=(400, 413, 422),
                )
            }
            for path, kind in PATHS.items()
        },
    }


def _open(
    identity: str,
    summary: str,
    answer: Document | None = None,
    parameters: Sequence[Document] = (),
    *,
    security: str = "",
    body: Document | None = None,
    refused: Sequence[int] = (),
    missing: bool = False,
) -> Document:
    """Describe an operation of the public API."""
    responses = problems({**AT_THE_DOOR, 405: "Not this method; see Allow. Codes: method-not-allowed."})
    for status in (*refused, 503):
        content = responses.get(str(status), {}).get("content", {})
        error = {"application/json": {"schema": reference("Error")}}
        responses[str(status)] = {"description": _REFUSED[status], "content": {**content, **error}}
    responses["503"]["headers"] = WAIT
    if security:
        responses["401"] = _line("The proof does not hold.")
    if missing:
        responses["404"] = _line("Unknown, or revoked.")
    if body:
        responses |= problems({415: _WRONG_BODY[415]})
        responses["408"] = {"description": "The body did not arrive completely in time."}
    return _operation(identity, summary, parameters, responses, answer, security=security, body=body)


def _internal(tag: str) -> Document:
    known = parameter("id", _TEXT, "Id of a permit.", "path")
    key = parameter("id", _TEXT, "Id of a key.", "path")
    act = parameter("Idempotency-Key", _TEXT, "Names the act: the same again changes nothing.", "header")
    quota, permit, activity = reference("QuotaBody"), reference("PermitBody"), reference("Activity")
    report = {**PAYLOADS_REPORT, "description": "A message of `epermit.event.v1`."}
    return {
        "": {"get": _own(f"overview_{tag}", "Keys, peers, chains, quotas")},
        "/quotas": {"post": _own(f"grant_{tag}", "Let a peer issue more permits for us", [act], quota)},
        "/permits": {"post": _own(f"issue_{tag}", "Issue a permit", [act], permit)},
        "/reports": {"post": _own(f"report_{tag}", "Report an entry or exit from the corridor", [], report)},
        "/permits/{id}/activities": {
            "post": _own(f"use_{tag}", "Report an entry or exit", [known, act], activity)
        },
        "/permits/{id}": {
            "get": _own(f"permit_{tag}", "One permit", [known]),
            "delete": _own(f"revoke_{tag}", "Revoke a permit", [known, act]),
        },
        "/keys/{id}": {"delete": _own(f"revoke_key_{tag}", "Revoke one of our keys", [key, act])},
    }


def _own(
    identity: str, summary: str, parameters: Sequence[Document] = (), body: Document | None = None
) -> Document:
    """Describe an operation of the internal API."""
    reasons = {**_WRONG, **(_WRONG_BODY if body else {422: _WRONG_BODY[422]})}
    return _operation(
        identity, summary, parameters, problems(reasons), _ANYTHING, security="token", body=body
    )


def _operation(
    identity: str,
    summary: str,
    parameters: Sequence[Document],
    responses: Document,
    answer: Document | None,
    *,
    security: str,
    body: Document | None,
) -> Document:
    done: Document = {"description": "Done."}
    if answer is not None:
        done["content"] = {"application/json": {"schema": answer}}
    described: dict[str, Any] = {
        "operationId": identity,
        "summary": summary,
        "security": [{security: []}] if security else [],
        "parameters": list(parameters),
        "responses": {"200": done, **dict(sorted(responses.items()))},
    }
    if body:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return described


def _line(text: str) -> Document:
    return {"description": text, "content": {"text/plain": {"schema": _TEXT}}}


def _event(fields: Sequence[PermitField]) -> Document:
    return _object((*fields, *ENVELOPE))


def _object(fields: Sequence[PermitField]) -> Document:
    required = [field.name for field in fields if field.required]
    return one_object(required, **{field.name: _field(field) for field in fields})


def _field(field: PermitField) -> Document:
    """Describe a field as it is read: numbers may be texts, and texts numbers."""
    if field.kind in _BITS:
        bound = 1 << _BITS[field.kind]
        low = -bound if field.low is None else field.low
        kinds: list[Document] = [{"type": "integer", "minimum": low, "maximum": bound - 1}, _WHOLE_TEXT]
    elif field.kind == "object":
        kinds = [{"type": "object"}]
    else:
        text: Document = {"type": "string", **_FORMS.get(field.rule, {})}
        text |= {"minLength": field.low} if field.low else {}
        text |= {"maxLength": field.high} if field.high else {}
        kinds = [text]
        if not field.rule and (field.low or 0) <= 1:
            kinds += [{"type": "integer"}, {"type": "boolean"}]
    if not field.required:
        kinds.append({"type": "null"})
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


PAYLOADS_REPORT: Final[Document] = one_object(
    ["permit_id", "event_id"],
    permit_id={"type": "string", **_FORMS[PERMIT_ID_RULE]},
    event_id=_TEXT,
    **{field.name: _field(field) for field in PAYLOADS["PERMIT_USED"][1:]},
)
