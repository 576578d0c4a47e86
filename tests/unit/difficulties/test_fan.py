"""Difficulty 5: one operation becomes many events, many messages become one event."""

import pytest

from tests.support.crossing import C1, Crossing, event, note, pick

pytestmark = pytest.mark.system("dtc", "dlp")


def boxes(count: int) -> list[dict[str, object]]:
    """Wagons with one container each."""
    return [
        {"wagonNumber": f"9400{number:04d}", "containers": [{"containerNo": f"CSQU{number:07d}"}]}
        for number in range(count)
    ]


def test_one_operation_becomes_as_many_events_as_there_are_containers() -> None:
    """A block train's note with 62 containers gives 62 events with 62 ids, in the order of the note."""
    wagons = boxes(62)
    passage = Crossing().dtc(note("72", "663404", "17.01.2026 11:45", wagons=wagons))
    assert [told["equipmentReference"] for told in passage.dlp] == [
        box["containers"][0]["containerNo"] for box in wagons
    ]  # type: ignore[index]
    assert len({told["eventID"] for told in passage.dlp}) == 62


def test_all_events_of_a_note_have_one_kafka_key() -> None:
    """Everything of one consignment has one key, so that note, wagons and containers stay in order."""
    passage = Crossing().dtc(note("20", "707701", "12.01.2026 14:30", wagons=boxes(5)))
    assert len({output.key for output in passage.outputs}) == 1
    subjects = {output.subject for output in passage.outputs}
    assert {f"EQUIPMENT:CSQU{number:07d}" for number in range(5)} < subjects


def test_a_train_has_a_key_of_its_own() -> None:
    """A train event of n notes belongs to none: its key and subject are the train's."""
    passage = Crossing().dtc(note("31", "707701", "12.01.2026 22:40", trainIndex="7077-041-5721"))
    trains = [output for output in passage.outputs if output.subject == "TRAIN:7077-041-5721"]
    assert {output.key for output in trains} == {b"TRAIN:7077-041-5721"}


def test_a_corrected_train_event_of_two_notes_is_one_override() -> None:
    """Two notes correct the same departure: the DLP gets one override."""
    crossing = Crossing()
    train = {"trainIndex": "7077-041-5721"}
    for number in ("0012345", "0012346"):
        crossing.dtc(note("31", "707701", "12.01.2026 22:40", noteNumber=number, **train))
    corrected = [
        told
        for number in ("0012345", "0012346")
        for told in crossing.dtc(
            note("31", "707701", "12.01.2026 22:50", noteNumber=number, noteVersion=2, **train)
        ).dlp
    ]
    assert set(pick(corrected, "eventDateTime")) == {("2026-01-12T17:50:00Z",)}


def test_ferry_takes_wagons_and_feeder_takes_containers() -> None:
    """The same vessel event with a wagon is the rail ferry and without one the feeder."""
    location = {"UNLocationCode": "KZAAU"}
    vessel = {"equipmentReference": C1, "modeOfTransport": "VESSEL", "location": location}
    ferry = Crossing().dlp(event("EQUIPMENT", "LOAD", railCarReference="94001235", **vessel)).dtc
    feeder = Crossing().dlp(event("EQUIPMENT", "LOAD", **vessel)).dtc
    assert pick(ferry + feeder, "operationCode") == [("70",), ("72",)]


def test_a_train_event_becomes_one_event_per_consignment_and_shows_none_the_others() -> None:
    """Each corridor event of a train with three notes names its own note only."""
    keys = [f"707701/2026-01-12/001234{number}" for number in range(3)]
    references = [{"type": "SMGS", "value": key} for key in keys] + [
        {"type": "TRAIN", "value": "5485-007-5721"}
    ]
    passage = Crossing().dlp(
        event(
            "TRANSPORT",
            "DEPA",
            references=references,
            modeOfTransport="RAIL",
            railDepartureID="5485-007-5721",
            location={"UNLocationCode": "AZALA"},
        )
    )
    assert [[one["value"] for one in told["what"]["references"]] for told in passage.corridor] == [
        [key, "5485-007-5721"] for key in keys
    ]
    assert len({told["consignment_id"] for told in passage.corridor}) == 3


def test_another_event_platform_gets_the_train_event_of_every_consignment() -> None:
    """The events of one train are told apart by their ids, so none is taken for a duplicate of another."""
    references = [{"type": "SMGS", "value": f"707701/2026-01-12/001234{number}"} for number in range(3)]
    crossing = Crossing(here="dlp.event.v1", there="dlp.event.v1")
    train = {"modeOfTransport": "RAIL", "railDepartureID": "5485-007-5721"}
    passage = crossing.send("here", event("TRANSPORT", "DEPA", references=references, **train))
    assert [told["references"] for told in passage.sent["there"]] == [[reference] for reference in references]
    assert len({told["eventID"] for told in passage.sent["there"]}) == 3
