"""Difficulty 7: numbers repeat, containers come back, notes are reissued, plates look alike."""

import pytest

from tests.support.crossing import C1, NOTE, Crossing, event, note

pytestmark = pytest.mark.system("dtc", "dlp")

REISSUED = {
    "noteNumber": "0000901",
    "contractDate": "21.01.2026",
    "departureStation": "562800",
    "originalNote": {"departureStation": "707701", "contractDate": "12.01.2026", "noteNumber": "0012345"},
}


def consignments(crossing: Crossing) -> set[str]:
    """Consignment ids of everything that passed."""
    return {told["consignment_id"] for told in crossing.total.corridor}


def test_the_same_number_of_another_station_or_day_is_another_consignment() -> None:
    """A note's number is unique only with its departure station and contract date."""
    crossing = Crossing()
    crossing.dtc(note("11", "707701", "12.01.2026 09:10"))
    crossing.dtc(note("11", "708507", "12.01.2026 09:10", departureStation="708507"))
    crossing.dtc(note("11", "707701", "13.01.2026 09:10", contractDate="13.01.2026"))
    assert len(consignments(crossing)) == 3


def test_a_containers_next_trip_is_another_trip() -> None:
    """The same container under a later note has other events: the first trip's are not overridden."""
    crossing = Crossing()
    first = crossing.dtc(note("20", "707701", "12.01.2026 14:30")).dlp
    later = note("20", "707701", "20.03.2026 14:30", contractDate="20.03.2026", noteNumber="0055555")
    second = crossing.dtc(later, accepted=1_775_000_000_000).dlp
    assert first[0]["equipmentReference"] == second[0]["equipmentReference"] == C1
    assert not {told["eventID"] for told in first} & {told["eventID"] for told in second}
    assert len(consignments(crossing)) == 2


def test_a_reissued_note_keeps_its_consignment() -> None:
    """A note that was reissued on the way (CIM to SMGS) belongs to the consignment of the first."""
    crossing = Crossing()
    crossing.dtc(note("11", "707701", "12.01.2026 09:10"))
    crossing.dtc(note("12", "562800", "21.01.2026 13:00", **REISSUED))
    assert len(consignments(crossing)) == 1


def test_both_sides_name_the_same_consignment() -> None:
    """A DLP event that names the note or the reissued note is of the same consignment: no look-up."""
    crossing = Crossing()
    crossing.dtc(note("11", "707701", "12.01.2026 09:10"))
    crossing.dlp(event("EQUIPMENT", "GTOT", equipmentReference=C1))
    reissued = {"type": "CIM", "value": "562800/2026-01-21/0000901", "original": NOTE}
    crossing.dlp(event("EQUIPMENT", "GTIN", equipmentReference=C1, references=[reissued]))
    assert len(consignments(crossing)) == 1


def test_a_train_number_of_another_month_is_another_train() -> None:
    """A train index is used again: the departure of the next month is another event."""
    crossing = Crossing()
    first = crossing.dtc(note("31", "707701", "12.01.2026 22:40", trainIndex="7077-041-5721")).dlp
    later = note("31", "707701", "12.02.2026 22:40", trainIndex="7077-041-5721", noteNumber="0055555")
    second = crossing.dtc(later).dlp
    assert first[0]["eventID"] != second[0]["eventID"]


def test_plates_with_cyrillic_look_alikes_are_one_truck() -> None:
    """Tractor plates in Cyrillic and Latin letters, with spaces and hyphens, are the same subject."""
    crossing = Crossing()
    for plate in ("123 \u0410\u0412\u0421 02", "123ABC02", "123-abc-02"):
        crossing.dlp(
            event(
                "TRANSPORT",
                "ARRI",
                modeOfTransport="TRUCK",
                truckPlate=plate,
                trailerPlate="45 \u041d\u041a 678",
            )
        )
    assert {told["subject"]["id"] for told in crossing.total.corridor} == {"123ABC02"}
    assert {told["how"]["trailer_plate"] for told in crossing.total.corridor} == {"45HK678"}


def test_the_id_of_a_record_is_the_id_of_its_event_and_version() -> None:
    """What a platform is sent is traced to its corridor event by the first two parts of its id."""
    crossing = Crossing()
    told = event(
        "TRANSPORT",
        "DEPA",
        modeOfTransport="RAIL",
        railDepartureID="5485-007-5721",
        references=[{"type": "SMGS", "value": f"707701/2026-01-12/001234{number}"} for number in range(2)],
    )
    crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    crossing.dlp(told)
    crossing.dlp(told | {"eventVersion": 2})
    known = {
        f"{one['envelope']['event_id']}:{one['correction']['version']}" for one in crossing.total.corridor
    }
    assert len(known) == len(crossing.total.corridor)
    assert {":".join(output.id.split(":")[:2]) for output in crossing.total.outputs} == known
