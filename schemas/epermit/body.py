"""Reading the JSON of a request: nothing that two readers could understand differently."""

from __future__ import annotations

import json
from typing import Final, NoReturn

from schemas.errors import Invalid

MOST_BYTES: Final = 64 << 10
DEEPEST: Final = 64


def read_object(body: bytes) -> dict[str, object]:
    """Read a JSON object.

    Raises:
        Invalid: ``json-malformed``: not UTF-8 or not JSON, keys twice, NaN, half of a surrogate pair, or
            nested deeper than 64 levels.
    """
    if len(body) > MOST_BYTES:
        raise Invalid("json-malformed", "", f"at most {MOST_BYTES} bytes", len(body))
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Invalid("json-malformed", "", f"must be JSON: {error}") from None
    if not isinstance(value, dict):
        raise Invalid("json-malformed", "", "must be a JSON object")
    _check(value, 0)
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError("a number is larger than a double")
    return number


def _check(value: object, depth: int) -> None:
    if depth > DEEPEST:
        raise Invalid("json-malformed", "", f"nested at most {DEEPEST} levels deep")
    match value:
        case str():
            if any("\ud800" <= mark <= "\udfff" for mark in value):
                raise Invalid("json-malformed", "", "no half of a surrogate pair")
        case dict():
            for key, item in value.items():
                _check(key, depth + 1)
                _check(item, depth + 1)
        case list():
            for item in value:
                _check(item, depth + 1)
