"""Registering a schema, and the same steps without writing anything: look-up and check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from schemas.registry.compatibility import CheckResult, check
from schemas.registry.names import DEFAULT, Subject
from schemas.registry.reading import InvalidSchema
from schemas.registry.reasons import EndlessError
from schemas.registry.records import ContextKey, Document, Entry, SchemaValue
from schemas.registry.refusal import (
    RegistryRefusal,
    bad_subject,
    invalid_schema,
    no_schema,
    no_subject,
    not_permitted,
    too_large,
)
from schemas.registry.reserved import metadata_property, reserved_problems
from schemas.registry.state import READWRITE, RegistryState, places
from schemas.registry.submission import Submission, SubmittedSchema, earlier, prepare

IMPORT: Final = "IMPORT"
_IMPORTING: Final = (IMPORT, "FORWARD")
_READONLY: Final = frozenset({"READONLY", "READONLY_OVERRIDE"})


class RegistryChange(NamedTuple):
    """What a request writes and what it answers once that is written."""

    entries: Sequence[Entry]
    answer: object
    warnings: Sequence[str] = ()


def register(
    state: RegistryState, where: Subject, given: Submission, *, normalize: bool, recursive: bool
) -> RegistryChange:
    """Register a schema; one that is there already is answered and nothing is written.

    Raises:
        Refusal: 409 incompatible; 42201 invalid; 42205 by mode; 42208 bad subject; 42209 too large.
    """
    if not where.valid:
        raise bad_subject(where.text)
    if state.mode(where) not in _IMPORTING:  # an import is kept as it comes
        given = _completed(state, where, given)
        normalize = normalize or bool(state.config(where).get("normalize"))
    prepared = prepare(state, where, given, normalize=normalize, recursive=recursive)
    existing = _registered(state, where, given, prepared)
    if existing is not None:
        return RegistryChange((), existing)
    require_mode(state, where, *(_IMPORTING if given.id >= 0 else (READWRITE,)))
    versions = state.versions(where.text)
    number = _next_version(versions, given)
    warnings: Sequence[str] = ()
    if given.id < 0:
        verdict = judge(state, where, prepared, given.metadata, state.live(where.text))
        if not verdict.compatible:
            raise _incompatible(where, verdict)
        warnings = verdict.warnings
    new = SchemaValue(
        where.text, number, 0, prepared.text, references=prepared.references, metadata=given.metadata
    )
    new = new._replace(id=_identity(state, where, new, given.id))
    return RegistryChange(
        [*_context(state, where), Entry(new.key, new), *_superseded(versions, new)], new, warnings
    )


def lookup(
    state: RegistryState,
    where: Subject,
    given: Submission,
    *,
    normalize: bool,
    recursive: bool,
    deleted: bool,
) -> SchemaValue:
    """Find the version of a subject that has this content.

    Raises:
        Refusal: 40401, 40403, 42201.
    """
    known = [
        place
        for place in places(state, where)
        if any(deleted or not v.deleted for v in state.versions(place.text))
    ]
    if where in known and not given.schema:
        raise no_schema()
    for place in known:
        prepared = prepare(
            state,
            place,
            given,
            normalize=normalize or bool(state.config(place).get("normalize")),
            recursive=recursive,
        )
        found = next(_same(state, place, given, prepared, deleted=deleted), None)
        if found is not None:
            return found
    raise no_schema() if where in known else no_subject(where.text)


def _registered(
    state: RegistryState, where: Subject, given: Submission, prepared: SubmittedSchema
) -> SchemaValue | None:
    """Give the version that a request would register again; an import may ask for the same under another."""
    for value in _same(state, where, given, prepared):
        if given.version <= 0 and given.id in {-1, value.id}:
            return value
        if (given.id, given.version) == (value.id, value.version):
            return value
    return None


def _same(
    state: RegistryState,
    where: Subject,
    given: Submission,
    prepared: SubmittedSchema,
    *,
    deleted: bool = False,
) -> Iterator[SchemaValue]:
    """Give the versions of a subject with the same content, newest first; metadata not given matches any."""
    for value in reversed(state.versions(where.text)):
        same_place = deleted or not value.deleted
        same_metadata = given.metadata is None or dict(given.metadata) == value.metadata
        if not same_place or not same_metadata:
            continue
        if value.schema == prepared.text and sorted(value.references) == sorted(prepared.references):
            yield value


def judge(
    state: RegistryState,
    where: Subject,
    prepared: SubmittedSchema,
    metadata: Document | None,
    versions: Sequence[SchemaValue],
) -> CheckResult:
    """Check a schema against versions of a subject under the configuration that holds there."""
    config = state.config(where)
    level = str(config["compatibilityLevel"])
    fields_checked = bool(config.get("validateFields"))
    reserved = reserved_problems(prepared, metadata, versions) if fields_checked else []
    if level == "NONE":
        return CheckResult(level, reserved=reserved, fields_checked=fields_checked)
    group = config.get("compatibilityGroup")
    if group:
        versions = [
            v for v in versions if metadata_property(v.metadata, group) == metadata_property(metadata, group)
        ]
    try:
        olds = [earlier(state, value) for value in versions]
    except InvalidSchema as error:
        raise invalid_schema(f"an earlier version of {where.text} cannot be read: {error.message}") from error
    try:
        verdict = check(prepared.schema.root, olds, level, str(config.get("compatibilityPolicy") or ""))
    except EndlessError as error:
        raise too_large(error.message) from error
    return replace(verdict, reserved=reserved, fields_checked=fields_checked)


def require_mode(state: RegistryState, where: Subject, *wanted: str) -> None:
    """Refuse a write that the mode of the subject does not allow (42205).

    Args:
        state: the state.
        where: the subject.
        wanted: the modes that allow it; none for any in which something may be written.
    """
    mode = state.mode(where)
    context = "" if where.context == DEFAULT else where.context
    if mode in _READONLY:
        raise not_permitted(f"Subject {where.text} in context {context} is in read-only mode")
    if wanted and mode not in wanted:
        kind = "read-write" if READWRITE in wanted else "import"
        raise not_permitted(f"Subject {where.text} in context {context} is not in {kind} mode")


def _completed(state: RegistryState, where: Subject, given: Submission) -> Submission:
    """Fill in from the latest version and the configuration what the client left out."""
    live = state.live(where.text)
    if not given.schema:
        if not live:
            raise invalid_schema("Empty schema")
        latest = live[-1]
        given = given._replace(schema=latest.schema, references=latest.references)
        if given.metadata is None:
            given = given._replace(metadata=latest.metadata)
    config = state.config(where)
    previous = live[-1].metadata if live and given.metadata is None else given.metadata
    merged = _merged(_merged(config.get("defaultMetadata"), previous), config.get("overrideMetadata"))
    return given._replace(metadata=merged)


def _merged(under: Document | None, over: Document | None) -> Document | None:
    if not under or not over:
        return dict(over or under or {}) or None
    merged = {**under, **over}
    for part in ("tags", "properties"):
        if part in under and part in over:
            merged[part] = {**under[part], **over[part]}
    if "sensitive" in under and "sensitive" in over:
        merged["sensitive"] = sorted({*under["sensitive"], *over["sensitive"]})
    return merged


def _next_version(versions: Sequence[SchemaValue], given: Submission) -> int:
    following = versions[-1].version + 1 if versions else 1
    if given.version <= 0 or given.id >= 0:
        return given.version if given.version > 0 else following
    if given.version != following:
        raise invalid_schema(
            f"Version is not one more than previous version: {given.version}, expected {following}"
        )
    return following


def _identity(state: RegistryState, where: Subject, new: SchemaValue, wanted: int) -> int:
    if wanted < 0:
        known = state.id_of(where.context, new.content)
        return known if known is not None else state.highest_id(where.context) + 1
    known_content = state.content_of(where.context, wanted)
    if known_content is not None and known_content != new.content:
        raise not_permitted(f"Overwrite new schema with id {wanted} is not permitted.")
    return wanted


def _context(state: RegistryState, where: Subject) -> list[Entry]:
    if where.context in state.contexts():
        return []
    return [Entry(ContextKey("default", where.context), {"tenant": "default", "context": where.context})]


def _superseded(versions: Sequence[SchemaValue], new: SchemaValue) -> list[Entry]:
    """A soft-deleted version with the same id makes place for the new one."""
    return [Entry(v.key, None) for v in versions if v.deleted and v.id == new.id and v.version != new.version]


def _incompatible(where: Subject, verdict: CheckResult) -> RegistryRefusal:
    details = ", ".join(verdict.messages)
    return RegistryRefusal(
        409,
        f'Schema being registered is incompatible with an earlier schema for subject "{where.text}", '
        f"details: [{details}]",
    )
