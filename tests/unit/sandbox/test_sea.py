"""The sea and the oil of the sandbox: what a storm does, and that the timetables of all participants meet."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from corridor.sandbox.message import PlayedMessage
from corridor.sandbox.sea import rail_voyage, truck_voyage
from corridor.sandbox.settings import PROFILES
from corridor.sandbox.shipments import START, Train
from corridor.sandbox.timetable import messages
from corridor.sandbox.weather import storms
from schemas.codes.identifiers import CHECKS
from schemas.codes.lists import CodeLists
from schemas.oil.balance import balance
from schemas.shipment import fact_of
from schemas.shipment.lots import reading_of
from tests.support.crossing import Crossing, form

pytestmark = pytest.mark.system("port", "vessel", "oil")

TRAINS = [Train(0, index) for index in range(120)]


def sent(participant: str, count: int) -> list[dict[str, Any]]:
    """Documents of a participant, in order."""
    return [message.document for message in islice(messages(participant), count)]


@pytest.mark.parametrize("participant", ["port", "vessel"])
def test_identifiers_and_codes_hold(participant: str) -> None:
    """Vessels, wagons, containers, plates, places, facilities and event codes pass their checks."""
    codes = CodeLists.load()
    for one in sent(participant, 1500):
        assert codes.known("corridor-codes", f"{one['eventType']}/{one['eventCode']}")
        assert codes.known("places", one["UNLocationCode"])
        assert one.get("facilityCode") is None or codes.known("facilities", one["facilityCode"])
        named = [("imo", one.get("vesselIMONumber")), ("iso6346", one.get("equipmentReference"))]
        named += [("wagon", one.get("railCarReference")), ("plate", one.get("truckPlate"))]
        kinds = {"WAGON": "wagon", "CONTAINER": "iso6346", "TRUCK": "plate"}
        named += [(kinds[line["kind"]], line["number"]) for line in one.get("manifest", ())]
        assert [(name, value) for name, value in named if value and CHECKS[name](value)] == []


def test_a_storm_closes_kuryk_and_moves_the_estimates() -> None:
    """Kuryk closes, queues grow until it opens; a held ferry's arrival is estimated anew, for weather."""
    port = sent("port", 6000)
    states = [one["eventCode"] for one in port if one["eventType"] == "PORT"]
    assert states[0] == "CLOS"
    assert states.count("CLOS") > 1
    queues = [one["trucksWaiting"] for one in port if one["eventCode"] == "QUEU"]
    assert queues[1] > queues[0]
    held = {voyage.number for voyage in map(truck_voyage, TRAINS) if voyage.storm is not None}
    estimates: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in sent("vessel", 2000):
        if (one["eventCode"], one["eventClassifierCode"]) == ("ARRI", "EST") and one["voyageNumber"] in held:
            estimates[one["voyageNumber"]].append(one)
    whole = [versions for versions in estimates.values() if len(versions) == 3]
    assert whole
    for versions in whole:
        assert [one["eventVersion"] for one in versions] == [1, 2, 3]
        assert "delayReasonCode" not in versions[0]
        assert {one["delayReasonCode"] for one in versions[1:]} == {"WEA"}
        assert versions[0]["eventDateTime"] < versions[1]["eventDateTime"]


def test_no_ferry_sails_from_a_closed_port() -> None:
    """Between closing and opening no truck ferry leaves Kuryk."""
    closed = list(storms(0, START + timedelta(days=60)))
    for train in TRAINS:
        ferries = [truck_voyage(train), *([rail_voyage(train)] if train.ferry else [])]
        for sails in (ferry.sails for ferry in ferries):
            assert not [
                storm for storm in closed if storm.begins < sails - timedelta(hours=2) and sails < storm.ends
            ]


def test_the_train_is_on_the_ferry() -> None:
    """The manifest lists the containers of the train's notes under their keys; it sails after loading."""
    for train in TRAINS[:20]:
        voyage = rail_voyage(train)
        boxes = {box.number for shipment in train.shipments() for box in shipment.boxes}
        assert {line["number"] for line in voyage.lines if line["kind"] == "CONTAINER"} == boxes
        assert {line["noteKey"] for line in voyage.lines} == {s.note_key for s in train.shipments()}
        assert voyage.loading < voyage.sails < voyage.arrives


def test_the_ferrys_departure_reaches_every_note_of_its_train() -> None:
    """Port, operator and platforms together: each of the train's four notes is told the departure once."""
    where = Crossing(aboard=True, **PROFILES)
    batches: list[tuple[str, PlayedMessage]] = [
        (name, message) for name in ("port", "vessel") for message in islice(messages(name), 600)
    ]
    for name, message in sorted(batches, key=lambda one: one[1].at):
        body = form(PROFILES[name]).to_avro(json.dumps(message.document).encode())
        where.send_avro(name, body, message.id)
    departures = [
        one["consignment_id"]
        for one in where.total.corridor
        if one["why"]["code"] == "TRANSPORT/DEPA"
        and one["envelope"]["derived_from"]
        and one["how"]["voyage"] == TRAINS[0].voyage
        and one["when"]["classifier"] == "ACT"
        and not one["correction"]["retracted"]
    ]
    assert len(departures) == len(set(departures)) == 4


def test_the_oil_books_close() -> None:
    """The lots lose a little at sea and in the pipe, and the balance closes to the kilogram."""
    where = Crossing(oil="oil.lot.v1")
    for message in islice(messages("oil"), 200):
        body = form("oil.lot.v1").to_avro(json.dumps(message.document).encode())
        where.send_avro("oil", body, message.id)
    books = balance(filter(None, (reading_of(fact_of(event)) for event in where.total.corridor)))
    assert books.differences
    assert all(difference.difference_kg < 0 for difference in books.differences)
    assert books.came_kg + books.difference_kg == books.remains_kg
    assert not any(account.unmeasured for account in books.accounts)
