"""Client of any registry with the Confluent REST API: ours, Confluent's, Karapace, Apicurio, Redpanda.

What is fetched by id never changes, so it is kept in memory and on disk for ever: a registry that is down
stops nothing that has run before.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self
from urllib.parse import quote
from uuid import UUID

import httpx
import msgspec

from connectors.registry.cache import DiskCache
from connectors.registry.transport import RegistryTransport
from schemas.errors import CorridorError, Permanent, Transient
from schemas.registry.compatibility import Earlier, check
from schemas.registry.reading import InvalidSchema, parse
from schemas.registry.resolve import inline

_FORGET_MISSING_AFTER: Final = 5.0
_MOST_MISSING: Final = 10_000
"""Ids that are remembered as not registered: whoever writes to a topic can name any."""
_MOST_REFERENCES: Final = 100
"""Schemas that one is put together from."""


class _Id(msgspec.Struct):
    id: int


class _Version(_Id):
    version: int
    schema: str


class _Reference(msgspec.Struct):
    subject: str
    version: int | str


class _Text(msgspec.Struct):
    schema: str
    references: list[_Reference] | None = None


class _Level(msgspec.Struct):
    compatibilityLevel: str | None = "NONE"  # noqa: N815 - the API's name


class _Answer(msgspec.Struct):
    is_compatible: bool
    messages: list[str] | None = None


class _Warned(msgspec.Struct):
    warnings: list[str]


class Registered(NamedTuple):
    """One version of a subject as the registry has it."""

    subject: str
    version: int
    id: int
    schema: str


class Rehearsal(NamedTuple):
    """What would come of registering a schema.

    Attributes:
        reasons: why it would be refused; empty when it would not.
        warnings: what else somebody should know.
    """

    reasons: Sequence[str]
    warnings: Sequence[str]


class RegistryClient:
    """Asks one schema registry; can be shared by all tasks of an event loop.

    Args:
        url: base address, for example ``http://localhost:8081`` or, for Apicurio, ``…/apis/ccompat/v7``.
        auth: user and password, or any `httpx.Auth` (see `TokenAuth`).
        verify: TLS trust, and the client certificate for mTLS; None for the system's trust store.
        cache_dir: directory in which schemas are kept by registry and id; None keeps them in memory only.
        offline: keep the ids of registrations there too, and use them while the registry is away.
        attempts: how often a request is sent before `Transient` is raised.

    All methods raise:
        Transient: (``registry-unavailable``) no usable answer after all attempts.
        Permanent: the registry refuses: ``schema-unknown``, ``schema-invalid``, ``schema-incompatible``,
            ``registry-refused``.
        Misconfigured: the registry does not accept the credentials.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: httpx.Auth | tuple[str, str] | None = None,
        verify: object = None,
        cache_dir: Path | None = None,
        offline: bool = False,
        attempts: int = 4,
    ) -> None:
        self._transport = RegistryTransport(url, auth=auth, verify=verify, attempts=attempts)
        self._disk = DiskCache(cache_dir, self._transport.url) if cache_dir else None
        self._offline = self._disk if offline else None
        self._schemas: dict[int | UUID, str] = {}
        self._missing: dict[int | UUID, float] = {}
        self._flights: dict[int | UUID, asyncio.Task[str]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        for flight in self._flights.values():
            flight.cancel()
        await self._transport.close()

    async def register(
        self,
        subject: str,
        schema_text: str,
        *,
        references: Sequence[Mapping[str, object]] = (),
        normalize: bool = False,
    ) -> int:
        """Register a schema and give its id; the same schema again gives the same id.

        While the registry is away, what was registered from here before keeps its id if ``offline`` is set.

        Args:
            subject: for example ``in.dtc-value``.
            schema_text: Avro schema as JSON.
            references: ``{"name", "subject", "version"}`` of named types defined elsewhere.
            normalize: let the registry bring the schema into its normal form first.
        """
        path = f"/subjects/{_segment(subject)}/versions" + ("?normalize=true" if normalize else "")
        body: dict[str, object] = {"schema": schema_text}
        if references:
            body["references"] = list(references)
        try:
            schema_id = (await self._transport.ask(_Id, "POST", path, body)).id
        except Transient:
            known = await self._offline.registered(subject, schema_text) if self._offline else None
            if known is None:
                raise
            return known
        self._missing.pop(schema_id, None)
        if self._disk and not references and await self._disk.load(schema_id) != schema_text:
            await self._disk.store(
                schema_id, schema_text
            )  # what is written with it is read without a registry
        if self._offline:
            await self._offline.store_registered(subject, schema_text, schema_id)
        return schema_id

    async def schema(self, schema_id: int | UUID) -> str:
        """Give the schema with this id or GUID, references inlined, so that it stands by itself.

        Concurrent calls for one id share one request.
        """
        if (known := self._schemas.get(schema_id)) is not None:
            return known
        if self._missing.get(schema_id, 0.0) > time.monotonic():
            raise Permanent("schema-unknown", f"Schema {schema_id} is not registered")
        flight = self._flights.get(schema_id)
        if flight is None:
            flight = asyncio.create_task(self._find(schema_id))
            self._flights[schema_id] = flight
            flight.add_done_callback(lambda _: self._flights.pop(schema_id, None))
        return await asyncio.shield(flight)

    async def latest(self, subject: str) -> Registered:
        """Give the newest version of a subject; its schema text is as registered, references not inlined."""
        path = f"/subjects/{_segment(subject)}/versions/latest"
        answer = await self._transport.ask(_Version, "GET", path)
        return Registered(subject, answer.version, answer.id, answer.schema)

    async def set_compatibility(self, subject: str, level: str) -> None:
        """Set the compatibility level of a subject, ``""`` for the registry's default."""
        path = f"/config/{_segment(subject)}" if subject else "/config"
        await self._transport.ask(msgspec.Raw, "PUT", path, {"compatibility": level})

    async def ensure_compatibility(self, subject: str, level: str = "BACKWARD") -> None:
        """Set a level for a subject that exists, where none is in force; a level that somebody chose stays.

        Apicurio checks nothing unless told to, which would let the schemas of a topic drift apart.
        """
        path = f"/config/{_segment(subject)}?defaultToGlobal=true"
        if (await self._transport.ask(_Level, "GET", path)).compatibilityLevel != "NONE":
            return
        try:
            await self.set_compatibility(subject, level)
        except Permanent as error:
            if error.code != "schema-incompatible":  # 409: another process has set it at the same moment
                raise

    async def check(
        self, subject: str, schema_text: str, *, references: Sequence[Mapping[str, object]] = ()
    ) -> list[str]:
        """Give the reasons why registering would be refused as incompatible; empty when it would not.

        A subject that does not exist yet is compatible with anything.
        """
        body: dict[str, object] = {"schema": schema_text}
        if references:
            body["references"] = list(references)
        path = f"/compatibility/subjects/{_segment(subject)}/versions?verbose=true"
        try:
            answer = await self._transport.ask(_Answer, "POST", path, body)
        except Permanent as error:
            if error.code == "schema-unknown":
                return []
            raise
        if answer.is_compatible:
            return []
        return (
            answer.messages
            or await self._own_reasons(subject, schema_text)
            or ["The registry gives no reason."]
        )

    async def _own_reasons(self, subject: str, schema_text: str) -> list[str]:
        """Find the reasons that a registry does not give, Apicurio for one, against the latest version."""
        path = f"/config/{_segment(subject)}?defaultToGlobal=true"
        answer = await self._transport.ask(_Level, "GET", path)
        level = (answer.compatibilityLevel or "BACKWARD").removesuffix("_TRANSITIVE")
        latest = await self.latest(subject)

        def compare() -> list[str]:
            old = Earlier(latest.version, latest.schema, parse(text).root)
            return check(parse(schema_text).root, [old], level).messages

        text = await self.schema(latest.id)
        try:
            return await asyncio.to_thread(compare)
        except InvalidSchema:  # it needs types that only the registry knows
            return []

    async def rehearse(self, subject: str, schema_text: str, *, normalize: bool = False) -> Rehearsal:
        """Tell whether registering would be refused as incompatible, and what it would warn of.

        Our own registry runs the code that registers and writes nothing; of another one only its verdict on
        compatibility can be asked.
        """
        path = f"/dry-run/subjects/{_segment(subject)}/versions" + ("?normalize=true" if normalize else "")
        try:
            answer = await self._transport.ask(_Warned, "POST", path, {"schema": schema_text})
        except Permanent as error:
            if error.code not in {"schema-unknown", "schema-incompatible"}:
                raise
        else:
            return Rehearsal([], answer.warnings)
        return Rehearsal(await self.check(subject, schema_text), [])

    async def call(self, method: str, path: str, body: object = None) -> object:
        """Send any request of the REST API and give the decoded JSON answer."""
        return await self._transport.call(method, path, body)

    @property
    def reachable(self) -> bool:
        """Whether the last request had an answer; True before the first."""
        return self._transport.reachable

    async def ready(self) -> bool:
        """Tell whether the registry answers now: one attempt, nothing raised."""
        with contextlib.suppress(CorridorError):
            await self._transport.ask(msgspec.Raw, "GET", "/subjects?limit=1", attempts=1)
        return self.reachable

    async def _find(self, schema_id: int | UUID) -> str:
        if self._disk and isinstance(schema_id, int):
            text = await self._disk.load(schema_id)
            if text is None:
                text = await self._fetch(schema_id)
                await self._disk.store(schema_id, text)
        else:
            text = await self._fetch(schema_id)
        self._schemas[schema_id] = text
        return text

    async def _fetch(self, schema_id: int | UUID) -> str:
        by = "ids" if isinstance(schema_id, int) else "guids"
        try:
            answer = await self._transport.ask(_Text, "GET", f"/schemas/{by}/{schema_id}")
        except Permanent as error:
            if error.code == "schema-unknown":
                self._remember_missing(schema_id)
            raise
        if not answer.references:
            return answer.schema
        return inline(answer.schema, await self._referenced(answer.references))

    def _remember_missing(self, schema_id: int | UUID) -> None:
        if len(self._missing) >= _MOST_MISSING:
            self._missing.clear()
        self._missing[schema_id] = time.monotonic() + _FORGET_MISSING_AFTER

    async def _referenced(self, references: Sequence[_Reference]) -> list[str]:
        """Fetch all referenced schemas, the ones that others need first."""
        found: list[str] = []
        seen: set[tuple[str, int | str]] = set()

        async def visit(items: Sequence[_Reference]) -> None:
            if len(items) > _MOST_REFERENCES or len(seen) > _MOST_REFERENCES:
                raise Permanent("schema-invalid", f"it refers to more than {_MOST_REFERENCES} others")
            for item in items:
                place = item.subject, item.version
                if place in seen:
                    continue
                seen.add(place)
                path = f"/subjects/{_segment(item.subject)}/versions/{item.version}?deleted=true"
                answer = await self._transport.ask(_Text, "GET", path)
                await visit(answer.references or ())
                found.append(answer.schema)

        await visit(references)
        return found


def _segment(text: str) -> str:
    return quote(text, safe="")
