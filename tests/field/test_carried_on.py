"""A part of a note moves containers to other wagons: what follows happens to them, not to the old ones."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from schemas.translation import history
from tests.support.crossing import C1, C2, W1, W2, Crossing, note
from tests.support.receiver import taken

pytestmark = pytest.mark.system("dtc", "dlp")

OLD, NEW = "332785400125", "94002144"
KHORGOS, GARDABANI, POTI = "707701", "562800", "572107"
Message = dict[str, Any]


def on(number: str, *boxes: str, **more: Any) -> Message:  # noqa: ANN401 - JSON values
    """A wagon of no kind with containers; one without them lists none."""
    return {"wagonNumber": number, "containers": [{"containerNo": one} for one in boxes], **more}


def whole(version: int, code: str, station: str, time: str, *wagons: Message) -> Message:
    """The note with all of its wagons."""
    return note(code, station, time, noteVersion=version, wagons=list(wagons), goods=[])


def part(version: int, *wagons: Message, at: tuple[str, str, str] | None = None) -> Message:
    """A part of the note: wagons, an operation, or both."""
    kept = ("noteNumber", "contractDate", "departureStation")
    made = {name: value for name, value in note(None).items() if name in kept}
    made |= {"messageId": f"00000000-0000-4000-8000-{version:012}", "messageKind": "DELTA"}
    made |= {"wagons": list(wagons)} if wagons else {}
    if at is not None:
        made |= dict(zip(("operationCode", "operationStation", "operationTime"), at, strict=True))
    return made | {"noteVersion": version}


LOADED = whole(1, "20", KHORGOS, "12.01.2026 14:30", on(OLD, C1))
OVER = part(2, on(NEW, C1, transloadedFrom=OLD), at=("50", KHORGOS, "13.01.2026 14:30"))
CORRECTED = part(2, on(NEW, C1))
EMPTIED = part(2, {"wagonNumber": OLD, "containers": None}, on(NEW, C1))
SAID_EMPTY = part(2, on(OLD), on(NEW, C1))
CROSSED = part(3, at=("41", GARDABANI, "20.01.2026 10:00"))
DELIVERED = part(3, at=("81", POTI, "26.01.2026 10:00"))

Told = set[tuple[str, str | None, str | None]]
"""Code, container and wagon of events."""

JOURNEYS: dict[str, tuple[list[Message], Told]] = {
    "to another gauge, and over the border": (
        [LOADED, OVER, CROSSED],
        {("LOAD", C1, OLD), ("DISC", C1, OLD), ("LOAD", C1, NEW), ("CROS", C1, NEW)},
    ),
    "the wagon was mistyped": ([LOADED, CORRECTED], {("LOAD", C1, NEW)}),
    "the wagon was mistyped, and its containers are null": ([LOADED, EMPTIED], {("LOAD", C1, NEW)}),
    "the wagon was mistyped, and its containers are none": ([LOADED, SAID_EMPTY], {("LOAD", C1, NEW)}),
    "and told with the next operation again": (
        [LOADED, SAID_EMPTY, part(3, on(OLD), on(NEW, C1), at=("41", GARDABANI, "20.01.2026 10:00"))],
        {("LOAD", C1, NEW), ("CROS", C1, NEW)},
    ),
    "mistyped, and delivered": ([LOADED, CORRECTED, DELIVERED], {("LOAD", C1, NEW), ("GTOT", C1, NEW)}),
    "over and back again": (
        [LOADED, CORRECTED, part(3, on(OLD, C1)), part(4, at=("41", GARDABANI, "20.01.2026 10:00"))],
        {("LOAD", C1, OLD), ("CROS", C1, OLD)},
    ),
    "another container takes its place": (
        [LOADED, CORRECTED, part(3, on(OLD, C2), at=("41", GARDABANI, "20.01.2026 10:00"))],
        {("LOAD", C1, NEW), ("CROS", C2, OLD)},
    ),
    "one of two containers": (
        [whole(1, "20", KHORGOS, "12.01.2026 14:30", on(OLD, C1, C2)), CORRECTED, CROSSED],
        {("LOAD", C1, NEW), ("LOAD", C2, OLD), ("CROS", C1, NEW), ("CROS", C2, OLD)},
    ),
    "both containers to two wagons": (
        [
            whole(1, "20", KHORGOS, "12.01.2026 14:30", on(OLD, C1, C2)),
            part(2, on(W1, C1), on(W2, C2)),
            CROSSED,
        ],
        {("LOAD", C1, W1), ("LOAD", C2, W2), ("CROS", C1, W1), ("CROS", C2, W2)},
    ),
    "a wagon of which the sender lists no containers": (
        [whole(1, "20", KHORGOS, "12.01.2026 14:30", on(OLD)), CROSSED],
        {("LOAD", None, OLD), ("CROS", None, OLD)},
    ),
    "a whole note lists the old wagon": (
        [LOADED, CORRECTED, whole(3, "41", GARDABANI, "20.01.2026 10:00", on(OLD), on(NEW, C1))],
        {("LOAD", C1, NEW), ("CROS", C1, NEW), ("CROS", None, OLD)},
    ),
    "the old wagon is named alone": (
        [LOADED, CORRECTED, part(3, on(OLD), at=("41", GARDABANI, "20.01.2026 10:00"))],
        {("LOAD", C1, NEW), ("CROS", None, OLD)},
    ),
}


def standing(messages: list[Message]) -> Told:
    """What happened to which container and wagon, as it stands at the DLP."""
    crossing = Crossing()
    for one in messages:
        crossing.dtc(one)
    return {
        (one["eventCode"], one.get("equipmentReference"), one.get("railCarReference"))
        for one in taken(crossing.total.dlp)
        if one["eventType"] == "EQUIPMENT"
    }


@pytest.mark.parametrize("name", JOURNEYS)
def test_what_happens_is_told_of_the_container_in_every_order(name: str) -> None:
    """Of the wagon alone only where the sender says himself that it is of the note without containers."""
    versions, told = JOURNEYS[name]
    for order in permutations(versions):
        assert standing(list(order)) == told, [one["noteVersion"] for one in order]


def test_a_long_note_remembers_what_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The versions that moved it are folded long since."""
    monkeypatch.setattr(history, "MAX_VERSIONS", 2)
    passing = [part(n, at=("33", POTI, f"{10 + n}.01.2026 10:00")) for n in range(3, 9)]
    crossed = part(9, at=("41", GARDABANI, "20.01.2026 10:00"))
    assert standing([LOADED, CORRECTED, *passing, crossed]) == {("LOAD", C1, NEW), ("CROS", C1, NEW)}


def test_the_old_wagon_is_no_unit_of_the_note_any_more() -> None:
    """One container arrives on one wagon: one unit."""
    crossing = Crossing()
    for one in (LOADED, CORRECTED, part(3, at=("80", POTI, "26.01.2026 10:00"))):
        crossing.dtc(one)
    (arrived,) = [one for one in crossing.total.dlp if one["eventType"] == "SHIPMENT"]
    assert arrived["totalUnits"] == 1


def test_the_old_wagon_stays_in_the_note() -> None:
    """A part takes nothing out of a list: another railway is told of both wagons."""
    crossing = Crossing()
    for one in (LOADED, CORRECTED):
        crossing.dtc(one)
    told = next(one for one in reversed(crossing.total.corridor) if one["why"]["code"] == "NOTE/SNAP")
    assert [one["id"] for one in told["what"]["units"] if one["kind"] == "WAGON"] == [OLD, NEW]
