"""Endpoints that write, or run the same steps as writing: register, check, delete, configure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from connectors.registry.bodies import ConfigBody, ModeBody, SchemaBody, configuration, read
from connectors.registry.forward import Forwarder
from connectors.registry.ports import Decide, Elsewhere, Registry
from connectors.registry.views import (
    LATEST,
    aliased,
    deleted_too,
    named_subject,
    named_version,
    shown,
)
from connectors.registry.wire import answer, body, flag
from schemas.avro.lint import Json
from schemas.registry import deletion, registration, settings
from schemas.registry.compatibility import CheckResult
from schemas.registry.names import Subject, context_name
from schemas.registry.records import SchemaValue
from schemas.registry.refusal import INVALID_SCHEMA, RegistryRefusal, no_version
from schemas.registry.registration import RegistryChange
from schemas.registry.submission import Submission, prepare

OFFSET: Final = "X-Registry-Offset"
"""Offset up to which the log has the effect of the request."""
_THREADS: Final = 4

T = TypeVar("T")


class WriteHandlers:
    """The handlers.

    Args:
        registry: what is written to.
        forwarder: brings requests to the process that writes.
        uses: subjects whose schemas are not deleted for good without force.
    """

    def __init__(
        self, registry: Registry, forwarder: Forwarder, uses: deletion.Uses = deletion.unused
    ) -> None:
        self._uses = uses
        self._registry = registry
        self._forwarder = forwarder
        self._threads = asyncio.Semaphore(_THREADS)

    async def register(self, request: Request) -> Response:
        """``POST /subjects/{subject}/versions``."""
        decide, warnings = await self._registration(request)
        return await self._write(request, decide, warnings)

    async def rehearse(self, request: Request) -> Response:
        """``POST /dry-run/subjects/{subject}/versions``: what registering would answer, and warn of."""
        decide, warnings = await self._registration(request)
        change = await self._in_thread(lambda: decide(self._registry.state))
        return answer(request, {**_answered(change), "warnings": [*warnings, *change.warnings]})

    async def _registration(self, request: Request) -> tuple[Decide, list[str]]:
        where = self._subject(request)
        given = read(await body(request), SchemaBody)
        decide = partial(
            registration.register,
            where=where,
            given=given.submission,
            normalize=flag(request, "normalize"),
            recursive=self._registry.recursive,
        )
        return decide, ["ruleSet is not stored"] if given.ruleSet else []

    async def lookup(self, request: Request) -> Response:
        """``POST /subjects/{subject}``."""
        where = self._subject(request)
        given = await self._given(request)
        found = await self._in_thread(
            lambda: registration.lookup(
                self._registry.state,
                where,
                given,
                normalize=flag(request, "normalize"),
                recursive=self._registry.recursive,
                deleted=deleted_too(request),
            )
        )
        return answer(request, shown(found, "ts", "deleted"))

    async def check_version(self, request: Request) -> Response:
        """``POST /compatibility/subjects/{subject}/versions/{version}``."""
        where = self._subject(request)
        version = named_version(request)
        given = await self._given(request)
        state = self._registry.state
        if version == LATEST:
            asked = state.live(where.text)[-1:]
        else:
            asked = [v for v in state.live(where.text) if v.version == version]
            if not asked:
                raise no_version(version)
        return await self._check(request, where, given, asked)

    async def check_all(self, request: Request) -> Response:
        """``POST /compatibility/subjects/{subject}/versions``."""
        where = self._subject(request)
        given = await self._given(request)
        return await self._check(request, where, given, self._registry.state.live(where.text))

    async def _check(
        self, request: Request, where: Subject, given: Submission, versions: Sequence[SchemaValue]
    ) -> Response:
        def judge() -> CheckResult:
            state = self._registry.state
            normalize = flag(request, "normalize") or bool(state.config(where).get("normalize"))
            prepared = prepare(state, where, given, normalize=normalize, recursive=self._registry.recursive)
            return registration.judge(state, where, prepared, given.metadata, versions)

        verbose = flag(request, "verbose")
        try:
            verdict = await self._in_thread(judge)
        except RegistryRefusal as refusal:
            if not verbose or refusal.error_code != INVALID_SCHEMA:
                raise
            return answer(request, {"is_compatible": False, "messages": [refusal.message]})
        view: dict[str, Json] = {"is_compatible": verdict.compatible}
        if verbose:
            view["messages"] = verdict.messages
        return _with_warnings(answer(request, view), verdict.warnings)

    async def delete_version(self, request: Request) -> Response:
        """``DELETE /subjects/{subject}/versions/{version}``."""
        where, version = self._subject(request), named_version(request)
        permanent, uses = flag(request, "permanent"), self._protected(request)
        return await self._write(
            request,
            lambda state: deletion.delete_version(state, where, version, permanent=permanent, uses=uses),
        )

    async def delete_subject(self, request: Request) -> Response:
        """``DELETE /subjects/{subject}``."""
        where, permanent = self._subject(request), flag(request, "permanent")
        uses = self._protected(request)
        return await self._write(
            request, lambda state: deletion.delete_subject(state, where, permanent=permanent, uses=uses)
        )

    def _protected(self, request: Request) -> deletion.Uses:
        return deletion.unused if flag(request, "force") else self._uses

    async def delete_context(self, request: Request) -> Response:
        """``DELETE /contexts/{context}``."""
        context = context_name(unquote(request.path_params["context"]))
        return await self._write(request, lambda state: deletion.delete_context(state, context), status=204)

    async def put_config(self, request: Request) -> Response:
        """``PUT /config`` and ``PUT /config/{subject}``."""
        where = named_subject(request)
        value = configuration(read(await body(request), ConfigBody))
        return await self._write(request, lambda state: settings.put_config(state, where, value))

    async def delete_config(self, request: Request) -> Response:
        """``DELETE /config`` and ``DELETE /config/{subject}``."""
        where = named_subject(request)
        return await self._write(request, lambda state: settings.delete_config(state, where))

    async def put_mode(self, request: Request) -> Response:
        """``PUT /mode`` and ``PUT /mode/{subject}``."""
        where, force = named_subject(request), flag(request, "force")
        mode = read(await body(request), ModeBody).mode
        return await self._write(request, lambda state: settings.put_mode(state, where, mode, force=force))

    async def delete_mode(self, request: Request) -> Response:
        """``DELETE /mode`` and ``DELETE /mode/{subject}``."""
        where, recursive = named_subject(request), flag(request, "recursive")
        return await self._write(
            request, lambda state: settings.delete_mode(state, where, recursive=recursive)
        )

    async def _write(
        self, request: Request, decide: Decide, warnings: Sequence[str] = (), status: int = 200
    ) -> Response:
        here = self._forwarder.must_stay(request)
        try:
            change = await self._registry.write(decide, here=here)
        except Elsewhere as elsewhere:
            forwarded = await self._forwarder.forward(request, elsewhere.url)
            if forwarded is not None:
                await self._registry.reached(int(forwarded.headers.get(OFFSET, "-1")))
                return forwarded
            change = await self._registry.write(decide, here=True)
        response = answer(request, _answered(change)) if status == 200 else Response(status_code=status)
        response.headers[OFFSET] = str(self._registry.state.offset)
        return _with_warnings(response, [*warnings, *change.warnings])

    async def _given(self, request: Request) -> Submission:
        return read(await body(request), SchemaBody).submission

    def _subject(self, request: Request) -> Subject:
        return aliased(self._registry.state, named_subject(request))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Read and compare schemas beside the loop, a few at a time."""
        async with self._threads:
            return await asyncio.to_thread(work)


def _answered(change: RegistryChange) -> Json:
    """Give a change as JSON: a registered version without what the endpoint does not have."""
    if isinstance(change.answer, SchemaValue):
        return {"id": change.answer.id, **shown(change.answer, "subject", "ts", "deleted")}
    return change.answer


def _with_warnings(response: Response, warnings: Sequence[str]) -> Response:
    """Add RFC 9111 warnings: the answer itself has no place that all clients would leave alone."""
    for text in warnings:
        plain = text.encode("ascii", "replace").decode().replace("\\", "").replace('"', "'")
        response.headers.append("Warning", f'299 - "{plain[:500]}"')
    return response
