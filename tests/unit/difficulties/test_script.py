"""Difficulty 10: names of any language and script lead to one place, text comes through unchanged."""

import pytest

from tests.support.crossing import Crossing, event, note, pick

pytestmark = pytest.mark.system("dtc", "dlp")


@pytest.mark.parametrize("name", ["Ələt", "Алят", "Alyat", "Alat", "ALAT", "Алат", "Elet", "ალიატი"])
def test_a_place_named_in_any_script_is_found(name: str) -> None:
    """A location that has only a name is looked up among the aliases; the name stays as written."""
    passage = Crossing().dlp(
        event("SHIPMENT", "ISSU", documentTypeCode="TRD", location={"locationName": name})
    )
    assert passage.corridor[0]["where"]["unlocode"] == "AZALA"
    assert passage.corridor[0]["where"]["name"] == name
    assert pick(passage.dtc, "operationStation") == [("548502",)]


def test_an_unknown_name_stays() -> None:
    """A name that is no alias gives no place; who has no field for it loses it."""
    passage = Crossing().dlp(
        event("SHIPMENT", "ISSU", documentTypeCode="TRD", location={"locationName": "Nowhere"})
    )
    assert passage.corridor[0]["where"]["unlocode"] is None
    assert passage.corridor[0]["where"]["name"] == "Nowhere"
    assert ("from-corridor.dtc", "/where/name", "no-equivalent", "Nowhere") in passage.losses


def test_a_code_is_not_overruled_by_a_name() -> None:
    """With a UN/LOCODE the name is only a name."""
    location = {"UNLocationCode": "AZBAK", "locationName": "Алят"}
    passage = Crossing().dlp(event("SHIPMENT", "ISSU", documentTypeCode="TRD", location=location))
    assert passage.corridor[0]["where"]["unlocode"] == "AZBAK"


@pytest.mark.parametrize(
    "text", ["Ожидание судна", "Кеме күтілуде", "Gəmi gözlənilir", "გემის მოლოდინი", "Gemi bekleniyor ğüşıöç"]
)
def test_text_comes_through_letter_by_letter(text: str) -> None:
    """Text of any script crosses unchanged: names of goods between railways, of places between platforms."""
    crossing = Crossing(one="dtc.note.v1", other="dtc.note.v1")
    (told,) = crossing.send("one", note("10", "707701", "12.01.2026 10:00", goods=[{"name": text}])).sent[
        "other"
    ]
    assert told["goods"] == [{"name": text}]
    crossing = Crossing(dlp="dlp.event.v1", other="dlp.event.v1")
    came = event("EQUIPMENT", "INSP", equipmentReference="CSQU3054383", location={"locationName": text})
    (seen,) = crossing.dlp(came).sent["other"]
    assert seen["location"]["locationName"] == text
