"""The state of the registry: what the records of ``_schemas``, applied in order, add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from schemas.registry.guid import identity
from schemas.registry.names import DEFAULT, GLOBAL, Subject, subject
from schemas.registry.records import (
    ClearedKey,
    ConfigKey,
    ContextKey,
    DeletedKey,
    Document,
    Entry,
    Key,
    Mark,
    MarkKey,
    ModeKey,
    Reference,
    SchemaKey,
    SchemaValue,
)

READWRITE: Final = "READWRITE"
DEFAULT_LEVEL: Final = "BACKWARD"
_INHERITED: Final = (
    "normalize",
    "validateFields",
    "validateRules",
    "compatibilityPolicy",
    "compatibilityGroup",
)
_NOTHING: Final[Mapping[int, SchemaValue]] = {}


class RegistryState:
    """All subjects, versions, ids, configurations and modes.

    One task applies records; other threads may read meanwhile, because what they read is copied first.

    Attributes:
        writer: address of the registry that writes now.
        conflicts: keys of records that were refused because their id belongs to other content.
        offset: of the last record applied, -1 before the first.
    """

    def __init__(self) -> None:
        self.writer = ""
        self.conflicts: list[SchemaKey] = []
        self.offset = -1
        self.configs: dict[str, Document] = {}
        self.modes: dict[str, str] = {}
        self._subjects: dict[str, dict[int, SchemaValue]] = {}
        self._contexts: dict[str, None] = {DEFAULT: None}
        self._ids: dict[str, dict[int, str]] = {}
        self._contents: dict[str, dict[str, int]] = {}
        self._users: dict[tuple[str, int], dict[SchemaKey, None]] = {}
        self._guids: dict[str, dict[SchemaKey, None]] = {}
        self._referrers: dict[SchemaKey, dict[SchemaKey, None]] = {}
        self._marks: dict[str, int] = {}

    def apply(self, entry: Entry | None, offset: int) -> None:
        """Take in the next record of the log; None stands for one that was not understood."""
        self.offset = offset
        if entry is None:
            return
        key, value = entry
        match key, value:
            case SchemaKey(), SchemaValue():
                self._put(value)
            case SchemaKey(), _:
                self._remove(key)
            case DeletedKey(), Mapping():
                for old in self.versions(key.subject):
                    if old.version <= int(value.get("version") or 0) and not old.deleted:
                        self._put(old._replace(deleted=True))
            case ClearedKey(), Mapping():
                for old in self.versions(key.subject):
                    if old.deleted:
                        self._remove(old.key)
            case _:
                self._apply_setting(key, value)

    def _apply_setting(self, key: Key, value: SchemaValue | Document | Mark | None) -> None:
        match key, value:
            case ConfigKey(), Mapping():
                self.configs[key.subject] = {
                    k: v for k, v in value.items() if k != "subject" and v is not None
                }
            case ConfigKey(), _:
                self.configs.pop(key.subject, None)
            case ModeKey(), Mapping():
                self.modes[key.subject] = str(value.get("mode") or READWRITE)
            case ModeKey(), _:
                self.modes.pop(key.subject, None)
            case ContextKey(), None:
                self._contexts.pop(key.context, None)
            case ContextKey(), _:
                self._contexts[key.context] = None
            case MarkKey(), Mark():
                self.writer = value.writer
                for context, highest in value.ids.items():
                    self._mark(context, highest)

    def _mark(self, context: str, schema_id: int) -> None:
        self._marks[context] = max(self._marks.get(context, 0), schema_id)

    def _put(self, value: SchemaValue) -> None:
        context = subject(value.subject).context
        known = self._ids.setdefault(context, {}).get(value.id)
        if known is not None and known != value.content:
            self.conflicts.append(value.key)
            return
        self._remove(value.key)
        self._ids[context][value.id] = value.content
        self._contents.setdefault(context, {}).setdefault(value.content, value.id)
        self._users.setdefault((context, value.id), {})[value.key] = None
        self._guids.setdefault(identity(value), {})[value.key] = None
        self._subjects.setdefault(value.subject, {})[value.version] = value
        self._contexts.setdefault(context)
        self._mark(context, value.id)
        for place in self._referred(value):
            self._referrers.setdefault(place, {})[value.key] = None

    def _remove(self, key: SchemaKey) -> None:
        value = self._subjects.get(key.subject, {}).pop(key.version, None)
        if value is None:
            return
        if not self._subjects[key.subject]:
            del self._subjects[key.subject]
        context = subject(key.subject).context
        users = self._users[context, value.id]
        del users[key]
        same = self._guids[identity(value)]
        del same[key]
        if not same:
            del self._guids[identity(value)]
        for place in self._referred(value):
            self._referrers.get(place, {}).pop(key, None)
        if not users:
            del self._users[context, value.id]
            del self._ids[context][value.id]
            if self._contents[context].get(value.content) == value.id:
                del self._contents[context][value.content]

    def _referred(self, value: SchemaValue) -> list[SchemaKey]:
        context = subject(value.subject).context
        return [SchemaKey(subject(r.subject, context).text, r.version) for r in value.references]

    # -- what there is

    def versions(self, name: str) -> list[SchemaValue]:
        """Give all versions of a subject, oldest first, soft-deleted ones too."""
        return sorted(self._subjects.get(name, _NOTHING).values(), key=lambda v: v.version)

    def live(self, name: str) -> list[SchemaValue]:
        """Give the versions of a subject that are not deleted, oldest first."""
        return [value for value in self.versions(name) if not value.deleted]

    def latest(self, name: str) -> SchemaValue | None:
        """Give the newest version of a subject that is not deleted."""
        return next(reversed(self.live(name)), None)

    def version(self, name: str, number: int) -> SchemaValue | None:
        """Give one version, soft-deleted or not."""
        return self._subjects.get(name, _NOTHING).get(number)

    def subjects(self) -> list[str]:
        """Give the names of all subjects, sorted, those with only deleted versions too."""
        return sorted(self._subjects)

    def contexts(self) -> list[str]:
        """Give the names of all contexts, sorted."""
        return sorted(self._contexts)

    def all(self) -> Iterator[SchemaValue]:
        """Give every version of every subject, in order."""
        for name in self.subjects():
            yield from self.versions(name)

    def by_id(self, context: str, schema_id: int) -> list[SchemaValue]:
        """Give the versions that have an id, by subject and version; empty when no schema has it."""
        keys = sorted(self._users.get((context, schema_id), ()))
        return [value for key in keys if (value := self.version(*key)) is not None]

    def by_guid(self, wanted: str) -> list[SchemaValue]:
        """Give the versions of any context that have a guid, by subject and version."""
        keys = sorted(self._guids.get(wanted, ()))
        return [value for key in keys if (value := self.version(*key)) is not None]

    def id_of(self, context: str, content: str) -> int | None:
        """Give the id of a content in a context."""
        return self._contents.get(context, {}).get(content)

    def content_of(self, context: str, schema_id: int) -> str | None:
        """Give the content that an id stands for."""
        return self._ids.get(context, {}).get(schema_id)

    def highest_id(self, context: str) -> int:
        """Give the highest id that was ever given in a context."""
        return self._marks.get(context, 0)

    @property
    def mark(self) -> Mark:
        """What must outlive compaction."""
        return Mark(dict(self._marks), self.writer)

    def referrers(self, key: SchemaKey) -> list[SchemaValue]:
        """Give the live schemas that refer to a version."""
        found = (self.version(*other) for other in list(self._referrers.get(key, ())))
        return [value for value in found if value is not None and not value.deleted]

    def resolve(self, reference: Reference, context: str) -> SchemaValue | None:
        """Give the version that a reference means; -1 is the latest."""
        name = subject(reference.subject, context).text
        return self.latest(name) if reference.version == -1 else self.version(name, reference.version)

    # -- what holds

    def config(self, where: Subject) -> Document:
        """Give the configuration that holds for a subject.

        It is the nearest one there is: its own, else its context's, else the one for all contexts. Its own
        leaves some fields to the registry's; a level that it does not set is the server's default.
        """
        level = {"compatibilityLevel": DEFAULT_LEVEL}
        if where.name and where.text in self.configs:
            above = self.configs.get("", {})
            inherited = {field: above[field] for field in _INHERITED if field in above}
            return {**level, **inherited, **self.configs[where.text]}
        return {**level, **next((self.configs[s] for s in scopes(where) if s in self.configs), {})}

    def mode(self, where: Subject) -> str:
        """Give the mode that holds for a subject: its own, its context's, or the one for all contexts."""
        if self.modes.get("") == "READONLY_OVERRIDE":
            return "READONLY_OVERRIDE"
        return next((self.modes[s] for s in scopes(where) if s in self.modes), READWRITE)


def places(state: RegistryState, where: Subject) -> list[Subject]:
    """Give the subjects that may be meant: one without a context may be in any, the default one first."""
    others = [c for c in state.contexts() if c != DEFAULT] if where.context == DEFAULT else []
    return [where, *(Subject(context, where.name) for context in others)]


def scopes(where: Subject) -> list[str]:
    """Give the keys under which settings for a subject may be, the nearest first."""
    context = "" if where.context == DEFAULT else f":{where.context}:"
    return [*([where.text] if where.name else []), context, f":{GLOBAL}:"]
