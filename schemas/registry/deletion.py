"""Soft and hard deletes of versions, subjects and contexts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schemas.registry.names import Subject, subject
from schemas.registry.records import (
    ConfigKey,
    ContextKey,
    DeletedKey,
    Entry,
    MarkKey,
    ModeKey,
    SchemaKey,
    SchemaValue,
)
from schemas.registry.refusal import RegistryRefusal, in_use, no_subject, no_version
from schemas.registry.registration import RegistryChange, require_mode
from schemas.registry.state import RegistryState

LATEST = -1
"""Stands for the newest version that is not deleted."""

Uses = Callable[[str], bool]
"""Says of a subject whether records that are kept may have been written with its schemas."""


def unused(_: str) -> bool:
    """No subject is in use, as far as the registry knows."""
    return False


def delete_version(
    state: RegistryState, where: Subject, version: int, *, permanent: bool, uses: Uses = unused
) -> RegistryChange:
    """Delete one version: first softly, then for good.

    Raises:
        Refusal: 40401, 40402, 40406, 40407, 42205, 42206, 42220.
    """
    require_mode(state, where)
    versions = state.versions(where.text)
    if not versions:
        raise no_subject(where.text)
    value = state.latest(where.text) if version == LATEST else state.version(where.text, version)
    if value is None:
        raise no_version(version)
    if value.deleted and not permanent:
        raise RegistryRefusal(
            40406,
            f"Subject '{where.text}' Version {value.version} was soft deleted."
            "Set permanent=true to delete permanently",
        )
    if not value.deleted and permanent:
        raise RegistryRefusal(
            40407,
            f"Subject '{where.text}' Version {value.version} was not deleted first before being "
            "permanently deleted",
        )
    _require_unreferenced(state, [value])
    if permanent:
        _require_unused(state, where, [value], uses)
    entry = Entry(value.key, None if permanent else value._replace(deleted=True))
    settings = _settings(state, where) if permanent and len(versions) == 1 else []
    return RegistryChange(
        [*_mark(state, where, [value] if permanent else []), entry, *settings], value.version
    )


def delete_subject(
    state: RegistryState, where: Subject, *, permanent: bool, uses: Uses = unused
) -> RegistryChange:
    """Delete all versions of a subject: first softly, then for good.

    Raises:
        Refusal: 40401, 40404, 40405, 42205, 42206, 42220.
    """
    require_mode(state, where)
    versions = state.versions(where.text)
    live = [v for v in versions if not v.deleted]
    if not versions:
        raise no_subject(where.text)
    if not live and not permanent:
        raise RegistryRefusal(
            40404, f"Subject '{where.text}' was soft deleted.Set permanent=true to delete permanently"
        )
    if live and permanent:
        raise RegistryRefusal(
            40405, f"Subject '{where.text}' was not deleted first before being permanently deleted"
        )
    _require_unreferenced(state, versions if permanent else live)
    if permanent:
        _require_unused(state, where, versions, uses)
        entries = [*_mark(state, where, versions), *(Entry(v.key, None) for v in versions)]
        return RegistryChange([*entries, *_settings(state, where)], [v.version for v in versions])
    watermark = {"subject": where.text, "version": versions[-1].version}
    return RegistryChange([Entry(DeletedKey(where.text), watermark)], [v.version for v in live])


def delete_context(state: RegistryState, context: str) -> RegistryChange:
    """Delete a context that has no subjects any more.

    Raises:
        Refusal: 40401 when there is none, 42211 when it has subjects.
    """
    if context not in state.contexts():
        raise RegistryRefusal(40401, f"Context '{context}' not found.")
    if any(subject(name).context == context for name in state.subjects()):
        raise RegistryRefusal(42211, f"The specified context '{context}' is not empty.")
    return RegistryChange([Entry(ContextKey("default", context), None)], None)


def _require_unreferenced(state: RegistryState, values: Sequence[SchemaValue]) -> None:
    for value in values:
        if state.referrers(value.key):
            shown = f"{{magic=1,keytype=SCHEMA,subject={value.subject},version={value.version}}}"
            raise RegistryRefusal(42206, f"One or more references exist to the schema {shown}.")


def _require_unused(state: RegistryState, where: Subject, gone: Sequence[SchemaValue], uses: Uses) -> None:
    """Refuse to make records unreadable: those whose schema would have no other subject under its id."""
    if not uses(where.text):
        return
    keys = {value.key for value in gone}
    lost = sorted({v.id for v in gone if all(user.key in keys for user in state.by_id(where.context, v.id))})
    if lost:
        raise in_use(where.text, lost)


def _settings(state: RegistryState, where: Subject) -> list[Entry]:
    """A subject without versions loses its configuration and mode."""
    entries = []
    if where.text in state.modes:
        entries.append(Entry(ModeKey(where.text), None))
    if where.text in state.configs:
        entries.append(Entry(ConfigKey(where.text), None))
    return entries


def _mark(state: RegistryState, where: Subject, gone: Sequence[SchemaValue]) -> list[Entry]:
    """Before the highest id goes for good, write down that it was given: ids are never given twice."""
    keys = {SchemaKey(v.subject, v.version) for v in gone}
    highest = state.highest_id(where.context)
    users = state.by_id(where.context, highest)
    return [Entry(MarkKey(), state.mark)] if all(v.key in keys for v in users) else []
