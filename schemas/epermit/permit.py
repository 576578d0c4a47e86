"""Permit ids, permit types and the protocol's dates."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Final, Literal, NamedTuple

from schemas.codes.brought import brought, of_the_lists

Numbering = Literal["current", "old"]
"""The list of a country's permit types: 4 is unladen entry in one, bilateral with fee in the other."""

ID: Final = re.compile(r"[A-Z]+-[A-Z]+-\d{4}-[0-9]+-[0-9]+", re.ASCII)
DATE: Final = re.compile(r"(0[1-9]|[12][0-9]|3[01])/(0[1-9]|1[012])/\d{4}", re.ASCII)


class PermitId(NamedTuple):
    """A permit's id: ``issuer-issuedFor-year-type-serial``."""

    issuer: str
    issued_for: str
    year: int
    type: int
    serial: int

    @classmethod
    def parse(cls, text: str) -> PermitId:
        """Read an id.

        Raises:
            ValueError: it is none.
        """
        if not ID.fullmatch(text):
            raise ValueError(f"{text!r} is no permit id")
        issuer, issued_for, *numbers = text.split("-")
        return cls(issuer, issued_for, *map(int, numbers))

    def __str__(self) -> str:
        return f"{self.issuer}-{self.issued_for}-{self.year}-{self.type}-{self.serial}"


def parse_date(text: str) -> dt.date:
    """Read a date of the protocol, ``dd/MM/yyyy``.

    Raises:
        ValueError: it is none, or no day of the calendar.
    """
    if not DATE.fullmatch(text):
        raise ValueError(f"{text!r} is not dd/MM/yyyy")
    day, month, year = map(int, text.split("/"))
    return dt.date(year, month, day)


def date_text(day: dt.date) -> str:
    """Write a date as ``dd/MM/yyyy``."""
    return day.strftime("%d/%m/%Y")


@of_the_lists
@cache
def type_name(numbering: Numbering, code: int) -> str | None:
    """Give the name of a permit type in a numbering, None when it has none of this number."""
    codes = brought()
    key = f"{numbering}/{code}"
    return str(codes.lookup("permit-types", key, "name")) if codes.known("permit-types", key) else None
