"""Tags inside a schema: the attribute ``confluent:tags`` of records and fields, such as ``PII``."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Final

from schemas.avro.lint import Json
from schemas.registry.model import Node, Props, Record, children

TAGS: Final = "confluent:tags"


def tagged(root: Node, wanted: Container[str]) -> list[dict[str, Json]]:
    """Give the records and fields that have one of the wanted tags (``*``: any), in Confluent's form."""
    return [
        {"schemaEntity": {"entityPath": path, "entityType": kind}, "tags": tags}
        for path, kind, tags in _walk(root, set())
        if "*" in wanted or any(tag in wanted for tag in tags)
    ]


def _walk(node: Node, seen: set[str]) -> Iterator[tuple[str, str, list[str]]]:
    if not isinstance(node, Record):
        for inner in children(node):
            yield from _walk(inner, seen)
        return
    if node.fullname in seen:
        return
    seen.add(node.fullname)
    if tags := _tags(node.props):
        yield node.fullname, "sr_record", tags
    for item in node.fields:
        if tags := _tags(item.props):
            yield f"{node.fullname}.{item.name}", "sr_field", tags
        yield from _walk(item.type, seen)


def _tags(props: Props) -> list[str]:
    found = props.get(TAGS)
    return list(dict.fromkeys(map(str, found))) if isinstance(found, list) else []
