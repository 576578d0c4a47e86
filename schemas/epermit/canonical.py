"""The text that proofs are made over: JSON as Gson 2.10 writes it, byte for byte.

Nulls in objects are left out, nulls in lists stay; there is no white space; ``& < > = '`` and U+2028/2029 are
escaped, other non-ASCII stays; whole numbers stay whole, all others are Java doubles.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

_ESCAPES: Final = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "&<>='\u2028\u2029"})
_text = json.JSONEncoder(ensure_ascii=False).encode


def canonical(value: object) -> str:
    """Write a JSON value as Gson does.

    Args:
        value: of dict, list, str, int, float, bool and None; floats are finite.
    """
    match value:
        case str():
            return _text(value).translate(_ESCAPES)
        case True:
            return "true"
        case False:
            return "false"
        case None:
            return "null"
        case int():
            return str(value)
        case float():
            return java_double(value)
        case Mapping():
            fields = (
                f"{canonical(key)}:{canonical(item)}" for key, item in value.items() if item is not None
            )
            return "{" + ",".join(fields) + "}"
        case list() | tuple():
            return "[" + ",".join(map(canonical, value)) + "]"
    raise TypeError(f"{type(value).__name__} is no JSON value")


def java_double(value: float) -> str:
    """Write a double as ``Double.toString`` of Java 19 and later: shortest digits, at least one decimal."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    if value == 0 or not isinstance(exponent, int):
        return repr(value)
    if len(digits) == 1 and float(nearest := f"{value:.1e}") == value:
        # Java wants two digits and takes the nearest of those: 4.9E-324, where Python says 5e-324
        _, digits, exponent = Decimal(nearest).as_tuple()
        assert isinstance(exponent, int)  # noqa: S101 - it is finite
    point = len(digits) + exponent
    text = "".join(map(str, digits))
    if -3 < point <= 7:
        padded = text.rjust(len(text) - min(point - 1, 0), "0").ljust(point, "0")
        cut = max(point, 1)
        whole, fraction = padded[:cut], padded[cut:].rstrip("0") or "0"
        result = f"{whole}.{fraction}"
    else:
        result = f"{text[0]}.{text[1:].rstrip('0') or '0'}E{point - 1}"
    return ("-" if sign else "") + result
