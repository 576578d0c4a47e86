"""Cases: what the DTC is told of single units, by several events, late, corrected or taken back."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from schemas import profiles
from tests.support.crossing import C1, C2, NOTE, W1, Crossing, event, note, pick
from tests.support.field import told
from tests.support.receiver import merged

pytestmark = pytest.mark.system("dtc", "dlp")

GARDABANI, AKTAU, ALAT, POTI = ({"UNLocationCode": code} for code in ("GEGAR", "KZAAU", "AZALA", "GEPTI"))
OPERATION = ("operationCode", "operationStation", "operationTime")


def box(time: str, code: str, number: str = C1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """What happened to a container in January 2026, ``dd hh:mm`` UTC, told at once."""
    at = f"2026-01-{time[:2]}T{time[3:]}:00Z"
    when = {"eventDateTime": at, "eventCreatedDateTime": at}
    return event("EQUIPMENT", code, equipmentReference=number, **when | more)


def units(message: dict[str, Any], *names: str) -> list[tuple[Any, ...]]:
    """Operations of single units in a message."""
    return pick(message.get("unitOperations") or [], "unit", *(names or OPERATION))


# hand-over and take-over
def test_a_crossing_of_one_container_is_no_hand_over_of_the_note() -> None:
    """06:05Z is 10:05 in Gardabani: 41 of this container, and nothing else."""
    crossing = Crossing()
    crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    crossed = box("21 06:05", "CROS", location=GARDABANI, modeOfTransport="RAIL", railCarReference=W1)
    (one,) = crossing.dlp(crossed).dtc
    assert pick([one], *OPERATION) == [("41", "562800", "21.01.2026 10:05")]
    assert units(one) == [(C1, "41", "562800", "21.01.2026 10:05")]


def test_a_hand_over_that_is_told_is_that_of_the_units() -> None:
    """An event that says when: 40 at 08:00 in Boyuk-Kesik (UTC+4) of its container, then 41."""
    (crossed,) = told(
        "dlp.event.v1",
        profiles.CANONICAL,
        box("21 06:05", "CROS", location=GARDABANI, modeOfTransport="RAIL"),
    ).out
    border = {"exit_esr": "558701", "entry_esr": "562800", "from_admin": "57", "to_admin": "28"}
    border |= {"handed_over_at": "2026-01-21T04:00:00Z", "taken_over_at": "2026-01-21T06:05:00Z"}
    crossed["where"]["border"] = border
    crossed["envelope"]["hops"] = ["other"]
    given, taken = told(profiles.CANONICAL, "dtc.note.v1", crossed).out
    assert units(given) == [(C1, "40", "558701", "21.01.2026 08:00")]
    assert units(taken) == [(C1, "41", "562800", "21.01.2026 10:05")]
    assert pick([given, taken], *OPERATION) == [
        ("40", "558701", "21.01.2026 08:00"),
        ("41", "562800", "21.01.2026 10:05"),
    ]


# what is said of an operation is its own
def estimate(time: str, at: str, place: dict[str, str] = GARDABANI, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A train's arrival, expected at ``time`` and told at ``at``."""
    when = {"eventDateTime": f"2026-01-{time[:2]}T{time[3:]}:00Z"}
    when |= {"eventCreatedDateTime": f"2026-01-{at[:2]}T{at[3:]}:00Z"}
    train = {"modeOfTransport": "RAIL", "railDepartureID": "5485-007-5721", "location": place}
    return event("TRANSPORT", "ARRI", eventClassifierCode="EST", **when | train | more)


CALL = event(
    "PORTCALL", "STRT", serviceTypeCode="PILO", vesselName="V", location=ALAT,
    eventDateTime="2026-01-18T02:00:00Z", eventCreatedDateTime="2026-01-18T02:01:00Z",
)  # fmt: skip
DAMAGED = box("17 06:45", "INSP", remark="hole in roof", location=AKTAU)


