"""A measure that cannot be, or has more places than its field, is odd and named; it stops no message."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.field import told

DTC, DLP, OIL, EVENT = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1", "corridor.event.v1"
LOT: dict[str, Any] = {
    "eventId": "83db5800-a47c-5bc5-9f44-ab403ba3e8ba", "eventVersion": 1, "lot": "L-16",
    "lotEvent": "TANKS_LOADED", "classifier": "ACT", "eventTime": "2026-02-03T01:10:00Z",
    "recordedAt": "2026-02-03T01:10:00Z", "UNLocationCode": "AZQDG", "hsCode": "270900",
    "noteKey": "549702/2026-02-02/3000025", "tankWagons": ["75003111"],
    "quantities": [{"kind": "NET", "quantity": "60.12", "unit": "TNE"}],
}  # fmt: skip
LOADED: dict[str, Any] = {
    "eventID": "2773a58b-276b-54e3-b9a1-da695e55e15d", "eventVersion": 1, "eventType": "BULK",
    "eventCode": "LOAD", "eventClassifierCode": "ACT", "eventDateTime": "2026-02-03T01:10:00Z",
    "eventCreatedDateTime": "2026-02-03T01:10:00Z", "location": {"UNLocationCode": "AZQDG"},
    "references": [{"type": "SMGS", "value": "549702/2026-02-02/3000025"}], "modeOfTransport": "RAIL",
}  # fmt: skip
NOTE: dict[str, Any] = {
    "messageId": "400a0a48-7899-5c30-8b13-31b321d6016f", "messageKind": "SNAPSHOT", "noteType": "SMGS",
    "noteNumber": "9000007", "contractDate": "02.02.2026", "noteVersion": 1, "departureStation": "549702",
    "destinationStation": "571405", "operationCode": "20", "operationStation": "549702",
    "operationTime": "03.02.2026 05:10", "wagons": [{"wagonNumber": "75003129", "kind": "TANK"}],
}  # fmt: skip


def density(profile: str, value: str, reference: str = "C15") -> tuple[dict[str, Any], str]:
    """A message of oil of this density, and the pointer of that."""
    if profile == OIL:
        return LOT | {"density": {"value": value, "reference": reference}}, "/density/value"
    if profile == DLP:
        return LOADED | {"bulk": {"lotNumber": "L-16", "density15": value}}, "/bulk/density15"
    return NOTE | {"oil": {"density20": value, "netTonnes": "60.12"}}, "/oil/density20"


CASES = [(OIL, "C15", DLP), (OIL, "C20", DLP), (OIL, "C15", DTC), (DLP, "C15", DTC), (DLP, "C15", OIL),
         (DTC, "C20", DLP), (DTC, "C20", OIL)]  # fmt: skip


@pytest.mark.parametrize(("source", "reference", "target"), CASES)
@pytest.mark.parametrize("value", ["0.845", "445", "1200"])
def test_a_density_that_no_oil_has_is_told_or_lost(
    source: str, reference: str, target: str, value: str
) -> None:
    """0.845 are g/cm3 in a field of kg/m3. Table A of ASTM D1250 has 610.5 to 1075 kg/m3 at 15 degrees."""
    message, pointer = density(source, value, reference)
    said = told(source, target, message)
    assert (said.code, said.of("dead-letter"), len(said.out) > 0) == (0, [], True)
    assert said.rules(pointer) & {"out-of-range", "density-out-of-range"}
    assert ("rounded" in said.rules(pointer)) == (value == "0.845")
    kept = walk(said.out) & {value, "0.84"}
    assert bool(kept) != any(one["pointer"] == pointer for one in said.of("loss"))


def walk(value: Any) -> set[str]:  # noqa: ANN401 - JSON values
    """All texts in outputs."""
    if isinstance(value, dict | list):
        return set[str]().union(
            *(walk(one) for one in (value.values() if isinstance(value, dict) else value))
        )
    return {str(value)}


@pytest.mark.parametrize(
    ("sent", "read"),
    [("845.125", "845.12"), ("845.135", "845.14"), ("845.12000", "845.12"), ("845.1251", "845.13")],
)
def test_more_places_than_a_field_has_are_rounded_half_to_even(sent: str, read: str) -> None:
    """As decimals of a mapping are; what was sent stands in the finding."""
    said = told(DLP, EVENT, density(DLP, sent)[0])
    assert said.out[0]["bulk"]["density15"] == read
    assert [one["value"] for one in said.of("finding") if one["rule"] == "rounded"] == [sent]


@pytest.mark.parametrize("sent", ["0.001", "100000.001", "84e1", "845.", "845.1x2", ".845", "-", "99999.999"])
def test_what_is_no_number_of_the_field_is_refused_as_before(sent: str) -> None:
    """Too large, or nothing after rounding, or no decimal."""
    (letter,) = told(DLP, EVENT, density(DLP, sent)[0]).of("dead-letter")
    assert (letter["pointer"], letter["value"]) == ("/bulk/density15", sent)


def test_water_that_cannot_be_costs_no_mass() -> None:
    """The tonnes are told as the cargo; only volumes could not be computed."""
    lot = LOT | {"waterMassPct": "101", "density": {"value": "845", "reference": "C15"}}
    said = told(OIL, DLP, lot)
    assert said.out[0]["cargo"][0]["quantity"] == "60.12"
    assert {one["pointer"] for one in said.of("loss")} == {"/waterMassPct"}
    assert said.rules("/waterMassPct") == {"out-of-range"}
