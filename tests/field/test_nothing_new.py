"""A newer version of an event that says nothing new to the railway gives no version of the note."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.support.crossing import C1, W1, Crossing, event, note
from tests.support.field import told
from tests.support.receiver import merged

EVENT = "corridor.event.v1"
WHOLE = note("31", "707701", "12.01.2026 18:40", noteVersion=3)
POTI, GARDABANI = {"UNLocationCode": "GEPTI"}, {"UNLocationCode": "GEGAR"}
CROSSED = event(
    "EQUIPMENT", "CROS", equipmentReference=C1, modeOfTransport="RAIL", railCarReference=W1,
    location=GARDABANI,
)  # fmt: skip
EXPECTED = {"nextLocation": "GEPTI", "estimatedArrival": "2026-01-19T00:00:00Z"}
OUT = event("EQUIPMENT", "GTOT", equipmentReference=C1, location=POTI, emptyIndicatorCode="EMPTY")
EVENTS: dict[str, dict[str, Any]] = {
    "crossed": CROSSED,
    "crossed, and expected": CROSSED | EXPECTED,
    "departed, and expected": event(
        "TRANSPORT", "DEPA", modeOfTransport="RAIL", railDepartureID="5485-007-5721", location=GARDABANI,
        **EXPECTED,
    ),
    "out of a gate": OUT | {"emptyIndicatorCode": "LADEN"},
    "out of a gate, empty": OUT,
}  # fmt: skip


def later(one: dict[str, Any], number: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A newer version."""
    return one | {"eventVersion": number, "eventUpdatedDateTime": f"2026-01-18T0{number}:00:00Z"} | more


def sent(*given: dict[str, Any], known: bool) -> list[dict[str, Any]]:
    """What the DTC is told of DLP events, of a note that it told itself before or not."""
    crossing = Crossing()
    if known:
        crossing.dtc(WHOLE)
    for one in given:
        crossing.dlp(one)
    return crossing.total.sent["dtc"]


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("name", EVENTS)
def test_a_version_without_news_is_told_to_nobody(name: str, known: bool) -> None:
    """The messages of version 1 are all; what comes in between of another unit changes nothing of that."""
    one = EVENTS[name]
    first = sent(one, known=known)
    assert sent(one, later(one, 2), later(one, 3), known=known) == first


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("name", EVENTS)
def test_a_version_with_news_tells_these_once(name: str, known: bool) -> None:
    """An hour later: nothing is cleared on the way that is told again at once, and every order ends alike."""
    one = EVENTS[name]
    two = later(one, 2, eventDateTime="2026-01-17T07:45:00Z")
    news = sent(one, two, known=known)[len(sent(one, known=known)) :]
    cleared = {name for each in news for name, value in each.items() if value is None}
    assert not cleared & {name for each in news for name, value in each.items() if value is not None}
    ends = [
        merged(([WHOLE] if known else []) + sent(*order, known=known)) for order in permutations([one, two])
    ]
    assert ends[0] == ends[1]


def test_the_load_of_a_unit_is_no_news_where_the_note_has_no_word_of_it() -> None:
    """Out of a gate empty, then laden: where the destination is not known both are the same words."""
    for order in permutations([OUT, later(OUT, 2, emptyIndicatorCode="LADEN")]):
        assert [one["remark"] for one in sent(*order, known=False)] == [
            f"EQUIPMENT/GTOT {C1} 572107 17.01.2026 10:45 LOC"
        ]


def test_a_hand_over_is_corrected_alone() -> None:
    """Both parts of a crossing are told again only where one of them is another."""
    (crossed,) = told("dlp.event.v1", EVENT, CROSSED).out
    crossed["envelope"]["hops"] = ["other"]
    border = {"exit_esr": "558701", "entry_esr": "562800", "from_admin": "57", "to_admin": "28"}

    def at(number: int, hour: int) -> dict[str, Any]:
        times = {"handed_over_at": f"2026-01-17T0{hour}:00:00Z", "taken_over_at": "2026-01-17T06:45:00Z"}
        return crossed | {
            "correction": crossed["correction"] | {"version": number},
            "where": crossed["where"] | {"border": border | times},
        }

    def words(*given: dict[str, Any]) -> list[tuple[str, str]]:
        out = told(EVENT, "dtc.note.v1", *given).out
        return [(one["operationCode"], one["operationTime"][-5:]) for one in out]

    assert words(at(1, 4), at(2, 4)) == [("40", "08:00"), ("41", "10:45")]
    assert words(at(1, 4), at(2, 5)) == [("40", "08:00"), ("41", "10:45"), ("40", "09:00"), ("41", "10:45")]
