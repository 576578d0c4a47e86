"""Densities of crude oil at other temperatures, against the customary form and published values."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.oil.density import (
    REFERENCES,
    OutOfRangeError,
    api_gravity,
    between,
    correction,
    density15_of,
    density15_of_api,
    density_at,
)

pytestmark = pytest.mark.system("oil")

densities = st.decimals("700", "1000", places=2)
temperatures = st.decimals("-10", "90", places=2)


def customary(density60: float, celsius: float) -> float:
    """Volume at 60 F of one at a temperature by API MPMS 11.1-2004, 11.1.6.1: K0 341.0957, ITS-90 to IPTS-68.

    Another base temperature, another coefficient and another path than the code under test.
    """
    tau = celsius / 630
    factors = (-0.148759, -0.267408, 1.080760, 1.269056, -4.089591, -1.871251, 7.438081, -3.536296)
    shift = sum(factor * tau ** (power + 1) for power, factor in enumerate(factors))
    fahrenheit = 1.8 * (celsius - shift) + 32
    delta60 = 0.01374979547
    a = delta60 / 2 * 341.0957 / density60**2
    star = density60 * (1 + (math.exp(a * (1 + 0.8 * a)) - 1) / (1 + a * (1 + 1.6 * a) * 2))
    alpha, step = 341.0957 / star**2, fahrenheit - 60.0068749
    return math.exp(-alpha * step * (1 + 0.8 * alpha * (step + delta60)))


@pytest.mark.parametrize("density", [700, 780, 793.5, 845, 920, 1000])
@pytest.mark.parametrize("celsius", [-10, 0, 15, 20, 42, 80])
def test_agrees_with_the_customary_form(density: float, celsius: float) -> None:
    """The metric form at 15 C and the form at 60 F of the 2004 edition give the same factor to 0.0001.

    ASTM D1250-19 says of 1.2: at atmospheric pressure the editions are consistent.
    """
    ours = density_at(Decimal(str(density)), Decimal(str(celsius)))
    at60 = density_at(Decimal(str(density)), REFERENCES["60F"])
    assert float(ours / at60) == pytest.approx(customary(float(at60), celsius), abs=1e-4)


@pytest.mark.parametrize(("gravity", "relative"), [("10", "1.0000"), ("40", "0.8251"), ("65", "0.7201")])
def test_api_gravity_is_the_published_relative_density(gravity: str, relative: str) -> None:
    """API gravity and relative density 60/60 as printed in US Army QM5203, in both directions."""
    density15 = density15_of_api(Decimal(gravity))
    at60 = between(density15, "15C", "60F")
    assert round(at60 / Decimal("999.016"), 4) == Decimal(relative)
    assert abs(api_gravity(density15) - Decimal(gravity)) < Decimal("1e-9")


def test_worked_by_hand() -> None:
    """845 kg/m3 at 15 C is 841.36 at 20 C: a = 613.9723/845^2, times exp(-5a(1 + 4a)), in doubles."""
    alpha = 613.9723 / 845**2
    assert float(density_at(Decimal(845), Decimal(20))) == pytest.approx(
        845 * math.exp(-5 * alpha * (1 + 4 * alpha)), abs=1e-9
    )
    assert round(density_at(Decimal(845), Decimal(20)), 2) == Decimal("841.36")


@given(densities, temperatures)
def test_there_and_back(density: Decimal, celsius: Decimal) -> None:
    """The density at 15 C comes back from that at any temperature, to far below what is reported."""
    assert abs(density15_of(density_at(density, celsius), celsius) - density) < Decimal("1e-18")


@given(densities, temperatures)
def test_warm_oil_is_lighter(density: Decimal, celsius: Decimal) -> None:
    """A volume shrinks towards 15 C when it was warmer and grows when it was colder."""
    factor = correction(density, celsius)
    assert (factor < 1) is (celsius > 15)
    assert (factor == 1) is (celsius == 15)


@pytest.mark.parametrize(
    ("density", "celsius"), [("610.4", "15"), ("1075.1", "15"), ("845", "-18.1"), ("845", "150.1")]
)
def test_beyond_the_table_is_refused(density: str, celsius: str) -> None:
    """What the published table does not cover is refused, not extrapolated."""
    with pytest.raises(OutOfRangeError, match="is not within"):
        correction(Decimal(density), Decimal(celsius))


@pytest.mark.parametrize("gravity", ["-131.5", "-200", "200"])
def test_a_gravity_of_no_oil_is_refused(gravity: str) -> None:
    """An API gravity that no crude oil has is refused."""
    with pytest.raises(OutOfRangeError):
        density15_of_api(Decimal(gravity))
