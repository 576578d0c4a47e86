"""Versions of subjects as the REST API shows them, and how requests name them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from starlette.requests import Request

from connectors.registry.wire import HttpError, flag
from schemas.avro.lint import Json
from schemas.registry.guid import identity
from schemas.registry.model import Schema
from schemas.registry.names import DEFAULT, EVERYWHERE, Subject, subject
from schemas.registry.records import AVRO, SchemaValue
from schemas.registry.refusal import bad_version, no_schema, no_subject, no_version
from schemas.registry.state import RegistryState, places
from schemas.registry.submission import read, referenced
from schemas.registry.tags import tagged
from schemas.registry.text import self_contained

LATEST: Final = -1
MAX_NUMBER: Final = 2**31 - 1
_NUMBER: Final = re.compile(r"[0-9]{1,10}")


def named_subject(request: Request) -> Subject:
    """Read the subject in the path, in the context of the path."""
    return subject(unquote(request.path_params.get("subject", "")), context_of(request))


def aliased(state: RegistryState, where: Subject) -> Subject:
    """Give the subject that a subject stands for by its configuration, mostly itself."""
    alias = state.configs.get(where.text, {}).get("alias")
    return subject(alias, where.context) if isinstance(alias, str) and alias else where


def aliases_of(state: RegistryState) -> dict[str, list[str]]:
    """Give the aliases of each subject that has any, sorted."""
    found: dict[str, list[str]] = {}
    for name in sorted(state.configs):
        where = subject(name)
        if (target := aliased(state, where)) != where:
            found.setdefault(target.text, []).append(name)
    return found


def has_rule(value: SchemaValue, kind: str) -> bool:
    """Tell whether a version has a rule of a type; every version has one of the type ``""``."""
    rules = [rule for group in (value.rules or {}).values() if isinstance(group, list) for rule in group]
    return not kind or any(isinstance(rule, dict) and rule.get("type") == kind for rule in rules)


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
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_NUMBER:
        raise bad_version(text)
    return int(text)


def named_id(request: Request) -> int:
    """Read the schema id in the path (404 when it is not a number)."""
    text = request.path_params["id"]
    if not _NUMBER.fullmatch(text) or int(text) > MAX_NUMBER:
        raise HttpError(404)
    return int(text)


def find_version(state: RegistryState, where: Subject, version: int, *, deleted: bool) -> SchemaValue:
    """Find one version of a subject; one without a context is looked for in all of them, its own first.

    Raises:
        Refusal: 40401, 40402.
    """
    for place in places(state, where):
        value = state.latest(place.text) if version == LATEST else state.version(place.text, version)
        if value is not None and (deleted or not value.deleted):
            return value
    if any(deleted or not v.deleted for v in state.versions(where.text)):
        raise no_version(version)
    raise no_subject(where.text)


def find_id(state: RegistryState, where: Subject, schema_id: int) -> list[SchemaValue]:
    """Find the versions that have an id, in the context in which a subject has it; the subject's own first.

    Raises:
        Refusal: 40403.
    """
    for place in places(state, where) if where.name else ():
        values = state.by_id(place.context, schema_id)
        own = [v for v in values if v.subject == place.text]
        if own:
            return [*own, *(v for v in values if v.subject != place.text)]
    values = [] if where.name and where.context != DEFAULT else state.by_id(where.context, schema_id)
    if not values:
        raise no_schema(schema_id)
    return values


def matching(state: RegistryState, request: Request, aliases: Mapping[str, Sequence[str]] = {}) -> list[str]:
    """Give the names of all subjects with one of the asked prefixes; ``:*:`` spans contexts, as none does.

    Args:
        state: the state.
        request: with any number of prefixes.
        aliases: other names under which a subject is found too.
    """
    prefixes = request.query_params.getlist("subjectPrefix") or [""]
    context = context_of(request)
    return [
        name
        for name in state.subjects()
        if any(_starts(n, p, context) for n in (name, *aliases.get(name, ())) for p in prefixes)
    ]


def _starts(name: str, prefix: str, context: str) -> bool:
    if prefix.startswith(EVERYWHERE) or (not prefix and context == DEFAULT):
        return subject(name).name.startswith(prefix.removeprefix(EVERYWHERE))
    wanted = subject(prefix, context)
    return name.startswith(wanted.text) and subject(name).context == wanted.context


def shown(value: SchemaValue, *leave_out: str, **instead: Json) -> dict[str, Json]:
    """Give a version as JSON.

    Args:
        value: the version.
        leave_out: fields that the endpoint does not have.
        instead: fields that are not as they are stored.
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
        "schema": value.schema,
        "ts": value.timestamp,
        "deleted": value.deleted,
        **instead,
    }
    return {k: v for k, v in fields.items() if v is not None and k not in leave_out}


def asked(state: RegistryState, request: Request, value: SchemaValue) -> dict[str, Json]:
    """Give the fields that the request wants: ``format``, ``referenceFormat`` and ``findTags``."""
    fields: dict[str, Json] = {"schema": formatted(state, request, value)}
    if request.query_params.get("referenceFormat") == "qualified":
        context = subject(value.subject).context
        qualified = [r._replace(subject=subject(r.subject, context).text) for r in value.references]
        fields["references"] = [r.json for r in qualified] or None
    wanted = request.query_params.getlist("findTags")
    if wanted and value.kind == AVRO:
        fields["schemaTags"] = tagged(_parsed(state, value).root, wanted)
    return fields


def formatted(state: RegistryState, request: Request, value: SchemaValue) -> str:
    """Give the schema text in the format that was asked: ``resolved`` has the references inlined."""
    if request.query_params.get("format", "").lower() != "resolved" or value.kind != AVRO:
        return value.schema
    return self_contained(_parsed(state, value))


def _parsed(state: RegistryState, value: SchemaValue) -> Schema:
    context = subject(value.subject).context
    return read(value.schema, referenced(state, context, value.references))


def deleted_too(request: Request) -> bool:
    """Tell whether soft-deleted versions are asked for."""
    return flag(request, "deleted")
