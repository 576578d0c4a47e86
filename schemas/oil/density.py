"""Density of crude oil at another temperature: ASTM D1250 / API MPMS 11.1, commodity group A.

The metric form of tables 53A and 54A (ISO 91-1; GOST 8.610 has the same coefficient): with the density at
15 degrees Celsius, ``a = K0 / density**2`` and a temperature difference ``d`` the volume at 15 degrees is
the volume at the temperature times ``exp(-a * d * (1 + 0.8 * a * d))``. No pressure, no hydrometer
correction: densities are those of the laboratory, in vacuo, at atmospheric pressure.

Decimal arithmetic: the same digits on every machine.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

MATH: Final = Context(prec=34, rounding=ROUND_HALF_EVEN)
"""Arithmetic of this package."""
K0: Final = Decimal("613.9723")
"""Coefficient of thermal expansion of generalised crude oils, for densities at 15 degrees in kg/m3."""
LIGHTEST: Final = Decimal("610.5")
HEAVIEST: Final = Decimal(1075)
"""Densities at 15 degrees that table 54A covers are within these, kg/m3."""
COLDEST: Final = Decimal(-18)
HOTTEST: Final = Decimal(150)
"""Temperatures that table 54A covers are within these, degrees Celsius."""
WATER60: Final = Decimal("999.016")
"""Density of water at 60 degrees Fahrenheit, kg/m3 (API MPMS 11.1-2004)."""
REFERENCES: Final = {
    "15C": Decimal(15),
    "20C": Decimal(20),
    "60F": MATH.divide(Decimal(140), Decimal(9)),
}
"""Reference temperatures of the trade by name, in degrees Celsius."""

_TOLERANCE = Decimal("1e-24")
_STEPS = 60


class OutOfRangeError(ValueError):
    """Raised when a density or temperature lies outside of what the published table covers."""


def correction(density15: Decimal, celsius: Decimal) -> Decimal:
    """Volume at 15 degrees of one unit of volume at a temperature (table 54A, not rounded).

    Args:
        density15: density at 15 degrees Celsius, kg/m3.
        celsius: the temperature.

    Raises:
        OutOfRangeError: the table does not cover this.
    """
    if not LIGHTEST <= density15 <= HEAVIEST:
        raise OutOfRangeError(f"density at 15 C {density15:f} kg/m3 is not within {LIGHTEST} to {HEAVIEST}")
    if not COLDEST <= celsius <= HOTTEST:
        raise OutOfRangeError(f"temperature {celsius:f} C is not within {COLDEST} to {HOTTEST}")
    return _correction(density15, celsius)


def density_at(density15: Decimal, celsius: Decimal) -> Decimal:
    """Density at a temperature, kg/m3, from the density at 15 degrees.

    Raises:
        OutOfRangeError: the table does not cover this.
    """
    return MATH.multiply(density15, correction(density15, celsius))


def density15_of(density: Decimal, celsius: Decimal) -> Decimal:
    """Density at 15 degrees, kg/m3, from the density at a temperature (table 53A).

    Raises:
        OutOfRangeError: the table does not cover this.
    """
    if not COLDEST <= celsius <= HOTTEST:
        raise OutOfRangeError(f"temperature {celsius:f} C is not within {COLDEST} to {HOTTEST}")
    if not LIGHTEST / 2 <= density <= HEAVIEST * 2:
        raise OutOfRangeError(f"density {density:f} kg/m3 is that of no crude oil")
    guess = density
    for _ in range(_STEPS):
        better = MATH.divide(density, _correction(guess, celsius))
        if abs(better - guess) <= _TOLERANCE:
            break
        guess = better
    correction(better, celsius)
    return better


def between(density: Decimal, given: str, wanted: str) -> Decimal:
    """Density at one reference temperature from that at another, kg/m3.

    Args:
        density: density at ``given``, kg/m3.
        given: a key of `REFERENCES`.
        wanted: a key of `REFERENCES`.

    Raises:
        OutOfRangeError: the table does not cover this.
    """
    if given == wanted:
        return density
    return density_at(density15_of(density, REFERENCES[given]), REFERENCES[wanted])


def api_gravity(density15: Decimal) -> Decimal:
    """API gravity at 60 degrees Fahrenheit.

    Raises:
        OutOfRangeError: the table does not cover this.
    """
    relative = MATH.divide(density_at(density15, REFERENCES["60F"]), WATER60)
    return MATH.subtract(MATH.divide(Decimal("141.5"), relative), Decimal("131.5"))


def density15_of_api(gravity: Decimal) -> Decimal:
    """Density at 15 degrees, kg/m3, from the API gravity at 60 degrees Fahrenheit.

    Raises:
        OutOfRangeError: the table does not cover this.
    """
    if gravity <= Decimal("-131.5"):
        raise OutOfRangeError(f"API gravity {gravity:f} is that of no crude oil")
    relative = MATH.divide(Decimal("141.5"), MATH.add(gravity, Decimal("131.5")))
    return density15_of(MATH.multiply(relative, WATER60), REFERENCES["60F"])


def _correction(density15: Decimal, celsius: Decimal) -> Decimal:
    expansion = MATH.divide(K0, MATH.multiply(density15, density15))
    step = MATH.multiply(expansion, MATH.subtract(celsius, REFERENCES["15C"]))
    return MATH.exp(-MATH.multiply(step, MATH.add(1, MATH.multiply(Decimal("0.8"), step))))
