"""Places and their times: what is not in a list costs neither the time nor, unsaid, the place."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from schemas.codes.identifiers import CHECKS
from schemas.codes.lists import CodeLists
from tests.support.crossing import C1, NOTE, event
from tests.support.field import ACCEPTED, case, messages, told

CODES = CodeLists.load()
PORTS = sorted(key for key, _ in CODES.rows("port-stations") if "/" not in key)
TOWNS = {"663306", "663607", "547105", "572107"}
"""Stations of the towns beside the ports of Aktau, Kuryk, Baku and Poti."""


def operations(given: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - JSON values
    """Code, station, time and basis of each note."""
    return [
        tuple(note.get(name) for name in ("operationCode", "operationStation", "operationTime", "timeBasis"))
        for note in given.out
    ]


def test_astana_time_is_of_its_zone() -> None:
    """Astana time was UTC+6 until 29.02.2024 24:00 (IANA Asia/Almaty); Aktau was at UTC+5, too."""
    given = case("053-time-ast-before-2024-03", "dtc.note.v1", "dlp.event.v1")
    assert [(one["eventDateTime"], one["timeZoneOffset"]) for one in given.out] == [
        ("2024-02-15T06:00:00Z", "+05:00")
    ]


def test_a_time_that_cannot_be_read_is_named_in_the_dead_letter() -> None:
    """The reader learns the sender's field, its value and the rule; nothing of the canonical event."""
    given = case("054-time-unreadable-message", "dtc.note.v1", "dlp.event.v1")
    (letter,) = given.of("dead-letter")
    assert (letter["code"], letter["pointer"], letter["value"]) == (
        "time-invalid", "/operationTime", "29.02.2026 12:00",
    )  # fmt: skip


def test_an_unlisted_station_has_its_districts_clock() -> None:
    """66 is Kazakhstan: 12:00 there is 07:00Z; the finding names the station."""
    given = case("055-time-unknown-station-message", "dtc.note.v1", "dlp.event.v1")
    (event,) = given.out
    assert (event["eventDateTime"], event["location"]["facilityCode"]) == ("2026-01-12T07:00:00Z", "663804")
    assert given.rules("/operationStation") == {"station-unknown"}


def test_every_district_of_the_corridor_has_a_clock() -> None:
    """AZ and GE are at +04:00, KZ, UZ and TM at +05:00, KG at +06:00, for stations of no list, too."""
    offsets = {"549": 4, "579": 4, "664": 5, "709": 5, "729": 5, "759": 5, "877": 5, "719": 6}
    (note,) = messages("055-time-unknown-station-message")
    given = told(
        "dtc.note.v1",
        "dlp.event.v1",
        *(
            {
                **note,
                "messageId": str(uuid4()),
                "noteNumber": f"0000{district}",
                "operationStation": unlisted(district),
            }
            for district in offsets
        ),
    )
    assert [one["timeZoneOffset"] for one in given.out] == [f"+0{one}:00" for one in offsets.values()]
    assert len([one for one in given.of("finding") if one["rule"] == "station-unknown"]) == len(offsets)


def unlisted(district: str) -> str:
    """A station with a right check digit that is in no list."""
    return next(
        code
        for middle in range(99, -1, -1)
        for code in (f"{district}{middle:02d}{digit}" for digit in range(10))
        if not CODES.known("stations", code) and CHECKS["esr"](code) is None
    )


def test_a_station_of_which_nothing_is_known_is_named_in_the_dead_letter() -> None:
    """No list and no district has it: the local time cannot be read, and the reader learns why."""
    (note,) = messages("055-time-unknown-station-message")
    (letter,) = told("dtc.note.v1", "dlp.event.v1", {**note, "operationStation": "999996"}).of("dead-letter")
    assert (letter["pointer"], letter["value"]) == ("/operationStation", "999996")
    assert "station-unknown" in letter["message"]


@pytest.mark.parametrize(("basis", "utc"), [("MSK", "2026-01-12T09:00:00Z"), ("AST", "2026-01-12T07:00:00Z")])
@pytest.mark.parametrize("station", ["999996", None])
def test_a_basis_with_a_zone_of_its_own_needs_no_station(basis: str, utc: str, station: str | None) -> None:
    """12:00 of Moscow is 09:00Z and of Astana 07:00Z, wherever it was."""
    (note,) = messages("055-time-unknown-station-message")
    given = told("dtc.note.v1", "dlp.event.v1", {**note, "operationStation": station, "timeBasis": basis})
    assert {one["eventDateTime"] for one in given.out} == {utc}


def test_a_duplicate_place_is_the_preferred_one() -> None:
    """KZABE is Aktobe as KZAKX is: station 667909, where 06:45Z is 11:45."""
    given = case("077-unk-locode-duplicate-KZABE", "dlp.event.v1", "dtc.note.v1")
    assert operations(given) == [("20", "667909", "17.01.2026 11:45", "LOC")]


