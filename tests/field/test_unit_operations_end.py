"""What a note says of one unit and then says no more, or otherwise, is taken back from whom it was told."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.support.crossing import C1, C2, Crossing, note

pytestmark = pytest.mark.system("dtc", "dlp")

AT, LATER = "12.01.2026 17:20", "12.01.2026 18:40"
Note = dict[str, Any]


def unit(number: str, code: str, time: str, station: str = "707701") -> Note:
    """The last operation of one unit."""
    return {"unit": number, "operationCode": code, "operationStation": station, "operationTime": time}


def whole(number: int, *units: Note, code: str = "61", time: str = AT) -> Note:
    """A version of the note, told whole: released at 17:20, but for the units that are named."""
    return note(
        code, "707701", time, noteVersion=number, **({"unitOperations": list(units)} if units else {})
    )


def part(number: int, **more: Any) -> Note:  # noqa: ANN401 - JSON values
    """A version that says only what has changed."""
    kept = ("noteNumber", "contractDate", "departureStation", "noteType")
    made = {name: value for name, value in whole(1).items() if name in kept}
    identity = f"00000000-0000-4000-8000-{number:012}"
    return made | {"messageId": identity, "messageKind": "DELTA", "noteVersion": number} | more


def held(*versions: Note) -> set[tuple[str, str | None, str]]:
    """The events that the DLP holds to be so in the end: code, container, and time in UTC."""
    crossing = Crossing()
    for one in versions:
        crossing.dtc(one)
    last: dict[str, Note] = {}
    for one in crossing.total.dlp:
        if not last.get(one["eventID"], {}).get("isRetracted"):
            last[one["eventID"]] = one
    return {
        (one["eventCode"], one.get("equipmentReference"), one["eventDateTime"][11:16])
        for one in last.values() if not one["isRetracted"]
    }  # fmt: skip


HELD = whole(1, unit(C2, "62", "12.01.2026 17:00"))
"""Released but for the second container, which was held at 17:00; that is 12:00 UTC."""
NOTE, ONE, TWO = ("CUSR", None, "12:20"), ("CUSR", C1, "12:20"), ("CUSR", C2, "12:20")
STOPPED = ("CUSI", C2, "12:00")

DEPARTED = {"code": "31", "time": LATER}
LOADED = whole(1, code="20", time="12.01.2026 14:30")
LOADS = {("LOAD", C1, "09:30"), ("LOAD", C2, "09:30")}


def released(number: int, time: str, *units: Note) -> Note:
    """A part that says when units were released, and nothing of the others."""
    at = {"operationCode": "61", "operationStation": "707701", "operationTime": f"12.01.2026 {time}"}
    return part(number, **at, unitOperations=list(units))


FIRST = released(2, "17:20", unit(C1, "61", AT))
ENDS: dict[str, tuple[list[Note], set[tuple[str, str | None, str]]]] = {
    "dropped by the next snapshot": ([HELD, whole(2)], {NOTE, ONE, TWO}),
    "made null": ([HELD, part(2, unitOperations=None)], {NOTE, ONE, TWO}),
    "named after all": (
        [whole(1), whole(2, unit(C2, "62", "12.01.2026 17:00"))], {NOTE, ONE, STOPPED}
    ),
    "at another station": (
        [HELD, whole(2, unit(C2, "62", "12.01.2026 17:00", "663404"))], {NOTE, ONE, STOPPED}
    ),
    "another operation before it": (
        [HELD, whole(2, unit(C2, "51", "12.01.2026 16:30"))], {NOTE, ONE, ("RSEA", C2, "11:30")}
    ),
    "another operation after it": (
        [HELD, whole(2, unit(C2, "51", "12.01.2026 17:05"))], {NOTE, ONE, STOPPED, ("RSEA", C2, "12:05")}
    ),
    "of the other unit": (
        [HELD, whole(2, unit(C1, "62", "12.01.2026 17:00"))], {NOTE, TWO, ("CUSI", C1, "12:00")}
    ),
    "dropped, and said again": ([HELD, whole(2), HELD | {"noteVersion": 3}], {NOTE, ONE, STOPPED}),
    "said of a later operation, too": (
        [HELD, whole(2, unit(C2, "62", "12.01.2026 17:00"), **DEPARTED), whole(3, **DEPARTED)],
        {NOTE, ONE, STOPPED, ("DEPA", None, "13:40")},
    ),
    "one unit after the other": (
        [LOADED, FIRST, released(3, "17:40", unit(C2, "61", "12.01.2026 17:40"))],
        {*LOADS, ONE, ("CUSR", C2, "12:40")},
    ),
    "one unit after the other, and a word of neither": (
        [LOADED, FIRST, released(3, "17:40", unit(C2, "61", "12.01.2026 17:40")), part(4, remark="x")],
        {*LOADS, ONE, ("CUSR", C2, "12:40")},
    ),
    "one unit after the other, and the second again": (
        [LOADED, FIRST, *(released(n, "17:40", unit(C2, "61", "12.01.2026 17:40")) for n in (3, 4))],
        {*LOADS, ONE, ("CUSR", C2, "12:40")},
    ),
    "one unit after the other, and both are named": (
        [LOADED, FIRST, released(3, "17:40", unit(C1, "61", AT), unit(C2, "61", "12.01.2026 17:40"))],
        {*LOADS, ONE, ("CUSR", C2, "12:40")},
    ),
    "the time of one unit was wrong": (
        [LOADED, FIRST, released(3, "17:40", unit(C1, "61", "12.01.2026 17:40"))],
        {*LOADS, ("CUSR", C1, "12:40")},
    ),
    "no word of it with a later operation": (
        [HELD, whole(2, **DEPARTED)], {NOTE, ONE, STOPPED, ("DEPA", None, "13:40")}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_only_what_the_newest_version_says_of_an_operation_holds(name: str) -> None:
    """In every order; what happened before a later operation happened nevertheless."""
    versions, end = ENDS[name]
    for order in permutations(versions):
        if order[0]["messageKind"] == "SNAPSHOT":
            assert held(*order) == end


@pytest.mark.parametrize("target", ["port.event.v1", "vessel.event.v1", "dlp.event.v1"])
def test_whoever_was_told_is_told_that(target: str) -> None:
    """A container lifted aboard alone, then no longer: port, ship and platform have nothing of it."""
    lifted = note(
        "32", "663404", "17.01.2026 06:10",
        unitOperations=[unit(C2, "72", "17.01.2026 05:00", "663404")],
    )  # fmt: skip
    crossing = Crossing(dtc="dtc.note.v1", other=target)
    crossing.dtc(lifted)
    crossing.dtc(note("32", "663404", "17.01.2026 06:10", noteVersion=2))
    told = [one for one in crossing.total.sent["other"] if one.get("equipmentReference") == C2]
    assert [(one["eventCode"], one["isRetracted"]) for one in told] in ([("LOAD", False), ("LOAD", True)], [])
    assert told or target == "vessel.event.v1"


def test_what_a_part_does_not_speak_of_is_as_it_was() -> None:
    """A remark is added: the operation of the one unit stands, and the other's is not told of it."""
    assert held(HELD, part(2, remark="x")) == {NOTE, ONE, STOPPED}
    both = part(2, unitOperations=[unit(C1, "51", "12.01.2026 17:30")])
    assert held(HELD, both) == {NOTE, ONE, STOPPED, ("RSEA", C1, "12:30")}


def test_a_part_with_an_operation_of_the_note_is_of_all_units() -> None:
    """It says itself of which it is not."""
    departed = {"operationCode": "20", "operationStation": "707701", "operationTime": LATER}
    assert held(HELD, part(2, **departed)) == {
        NOTE, ONE, STOPPED, ("LOAD", C1, "13:40"), ("LOAD", C2, "13:40")
    }  # fmt: skip
