"""Rows O1 to O8: oil lots between a terminal, the DLP and the DTC, both ways."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from schemas import profiles
from tests.support.crossing import Crossing, Passage, event, form, note

pytestmark = pytest.mark.system("oil", "dtc", "dlp")

EXAMPLES = profiles.load("oil.lot.v1").examples
ROWS = {
    "o1-nominated": ("NOMI", "PLN", None),
    "o2-loaded": ("LOAD", "ACT", "VESSEL"),
    "o3-sailed": ("DEPA", "ACT", "VESSEL"),
    "o4-arrived": ("ARRI", "ACT", "VESSEL"),
    "o5-discharged": ("DISC", "ACT", "VESSEL"),
    "o6-injected": ("INJE", "ACT", "PIPELINE"),
    "o7-tanks-loaded": ("LOAD", "ACT", "RAIL"),
    "o8-tanks-unloaded": ("DISC", "ACT", "RAIL"),
}
CRUDE = [{"gng": "27090090", "etsng": "201005", "netKg": 60120}]


def crossing() -> Crossing:
    """A terminal at each end, with both platforms."""
    return Crossing(dtc="dtc.note.v1", dlp="dlp.event.v1", aktau="oil.lot.v1", sangachal="oil.lot.v1")


def tell(where: Crossing, message: dict[str, Any], sender: str = "aktau") -> Passage:
    """Let a terminal send an event."""
    body = form("oil.lot.v1").to_avro(json.dumps(message).encode())
    return where.send_avro(sender, body, f"{message['eventId']}:{message['eventVersion']}")


def plain(value: Any) -> Any:  # noqa: ANN401 - plain JSON
    """JSON without what is only written differently: trailing zeros of decimals, empty lists."""
    match value:
        case dict():
            return {name: plain(one) for name, one in value.items() if one != []}
        case list():
            return [plain(one) for one in value]
        case str() if value.replace(".", "", 1).isdigit() and "." in value:
            return str(Decimal(value).normalize())
        case _:
            return value


@pytest.mark.parametrize("name", ROWS)
def test_row_becomes_one_bulk_event(name: str) -> None:
    """O1 to O8: one BULK event of the lot, 1:1, with its classifier and mode."""
    passage = tell(crossing(), EXAMPLES[name])
    (told,) = passage.dlp
    assert told["eventType"] == "BULK"
    assert (told["eventCode"], told["eventClassifierCode"], told.get("modeOfTransport")) == ROWS[name]
    (corridor,) = passage.corridor
    assert corridor["subject"] == {"type": "BULK_LOT", "id": EXAMPLES[name]["lot"]}


@pytest.mark.parametrize(
    "name", [name for name in EXAMPLES if name not in {"o6-injected", "o7-tanks-loaded"}]
)
def test_terminal_to_terminal_gives_back_what_was_told(name: str) -> None:
    """From one terminal to another nothing is lost; only the id is the corridor's own."""
    (given,) = tell(crossing(), EXAMPLES[name]).sent["sangachal"]
    assert plain(given | {"eventId": None}) == plain(EXAMPLES[name] | {"eventId": None})


def test_nothing_returns_to_where_it_was_born() -> None:
    """A terminal is not told its own events."""
    passage = tell(crossing(), EXAMPLES["o2-loaded"])
    assert passage.sent["aktau"] == []


@pytest.mark.parametrize("name", ["o2-loaded", "o3-sailed", "o4-arrived", "o5-discharged", "o6-injected"])
def test_dlp_events_reach_the_terminal(name: str) -> None:
    """O2 to O6 from the DLP come to a terminal as the same event of the same lot."""
    where = crossing()
    there = tell(where, EXAMPLES[name]).dlp[0]
    back = Crossing(dlp="dlp.event.v1", batumi="oil.lot.v1").dlp(there).sent["batumi"][0]
    assert (back["lot"], back["lotEvent"]) == (EXAMPLES[name]["lot"], EXAMPLES[name]["lotEvent"])
    assert back["eventTime"] == EXAMPLES[name]["eventTime"]


