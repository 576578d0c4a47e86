"""Cases: what the DTC is told of a note when something happens to one unit, late, again, or somewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.crossing import C1, C2
from tests.support.field import Told, case

pytestmark = pytest.mark.system("dtc", "dlp")


def canonical(name: str) -> Told:
    """A case of corridor events."""
    return case(name, "corridor.event.v1", "dtc.note.v1")


def dlp(name: str) -> Told:
    """A case of DLP events."""
    return case(name, "dlp.event.v1", "dtc.note.v1")


def boxes(message: dict[str, Any]) -> list[str]:
    """Containers that a message shows."""
    return [
        one["containerNo"] for wagon in message.get("wagons") or [] for one in wagon.get("containers") or []
    ]


def test_seconds_are_named_where_they_are_lost() -> None:
    """A note has minutes: 06:45:30Z is 11:45 in Aktau, and the seconds are a loss."""
    told = dlp("060-dlp-seconds")
    assert told.out[0]["operationTime"] == "17.01.2026 11:45"
    assert [(one["pointer"], one["reason"]) for one in told.of("loss")] == [("/eventDateTime", "precision")]


def test_everything_of_a_loading_is_in_the_note_or_in_the_report() -> None:
    """The profile's own example: seals, size, goods, booking, shipment, terminal."""
    told = dlp("104-rev-loaded-on-feeder")
    words = json.dumps([told.out, told.report], ensure_ascii=False)
    for value in (
        C1,
        "45G1",
        "KZ0048821",
        "854143",
        "17.4",
        "620",
        "FDR-5512",
        "DLP-2026-000771",
        "AKTAU-CT",
    ):
        assert value in words
    assert told.out[0]["unitOperations"][0]["unit"] == C1


def test_dangerous_goods_are_never_lost_in_silence() -> None:
    """The goods of a note are the consignor's word; what an event says of them is a named loss."""
    told = dlp("105-rev-dangerous-goods-silent")
    assert {
        "/cargo/0/unNumber": "UN3480",
        "/cargo/0/imoClass": "9",
        "/cargo/0/hsCode": "850760",
    }.items() <= {one["pointer"]: one["value"] for one in told.of("loss")}.items()


def test_one_of_two_is_delivered() -> None:
    """81 of one container shows that container only, in a DELTA."""
    (told,) = canonical("106-rev-one-of-two-delivered").out
    assert (told["messageKind"], told["operationCode"], boxes(told)) == ("DELTA", "81", [C1])
    assert C2 not in json.dumps(told)


def test_a_late_train_is_not_abandoned_where_it_left() -> None:
    """An estimate for Gardabani with a reason: no operation 34 in Altynkol, no new estimate for Poti."""
    assert canonical("108-rev-late-train-becomes-abandoned-elsewhere").out == []


def test_an_estimate_of_a_way_point_is_not_that_of_the_destination() -> None:
    """The note goes to Poti."""
    told = canonical("109-rev-estimate-of-way-point-as-destination")
    assert [one for one in told.out if "etaDestination" in one] == []


def test_customs_go_by_the_time_of_what_happened() -> None:
    """LODGED of 06:00 that comes after RELEASED of 08:00 moves nothing, and that is said."""
    told = dlp("111-rev-late-customs-turns-status-back")
    assert [(one["operationCode"], one["customs"]["status"]) for one in told.out] == [("61", "RELEASED")]
    assert [one["reason"] for one in told.of("filtered")] == ["late"]


def test_a_remark_does_not_stick() -> None:
    """81 clears the remark of whatever came before."""
    told = canonical("113-rev-remark-sticks").out[-1]
    assert (told["operationCode"], told["remark"]) == ("81", None)


def test_a_remark_says_when_and_where() -> None:
    """The pilot went aboard off Alat at 02:10Z: 06:10 there."""
    (told,) = dlp("114-rev-remark-without-time-and-place").out
    assert told["remark"] == (
        "PORTCALL/STRT PILO SYNTHETIC FEEDER 548502 18.01.2026 06:10 LOC"
        " VESSEL IMO 9074729 MMSI 423000001 VOYAGE 026W CALL KZAAU-2026-0113 PBPL"
    )


def test_a_fragment_is_a_delta() -> None:
    """What is not known here stays as the DTC has it; whether Poti is the destination is not known."""
    (told,) = dlp("115-rev-snapshot-of-a-fragment").out
    assert told["messageKind"] == "DELTA"
    assert "etaDestination" not in told
    assert "28.01.2026 12:00" in told["remark"]


@pytest.mark.parametrize(
    ("name", "time"), [("119-rev-retraction-time", "13:00"), ("130-retraction-same-version-ignored", "14:00")]
)
def test_a_retraction_is_an_amendment_at_the_time_of_that(name: str, time: str) -> None:
    """Retracted at 08:00Z and 09:00Z, 13:00 and 14:00 in Aktau, whatever the version."""
    told = dlp(name).out
    assert [(one["operationCode"], one["operationTime"]) for one in told] == [
        ("20", "17.01.2026 11:45"),
        ("12", f"17.01.2026 {time}"),
    ]


def test_an_override_by_the_time_of_its_update() -> None:
    """The same event, updated later, at another time: the note has the later word."""
    told = dlp("132-override-by-updated-time-ignored").out
    assert [one["operationTime"] for one in told] == ["17.01.2026 11:45", "17.01.2026 12:45"]


def test_a_note_key_with_blanks_is_that_note() -> None:
    """Blanks at the ends are no part of a key."""
    (told,) = dlp("123-rev-sloppy-note-key").out
    assert (told["departureStation"], told["noteNumber"]) == ("707701", "0012345")


@pytest.mark.parametrize("name", ["079-unk-locode-loses-the-time", "080-unk-no-location-loses-the-time"])
def test_a_time_without_a_station_is_told_on_a_clock_that_needs_none(name: str) -> None:
    """06:45Z is 09:45 in Moscow (MSK); the station of an operation before is cleared."""
    (told,) = dlp(name).out
    assert (told["operationTime"], told["timeBasis"]) == ("17.01.2026 09:45", "MSK")
    assert told["operationStation"] is None
