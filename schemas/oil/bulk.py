"""The net mass of a lot, from what a corridor event says of its quantities."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from schemas.oil.density import MATH, OutOfRangeError
from schemas.oil.quantity import kilograms, without_water


def net_kg(bulk: Mapping[str, Any]) -> int | None:
    """Net mass in whole kilograms of the field ``bulk`` of a corridor event (a datum).

    As reported; else from the gross volume at 15 degrees, the density at 15 degrees and the sediment and
    water. None when one of the three is missing, or the published table does not cover the density.
    """
    tonnes, volume, density = bulk["net_tonnes"], bulk["gsv15"], bulk["density15"]
    if tonnes is not None:
        return _whole(MATH.multiply(tonnes, Decimal(1000)))
    if volume is None or density is None or bulk["bsw_pct"] is None:
        return None
    try:
        return _whole(kilograms(without_water(volume, bulk["bsw_pct"]), "m3@15C", density))
    except OutOfRangeError:
        return None


def gross_kg(bulk: Mapping[str, Any]) -> int | None:
    """Mass with its sediment and water in whole kilograms, from volume and density at 15 degrees."""
    volume, density = bulk["gsv15"], bulk["density15"]
    if volume is None or density is None:
        return None
    try:
        return _whole(kilograms(volume, "m3@15C", density))
    except OutOfRangeError:
        return None


def _whole(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_HALF_EVEN))
