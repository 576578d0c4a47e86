"""Versions of subjects as the REST API shows them, and how requests name them."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from starlette.requests import Request

from connectors.registry.wire import HttpError, flag
from schemas.avro.lint import Json
from schemas.registry.guid import guid
from schemas.registry.names import DEFAULT, EVERYWHERE, Subject, subject
from schemas.registry.records import AVRO, SchemaValue
from schemas.registry.refusal import bad_version, no_subject, no_version
from schemas.registry.state import State
from schemas.registry.submission import read, referenced
from schemas.registry.text import self_contained

LATEST: Final = -1
MAX_NUMBER: Final = 2**31 - 1


def named_subject(request: Request) -> Subject:
    """Read the subject in the path, in the context of the path."""
    return subject(unquote(request.path_params.get("subject", "")), context_of(request))


def aliased(state: State, where: Subject) -> Subject:
    """Give the subject that a subject stands for by its configuration, mostly itself."""
    alias = state.configs.get(where.text, {}).get("alias")
    return subject(alias, where.context) if isinstance(alias, str) and alias else where


def context_of(request: Request) -> str:
    """Give the context of ``/contexts/{context}/…``, else the default one."""
    return str(request.scope.get("registry.context", DEFAULT))


def named_version(request: Request) -> int:
    """Read the version in the path; -1 for the latest.

    Raises:
        Refusal: 42202.
    """
    text = unquote(request.path_params["version"])
    if text.lower() == "latest" or text == "-1":
        return LATEST
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:11]) <= MAX_NUMBER:
        raise bad_version(text)
    return int(text)


def named_id(request: Request) -> int:
    """Read the schema id in the path (404 when it is not a number)."""
    text = request.path_params["id"]
    if not text.isascii() or not text.isdigit() or int(text[:11]) > MAX_NUMBER:
        raise HttpError(404)
    return int(text)


def find_version(state: State, where: Subject, version: int, *, deleted: bool) -> SchemaValue:
    """Find one version of a subject.

    Raises:
        Refusal: 40401, 40402.
    """
    values = [v for v in state.versions(where.text) if deleted or not v.deleted]
    if not values:
        raise no_subject(where.text)
    if version == LATEST:
        return values[-1]
    for value in values:
        if value.version == version:
            return value
    raise no_version(version)


def matching(state: State, request: Request, *, everywhere: bool) -> list[str]:
    """Give the names of all subjects with the asked prefix; ``:*:`` spans contexts."""
    prefix = request.query_params.get("subjectPrefix", "")
    context = context_of(request)
    if context == DEFAULT and (prefix.startswith(EVERYWHERE) or (not prefix and everywhere)):
        start = prefix.removeprefix(EVERYWHERE)
        return [name for name in state.subjects() if subject(name).name.startswith(start)]
    start = subject(prefix, context).text
    inside = subject(prefix, context).context
    return [name for name in state.subjects() if name.startswith(start) and subject(name).context == inside]


def identity(value: SchemaValue) -> str:
    """Give the guid of a version."""
    return guid(value.schema, value.references, value.metadata, value.rules)


def shown(value: SchemaValue, *leave_out: str, text: str = "") -> dict[str, Json]:
    """Give a version as JSON.

    Args:
        value: the version.
        leave_out: fields that the endpoint does not have.
        text: schema text, when it is not the stored one.
    """
    fields: dict[str, Json] = {
        "subject": value.subject,
        "version": value.version,
        "id": value.id,
        "guid": identity(value),
        "schemaType": value.kind,
        "references": [r.json for r in value.references] or None,
        "metadata": value.metadata,
        "ruleSet": value.rules,
        "schema": text or value.schema,
        "ts": value.timestamp,
        "deleted": value.deleted,
    }
    return {k: v for k, v in fields.items() if v is not None and k not in leave_out}


def formatted(state: State, request: Request, value: SchemaValue) -> str:
    """Give the schema text in the format that was asked: ``resolved`` has the references inlined."""
    if request.query_params.get("format", "").lower() != "resolved" or value.kind != AVRO:
        return value.schema
    context = subject(value.subject).context
    return self_contained(read(value.schema, referenced(state, context, value.references)))


def deleted_too(request: Request) -> bool:
    """Tell whether soft-deleted versions are asked for."""
    return flag(request, "deleted")
