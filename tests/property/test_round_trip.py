"""Profile to corridor and back gives every field that the two mappings together claim to carry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import profiles
from schemas.avro.schema import Array, Nullable, Record, Type
from tests.support.crossing import Crossing, codec, event, form
from tests.support.profile_strategies import IDENTIFIERS, NOTE_KEYS, events, notes, records

pytestmark = pytest.mark.system("dtc", "dlp")

EVENT = json.dumps(
    event(
        "EQUIPMENT",
        "INSP",
        voyageNumber="V-12",
        vesselName="SYNTHETIC",
        seals=[{"number": "1", "source": "CUS"}],
    )
).encode()
UNIT_OPERATION = ("unit", "operationCode", "operationStation", "operationTime", "timeBasis", "remark")
"""Operations of single units: they become events of these, not a part of the note."""
RELAXED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def paths(node: Type, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every leaf of a type."""
    while isinstance(node, Nullable | Array):
        node = node.inner if isinstance(node, Nullable) else node.items
    if not isinstance(node, Record):
        yield at
        return
    for field in node.fields:
        yield from paths(field.type, (*at, field.name))


def claimed(profile: str) -> set[tuple[str, ...]]:
    """Every field but what is dropped, and what each platform numbers itself.

    A field is numbered by the receiver when its way back sets it from the engine (``event.id``, the version
    of an assembled document), or from the id that the corridor gave the event.
    """
    loaded = profiles.load(profile)
    into, back = (yaml.safe_load(loaded.mappings[name]) for name in ("to_corridor", "from_corridor"))
    own = {back["state"].get("version_field")}
    own |= {
        path
        for rule in back["rules"]
        for path, value in rule["set"].items()
        if isinstance(value, str) and value in {"event.id", "envelope.event_id"}
    }
    lost = {tuple(path.split(".")) for path in {*into.get("drops", {}), *own} if path}
    lost |= {("remark",)} if not loaded.schema.record.properties.get("freeText") else set()
    lost.add((loaded.schema.record.properties.get("explicitNulls"),))
    lost.add((str(into["state"].get("asides", "")),))  # becomes events of single units
    return {path for path in paths(loaded.schema.record) if not any(path[: len(one)] == one for one in lost)}


