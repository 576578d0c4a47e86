"""Difficulty 11: personal data stay on their side; that they stayed is counted, not shown."""

import json

import pytest
import yaml

from schemas import profiles
from tests.support.crossing import C1, Crossing, event, note

pytestmark = pytest.mark.system("dtc", "dlp")

SECRETS = ("Тайный груз", "120340012345", "Gizli MMC", "1401555071")
PARTIES = {
    "consignor": {"railClientCode": "1234", "name": SECRETS[0], "taxId": SECRETS[1], "country": "KZ"},
    "consignee": {"railClientCode": "80021", "name": SECRETS[2], "taxId": SECRETS[3], "country": "AZ"},
}


def test_names_and_tax_numbers_do_not_leave_the_dtc() -> None:
    """Neither the corridor event, nor what the DLP gets, nor any report holds a name or a tax number."""
    passage = Crossing().dtc(note("20", "707701", "12.01.2026 14:30", **PARTIES))
    assert len(passage.outputs) >= 5
    everything = (
        b"".join(output.body for output in passage.outputs)
        + json.dumps([passage.dlp, passage.losses, passage.findings], ensure_ascii=False).encode()
    )
    for secret in SECRETS:
        assert secret.encode() not in everything


def test_what_was_kept_back_is_counted_by_field() -> None:
    """The loss report names each field with the reason, without the value."""
    passage = Crossing().dtc(note("20", "707701", "12.01.2026 14:30", **PARTIES))
    kept = {loss[1:] for loss in passage.losses if loss[2] == "personal-data"}
    assert kept == {
        (f"/{party}/{name}", "personal-data", "")
        for party in ("consignor", "consignee")
        for name in ("name", "taxId")
    }


def test_codes_and_countries_of_the_parties_go_no_further_than_the_corridor() -> None:
    """The corridor's note has the parties' client codes and countries; the DLP gets none of them."""
    passage = Crossing().dtc(note("20", "707701", "12.01.2026 14:30", **PARTIES))
    document = passage.corridor[0]["document"]
    assert (document["consignor_code"], document["consignee_country"]) == ("1234", "AZ")
    assert "80021" not in json.dumps(passage.dlp)


def test_plates_of_trucks_do_not_reach_the_railway_side() -> None:
    """Plates lead to drivers: the DTC gets none, and that is counted without the plate."""
    truck = {
        "modeOfTransport": "TRUCK",
        "truckPlate": "123ABC02",
        "trailerPlate": "45HK678",
        "plateCountry": "KZ",
    }
    passage = Crossing().dlp(
        event("EQUIPMENT", "GTOT", equipmentReference=C1, location={"UNLocationCode": "GEPTI"}, **truck)
    )
    assert len(passage.dtc) == 1
    assert "123ABC02" not in json.dumps([passage.dtc, passage.losses])
    assert ("from-corridor.dtc", "/how/truck_plate", "personal-data", "") in passage.losses


def test_a_retracted_truck_is_not_named() -> None:
    """The remark that tells the DTC of a retraction names no truck, whose id is its plate."""
    crossing = Crossing()
    entered = event("PERMIT", "ENTR", modeOfTransport="TRUCK", truckPlate="123ABC02")
    crossing.dlp(entered)
    passage = crossing.dlp(entered | {"eventVersion": 2, "isRetracted": True})
    assert [told["remark"].split()[:2] for told in passage.dtc] == [["RETRACTED", "PERMIT/ENTR"]]
    assert "123ABC02" not in json.dumps([passage.dtc, passage.losses])


def test_fields_marked_personal_are_dropped_by_name() -> None:
    """Every field that the DTC schema marks as personal is among the drops of its mapping."""
    profile = profiles.load("dtc.note.v1")
    drops = yaml.safe_load(profile.mappings["to_corridor"])["drops"]
    party = next(field for field in profile.schema.record.fields if field.name == "consignor").type.inner  # type: ignore[union-attr]
    marked = {field.name for field in party.fields if field.properties.get("personal")}
    dropped = {path for path, reason in drops.items() if reason == "personal-data"}
    assert {f"{side}.{name}" for side in ("consignor", "consignee") for name in marked} == dropped
