"""What a partner is told is so: of which train, by which gate, at which station, and when it was."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crossing import C1, NOTE, W1, W2, event, note
from tests.support.field import told

pytestmark = pytest.mark.system("dtc", "dlp", "port")

TO_DLP, TO_DTC = ("dtc.note.v1", "dlp.event.v1"), ("dlp.event.v1", "dtc.note.v1")


def trains(one: dict[str, Any]) -> list[str]:
    """The trains and declarations that an event names."""
    return [ref["value"] for ref in one["references"] if ref["type"] in {"TRAIN", "TRANSIT_DECL"}]


def test_what_is_taken_back_is_of_the_train_that_was_told() -> None:
    """Version 2 of the note says train 117: it was not 117 that did not depart, but 116."""
    left = [
        note("31", "707701", "12.01.2026 22:40", trainIndex=f"7077-{train}-5721", noteVersion=version)
        for version, train in ((1, 116), (2, 117))
    ]
    found = told(*TO_DLP, *left)
    assert [(one["isRetracted"], one["railDepartureID"], trains(one)) for one in found.out] == [
        (False, "7077-116-5721", ["7077-116-5721"]),
        (True, "7077-116-5721", ["7077-116-5721"]),
        (False, "7077-117-5721", ["7077-117-5721"]),
    ]


def test_what_is_taken_back_is_of_the_declaration_that_was_told() -> None:
    """Version 2 says that D2 was lodged somewhere else and later: that D1 was is taken back with the note."""
    lodged = note("60", "707701", "12.01.2026 15:00", customs={"transitDeclNo": "D1", "status": "LODGED"})
    annulled = note("19", None, None, noteVersion=2, messageKind="ANNULMENT", trainIndex="7077-117-5721",
                    customs={"transitDeclNo": "D2"})  # fmt: skip
    gone = [one for one in told(*TO_DLP, lodged, annulled).out if one["isRetracted"]]
    assert [(one["eventCode"], one["customs"]["declarationNo"]) for one in gone] == [("SUBM", "D1")]
    assert "D2" not in str(gone)
    assert "117" not in str(gone)


AT = {"location": {"UNLocationCode": "KZAAU"}}


def box(code: str, version: int = 1, **more: object) -> dict[str, Any]:
    """A version of one event of the DLP about a container; the id is the same for all."""
    made = event("EQUIPMENT", code, equipmentReference=C1, eventVersion=version, **more)
    return made | {"eventID": "e1cc5ef5-1d13-51c9-b273-736ea0a6071d"}


@pytest.mark.parametrize(
    ("before", "after", "operations"),
    [
        (AT | {"modeOfTransport": "VESSEL"}, ("DISC", {}), ["72", "12", "73"]),
        (AT | {"modeOfTransport": "VESSEL"}, ("LOAD", {"railCarReference": W1}), ["72", "12", "70"]),
        (AT | {"modeOfTransport": "RAIL"}, ("LOAD", {"modeOfTransport": "VESSEL"}), ["20", "12", "72"]),
        (AT | {"modeOfTransport": "VESSEL"}, ("LOAD", {"eventClassifierCode": "PLN"}), ["72", "12"]),
        (
            AT | {"modeOfTransport": "VESSEL"},
            ("LOAD", {"eventDateTime": "2026-01-17T07:45:00Z"}),
            ["72", "72"],
        ),
    ],
    ids=["discharged", "rolled", "by sea", "not yet", "later"],
)
def test_an_override_that_says_something_else_happened_takes_the_operation_back(
    before: dict[str, Any], after: tuple[str, dict[str, Any]], operations: list[str]
) -> None:
    """An override replaces the whole event: what did not happen is taken back by 12."""
    code, change = after
    second = box(code, 2, eventUpdatedDateTime="2026-01-17T08:00:00Z", **before | change)
    found = told(*TO_DTC, box("LOAD", **before), second)
    assert [one["operationCode"] for one in found.out] == operations
    taken = [one for one in found.out if one["operationCode"] == "12"]
    assert all(one["remark"] == f"RETRACTED EQUIPMENT/LOAD {C1}" for one in taken)


def test_the_departure_of_one_wagon_is_not_that_of_its_note() -> None:
    """A wagon named alone, without a train: 31 of this wagon, as it is of a container that is named alone."""
    (one,) = told(*TO_DTC, event("TRANSPORT", "DEPA", modeOfTransport="RAIL", railCarReference=W1, **AT)).out
    assert one["operationCode"] == "31"
    assert [each["wagonNumber"] for each in one["wagons"]] == [W1]
    assert [(each["unit"], each["operationCode"]) for each in one["unitOperations"]] == [(W1, "31")]


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("CROS", {"location": {"UNLocationCode": "GEGAR"}, "modeOfTransport": "TRUCK"}),
        ("CROS", {"location": {"UNLocationCode": "AZALA"}, "modeOfTransport": "VESSEL"}),
        ("GTOT", {"location": {"UNLocationCode": "GEPTI"}, "emptyIndicatorCode": "EMPTY"}),
        ("GTOT", {"location": {"UNLocationCode": "KZHOR"}}),
        ("AVPU", {"location": {"facilityCode": "707701", "facilityCodeProvider": "ESR"}}),
    ],
    ids=[
        "truck at a border",
        "vessel at a border",
        "empty",
        "where it begins",
        "where it begins, by station",
    ],
)
def test_what_is_no_act_of_the_railway_is_told_in_words(code: str, more: dict[str, Any]) -> None:
    """41 is a train taken over by the next railway, 81 a delivery; the words say which unit it was."""
    (one,) = told(*TO_DTC, box(code, **more)).out
    assert "operationCode" not in one
    assert one["remark"].startswith(f"EQUIPMENT/{code} {C1} ")


def test_a_crossing_by_rail_is_taken_over() -> None:
    """So is one of which nobody says how."""
    for more in ({"modeOfTransport": "RAIL"}, {}):
        (one,) = told(*TO_DTC, box("CROS", location={"UNLocationCode": "GEGAR"}, **more)).out
        assert (one["operationCode"], one["operationStation"]) == ("41", "562800")


@pytest.mark.parametrize(
    ("terminal", "more", "station"),
    [
        ("ALAT-CT", {"modeOfTransport": "RAIL", "nextLocation": "GEGAR"}, "548502"),
        ("ALAT-CT", {"modeOfTransport": "RAIL"}, "548502"),
        ("ALAT-CT", {"modeOfTransport": "RAIL", "nextLocation": "KZAAU"}, "549204"),
        ("ALAT-CT", {"modeOfTransport": "VESSEL"}, "549204"),
        ("ALAT-FERRY", {"modeOfTransport": "RAIL"}, "548502"),
        ("ABSHERON", {"modeOfTransport": "RAIL"}, "548004"),
        ("GARDABANI", {"modeOfTransport": "RAIL"}, "562800"),
    ],
)
def test_a_station_of_export_is_of_what_goes_there(terminal: str, more: dict[str, Any], station: str) -> None:
    """549204 is Alat, export to Aktau: a wagon that is loaded there for Georgia stands at 548502."""
    where = {"location": {"facilityCode": terminal, "facilityCodeProvider": "ZZZ"}}
    (one,) = told(
        *TO_DTC, box("LOAD", railCarReference=None if "VESSEL" in more.values() else W1, **where | more)
    ).out
    assert one["operationStation"] == station


@pytest.mark.parametrize(
    ("at", "text", "basis"),
    [
        ("2024-02-29T17:30:00Z", "29.02.2024 20:30", "MSK"),
        ("2024-02-29T18:30:00Z", "29.02.2024 21:30", "MSK"),
        ("2024-02-29T16:30:00Z", "29.02.2024 22:30", "LOC"),
        ("2024-02-29T19:30:00Z", "01.03.2024 00:30", "LOC"),
    ],
)
def test_an_hour_that_comes_twice_is_told_by_a_clock_that_has_it_once(at: str, text: str, basis: str) -> None:
    """Almaty went from UTC+6 to UTC+5 at 24:00 of 29 February 2024; Moscow is UTC+3 all the time."""
    where = {"location": {"UNLocationCode": "KZALA"}, "modeOfTransport": "RAIL", "railCarReference": W1}
    (one,) = told(*TO_DTC, box("LOAD", eventDateTime=at, **where)).out
    assert (one["operationTime"], one["timeBasis"]) == (text, basis)
    assert one["unitOperations"][0]["operationTime"] == text


@pytest.mark.parametrize("procedure", ["EXPORT", "IM40", "re-export"])
def test_another_declaration_than_of_transit_is_told_in_words(procedure: str) -> None:
    """60 to 63 are of the transit declaration, and transitDeclNo is its number."""
    customs = {"declarationNo": "EXP-1", "procedure": procedure, "status": "RELEASED"}
    (one,) = told(*TO_DTC, event("CUSTOMS", "CUSR", customs=customs, **AT)).out
    assert "operationCode" not in one
    assert "customs" not in one
    assert one["remark"].startswith("CUSTOMS/CUSR ")
    assert one["remark"].endswith(f"PROCEDURE {procedure}")
    (transit,) = told(*TO_DTC, event("CUSTOMS", "CUSR", customs=customs | {"procedure": "T1"}, **AT)).out
    assert (transit["operationCode"], transit["customs"]["transitDeclNo"]) == ("61", "EXP-1")


ISSUED: dict[str, Any] = {
    "event_id": "49107c95-9e1e-5551-bd05-6814fd279007",
    "event_type": "PERMIT_CREATED",
    "event_producer": "AZ",
    "event_consumer": "KZ",
    "event_timestamp": 1768212000,
    "permit_id": "AZ-KZ-2026-2-20",
    "permit_issuer": "AZ",
    "permit_issued_for": "KZ",
    "permit_year": 2026,
    "permit_type": 2,
    "type_numbering": "current",
    "plate_number": "10AA123",
}
TO_DLP_OF_PERMITS = "epermit.event.v1", "dlp.event.v1"


def test_a_permit_event_that_is_sent_again_is_told_once() -> None:
    """An authority repeats an event every minute until it has an answer."""
    used = ISSUED | {
        "event_type": "PERMIT_USED",
        "activity_type": "ENTRANCE",
        "activity_timestamp": 1768557600,
    }
    for one in (ISSUED, used):
        found = told(*TO_DLP_OF_PERMITS, one, one)
        assert len(found.out) == 1
        assert [entry["reason"] for entry in found.of("filtered")] == ["duplicate"]
        assert found.of("finding") == []


@pytest.mark.parametrize(
    ("change", "statement"),
    [
        ({}, "transit, from AZ"),
        ({"permit_issuer": "TR"}, "transit"),
        ({"permit_type": 1}, None),
        ({"permit_issuer": "TR", "arrival_country": "UZ"}, "transit, to UZ"),
        ({"permit_issuer": "TR", "departure_country": "AZ", "arrival_country": "UZ"}, "transit, AZ to UZ"),
        ({"permit_issuer": "TR", "permit_type": 1}, None),
    ],
)
def test_nothing_is_said_of_what_contradicts_the_id_of_a_permit(
    change: dict[str, Any], statement: str | None
) -> None:
    """The id is issuer, country, year, type and serial number: AZ-KZ-2026-2-20 is a transit permit of AZ."""
    (one,) = told(*TO_DLP_OF_PERMITS, ISSUED | change).out
    assert one.get("remark") == statement
    assert one.get("plateCountry") == (None if "permit_issuer" in change else "AZ")


def test_an_older_version_does_not_move_an_annulment() -> None:
    """Version 1 says nothing of when the note was annulled: that was known with the annulment."""
    annulled = note(None, None, None, noteVersion=2, messageKind="ANNULMENT")
    named = ("messageId", "messageKind", "noteNumber", "contractDate", "noteVersion", "departureStation")
    bare = {name: annulled[name] for name in named}
    found = told(*TO_DLP, bare, note("20", "707701", "12.01.2026 14:30"))
    voids = [(one["eventVersion"], one["eventDateTime"]) for one in found.out if one["eventCode"] == "VOID"]
    assert voids == [(1, "2026-05-27T16:40:00Z")]


def test_a_container_on_two_wagons_is_told_once_and_the_other_wagon_is_lost() -> None:
    """One message cannot correct itself: which wagon it is nobody knows, and both places have a finding."""
    twice = note("20", "707701", "12.01.2026 14:30", goods=[], wagons=[
        {"wagonNumber": W1, "containers": [{"containerNo": C1}]},
        {"wagonNumber": W2, "containers": [{"containerNo": C1}]},
    ])  # fmt: skip
    found = told(*TO_DLP, twice)
    loads = [
        (one["eventVersion"], one["railCarReference"]) for one in found.out if one["eventCode"] == "LOAD"
    ]
    assert loads == [(1, W1)]
    assert found.rules("/wagons/1/containers/0/containerNo") == {"container-twice"}
    assert ("/wagons/1/wagonNumber", W2) in {(one["pointer"], one["value"]) for one in found.of("loss")}


SPOKEN = "driver Serik +77011234567"
SPOKEN_BY = {
    "port.event.v1": {
        "eventType": "EQUIPMENT",
        "eventCode": "INSP",
        "equipmentReference": C1,
        "noteKey": NOTE,
    },
    "vessel.event.v1": {"eventType": "TRANSPORT", "eventCode": "ARRI", "vesselIMONumber": "9074729"},
    "oil.lot.v1": {"lot": "L-14", "lotEvent": "DISCHARGED", "classifier": "ACT", "noteKey": NOTE},
}


@pytest.mark.parametrize("target", ["dlp.event.v1", "dtc.note.v1"])
@pytest.mark.parametrize("source", SPOKEN_BY)
def test_the_words_of_who_is_no_platform_stay_with_him(source: str, target: str) -> None:
    """Their profiles promise that nobody else is told; that they stay is counted, without the words."""
    of_oil = source == "oil.lot.v1"
    times = ("eventTime", "recordedAt") if of_oil else ("eventDateTime", "eventCreatedDateTime")
    said = SPOKEN_BY[source] | dict.fromkeys(times, "2026-01-27T18:40:00Z") | {
        "eventId" if of_oil else "eventID": "80bbf005-010f-59dd-9de8-2e44702ecdb5",
        "eventVersion": 1, "UNLocationCode": "AZALA", "remark": SPOKEN,
    }  # fmt: skip
    if not of_oil:
        said["eventClassifierCode"] = "ACT"
    found = told(source, target, said)
    assert SPOKEN not in str(found.out)
    assert SPOKEN not in str(found.report)
    if found.out:
        assert {one["pointer"] for one in found.of("withheld")} >= {"/remark"}
