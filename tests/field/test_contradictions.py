"""What contradicts itself within one message is found at the sender's fields, and the message goes on."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from schemas import profiles
from schemas.avro.schema import Array, Record, Type, bare
from schemas.codes.lists import CodeLists
from tests.support.field import told

DTC, DLP, EVENT, PERMITS = "dtc.note.v1", "dlp.event.v1", "corridor.event.v1", "epermit.event.v1"
RULES = dict(CodeLists.load().rows("plausibility"))
ACCEPTED = 1_802_000_000_000
"""2027-02-06, after all that the messages tell of."""


def example(profile: str, name: str, **changes: Any) -> Any:  # noqa: ANN401 - JSON values
    """An example of a profile, changed."""
    made = profiles.load(profile).examples[name]
    assert isinstance(made, dict)
    return made | changes


def found(profile: str, *given: Any) -> list[dict[str, str]]:  # noqa: ANN401 - JSON values
    """Of each message the sender's fields with the rules of plausibility that each breaks; all go on."""
    own = [
        one | {name: str(uuid4()) for name in ("messageId", "eventID", "eventId", "event_id") if name in one}
        | ({"noteNumber": f"{number:07}"} if "noteNumber" in one else {})
        for number, one in enumerate(given)
    ]  # fmt: skip
    said = told(profile, EVENT, *own, accepted=ACCEPTED)
    assert (said.of("dead-letter"), len(said.out) >= len(given)) == ([], True)
    listed: list[dict[str, str]] = [{} for _ in given]
    for one in said.of("finding"):
        if one["rule"] in RULES:
            here = listed[one["line"] - 1]
            here[one["pointer"]] = f"{here.get(one['pointer'], '')} {one['rule']}".strip()
    return listed


GOODS = [{"gng": "85414300", "netKg": 17400, "places": 620}]
LADEN = {"containerNo": "CSQU3054383", "tareKg": 3900, "grossKg": 22150}


def test_a_note_of_empty_wagons_has_no_goods() -> None:
    """No goods with a mass or a code of goods, no oil, no container heavier than itself."""
    wagons = [{"wagonNumber": "94001237", "containers": [{"containerNo": "CSQU3054383"}]}]
    plain = example(DTC, "loaded", noteType="SMGS_EMPTY", wagons=wagons, goods=[])
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"goods": GOODS}, {"/goods/0/netKg", "/goods/0/gng"}),
        ({"goods": [{"gng": "85414300"}]}, {"/goods/0/gng"}),
        ({"oil": {"netTonnes": "60"}}, {"/oil/netTonnes"}),
        (
            {"wagons": [{"wagonNumber": "94001237", "containers": [LADEN]}]},
            {"/wagons/0/containers/0/grossKg"},
        ),
        ({}, set()),
        # chapter 99 of GNG is the railways' own: the empty wagon itself
        ({"goods": [{"gng": "99210000", "netKg": 0}]}, set()),
        ({"noteType": "SMGS", "goods": GOODS}, set()),
    ]
    given = found(DTC, *(plain | changes for changes, _ in cases))
    assert given == [dict.fromkeys(expected, "empty-with-goods") for _, expected in cases]


def test_a_unit_of_a_note_that_contradicts_itself_is_neither_empty_nor_laden() -> None:
    """The note says empty and lists 17.4 t: which of the two is right nobody knows."""
    box = {"wagonNumber": "94001237", "containers": [{"containerNo": "CSQU3054383"}]}
    note = example(DTC, "loaded", noteType="SMGS_EMPTY", wagons=[box], goods=GOODS)
    said = told(DTC, DLP, note, note | {"goods": [], "noteNumber": "0000001"})
    assert [one.get("emptyIndicatorCode") for one in said.out] == [None, "EMPTY"]


