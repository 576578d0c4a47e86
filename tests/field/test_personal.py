"""Personal data stays with the profile that has it: names planted in its fields are looked for everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import profiles
from schemas.avro.schema import Array, Nullable, Primitive
from tests.field.test_any_value import NAMES, alone, places, planted
from tests.support.field import told

CANARY = "IVANOVIVAN12345678"
"""A name and a passport as one word that no normal form changes."""
SPELT = (
    "{}", "driver {}, passport N12345678, tel. +7 701 234 56 78", '{{"driver":"{}"}}', "0{}" + "9" * 300,
)  # fmt: skip
NEEDED = {
    "documents and their numbers": """
        references.value references.original replacement.old_value replacement.new_value oldValue newValue
        oldNumber newNumber shipmentReference transportCallReference call_reference portVisitReference
        port_visit voyage voyageNumber declaration declarationNo transitDeclNo blNumber bl_number billOfLading
        actNumber act_number lot lotNumber cmr permit permit_id note waybill document.number hazardCard
        hazard_card procedure original_note consignor_code consignee_code""",
    "things and places": """
        subject.id id parent transloaded_from unit seals.number sealNumbers seal_numbers seals tankWagons
        railCarReferences railDepartureID train train_number cargo.container vesselName vessel_name
        departureStationName destinationStationName departure_name destination_name locationName where.name
        facility facilityCode office""",
    "goods": "goods.name cargo.name product productCode grade wagon_kind hazard_class packing_group",
    "who tells": """
        publisher publisher.code codeListProvider publisher_scheme publisher_role event_producer
        event_consumer""",
    "codes and words of the protocol or the broker": """
        source source_message_id schema_version trace hops derived_from known untold.pointer untold.value
        supersedes original_time original_basis original_eta facility_scheme facility_type original_code
        original_list why.document service statement computed customs.status status document.type
        findings.pointer findings.rule findings.severity findings.value losses.pointer losses.reason
        losses.value explicitNulls event_id previous_event_id type_numbering issued_at expires_at""",
}
"""Texts without a form that go to partners, and why: a receiver cannot do without them (docs/contract.md)."""
ALLOWED = {
    # Remarks go to the two platforms: of a commercial act they are the fact itself. The log keeps them.
    *((pointer, target) for pointer in ("/remark", "/why/remark")
      for target in ("dtc.note.v1", "dlp.event.v1", "corridor.event.v1")),
    # A plate goes to who handles the truck: the DLP and the ports (docs/profiles), never to the railways.
    *((f"/{name}", target) for name in ("truckPlate", "trailerPlate", "plate_number", "plate_number2")
      for target in NAMES if not target.startswith("dtc")),
    *((f"/manifest/{name}", target) for name in ("number", "trailerPlate")
      for target in NAMES if not target.startswith("dtc")),
    *((f"/how/{name}", target) for name in ("truck_plate", "trailer_plate")
      for target in NAMES if not target.startswith("dtc")),
}  # fmt: skip


def plantings(name: str) -> list[tuple[str, Any]]:
    """Every personal field of a profile with a canary in each spelling, in its first examples."""
    profile = profiles.load(name)
    schema = profile.schema
    examples = [json.loads(one) if isinstance(one, str | bytes) else one for one in profile.examples.values()]
    found: list[tuple[str, Any]] = []
    for number, example in enumerate(examples[:5]):
        for way, _ in places(schema.root, example):
            path = [str(step) for step in way if isinstance(step, str)]
            if not path or not schema.at(".".join(path)).properties.get("personal"):
                continue
            for text in SPELT:
                pointer, value = "/" + "/".join(path), text.format(CANARY)
                made = planted(alone(example, f"{number} {way} {text}"), way, value)
                if made is not None:
                    found.append((pointer, made))
    return found


@pytest.mark.parametrize("source", NAMES)
def test_no_report_and_no_other_profile_has_personal_data(source: str) -> None:
    """Neither an output, nor a loss, a finding or a dead letter tells it."""
    given = plantings(source)
    for target in NAMES:
        if target == source or not given:
            continue
        found = told(source, target, *(message for _, message in given))
        assert [one for one in found.report if CANARY in json.dumps(one)] == []
        hidden = [message for pointer, message in given if (pointer, target) not in ALLOWED]
        out = told(source, target, *hidden).out if hidden else []
        assert [one for one in out if CANARY in json.dumps(one)] == []


def free(name: str) -> set[str]:
    """Every text of a profile in which anything may be written: no form, no list, no check of its digits."""
    formed = {"pattern", "codeList", "identifier"}
    found = set()
    for path, field in profiles.load(name).schema.fields():
        node = field.type
        while isinstance(node, Nullable | Array):
            node = node.inner if isinstance(node, Nullable) else node.items
        text = isinstance(node, Primitive) and node.name == "string" and node.logical is None
        if text and not formed & field.properties.keys():
            found.add(path)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_text_is_needed_or_personal(name: str) -> None:
    """Free words go nowhere by default; what goes is in the table above, field by field."""
    needed = {path for listed in NEEDED.values() for path in listed.split()}
    schema = profiles.load(name).schema
    shy = {path for path in free(name) if schema.at(path).properties.get("personal")}
    known = {path for path in free(name) if any(f".{path}".endswith(f".{one}") for one in needed)}
    assert free(name) - shy - known == set()
    assert {path.rpartition(".")[2] for path in shy} >= ({"remark"} if "remark" in str(free(name)) else set())
    assert not shy & known


def test_every_profile_with_people_says_so() -> None:
    """The fields that hold names, tax numbers, plates and claims are marked in the schemas."""
    marked = {
        (name, path)
        for name in NAMES
        for path, field in profiles.load(name).schema.fields()
        if field.properties.get("personal")
    }
    assert {
        ("dtc.note.v1", "consignor.name"),
        ("dtc.note.v1", "consignee.taxId"),
        ("dtc.note.v1", "remark"),
        ("dlp.event.v1", "remark"),
        ("oil.lot.v1", "remark"),
        ("port.event.v1", "remark"),
        ("vessel.event.v1", "remark"),
        ("corridor.event.v1", "why.remark"),
        ("epermit.event.v1", "company_name"),
        ("epermit.event.v1", "other_claims"),
        ("epermit.event.v1", "activity_details"),
        ("dlp.event.v1", "truckPlate"),
        ("port.event.v1", "truckPlate"),
        ("vessel.event.v1", "manifest.number"),
        ("corridor.event.v1", "how.truck_plate"),
    } <= marked
