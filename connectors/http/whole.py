"""Whole numbers as JSON Schema knows them: ``1.0`` is one, whoever wrote the fraction."""

from __future__ import annotations

from typing import Any, Final

_EXACT: Final = 2**53 - 1
"""Largest whole number that every double before it is exact for."""


def whole(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Give a JSON value in which whole numbers are integers, however they were written."""
    match value:
        case float() if value.is_integer() and abs(value) <= _EXACT:
            return int(value)
        case dict():
            return {key: whole(inner) for key, inner in value.items()}
        case list():
            return [whole(inner) for inner in value]
    return value
