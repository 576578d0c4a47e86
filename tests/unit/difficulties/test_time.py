"""Difficulty 1: local text with a basis against UTC with an offset."""

import pytest

from tests.support.crossing import Crossing, event, note, pick

pytestmark = pytest.mark.system("dtc", "dlp")


@pytest.mark.parametrize(
    ("station", "time", "basis", "utc", "offset"),
    [
        ("700007", "29.02.2024 23:30", "LOC", "2024-02-29T17:30:00Z", "+06:00"),
        ("700007", "01.03.2024 00:30", "LOC", "2024-02-29T19:30:00Z", "+05:00"),
        ("663404", "29.02.2024 23:30", "LOC", "2024-02-29T18:30:00Z", "+05:00"),
        ("548502", "12.07.2026 12:00", "LOC", "2026-07-12T08:00:00Z", "+04:00"),
        ("560203", "12.01.2026 12:00", "LOC", "2026-01-12T08:00:00Z", "+04:00"),
        ("877508", "12.01.2026 12:00", "LOC", "2026-01-12T07:00:00Z", "+05:00"),
        ("700007", "12.01.2024 12:00", "AST", "2024-01-12T06:00:00Z", "+06:00"),
        ("548502", "12.01.2026 12:00", "MSK", "2026-01-12T09:00:00Z", "+04:00"),
    ],
    ids=["almaty-before", "almaty-after", "aqtau", "baku-summer", "tbilisi", "turkmenbashi", "ast", "msk"],
)
def test_local_text_becomes_utc_with_offset(
    station: str, time: str, basis: str, utc: str, offset: str
) -> None:
    """The rules of that day give UTC: of the zone there, Astana or Moscow; the offset is the place's."""
    passage = Crossing().dtc(note("11", station, time, timeBasis=basis))
    assert pick(passage.dlp, "eventDateTime", "timeZoneOffset") == [(utc, offset)]
    assert [(told["when"]["original_time"], told["when"]["original_basis"]) for told in passage.corridor] == [
        (time, basis)
    ] * 2


def test_hour_that_comes_twice_is_the_first_and_is_reported() -> None:
    """Almaty's clock went back from 00:00 to 23:00 on 2024-03-01: of 23:30 the first one counts."""
    passage = Crossing().dtc(note("11", "700007", "29.02.2024 23:30"))
    assert pick(passage.dlp, "eventDateTime") == [("2024-02-29T17:30:00Z",)]
    assert ("to-corridor.dtc", "/operationTime", "ambiguous") in [found[:3] for found in passage.findings]


def test_utc_becomes_the_stations_local_time() -> None:
    """A DLP event's UTC is told to the DTC on the clock of the station, basis LOC."""
    location = {"UNLocationCode": "AZALA"}
    notes = Crossing().dlp(event("SHIPMENT", "ISSU", documentTypeCode="TRD", location=location)).dtc
    assert pick(notes, "operationTime", "timeBasis") == [("17.01.2026 10:45", "LOC")]


def test_estimate_is_on_the_clock_of_the_destination() -> None:
    """The estimate at the destination (LOC) is read in the destination's zone."""
    told = note("11", "707701", "12.01.2026 09:10", etaDestination="26.01.2026 12:00")
    estimates = [one for one in Crossing().dtc(told).dlp if one["eventClassifierCode"] == "EST"]
    assert pick(estimates, "eventDateTime") == [("2026-01-26T08:00:00Z",)]


def test_time_that_cannot_be_read_is_a_dead_letter_that_says_so() -> None:
    """An operation without a readable time cannot become an event: it is refused whole, not guessed."""
    from schemas.errors import Permanent

    with pytest.raises(Permanent) as error:
        Crossing().dtc(note("11", "707701", "2026-01-12 09:10"))
    assert (error.value.code, error.value.pointer) == ("time-invalid", "/operationTime")