def test_the_state_of_a_declaration_is_what_has_happened_to_it() -> None:
    """60 lodged, 61 released, 62 inspection of what is under way, 63 closed; others say nothing of it."""
    plain = example(DTC, "customs-released")
    cases = [
        ("60", "LODGED", False), ("60", "NONE", True), ("60", "RELEASED", True),
        ("61", "RELEASED", False), ("61", "LODGED", True), ("61", "NONE", True),
        ("62", "LODGED", False), ("62", "RELEASED", False), ("62", "CLOSED", True),
        ("63", "CLOSED", False), ("63", "RELEASED", True),
        ("31", "LODGED", False), ("31", "CLOSED", False),
    ]  # fmt: skip
    given = found(
        DTC,
        *(plain | {"operationCode": code, "customs": plain["customs"] | {"status": state}}
          for code, state, _ in cases),
    )  # fmt: skip
    assert given == [{"/customs/status": "customs-differs"} if odd else {} for _, _, odd in cases]


def test_a_customs_event_and_its_state_agree() -> None:
    """Of the DLP likewise."""
    plain = example(DLP, "customs-released", equipmentReference="CSQU3054383")
    cases = [
        ("CUSTOMS", "CUSR", "LODGED", True), ("CUSTOMS", "CUSR", "RELEASED", False),
        ("EQUIPMENT", "CUSR", "NONE", True), ("CUSTOMS", "SUBM", "CLOSED", True),
        ("CUSTOMS", "CMPL", "LODGED", True), ("CUSTOMS", "CUSI", "CLOSED", True),
        ("CUSTOMS", "CUSI", "LODGED", False), ("EQUIPMENT", "GTIN", "LODGED", False),
    ]  # fmt: skip
    given = found(
        DLP,
        *(plain | {"eventType": kind, "eventCode": code, "customs": plain["customs"] | {"status": state}}
          for kind, code, state, _ in cases),
    )  # fmt: skip
    assert given == [{"/customs/status": "customs-differs"} if odd else {} for *_, odd in cases]


def test_a_permit_is_what_its_id_says() -> None:
    """Issuer, issued for, year and type stand in the id; the days fit its year and each other."""
    plain = example(PERMITS, "permit-issued")
    cases: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({}, {}),
        ({"permit_year": 2025}, {"/permit_year": "permit-id-differs"}),
        ({"permit_issuer": "TR"}, {"/permit_issuer": "permit-id-differs"}),
        ({"permit_issued_for": "UZ"}, {"/permit_issued_for": "permit-id-differs"}),
        ({"permit_type": 1}, {"/permit_type": "permit-id-differs"}),
        # permits of a year are issued in it, and in the last weeks before it
        ({"issued_at": "20/12/2025"}, {}),
        ({"issued_at": "12/01/2025"}, {"/issued_at": "permit-of-other-year"}),
        ({"issued_at": "12/01/2027", "expires_at": "31/01/2028"}, {"/issued_at": "permit-of-other-year"}),
        ({"expires_at": "11/01/2026"}, {"/expires_at": "permit-not-valid"}),
        ({"permit_id": "AZKZ17"}, {}),
    ]
    assert found(PERMITS, *(plain | changes for changes, _ in cases)) == [said for _, said in cases]


def test_a_permit_is_used_while_it_is_valid() -> None:
    """From the day of issue to the last day, whatever the zone of the border post."""
    used = example(PERMITS, "truck-entered", issued_at="12/01/2026", expires_at="31/01/2026")
    day, first, last = 86_400, 1_768_176_000, 1_769_817_600  # the two days begin, UTC
    odd = {"/activity_timestamp": "permit-not-valid"}
    late = {"/activity_timestamp": "far-off in-the-future permit-not-valid"}
    cases = [
        (first, {}),
        (first - 2 * day, odd),
        (last + day, {}),
        (last + 3 * day, odd),
        (4_200_000_000, late),
    ]
    assert found(PERMITS, *(used | {"activity_timestamp": at} for at, _ in cases)) == [x for _, x in cases]


