"""What is odd in a message is told at the sender's field, and the message goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from schemas import profiles
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import load
from tests.support.field import case, messages, told

RULES = dict(CodeLists.load().rows("plausibility"))
ACCEPTED = 1_768_192_200_000
"""2026-01-12T04:30:00Z."""
PROFILES = Path(profiles.__file__).parent


def findings(given: Any) -> set[tuple[str, str, str]]:  # noqa: ANN401 - what the harness gives
    """Pointer, rule and value of what was found of plausibility."""
    return {
        (one["pointer"], one["rule"], one["value"]) for one in given.of("finding") if one["rule"] in RULES
    }


def note(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A plausible note, changed."""
    (plain,) = messages("055-time-unknown-station-message")
    return {**plain, "operationStation": "700007", "operationTime": "12.01.2026 09:10", **changes}


def event(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A plausible event of a container at Almaty, changed."""
    plain = {
        "eventID": "0b0f2f54-41a0-5c53-8f0a-000000000101", "eventVersion": 1, "eventType": "EQUIPMENT",
        "eventCode": "GTIN", "eventClassifierCode": "ACT", "eventDateTime": "2026-01-12T03:10:00Z",
        "timeZoneOffset": "+05:00", "eventCreatedDateTime": "2026-01-12T03:11:00Z",
        "equipmentReference": "QTZU2045080", "location": {"UNLocationCode": "KZALA"},
    }  # fmt: skip
    return plain | changes


def found(profile: str, *given: dict[str, Any]) -> list[set[tuple[str, str, str]]]:
    """What is found in each message; all of them go on whatever that is."""
    own = [
        {**one, name: str(uuid4())}
        for one in given
        for name in ("messageId", "eventID", "eventId")
        if name in one
    ]
    said = told(profile, "corridor.event.v1", *own, accepted=ACCEPTED)
    assert said.of("dead-letter") == []
    return [
        {
            (one["pointer"], one["rule"], one["value"])
            for one in said.of("finding")
            if one["rule"] in RULES and one["line"] == line
        }
        for line in range(1, len(given) + 1)
    ]


def test_what_is_plausible_has_no_finding() -> None:
    """Neither the note nor the event that the tests below change."""
    assert found("dtc.note.v1", note()) == [set()]
    assert found("dlp.event.v1", event()) == [set()]


def test_a_time_in_the_future_is_told_as_it_was_written() -> None:
    """Three hours after its receipt at 10:00Z stands 19:00 of Almaty, the sender's own text."""
    given = case("059-in-the-future-value", "dtc.note.v1", "dlp.event.v1", 1_768_201_200_000)
    assert findings(given) == {("/operationTime", "in-the-future", "12.01.2026 19:00")}


def test_contradicting_masses_are_found() -> None:
    """Net above gross, gross below tare, and 99 t in a container that ISO 668 rates for 36 t at most."""
    given = case("086-qty-contradicting-masses", "dtc.note.v1", "dlp.event.v1")
    assert findings(given) == {
        ("/goods/0/netKg", "net-above-gross", "19400"),
        ("/wagons/0/containers/0/grossKg", "gross-below-tare", "1000"),
        ("/wagons/0/containers/0/grossKg", "container-too-heavy", "99000"),
    }
    assert len(given.out) == 3


def test_two_codes_of_two_places_are_found() -> None:
    """KZAAU is Aktau, station 548502 is Alat; both are kept, the finding says that they differ."""
    given = case("173-place-contradiction", "dlp.event.v1", "dtc.note.v1")
    assert findings(given) == {("/location/facilityCode", "places-differ", "548502 is in AZALA, not KZAAU")}


EVENTS: list[tuple[dict[str, Any], tuple[str, str, str]]] = [
        ({"timeZoneOffset": "+06:00"}, ("/timeZoneOffset", "offset-not-of-place", "+06:00")),
        ({"timeZoneOffset": "+00:00"}, ("/timeZoneOffset", "offset-not-of-place", "+00:00")),
        ({"location": {"UNLocationCode": "GEPTI"}}, ("/timeZoneOffset", "offset-not-of-place", "+05:00")),
        ({"location": {"UNLocationCode": "UZTAS"}, "timeZoneOffset": "+06:00"},
         ("/timeZoneOffset", "offset-not-of-place", "+06:00")),
        ({"location": {"facilityCode": "548502", "facilityCodeProvider": "ESR"}},
         ("/timeZoneOffset", "offset-not-of-place", "+05:00")),
        ({"eventDateTime": "2026-01-12T09:30:00Z"},
         ("/eventDateTime", "in-the-future",
          "2026-01-12T09:30:00Z (5 h, the offset of the place: local time sent as UTC?)")),
        ({"eventDateTime": "2026-01-13T09:30:00Z"},
         ("/eventDateTime", "in-the-future", "2026-01-13T09:30:00Z")),
        ({"estimatedArrival": "2019-01-12T09:30:00Z"},
         ("/estimatedArrival", "eta-before-event", "2019-01-12T09:30:00Z")),
        ({"eventClassifierCode": "EST", "eventDateTime": "2020-01-12T03:10:00Z", "timeZoneOffset": None},
         ("/eventDateTime", "estimate-past", "2020-01-12T03:10:00Z")),
        ({"location": {"UNLocationCode": "KZALA", "facilityCode": "AKTAU-CT", "facilityCodeProvider": "ZZZ"}},
         ("/location/facilityCode", "places-differ", "AKTAU-CT is in KZAAU, not KZALA")),
]  # fmt: skip


def test_what_an_event_says_is_held_against_its_place_and_its_times() -> None:
    """Each of these alone; by IANA Almaty and Tashkent are at +05:00, Poti and Alat at +04:00."""
    given = found("dlp.event.v1", *(event(**changes) for changes, _ in EVENTS))
    assert given == [{expected} for _, expected in EVENTS]


def test_an_offset_that_the_place_had_then_is_right() -> None:
    """Almaty was at +06:00 until the end of February 2024."""
    then = {"eventDateTime": "2024-01-12T03:10:00Z", "eventCreatedDateTime": "2024-01-12T03:11:00Z"}
    right, wrong = found("dlp.event.v1", event(**then, timeZoneOffset="+06:00"), event(**then))
    assert (right, {rule for _, rule, _ in wrong}) == (set(), {"offset-not-of-place"})


NOTES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"etaDestination": "01.02.2019 12:00"}, {"/etaDestination": "eta-before-event"}),
    ({"etaDestination": "12.01.2026 07:00"}, {"/etaDestination": "eta-before-event"}),
    ({"operationTime": "12.01.2006 09:10"}, {"/operationTime": "operation-before-contract"}),
    ({"departureStationName": "Алят"}, {"/departureStationName": "places-differ"}),
    ({"destinationStationName": "ბაქო"}, {"/destinationStationName": "places-differ"}),
]


