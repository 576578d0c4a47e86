"""The identity of a schema that does not depend on who registered it, as Confluent 8 computes it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from typing import Final

from schemas.avro.lint import Json
from schemas.registry.records import Document, Reference, SchemaValue

_RULE_SETS: Final = ("migrationRules", "domainRules", "encodingRules")
_RULE: Final = ("name", "doc", "kind", "mode", "type", "tags", "params", "expr", "onSuccess", "onFailure")


def guid(
    text: str,
    references: Sequence[Reference] = (),
    metadata: Document | None = None,
    rules: Document | None = None,
) -> str:
    """Give the MD5 of everything that makes a schema what it is, printed as a UUID.

    Args:
        text: canonical text.
        references: in order.
        metadata: tags, properties and names of sensitive properties.
        rules: a rule set.
    """
    digest = hashlib.md5(text.encode(), usedforsecurity=False)
    for name, subject, version in references:
        digest.update(name.encode() + subject.encode() + version.to_bytes(4, "big", signed=True))
    if metadata is not None:
        digest.update(b"\x01" + "".join(_metadata(metadata)).encode())
    if rules is not None:
        digest.update(b"\x01" + "".join(_rules(rules)).encode())
    return str(uuid.UUID(bytes=digest.digest()))


def identity(value: SchemaValue) -> str:
    """Give the guid of a version."""
    return guid(value.schema, value.references, value.metadata, value.rules)


def _metadata(metadata: Document) -> Iterator[str]:
    for path, tags in (metadata.get("tags") or {}).items():
        yield from (path, *tags)
    for name, value in (metadata.get("properties") or {}).items():
        yield from (name, str(value))
    yield from metadata.get("sensitive") or ()


def _rules(rules: Document) -> Iterator[str]:
    for rule in (rule for kind in _RULE_SETS for rule in rules.get(kind) or ()):
        for part in _RULE:
            yield from _texts(rule.get(part))
        if rule.get("disabled"):
            yield "\x01"


def _texts(value: Json) -> Iterator[str]:
    match value:
        case None:
            return
        case dict():
            for name, inner in value.items():
                yield from (name, str(inner))
        case list():
            yield from map(str, value)
        case _:
            yield str(value)