def times(node: Type, value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:  # noqa: ANN401
    """The way to each time or date of a message, and how it is written."""
    inner = bare(node)
    if isinstance(inner, Record):
        for field in inner.fields:
            here, form = (*way, field.name), str(field.properties.get("pattern", ""))
            if value.get(field.name) is None:
                continue
            if getattr(bare(field.type), "logical", None) == "timestamp-millis":
                yield here, "{}-01-12T08:30:00Z"
            elif form.startswith("dd.MM.yyyy"):
                yield here, "12.01.{}" + " 08:30" * ("HH" in form)
            elif field.name in {"issued_at", "expires_at"}:
                yield here, "12/01/{}"
            else:
                yield from times(field.type, value[field.name], here)
    elif isinstance(inner, Array) and isinstance(bare(inner.items), Record):
        for index, item in enumerate(value):
            yield from times(inner.items, item, (*way, index))


@pytest.mark.parametrize("profile", [name for name in profiles.names() if name != EVENT])
def test_a_time_of_no_year_that_anybody_trades_in_is_found(profile: str) -> None:
    """1985 and 2150, at each time and date of each example."""
    loaded, cases = profiles.load(profile), []
    for one in loaded.examples.values():
        whole = one
        if "unitOperations" in {field.name for field in loaded.schema.record.fields}:
            named = {"unit": "CSQU3054383", "operationCode": "31", "operationTime": "12.01.2026 09:10"}
            first = {"departureStation": "707701", "contractDate": "12.01.2026", "noteNumber": "0012345"}
            whole = one | {
                "unitOperations": [named],
                "originalNote": first,
                "etaDestination": "12.01.2026 09:10",
            }
        for way, form in times(loaded.schema.root, whole):
            for year, rule in ((1985, "long-ago"), (2150, "far-off")):
                message = copy.deepcopy(whole)
                here = message
                for step in way[:-1]:
                    here = here[step]
                here[way[-1]] = form.format(year)
                cases.append((message, "/" + "/".join(map(str, way)), rule))
    assert cases
    for (_, at, rule), said in zip(cases, found(profile, *(one for one, _, _ in cases)), strict=True):
        assert rule in said.get(at, ""), (at, rule, said)


@pytest.mark.parametrize(
    ("place", "odd"), [("GETBS", True), ("KZALA", True), ("GEPTI", False), ("TMKRA", False)]
)
def test_a_vessel_is_at_a_sea_port(place: str, odd: bool) -> None:
    """Tbilisi and Almaty have no sea; TMKRA is an old code of the port of Turkmenbashi."""
    sent = example(DLP, "discharged-in-alat", location={"UNLocationCode": place}, modeOfTransport="VESSEL")
    sent.pop("timeZoneOffset", None)
    said = told(DLP, EVENT, sent)
    assert ("no-sea-there" in said.rules("/location/UNLocationCode")) == odd


@pytest.mark.parametrize(("station", "odd"), [("560203", True), ("663404", False)])
def test_a_feeder_is_at_a_sea_port(station: str, odd: bool) -> None:
    """72 and 73 are done at a quay: 663404 is the port of Aktau, 560203 are the goods of Tbilisi."""
    said = told(DTC, EVENT, example(DTC, "lifted-on-feeder", operationStation=station))
    assert ("no-sea-there" in said.rules("/operationStation")) == odd


@pytest.mark.parametrize(("name", "odd"), [("Поти", True), ("Алят", False), ("Berth 7", False)])
def test_the_name_of_a_place_is_that_of_its_code(name: str, odd: bool) -> None:
    """Поти is GEPTI, Алят is AZALA; a name that nobody lists says nothing against a code."""
    sent = example(DLP, "discharged-in-alat", location={"UNLocationCode": "AZALA", "locationName": name})
    assert ("places-differ" in told(DLP, EVENT, sent).rules("/location/locationName")) == odd


@pytest.mark.parametrize(
    ("number", "odd"), [("QTZU2001328", True), ("QTZU2001312", False), ("QTZU 200131-2", False)]
)
def test_goods_are_in_a_container_of_the_note(number: str, odd: bool) -> None:
    """The number of box 15 is one of the list of containers, however it is written."""
    wagons = [{"wagonNumber": "94200169", "containers": [{"containerNo": "QTZU2001312"}]}]
    sent = example(
        DTC,
        "lifted-on-feeder",
        wagons=wagons,
        goods=[{"containerNo": number, "gng": "85414300", "netKg": 17400}],
    )
    assert ("container-not-in-note" in told(DTC, EVENT, sent).rules("/goods/0/containerNo")) == odd
