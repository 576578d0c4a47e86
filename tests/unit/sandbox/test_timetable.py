"""The timetable: seeded, in order of time, valid by the profiles, with everything that really goes wrong."""

from collections import Counter, defaultdict
from datetime import datetime
from importlib import resources
from itertools import islice, pairwise
from typing import Any

import pytest

from corridor.roles.contracts import edge_format
from corridor.sandbox.itinerary import itinerary
from corridor.sandbox.message import PlayedMessage
from corridor.sandbox.settings import PROFILES
from corridor.sandbox.shipments import Train
from corridor.sandbox.timetable import messages
from schemas.avro.jsonform import JsonForm
from schemas.avro.schema import Schema
from schemas.codes.identifiers import CHECKS
from schemas.codes.lists import CodeLists
from schemas.mapping.places import Places

pytestmark = pytest.mark.system("dtc", "dlp")


@pytest.fixture(scope="module", params=list(PROFILES))
def participant(request: pytest.FixtureRequest) -> str:
    """Each of the participants."""
    return str(request.param)


@pytest.fixture(scope="module")
def dtc() -> list[PlayedMessage]:
    """The first messages of the DTC."""
    return list(islice(messages("dtc"), 6000))


@pytest.fixture(scope="module")
def dlp() -> list[PlayedMessage]:
    """The first messages of the DLP."""
    return list(islice(messages("dlp"), 3000))


def test_the_same_seed_gives_the_same_bytes(participant: str) -> None:
    """Two runs send identical messages in identical order; another seed does not."""
    first, second, other = (
        [(m.id, m.subject, m.body()) for m in islice(messages(participant, seed), 800)] for seed in (7, 7, 8)
    )
    assert first == second
    assert first != other


def test_messages_come_in_order_of_time(participant: str) -> None:
    """Simulated time never goes back."""
    times = [message.at for message in islice(messages(participant), 3000)]
    assert times == sorted(times)


def test_what_is_sent_in_order_is_kept_in_order(participant: str) -> None:
    """Messages of one subject have one key by the profile: only then does the log keep their order."""
    profile, keys = edge_format(PROFILES[participant]), defaultdict(set)
    for message in islice(messages(participant), 3000):
        keys[message.subject].add(profile.read(message.body()).key)
    assert {subject: found for subject, found in keys.items() if len(found) > 1} == {}


def test_every_message_is_valid_by_its_profile(participant: str) -> None:
    """The JSON form of the profile takes every message."""
    schema = resources.files("schemas").joinpath("profiles", PROFILES[participant], "schema.avsc")
    form = JsonForm(Schema.parse(schema.read_text("utf-8")))
    for message in islice(messages(participant), 3000):
        form.to_avro(message.body())


def test_every_identifier_holds(dtc: list[PlayedMessage], dlp: list[PlayedMessage]) -> None:
    """Wagons, containers, stations, goods, trains and vessels pass their checks."""
    for message in dtc:
        note = message.document
        found = [("esr", note[name]) for name in ("departureStation", "operationStation") if name in note]
        found += [("train_index", note["trainIndex"])] if note.get("trainIndex") else []
        found += [("gng", goods["gng"]) for goods in note.get("goods", ())]
        for wagon in note.get("wagons", ()):
            found.append(("wagon8", wagon["wagonNumber"]))
            found += [("iso6346", box["containerNo"]) for box in wagon["containers"]]
        assert [(name, value) for name, value in found if CHECKS[name](value)] == []
    for message in dlp:
        event = message.document
        named = [("iso6346", event.get("equipmentReference")), ("imo", event.get("vesselIMONumber"))]
        named += [("plate", event.get("truckPlate")), ("note_key", event["references"][0]["value"])]
        named += [("unlocode", event["location"].get("UNLocationCode"))]
        assert [(name, value) for name, value in named if value and CHECKS[name](value)] == []


def test_every_code_is_known(dtc: list[PlayedMessage], dlp: list[PlayedMessage]) -> None:
    """Stations, operations, delay reasons, places, facilities and events are in the code lists."""
    codes = CodeLists.load()
    for message in dtc:
        note = message.document
        assert "operationStation" not in note or codes.known("stations", note["operationStation"])
        assert "operationCode" not in note or codes.known("dtc-operations", note["operationCode"])
        assert note.get("delayReason") is None or codes.known("delay-reasons", note["delayReason"])
    for message in dlp:
        event = message.document
        assert codes.known("corridor-codes", f"{event['eventType']}/{event['eventCode']}")
        assert codes.known("places", event["location"]["UNLocationCode"])
        facility = event["location"].get("facilityCode")
        assert facility is None or codes.known("facilities", facility) or codes.known("stations", facility)


