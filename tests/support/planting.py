"""Violations planted in evidence, for the audit to find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FAULTS = ("lost", "doubled", "swapped", "altered")


def plant(fault: str, rows: list[Any], one: int, other: int, altered: Callable[[Any], Any]) -> None:
    """Spoil rows at one place, or at two of one unit of order."""
    match fault:
        case "lost":
            del rows[one]
        case "doubled":
            rows.insert(other, rows[one])
        case "swapped":
            rows[one], rows[other] = rows[other], rows[one]
        case "altered":
            rows[one] = altered(rows[one])
