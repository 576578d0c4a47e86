"""Field names that a subject has set aside, under the configuration ``validateFields``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.registry.model import Record
from schemas.registry.names import Subject
from schemas.registry.records import Document, SchemaValue
from schemas.registry.refusal import Refusal
from schemas.registry.submission import Prepared

RESERVED: Final = "confluent:reserved"
"""Metadata property with the names, separated by commas."""


def metadata_property(metadata: Document | None, name: str) -> object:
    """Give one property of the metadata of a schema, None when it has none."""
    return ((metadata or {}).get("properties") or {}).get(name)


def require_reserved_free(
    config: Document,
    where: Subject,
    prepared: Prepared,
    metadata: Document | None,
    live: Sequence[SchemaValue],
) -> None:
    """Refuse a schema that has a field with a reserved name, or drops a name that was reserved (409)."""
    if not config.get("validateFields"):
        return
    names = _names(metadata)
    root = prepared.schema.root
    fields = {item.name for item in root.fields} if isinstance(root, Record) else set()
    problems = [
        f"{{errorType:'FIELD_CONFLICTS_WITH_RESERVED_FIELD', description:'The new schema has a field with "
        f"the reserved name {name}'}}"
        for name in sorted(names & fields)
    ]
    before = _names(live[-1].metadata) if live else set()
    problems += [
        f"{{errorType:'RESERVED_FIELD_REMOVED', description:'The new schema does not reserve {name} "
        f"any more, which the old schema does'}}"
        for name in sorted(before - names)
    ]
    if problems:
        raise Refusal(
            409,
            f'Schema being registered is incompatible with an earlier schema for subject "{where.text}", '
            f"details: [{', '.join(problems)}]",
        )


def _names(metadata: Document | None) -> set[str]:
    text = str(metadata_property(metadata, RESERVED) or "")
    return {name.strip() for name in text.split(",") if name.strip()}
