"""Configuration and mode: of a subject, of a context, of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.avro.lint import Json
from schemas.registry.compatibility import LEVELS
from schemas.registry.names import DEFAULT, GLOBAL, Subject, subject
from schemas.registry.records import ClearedKey, ConfigKey, Document, Entry, ModeKey
from schemas.registry.refusal import RegistryRefusal, bad_subject, no_subject, not_permitted
from schemas.registry.registration import IMPORT, RegistryChange, require_mode
from schemas.registry.state import DEFAULT_LEVEL, READWRITE, RegistryState

MODES: Final = (READWRITE, "READONLY", "READONLY_OVERRIDE", IMPORT, "FORWARD")
CONFIG_FIELDS: Final = (
    "alias",
    "normalize",
    "validateFields",
    "validateRules",
    "compatibilityLevel",
    "compatibilityPolicy",
    "compatibilityGroup",
    "defaultMetadata",
    "overrideMetadata",
    "defaultRuleSet",
    "overrideRuleSet",
)


def put_config(state: RegistryState, where: Subject, body: Mapping[str, Json]) -> RegistryChange:
    """Merge a configuration into the one there is; an explicit null clears a field.

    Raises:
        Refusal: 42203, 42205, 42208.
    """
    _require_place(where)
    given = {k: body[k] for k in CONFIG_FIELDS if k in body}
    if "compatibility" in body:
        given["compatibilityLevel"] = body["compatibility"]
    level = given.get("compatibilityLevel")
    if level is not None:
        if not isinstance(level, str) or level.upper() not in LEVELS:
            raise RegistryRefusal(
                42203,
                "Invalid compatibility level. Valid values are none, backward, forward, full, "
                "backward_transitive, forward_transitive, and full_transitive",
            )
        given["compatibilityLevel"] = level.upper()
    require_mode(state, where)
    scope = scope_of(where)
    merged = {k: v for k, v in {**state.configs.get(scope, {}), **given}.items() if v is not None}
    value = {"subject": scope, **merged} if scope else merged
    return RegistryChange([Entry(ConfigKey(scope), value)], echoed(merged))


def delete_config(state: RegistryState, where: Subject) -> RegistryChange:
    """Remove a configuration and answer it; the global one falls back to the server's default.

    Raises:
        Refusal: 40401 when there is none, 42205.
    """
    scope = scope_of(where)
    if scope and scope not in state.configs:
        raise no_subject(where.text)
    require_mode(state, where)
    old = {} if scope else {"compatibilityLevel": DEFAULT_LEVEL}
    return RegistryChange([Entry(ConfigKey(scope), None)], {**old, **state.configs.get(scope, {})})


def put_mode(state: RegistryState, where: Subject, mode: Json, *, force: bool) -> RegistryChange:
    """Set a mode.

    Raises:
        Refusal: 42204; 42205 for IMPORT over existing schemas without ``force``; 42208.
    """
    _require_place(where)
    if not isinstance(mode, str) or mode.upper() not in MODES:
        raise RegistryRefusal(
            42204, "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD."
        )
    mode = mode.upper()
    scope = scope_of(where)
    entries: list[Entry] = []
    if mode == IMPORT and state.mode(where) != IMPORT and not force:
        inside = [name for name in state.subjects() if _within(name, where)]
        if any(state.live(name) for name in inside):
            raise not_permitted("Cannot import since found existing subjects")
        entries = [Entry(ClearedKey(name), {"subject": name}) for name in inside]
    value = {"subject": scope, "mode": mode} if scope else {"mode": mode}
    return RegistryChange([*entries, Entry(ModeKey(scope), value)], {"mode": mode})


def delete_mode(state: RegistryState, where: Subject, *, recursive: bool) -> RegistryChange:
    """Remove a mode and answer it; the global one falls back to READWRITE.

    Raises:
        Refusal: 40401 when there is none.
    """
    scope = scope_of(where)
    if scope and scope not in state.modes:
        raise no_subject(where.text)
    scopes = [scope]
    if recursive and not where.name:
        scopes += [name for name in sorted(state.modes) if name != scope and _within(name, where)]
    return RegistryChange(
        [Entry(ModeKey(s), None) for s in scopes], {"mode": state.modes.get(scope, READWRITE)}
    )


def scope_of(where: Subject) -> str:
    """Give the key of a setting; empty for the registry as a whole."""
    return "" if where == Subject(DEFAULT, "") else where.text


def echoed(config: Document) -> dict[str, Json]:
    """Give a configuration as PUT answers it, where the level has another name than in GET."""
    answer = dict(config)
    if "compatibilityLevel" in answer:
        answer = {"compatibility": answer.pop("compatibilityLevel"), **answer}
    return answer


def _within(name: str, where: Subject) -> bool:
    if where.name:
        return name == where.text
    return subject(name).context == where.context


def _require_place(where: Subject) -> None:
    if where.context == GLOBAL and not where.name:
        return
    if where.name and not where.valid:
        raise bad_subject(where.text)
