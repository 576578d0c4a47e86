"""Field names that a subject has set aside, under the configuration ``validateFields``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.registry.model import Record
from schemas.registry.records import Document, SchemaValue
from schemas.registry.submission import SubmittedSchema

RESERVED: Final = "confluent:reserved"
"""Metadata property with the names, separated by commas."""


def metadata_property(metadata: Document | None, name: str) -> object:
    """Give one property of the metadata of a schema, None when it has none."""
    return ((metadata or {}).get("properties") or {}).get(name)


def reserved_problems(
    prepared: SubmittedSchema, metadata: Document | None, earlier: Sequence[SchemaValue]
) -> list[str]:
    """Say, in Confluent's words, which reserved names a schema uses, and which it reserves no more."""
    names = _names(metadata)
    root = prepared.schema.root
    fields = {item.name for item in root.fields} if isinstance(root, Record) else set()
    before = _names(earlier[-1].metadata) if earlier else set()
    return [
        *(
            f"The new schema has reserved field {name} removed from its metadata which is present in the old "
            "schema's metadata."
            for name in sorted(before - names)
        ),
        *(
            f"The new schema has field that conflicts with the reserved field {name}."
            for name in sorted(names & fields)
        ),
    ]


def _names(metadata: Document | None) -> set[str]:
    text = str(metadata_property(metadata, RESERVED) or "")
    return {name.strip() for name in text.split(",") if name.strip()}
