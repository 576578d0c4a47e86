"""What is told of trains, of estimates and of what is not known; and what replaces what."""

import json
from itertools import permutations
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from schemas.codes.lists import CodeLists
from schemas.mapping.route import next_on_route
from tests.support.field import Told, case, messages, told

DLP, DTC, CORRIDOR = "dlp.event.v1", "dtc.note.v1", "corridor.event.v1"


def test_a_retraction_needs_no_higher_version() -> None:
    """The same event with ``isRetracted`` at the same version: the note takes it back."""
    said = case("130-retraction-same-version-ignored", DLP, DTC)
    assert [note["noteVersion"] for note in said.out] == [1, 2]
    assert said.out[-1].get("operationCode") != "20"
    assert said.of("filtered") == []


def test_a_later_update_overrides() -> None:
    """No ``eventVersion``, a later ``eventUpdatedDateTime`` (DCSA T&T 3.0): 12:45 at Aktau, UTC+5."""
    said = case("132-override-by-updated-time-ignored", DLP, DTC)
    assert said.out[-1]["operationTime"] == "17.01.2026 12:45"
    assert said.of("filtered") == []


@pytest.mark.parametrize(
    "name", ["130-retraction-same-version-ignored", "132-override-by-updated-time-ignored"]
)
def test_order_of_arrival_decides_nothing(name: str) -> None:
    """The last version of the corridor event says the same, whichever message came first."""
    ends = {
        tuple((event["correction"].get("retracted"), event["when"]["occurred_at"]) for event in said.out[-1:])
        for said in (told(DLP, CORRIDOR, *order) for order in permutations(messages(name)))
    }
    assert len(ends) == 1


def events(said: Told, kind: str, code: str, classifier: str = "ACT") -> list[dict[str, Any]]:
    """The DLP events of one code."""
    wanted = (kind, code, classifier)
    return [e for e in said.out if (e["eventType"], e["eventCode"], e["eventClassifierCode"]) == wanted]


def named(event: dict[str, Any], kind: str) -> list[str]:
    """The references of one type."""
    return [one["value"] for one in event["references"] if one["type"] == kind]


def note(name: str = "008-op34-where-it-stands", **more: object) -> dict[str, Any]:
    """The last note of a case with other fields; ``None`` leaves a field out."""
    made = {**messages(name)[-1], **more}
    made["messageId"] = str(uuid5(NAMESPACE_URL, json.dumps(made, sort_keys=True)))
    return {key: value for key, value in made.items() if value is not None}


# nextLocation: from the route of the note
def test_next_is_onward_on_the_route_of_the_note() -> None:
    """Westbound to Poti over Aktau, Alat, Boyuk-Kesik, Gardabani."""
    said = case("002-journey-next-location", DTC, DLP)
    found = {(e["location"]["UNLocationCode"], e.get("nextLocation")) for e in said.out}
    assert found == {("KZHOR", "KZAAU"), ("KZAAU", "AZALA"), ("AZALA", "GEGAR")}


WEST = ("707701", [("663404", "549204"), ("558701", "562800")], "572107")
EAST = ("572107", [("562800", "558701"), ("549204", "663404")], "707701")
ORDER = ["KZHOR", "KZAAU", "AZALA", "GEGAR", "GEPTI"]
"""Places of that route from east to west; Boyuk-Kesik has no UN/LOCODE."""


@pytest.mark.parametrize("way", [WEST, EAST])
@pytest.mark.parametrize("listed", [WEST[1], EAST[1]])
def test_next_never_points_back(
    way: tuple[str, list[tuple[str, str]], str], listed: list[tuple[str, str]]
) -> None:
    """Any border or port station, both directions, borders listed in either direction."""
    stations = CodeLists.load().column("stations", "unlocode")
    find = next_on_route(stations, CodeLists.load().column("stations", "country"))
    departure, _, destination = way
    order = ORDER if way is WEST else ORDER[::-1]
    for station in stations:
        following = find(
            station,
            departure,
            [*range(len(listed))],
            [b[0] for b in listed],
            [b[1] for b in listed],
            destination,
        )
        here = stations[station]
        if here in order[:-1]:
            assert following == order[order.index(here) + 1], station
        elif station not in {"558701", "558631"}:
            assert following is None, station


def test_next_is_absent_where_the_note_does_not_name_the_route() -> None:
    """No borders, or borders that do not lead from the departure to the destination."""
    for borders in (None, [], [{"seq": 1, "exitEsr": "558701", "entryEsr": "562800", "ferry": False}]):
        said = told(DTC, DLP, note("002-journey-next-location", borderStations=borders))
        assert [e.get("nextLocation") for e in said.out] == [None] * len(said.out)