def last_of(*given: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """The note after all of them, as who merges what he is told has it."""
    crossing = Crossing()
    for one in given:
        crossing.dlp(one)
    return merged(crossing.total.sent["dtc"])


LOADED = box("17 06:45", "LOAD", location=AKTAU, modeOfTransport="VESSEL", nextLocation="AZALA")
LIFTED = box("18 05:20", "DISC", location=ALAT, modeOfTransport="VESSEL")
DEPARTED = event(
    "TRANSPORT", "DEPA", modeOfTransport="RAIL", railDepartureID="5485-007-5721", location=ALAT,
    eventDateTime="2026-01-18T06:00:00Z", eventCreatedDateTime="2026-01-18T06:00:00Z",
)  # fmt: skip


def withdrawn(one: dict[str, Any], at: str | None = None) -> dict[str, Any]:
    """The retraction of an event, made at ``dd hh:mm``; None: the sender does not say when."""
    when = {"eventUpdatedDateTime": f"2026-01-{at[:2]}T{at[3:]}:00Z"} if at else {}
    return one | {"eventVersion": 2, "isRetracted": True} | when


AMENDED = withdrawn(LOADED, "17 08:00")
BESIDE = pytest.mark.parametrize("beside", [estimate("22 08:00", "17 09:50"), CALL], ids=["estimate", "call"])


@BESIDE
def test_the_words_of_an_operation_are_its_own(beside: dict[str, Any]) -> None:
    """Whatever is said beside it, before or between or after: the amendment keeps its words."""
    for order in permutations([LOADED, AMENDED, beside]):
        if order.index(AMENDED) < order.index(LOADED):
            continue  # of what was never told nothing is amended
        end = last_of(*order)
        assert (end["operationCode"], end["remark"]) == ("12", f"RETRACTED EQUIPMENT/LOAD {C1}")
        assert [one["remark"] for one in end["unitOperations"]] == [end["remark"]]


@BESIDE
def test_what_cannot_be_told_beside_an_operation_is_lost_by_name(beside: dict[str, Any]) -> None:
    """What, where and when are losses at the sender's fields."""
    said = told("dlp.event.v1", "dtc.note.v1", LOADED, AMENDED, beside)
    lost = {one["pointer"] for one in said.of("loss") if one["line"] == 3}
    assert {"/eventDateTime", "/location/UNLocationCode"} <= lost
    assert len(said.out) == 2


def test_an_estimate_hangs_on_no_operation_that_comes_after_it() -> None:
    """Told on the 19th of a note whose destination is not known; what happened before that comes later."""
    late = estimate("26 08:00", "19 00:00", POTI, delayReasonCode="VES")
    loaded = box("17 05:00", "LOAD", location=AKTAU, modeOfTransport="VESSEL")
    for order in permutations([late, loaded, DAMAGED]):
        end = last_of(*order)
        assert (end["operationCode"], end.get("remark")) == ("90", "hole in roof")


def test_an_estimate_leaves_the_words_of_an_operation_alone() -> None:
    """The destination is known: estimate and reason are told; the remark stays that of the act."""
    crossing = Crossing()
    crossing.dtc(note("90", "663404", "17.01.2026 11:45", remark="dent"))
    said = crossing.dlp(estimate("26 08:00", "19 00:00", POTI, delayReasonCode="VES", remark="no vessel"))
    assert pick(said.dtc, "etaDestination", "delayReason", "remark") == [("26.01.2026 12:00", "VES", None)]
    assert "remark" not in said.dtc[0]
    assert "/why/remark" in {pointer for _, pointer, _, _ in said.losses}


def test_an_act_that_comes_late_is_told_of_its_unit() -> None:
    """Another container was lifted off meanwhile: the act is that of its own."""
    lifted = box("18 05:20", "DISC", C2, location=ALAT, modeOfTransport="VESSEL")
    crossing = Crossing()
    crossing.dlp(lifted)
    (late,) = crossing.dlp(DAMAGED).dtc
    assert "operationCode" not in late
    assert units(late, "operationCode") == [(C1, "90")]


# what is taken back
@pytest.mark.parametrize("at", ["18 08:00", None])
@pytest.mark.parametrize(
    ("later", "end"),
    [(LIFTED, ("73", "548502", "18.01.2026 09:20")), (DEPARTED, ("31", "548502", "18.01.2026 10:00"))],
)
def test_a_retraction_hides_nothing_that_happened_after_what_it_takes_back(
    later: dict[str, Any], end: tuple[str, ...], at: str | None
) -> None:
    """05:20Z and 06:00Z are 09:20 and 10:00 in Alat; when the retraction was made or came does not matter."""
    for order in permutations([LOADED, withdrawn(LOADED, at), later]):
        assert pick([last_of(*order)], *OPERATION) == [end]


def test_a_retraction_of_what_is_long_past_is_told_and_then_what_holds() -> None:
    """Lifted off since: 12 of the container with its words, then 73 of it again."""
    crossing = Crossing()
    for one in (LOADED, LIFTED):
        crossing.dlp(one)
    back, then = crossing.dlp(withdrawn(LOADED, "18 08:00")).dtc
    assert units(back, "operationCode", "operationTime", "remark") == [
        (C1, "12", "18.01.2026 13:00", f"RETRACTED EQUIPMENT/LOAD {C1}")
    ]
    assert units(then) == [(C1, "73", "548502", "18.01.2026 09:20")]
    assert pick([back, then], "operationCode", "noteVersion") == [("12", 3), ("73", 4)]


def test_two_retractions_of_one_instant_name_their_own_units() -> None:
    """Each with its own words, in every order."""
    other = box("17 06:45", "LOAD", C2, location=AKTAU, modeOfTransport="VESSEL", nextLocation="AZALA")
    for first, second in permutations([LOADED, other]):
        crossing = Crossing()
        for one in (LOADED, other, withdrawn(first, "17 09:00"), withdrawn(second, "17 09:00")):
            said = crossing.dlp(one).dtc
        words = {unit: f"RETRACTED EQUIPMENT/LOAD {unit}" for unit in (C1, C2)}
        own = second["equipmentReference"]
        assert dict(units(said[0], "remark")) == {own: words[own]}
        for one in said:
            assert dict(units(one, "remark")).items() <= words.items()
            assert one.get("remark") in {None, *dict(units(one, "remark")).values()}
        end = merged(crossing.total.sent["dtc"])
        assert isinstance(end, dict)
        assert {(one["unit"], one["remark"]) for one in end["unitOperations"]} == {
            (box, f"RETRACTED EQUIPMENT/LOAD {box}") for box in (C1, C2)
        }


OTHER = "707701/2026-01-12/0012346"
MOVED = LIFTED | {"eventVersion": 2, "eventUpdatedDateTime": "2026-01-18T09:00:00Z"}


@pytest.mark.parametrize(
    "later",
    [MOVED | {"equipmentReference": C2}, MOVED | {"references": [{"type": "SMGS", "value": OTHER}]}],
    ids=["container", "note"],
)
def test_an_override_takes_back_what_it_leaves_in_every_order(later: dict[str, Any]) -> None:
    """Version 2 names another container, or note: what only version 1 named was not lifted off there.

    Told of it first, that is amended (12); where version 1 comes too late nothing was ever told.
    """
    lifted = (later.get("equipmentReference"), later["references"][0]["value"][-7:])
    for order in permutations([LIFTED, later]):
        crossing = Crossing()
        for one in order:
            crossing.dlp(one)
        sent = crossing.total.sent["dtc"]
        held = {
            (unit["unit"], number, unit["operationCode"])
            for number in {one["noteNumber"] for one in sent}
            for unit in merged_of(sent, number)["unitOperations"]
        }
        assert {one for one in held if one[2] == "73"} == {(*lifted, "73")}
        assert {one[2] for one in held if one[:2] == (C1, "0012345")} <= {"12"}


def merged_of(sent: list[dict[str, Any]], number: str) -> Any:  # noqa: ANN401 - JSON
    """What the DTC has of one note."""
    return merged(one for one in sent if one["noteNumber"] == number)


def test_a_container_event_of_two_notes_reaches_both() -> None:
    """Each note has a version of its own."""
    both = [{"type": "SMGS", "value": NOTE}, {"type": "SMGS", "value": OTHER}]
    crossing = Crossing()
    crossing.dlp(DAMAGED)
    said = crossing.dlp(LIFTED | {"references": both}).dtc
    assert pick(said, "noteNumber", "operationCode", "noteVersion") == [
        ("0012345", "73", 2),
        ("0012346", "73", 1),
    ]
