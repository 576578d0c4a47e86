"""Endpoints that change nothing and are answered from the state at hand."""

from __future__ import annotations

import asyncio
from importlib.metadata import version as distribution_version

from starlette.requests import Request
from starlette.responses import Response

from connectors.registry.ports import Registry
from connectors.registry.views import (
    LATEST,
    aliased,
    aliases_of,
    asked,
    context_of,
    deleted_too,
    find_id,
    find_version,
    formatted,
    has_rule,
    matching,
    named_id,
    named_subject,
    named_version,
    shown,
)
from connectors.registry.wire import answer, flag, paged, text_answer
from schemas.avro.lint import Json
from schemas.registry.names import GLOBAL, Subject, subject
from schemas.registry.records import SchemaValue
from schemas.registry.refusal import RegistryRefusal, no_schema, no_subject, no_version
from schemas.registry.settings import scope_of
from schemas.registry.state import DEFAULT_LEVEL, READWRITE


class ReadHandlers:
    """The handlers.

    Args:
        registry: whose state is shown.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def root(self, request: Request) -> Response:
        """``GET /``: tools use it to see whether there is a registry."""
        return answer(request, {})

    async def types(self, request: Request) -> Response:
        """``GET /schemas/types``."""
        return answer(request, ["AVRO"])

    async def contexts(self, request: Request) -> Response:
        """``GET /contexts``."""
        prefix = request.query_params.get("contextPrefix", "")
        names = [name for name in self._registry.state.contexts() if name.startswith(prefix)]
        return answer(request, paged(request, names))

    async def cluster(self, request: Request) -> Response:
        """``GET /v1/metadata/id``."""
        clusters = {"kafka-cluster": self._registry.cluster, "schema-registry-cluster": "schema-registry"}
        return answer(request, {"scope": {"path": [], "clusters": clusters}})

    async def release(self, request: Request) -> Response:
        """``GET /v1/metadata/version``."""
        return answer(request, {"version": distribution_version("corridor-broker"), "commitId": ""})

    # -- by id

    async def schema(self, request: Request) -> Response:
        """``GET /schemas/ids/{id}``."""
        value = self._by_id(request)
        view = shown(value, "id", **asked(self._registry.state, request, value))
        if flag(request, "fetchMaxId"):
            view["maxId"] = self._registry.state.highest_id(subject(value.subject).context)
        return answer(request, view)

    async def schema_text(self, request: Request) -> Response:
        """``GET /schemas/ids/{id}/schema``."""
        return text_answer(request, formatted(self._registry.state, request, self._by_id(request)))

    async def schema_subjects(self, request: Request) -> Response:
        """``GET /schemas/ids/{id}/subjects``."""
        return answer(request, paged(request, sorted({v.subject for v in self._users(request)})))

    async def schema_versions(self, request: Request) -> Response:
        """``GET /schemas/ids/{id}/versions``."""
        pairs = [{"subject": v.subject, "version": v.version} for v in self._users(request)]
        return answer(request, paged(request, pairs))

    async def guid(self, request: Request) -> Response:
        """``GET /schemas/guids/{guid}``."""
        value = self._by_guid(request)[0]
        return answer(request, shown(value, "id", **asked(self._registry.state, request, value)))

    async def guid_ids(self, request: Request) -> Response:
        """``GET /schemas/guids/{guid}/ids``."""
        pairs = sorted({(subject(v.subject).context, v.id) for v in self._by_guid(request)})
        return answer(request, [{"context": context, "id": found} for context, found in pairs])

    def _meant(self, request: Request) -> Subject:
        where = subject(request.query_params.get("subject", ""), context_of(request))
        return aliased(self._registry.state, where)

    def _by_id(self, request: Request) -> SchemaValue:
        values = find_id(self._registry.state, self._meant(request), named_id(request))
        own = [v for v in values if v.subject == values[0].subject]
        return next((v for v in own if not v.deleted), next((v for v in values if not v.deleted), values[0]))

    def _users(self, request: Request) -> list[SchemaValue]:
        where = self._meant(request)
        values = find_id(self._registry.state, where, named_id(request))
        found = [v for v in values if deleted_too(request) or not v.deleted]
        return [v for v in found if where.name in {"", subject(v.subject).name}]

    def _by_guid(self, request: Request) -> list[SchemaValue]:
        wanted = request.path_params["guid"].lower()
        values = self._registry.state.by_guid(wanted)
        if not values:
            raise no_schema(wanted)
        return sorted(values, key=lambda v: v.deleted)

    # -- by subject

    async def schemas(self, request: Request) -> Response:
        """``GET /schemas``, made beside the loop: it may be all there is."""
        return await asyncio.to_thread(lambda: answer(request, self._listed(request)))

    def _listed(self, request: Request) -> list[Json]:
        state = self._registry.state
        aliases = aliases_of(state) if flag(request, "aliases") else {}
        found: list[dict[str, Json]] = []
        for name in matching(state, request, aliases):
            values = [v for v in state.versions(name) if deleted_too(request) or not v.deleted]
            latest = values[-1:] if flag(request, "latestOnly") else values
            wanted = [v for v in latest if has_rule(v, request.query_params.get("ruleType", ""))]
            found += [shown(v, "ts", "deleted", aliases=aliases.get(name)) for v in wanted]
        return paged(request, found)

    async def subjects(self, request: Request) -> Response:
        """``GET /subjects``."""
        state = self._registry.state
        names = matching(state, request)
        if flag(request, "deletedOnly"):
            names = [name for name in names if not state.live(name)]
        elif not deleted_too(request):
            names = [name for name in names if state.live(name)]
        return answer(request, paged(request, names))

    async def versions(self, request: Request) -> Response:
        """``GET /subjects/{subject}/versions``."""
        where = self._subject(request)
        values = self._registry.state.versions(where.text)
        if flag(request, "deletedOnly"):
            values = [v for v in values if v.deleted]
        elif not (deleted_too(request) or flag(request, "deletedAsNegative")):
            values = [v for v in values if not v.deleted]
        if not values and not (flag(request, "deletedOnly") and self._registry.state.live(where.text)):
            raise no_subject(where.text)
        negative = flag(request, "deletedAsNegative")
        numbers = [-v.version if v.deleted and negative else v.version for v in values]
        return answer(request, paged(request, numbers))

    async def version(self, request: Request) -> Response:
        """``GET /subjects/{subject}/versions/{version}``."""
        value = self._version(request)
        return answer(request, shown(value, **asked(self._registry.state, request, value)))

    async def version_text(self, request: Request) -> Response:
        """``GET /subjects/{subject}/versions/{version}/schema``."""
        return text_answer(request, formatted(self._registry.state, request, self._version(request)))

    async def referenced_by(self, request: Request) -> Response:
        """``GET /subjects/{subject}/versions/{version}/referencedby``."""
        value = find_version(
            self._registry.state, self._subject(request), named_version(request), deleted=True
        )
        ids = sorted({v.id for v in self._registry.state.referrers(value.key)})
        return answer(request, paged(request, ids))

    async def by_metadata(self, request: Request) -> Response:
        """``GET /subjects/{subject}/metadata``."""
        where = self._subject(request)
        wanted = dict(
            zip(request.query_params.getlist("key"), request.query_params.getlist("value"), strict=False)
        )
        values = [
            v for v in self._registry.state.versions(where.text) if deleted_too(request) or not v.deleted
        ]
        if not values:
            raise no_subject(where.text)
        for value in reversed(values):
            properties = (value.metadata or {}).get("properties") or {}
            if wanted.items() <= properties.items():
                return answer(request, shown(value, **asked(self._registry.state, request, value)))
        raise no_version(LATEST)

    def _subject(self, request: Request) -> Subject:
        return aliased(self._registry.state, named_subject(request))

    def _version(self, request: Request) -> SchemaValue:
        return find_version(
            self._registry.state,
            self._subject(request),
            named_version(request),
            deleted=deleted_too(request),
        )

    # -- settings

    async def config(self, request: Request) -> Response:
        """``GET /config`` and ``GET /config/{subject}``."""
        where, state = named_subject(request), self._registry.state
        if flag(request, "defaultToGlobal"):
            return answer(request, state.config(where))
        own = state.configs.get(scope_of(where))
        if own is None and not _always_there(where):
            raise RegistryRefusal(
                40408, f"Subject '{where.text}' does not have subject-level compatibility configured"
            )
        return answer(request, {"compatibilityLevel": DEFAULT_LEVEL, **(own or {})})

    async def mode(self, request: Request) -> Response:
        """``GET /mode`` and ``GET /mode/{subject}``."""
        where, state = named_subject(request), self._registry.state
        if flag(request, "defaultToGlobal"):
            return answer(request, {"mode": state.mode(where)})
        own = state.modes.get(scope_of(where))
        if own is None and not _always_there(where):
            raise RegistryRefusal(
                40409, f"Subject '{where.text}' does not have subject-level mode configured"
            )
        return answer(request, {"mode": own or READWRITE})


def _always_there(where: Subject) -> bool:
    """Tell whether a place has settings even when none were made: the registry, and all contexts together."""
    return not scope_of(where) or where.context == GLOBAL
