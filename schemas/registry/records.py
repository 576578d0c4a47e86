"""Records of the ``_schemas`` topic in Confluent's own format: a real Confluent or Karapace can take it over.

Compaction works on the bytes of the key: the order of properties is part of the format, and so is the absence
of white space.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from schemas.avro.lint import Json
from schemas.errors import Permanent
from schemas.registry.text import json_text

AVRO: Final = "AVRO"

Document = Mapping[str, Json]
"""A JSON object that is kept as it is: metadata, a rule set, a configuration."""


class SchemaKey(NamedTuple):
    """One version of a subject."""

    subject: str
    version: int


class DeletedKey(NamedTuple):
    """A subject was soft deleted up to a version."""

    subject: str


class ClearedKey(NamedTuple):
    """A subject entered IMPORT: its soft-deleted versions are gone."""

    subject: str


class ConfigKey(NamedTuple):
    """Configuration of a subject, of a context (``:.ctx:``), or of all when empty."""

    subject: str


class ModeKey(NamedTuple):
    """Mode of a subject, of a context, or of all when empty."""

    subject: str


class ContextKey(NamedTuple):
    """A context exists."""

    tenant: str
    context: str


class MarkKey(NamedTuple):
    """Confluent's NOOP, whose value other registries never look at: ours is a `Mark`."""


Key = SchemaKey | DeletedKey | ClearedKey | ConfigKey | ModeKey | ContextKey | MarkKey

NAMES: Final[dict[type, tuple[str, int]]] = {
    SchemaKey: ("SCHEMA", 1),
    DeletedKey: ("DELETE_SUBJECT", 0),
    ClearedKey: ("CLEAR_SUBJECT", 0),
    ConfigKey: ("CONFIG", 0),
    ModeKey: ("MODE", 0),
    ContextKey: ("CONTEXT", 0),
    MarkKey: ("NOOP", 0),
}
_TYPES: Final = {name: (kind, magic) for kind, (name, magic) in NAMES.items()}


class Reference(NamedTuple):
    """A named type that is defined by another subject."""

    name: str
    subject: str
    version: int

    @property
    def json(self) -> dict[str, Json]:
        """As in the REST API and in records."""
        return self._asdict()


class SchemaValue(NamedTuple):
    """One version of a subject, as it is stored.

    Attributes:
        subject: with its context.
        version: from 1.
        id: identity of the content in its context.
        schema: canonical text.
        kind: ``AVRO``; others only where another registry wrote them.
        timestamp: UTC milliseconds of the record.
    """

    subject: str
    version: int
    id: int
    schema: str
    deleted: bool = False
    kind: str = AVRO
    references: tuple[Reference, ...] = ()
    metadata: Document | None = None
    rules: Document | None = None
    timestamp: int = 0

    @property
    def key(self) -> SchemaKey:
        """Key of its record."""
        return SchemaKey(self.subject, self.version)

    @property
    def content(self) -> str:
        """What makes its identity: type, text, references, metadata and rules."""
        parts = [self.kind, self.schema, self.references, self.metadata, self.rules]
        return json.dumps(parts, sort_keys=True)

    def record(self) -> dict[str, Json]:
        """Give the record's value."""
        value: dict[str, Json] = {
            "subject": self.subject,
            "version": self.version,
            "id": self.id,
            "schemaType": None if self.kind == AVRO else self.kind,
            "references": [r.json for r in self.references] or None,
            "metadata": self.metadata,
            "ruleSet": self.rules,
            "schema": self.schema,
            "deleted": self.deleted,
        }
        return {k: v for k, v in value.items() if v is not None}


class Mark(NamedTuple):
    """What outlives compaction and hard deletes.

    Attributes:
        ids: highest id ever given, per context.
        writer: address of the registry that writes now, ``""`` when it has none.
    """

    ids: Mapping[str, int]
    writer: str = ""


class Entry(NamedTuple):
    """One record, decoded. A value of None is a tombstone."""

    key: Key
    value: SchemaValue | Document | Mark | None


def encode(entry: Entry) -> tuple[bytes, bytes | None]:
    """Give key and value of a record."""
    return encode_key(entry.key), encode_value(entry.value)


def encode_key(key: Key) -> bytes:
    """Give the bytes of a key, in Confluent's property order."""
    name, magic = NAMES[type(key)]
    fields = {k: v for k, v in key._asdict().items() if v != "" or isinstance(key, ContextKey)}
    return json_text({"keytype": name, **fields, "magic": magic}).encode()


def encode_value(value: SchemaValue | Document | Mark | None) -> bytes | None:
    """Give the bytes of a value."""
    match value:
        case None:
            return None
        case SchemaValue():
            return json_text(value.record()).encode()
        case Mark():
            return json_text({"ids": dict(value.ids), "writer": value.writer}).encode()
        case _:
            return json_text(dict(value)).encode()


def decode(key: bytes | None, value: bytes | None, timestamp: int = 0) -> Entry | None:
    """Read a record. Fields that are not known are ignored.

    Returns:
        None for one that is not ours to understand: its key names no kind of record that we know.

    Raises:
        Permanent: ``log-unreadable``: it is of a kind that we know, and says nothing that can be read.
    """
    try:
        where = json.loads(key or b"null")
        kind, _ = _TYPES[where["keytype"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    try:
        what = json.loads(value) if value is not None else None
        if kind is SchemaKey:
            found: Key = SchemaKey(str(where["subject"]), int(where["version"]))
        elif kind is ContextKey:
            found = ContextKey(str(where.get("tenant", "default")), str(where["context"]))
        elif kind is MarkKey:
            found = MarkKey()
        else:
            found = kind(where.get("subject") or "")
        return Entry(found, _value(found, what, timestamp))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Permanent("log-unreadable", f"a record {where['keytype']}: {error!r}") from error


def _value(key: Key, value: Json, timestamp: int) -> SchemaValue | Document | Mark | None:
    if value is None:
        return None
    if isinstance(key, MarkKey):
        ids = {str(k): int(v) for k, v in (value.get("ids") or {}).items()}
        return Mark(ids, str(value.get("writer") or ""))
    if not isinstance(key, SchemaKey):
        return dict(value)
    return SchemaValue(
        key.subject,
        key.version,
        int(value["id"]),
        str(value["schema"]),
        bool(value.get("deleted")),
        str(value.get("schemaType") or AVRO),
        tuple(
            Reference(str(r["name"]), str(r["subject"]), int(r["version"]))
            for r in value.get("references") or ()
        ),
        value.get("metadata"),
        value.get("ruleSet"),
        timestamp,
    )