def test_what_a_note_says_is_held_against_itself() -> None:
    """The times against each other and the contract's day; 707701 is Altynkol and 572107 Poti."""
    given = found("dtc.note.v1", *(note(noteNumber=f"{n:07}", **NOTES[n][0]) for n in range(len(NOTES))))
    assert [{pointer: rule for pointer, rule, _ in one} for one in given] == [one for _, one in NOTES]


def test_the_names_that_a_station_has_are_right() -> None:
    """In each language that the list knows."""
    names = ("Altynkol", "Алтынколь", "Алтынкөл")
    given = (note(noteNumber=f"{n:07}", departureStationName=name) for n, name in enumerate(names))
    assert found("dtc.note.v1", *given) == [set()] * 3


def test_one_container_stands_on_one_wagon() -> None:
    """Both places are told, of a container and of a wagon."""
    box = {"containerNo": "CSQU3054383"}
    wagons = [
        {"wagonNumber": "94001237", "containers": [box]},
        {"wagonNumber": "94228053", "containers": [box]},
    ]
    bare = [{"wagonNumber": "94001237"}, {"wagonNumber": "94001237"}]
    boxes, alone = found(
        "dtc.note.v1",
        note(wagons=wagons, goods=[]),
        note(wagons=bare, goods=[], noteNumber="0000001"),
    )
    assert boxes == {
        (f"/wagons/{place}/containers/0/containerNo", "container-twice", "CSQU3054383") for place in (0, 1)
    }
    assert alone == {(f"/wagons/{place}/wagonNumber", "wagon-twice", "94001237") for place in (0, 1)}


