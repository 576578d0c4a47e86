"""Difficulty 9: ETSNG, GNG and HS are not one to one: all pass, only truncation translates."""

import pytest

from tests.support.crossing import Crossing, event, note

pytestmark = pytest.mark.system("dtc", "dlp")

OIL = {"etsng": "201005", "gng": "27090090", "name": "Нефть сырая", "netKg": 60120}


def one_tank(goods: list[dict[str, object]]) -> dict[str, object]:
    """A note of one tank wagon."""
    return note(
        "20", "549702", "03.02.2026 05:10", wagons=[{"wagonNumber": "75003111", "kind": "TANK"}], goods=goods
    )


def test_all_codes_stand_side_by_side_in_the_corridor_event() -> None:
    """GNG and ETSNG are kept as given; HS is the first six digits of GNG."""
    cargo = Crossing().dtc(one_tank([OIL])).corridor[1]["cargo"][0]
    assert (cargo["hs6"], cargo["gng8"], cargo["etsng6"]) == ("270900", "27090090", "201005")


def test_the_dlp_gets_hs_and_the_rest_is_counted() -> None:
    """The DLP knows HS only: the other codes are losses of the message."""
    passage = Crossing().dtc(one_tank([OIL]))
    assert passage.dlp[0]["cargo"][0]["hsCode"] == "270900"
    lost = {loss[1] for loss in passage.losses if loss[0] == "from-corridor.dlp"}
    assert {"/cargo/0/gng8", "/cargo/0/etsng6", "/cargo/0/name"} <= lost


def test_without_gng_no_hs_is_made_up_from_etsng() -> None:
    """There is no way from ETSNG to HS: the code stays empty."""
    goods = {name: value for name, value in OIL.items() if name != "gng"}
    assert "hsCode" not in Crossing().dtc(one_tank([goods])).dlp[0]["cargo"][0]


def test_hs_does_not_become_gng() -> None:
    """Six digits do not say which eight: the note gets no goods code from a DLP event."""
    crossing = Crossing()
    cargo = [{"hsCode": "270900", "quantity": "60.12", "unitCode": "TNE"}]
    passage = crossing.dlp(
        event("SHIPMENT", "ISSU", documentTypeCode="TRD", cargo=cargo, location={"UNLocationCode": "GEPTI"})
    )
    assert passage.corridor[0]["cargo"][0]["gng8"] is None
    assert "goods" not in passage.dtc[0]


def test_goods_of_one_container_are_not_told_of_another() -> None:
    """A container's event has the goods in that container only."""
    events = Crossing().dtc(note("20", "707701", "12.01.2026 14:30")).dlp
    assert [[item["hsCode"] for item in told["cargo"]] for told in events] == [["854143"], ["847130"]]
