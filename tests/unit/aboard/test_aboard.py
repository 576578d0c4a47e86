"""An event of a vessel or train reaches every shipment aboard, once."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from schemas import profiles
from schemas.mapping.runtime import uuid5
from tests.support.crossing import NOTE, Crossing, Passage, event, form, note, pick

pytestmark = pytest.mark.system("port", "vessel")

PORT = profiles.load("port.event.v1").examples
VESSEL = profiles.load("vessel.event.v1").examples
SHIPMENT = uuid5(NOTE)


def crossing() -> Crossing:
    """A port, an operator and both platforms, with aggregation."""
    return Crossing(
        aboard=True, dtc="dtc.note.v1", dlp="dlp.event.v1", kuryk="port.event.v1", ferries="vessel.event.v1"
    )


def tell(where: Crossing, sender: str, message: dict[str, Any]) -> Passage:
    """Let a participant send an event."""
    body = form(where.participants[sender]).to_avro(json.dumps(message).encode())
    return where.send_avro(sender, body, f"{message['eventID']}:{message['eventVersion']}")


def derived(passage: Passage) -> list[dict[str, Any]]:
    """What was told to shipments aboard."""
    return [one for one in passage.corridor if one["envelope"]["derived_from"] is not None]


def keys(passage: Passage) -> dict[str, str]:
    """Kafka key of everything that was told to shipments aboard, by event id."""
    ids = {one["envelope"]["event_id"] for one in derived(passage)}
    first = [output for output in passage.outputs if output.id.partition(":")[0] in ids]
    return {output.id.partition(":")[0]: output.key.decode() for output in reversed(first)}


def about(events: list[dict[str, Any]]) -> list[tuple[str, str | None, int, bool]]:
    """Code, consignment, version and retraction of corridor events."""
    return [
        (
            one["why"]["code"],
            one["consignment_id"],
            one["correction"]["version"],
            one["correction"]["retracted"],
        )
        for one in events
    ]


def test_sailing_reaches_the_note_aboard() -> None:
    """A wagon rolled on, the ferry sails: the consignment is told, in its own partition, with its note."""
    where = crossing()
    tell(where, "kuryk", PORT["wagon-rolled-on"])
    passage = tell(where, "ferries", VESSEL["sailed"])
    (told,) = derived(passage)
    assert about([told]) == [("TRANSPORT/DEPA", SHIPMENT, 1, False)]
    assert told["envelope"]["derived_from"] == passage.corridor[0]["envelope"]["event_id"]
    assert told["what"]["references"] == [{"type": "SMGS", "value": NOTE, "original": None}]
    assert [unit["id"] for unit in told["what"]["units"]] == [PORT["wagon-rolled-on"]["railCarReference"]]
    assert list(keys(passage).values()) == [SHIPMENT]
    (remark,) = (one["remark"] for one in passage.dtc)
    assert remark == (
        "TRANSPORT/DEPA SYNTHETIC FERRY 94001237 693602 17.01.2026 13:10 LOC"
        " VESSEL IMO 9074729 VOYAGE KA26017 AT ZZZ KURYK-FERRY BRTH"
    )


def test_the_platform_of_events_is_told_once() -> None:
    """The DLP has the event of the vessel itself and is not told again for every shipment."""
    where = crossing()
    tell(where, "kuryk", PORT["wagon-rolled-on"])
    passage = tell(where, "ferries", VESSEL["sailed"])
    assert pick(passage.dlp, "eventType", "eventCode") == [("TRANSPORT", "DEPA")]


def test_units_of_a_derived_event_are_known_to_every_shipment() -> None:
    """They were told of with their loadings: of two notes aboard, neither loses them."""
    where = crossing()
    other = {
        "eventID": "00000000-0000-5000-8000-000000000001",
        "railCarReference": "94001237",
        "noteKey": "707701/2026-01-12/0099999",
    }
    tell(where, "kuryk", PORT["wagon-rolled-on"])
    tell(where, "kuryk", PORT["wagon-rolled-on"] | other)
    passage = tell(where, "ferries", VESSEL["sailed"])
    assert len(derived(passage)) == 2
    ids = {f"{one['envelope']['event_id']}:{one['correction']['version']}" for one in derived(passage)}
    known = [set(one.known) for one in passage.outputs if one.id in ids]
    assert [{"what.units", "what.references"} <= one for one in known] == [True, True]


def test_nothing_derived_is_derived_from_or_echoed() -> None:
    """A derived event leads to none, and goes back to nobody that its source came from."""
    where = crossing()
    tell(where, "kuryk", PORT["wagon-rolled-on"])
    passage = tell(where, "ferries", VESSEL["sailed"])
    assert len(derived(passage)) == 1
    assert passage.sent["ferries"] == []
    assert {tuple(one["envelope"]["hops"]) for one in passage.corridor} == {("ferries",)}
    assert {output.hops for output in passage.outputs} == {("ferries",)}


def test_a_late_loading_still_reaches_the_shipment() -> None:
    """A LOAD that arrives after the vessel's departure: the shipment is told the departure then, once."""
    where = crossing()
    assert derived(tell(where, "ferries", VESSEL["sailed"])) == []
    assert about(derived(tell(where, "kuryk", PORT["wagon-rolled-on"]))) == [
        ("TRANSPORT/DEPA", SHIPMENT, 1, False)
    ]
    assert derived(tell(where, "kuryk", PORT["wagon-rolled-on"] | {"eventVersion": 2})) == []
    assert derived(tell(where, "ferries", VESSEL["sailed"])) == []


