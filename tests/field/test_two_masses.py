"""Of two masses of one lot one is told and the other lost, and no volume is made of the one that is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crossing import note
from tests.support.field import told

pytestmark = pytest.mark.system("oil", "dlp", "dtc")

DTC, DLP = "dtc.note.v1", "dlp.event.v1"
TANKS = [{"wagonNumber": number, "kind": "TANK"} for number in ("74123506", "74123514")]


def loaded(net_kg: int, tonnes: str) -> Any:  # noqa: ANN401 - what the harness gives
    """Crude oil of 845 kg/m3 at 20 C with 0.5 per cent of water, in two tank wagons at Sangachal."""
    oil = {"grade": "AZERI", "density20": "845", "netTonnes": tonnes, "waterPct": "0.5", "actNumber": "ACT-7"}
    goods = [{"gng": "27090090", "netKg": net_kg}]
    return told(DTC, DLP, note("20", "548606", "28.01.2026 14:30", wagons=TANKS, goods=goods, oil=oil))


def lot(said: Any) -> dict[str, Any]:  # noqa: ANN401 - what the harness gives
    """The event of the oil."""
    (one,) = [each for each in said.out if each["eventType"] == "BULK"]
    assert isinstance(one, dict)
    return one


@pytest.mark.parametrize("tonnes", ["125.5", "120.3", "119.999"])
def test_no_volume_is_made_of_a_mass_that_is_not_told(tonnes: str) -> None:
    """The goods weigh 120 t; of 125.5 t the volume would be 148.6 m3, which is no volume of 120 t."""
    said = loaded(120000, tonnes)
    assert lot(said)["cargo"] == [{"hsCode": "270900", "quantity": "120000", "unitCode": "KGM"}]
    assert {"gsv15", "gsv60"} & lot(said)["bulk"].keys() == set()
    assert lot(said)["bulk"]["computed"] == ["density15"]
    assert {one["pointer"]: one["value"] for one in said.of("loss") if "oil" in one["pointer"]} == {
        "/oil/netTonnes": tonnes, "/oil/waterPct": "0.5"
    }  # fmt: skip


@pytest.mark.parametrize(("net_kg", "tonnes"), [(120300, "120.3"), (120300, "120.3004")])
def test_a_volume_is_made_of_the_mass_that_is_told(net_kg: int, tonnes: str) -> None:
    """Goods are in kilograms. 120.3 t net are 120.905 t gross, which at 848.6 kg/m3 are 142.5 m3."""
    bulk = lot(loaded(net_kg, tonnes))["bulk"]
    assert 142.4 < float(bulk["gsv15"]) < 142.6
