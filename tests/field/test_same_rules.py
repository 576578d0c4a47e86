"""A rule of plausibility holds for every profile that has the field, whoever says it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from schemas import profiles
from schemas.codes.lists import CodeLists
from tests.support.field import told

DTC, DLP, PORT, VESSEL = "dtc.note.v1", "dlp.event.v1", "port.event.v1", "vessel.event.v1"
OIL, PERMITS, EVENT = "oil.lot.v1", "epermit.event.v1", "corridor.event.v1"
RULES = dict(CodeLists.load().rows("plausibility"))
BOX, NOTE, LATER = "CSQU3054383", "707701/2026-01-12/0012345", "707701/2026-01-25/0012345"
AT_SEA: dict[str, Any] = {
    "eventVersion": 1, "eventType": "PORTCALL", "eventCode": "ARRI", "eventClassifierCode": "ACT",
    "eventDateTime": "2026-01-20T14:00:00Z", "eventCreatedDateTime": "2026-01-20T14:00:00Z",
    "UNLocationCode": "KZAAU", "vesselIMONumber": "9074729",
}  # fmt: skip
LOADED = AT_SEA | {
    "eventType": "EQUIPMENT", "eventCode": "LOAD", "equipmentReference": BOX, "noteKey": NOTE
}  # fmt: skip
BY_RAIL: dict[str, Any] = {
    "eventVersion": 1, "eventType": "EQUIPMENT", "eventCode": "LOAD", "eventClassifierCode": "ACT",
    "eventDateTime": "2026-01-20T14:00:00Z", "eventCreatedDateTime": "2026-01-20T14:00:00Z",
    "references": [{"type": "SMGS", "value": NOTE}], "equipmentReference": BOX, "modeOfTransport": "RAIL",
    "location": {"UNLocationCode": "KZAAU"},
}  # fmt: skip
LISTED = AT_SEA | {
    "eventType": "VESSEL", "eventCode": "MANI",
    "manifest": [{"kind": "CONTAINER", "number": BOX, "noteKey": NOTE}],
}  # fmt: skip
LOT: dict[str, Any] = {
    "eventVersion": 1, "lot": "L-1", "lotEvent": "LOADED", "classifier": "ACT", "hsCode": "270900",
    "eventTime": "2026-01-20T14:00:00Z", "recordedAt": "2026-01-20T14:00:00Z", "UNLocationCode": "KZAAU",
    "noteKey": NOTE,
}  # fmt: skip


def example(profile: str, name: str) -> dict[str, Any]:
    """An example of a profile."""
    made = profiles.load(profile).examples[name]
    assert isinstance(made, dict)
    return made


def odd(profile: str, given: dict[str, Any], **changes: Any) -> dict[str, str]:  # noqa: ANN401 - JSON values
    """What is odd in a message: pointer and rule; the message goes on."""
    name = {DTC: "messageId", OIL: "eventId", PERMITS: "event_id"}.get(profile, "eventID")
    made = {key: value for key, value in {**given, **changes}.items() if value is not None}
    said = told(profile, EVENT, made | {name: str(uuid4())})
    assert (said.of("dead-letter"), len(said.out) > 0) == ([], True)
    return {one["pointer"]: one["rule"] for one in said.of("finding") if one["rule"] in RULES}


PLAIN = [(PORT, AT_SEA), (PORT, LOADED), (VESSEL, AT_SEA), (VESSEL, LISTED), (DLP, BY_RAIL), (OIL, LOT)]


@pytest.mark.parametrize(("profile", "plain"), PLAIN)
def test_nothing_is_odd_in_the_plain_messages(profile: str, plain: dict[str, Any]) -> None:
    """Those that the tests below change."""
    assert odd(profile, plain) == {}


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("2026-01-19T06:00:00Z", {"/expectedReopening": "estimate-past"}),
        ("2026-01-20T06:00:00Z", {"/expectedReopening": "estimate-past"}),
        ("2026-01-21T06:00:00Z", {}),
    ],
)
def test_a_port_opens_after_it_has_closed(expected: str, said: dict[str, str]) -> None:
    """It closed on the 20th at 14:00."""
    closed = AT_SEA | {"eventType": "PORT", "eventCode": "CLOS", "vesselIMONumber": None}
    assert odd(PORT, closed, expectedReopening=expected) == said


@pytest.mark.parametrize(
    ("profile", "plain", "made"),
    [
        (DLP, BY_RAIL, "eventCreatedDateTime"),
        (PORT, LOADED, "eventCreatedDateTime"),
        (VESSEL, AT_SEA, "eventCreatedDateTime"),
        (OIL, LOT, "recordedAt"),
    ],
)
def test_an_arrival_is_estimated_before_it_is_due(profile: str, plain: dict[str, Any], made: str) -> None:
    """Due on the 21st: the message may be made a day after that, not a week."""
    due = {"estimatedArrival": "2026-01-21T14:00:00Z"}
    assert odd(profile, plain, **due) == {}
    assert odd(profile, plain, **due, **{made: "2026-01-22T13:00:00Z"}) == {}
    assert odd(profile, plain, **due, **{made: "2026-01-28T14:00:00Z"}) == {
        "/estimatedArrival": "estimate-past"
    }


def under(profile: str, key: str, first: str | None = None) -> dict[str, Any]:
    """The field of a profile that names a note, and the first one of its consignment."""
    if profile == DLP:
        return {"references": [{"type": "SMGS", "value": key} | ({"original": first} if first else {})]}
    named = {"noteKey": key} | ({"originalNoteKey": first} if first else {})
    return {"manifest": [{"kind": "CONTAINER", "number": BOX, **named}]} if profile == VESSEL else named


@pytest.mark.parametrize(
    ("profile", "plain", "time"),
    [
        (DLP, BY_RAIL, "/eventDateTime"),
        (DLP, BY_RAIL | {"modeOfTransport": "VESSEL"}, "/eventDateTime"),
        (PORT, LOADED, "/eventDateTime"),
        (VESSEL, LISTED, "/eventDateTime"),
        (OIL, LOT, "/eventTime"),
    ],
)
def test_nothing_is_loaded_before_the_contract(profile: str, plain: dict[str, Any], time: str) -> None:
    """The date stands in the key of the note; of a reissued note that of the first one counts."""
    assert odd(profile, plain, **under(profile, LATER)) == {time: "operation-before-contract"}
    assert odd(profile, plain, **under(profile, LATER, NOTE)) == {}


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("permit-issued", "/event_timestamp"),
        ("truck-entered", "/activity_timestamp"),
        ("truck-left", "/activity_timestamp"),
        ("permit-revoked", "/revoked_at"),
    ],
)
def test_a_permit_names_no_note_before_its_contract(name: str, time: str) -> None:
    """The issuer writes the key into the permit, which nobody changes; the events are of 12 to 17.01.2026."""
    permit = example(PERMITS, name)
    assert odd(PERMITS, permit, note=NOTE) == {}
    assert odd(PERMITS, permit, note=LATER) == {time: "operation-before-contract"}


@pytest.mark.parametrize(
    ("profile", "change"),
    [
        (DLP, {"eventCode": "GTIN"}),
        (DLP, {"modeOfTransport": "TRUCK"}),
        (DLP, {"eventCode": "DISC", "modeOfTransport": "VESSEL"}),
        (DLP, {"eventClassifierCode": "PLN"}),
        (PORT, {"eventCode": "DISC"}),
        (PORT, {"eventCode": "GTIN"}),
        (OIL, {"lotEvent": "NOMINATED"}),
    ],
)
def test_what_comes_to_its_note_may_be_older(profile: str, change: dict[str, Any]) -> None:
    """To the gate, by truck, off a ship: the contract is made where the goods then are."""
    plain = {DLP: BY_RAIL, PORT: LOADED, OIL: LOT}[profile]
    assert odd(profile, plain, **change, **under(profile, LATER)) == {}


def test_a_unit_of_a_note_is_loaded_after_the_contract_and_a_draft_comes_before() -> None:
    """The operations of single units as that of the note; the contract of `loaded` is of 12.01.2026."""
    note = example(DTC, "loaded")
    one = {
        "unit": note["wagons"][0]["wagonNumber"], "operationCode": "20", "operationStation": "707701",
        "operationTime": "05.01.2026 10:00",
    }  # fmt: skip
    assert odd(DTC, note, unitOperations=[one]) == {
        "/unitOperations/0/operationTime": "operation-before-contract"
    }
    assert odd(DTC, note, operationCode="10", operationTime="05.01.2026 10:00") == {}
    first = {"departureStation": "707701", "contractDate": "02.01.2026", "noteNumber": "0012344"}
    assert odd(DTC, note, operationTime="05.01.2026 10:00", originalNote=first) == {}


@pytest.mark.parametrize(("year", "rule"), [(1975, "long-ago"), (2150, "far-off")])
@pytest.mark.parametrize(
    ("profile", "plain", "at"),
    [
        (DLP, BY_RAIL | {"eventCode": "GTIN"}, "/references/0/value"),
        (PORT, LOADED | {"eventCode": "GTIN"}, "/noteKey"),
        (VESSEL, LISTED | {"eventClassifierCode": "PLN"}, "/manifest/0/noteKey"),
        (OIL, LOT | {"lotEvent": "NOMINATED"}, "/noteKey"),
        (PERMITS, None, "/note"),
    ],
)
def test_the_date_of_a_contract_is_of_this_time(
    profile: str, plain: dict[str, Any] | None, at: str, year: int, rule: str
) -> None:
    """Also where it stands in the key of a note: no journey is so old, nobody plans so far."""
    key = f"707701/{year}-01-12/0012345"
    if plain is None:
        assert odd(profile, example(PERMITS, "truck-entered"), note=key)[at] == rule
    else:
        assert odd(profile, plain, **under(profile, key))[at] == rule


@pytest.mark.parametrize(
    ("place", "inland"),
    [("GETBS", True), ("KZALA", True), ("AZGAN", True), ("AZQDG", False), ("AZYAL", False), ("TRHAL", False),
     ("TMKRA", False), ("KZKUR", False), ("IRAZL", False)],
)  # fmt: skip
@pytest.mark.parametrize(
    ("profile", "plain"),
    [(PORT, AT_SEA), (PORT, LOADED), (VESSEL, AT_SEA), (OIL, LOT),
     (DLP, BY_RAIL | {"modeOfTransport": "VESSEL"})],
)  # fmt: skip
def test_a_ship_is_odd_only_where_none_can_call(
    profile: str, plain: dict[str, Any], place: str, inland: bool
) -> None:
    """Tbilisi, Almaty and Ganja lie inland; Garadagh, Yalama and Halkali at a coast, ports or not."""
    at = {"location": {"UNLocationCode": place}} if profile == DLP else {"UNLocationCode": place}
    pointer = "/location/UNLocationCode" if profile == DLP else "/UNLocationCode"
    assert odd(profile, plain, **at) == ({pointer: "no-sea-there"} if inland else {})


def test_a_container_for_a_ship_may_pass_a_gate_inland() -> None:
    """A dry port takes it in for its vessel."""
    assert odd(PORT, LOADED, eventCode="GTIN", UNLocationCode="KZALA") == {}


def test_a_unit_of_a_note_is_lifted_on_a_ship_at_the_sea() -> None:
    """560203 are the goods of Tbilisi."""
    note = example(DTC, "loaded")
    one = {
        "unit": note["wagons"][0]["containers"][0]["containerNo"], "operationCode": "72",
        "operationStation": "560203", "operationTime": "20.01.2026 10:00",
    }  # fmt: skip
    assert odd(DTC, note, unitOperations=[one]) == {"/unitOperations/0/operationStation": "no-sea-there"}


@pytest.mark.parametrize(
    ("goods", "said"),
    [
        ({"hsCode": "851770", "quantity": "12000", "unitCode": "KGM"}, "empty-with-goods"),
        ({"hsCode": "860900", "quantity": "3900", "unitCode": "KGM"}, None),
        ({"hsCode": "851770"}, None),
    ],
)
def test_an_empty_container_has_no_goods(goods: dict[str, str], said: str | None) -> None:
    """Heading 8609 is the container itself."""
    given = odd(DLP, BY_RAIL, emptyIndicatorCode="EMPTY", cargo=[goods])
    assert given == ({"/cargo/0/quantity": said} if said else {})
    assert odd(DLP, BY_RAIL, emptyIndicatorCode="LADEN", cargo=[goods]) == {}


@pytest.mark.parametrize(
    ("tonnes", "said"), [("36.1", {"/cargo/0/quantity": "container-too-heavy"}), ("26", {})]
)
def test_the_goods_in_a_container_are_no_heavier_than_any(tonnes: str, said: dict[str, str]) -> None:
    """36 t is the most that ISO 668 rates; a wagon, or a lot, holds more."""
    goods = [{"hsCode": "720839", "quantity": tonnes, "unitCode": "TNE"}]
    assert odd(DLP, BY_RAIL, cargo=goods) == said
    assert odd(DLP, BY_RAIL, equipmentReference=None, railCarReference="94001237", cargo=goods) == {}


def test_the_goods_of_a_note_in_a_container_likewise() -> None:
    """Of box 15 that names the container."""
    note = example(DTC, "loaded")
    box = note["wagons"][0]["containers"][0]["containerNo"]
    heavy = [{"gng": "72083900", "netKg": 40000, "containerNo": box}]
    assert odd(DTC, note, goods=heavy) == {"/goods/0/netKg": "container-too-heavy"}
    assert odd(DTC, note, goods=[heavy[0] | {"grossKg": 40100}]) == {
        "/goods/0/grossKg": "container-too-heavy"
    }


def test_a_permit_is_revoked_after_it_was_issued() -> None:
    """A permit ends within its days, whoever ends it; that nothing was revoked before is no loss."""
    revoked = example(PERMITS, "permit-revoked") | {"issued_at": "12/02/2026", "expires_at": "31/01/2027"}
    assert odd(PERMITS, revoked, revoked_at=1768557600) == {"/revoked_at": "permit-not-valid"}
    said = told(PERMITS, EVENT, example(PERMITS, "truck-entered"))
    assert "/after_revocation" not in {one["pointer"] for one in said.of("loss")}