@pytest.mark.parametrize(("name", "operation"), [("o7-tanks-loaded", "20"), ("o8-tanks-unloaded", "81")])
def test_tank_wagons_reach_the_note(name: str, operation: str) -> None:
    """O7 and O8 become the operation of the wagons' note, with tonnes and density at 20 C."""
    (told,) = tell(crossing(), EXAMPLES[name]).dtc
    assert told["operationCode"] == operation
    assert told["oil"]["density20"] == "845"
    assert told["oil"]["actNumber"] == "A-118/26"


@pytest.mark.parametrize(("operation", "row"), [("20", "TANKS_LOADED"), ("81", "TANKS_UNLOADED")])
def test_a_note_of_tank_wagons_tells_of_its_lot(operation: str, row: str) -> None:
    """O7 and O8 from the DTC: beside the events of the wagons one of the lot, to terminals and to the DLP."""
    oil = {"grade": "AZERI LIGHT", "density20": "845", "netTonnes": "60.12", "actNumber": "A-118/26"}
    wagon = {"wagonNumber": "75003111", "kind": "TANK"}
    made = note(operation, "549702", "03.02.2026 05:10", oil=oil, wagons=[wagon], goods=CRUDE)
    passage = crossing().dtc(made)
    (told,) = passage.sent["aktau"]
    assert (told["lot"], told["lotEvent"]) == ("A-118/26", row)
    assert told["quantities"] == [{"kind": "NET", "quantity": "60.12", "unit": "TNE"}]
    bulk = [one for one in passage.dlp if one["eventType"] == "BULK"]
    assert [(one["bulk"]["lotNumber"], "blNumber" in one["bulk"]) for one in bulk] == [("A-118/26", False)]


def test_tonnes_become_volumes_by_the_lots_own_density() -> None:
    """Net tonnes, water and density at 20 C of a note: density and volume at 15 C, barrels at 60 F."""
    oil = {"grade": "AZERI LIGHT", "density20": "845", "netTonnes": "60.12", "waterPct": "0.5"}
    passage = crossing().dtc(note("20", "549702", "03.02.2026 05:10", oil=oil, goods=CRUDE))
    (bulk,) = [one["bulk"] for one in passage.dlp if one["eventType"] == "BULK"]
    assert bulk["density15"] == "848.62"
    assert bulk["gsv15"] == "71.2"  # 60.12 t / 0.995 / 848.62 kg/m3
    assert bulk["gsv60"] == "448.048"
    assert bulk["computed"] == ["density15", "gsv15", "gsv60"]


def test_tonnes_without_water_content_become_no_volume() -> None:
    """A gross volume of a net mass needs the water: without it only the tonnes are told."""
    oil = {"density20": "845", "netTonnes": "60.12"}
    goods = [{"gng": "27090090"}]
    passage = crossing().dtc(note("20", "549702", "03.02.2026 05:10", oil=oil, goods=goods))
    (told,) = [one for one in passage.dlp if one["eventType"] == "BULK"]
    assert "gsv15" not in told["bulk"]
    assert told["cargo"] == [{"hsCode": "270900", "quantity": "60.12", "unitCode": "TNE"}]


def test_volume_becomes_net_tonnes_without_sediment_and_water() -> None:
    """Net mass is gross volume at 15 C without sediment and water, times density at 15 C (API MPMS 12.1)."""
    bulk = {"gsv15": "1000", "density15": "800", "bsw": "0.5"}
    oil = crossing().dlp(event("BULK", "LOAD", modeOfTransport="RAIL", bulk=bulk)).dtc[0]["oil"]
    assert (oil["netTonnes"], oil["computed"]) == ("796", ["density20", "netTonnes"])


def test_a_density_that_no_crude_has_is_a_finding() -> None:
    """Beyond the published table nothing is converted: a finding, and no value."""
    oil = {"density20": "1100", "netTonnes": "60.12", "waterPct": "0.5"}
    passage = crossing().dtc(note("20", "549702", "03.02.2026 05:10", oil=oil, goods=CRUDE))
    assert not any("density15" in one.get("bulk", {}) for one in passage.dlp)
    assert ("/oil/density20", "out-of-range") in [found[1:3] for found in passage.findings]
