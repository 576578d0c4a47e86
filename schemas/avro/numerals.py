"""Reads JSON as it was written: numbers that no type carries, and keys that come twice."""

from __future__ import annotations

import json
import math
from typing import Final

from schemas.avro.lint import Json
from schemas.avro.violation import step
from schemas.errors import Invalid

_LONGEST: Final = 20
"""Characters of the longest integer that is read as one: more is no 64-bit integer."""


class Numeral(str):
    """The text of a number that has no value: ``NaN``, ``Infinity``, or one that is too long or too large."""

    __slots__ = ()

    @property
    def is_huge(self) -> bool:
        """True for a number, false for ``NaN`` and the infinities, which JSON does not have."""
        return self[-1:].isdigit()


class _Pairs(list[tuple[str, Json]]):
    """The members of one object, duplicates included."""


def parse(body: bytes) -> Json:
    """Return the value of a body; a number that has none is a ``Numeral``.

    Raises:
        Invalid: ``json-malformed`` for the first key that comes twice in one object.
        ValueError: the body is not JSON.
        RecursionError: it nests too deep.
    """
    raw = json.loads(
        body, object_pairs_hook=_Pairs, parse_int=_integer, parse_float=_float, parse_constant=Numeral
    )
    return _joined(raw, "")


def _integer(text: str) -> int | Numeral:
    return int(text) if len(text) <= _LONGEST else Numeral(text)


def _float(text: str) -> float | Numeral:
    value = float(text)
    return value if math.isfinite(value) else Numeral(text)


def _joined(value: Json, pointer: str) -> Json:
    if isinstance(value, _Pairs):
        made: dict[str, Json] = {}
        for key, item in value:
            if key in made:
                raise Invalid("json-malformed", step(pointer, key), "a key comes once in an object", key)
            made[key] = _joined(item, step(pointer, key))
        return made
    if isinstance(value, list):
        return [_joined(item, step(pointer, index)) for index, item in enumerate(value)]
    return value
