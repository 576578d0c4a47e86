"""The last state of a note is the same for every order in which the same events come."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from tests.support.crossing import C1, C2, NOTE, W1, W2, Crossing, event, note
from tests.support.field import told
from tests.support.receiver import known, merged

pytestmark = pytest.mark.system("dtc", "dlp")

AKTAU, ALAT, POTI, GARDABANI = ({"UNLocationCode": code} for code in ("KZAAU", "AZALA", "GEPTI", "GEGAR"))


def at(hour: int, kind: str, code: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A DLP event of 20 January, told a minute after it happened."""
    times = {
        "eventDateTime": f"2026-01-20T{hour:02}:00:00Z",
        "eventCreatedDateTime": f"2026-01-20T{hour:02}:01:00Z",
    }
    return event(kind, code, **times | more)


def box(hour: int, code: str, number: str = C1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """What happened to a container."""
    return at(hour, "EQUIPMENT", code, equipmentReference=number, **more)


def expected(hour: int, arrival: str, place: dict[str, str] = POTI, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """An estimate of the train's arrival."""
    train = {"modeOfTransport": "RAIL", "railDepartureID": "5487-007-5721", "location": place}
    when = {"eventDateTime": f"2026-01-{arrival}:00Z", "eventCreatedDateTime": f"2026-01-20T{hour:02}:01:00Z"}
    return event("TRANSPORT", "ARRI", eventClassifierCode="EST", **train | when | more)


def taken_back(one: dict[str, Any], hour: int, version: int = 2) -> dict[str, Any]:
    """The retraction of an event."""
    return updated(one, hour, version, isRetracted=True)


def updated(one: dict[str, Any], hour: int, version: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Another version of an event."""
    told = f"2026-01-20T{hour:02}:30:00Z"
    return one | {"eventVersion": version, "eventUpdatedDateTime": told, **more}


WHOLE = note("31", "707701", "12.01.2026 18:40", noteVersion=3, etaDestination="24.01.2026 12:00")
LIFTED = box(1, "LOAD", modeOfTransport="VESSEL", location=AKTAU, nextLocation="AZALA")
NOON = "2026-01-20T12:00:00Z"
CUSTOMS = {"declarationNo": "D1", "office": "GE69101"}

JOURNEYS = {
    "over the sea": [
        LIFTED,
        box(2, "DISC", modeOfTransport="VESSEL", location=ALAT),
        box(3, "LOAD", location=ALAT, modeOfTransport="VESSEL", nextLocation="KZAAU"),
    ],
    "wagon to wagon": [
        box(1, "LOAD", modeOfTransport="RAIL", railCarReference=W1, location=AKTAU),
        box(2, "LOAD", modeOfTransport="RAIL", railCarReference=W2, location=ALAT),
        box(3, "LOAD", C2, modeOfTransport="RAIL", railCarReference=W1, location=ALAT),
    ],
    "out of gates on the way": [
        box(1, "GTOT", location=AKTAU),
        box(2, "AVPU", C2, location=ALAT),
        box(3, "GTOT", location=POTI),
    ],
    "customs": [
        at(1, "CUSTOMS", "SUBM", customs=CUSTOMS | {"status": "LODGED"}, location=POTI),
        at(2, "CUSTOMS", "CUSR", customs=CUSTOMS | {"status": "RELEASED"}, location=POTI),
        at(3, "CUSTOMS", "CMPL", customs=CUSTOMS | {"status": "CLOSED"}, location=POTI),
        at(4, "CUSTOMS", "SUBM", customs={"declarationNo": "D2", "status": "LODGED"}, location=POTI),
    ],
    "two containers, one retracted": [
        box(1, "GTOT", location=POTI),
        two := box(2, "GTOT", C2, location=POTI),
        taken_back(two, 3),
        at(0, "SHIPMENT", "ISSU", documentTypeCode="ARN", location=POTI),
    ],
    "resealed": [
        box(1, "RSEA", railCarReference=W1, seals=[{"number": "A1", "source": "CAR"}], location=AKTAU),
        box(
            2,
            "RSEA",
            railCarReference=W1,
            seals=[{"number": "B2", "source": "CUS"}],
            location=ALAT,
            remark="cut",
        ),
        box(3, "INSP", railCarReference=W1, location=POTI, remark="dry"),
    ],
    "estimates": [
        expected(1, "24T08:00"),
        expected(2, "25T08:00", delayReasonCode="LOC", remark="no engine"),
        late := expected(3, "26T08:00"),
        taken_back(late, 4),
        at(5, "TRANSPORT", "DEPA", modeOfTransport="RAIL", railDepartureID="5487-007-5721", location=ALAT),
    ],
    "planned after actual": [
        LIFTED,
        LIFTED | {"eventID": event("EQUIPMENT", "PLN")["eventID"], "eventClassifierCode": "PLN"},
        at(2, "PORTCALL", "STRT", serviceTypeCode="PILO", vesselName="V", location=ALAT),
        box(3, "DISC", modeOfTransport="VESSEL", location=ALAT),
    ],
    "permit": [
        at(
            1,
            "PERMIT",
            "ENTR",
            references=[{"type": "SMGS", "value": NOTE}, {"type": "EPERMIT", "value": "P-1"}],
            location=POTI,
        ),
        box(2, "RSEA", railCarReference=W1, location=POTI, remark="r"),
        at(
            3,
            "PERMIT",
            "EXIT",
            references=[{"type": "SMGS", "value": NOTE}, {"type": "EPERMIT", "value": "P-1"}],
        ),
    ],
    "taken back at one instant": [
        LIFTED,
        second := box(1, "LOAD", C2, modeOfTransport="VESSEL", location=AKTAU, nextLocation="AZALA"),
        taken_back(LIFTED, 2),
        taken_back(second, 2),
    ],
    "taken back, nobody says when": [
        LIFTED,
        {**LIFTED, "eventVersion": 2, "isRetracted": True},
        box(2, "DISC", modeOfTransport="VESSEL", location=ALAT),
    ],
    "taken back after what followed": [
        LIFTED,
        taken_back(LIFTED, 5),
        at(3, "TRANSPORT", "DEPA", modeOfTransport="RAIL", railDepartureID="5487-007-5721", location=ALAT),
    ],
    "an act and what is said beside it": [
        box(1, "INSP", location=AKTAU, remark="hole in roof"),
        expected(2, "25T08:00", GARDABANI, remark="no engine"),
        at(3, "PORTCALL", "STRT", serviceTypeCode="PILO", vesselName="V", location=ALAT),
        box(2, "GTOT", C2, location=POTI),
    ],
    "over the border": [
        box(1, "CROS", modeOfTransport="RAIL", railCarReference=W1, location=GARDABANI),
        box(1, "CROS", C2, modeOfTransport="RAIL", railCarReference=W2, location=GARDABANI),
        box(2, "RSEA", C2, railCarReference=W2, location=GARDABANI, remark="cut"),
    ],
    "moved to another place, to another time, and taken back": [
        LIFTED,
        updated(LIFTED, 2, 2, location=ALAT),
        updated(LIFTED, 3, 3, eventDateTime=NOON),
        taken_back(LIFTED, 4, 4),
    ],
    "told anew, and another unit at the same minute": [
        LIFTED,
        updated(LIFTED, 2, 2, location=ALAT, eventDateTime=NOON, remark="wet"),
        box(12, "LOAD", C2, modeOfTransport="VESSEL", location=ALAT, nextLocation="AZALA", remark="dry"),
    ],
    "sealed by mistake before the loading is known": [
        box(1, "LOAD", railCarReference=W1, modeOfTransport="RAIL", location=AKTAU),
        sealed := box(2, "RSEA", seals=[{"number": "N1", "source": "CUS"}], location=ALAT),
        taken_back(sealed, 3),
    ],
    "annulled": [
        LIFTED,
        at(2, "SHIPMENT", "VOID", documentTypeCode="TRD", location=POTI),
        box(3, "GTOT", location=POTI),
    ],
}


def heard(order: Sequence[dict[str, Any]]) -> frozenset[str]:
    """The events that were not taken back before they came: of the others the DTC is told nothing at all."""
    first: dict[str, bool] = {}
    for one in order:
        first.setdefault(one["eventID"], bool(one.get("isRetracted")))
    return frozenset(identity for identity, gone in first.items() if not gone)


def outcomes(journey: list[dict[str, Any]], *before: dict[str, Any]) -> list[tuple[Any, Any]]:
    """What is known of the note and what the DTC has of it, for every order in which all was heard.

    The other orders end as if what was not heard had never been sent.
    """
    ends = []
    every = [order for order in permutations(journey) if len(heard(order)) == len(heard(journey))]
    for order in every:
        crossing = Crossing()
        for one in before:
            crossing.dtc(one)
        for one in order:
            crossing.dlp(one)
        sent = crossing.total.sent.get("dtc", [])
        ends.append((known(crossing), merged([*before, *sent])))
    return ends


IDS = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(5)]


def renamed(name: str, identity: str) -> list[dict[str, Any]]:
    """A journey whose first event has another id."""
    journey = JOURNEYS[name]
    first = journey[0]["eventID"]
    return [one | {"eventID": identity} if one["eventID"] == first else one for one in journey]


@pytest.mark.parametrize("identity", IDS)
def test_what_was_taken_back_last_is_told_last(identity: str) -> None:
    """At another time and place it is another event, so two are taken back: each once, whatever their ids."""
    crossing = Crossing()
    for one in renamed("moved to another place, to another time, and taken back", identity):
        crossing.dlp(one)
    assert [(one["operationCode"], one["operationTime"][11:]) for one in crossing.total.dtc] == [
        ("72", "06:00"),  # at Aktau, UTC+5
        ("72", "05:00"),  # at Alat, UTC+4
        ("12", "07:30"),  # at Alat no more: told at 03:30 UTC
        ("72", "17:00"),
        ("12", "09:30"),
    ]


@pytest.mark.parametrize("name", [name for name in JOURNEYS if "another" in name])
def test_the_last_state_hangs_on_no_id_of_the_broker(name: str) -> None:
    """Told anew an event has another id, and in other orders of arrival it has not: all end alike."""
    for identity in IDS:
        ends = outcomes(renamed(name, identity), WHOLE)
        assert [end for end in ends if end != ends[0]] == []


UNHEARD = [name for name, journey in JOURNEYS.items() if any(one.get("isRetracted") for one in journey)]


@pytest.mark.parametrize("name", UNHEARD)
def test_what_is_taken_back_before_it_comes_was_never_said(name: str) -> None:
    """Every order ends as the same journey without the events of which the retraction came first."""
    ends: dict[frozenset[str], Any] = {}
    journey = JOURNEYS[name][:4]
    for order in permutations(journey):
        crossing = Crossing()
        for one in (WHOLE, *order):
            (crossing.dtc if one is WHOLE else crossing.dlp)(one)
        end = merged([WHOLE, *crossing.total.sent.get("dtc", [])])
        said = heard(order)
        if said not in ends:
            mine = [one for one in journey if one["eventID"] in said]
            ends[said] = outcomes(mine, WHOLE)[0][1]
        assert end == ends[said]
    assert len(ends) > 1


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_order_ends_the_same_on_a_note_that_is_known(name: str) -> None:
    """The DTC gave the note; whatever the order, the DTC has the same note in the end."""
    ends = outcomes(JOURNEYS[name], WHOLE)
    assert [end for end in ends if end[0] != ends[0][0]] == []
    assert [end for end in ends if end[1] != ends[0][1]] == []


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_order_ends_the_same_on_a_note_that_is_not_known(name: str) -> None:
    """Only the DTC knows the note; what we add is the same in the end."""
    ends = outcomes(JOURNEYS[name][:4])
    assert [end for end in ends if end[0] != ends[0][0]] == []
    assert [end for end in ends if end[1] != ends[0][1]] == []


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_order_of_the_command(name: str) -> None:
    """The same through `corridor translate`; three events of each journey."""
    ends = [
        merged(told("dlp.event.v1", "dtc.note.v1", *order).out)
        for order in permutations(JOURNEYS[name][:3])
        if len(heard(order)) == len(heard(JOURNEYS[name][:3]))
    ]
    assert [end for end in ends if end != ends[0]] == []


def test_every_order_with_the_notes_of_the_dtc_between() -> None:
    """The DTC's own versions come among the events: the last knowledge of the note is the same."""
    later = note("33", "663306", "20.01.2026 06:30", noteVersion=4)
    own = {"dtc": [WHOLE, later], "dlp": [LIFTED, expected(2, "25T08:00"), box(3, "GTOT", C2, location=POTI)]}
    ends = []
    for order in permutations([(sender, one) for sender, mine in own.items() for one in mine]):
        crossing = Crossing()
        for sender, one in order:
            crossing.send(sender, one)
        ends.append(known(crossing))
    assert [end for end in ends if end != ends[0]] == []
    assert (ends[0]["operationCode"], ends[0]["etaDestination"]) == ("81", "25.01.2026 12:00")
