"""Difficulty 6: in a DELTA absent is unchanged, null is cleared; an override replaces the event."""

from typing import Any

import pytest

from tests.support.crossing import C1, C2, W1, Crossing, event, note, pick

pytestmark = pytest.mark.system("dtc", "dlp")


def delta(version: int, **fields: object) -> dict[str, Any]:
    """A DELTA of the note: its key and what is given, null included."""
    made = note(None, messageKind="DELTA", noteVersion=version)
    kept = {"messageId", "messageKind", "noteVersion", "departureStation", "contractDate", "noteNumber"}
    return {name: value for name, value in made.items() if name in kept} | fields


def test_absent_is_unchanged() -> None:
    """A DELTA with a new operation keeps wagons, containers and seals of the last version."""
    crossing = Crossing()
    crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    events = crossing.dtc(
        delta(2, operationCode="51", operationStation="562800", operationTime="21.01.2026 12:30")
    ).dlp
    assert pick(events, "eventCode", "equipmentReference", "railCarReference") == [
        ("RSEA", C1, W1),
        ("RSEA", C2, events[1]["railCarReference"]),
    ]
    assert [seal["number"] for seal in events[0]["seals"]] == ["KZ0048821", "SRC-77120"]


def test_null_is_cleared() -> None:
    """An explicit null takes the value away."""
    crossing = Crossing()
    customs = {"transitDeclNo": "C2026-118", "office": "GE69101"}
    told = crossing.dtc(note("60", "707701", "12.01.2026 09:10", customs=customs)).dlp
    assert pick(told, "customs") == [({"declarationNo": "C2026-118", "office": "GE69101"},)]
    events = crossing.dtc(delta(2, customs={"office": None})).dlp
    assert pick(events, "eventVersion", "customs") == [(2, {"declarationNo": "C2026-118"})]


def test_items_merge_by_their_key() -> None:
    """Seals told of one container are its seals now; other containers and wagons stay as they were."""
    crossing = Crossing()
    crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    seal = {"number": "GE-90017", "owner": "CUSTOMS"}
    wagons = [{"wagonNumber": W1, "containers": [{"containerNo": C1, "seals": [seal]}]}]
    events = crossing.dtc(delta(2, wagons=wagons)).dlp
    assert pick(events, "equipmentReference", "eventVersion") == [(C1, 2)]
    assert [one["number"] for one in events[0]["seals"]] == ["GE-90017"]
    assert events[0]["railCarReference"] == W1


def test_a_container_that_changes_wagons_moves() -> None:
    """A container named under another wagon is on that wagon only."""
    crossing = Crossing()
    told = note("20", "707701", "12.01.2026 14:30")
    crossing.dtc(told)
    new = {"wagonNumber": "94009914", "containers": [{"containerNo": C1}]}
    events = crossing.dtc(
        delta(
            2, wagons=[new], operationCode="51", operationStation="562800", operationTime="21.01.2026 12:30"
        )
    ).dlp
    assert [one["railCarReference"] for one in events if one["equipmentReference"] == C1] == ["94009914"]


def test_a_dlp_override_replaces_the_whole_event() -> None:
    """Version 2 of an event is the whole event: what it does not say is not kept from version 1."""
    crossing = Crossing(dlp="dlp.event.v1", other="dlp.event.v1")
    first = event("EQUIPMENT", "RSEA", equipmentReference=C1, delayReasonCode="WEA")
    crossing.dlp(first)
    second = {name: value for name, value in first.items() if name != "delayReasonCode"} | {"eventVersion": 2}
    told = crossing.dlp(second).sent["other"]
    assert pick(told, "eventVersion", "delayReasonCode") == [(2, None)]