def test_a_correction_follows() -> None:
    """A new version of the vessel's event is one of what the shipment was told, under the same id."""
    where = crossing()
    tell(where, "kuryk", PORT["wagon-rolled-on"])
    first = derived(tell(where, "ferries", VESSEL["expected"]))
    second = derived(tell(where, "ferries", VESSEL["expected-later"]))
    assert about(first + second) == [
        ("TRANSPORT/ARRI", SHIPMENT, 1, False),
        ("TRANSPORT/ARRI", SHIPMENT, 2, False),
    ]
    assert first[0]["envelope"]["event_id"] == second[0]["envelope"]["event_id"]
    assert second[0]["why"]["reason_code"] == "WEA"


def test_a_retraction_follows() -> None:
    """A departure that did not happen is taken back from every shipment."""
    where = crossing()
    tell(where, "kuryk", PORT["wagon-rolled-on"])
    tell(where, "ferries", VESSEL["sailed"])
    gone = derived(tell(where, "ferries", VESSEL["sailed"] | {"eventVersion": 2, "isRetracted": True}))
    assert about(gone) == [("TRANSPORT/DEPA", SHIPMENT, 2, True)]


def test_a_loading_that_did_not_happen_takes_back_what_was_told() -> None:
    """With its loading retracted the shipment was not aboard: what it was told is retracted."""
    where = crossing()
    tell(where, "kuryk", PORT["wagon-rolled-on"])
    tell(where, "ferries", VESSEL["sailed"])
    gone = derived(tell(where, "kuryk", PORT["wagon-rolled-on"] | {"eventVersion": 2, "isRetracted": True}))
    assert about(gone) == [("TRANSPORT/DEPA", SHIPMENT, 2, True)]


def test_what_was_discharged_is_told_nothing_more() -> None:
    """After its discharge a shipment does not hear of the vessel's further work."""
    where = crossing()
    tell(where, "kuryk", PORT["wagon-rolled-on"])
    off = PORT["wagon-rolled-on"] | {
        "eventID": uuid5("off"), "eventCode": "DISC", "eventDateTime": "2026-01-18T14:00:00Z",
    }  # fmt: skip
    tell(where, "kuryk", off)
    assert about(derived(tell(where, "ferries", VESSEL["arrived"]))) == [
        ("TRANSPORT/ARRI", SHIPMENT, 1, False)
    ]
    later = PORT["cargo-completed"] | {"eventDateTime": "2026-01-18T20:00:00Z"}
    assert derived(tell(where, "kuryk", later)) == []


