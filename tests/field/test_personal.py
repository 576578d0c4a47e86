"""Personal data stays with the profile that has it: names planted in its fields are looked for everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import profiles
from tests.field.test_any_value import NAMES, alone, places, planted
from tests.support.field import told

CANARY = "IVANOVIVAN12345678"
"""A name and a passport as one word that no normal form changes."""
SPELT = ("{}", "driver {}, passport", '{{"driver":"{}"}}', "0{}" + "9" * 300)
ALLOWED = {
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
        ("epermit.event.v1", "company_name"),
        ("epermit.event.v1", "other_claims"),
        ("epermit.event.v1", "activity_details"),
        ("dlp.event.v1", "truckPlate"),
        ("port.event.v1", "truckPlate"),
        ("vessel.event.v1", "manifest.number"),
        ("corridor.event.v1", "how.truck_plate"),
    } <= marked
