"""At the station of exit a unit is handed over; it is taken over at that of entry, beyond the border."""

from __future__ import annotations

import pytest

from tests.support.crossing import C1, event
from tests.support.field import told

pytestmark = pytest.mark.system("dlp", "dtc")

DTC, DLP = "dtc.note.v1", "dlp.event.v1"
KHORGOS, POTI, ALAT = "707701", "572107", "548502"
"""Stations where a consignment begins: in Kazakhstan, Georgia and Azerbaijan."""
KESIK, GARDABANI, AKTAU, ALAT_FROM_AKTAU = "558701", "562800", "663404", "549204"


@pytest.mark.parametrize(
    ("begins", "station", "code"),
    [
        (KHORGOS, KESIK, "40"), (KHORGOS, GARDABANI, "41"), (POTI, GARDABANI, "40"), (POTI, KESIK, "41"),
        (ALAT, KESIK, "40"), (KHORGOS, AKTAU, "40"), (KHORGOS, ALAT_FROM_AKTAU, "41"),
        (POTI, ALAT_FROM_AKTAU, "40"), (POTI, AKTAU, "41"),
    ],
)  # fmt: skip
def test_a_crossing_is_told_by_the_side_of_the_border_at_which_it_stands(
    begins: str, station: str, code: str
) -> None:
    """Westward Boyuk-Kesik is where Azerbaijan hands over, eastward where it takes over."""
    note = [{"type": "SMGS", "value": f"{begins}/2026-01-12/0012345"}]
    place = {"facilityCode": station, "facilityCodeProvider": "ESR"}
    crossed = event(
        "EQUIPMENT", "CROS", references=note, location=place, equipmentReference=C1, modeOfTransport="RAIL"
    )
    said = told(DLP, DTC, crossed)
    assert [(one["operationCode"], one["operationStation"]) for one in said.out] == [(code, station)]
    assert [one["operationCode"] for one in said.out[0]["unitOperations"]] == [code]
    assert said.of("loss") == []


def test_a_station_that_may_be_either_is_where_it_is_taken_over() -> None:
    """From Russia one comes to Alat by land, and to Aktau by land and by sea: nobody knows which."""
    note = [{"type": "SMGS", "value": "010002/2026-01-12/0012345"}]
    place = {"facilityCode": AKTAU, "facilityCodeProvider": "ESR"}
    crossed = event(
        "EQUIPMENT", "CROS", references=note, location=place, equipmentReference=C1, modeOfTransport="RAIL"
    )
    assert [one["operationCode"] for one in told(DLP, DTC, crossed).out] == ["41"]