PORT = {
    "eventID": "0b0f2f54-41a0-5c53-8f0a-000000000301", "eventVersion": 1, "eventType": "PORTCALL",
    "eventCode": "ARRI", "eventClassifierCode": "ACT", "eventDateTime": "2026-01-12T03:10:00Z",
    "timeZoneOffset": "+05:00", "eventCreatedDateTime": "2026-01-12T03:11:00Z", "UNLocationCode": "KZAAU",
    "facilityCode": "AKTAU-FERRY", "vesselIMONumber": "9074729",
}  # fmt: skip
OIL = {
    "eventId": "0b0f2f54-41a0-5c53-8f0a-000000000302", "eventVersion": 1, "lotEvent": "NOMINATED",
    "lot": "L1", "product": "CRUDE", "classifier": "ACT",
    "eventTime": "2026-01-12T03:10:00Z", "timeZoneOffset": "+05:00",
    "recordedAt": "2026-01-12T03:11:00Z", "UNLocationCode": "KZAAU", "terminal": "AKTAU-OIL",
}  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "plain", "time", "facility"),
    [
        ("port.event.v1", PORT, "eventDateTime", "facilityCode"),
        ("vessel.event.v1", PORT, "eventDateTime", "facilityCode"),
        ("oil.lot.v1", OIL, "eventTime", "terminal"),
    ],
)
def test_the_other_profiles_know_the_same_rules(
    profile: str, plain: dict[str, Any], time: str, facility: str
) -> None:
    """Offset, future, arrival and place, with each profile's own fields."""
    changes: list[tuple[str, Any, str, str]] = [
        ("timeZoneOffset", "+04:00", "/timeZoneOffset", "offset-not-of-place"),
        (time, "2026-01-12T08:10:00Z", f"/{time}", "in-the-future"),
        ("estimatedArrival", "2019-01-12T08:10:00Z", "/estimatedArrival", "eta-before-event"),
        (facility, "ALAT-CT", f"/{facility}", "places-differ"),
    ]
    first, *others = found(profile, plain, *({**plain, field: value} for field, value, _, _ in changes))
    assert first == set()
    assert [{one[:2] for one in said} for said in others] == [{(at, rule)} for _, _, at, rule in changes]


def test_each_rule_of_the_list_is_looked_for() -> None:
    """No row of which no mapping says where it is broken."""
    texts = "".join(file.read_text("utf-8") for file in PROFILES.glob("*/to_corridor.yaml"))
    assert [rule for rule in RULES if f"- finding: {rule}\n" not in texts] == []


def test_a_rule_is_looked_for_by_severity_and_limit_of_the_list(tmp_path: Path) -> None:
    """An integrator's list lays over the shipped one: another limit, another severity, or none."""
    head = "# mode: override\nrule,severity,limit,unit,meaning,source,verified\n"
    made = {}
    for severity in ("error", "off"):
        row = f"container-too-heavy,{severity},20500,kg,Heavier than our cranes lift,project,yes\n"
        (tmp_path / "plausibility.csv").write_text(head + row, "utf-8")
        mapping = load(
            (PROFILES / "dtc.note.v1" / "to_corridor.yaml").read_text("utf-8"),
            "to_corridor.yaml",
            lambda name: profiles.load(name).schema,
            CodeLists.load([tmp_path]),
        )
        made[severity] = [
            line for line in mapping.module.source.splitlines() if "container-too-heavy" in line
        ]
        assert ("> 20500" in mapping.module.source) == (severity == "error")
    assert (made["error"] != [], made["off"]) == (True, [])
    assert all("'error'" in line for line in made["error"])