def values(datum: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - any datum
    """The value at a path; of a list the values of its items; absent, null, empty and all-null are one."""
    if isinstance(datum, list):
        found = [values(item, path) for item in datum]
        return None if all(value is None for value in found) else found
    if not path:
        return datum
    return values(datum[path[0]], path[1:]) if datum is not None else None


def missing(profile: str, sent: dict[str, Any], came: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Claimed fields that were sent and did not come back as they were."""
    found = []
    for path in sorted(claimed(profile)):
        before, after = values(sent, path), values(came, path)
        if before is not None and before != after:
            found.append((".".join(path), before, after))
    return found


def through(profile: str, message: dict[str, Any], message_id: str) -> list[dict[str, Any]]:
    """Send a message from one platform to another that speaks the same profile."""
    crossing = Crossing(here=profile, there=profile)
    passage = crossing.send_avro("here", codec(profile).encode(message), message_id)
    return [codec(profile).decode(output.body) for output in passage.delivered.get("there", [])]


def test_the_claim_is_nearly_the_whole_schema() -> None:
    """The claim leaves out personal data and own numbers only."""
    dtc = set(paths(profiles.load("dtc.note.v1").schema.record)) - claimed("dtc.note.v1")
    assert dtc == {
        ("messageId",),
        ("noteVersion",),
        ("explicitNulls",),
        ("consignor", "name"),
        ("consignor", "taxId"),
        ("consignee", "name"),
        ("consignee", "taxId"),
        *(("unitOperations", name) for name in UNIT_OPERATION),
    }
    dlp = set(paths(profiles.load("dlp.event.v1").schema.record)) - claimed("dlp.event.v1")
    assert dlp == {("eventID",)}


def test_a_field_that_changed_is_noticed() -> None:
    """The comparison that the properties rest on finds a changed, a lost and a nested value."""
    sent = codec("dlp.event.v1").decode(form("dlp.event.v1").to_avro(EVENT))
    came = sent | {"voyageNumber": "other", "vesselName": None, "seals": [{"number": "2", "source": "CUS"}]}
    assert missing("dlp.event.v1", sent, sent) == []
    assert missing("dlp.event.v1", sent, came) == [
        ("seals.number", ["1"], ["2"]),
        ("vesselName", "SYNTHETIC", None),
        ("voyageNumber", "V-12", "other"),
    ]


@RELAXED
@given(note=notes())
def test_dtc_to_corridor_to_dtc_gives_back_what_is_claimed(note: dict[str, Any]) -> None:
    """Another rail platform gets the whole note: one version, every claimed field as it was."""
    came = through("dtc.note.v1", note, note["messageId"])
    assert len(came) == 1
    assert missing("dtc.note.v1", note, came[0]) == []


@RELAXED
@given(told=events())
def test_dlp_to_corridor_to_dlp_gives_back_what_is_claimed(told: dict[str, Any]) -> None:
    """Another event platform gets the whole event; one of several notes once for each."""
    came = through("dlp.event.v1", told, f"{told['eventID']}:{told['eventVersion']}")
    if told["isRetracted"]:  # alone it is told to nobody
        assert came == []
        return
    aboard = [one for one in told["references"] if one["type"] in {"SMGS", "CIM"}]
    several = len({one["original"] or one["value"] for one in aboard}) > 1
    shared = aboard and (told["eventType"] in {"TRANSPORT", "PORTCALL"} or several)
    assert len(came) == (len(aboard) if shared else 1)
    for one in came:
        sent = told | {"references": one["references"]} if shared else told
        assert missing("dlp.event.v1", sent, one) == []
    if shared:
        given_back = [ref for one in came for ref in one["references"]]
        assert all(ref in given_back for ref in told["references"])


@st.composite
def sea(draw: st.DrawFn, profile: str) -> dict[str, Any]:
    """A message of a port or a vessel operator, with the fields that its kind has."""
    made = draw(records(profile)) | {"isRetracted": False}
    calls = ("ARRI", "DEPA", "STRT", "CMPL") if profile == "port.event.v1" else ("ARRI", "DEPA")
    kinds = {"port.event.v1": {"PORTCALL": calls, "EQUIPMENT": ("LOAD", "DISC"), "PORT": ("CLOS", "OPEN")}}
    kind, codes = draw(st.sampled_from(list(kinds.get(profile, {"TRANSPORT": calls}).items())))
    made |= {"eventType": kind, "eventCode": draw(st.sampled_from(codes))}
    unit = draw(st.sampled_from(("equipmentReference", "railCarReference", "truckPlate")))
    absent = {"expectedReopening", "trucksWaiting", "wagonsWaiting"}
    if kind != "EQUIPMENT":
        absent |= {"noteKey", "originalNoteKey", "plateCountry", "ISOEquipmentCode"}
        absent |= {"equipmentReference", "railCarReference", "truckPlate"}
    else:
        absent |= {"equipmentReference", "railCarReference", "truckPlate"} - {unit}
        absent |= {"plateCountry"} if unit != "truckPlate" else set()
        absent |= {"ISOEquipmentCode"} if unit != "equipmentReference" else set()
        made |= {unit: IDENTIFIERS[_UNITS[unit]][0], "noteKey": draw(st.none() | NOTE_KEYS)}
        made |= {"originalNoteKey": draw(st.none() | NOTE_KEYS) if made["noteKey"] else None}
    if kind != "PORTCALL":
        absent.add("serviceTypeCode")
    if kind == "PORT":
        absent |= {"nextLocation", "estimatedArrival", "vesselIMONumber", "vesselName", "vesselMMSI"}
        absent |= {"voyageNumber", "portVisitReference"}
    if made["eventCode"] == "DISC":  # the vessel's next call is not that of what has left it
        absent |= {"nextLocation", "estimatedArrival"}
    made |= {"vesselIMONumber": "9074729", "UNLocationCode": "KZKUR", "timeZoneOffset": "+05:00"}
    return {name: [] if name == "manifest" else None if name in absent else made[name] for name in made}


_UNITS = {"equipmentReference": "iso6346", "railCarReference": "wagon", "truckPlate": "plate"}


@pytest.mark.parametrize("profile", ["port.event.v1", "vessel.event.v1"])
@RELAXED
@given(data=st.data())
def test_sea_to_corridor_to_sea_gives_back_what_is_claimed(profile: str, data: st.DataObject) -> None:
    """Another port or operator gets the whole event, every claimed field as it was, and nothing else.

    A later version whose earlier one nobody saw takes nothing back: it is not known what that one said.
    """
    told = data.draw(sea(profile))
    (came,) = through(profile, told, f"{told['eventID']}:{told['eventVersion']}")
    assert missing(profile, told, came) == []


def test_a_closure_without_its_reopening_takes_back_the_one_that_was_told() -> None:
    """Version 1 names the reopening, version 2 does not: the partner hears that it holds no more."""
    profile = "port.event.v1"
    empty = {field.name: None for field in profiles.load(profile).schema.record.fields}
    closed = empty | {
        "eventID": "e3e70682-c209-4cac-629f-6fbed82c07cd",
        "eventVersion": 1,
        "isRetracted": False,
        "eventType": "PORT",
        "eventCode": "CLOS",
        "eventClassifierCode": "ACT",
        "eventDateTime": 1_700_000_000_000,
        "timeZoneOffset": "+05:00",
        "eventCreatedDateTime": 1_700_000_000_000,
        "UNLocationCode": "KZKUR",
        "manifest": [],
    }
    versions = [closed | {"expectedReopening": 1_700_000_600_000}, closed | {"eventVersion": 2}]
    crossing, heard = Crossing(here=profile, there=profile), []
    for number, version in enumerate(versions, 1):
        passage = crossing.send_avro("here", codec(profile).encode(version), f"one:{number}")
        told = [codec(profile).decode(output.body) for output in passage.delivered["there"]]
        heard.append({(one["eventCode"], one["isRetracted"]) for one in told})
    assert heard == [{("CLOS", False), ("OPEN", False)}, {("CLOS", False), ("OPEN", True)}]
