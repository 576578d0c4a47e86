"""The order in which the versions of a note come does not matter for what is told in the end."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from schemas.translation import history
from schemas.translation.store import Store
from tests.support.crossing import ACCEPTED, C1, C2, NOTE, W1, W2, Stage, codec, form, note, translator
from tests.support.crossing import Passage as Said
from tests.support.receiver import taken

Version = dict[str, Any]

KZ, AKTAU, ALAT, GARDABANI, BOYUK_KESIK, POTI = "707701", "663404", "549204", "562800", "558701", "572107"
OTHER = "TCKU3054388"
TRAIN = "7077-041-5721"


def snapshot(operation: str, station: str, time: str, **more: object) -> Version:
    """The whole note at an operation."""
    return note(operation, station, f"{time[:2]}.01.2026 {time[3:]}", **more)


def delta(operation: str | None, station: str | None, time: str | None, **more: object) -> Version:
    """Part of the note; wagons only where they are named."""
    written = None if time is None else f"{time[:2]}.01.2026 {time[3:]}"
    whole = note(operation, station, written, messageKind="DELTA", **more)
    kept = {"messageId", "messageKind", "noteNumber", "contractDate", "noteVersion", "departureStation"}
    asked = kept | more.keys() | {"operationCode", "operationStation", "operationTime", "timeBasis"}
    return {name: value for name, value in whole.items() if name in asked}


def holding(*numbers: str) -> list[Version]:
    """One wagon with containers."""
    return [
        {"wagonNumber": W1, "kind": "FITTING_PLATFORM", "containers": [{"containerNo": n} for n in numbers]}
    ]


def lifted(number: str, time: str) -> Version:
    """A container that was lifted aboard, alone."""
    return {"unit": number, "operationCode": "72", "operationStation": AKTAU, "operationTime": time}


ANNULMENT = snapshot("19", KZ, "30 10:00", messageKind="ANNULMENT")
SEAL = [{"number": "GE-90017", "owner": "CUSTOMS"}]
ONE = [{"wagonNumber": W1, "containers": [{"containerNo": C1, "seals": SEAL}]}]
TWO = [{"wagonNumber": W2, "containers": [{"containerNo": C2, "seals": SEAL}]}]

JOURNEYS: dict[str, list[Version]] = {
    "72, 73, 72": [
        snapshot("72", AKTAU, "17 10:00"),
        snapshot("73", ALAT, "18 10:00"),
        snapshot("72", AKTAU, "20 10:00"),
    ],
    "a correction after the next operation": [
        snapshot("20", KZ, "12 14:30"),
        snapshot("31", KZ, "12 18:00", trainIndex=TRAIN),
        snapshot("20", KZ, "12 14:45"),
    ],
    "a container mistyped and corrected": [
        snapshot("20", KZ, "12 14:30", wagons=holding(C1, OTHER)),
        snapshot("20", KZ, "12 14:30", wagons=holding(C1, C2)),
        snapshot("31", KZ, "12 18:00", wagons=holding(C1, C2), trainIndex=TRAIN),
    ],
    "a container mistyped, corrected and mistyped again": [
        snapshot("20", KZ, "12 14:30", wagons=holding(n)) for n in (C1, C2, C1)
    ],
    "a wagon and a station mistyped": [
        snapshot("20", KZ, "12 14:30", wagons=[{"wagonNumber": W1, "kind": "TANK"}]),
        snapshot("20", KZ, "12 14:30", wagons=[{"wagonNumber": W2, "kind": "TANK"}]),
        snapshot("80", POTI, "12 18:00"),
        snapshot("80", BOYUK_KESIK, "12 18:00"),
    ],
    "a departure corrected over midnight of the 31st": [
        snapshot("31", KZ, "31 23:50", trainIndex=TRAIN),
        note("31", KZ, "01.02.2026 00:10", trainIndex=TRAIN),
        note("32", AKTAU, "04.02.2026 00:10", trainIndex=TRAIN),
    ],
    "a train mistyped, corrected and mistyped again": [
        snapshot("31", KZ, "12 18:00", trainIndex=train) for train in (TRAIN, "7077-041-5722", TRAIN)
    ],
    "a train mistyped": [
        snapshot("31", KZ, "12 18:00", trainIndex="7077-041-5722"),
        snapshot("31", KZ, "12 18:00", trainIndex=TRAIN),
        snapshot("32", AKTAU, "16 03:15", trainIndex=TRAIN),
    ],
    "deltas": [
        snapshot("11", KZ, "12 09:10"),
        delta("20", KZ, "12 14:30", wagons=ONE),
        delta("51", GARDABANI, "21 12:30", wagons=ONE),
        delta("51", GARDABANI, "21 12:40", wagons=TWO),
        delta(None, None, None, etaDestination="28.01.2026 12:00"),
    ],
    "a delta and the whole above it": [
        delta("20", KZ, "12 14:30", wagons=TWO),
        snapshot("31", KZ, "12 18:00", trainIndex=TRAIN),
        delta("81", POTI, "27 09:00", wagons=ONE),
        delta("81", POTI, "27 11:00", wagons=TWO),
    ],
    "two estimates": [
        snapshot(
            "34", KZ, "13 10:00", etaDestination="28.01.2026 12:00", trainIndex=TRAIN, delayReason="VES"
        ),
        snapshot(
            "34", KZ, "13 10:00", etaDestination="29.01.2026 12:00", trainIndex=TRAIN, delayReason="VES"
        ),
        snapshot("32", AKTAU, "16 03:15", trainIndex=TRAIN),
        snapshot(
            "34", AKTAU, "17 10:00", etaDestination="30.01.2026 12:00", trainIndex=TRAIN, delayReason="WEA"
        ),
    ],
    "both halves of a crossing": [
        snapshot("40", BOYUK_KESIK, "21 08:00"),
        snapshot("41", GARDABANI, "21 10:05"),
        snapshot("40", BOYUK_KESIK, "21 08:10"),
    ],
    "taken over before handed over": [
        snapshot("41", GARDABANI, "21 10:05"),
        snapshot("40", BOYUK_KESIK, "21 08:00"),
        snapshot("80", POTI, "25 08:00"),
    ],
    "annulled": [
        snapshot("20", KZ, "12 14:30"),
        snapshot("31", KZ, "12 18:00", trainIndex=TRAIN),
        delta("51", KZ, "12 18:30", wagons=ONE),
        ANNULMENT,
    ],
    "unreadable time, corrected": [
        snapshot("20", KZ, "12 14:30"),
        snapshot("80", POTI, "25 08:00"),
        snapshot("90", POTI, "26 08:00", remark="dent"),
        snapshot("90", POTI, "26 08:30", remark="two dents"),
        snapshot("81", POTI, "27 08:30"),
    ],
    "lifted one after the other, each named": [
        snapshot("32", AKTAU, "15 10:00", trainIndex=TRAIN),
        delta("72", AKTAU, "17 10:00", unitOperations=[lifted(C1, "17.01.2026 10:00")]),
        delta("72", AKTAU, "17 10:20", unitOperations=[lifted(C2, "17.01.2026 10:20")]),
    ],
    "moved to another wagon, and on": [
        snapshot("20", KZ, "12 14:30", wagons=[{"wagonNumber": W1, "containers": [{"containerNo": C1}]}]),
        delta("50", KZ, "13 14:30", wagons=[{"wagonNumber": W2, "containers": [{"containerNo": C1}]}]),
        delta("41", GARDABANI, "20 10:00"),
        delta("81", POTI, "26 10:00", wagons=[{"wagonNumber": W1, "containers": [{"containerNo": C1}]}]),
    ],
    "lifted one after the other, and a version in between": [
        snapshot("20", KZ, "12 14:30"),
        delta("72", AKTAU, "17 10:00", wagons=ONE),
        delta("72", AKTAU, "17 10:20", wagons=TWO),
        delta("73", ALAT, "18 10:00", wagons=TWO),
        delta("73", ALAT, "18 10:00", wagons=ONE),
    ],
}


def numbered(versions: Iterable[Version]) -> list[bytes]:
    """Versions 1, 2, 3, … as Avro."""
    return [
        form("dtc.note.v1").to_avro(json.dumps(one | {"noteVersion": n}).encode())
        for n, one in enumerate(versions, 1)
    ]


class Events:
    """What is told of a note."""

    def __init__(self) -> None:
        self.stage = Stage("dtc-to-corridor", translator("dtc.note.v1", "to_corridor"), "dtc", Store())
        self.dlp = Stage("corridor-to-dlp", translator("dlp.event.v1", "from_corridor"), "dlp", Store())
        self.at_dlp: list[dict[str, Any]] = []
        self.said = Said()
        self.newest: dict[str, dict[str, Any]] = {}
        self.count = 0

    def take(self, body: bytes) -> list[dict[str, Any]]:
        """Take a version; an id is told in rising versions, and never after its retraction."""
        self.count += 1
        context = {
            "id": f"m{self.count}",
            "origin": f"dtc/{self.count}",
            "accepted": ACCEPTED,
            "hops": ("dtc",),
        }
        told = []
        for output in self.stage.run(b"N", body, context, self.said):
            told.append(codec("corridor.event.v1").decode(output.body))
            passed = self.dlp.run(output.key, output.body, context | {"id": output.id}, Said())
            self.at_dlp += [codec("dlp.event.v1").decode(one.body) for one in passed]
        for one in told:
            identity, version = one["envelope"]["event_id"], one["correction"]["version"]
            before = self.newest.get(identity)
            if before is not None:
                assert version == before["correction"]["version"] + 1
                assert not before["correction"]["retracted"]
            else:
                assert version == 1
            self.newest[identity] = one
        return told

    def last(self) -> list[str]:
        """What holds in the end, without what only says how it was told."""
        strange = {"envelope", "correction", "quality"}
        return sorted(
            json.dumps({k: v for k, v in one.items() if k not in strange}, sort_keys=True, default=str)
            for one in self.newest.values()
            if not one["correction"]["retracted"]
        )


def last_of(bodies: Sequence[bytes]) -> tuple[list[str], list[str]]:
    """What holds after these versions, here and at a DLP."""
    events = Events()
    for body in bodies:
        events.take(body)
    standing = [
        {name: one[name] for name in one if name not in {"eventID", "eventVersion", "eventUpdatedDateTime"}}
        for one in taken(events.at_dlp)
    ]
    return events.last(), sorted(json.dumps(one, sort_keys=True, default=str) for one in standing)


@pytest.mark.parametrize("journey", JOURNEYS)
def test_every_order_of_arrival_ends_the_same(journey: str) -> None:
    """All orders of the messages of a journey: what holds is what holds when they come in their order.

    Here and at a DLP, which takes nothing under an id that was taken back.
    """
    bodies = numbered(JOURNEYS[journey])
    expected = last_of(bodies)
    for order in itertools.permutations(bodies):
        assert last_of(order) == expected, order


def test_two_contents_of_one_version_end_the_same_in_either_order() -> None:
    """Neither is called a duplicate: both are told, and which is the last word does not depend on arrival."""
    one, two = (
        form("dtc.note.v1").to_avro(
            json.dumps(snapshot("20", KZ, f"12 14:{m}") | {"noteVersion": 3}).encode()
        )
        for m in ("30", "45")
    )
    expected = last_of([one, two])
    assert last_of([two, one]) == expected
    assert any("1768210200000" in event or '"12.01.2026 14:45"' in event for event in expected[0])
    events = Events()
    events.take(two)
    events.take(one)
    assert ("dtc-to-corridor", "/noteVersion", "same-version-other-content", "3") in events.said.findings
    assert "duplicate" not in {reason for _, reason in events.said.filtered}


def test_a_long_note_stays_small_and_forgets_nothing_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the oldest versions are folded: what was told stands, what comes next is compared."""
    monkeypatch.setattr(history, "MAX_VERSIONS", 8)
    stations = [KZ, AKTAU, ALAT, GARDABANI, BOYUK_KESIK, POTI]
    versions = [
        snapshot("33", stations[n % 6], f"{10 + n // 2} {12 * (n % 2):02}:00", trainIndex=TRAIN)
        for n in range(30)
    ]
    bodies = numbered(versions)
    expected, _ = last_of(bodies)
    events = Events()
    for body in bodies:
        events.take(body)
        entry = events.stage.store.get(NOTE.encode())
        assert entry is not None
        assert len(history.decode(entry[8:]).versions) <= 8
    assert events.last() == expected
    shuffled = bodies[:]
    random.Random(7).shuffle(shuffled)
    events = Events()
    for body in shuffled:
        events.take(body)
    assert "too-old-to-correct" in {rule for _, _, rule, _ in events.said.findings}
