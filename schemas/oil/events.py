"""What corridor events say of oil lots."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from schemas.oil.balance import Reading
from schemas.oil.density import MATH, OutOfRangeError
from schemas.oil.quantity import kilograms, without_water


def reading(event: Mapping[str, Any]) -> Reading | None:
    """The reading in a corridor event (a datum); None for plans, estimates and other subjects.

    Mass is the reported net mass; else it comes from the gross volume and the density at 15 degrees and the
    sediment and water, when all three are there.
    """
    bulk, code = event["bulk"], event["why"]["code"] or ""
    if event["subject"]["type"] != "BULK_LOT" or not code.startswith("BULK/") or bulk is None:
        return None
    if event["when"]["classifier"] != "ACT":
        return None
    where = event["where"]
    return Reading(
        event_id=event["envelope"]["event_id"],
        version=event["correction"]["version"],
        retracted=event["correction"]["retracted"],
        lot=event["subject"]["id"],
        code=code,
        place=where["facility"] or where["unlocode"] or where["name"] or "",
        at=event["when"]["occurred_at"],
        net_kg=_net_kg(bulk),
        formed_of=tuple((part["lot"], part["net_kg"]) for part in bulk["formed_of"] or ()),
    )


def _net_kg(bulk: Mapping[str, Any]) -> int | None:
    tonnes, volume, density = bulk["net_tonnes"], bulk["gsv15"], bulk["density15"]
    if tonnes is not None:
        mass = MATH.multiply(tonnes, Decimal(1000))
    elif volume is None or density is None or bulk["bsw_pct"] is None:
        return None
    else:
        try:
            mass = kilograms(without_water(volume, bulk["bsw_pct"]), "m3@15C", density)
        except OutOfRangeError:
            return None
    return int(mass.to_integral_value(ROUND_HALF_EVEN))