def test_what_goes_wrong_in_the_world_is_there(dtc: list[PlayedMessage], dlp: list[PlayedMessage]) -> None:
    """Deltas, annulments, repeats, late versions, corrections, reissued notes, overrides and retractions."""
    kinds = Counter(message.document["messageKind"] for message in dtc)
    assert kinds["SNAPSHOT"] > kinds["DELTA"] > kinds["ANNULMENT"] > 0
    assert max(Counter(message.id for message in dtc).values()) > 1
    assert _late(dtc) > 0
    assert any(message.document.get("originalNote") for message in dtc)
    assert any(message.document.get("documentReplacement") for message in dtc)
    operations = {message.document.get("operationCode") for message in dtc}
    assert {"10", "11", "20", "30", "31", "32", "33", "34", "40", "41", "51", "60", "61"} <= operations
    assert {"62", "63", "70", "71", "72", "73", "80", "81", "90", "19", "12"} <= operations
    versions = Counter(message.document["eventVersion"] for message in dlp)
    assert versions[1] > versions[2] > 0
    assert any(message.document.get("isRetracted") for message in dlp)
    assert {"PORTCALL", "EQUIPMENT", "TRANSPORT"} == {message.document["eventType"] for message in dlp}
    assert {"CROS", "GTOT", "ARRI", "DEPA", "STRT", "CMPL"} == {m.document["eventCode"] for m in dlp}


def test_a_station_is_called_what_it_is_called(dtc: list[PlayedMessage]) -> None:
    """A note that is reissued at Alat has the name of Alat beside its code, not that of Altynkol."""
    places = Places(CodeLists.load())
    named = {(m.document["departureStation"], m.document.get("departureStationName")) for m in dtc}
    assert {("707701", "Алтынколь"), ("549204", "Алят"), ("553002", "Алят")} <= named
    assert [one for one in named if one[1] is not None and places.misnamed(*one)] == []


def test_ports_tell_minutes() -> None:
    """A tally has minutes: so a port tells no more than a note can take."""
    times = [message.document["eventDateTime"] for message in islice(messages("port"), 2000)]
    assert [time for time in times if not time.endswith(":00Z")] == []


def _late(dtc: list[PlayedMessage]) -> int:
    highest: dict[str, int] = defaultdict(int)
    late = 0
    for message in dtc:
        version = message.document["noteVersion"]
        late += version < highest[message.subject]
        highest[message.subject] = max(version, highest[message.subject])
    return late


def test_versions_of_a_note_are_without_gap(dtc: list[PlayedMessage]) -> None:
    """Each note counts its versions from 1, and no version has two contents."""
    contents: dict[tuple[str, int], bytes] = {}
    for message in dtc:
        place = (message.subject, message.document["noteVersion"])
        assert contents.setdefault(place, message.body()) == message.body()
    finished = [subject for subject, version in contents if version == 30]
    assert finished
    for subject in finished:
        assert all((subject, version) in contents for version in range(1, 30))


def test_a_note_begins_with_all_that_the_profile_wants(dtc: list[PlayedMessage]) -> None:
    """Deltas carry what changed only, and say null for what was cleared; a first version is whole."""
    deltas = [message.document for message in dtc if message.document["messageKind"] == "DELTA"]
    assert any(value is None for delta in deltas for value in delta.values())
    assert all("consignor" not in delta for delta in deltas)
    for message in dtc:
        if message.document["noteVersion"] == 1:
            assert message.document["messageKind"] == "SNAPSHOT"
            assert message.document["wagons"]


def test_journeys_keep_the_geography() -> None:
    """A consignment crosses the sea once, reaches Georgia only when it goes there, and time goes forward."""
    for index in range(40):
        for shipment in Train(0, index).shipments():
            operations = itinerary(shipment)
            stations = [operation.esr for operation in operations]
            port, alat = ("693602", "553002") if index % 3 == 0 else ("663404", "549204")
            assert stations.index(port) < stations.index(alat)
            assert ("562800" in stations) == shipment.destination.georgia
            assert stations[-1] == shipment.destination.esr
            assert operations[-1].code == "81"
            times = [operation.at for operation in operations if not operation.corrects]
            assert all(isinstance(at, datetime) and at.tzinfo for at in times)
            steps = [operation for operation in operations if operation.code not in {"51", "62", "34", "90"}]
            steps = [operation for operation in steps if not operation.corrects]
            assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_a_container_s_next_trip_is_another_trip() -> None:
    """Containers come back on later trains, never on two trains that are under way together."""
    trips: dict[str, list[int]] = defaultdict(list)
    for index in range(400):
        for shipment in Train(0, index).shipments():
            for box in shipment.boxes:
                trips[box.number].append(index)
    gaps = [later - earlier for trains in trips.values() for earlier, later in pairwise(trains)]
    assert gaps
    assert min(gaps) > 4 * 20


def test_both_platforms_speak_of_the_same_consignments(
    dtc: list[PlayedMessage], dlp: list[PlayedMessage]
) -> None:
    """References of the DLP's events are keys of notes that the DTC sent."""

    def key(note: dict[str, Any]) -> str:
        day, month, year = note["contractDate"].split(".")
        return f"{note['departureStation']}/{year}-{month}-{day}/{note['noteNumber']}"

    last = min(dtc[-1].at, dlp[-1].at)
    notes = {key(message.document) for message in dtc}
    told = {r["value"] for message in dlp if message.at < last for r in message.document["references"]}
    assert told
    assert told <= notes


@pytest.mark.parametrize("name", PROFILES)
def test_the_sandbox_knows_its_messages_by_the_ids_of_their_profiles(name: str) -> None:
    """What it sends lies in the log under the id that the broker reads in it; updates and retractions too."""
    form = edge_format(PROFILES[name])
    sent = list(islice(messages(name, 7), 1500))
    assert [form.read(one.body()).id for one in sent] == [one.id for one in sent]
