"""Who was never told of something is not told that it did not happen, and nothing is lost of that."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.support.crossing import C1, W1, Crossing, event, note
from tests.support.field import told

DLP, PORT, VESSEL, OIL, DTC = "dlp.event.v1", "port.event.v1", "vessel.event.v1", "oil.lot.v1", "dtc.note.v1"
Message = dict[str, Any]
ALAT, AKTAU = {"UNLocationCode": "AZALA"}, {"UNLocationCode": "KZAAU"}
LOADED = event(
    "EQUIPMENT", "LOAD", equipmentReference=C1, modeOfTransport="RAIL", railCarReference=W1, location=ALAT
)
LIFTED = event(
    "EQUIPMENT", "LOAD", equipmentReference=C1, modeOfTransport="VESSEL", vesselIMONumber="9074729",
    voyageNumber="026W", location=AKTAU,
)  # fmt: skip
SAILED = event("TRANSPORT", "DEPA", modeOfTransport="VESSEL", vesselIMONumber="9074729", location=AKTAU)
LOT = event(
    "BULK", "LOAD", modeOfTransport="VESSEL", location=AKTAU, vesselIMONumber="9074729",
    bulk={"lotNumber": "S1"}, cargo=[{"hsCode": "270900", "quantity": "60", "unitCode": "TNE"}],
)  # fmt: skip


def gone(one: Message, **more: Any) -> Message:  # noqa: ANN401 - JSON values
    """Its retraction."""
    made = one | {"eventVersion": 2, "isRetracted": True, "eventUpdatedDateTime": "2026-01-18T02:00:00Z"}
    return made | more


@pytest.mark.parametrize("target", [DTC, PORT, VESSEL, OIL, DLP])
@pytest.mark.parametrize("one", [LOADED, LIFTED, SAILED, LOT], ids=["rail", "sea", "vessel", "lot"])
def test_a_retraction_without_its_event_is_told_to_nobody(one: Message, target: str) -> None:
    """It comes alone, or before its event, which is void then."""
    for given in ([gone(one)], [gone(one), one]):
        crossing = Crossing(sender=DLP, receiver=target)
        for each in given:
            crossing.send("sender", each)
        assert crossing.total.sent.get("receiver", []) == []
        assert crossing.total.losses == []
    assert told(DLP, target, gone(one)).of("loss") == [] or target == DLP


@pytest.mark.parametrize("target", [DTC, PORT, DLP])
def test_a_retraction_after_its_event_is_told(target: str) -> None:
    """Whoever was told of it is told that it did not happen."""
    crossing = Crossing(sender=DLP, receiver=target)
    for each in (LIFTED, gone(LIFTED)):
        crossing.send("sender", each)
    assert len(crossing.total.sent["receiver"]) == 2


INCOMPLETE: dict[str, tuple[str, Message, Message]] = {
    "of no note": (DTC, LOADED | {"references": []}, {}),
    "without its mode": (
        DTC, event("EQUIPMENT", "LOAD", equipmentReference=C1, location=ALAT), {"modeOfTransport": "RAIL"}
    ),
    "without its place": (
        PORT, {name: value for name, value in LIFTED.items() if name != "location"}, {"location": AKTAU}
    ),
    "of no unit": (
        PORT, {name: value for name, value in LIFTED.items() if name != "equipmentReference"},
        {"equipmentReference": C1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INCOMPLETE)
def test_what_lacked_something_is_not_taken_back_from_who_did_not_get_it(name: str) -> None:
    """The event gave the receiver nothing: its losses are named with it, and none with the retraction."""
    target, one, more = INCOMPLETE[name]
    for retraction in (gone(one), gone(one, **more)):
        said = told(DLP, target, one, retraction)
        assert said.out == []
        assert {each["line"] for each in said.of("loss")} == {1}


@pytest.mark.parametrize("name", INCOMPLETE)
def test_an_override_of_it_is_told_as_news(name: str) -> None:
    """With what it lacked: every order ends alike, and no field is lost that the message does not have."""
    target, one, more = INCOMPLETE[name]
    whole = one | (more or {"references": LOADED["references"]})
    whole |= {"eventVersion": 2, "eventUpdatedDateTime": "2026-01-18T02:00:00Z"}
    for order in permutations([one, whole]):
        said = told(DLP, target, *order)
        assert len(said.out) == 1
        for each in said.of("loss"):
            top = each["pointer"].split("/")[1]
            assert top in order[each["line"] - 1], each
            assert each["value"] in str(order[each["line"] - 1].values()), each


def test_what_a_note_takes_back_of_an_event_that_the_other_side_has_no_word_for_is_not_told() -> None:
    """A formed train: the DLP has nothing of it, so nothing is taken back from it."""
    crossing = Crossing()
    formed = note("30", "707701", "12.01.2026 16:00", trainIndex="7077-041-5721")
    crossing.dtc(formed)
    crossing.dtc(formed | {"noteVersion": 2, "trainIndex": "7077-042-5721", "messageId": LOADED["eventID"]})
    assert crossing.total.sent.get("dlp", []) == []
