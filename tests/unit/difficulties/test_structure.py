"""Difficulty 4: a snapshot is compared with the last one; events are put together to a snapshot."""

import pytest

from tests.support.crossing import C1, C2, Crossing, event, note, pick
from tests.support.receiver import merged

pytestmark = pytest.mark.system("dtc", "dlp")


def test_the_same_version_again_says_nothing() -> None:
    """What was told is not told again, whatever else the new version has."""
    crossing = Crossing()
    told = note("20", "707701", "12.01.2026 14:30")
    assert len(crossing.dtc(told).dlp) == 2
    assert crossing.dtc(note("20", "707701", "12.01.2026 14:30", noteVersion=2)).dlp == []


def test_what_changed_is_an_override_of_the_same_event() -> None:
    """A corrected time of the same operation: the same event ids, version 2, the new time."""
    crossing = Crossing()
    first = crossing.dtc(note("20", "707701", "12.01.2026 14:30")).dlp
    second = crossing.dtc(note("20", "707701", "12.01.2026 15:00", noteVersion=2)).dlp
    assert pick(second, "eventID") == pick(first, "eventID")
    assert (
        pick(second, "eventVersion", "eventDateTime", "isRetracted")
        == [(2, "2026-01-12T10:00:00Z", False)] * 2
    )


def test_only_the_changed_container_is_overridden() -> None:
    """A new seal on one container changes the event of that container only."""
    crossing = Crossing()
    told = note("20", "707701", "12.01.2026 14:30")
    crossing.dtc(told)
    changed = note("20", "707701", "12.01.2026 14:30", noteVersion=2)
    changed["wagons"][1]["containers"][0]["seals"] = [{"number": "NEW-1", "owner": "CARRIER"}]
    assert pick(crossing.dtc(changed).dlp, "equipmentReference", "eventVersion") == [(C2, 2)]


def test_the_next_operation_leaves_the_ones_before_alone() -> None:
    """A later operation adds its events; those before are neither repeated nor taken back."""
    crossing = Crossing()
    crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    events = crossing.dtc(note("80", "572107", "26.01.2026 09:00", noteVersion=2)).dlp
    assert pick(events, "eventType", "eventCode") == [("SHIPMENT", "ISSU")]


def test_the_same_operation_after_another_is_a_second_occurrence() -> None:
    """Loaded, resealed, loaded again at the same station: the second loading is an event of its own."""
    crossing = Crossing()
    first = crossing.dtc(note("20", "707701", "12.01.2026 14:30")).dlp
    crossing.dtc(note("51", "707701", "12.01.2026 15:30", noteVersion=2))
    again = crossing.dtc(note("20", "707701", "12.01.2026 16:30", noteVersion=3)).dlp
    assert not {told["eventID"] for told in first} & {told["eventID"] for told in again}
    assert pick(again, "eventVersion") == [(1,), (1,)]


def test_events_are_put_together_to_one_note() -> None:
    """Three events of one consignment are three versions of one note: together they have what each said."""
    crossing = Crossing()
    customs = {"declarationNo": "C2026-118", "status": "LODGED"}
    location = {"UNLocationCode": "GEPTI"}
    crossing.dlp(event("CUSTOMS", "SUBM", documentTypeCode="CUC", customs=customs, location=location))
    rail = {"equipmentReference": C1, "modeOfTransport": "RAIL", "railCarReference": "94001235"}
    crossing.dlp(event("EQUIPMENT", "LOAD", location=location, **rail))
    notes = crossing.dlp(
        event("EQUIPMENT", "INSP", equipmentReference=C1, location=location, remark="wet")
    ).dtc
    assert pick(notes, "noteVersion", "operationCode") == [(3, "90")]
    note_of_all = merged(crossing.total.dtc)
    assert isinstance(note_of_all, dict)
    assert note_of_all["customs"] == {"transitDeclNo": "C2026-118", "status": "LODGED"}
    assert note_of_all["wagons"][0]["containers"][0]["containerNo"] == C1
