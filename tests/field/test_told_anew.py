"""What is told of a train after a retraction takes effect at the DLP, whatever the order of the notes."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.support.crossing import C1, C2, W1, W2, Crossing
from tests.support.receiver import taken

pytestmark = pytest.mark.system("dtc", "dlp")

ALTYNKOL, DOSTYK = "707701", "708507"
NIGHT, LATER = "12.01.2026 22:30", "12.01.2026 22:50"
T905, T906 = "7077-905-6634", "7077-906-6634"

Message = dict[str, Any]


def said(number: int, version: int, kind: str, **more: object) -> Message:
    """A message of the DTC about one of its notes."""
    named = {"noteNumber": f"{number:07}", "contractDate": "12.01.2026", "departureStation": ALTYNKOL}
    head = {"messageId": f"{number:08}-0000-4000-8000-{version:012}", "messageKind": kind}
    return head | {"noteVersion": version} | named | more


def left(number: int, version: int, time: str = NIGHT, train: str = T905, station: str = ALTYNKOL) -> Message:
    """The note whole: its train has left a station."""
    wagon, box = (W1, C1) if number == 1 else (W2, C2)
    place = {"operationCode": "31", "operationStation": station, "operationTime": time, "timeBasis": "LOC"}
    load = {"wagons": [{"wagonNumber": wagon, "containers": [{"containerNo": box}]}]}
    return said(number, version, "SNAPSHOT", noteType="SMGS", trainIndex=train, **place, **load)


Standing = set[tuple[str, str, str, tuple[int, ...]]]
"""Train, station, time and notes of the departures that stand."""

FIRST: Standing = {(T905, ALTYNKOL, "2026-01-12T17:30:00Z", (1,))}
BOTH: Standing = {(T905, ALTYNKOL, "2026-01-12T17:30:00Z", (1, 2))}

JOURNEYS: dict[str, tuple[list[Message], Standing]] = {
    "another train, and the first again": (
        [left(1, 1), said(1, 2, "DELTA", trainIndex=T906), said(1, 3, "DELTA", trainIndex=T905)],
        FIRST,
    ),
    "another train and back, twice": (
        [left(1, n, train=train) for n, train in enumerate((T905, T906, T905, T906, T905), 1)],
        FIRST,
    ),
    "another station, and the first again": (
        [left(1, 1), left(1, 2, station=DOSTYK), left(1, 3)],
        FIRST,
    ),
    "one of two notes annulled": (
        [left(1, 1), said(1, 2, "ANNULMENT"), left(2, 1, LATER), left(2, 2)],
        {(T905, ALTYNKOL, "2026-01-12T17:30:00Z", (2,))},
    ),
    "both notes annulled": (
        [left(1, 1), said(1, 2, "ANNULMENT"), left(2, 1), said(2, 2, "ANNULMENT")],
        set(),
    ),
    "one of two notes leaves the train, and comes back": (
        [left(1, 1), left(2, 1), said(2, 2, "DELTA", trainIndex=T906), said(2, 3, "DELTA", trainIndex=T905)],
        BOTH,
    ),
    "two notes leave the train, and come back": (
        [left(n, v, train=train) for n in (1, 2) for v, train in enumerate((T905, T906, T905), 1)][::-1],
        BOTH,
    ),
}


def departures(messages: list[Message]) -> Standing:
    """The departures that stand at the DLP, where each message has to take effect."""
    found = [one for one in taken(messages) if (one["eventType"], one["eventCode"]) == ("TRANSPORT", "DEPA")]
    told = {
        (
            one["railDepartureID"],
            one["location"]["facilityCode"],
            one["eventDateTime"],
            tuple(sorted(int(r["value"][-7:]) for r in one["references"] if r["type"] == "SMGS")),
        )
        for one in found
    }
    assert len(told) == len(found)
    return told


@pytest.mark.parametrize("name", JOURNEYS)
def test_in_every_order_the_departure_that_holds_stands_at_the_dlp(name: str) -> None:
    """Nothing is told under an id that was taken back, and no version twice; of long journeys some orders."""
    notes, standing = JOURNEYS[name]
    orders = list(permutations(notes))
    for order in orders[:: 1 if len(orders) <= 24 else 23]:
        crossing = Crossing()
        for one in order:
            crossing.dtc(one)
        assert departures(crossing.total.dlp) == standing, [
            (one["noteNumber"], one["noteVersion"]) for one in order
        ]
