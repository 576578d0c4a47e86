"""Road transport: number plates and e-Permit ids."""

from __future__ import annotations

import re
from typing import Final

_PLATES: Final = {
    "KZ": re.compile(r"[0-9]{3}[A-Z]{2,3}[0-9]{2}"),
    "AZ": re.compile(r"[0-9]{2}[A-Z]{2}[0-9]{3}"),
    "GE": re.compile(r"[A-Z]{2}[0-9]{3}[A-Z]{2}"),
    "TR": re.compile(r"[0-9]{2}[A-Z]{1,3}[0-9]{2,5}"),
    "UZ": re.compile(r"[0-9]{5}[A-Z]{3}|[0-9]{2}[A-Z][0-9]{3}[A-Z]{2}"),
}
_PERMIT: Final = re.compile(r"([A-Z]+)-([A-Z]+)-([0-9]{4})-([0-9]+)-([0-9]+)")
_PERMIT_EPOCH: Final = 2021  # first year of the protocol's quotas


def plate(value: str) -> str | None:
    """Number plate of Kazakhstan, Azerbaijan, Georgia, Türkiye or Uzbekistan, already in normal form."""
    for form in _PLATES.values():
        if form.fullmatch(value):
            return None
    return f"plate has none of the forms of {', '.join(_PLATES)}"


def plate_kz(value: str) -> str | None:
    """Plate of Kazakhstan: three digits, two or three letters, two digits of the region."""
    return _plate("KZ", value)


def plate_az(value: str) -> str | None:
    """Plate of Azerbaijan: two digits of the district, two letters, three digits."""
    return _plate("AZ", value)


def plate_ge(value: str) -> str | None:
    """Plate of Georgia: two letters, three digits, two letters."""
    return _plate("GE", value)


def plate_tr(value: str) -> str | None:
    """Plate of Türkiye: two digits of the province, one to three letters, two to five digits."""
    return _plate("TR", value)


def _plate(country: str, value: str) -> str | None:
    return None if _PLATES[country].fullmatch(value) else f"plate does not have the form of {country}"


def permit_form(value: str) -> str | None:
    """The form of an e-Permit id: one of a year, type or serial that cannot be is an id all the same."""
    if _PERMIT.fullmatch(value):
        return None
    return "permit id is issuer-issuedFor-year-type-serial, capitals and digits, such as TR-UZ-2025-1-1"


def permit_id(value: str) -> str | None:
    """E-Permit id ``<issuer>-<issued for>-<year>-<type>-<serial>``, for example ``TR-UZ-2025-1-1``."""
    match = _PERMIT.fullmatch(value)
    if not match:
        return permit_form(value)
    _, _, year, kind, serial = match.groups()
    if int(year) < _PERMIT_EPOCH:
        return f"permit year is {year}, expected {_PERMIT_EPOCH} or later"
    if not int(kind):
        return "permit type is 0, expected 1 or more"
    return None if int(serial) else "permit serial is 0, expected 1 or more"