def test_each_duplicate_gives_what_its_preferred_place_gives() -> None:
    """Of every row of the list of places."""
    (event,) = messages("077-unk-locode-duplicate-KZABE")
    twins = {key: str(row["preferred"]) for key, row in CODES.rows("places") if row["preferred"] != key}
    both = [
        operations(told("dlp.event.v1", "dtc.note.v1", *(at(event, place) for place in places)))
        for places in (twins.keys(), twins.values())
    ]
    assert both[0] == both[1]
    assert len(both[0]) == len(twins) > 5


def at(event: dict[str, Any], place: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """An event of a note of its own, at a place."""
    note = f"707701/2026-01-12/{uuid4().int % 10**9}"
    return {
        **event,
        "eventID": str(uuid4()),
        "references": [{"type": "SMGS", "value": note}],
        "location": {"UNLocationCode": place},
        **fields,
    }


def test_a_place_without_a_station_keeps_the_time() -> None:
    """06:45Z is 09:45 in Moscow, the basis that needs no station; the place is told as lost."""
    given = case("079-unk-locode-loses-the-time", "dlp.event.v1", "dtc.note.v1")
    assert operations(given) == [("20", None, "17.01.2026 09:45", "MSK")]
    assert [
        (one["reason"], one["value"])
        for one in given.of("loss")
        if one["pointer"] == "/location/UNLocationCode"
    ] == [("place-unknown", "CNHRS")]


def test_no_place_at_all_keeps_the_time() -> None:
    """As above, and the report says that the place is not known."""
    given = case("080-unk-no-location-loses-the-time", "dlp.event.v1", "dtc.note.v1")
    assert operations(given) == [("20", None, "17.01.2026 09:45", "MSK")]
    assert "place-unknown" in {one["rule"] for one in given.of("finding")}


def test_the_instant_survives_at_every_place() -> None:
    """Whatever the place: what the DTC is told, read by the rules of its profile, is the instant."""
    (event,) = messages("079-unk-locode-loses-the-time")
    places = [*(key for key, _ in CODES.rows("places")), "XXXXX", "KZZZZ"]
    given = operations(told("dlp.event.v1", "dtc.note.v1", *(at(event, place) for place in places)))
    assert len(given) == len(places)
    for _, station, time, basis in given:
        zone = {"MSK": "Europe/Moscow"}.get(basis) or str(CODES.lookup("stations", station, "zone"))
        read = datetime.strptime(time, "%d.%m.%Y %H:%M").replace(tzinfo=ZoneInfo(zone))
        assert read.astimezone(UTC) == datetime(2026, 1, 17, 6, 45, tzinfo=UTC)


def test_a_ship_berths_at_the_port() -> None:
    """A feeder at Aktau and a ferry at Kuryk: the ports' stations, not Mangyshlak and Yeraliyevo."""
    given = case("083-ship-operation-at-town-station", "dlp.event.v1", "dtc.note.v1")
    assert [one[:2] for one in operations(given)] == [("72", "663404"), ("71", "693602")]


def test_no_ship_berths_in_a_town() -> None:
    """All ports, loading and discharging, ferry and feeder, with every next place and without one."""
    event = messages("083-ship-operation-at-town-station")[0]
    nexts = (None, "KZAAU", "AZALA", "TMKRW", "TMKRA", "BGVAR", "GETBS")
    ways = list(product(PORTS, ("LOAD", "DISC"), (None, "94001237"), nexts))
    given = told(
        "dlp.event.v1",
        "dtc.note.v1",
        *(
            at(event, port, eventCode=code, railCarReference=wagon, nextLocation=to)
            for port, code, wagon, to in ways
        ),
    )
    assert len(given.out) == len(ways)
    for (port, *_), (_, station, _, basis) in zip(ways, operations(given), strict=True):
        assert CODES.lookup("stations", station, "unlocode") == port
        assert (station in TOWNS, basis) == (False, "LOC")


@pytest.mark.parametrize(
    ("place", "port", "town"), [("KZKUR", "693602", "663607"), ("KZAAU", "663404", "663306")]
)
@pytest.mark.parametrize("code", ["ENTR", "EXIT"])
def test_who_enters_at_a_port_is_at_the_port(place: str, port: str, town: str, code: str) -> None:
    """Off a ferry or on it, and not in the town; a truck that is loaded there may well be."""
    permit = [{"type": "SMGS", "value": NOTE}, {"type": "EPERMIT", "value": "AZ-KZ-2026-2-17"}]
    truck: dict[str, Any] = {"modeOfTransport": "TRUCK", "location": {"UNLocationCode": place}}
    used = told("dlp.event.v1", "dtc.note.v1", event("PERMIT", code, references=permit, **truck))
    assert [one["operationStation"] for one in used.out] == [port]
    loaded = event("EQUIPMENT", "LOAD", equipmentReference=C1, **truck)
    assert [town in one["remark"] for one in told("dlp.event.v1", "dtc.note.v1", loaded).out] == [True]


def test_every_station_is_checked_and_has_a_source() -> None:
    """The check digit of domain rules, a zone, a country, a railway and where it was read, of each row."""
    rows = list(CODES.rows("stations"))
    assert len(rows) > 2_500
    assert [key for key, _ in rows if CHECKS["esr"](key) is not None] == []
    assert {str(row["country"]) for _, row in rows} >= {"KZ", "AZ", "GE", "TM", "UZ"}
    assert all(row["source"] and row["zone"] for _, row in rows)


def test_the_districts_agree_with_the_list() -> None:
    """The clock of a station's district is the station's own, today, for all but one in twenty of each."""
    now = datetime.fromtimestamp(ACCEPTED / 1000, UTC)
    for prefix, row in CODES.rows("esr-prefixes"):
        zone = ZoneInfo(str(row["zone"]))
        listed = [one for key, one in CODES.rows("stations") if key.startswith(prefix)]
        other = [
            one for one in listed
            if now.astimezone(ZoneInfo(str(one["zone"]))).utcoffset() != now.astimezone(zone).utcoffset()
        ]  # fmt: skip
        assert len(other) * 20 <= len(listed), prefix


@pytest.mark.parametrize("basis", ["LOC", "MSK", "AST"])
@pytest.mark.parametrize(("station", "offset"), [("663306", "+05:00"), ("548004", "+04:00")])
def test_the_offset_is_that_of_the_place(station: str, offset: str, basis: str) -> None:
    """Whatever clock the note is written by: Aktau +05:00, Absheron +04:00; in the retraction, too."""
    (note,) = messages("055-time-unknown-station-message")
    plain = {**note, "operationStation": station, "timeBasis": basis}
    gone = {**plain, "messageId": str(uuid4()), "messageKind": "ANNULMENT", "noteVersion": 2}
    out = told("dtc.note.v1", "dlp.event.v1", plain, gone).out
    here = [one for one in out if one["eventCode"] != "VOID"]
    assert {one["isRetracted"] for one in here} == {False, True}
    assert [one.get("timeZoneOffset") for one in here] == [offset] * len(here)


@pytest.mark.parametrize("wrong", [None, "+03:00", "+06:00"])
def test_an_offset_that_is_not_the_places_is_not_told_on(wrong: str | None) -> None:
    """Aktau is at +05:00: the port's own word is a finding, and the DLP is told the place's."""
    said = {} if wrong is None else {"timeZoneOffset": wrong}
    event = {
        "eventID": str(uuid4()), "eventVersion": 1, "isRetracted": False, "eventType": "EQUIPMENT",
        "eventCode": "GTIN", "eventClassifierCode": "ACT", "eventDateTime": "2026-01-17T00:20:00Z",
        "eventCreatedDateTime": "2026-01-17T00:20:00Z", "UNLocationCode": "KZAAU",
        "equipmentReference": "CSQU3054383", **said,
    }  # fmt: skip
    found = told("port.event.v1", "dlp.event.v1", event)
    assert [one["timeZoneOffset"] for one in found.out] == ["+05:00"]
    assert found.rules("/timeZoneOffset") == (set() if wrong is None else {"offset-not-of-place"})


@pytest.mark.parametrize(
    ("lot_event", "place", "more", "station"),
    [
        ("LOADED", "KZAAU", {}, "663404"),
        ("SAILED", "KZAAU", {"nextLocation": "TMKRW"}, "689409"),
        ("ARRIVED", "AZBAK", {}, "547302"),
        ("DISCHARGED", "GEPTI", {}, "572200"),
    ],
)
def test_a_tanker_is_at_the_station_of_the_port(
    lot_event: str, place: str, more: dict[str, str], station: str
) -> None:
    """Ships berth at a port station, never at the town's (list `port-stations`)."""
    lot = {
        "eventId": str(uuid4()), "eventVersion": 1, "isRetracted": False, "lot": "LOT-22",
        "lotEvent": lot_event, "classifier": "ACT", "eventTime": "2026-01-25T16:00:00Z",
        "recordedAt": "2026-01-25T16:00:00Z", "UNLocationCode": place, "product": "KASHAGAN",
        "noteKey": "707701/2026-01-12/0008022", "vesselIMONumber": "9319466", **more,
    }  # fmt: skip
    (note,) = told("oil.lot.v1", "dtc.note.v1", lot).out
    assert f" {station} " in note["remark"]
