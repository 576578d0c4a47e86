"""Identifier checks: pure functions from a value to the rule it breaks.

``CHECKS[name](value)`` is None when the value holds, else one sentence that says which digit or rule failed,
for example ``ISO 6346 check digit is 3, expected 4``. Values are expected in normal form (``NORMALISE``).
A check digit catches typing errors, never a valid code on the wrong place: that is for the code lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from schemas.codes.identifiers import containers, goods, gs1, rail, road, ships, taxpayers
from schemas.codes.identifiers.normal import NORMALISE

__all__ = ["CHECKS", "NORMALISE"]

CHECKS: Final[dict[str, Callable[[str], str | None]]] = {
    "iso6346": containers.iso6346,
    "wagon": rail.wagon,
    "wagon8": rail.wagon8,
    "uic12": rail.uic12,
    "esr": rail.esr,
    "train_index": rail.train_index,
    "train_number": rail.train_number,
    "note_key": rail.note_key,
    "note_form": rail.note_form,
    "etsng": rail.etsng,
    "gng": goods.gng,
    "hs": goods.hs,
    "tn_ved": goods.tn_ved,
    "un_number": goods.un_number,
    "unlocode": goods.unlocode,
    "imo": ships.imo,
    "mmsi": ships.mmsi,
    "gln": gs1.gln,
    "sscc": gs1.sscc,
    "gtin": gs1.gtin,
    "kz_bin": taxpayers.kz_bin,
    "az_voen": taxpayers.az_voen,
    "plate": road.plate,
    "plate_kz": road.plate_kz,
    "plate_az": road.plate_az,
    "plate_ge": road.plate_ge,
    "plate_tr": road.plate_tr,
    "permit_id": road.permit_id,
    "permit_form": road.permit_form,
}
"""Identifier name to its check."""