# estimates
def test_an_estimate_of_any_operation_reaches_the_destination() -> None:
    """Departed with an ETA: an estimate at Poti (UTC+4) beside the departure."""
    said = case("004-eta-of-departed-train-vanishes", DTC, DLP)
    (estimate,) = events(said, "TRANSPORT", "ARRI", "EST")
    assert (estimate["eventDateTime"], estimate["location"]["UNLocationCode"]) == (
        "2026-01-24T08:00:00Z",
        "GEPTI",
    )
    assert estimate["railDepartureID"] == "7077-041-5721"
    assert named(estimate, "SMGS") == ["707701/2026-01-12/0012345"]
    (departure,) = events(said, "TRANSPORT", "DEPA")
    assert "estimatedArrival" not in departure


def test_without_an_estimate_none_is_made_up() -> None:
    """Operation 34 without ``etaDestination``: nothing is estimated, and that is a finding."""
    said = case("006-op34-without-eta-invents-arrival", DTC, DLP)
    assert events(said, "TRANSPORT", "ARRI", "EST") == []
    assert said.rules("/etaDestination") == {"eta-missing"}


def test_where_a_train_stands_is_told_with_the_estimate() -> None:
    """At Beyneu since 15.01.2026 03:15, UTC+5; a vessel is late."""
    (estimate,) = case("008-op34-where-it-stands", DTC, DLP).out
    assert (estimate["eventClassifierCode"], estimate["eventDateTime"]) == ("EST", "2026-01-28T08:00:00Z")
    assert (estimate["location"]["UNLocationCode"], estimate["delayReasonCode"]) == ("GEPTI", "VES")
    assert estimate["remark"].startswith("STANDING 662905 SINCE 2026-01-14T22:15:00Z")


@pytest.mark.parametrize("words", ["Ожидание судна", None])
def test_what_the_railway_writes_of_it_stands_behind_it(words: str | None) -> None:
    """Both are free words, and the DLP takes them (`freeText`); nothing is withheld."""
    said = told(DTC, DLP, note(remark=words) if words else {k: v for k, v in note().items() if k != "remark"})
    (estimate,) = said.out
    place = "STANDING 662905 SINCE 2026-01-14T22:15:00Z"
    assert estimate["remark"] == (f"{place}; {words}" if words else place)
    assert [one for one in said.report if one["pointer"] == "/remark"] == []


