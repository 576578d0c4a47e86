"""From a field of a corridor event back to the field of the sender's message that it was made from.

The compiler knows what each field of an output is made from. Which item of a list it was, the loop
variables of the rule tell, the items that were taken by an index, and the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Any

from schemas.mapping.code import SOME, Claim
from schemas.mapping.compile import CompiledRule
from schemas.mapping.report import INDEX, locate, plain, starred
from schemas.mapping.shown import Place, places
from schemas.translation.model import Output, Result

Logical = Callable[[tuple[str, ...]], str]
"""The logical type of the field of a message at a path."""


def origin(
    result: Result,
    output: Output,
    pointer: str,
    value: str | None,
    logical: Logical = lambda _: "",
    nth: int = 0,
) -> Place | None:
    """The field of a message that a field of one of its outputs was made from.

    Args:
        result: what became of the message.
        output: with the rule that made it.
        pointer: of the output's field.
        value: its value as text; of several fields that may be meant the one with this value is.
        logical: type of a field of the message.
        nth: how many items of the output before it have the same value: as many of the message have it.

    Returns:
        None when the rule made the field of nothing in the message.
    """
    if output.rule is None:
        return None
    claims, numbers = _ordered(output.rule, starred(pointer)), INDEX.findall(pointer)
    found: list[Place] = []
    for items in (True, False) if numbers else (False,):
        here = [
            place for claim in claims for place in _places(result, output, claim, logical, value, items=items)
        ]
        here = list({place.pointer: place for place in here}.values())
        same = [place for place in here if place.value == value]
        if items and not same and value:
            same = [place for place in here if _plain(place.value) == _plain(value)]
        if same:
            return same[min(nth, len(same) - 1)]
        found = found or here
    index = int(numbers[-1][1:]) if numbers else 0
    return found[index] if index < len(found) else found[0] if found else None


def rank(record: Any, pointer: str, logical: str) -> int:  # noqa: ANN401 - a datum or struct
    """How many fields at the path of a pointer have the value that it has, and stand before it."""
    path = tuple(plain(pointer)[1:].split("/"))
    found = list(places(record, path, "", logical, items=True))
    mine = next((place for place in found if place.pointer == pointer), None)
    before = takewhile(lambda place: place is not mine, found) if mine is not None else ()
    return sum(1 for place in before if mine is not None and place.value == mine.value)


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()


def wanting(rules: Iterable[CompiledRule], pointer: str) -> str | None:
    """Pointer of the field of a message that an absent field of what a rule makes would have been made from.

    Args:
        rules: the rule, or all that may have made it.
        pointer: of the absent field.
    """
    field = starred(pointer)
    paths = [claim.path for rule in rules for claim in _ordered(rule, field)]
    return "/" + "/".join(paths[0]) if paths else None


def is_chief(output: Output, pointer: str, place: Place) -> bool:
    """Whether a place is what a field of an output is named by, or nothing else is.

    Args:
        output: with the rule that made it.
        pointer: of the output's field.
        place: that it was made from.
    """
    chief = () if output.rule is None else output.rule.chief.get(starred(pointer), ())
    path = tuple(step for step in starred(place.pointer).split("/") if step not in {"", "*"})
    return not chief or path[-len(chief) :] == chief


def _ordered(rule: CompiledRule, field: str) -> list[Claim]:
    """What a field is made from, first what it is named by, then what lies deepest."""
    chief = rule.chief.get(field, ())

    def rank(claim: Claim) -> tuple[bool, int, str]:
        named = bool(chief) and claim.path[-len(chief) :] == chief
        return (not named, -len(claim.path), repr(claim))

    return sorted(rule.claims.get(field, ()), key=rank)


def elsewhere(result: Result, output: Output, pointer: str, place: Place) -> Iterator[str]:
    """The other fields of an output that were made of the same field of a message, and of no other item.

    Args:
        result: what became of the message.
        output: with the rule that made it.
        pointer: of one field of the output.
        place: what that was made from.
    """
    for other, claims in output.rule.claims.items() if output.rule is not None else ():
        if other == starred(pointer):
            continue
        for claim in claims:
            made = list(_places(result, output, claim))
            if len(made) == 1 and made[0].pointer == place.pointer:
                yield other
                break


def texts_at(message: Any, path: tuple[str, ...], logical: str) -> set[str]:  # noqa: ANN401
    """The values of a field, in whichever items of lists, as texts."""
    return {place.value for place in places(message, path, "", logical)}


def _places(
    result: Result,
    output: Output,
    claim: Claim,
    logical: Logical = lambda _: "",
    value: str | None = None,
    *,
    items: bool = False,
) -> Iterator[Place]:
    message, path, anchor = result.record, claim.path, claim.anchor
    if anchor is not None and anchor.number:
        yield from _of_taken(result, claim, logical, items=items)
        return
    here = message
    if anchor is None or not anchor.name.startswith("$") or output.rule is None:
        yield from places(here, path, "", logical(path), items=items)
        return
    here = output.variables[output.rule.variables.index(anchor.name[1:])]
    start = locate(message, here)
    if start or here is message:
        yield from places(here, path[anchor.depth :], start, logical(path), items=items)
    else:  # an item of another version of the message: where this one has the same
        yield from (place for place in places(message, path, "", logical(path)) if place.value == value)


def _of_taken(result: Result, claim: Claim, logical: Logical, *, items: bool = False) -> Iterator[Place]:
    """Of the items that an index took; of all where they are of another version of the message."""
    message, path, anchor = result.record, claim.path, claim.anchor or SOME
    taken = [item for number, item in result.took if number == anchor.number and item is not None]
    here = {start: item for item in taken if (start := locate(message, item))}
    if taken and not here:
        yield from places(message, path, "", logical(path), items=items)
    for start, item in here.items():
        yield from places(item, path[anchor.depth :], start, logical(path), items=items)
