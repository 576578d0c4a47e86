"""Difficulty 3: kilograms and tonnes are exact, mass and volume need the density of the lot itself."""

from decimal import Decimal

import pytest

from tests.support.crossing import Crossing, event, note

pytestmark = pytest.mark.system("dtc", "dlp")

LOCATION = {"UNLocationCode": "KZAAU"}


@pytest.mark.parametrize(
    ("quantity", "unit", "normal", "normal_unit"),
    [
        ("17.4", "TNE", "17400", "KGM"),
        ("0.000001", "TNE", "0.001", "KGM"),
        ("17400", "KGM", "17400", "KGM"),
        ("1234.5", "LTR", "1.2345", "MTQ"),
        ("47575.1", "BLL", "47575.1", "BLL"),
    ],
)
def test_quantity_is_normalised_exactly_beside_the_original(
    quantity: str, unit: str, normal: str, normal_unit: str
) -> None:
    """Masses become kilograms, litres cubic metres, exactly; barrels stay; the original stands beside."""
    cargo = (
        Crossing()
        .dlp(event("BULK", "LOAD", location=LOCATION, cargo=[{"quantity": quantity, "unitCode": unit}]))
        .corridor[0]["cargo"][0]
    )
    assert (cargo["quantity"], cargo["unit"]) == (Decimal(normal), normal_unit)
    assert (cargo["original_quantity"], cargo["original_unit"]) == (Decimal(quantity), unit)


@pytest.mark.parametrize("density", ["780", "790", "800", "845"])
def test_mass_of_a_volume_comes_from_the_lots_own_density(density: str) -> None:
    """1000 m3 at 15 degrees with the density at 15 degrees: tonnes on the note, with no fixed factor."""
    bulk = {"productCode": "TENGIZ", "gsv15": "1000", "density15": density, "bsw": "0"}
    notes = Crossing().dlp(event("BULK", "LOAD", modeOfTransport="RAIL", location=LOCATION, bulk=bulk)).dtc
    assert Decimal(notes[0]["oil"]["netTonnes"]) == Decimal(density)


def test_volume_without_density_is_a_loss_not_a_guess() -> None:
    """Without a density there is no mass: it stays empty and the loss says what is needed."""
    bulk = {"productCode": "TENGIZ", "gsv15": "1000"}
    passage = Crossing().dlp(event("BULK", "LOAD", modeOfTransport="RAIL", location=LOCATION, bulk=bulk))
    assert "netTonnes" not in passage.dtc[0]["oil"]
    assert ("from-corridor.dtc", "/bulk/gsv15", "needs-density") in [loss[:3] for loss in passage.losses]


def test_densities_of_different_temperatures_are_not_mixed() -> None:
    """The note's density at 20 degrees is not given as one at 15 degrees: it is a loss."""
    oil = {"grade": "AZERI LIGHT", "density20": "845", "netTonnes": "60.12"}
    passage = Crossing().dtc(note("20", "549702", "03.02.2026 05:10", oil=oil))
    told = [one["bulk"] for one in passage.dlp if one["eventType"] == "BULK"]
    assert [set(bulk) & {"density15", "gsv15", "gsv60"} for bulk in told] == [set()]
    lost = [loss[1:3] for loss in passage.losses if loss[0] == "from-corridor.dlp"]
    assert ("/bulk/density20", "no-equivalent") in lost