OPERATIONS = [key for key, row in CodeLists.load().rows("dtc-operations") if key.isdigit() and key != "19"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("train", ["7077-041-5721", None])
def test_each_operation_tells_one_estimate(operation: str, train: str | None) -> None:
    """One event of its own identity per note, never beside a place; a change is its next version."""
    first = note(
        operationCode=operation, trainIndex=train, trainNumber=None, etaDestination="28.01.2026 12:00"
    )
    later = note(
        operationCode="81", operationStation="572107", trainIndex=train, trainNumber=None, noteVersion=99,
        operationTime="22.01.2026 10:00", etaDestination="28.01.2026 15:00", delayReason=None, remark=None,
    )  # fmt: skip
    said = told(DTC, DLP, first, later)
    estimates = events(said, "TRANSPORT", "ARRI", "EST")
    assert [(e["eventVersion"], e["eventDateTime"]) for e in estimates] == [
        (1, "2026-01-28T08:00:00Z"),
        (2, "2026-01-28T11:00:00Z"),
    ]
    assert len({e["eventID"] for e in estimates}) == 1
    assert {e.get("railDepartureID") for e in estimates} == {train}
    others = [e for e in said.out if e not in estimates]
    assert not any("estimatedArrival" in e for e in others)
    assert not any("nextLocation" in e for e in estimates)


def test_an_estimate_told_again_is_told_once() -> None:
    """Another operation with the same estimate is no new version of it."""
    first = note(operationCode="31", delayReason=None, remark=None)
    again = {"operationCode": "32", "operationTime": "16.01.2026 10:00", "noteVersion": 99}
    said = told(DTC, DLP, first, {**first, **again, "messageId": str(uuid5(NAMESPACE_URL, "32"))})
    assert len(events(said, "TRANSPORT", "ARRI", "EST")) == 1


# trains
def test_a_train_event_names_the_notes_aboard() -> None:
    """The departure carries the note, and the train."""
    (departure,) = events(case("009-train-not-linked-to-shipments", DTC, DLP), "TRANSPORT", "DEPA")
    assert named(departure, "SMGS") == ["707701/2026-01-12/0012345"]
    assert departure["railDepartureID"] == "7077-041-5721"


@pytest.mark.parametrize("operation", ["31", "32", "33"])
def test_an_unknown_train_is_not_made_up(operation: str) -> None:
    """Neither index nor number: no train, the note instead, and a finding."""
    (departure,) = case("010-train-id-invented-from-note", DTC, DLP).out
    for said in (told(DTC, DLP, note("010-train-id-invented-from-note", operationCode=operation)),):
        (event,) = [e for e in said.out if e["eventType"] == "TRANSPORT"]
        assert ("railDepartureID" not in event, named(event, "TRAIN")) == (True, [])
        assert named(event, "SMGS") == named(departure, "SMGS") == ["707701/2026-01-12/0012345"]
        assert said.rules("/trainIndex") == {"train-missing"}


@pytest.mark.parametrize("kind", ["DELTA", "ANNULMENT"])
def test_a_train_is_missed_only_where_an_operation_needs_one(kind: str) -> None:
    """A lone estimate and a lone annulment have no operation: no train is asked for; 31, 34 and 30 do ask."""
    asked = note("010-train-id-invented-from-note")
    kept = {"noteNumber", "contractDate", "departureStation", "noteVersion", "messageId"}
    lone = {name: value for name, value in asked.items() if name in kept}
    lone |= {"messageKind": kind} | ({"etaDestination": "28.01.2026 12:00"} if kind == "DELTA" else {})
    assert told(DTC, DLP, lone).rules("/trainIndex") == set()
    assert told(DTC, DLP, asked | {"operationCode": "20"}).rules("/trainIndex") == set()
    assert told(DTC, DLP, asked | {"operationCode": "30"}).rules("/trainIndex") == {"train-missing"}


def test_the_last_word_of_two_notes_counts() -> None:
    """A says 18:40, then 18:50; B says 18:40, then 18:55 (UTC+5): one departure, at 18:55, of both notes."""
    departures = events(case("013-second-note-corrects-last", DTC, DLP), "TRANSPORT", "DEPA")
    assert len({e["eventID"] for e in departures}) == 1
    assert departures[-1]["eventDateTime"] == "2026-01-12T13:55:00Z"
    assert len(named(departures[-1], "SMGS")) == 2
    versions = [e["eventVersion"] for e in departures]
    assert versions == sorted(set(versions))


def test_an_index_used_again_is_another_train() -> None:
    """Thirty days apart."""
    departures = events(case("014-train-index-used-again-in-month", DTC, DLP), "TRANSPORT", "DEPA")
    assert [e["eventDateTime"][:10] for e in departures] == ["2026-01-01", "2026-01-31"]
    assert len({e["eventID"] for e in departures}) == 2


def test_two_notes_that_contradict_are_a_finding_and_end_alike_in_every_order() -> None:
    """All orders of the same four messages: one departure of both notes at the time of the last word."""
    given = messages("013-second-note-corrects-last")
    ends = set()
    for order in permutations(given):
        said = told(DTC, DLP, *order)
        last = {e["eventID"]: e for e in events(said, "TRANSPORT", "DEPA")}
        ends.add(tuple((e["eventDateTime"], *named(e, "SMGS"), e["isRetracted"]) for e in last.values()))
        assert "contradicts-other-note" in {entry["rule"] for entry in said.of("finding")}
    notes = ("707701/2026-01-12/0012345", "707701/2026-01-12/0012346")
    assert ends == {(("2026-01-12T13:55:00Z", *notes, False),)}


# what is not known
def test_an_annulment_is_not_dated_at_the_last_operation() -> None:
    """Its time is not told: it is when it became known, nowhere, and a finding."""
    said = case("027-void-dated-at-last-operation", DTC, DLP)
    (void,) = events(said, "SHIPMENT", "VOID")
    assert void["eventDateTime"].startswith("2026-05-27T16:40:0")
    assert "location" not in void
    assert "time-assumed" in said.rules("/operationTime")


def test_an_annulment_with_a_time_of_its_own_keeps_it() -> None:
    """Operation 19 at 08:00 in Altynkol, UTC+5."""
    one = note("027-void-dated-at-last-operation", operationCode="19", operationTime="24.01.2026 08:00",
               operationStation="707701", noteVersion=9)  # fmt: skip
    said = told(DTC, DLP, *messages("027-void-dated-at-last-operation")[:2], one)
    (void,) = events(said, "SHIPMENT", "VOID")
    assert void["eventDateTime"] == "2026-01-24T03:00:00Z"


def test_nothing_says_laden() -> None:
    """Gross is tare and there are no goods: empty. A number alone: nothing known."""
    (empty,) = case("031-empty-container-called-laden", DTC, DLP).out
    assert empty["emptyIndicatorCode"] == "EMPTY"
    (unknown,) = case("032-unknown-load-called-laden", DTC, DLP).out
    assert "emptyIndicatorCode" not in unknown
    assert "totalUnits" not in unknown


@pytest.mark.parametrize(
    ("tare", "gross", "goods", "kind", "expected"),
    [
        (3900, 3900, [], "SMGS", "EMPTY"),
        (3900, 22150, [], "SMGS", "LADEN"),
        (None, None, [], "SMGS", None),
        (3900, None, [], None, None),
        (None, None, [{"gng": "85414300", "netKg": 17400}], "SMGS", "LADEN"),
        (None, None, None, "SMGS_EMPTY", "EMPTY"),
    ],
)
def test_empty_or_laden_only_when_known(
    tare: int | None,
    gross: int | None,
    goods: list[dict[str, object]] | None,
    kind: str | None,
    expected: str | None,
) -> None:
    """By the kind of note, the goods and the masses of the container itself; nothing else says it."""
    box = {"containerNo": "CSQU3054383", "tareKg": tare, "grossKg": gross}
    box = {key: value for key, value in box.items() if value is not None}
    wagons = [{"wagonNumber": "94001237", "containers": [box]}]
    said = told(DTC, DLP, note("031-empty-container-called-laden", wagons=wagons, goods=goods, noteType=kind))
    assert [e.get("emptyIndicatorCode") for e in said.out] == [expected]


def test_goods_of_no_container_in_particular_are_named_as_lost() -> None:
    """Two containers, one line of goods: not shared out by guess, and not left out in silence."""
    said = case("087-qty-goods-of-note-with-two-containers", DTC, DLP)
    assert [e["cargo"] for e in said.out] == [[], []]
    lost = {(loss["pointer"], loss["value"]) for loss in said.of("loss")}
    assert {("/goods/0/netKg", "31500"), ("/goods/0/places", "1160")} <= lost


def test_gross_does_not_stand_for_net() -> None:
    """A line with a gross mass alone has no quantity; the mass is named as lost."""
    goods = [{"gng": "85414300", "grossKg": 18250}]
    said = told(DTC, DLP, note("031-empty-container-called-laden", goods=goods))
    assert "quantity" not in said.out[0]["cargo"][0]
    assert "/goods/0/grossKg" in {loss["pointer"] for loss in said.of("loss")}


def test_an_estimate_that_is_cleared_is_taken_back() -> None:
    """An explicit null, with the operation that told it: the estimate did not hold."""
    first = note(operationCode="31", delayReason=None, remark=None)
    key = {name: first[name] for name in ("noteNumber", "contractDate", "departureStation")}
    cleared = {**key, "messageKind": "DELTA", "noteVersion": 99, "etaDestination": None}
    said = told(DTC, DLP, first, cleared | {"messageId": str(uuid5(NAMESPACE_URL, "cleared"))})
    estimates = events(said, "TRANSPORT", "ARRI", "EST")
    assert [(e["eventVersion"], e["isRetracted"]) for e in estimates] == [(1, False), (2, True)]


def test_an_event_id_in_another_spelling_is_the_same_event() -> None:
    """C05: case does not count in a UUID (RFC 9562, section 4); a prefix or a line feed makes it none."""
    identity = "0b0f2f54-41a0-5c53-8f0a-00000000a301"
    event = {
        "eventVersion": 1, "eventType": "EQUIPMENT", "eventCode": "LOAD", "eventClassifierCode": "ACT",
        "eventDateTime": "2026-01-12T03:00:00Z", "eventCreatedDateTime": "2026-01-12T03:00:00Z",
        "equipmentReference": "QTZU2045080", "modeOfTransport": "VESSEL",
    }  # fmt: skip
    spelt = (identity, identity.upper(), f"urn:uuid:{identity}", f"{identity}\n")
    said = told(DLP, CORRIDOR, *({"eventID": one, **event} for one in spelt))
    assert len(said.out) == 1
    assert [entry["reason"] for entry in said.of("filtered")] == ["duplicate"]
    assert [entry["line"] for entry in said.of("dead-letter")] == [3, 4]
