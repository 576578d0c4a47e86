"""From a field of a corridor event back to the field of the sender's message that it was made from.

The compiler knows what each field of an output is made from. Which item of a list it was, the loop
variables of the rule tell, and the value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas.avro.structs import member
from schemas.mapping.code import Claim
from schemas.mapping.report import INDEX, locate, starred
from schemas.mapping.runtime import excerpt
from schemas.translation.model import Output


class Place(NamedTuple):
    """A field of a message: its JSON pointer and its value as text."""

    pointer: str
    value: str


def origin(message: Any, output: Output, pointer: str, value: str | None) -> Place | None:  # noqa: ANN401
    """The field of a message that a field of one of its outputs was made from.

    Args:
        message: its datum or struct.
        output: with the rule that made it.
        pointer: of the output's field.
        value: its value as text; of several fields that may be meant the one with this value is.

    Returns:
        None when the rule made the field of nothing in the message.
    """
    if output.rule is None:
        return None
    claims = output.rule.claims.get(starred(pointer), ())
    found = [place for claim in sorted(claims, key=repr) for place in _places(message, output, claim)]
    same = [place for place in found if place.value == value]
    numbers = INDEX.findall(pointer)
    index = int(numbers[-1][1:]) if numbers else 0
    if same:
        return same[min(index, len(same) - 1)] if len(same) > 1 else same[0]
    return found[index] if index < len(found) else found[0] if found else None


def _places(message: Any, output: Output, claim: Claim) -> Iterator[Place]:  # noqa: ANN401
    here, path, start = message, claim.path, ""
    anchor = claim.anchor
    if anchor is not None and anchor.name.startswith("$") and output.rule is not None:
        here = output.variables[output.rule.variables.index(anchor.name[1:])]
        path, start = path[anchor.depth :], locate(message, here)
    yield from _walk(here, path, start)


def _walk(here: Any, path: tuple[str, ...], pointer: str) -> Iterator[Place]:  # noqa: ANN401
    if here is None or here in ("", []):
        return
    if isinstance(here, list) and path:
        for index, item in enumerate(here):
            yield from _walk(item, path, f"{pointer}/{index}")
    elif path:
        inner = here.get(path[0]) if isinstance(here, dict) else member(here, path[0])
        yield from _walk(inner, path[1:], f"{pointer}/{path[0]}")
    else:
        one = here[0] if isinstance(here, list) else here
        if not isinstance(one, dict) and not hasattr(here, "__struct_fields__"):
            yield Place(pointer, excerpt(here))