def test_a_manifest_alone_puts_everything_aboard() -> None:
    """Wagons, containers and a truck by the manifest: each shipment once, the truck in its partition."""
    where = crossing()
    tell(where, "ferries", VESSEL["manifest"])
    passage = tell(where, "ferries", VESSEL["sailed"])
    truck_told, note_told = derived(passage)
    assert note_told["consignment_id"] == SHIPMENT
    assert [unit["kind"] for unit in note_told["what"]["units"]] == ["CONTAINER", "WAGON", "WAGON"]
    assert (truck_told["consignment_id"], truck_told["how"]["truck_plate"]) == (None, "10AA123")
    assert {r["type"] for r in truck_told["what"]["references"]} == {"CMR", "EPERMIT"}
    assert keys(passage) == {
        truck_told["envelope"]["event_id"]: "TRUCK:10AA123",
        note_told["envelope"]["event_id"]: SHIPMENT,
    }


def test_a_new_manifest_replaces_the_old_one() -> None:
    """A unit that a newer manifest does not list any more is not aboard: what it was told is taken back."""
    where = crossing()
    tell(where, "ferries", VESSEL["manifest"])
    tell(where, "ferries", VESSEL["sailed"])
    newer = copy.deepcopy(VESSEL["manifest"]) | {"eventVersion": 2}
    newer["manifest"] = newer["manifest"][:3]
    gone = derived(tell(where, "ferries", newer))
    assert about(gone) == [("TRANSPORT/DEPA", None, 2, True)]
    assert gone[0]["how"]["truck_plate"] == "10AA123"
    final = {}
    for one in derived(where.total):
        final[one["envelope"]["event_id"]] = one
    standing = [one["consignment_id"] for one in final.values() if not one["correction"]["retracted"]]
    assert standing == [SHIPMENT]


def test_a_port_that_knows_no_notes_still_moves_the_shipment() -> None:
    """A wagon's LOAD without a note belongs to the consignment that the manifest names for it."""
    where = crossing()
    bare = {key: value for key, value in PORT["wagon-rolled-on"].items() if key != "noteKey"}
    tell(where, "kuryk", bare)
    tell(where, "ferries", VESSEL["manifest"])
    told = derived(tell(where, "ferries", VESSEL["sailed"]))
    assert [one["consignment_id"] or one["how"]["truck_plate"] for one in told] == ["10AA123", SHIPMENT]


def test_another_voyage_is_another_matter() -> None:
    """The same ferry on its next voyage tells the shipment nothing."""
    where = crossing()
    tell(where, "kuryk", PORT["wagon-rolled-on"])
    assert derived(tell(where, "ferries", VESSEL["sailed"] | {"voyageNumber": "KA26018"})) == []


def test_31_a_train_of_the_dlp_reaches_every_note_aboard() -> None:
    """30 and 31: the train formed by the DTC departs by the DLP's word: operation 31 on each note aboard."""
    where = crossing()
    second = {"noteNumber": "0012399"}
    where.dtc(note("30", "707701", "12.01.2026 20:00", trainIndex="7077-041-5721"))
    where.dtc(note("30", "707701", "12.01.2026 20:00", trainIndex="7077-041-5721", **second))
    departed = event(
        "TRANSPORT", "DEPA", references=[], modeOfTransport="RAIL", railDepartureID="7077-041-5721",
        eventDateTime="2026-01-12T17:40:00Z", location={"UNLocationCode": "KZHOR"},
    )  # fmt: skip
    passage = where.dlp(departed)
    assert sorted(one["noteNumber"] for one in passage.dtc) == ["0012345", "0012399"]
    assert {one["operationCode"] for one in passage.dtc} == {"31"}
    assert passage.dlp == []


def test_a_train_of_n_notes_is_not_told_to_them_again() -> None:
    """31 of n notes is told by each of them for itself: nobody aboard hears of it from the train too."""
    where = crossing()
    numbers = ("0012345", "0012399", "0012400")
    for number in numbers:
        where.dtc(note("30", "707701", "12.01.2026 20:00", trainIndex="7077-041-5721", noteNumber=number))
    told = []
    for number in numbers:
        departed = note(
            "31", "707701", "12.01.2026 22:40", trainIndex="7077-041-5721", noteNumber=number, noteVersion=2
        )
        told += derived(where.dtc(departed))
    assert told == []
