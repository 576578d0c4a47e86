"""Quantities of crude oil: tonnes, cubic metres at 15 and 20 degrees Celsius, barrels at 60 Fahrenheit.

Volumes turn into one another and into mass through the density of the lot alone. Mass is mass in vacuo.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from schemas.oil.density import MATH, REFERENCES, density_at

BARREL: Final = Decimal("0.158987294928")
"""Cubic metres in a US petroleum barrel, exactly (9702 cubic inches)."""


class MeasuringUnit(NamedTuple):
    """A unit with its reference temperature.

    Attributes:
        unit: UNECE Recommendation 20 code.
        reference: key of `REFERENCES`; empty for masses.
        size: kilograms, or cubic metres, in one of it.
    """

    unit: str
    reference: str
    size: Decimal


MEASURES: Final = {
    "kg": MeasuringUnit("KGM", "", Decimal(1)),
    "t": MeasuringUnit("TNE", "", Decimal(1000)),
    "m3@15C": MeasuringUnit("MTQ", "15C", Decimal(1)),
    "m3@20C": MeasuringUnit("MTQ", "20C", Decimal(1)),
    "m3@60F": MeasuringUnit("MTQ", "60F", Decimal(1)),
    "bbl@60F": MeasuringUnit("BLL", "60F", BARREL),
}
"""The measures of the oil trade, by the name that people write."""


def kilograms(quantity: Decimal, measure: str, density15: Decimal) -> Decimal:
    """Mass of a quantity in kilograms.

    Args:
        quantity: how much.
        measure: a key of `MEASURES`.
        density15: density of the lot at 15 degrees, kg/m3; masses do not need it.

    Raises:
        OutOfRangeError: the published table does not cover the density.
    """
    _, reference, size = MEASURES[measure]
    amount = MATH.multiply(quantity, size)
    return MATH.multiply(amount, density_at(density15, REFERENCES[reference])) if reference else amount


def convert(quantity: Decimal, given: str, wanted: str, density15: Decimal) -> Decimal:
    """A quantity in another measure, not rounded.

    Args:
        quantity: how much, in ``given``.
        given: a key of `MEASURES`.
        wanted: a key of `MEASURES`.
        density15: density of the lot at 15 degrees, kg/m3.

    Raises:
        OutOfRangeError: the published table does not cover the density.
    """
    if given == wanted:
        return quantity
    _, reference, size = MEASURES[wanted]
    mass = kilograms(quantity, given, density15)
    volume = MATH.divide(mass, density_at(density15, REFERENCES[reference])) if reference else mass
    return MATH.divide(volume, size)


def without_water(gross: Decimal, percent: Decimal) -> Decimal:
    """What is left of a quantity without its sediment and water, given per cent of the same measure."""
    return MATH.multiply(gross, MATH.divide(MATH.subtract(Decimal(100), percent), Decimal(100)))


def with_water(net: Decimal, percent: Decimal) -> Decimal:
    """The whole of which a net quantity is what is left without sediment and water; per cent below 100."""
    return MATH.divide(MATH.multiply(net, Decimal(100)), MATH.subtract(Decimal(100), percent))
