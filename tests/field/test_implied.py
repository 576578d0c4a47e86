"""What follows from what is told is no loss: of a crossing, a train, goods and a place of a list."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import profiles
from schemas.mapping.reasons import kind_of
from tests.support.crossing import C1, W1, Crossing, Passage, form, note

pytestmark = pytest.mark.system("dtc", "dlp", "port")

BORDERS = [{"seq": 1, "exitEsr": "558701", "entryEsr": "562800", "ferry": False}]
"""Boyuk-Kesik to Gardabani, Azerbaijan (57) to Georgia (28): the one pair of these two."""
TAKEN: dict[str, Any] = {"borderStations": BORDERS, "destinationStation": "572107"}


def lost(passage: Passage, receiver: str, root: str) -> set[str]:
    """Fields below a root of the corridor event that a receiver is not told."""
    return {
        pointer
        for stage, pointer, reason, _ in passage.losses
        if stage == f"from-corridor.{receiver}" and kind_of(reason) == "loss" and pointer.startswith(root)
    }


def test_a_crossing_says_its_border() -> None:
    """Taken over at Gardabani: before that comes Boyuk-Kesik, and the railways are those of the stations."""
    crossed = Crossing().dtc(note("41", "562800", "21.01.2026 10:05", **TAKEN))
    assert [one["location"]["facilityCode"] for one in crossed.dlp] == ["562800", "562800"]
    assert lost(crossed, "dlp", "/where") == set()


def test_when_it_was_handed_over_is_lost() -> None:
    """A DLP event has one time: that of the take-over."""
    crossing = Crossing()
    crossing.dtc(note("40", "558701", "21.01.2026 08:20", **TAKEN))
    crossed = crossing.dtc(note("41", "562800", "21.01.2026 10:05", **TAKEN, noteVersion=2))
    assert lost(crossed, "dlp", "/where") == {"/where/border/handed_over_at"}


def test_another_station_of_exit_than_the_lists_is_lost() -> None:
    """Nothing says that it came from Yalama."""
    other = [BORDERS[0] | {"exitEsr": "545006"}]
    crossed = Crossing().dtc(note("41", "562800", "21.01.2026 10:05", **TAKEN | {"borderStations": other}))
    assert lost(crossed, "dlp", "/where") == {"/where/border/exit_esr"}


def test_the_number_of_a_train_stands_beside_its_index() -> None:
    """A train is known by both; the DLP is told the index as the departure, the number as a reference."""
    train = {"trainIndex": "5492-004-5721", "trainNumber": "1204", "etaDestination": "25.01.2026 10:00"}
    told = Crossing().dtc(note("10", "707701", "12.01.2026 10:00", destinationStation="572107", **train))
    (estimate,) = (one for one in told.dlp if one["eventClassifierCode"] == "EST")
    assert estimate["railDepartureID"] == "5492-004-5721"
    assert {"type": "TRAIN", "value": "1204"} in estimate["references"]
    assert lost(told, "dlp", "/how") == set()


@pytest.mark.parametrize(("gng", "fields"), [("85414300", set[str]()), ("85414310", {"/cargo/0/gng8"})])
def test_a_national_code_that_divides_nothing_is_implied(gng: str, fields: set[str]) -> None:
    """854143 is told of both; only in the second do the last two digits say more."""
    told = Crossing().dtc(note("10", "707701", "12.01.2026 10:00", goods=[{"gng": gng, "netKg": 100}]))
    assert told.dlp[0]["cargo"][0]["hsCode"] == "854143"
    assert lost(told, "dlp", "/cargo") == fields


def test_a_loss_that_a_rule_names_is_named_once() -> None:
    """Size 40 is no ISO type: lost when the container is loaded, and not again with what follows."""
    boxes = [{"wagonNumber": W1, "containers": [{"containerNo": C1, "sizeType": "40"}]}]
    crossing, found = Crossing(), []
    for n, (operation, time) in enumerate((("20", "12"), ("70", "16"), ("71", "17")), 1):
        told = crossing.dtc(note(operation, "693602", f"{time}.01.2026 10:00", wagons=boxes, noteVersion=n))
        assert "ISOEquipmentCode" not in told.dlp[0]
        found.append(lost(told, "dlp", "/what/units/0/size_type"))
    assert found == [{"/what/units/0/size_type"}, set(), set()]


def test_oil_on_the_rails_is_in_tanks() -> None:
    """That the wagons of a lot are tank wagons nobody has to be told."""
    lot = profiles.load("oil.lot.v1").examples["o7-tanks-loaded"]
    crossing = Crossing(dlp="dlp.event.v1", oil="oil.lot.v1")
    body = form("oil.lot.v1").to_avro(json.dumps(lot).encode())
    told = crossing.send_avro("oil", body, lot["eventId"])
    assert told.corridor[0]["what"]["units"][0]["wagon_kind"] == "TANK"
    assert lost(told, "dlp", "/what/units") == set()


def test_a_port_knows_its_station() -> None:
    """Name and coordinates are those of the list, and it is a port: nothing of the place is lost."""
    crossing = Crossing(dtc="dtc.note.v1", aktau="port.event.v1")
    wagons = [{"wagonNumber": W1, "containers": [{"containerNo": C1}]}]
    lifted = crossing.dtc(note("72", "663404", "17.01.2026 11:45", wagons=wagons))
    (told,) = lifted.sent["aktau"]
    assert (told["UNLocationCode"], told["equipmentReference"]) == ("KZAAU", C1)
    assert lost(lifted, "aktau", "/where") == set()
