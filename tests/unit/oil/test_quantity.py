"""Quantities of crude oil in another measure."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.oil.quantity import BARREL, MEASURES, convert, kilograms, with_water, without_water

pytestmark = pytest.mark.system("oil")

densities = st.decimals("700", "1000", places=2)
quantities = st.decimals("0.001", "2000000", places=3)
measures = st.sampled_from(sorted(MEASURES))


@pytest.mark.parametrize(
    ("density", "barrels"), [("780", "8.064"), ("790", "7.962"), ("800", "7.862"), ("845", "7.444")]
)
def test_barrels_of_a_tonne_differ_from_oil_to_oil(density: str, barrels: str) -> None:
    """Barrels at 15 C in a tonne follow the density: there is no fixed factor."""
    volume = convert(Decimal(1), "t", "m3@15C", Decimal(density))
    assert round(volume / BARREL, 3) == Decimal(barrels)


def test_a_kashagan_cargo() -> None:
    """6,000 t at 793.5 kg/m3: 7,561.4 m3 at 15 C, more at 20 C, and 47,586 barrels at 60 F."""
    made = {
        measure: convert(Decimal(6000), "t", measure, Decimal("793.5"))
        for measure in ("m3@15C", "m3@20C", "bbl@60F")
    }
    assert round(made["m3@15C"], 3) == Decimal("7561.437")
    assert made["m3@20C"] > made["m3@15C"]
    assert round(made["bbl@60F"], 1) == Decimal("47585.8")


@given(quantities, measures, measures, densities)
def test_there_and_back(quantity: Decimal, given: str, wanted: str, density: Decimal) -> None:
    """A quantity comes back from every measure, to far below a gram."""
    back = convert(convert(quantity, given, wanted, density), wanted, given, density)
    assert abs(back - quantity) < Decimal("1e-15")


@given(quantities, measures, measures, densities)
def test_mass_is_kept(quantity: Decimal, given: str, wanted: str, density: Decimal) -> None:
    """Whatever the measure, it is the same oil: its mass does not change."""
    made = convert(quantity, given, wanted, density)
    assert abs(kilograms(made, wanted, density) - kilograms(quantity, given, density)) < Decimal("1e-12")


@given(quantities, st.decimals("0", "99", places=2))
def test_water_taken_out_and_put_back(gross: Decimal, percent: Decimal) -> None:
    """Net of gross of net is the same."""
    assert abs(with_water(without_water(gross, percent), percent) - gross) < Decimal("1e-18")
