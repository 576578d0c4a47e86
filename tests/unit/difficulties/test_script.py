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


def test_an_unknown_name_is_a_loss() -> None:
    """A name that is no alias gives no place, and says so."""
    passage = Crossing().dlp(
        event("SHIPMENT", "ISSU", documentTypeCode="TRD", location={"locationName": "Nowhere"})
    )
    assert passage.corridor[0]["where"]["unlocode"] is None
    assert ("/location/locationName", "unknown-code") in [loss[1:3] for loss in passage.losses]


def test_a_code_is_not_overruled_by_a_name() -> None:
    """With a UN/LOCODE the name is only a name."""
    location = {"UNLocationCode": "AZBAK", "locationName": "Алят"}
    passage = Crossing().dlp(event("SHIPMENT", "ISSU", documentTypeCode="TRD", location=location))
    assert passage.corridor[0]["where"]["unlocode"] == "AZBAK"


@pytest.mark.parametrize(
    "text", ["Ожидание судна", "Кеме күтілуде", "Gəmi gözlənilir", "გემის მოლოდინი", "Gemi bekleniyor ğüşıöç"]
)
def test_text_comes_through_letter_by_letter(text: str) -> None:
    """Free text of any script crosses unchanged in both directions."""
    assert Crossing().dtc(note("90", "572107", "27.01.2026 10:00", remark=text)).dlp[0]["remark"] == text
    told = event(
        "EQUIPMENT",
        "INSP",
        equipmentReference="CSQU3054383",
        remark=text,
        location={"UNLocationCode": "GEPTI"},
    )
    assert Crossing().dlp(told).dtc[0]["remark"] == text
