"""Difficulty 2: local code lists; ESR to UN/LOCODE is many-to-one, the way back needs the next leg."""

import pytest

from tests.support.crossing import Crossing, event, note, pick

pytestmark = pytest.mark.system("dtc", "dlp")


@pytest.mark.parametrize("station", ["548502", "548703", "553002", "548803", "549204"])
def test_five_stations_are_one_place(station: str) -> None:
    """All ESR codes of Alat are AZALA; the exact one stays beside it as the facility."""
    events = Crossing().dtc(note("11", station, "19.01.2026 09:10")).dlp
    assert events[0]["location"]["UNLocationCode"] == "AZALA"
    assert events[0]["location"]["facilityCode"] == station


@pytest.mark.parametrize(
    ("onward", "station"),
    [("KZAAU", "549204"), ("KZKUR", "553002"), ("TMKRW", "548803"), ("GEPTI", "548502"), (None, "548502")],
)
def test_the_way_back_needs_the_next_leg(onward: str | None, station: str) -> None:
    """AZALA is another station for each direction the goods leave in, and the local one without any."""
    location = {"UNLocationCode": "AZALA"}
    notes = (
        Crossing()
        .dlp(event("SHIPMENT", "ISSU", documentTypeCode="TRD", location=location, nextLocation=onward))
        .dtc
    )
    assert pick(notes, "operationStation") == [(station,)]


def test_a_named_station_wins_over_the_table() -> None:
    """When the event names the ESR station itself, no table is asked."""
    location = {"UNLocationCode": "AZALA", "facilityCode": "548703", "facilityCodeProvider": "ESR"}
    notes = Crossing().dlp(event("SHIPMENT", "ISSU", documentTypeCode="TRD", location=location)).dtc
    assert pick(notes, "operationStation") == [("548703",)]


def test_a_facility_of_the_list_leads_to_its_station() -> None:
    """A terminal that the list of facilities knows gives its station."""
    location = {"UNLocationCode": "KZAAU", "facilityCode": "AKTAU-CT", "facilityCodeProvider": "ZZZ"}
    notes = Crossing().dlp(event("SHIPMENT", "ISSU", documentTypeCode="TRD", location=location)).dtc
    assert pick(notes, "operationStation") == [("663404",)]


def test_unknown_station_is_a_finding_and_its_code_stays() -> None:
    """A station in no list: its code is kept, the place is empty, the finding stands at its field."""
    passage = Crossing().dtc(note("11", "194013", "12.01.2026 09:10", timeBasis="MSK"))
    assert passage.corridor[0]["where"]["esr"] == "194013"
    assert passage.corridor[0]["where"]["unlocode"] is None
    assert ("to-corridor.dtc", "/operationStation", "unknown-code", "194013") in passage.findings


@pytest.mark.parametrize(("station", "times"), [("548502", 0), ("562707", 1)])
def test_use_of_a_row_that_nobody_has_verified_is_counted(station: str, times: int) -> None:
    """The row is used all the same; each one counts once per message, whatever is looked up in it."""
    passage = Crossing().dtc(note("11", station, "12.01.2026 09:10", timeBasis="MSK"))
    assert passage.corridor[0]["where"]["unlocode"]
    assert passage.unsure.count(("to-corridor.dtc", "stations")) == times


@pytest.mark.parametrize("station", ["554609", "551000"])
def test_station_with_a_wrong_check_digit_is_reported_and_kept(station: str) -> None:
    """Two codes that circulate fail their check digit: a finding with the field, the value goes on."""
    passage = Crossing().dtc(note("11", station, "12.01.2026 09:10", timeBasis="MSK"))
    assert ("to-corridor.dtc", "/operationStation") in [found[:2] for found in passage.findings]
    assert passage.corridor[0]["where"]["esr"] == station
