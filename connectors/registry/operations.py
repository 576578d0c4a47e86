"""The operations of the registry as its OpenAPI document has them: parameters, bodies, answers, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from connectors.http.openapi import Document, many, one_object, parameter

_TEXT: Final[Document] = {"type": "string"}
_NUMBER: Final[Document] = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_COUNT: Final[Document] = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
_FLAG: Final[Document] = {"type": "string", "examples": ["true", "false"]}
_CONFIG: Final[Document] = {
    "type": "object",
    "description": "`compatibilityLevel` (`compatibility` in the answer to PUT), and what else was set.",
}
_FACTS: Final[dict[str, Document]] = {
    "subject": _TEXT,
    "version": {"type": "integer", "minimum": 1},
    "id": {"type": "integer", "minimum": 0},
    "guid": {"type": "string", "format": "uuid"},
    "schemaType": _TEXT,
    "references": {"type": "array", "items": {"type": "object"}},
    "metadata": {"type": "object"},
    "ruleSet": {"type": "object"},
    "schema": {"type": "string", "description": "The schema as JSON in a text."},
    "ts": {"type": "integer"},
    "deleted": {"type": "boolean"},
    "aliases": many(_TEXT),
    "schemaTags": {"type": "array"},
    "maxId": {"type": "integer"},
    "warnings": many(_TEXT),
}
_NAMED: Final = one_object(["subject", "version", "id", "guid", "schemaType", "schema"], **_FACTS)
_BY_ID: Final = one_object(["subject", "version", "guid", "schemaType", "schema"], **_FACTS)
_REGISTERED: Final = one_object(["id", "version", "guid", "schemaType", "schema"], **_FACTS)
_PAIR: Final = one_object(["subject", "version"], subject=_TEXT, version={"type": "integer"})
_PLACED: Final = one_object(["context", "id"], context=_TEXT, id={"type": "integer"})
_VERDICT: Final = one_object(["is_compatible"], is_compatible={"type": "boolean"}, messages=many(_TEXT))
_MODE: Final = one_object(["mode"], mode=_TEXT)

PARAMETERS: Final[dict[str, Document]] = {
    "subject": parameter("subject", _TEXT, "Name, percent-encoded; `:.context:name` in a context.", "path"),
    "version": parameter(
        "version",
        {"anyOf": [{**_NUMBER, "minimum": 1}, {"type": "string", "enum": ["latest", "-1"]}]},
        "A number, or the latest one.",
        "path",
    ),
    "id": parameter("id", _NUMBER, "Id of a schema.", "path"),
    "guid": parameter("guid", _TEXT, "Guid of a schema.", "path"),
    "context": parameter("context", _TEXT, "Name of a context.", "path"),
    "offset": parameter("offset", _COUNT, "How many to pass over."),
    "limit": parameter("limit", _COUNT, "Most to give; none or less: all."),
    "subjectPrefix": parameter("subjectPrefix", _TEXT, "Begin of names; `:*:` for all contexts."),
    "contextPrefix": parameter("contextPrefix", _TEXT, "Begin of names."),
    "in": parameter("subject", _TEXT, "The subject in whose context the id is meant."),
    "key": parameter("key", _TEXT, "Name of a metadata property; any number, each with a value."),
    "value": parameter("value", _TEXT, "Its value."),
    "format": parameter("format", _TEXT, "`resolved` has the references written out."),
    "referenceFormat": parameter("referenceFormat", _TEXT, "`qualified` names the context of references."),
    "findTags": parameter("findTags", _TEXT, "A tag to look for; any number."),
    "ruleType": parameter("ruleType", _TEXT, "Those with a rule of this type."),
} | {
    name: parameter(name, _FLAG, f"{text} `true` in any case; anything else is false.")
    for name, text in {
        "deleted": "Also what was deleted.",
        "deletedOnly": "Only what was deleted.",
        "deletedAsNegative": "Deleted versions as negative numbers.",
        "latestOnly": "The newest version of each.",
        "aliases": "With aliases.",
        "fetchMaxId": "With the highest id.",
        "normalize": "Sort what has no order first.",
        "verbose": "With reasons.",
        "permanent": "For good.",
        "force": "Although something speaks against it.",
        "recursive": "What is inside as well.",
        "defaultToGlobal": "What holds, wherever it was set.",
    }.items()
}  # fmt: skip
_PAGE: Final = ("offset", "limit")
_ASKED: Final = ("format", "referenceFormat", "findTags")


class Does(NamedTuple):
    """One operation."""

    summary: str
    answer: Document
    parameters: Sequence[str] = ()
    body: str = ""
    status: int = 200
    refusals: Sequence[int] = ()


OPERATIONS: Final[dict[str, dict[str, Does]]] = {
    "/": {"get": Does("Is there a registry?", one_object())},
    "/schemas": {
        "get": Does(
            "All versions of all subjects",
            many(_NAMED),
            ["subjectPrefix", "deleted", "latestOnly", "aliases", "ruleType", *_PAGE],
        )
    },
    "/schemas/types": {"get": Does("Types of schemas", many(_TEXT))},
    "/schemas/ids/{id}": {
        "get": Does("A schema by its id", _BY_ID, ["id", "in", "fetchMaxId", *_ASKED], refusals=[404])
    },
    "/schemas/ids/{id}/schema": {
        "get": Does("Its text", {}, ["id", "in", "format"], refusals=[404])
    },
    "/schemas/ids/{id}/subjects": {
        "get": Does("Subjects that have it", many(_TEXT), ["id", "in", "deleted", *_PAGE], refusals=[404])
    },
    "/schemas/ids/{id}/versions": {
        "get": Does("Versions that have it", many(_PAIR), ["id", "in", "deleted", *_PAGE], refusals=[404])
    },
    "/schemas/guids/{guid}": {
        "get": Does("A schema by its guid", _BY_ID, ["guid", *_ASKED], refusals=[404])
    },
    "/schemas/guids/{guid}/ids": {
        "get": Does("Its ids in all contexts", many(_PLACED), ["guid"], refusals=[404])
    },
    "/subjects": {
        "get": Does(
            "All subjects", many(_TEXT), ["subjectPrefix", "deleted", "deletedOnly", *_PAGE]
        )
    },
    "/subjects/{subject}": {
        "post": Does(
            "Is this schema there?", _NAMED, ["subject", "normalize", "deleted"], "SchemaBody",
            refusals=[400, 404, 422],
        ),
        "delete": Does(
            "Delete a subject", many({"type": "integer"}), ["subject", "permanent", "force"],
            refusals=[404, 422],
        ),
    },
    "/subjects/{subject}/metadata": {
        "get": Does(
            "The newest version with these metadata properties", _NAMED,
            ["subject", "key", "value", "deleted", *_ASKED], refusals=[404],
        )
    },
    "/subjects/{subject}/versions": {
        "get": Does(
            "Versions of a subject", many({"type": "integer"}),
            ["subject", "deleted", "deletedOnly", "deletedAsNegative", *_PAGE], refusals=[404],
        ),
        "post": Does(
            "Register a schema; one that is there already is answered", _REGISTERED, ["subject", "normalize"],
            "SchemaBody", refusals=[400, 404, 409, 422],
        ),
    },
    "/subjects/{subject}/versions/{version}": {
        "get": Does("A version", _NAMED, ["subject", "version", "deleted", *_ASKED], refusals=[404, 422]),
        "delete": Does(
            "Delete a version", {"type": "integer"}, ["subject", "version", "permanent", "force"],
            refusals=[404, 422],
        ),
    },
    "/subjects/{subject}/versions/{version}/schema": {
        "get": Does("Its text", {}, ["subject", "version", "deleted", "format"], refusals=[404, 422])
    },
    "/subjects/{subject}/versions/{version}/referencedby": {
        "get": Does(
            "Ids of schemas that refer to it", many({"type": "integer"}), ["subject", "version", *_PAGE],
            refusals=[404, 422],
        )
    },
    "/compatibility/subjects/{subject}/versions": {
        "post": Does(
            "Check a schema against all versions", _VERDICT, ["subject", "normalize", "verbose"],
            "SchemaBody", refusals=[400, 422],
        )
    },
    "/compatibility/subjects/{subject}/versions/{version}": {
        "post": Does(
            "Check a schema against a version", _VERDICT, ["subject", "version", "normalize", "verbose"],
            "SchemaBody", refusals=[400, 404, 422],
        )
    },
    "/dry-run/subjects/{subject}/versions": {
        "post": Does(
            "What registering would answer; nothing is written", _REGISTERED, ["subject", "normalize"],
            "SchemaBody", refusals=[400, 404, 409, 422],
        )
    },
    "/contexts": {"get": Does("All contexts", many(_TEXT), ["contextPrefix", *_PAGE])},
    "/contexts/{context}": {
        "delete": Does("Delete an empty context", {}, ["context"], status=204, refusals=[404, 422])
    },
    "/v1/metadata/id": {"get": Does("Which cluster this is", one_object(["scope"]))},
    "/v1/metadata/version": {"get": Does("Which release this is", one_object(["version"], version=_TEXT))},
}  # fmt: skip


def settings(place: str, named: Sequence[str]) -> dict[str, dict[str, Does]]:
    """The operations on configuration and mode of a place."""
    missing = [404, 422] if named else [422]
    return {
        f"/config{place}": {
            "get": Does("Its configuration", _CONFIG, [*named, "defaultToGlobal"], refusals=missing[:-1]),
            "put": Does("Change its configuration", _CONFIG, named, "ConfigBody", refusals=[400, 422]),
            "delete": Does("Remove its configuration", _CONFIG, named, refusals=missing),
        },
        f"/mode{place}": {
            "get": Does("Its mode", _MODE, [*named, "defaultToGlobal"], refusals=missing[:-1]),
            "put": Does("Change its mode", _MODE, [*named, "force"], "ModeBody", refusals=[400, 422]),
            "delete": Does("Remove its mode", _MODE, [*named, "recursive"], refusals=missing),
        },
    }
