"""What a message has at a JSON pointer, as a report shows it: the sender's value, not what was made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from schemas.avro.structs import member
from schemas.mapping.runtime import excerpt

Logical = Callable[[tuple[str, ...]], str]
"""The logical type of the field of a message at a path."""


class Place(NamedTuple):
    """A field of a message: its JSON pointer and its value as text."""

    pointer: str
    value: str


def places(
    here: Any,  # noqa: ANN401 - a datum or struct
    path: tuple[str, ...],
    pointer: str,
    kind: str,
    *,
    items: bool = False,
) -> Iterator[Place]:
    """Where a record has a value at a path, in each item of the lists on it.

    Args:
        here: the record.
        path: from it.
        pointer: of the record.
        kind: logical type of the values.
        items: of a list of texts each of them, not the whole.
    """
    if here is None or here in ("", []):
        return
    if isinstance(here, list) and (path or items):
        for index, item in enumerate(here):
            yield from places(item, path, f"{pointer}/{index}", kind, items=items)
    elif path:
        inner = here.get(path[0]) if isinstance(here, dict) else member(here, path[0])
        yield from places(inner, path[1:], f"{pointer}/{path[0]}", kind, items=items)
    else:
        one = here[0] if isinstance(here, list) else here
        if not isinstance(one, dict) and not hasattr(here, "__struct_fields__"):
            yield Place(pointer, excerpt(here, kind))


def shown(record: Any, pointer: str, logical: Logical) -> str | None:  # noqa: ANN401 - a datum or struct
    """The value of a field or a list of values as text.

    Args:
        record: the message.
        pointer: of a field of it.
        logical: type of a field.

    Returns:
        None where there is nothing, or more than one value can say.
    """
    here, path = record, []
    for step in pointer.split("/")[1:]:
        if isinstance(here, list):
            here = here[int(step)] if step.isdigit() and int(step) < len(here) else None
        elif here is not None:
            name = step.replace("~1", "/").replace("~0", "~")
            path.append(name)
            here = here.get(name) if isinstance(here, dict) else member(here, name)
        if here is None:
            return None
    one = here[0] if isinstance(here, list) and here else here
    if not path or isinstance(one, (dict, list)) or hasattr(one, "__struct_fields__"):
        return None
    return excerpt(here, logical(tuple(path)))
