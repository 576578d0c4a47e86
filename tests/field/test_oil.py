"""Oil as terminals, railways and the DLP tell of it: quantities stay as told, what is computed says so."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.field import Told, case, messages, told

pytestmark = pytest.mark.system("oil", "dtc", "dlp")

DTC, DLP, OIL, EVENT = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1", "corridor.event.v1"


def lots(found: Told) -> list[dict[str, Any]]:
    """The events of lots that the DLP was told."""
    return [one for one in found.out if one["eventType"] == "BULK"]


def noticed(found: Told, pointer: str) -> set[str]:
    """What was said of a field: the rules of its findings, and whether the message was refused for it."""
    refused = {"refused" for entry in found.of("dead-letter") if pointer in str(entry)}
    return found.rules(pointer) | refused


def loaded(**more: object) -> dict[str, Any]:
    """A lot that was loaded on a tanker; ``None`` leaves a field out."""
    made = messages("100-oil-net-mass-silent")[0] | more
    return {name: value for name, value in made.items() if value is not None}


def quantity(kind: str, much: str, unit: str, reference: str | None = None) -> dict[str, str]:
    """One quantity of `oil.lot.v1`."""
    made = {"kind": kind, "quantity": much, "unit": unit}
    return made if reference is None else made | {"reference": reference}


def test_the_lot_is_told_once_and_not_with_each_wagon() -> None:
    """60.12 t net, 0.05 % water, 845 kg/m3 at 20 C: 70.88 m3 at 15 C and 446 barrels, in the lot only."""
    found = case("095-oil-each-wagon-carries-all", DTC, DLP)
    (lot,) = lots(found)
    assert (lot["bulk"]["gsv15"], lot["bulk"]["gsv60"]) == ("70.88", "446.031")
    assert lot["bulk"]["computed"] == ["density15", "gsv15", "gsv60"]
    assert lot["bulk"]["railCarReferences"] == ["75003111", "75003129"]
    assert [(c["quantity"], c["unitCode"]) for c in lot["cargo"]] == [("60120", "KGM")]
    wagons = [one for one in found.out if one["eventType"] == "EQUIPMENT"]
    assert [one["railCarReference"] for one in wagons] == ["75003111", "75003129"]
    for one in wagons:
        assert set(one["bulk"]) & {"gsv15", "gsv60", "blNumber", "lotNumber"} == set()
        assert one["cargo"] == []


def test_an_acceptance_act_is_no_bill_of_lading() -> None:
    """Nor is the key of a note: the lot's number stands in its own field."""
    found = case("096-oil-act-number-as-bill-of-lading", DTC, DLP)
    assert [one["bulk"]["lotNumber"] for one in lots(found)] == ["A-118/26", "549702/2026-02-02/0770022"]
    assert all("blNumber" not in one.get("bulk", {}) for one in found.out)
    assert all(ref["type"] != "BL" for one in found.out for ref in one["references"])


def test_a_nomination_tells_its_quantity() -> None:
    """6,000 t net are 6,000 t; no volume is made of them without the water content."""
    found = case("099-oil-nomination-without-quantity", OIL, DLP)
    (lot,) = found.out
    assert [(c["quantity"], c["unitCode"]) for c in lot["cargo"]] == [("6000", "TNE")]
    assert "gsv15" not in lot["bulk"]
    assert "blNumber" not in lot["bulk"]  # nobody has issued one yet
    assert lot["bulk"]["lotNumber"] == "AKT-2026-07"
    assert found.of("loss") == []


def test_the_net_mass_is_told() -> None:
    """5,994 t net beside the volumes, as they were told."""
    found = case("100-oil-net-mass-silent", OIL, DLP)
    (lot,) = found.out
    assert [(c["quantity"], c["unitCode"]) for c in lot["cargo"]] == [("5994", "TNE")]
    assert (lot["bulk"]["gsv15"], lot["bulk"]["gsv60"], lot["bulk"]["blNumber"]) == (
        "7561.25",
        "47584.6",
        "AKT-2026-07",
    )
    assert "computed" not in lot["bulk"]


def test_barrels_without_their_temperature_are_a_finding() -> None:
    """1,000 barrels with no temperature: told as they are; what is computed at 60 F says so."""
    found = case("103-oil-volume-without-reference", OIL, DLP)
    assert found.rules("/quantities/0/reference") == {"reference-assumed"}
    (lot,) = found.out
    assert [(c["quantity"], c["unitCode"]) for c in lot["cargo"]] == [("1000", "BLL")]
    assert lot["bulk"]["railCarReferences"] == ["75003111", "74123456"]
    assert set(lot["bulk"]["computed"]) == {"density15", "gsv15", "gsv60"}


@pytest.mark.parametrize("kind", ["NET", "GROSS"])
def test_cubic_metres_without_their_temperature_become_nothing(kind: str) -> None:
    """No temperature is usual for cubic metres: nothing is computed, and the finding says why."""
    found = told(OIL, EVENT, loaded(quantities=[quantity(kind, "1000", "MTQ")]))
    assert found.rules("/quantities/0/reference") == {"reference-missing"}
    assert not {"net_tonnes", "gsv15"} & set(found.out[0]["bulk"])
    if kind == "NET":
        assert (found.out[0]["cargo"][0]["original_quantity"], found.out[0]["cargo"][0]["original_unit"]) == (
            "1000",
            "MTQ",
        )


@pytest.mark.parametrize(
    ("density", "reference", "unit", "at", "tonnes"),
    [
        # where volume and density hold at one temperature the mass is their product
        ("845", "C15", "MTQ", "C15", "845"),
        ("845", "C20", "MTQ", "C20", "845"),
        ("845", "F60", "MTQ", "F60", "845"),
        ("845", "F60", "BLL", "F60", "134.344"),
        ("845", "C15", "BLL", "C15", "134.344"),
        ("845", "C20", "BLL", "C20", "134.344"),
        # else table 54A stands between: 845 at 15 C is 841.34 at 20 C and 844.59 at 60 F
        ("845", "C15", "MTQ", "C20", "841.34"),
        ("845", "C15", "MTQ", "F60", "844.59"),
    ],
)
def test_net_volume_becomes_mass_at_its_own_temperature(
    density: str, reference: str, unit: str, at: str, tonnes: str
) -> None:
    """1,000 cubic metres or barrels, with every pair of reference temperatures."""
    found = told(
        OIL,
        EVENT,
        loaded(
            density={"value": density, "reference": reference},
            quantities=[quantity("NET", "1000", unit, at)],
            bswPct=None,
        ),
    )
    bulk = found.out[0]["bulk"]
    assert abs(Decimal(bulk["net_tonnes"]) - Decimal(tonnes)) <= Decimal("0.03")
    assert "net_tonnes" in bulk["computed"]
    assert found.of("finding") == []


@pytest.mark.parametrize("unit", ["TNE", "KGM"])
def test_told_mass_wins_over_a_computed_one(unit: str) -> None:
    """6,000 t beside volumes that give 5,993.852 t: within half a per cent it is 6,000 without a finding."""
    much = {"TNE": "6000", "KGM": "6000000"}[unit]
    given = loaded(quantities=[quantity("NET", much, unit), quantity("GROSS", "7561.25", "MTQ", "C15")])
    found = told(OIL, OIL, given)
    assert found.of("finding") == []
    (to_dlp,), (to_corridor,) = told(OIL, DLP, given).out, told(OIL, EVENT, given).out
    assert Decimal(to_corridor["bulk"]["net_tonnes"]) == 6000
    assert (to_dlp["cargo"][0]["quantity"], to_dlp["cargo"][0]["unitCode"]) == (much, unit)


@pytest.mark.parametrize(
    ("fields", "pointer", "rule"),
    [
        ({"waterMassPct": "100.01"}, "/waterMassPct", "out-of-range"),
        ({"density": {"value": "8000", "reference": "C15"}}, "/density/value", "out-of-range"),
        (
            {"quantities": [quantity("NET", "61", "TNE"), quantity("GROSS", "60", "TNE")]},
            "/quantities/0/quantity",
            "net-above-gross",
        ),
        (
            {"quantities": [quantity("NET", "7000", "TNE"), quantity("GROSS", "7561.25", "MTQ", "C15")]},
            "/quantities/0/quantity",
            "net-above-gross",
        ),
        (
            {"quantities": [quantity("NET", "5000", "TNE"), quantity("GROSS", "7561.25", "MTQ", "C15")]},
            "/quantities/0/quantity",
            "differs-from-computed",
        ),
        (
            {
                "quantities": [
                    quantity("GROSS", "7561.25", "MTQ", "C15"),
                    quantity("GROSS", "60000", "BLL", "F60"),
                ]
            },
            "/quantities/1/quantity",
            "differs-from-computed",
        ),
    ],
)
def test_what_cannot_be_is_a_finding_at_its_field(fields: dict[str, Any], pointer: str, rule: str) -> None:
    """Negative and contradicting figures and no percentages do not pass silently; the message still does."""
    found = told(OIL, DLP, loaded(**fields))
    assert rule in found.rules(pointer), found.report
    assert len(found.out) == 1


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"quantities": [quantity("NET", "-5994", "TNE")]}, "/quantities/0/quantity"),
        ({"quantities": [quantity("GROSS", "-1", "KGM")]}, "/quantities/0/quantity"),
        ({"quantities": [quantity("NET", "-1", "BLL", "F60")]}, "/quantities/0/quantity"),
        ({"quantities": [quantity("GROSS", "-1", "BLL", "F60")]}, "/quantities/0/quantity"),
        ({"quantities": [quantity("GROSS", "-1", "MTQ", "C15")]}, "/quantities/0/quantity"),
        ({"quantities": [quantity("GROSS", "-1", "MTQ", "C20")]}, "/quantities/0/quantity"),
        ({"observedVolume": "-7590"}, "/observedVolume"),
        ({"bswPct": "-0.1"}, "/bswPct"),
        ({"formedOf": [{"lot": "X", "netKg": -1}]}, "/formedOf/0/netKg"),
    ],
)
def test_less_than_nothing_is_not_silent(fields: dict[str, Any], pointer: str) -> None:
    """A negative quantity, percentage or part is refused, or a finding at its field."""
    assert noticed(told(OIL, DLP, loaded(**fields)), pointer)


def test_faultless_lots_have_no_finding() -> None:
    """What terminals really send: no rule cries out."""
    for name in ("099-oil-nomination-without-quantity", "100-oil-net-mass-silent"):
        assert case(name, OIL, DLP).of("finding") == []
    for name in ("095-oil-each-wagon-carries-all", "096-oil-act-number-as-bill-of-lading"):
        assert case(name, DTC, DLP).of("finding") == []


def test_all_tank_wagons_reach_the_note() -> None:
    """Both wagons of the lot are on the note, and the tonnes are those that were told."""
    given = messages("103-oil-volume-without-reference")[0]
    given |= {"quantities": [quantity("NET", "120.24", "TNE")]}
    (note,) = told(OIL, DTC, given).out
    assert [wagon["wagonNumber"] for wagon in note["wagons"]] == ["75003111", "74123456"]
    assert (note["oil"]["netTonnes"], note["oil"]["density20"]) == ("120.24", "845")
    assert not note["oil"].get("computed")


def bulk_event(**more: object) -> dict[str, Any]:
    """The lot of the DLP's own example: 6,000 t by the bill of lading, 5,993.852 t by volume and density."""
    made = {
        "eventID": "a7475030-8978-569a-b3f6-57fede8985f5",
        "eventType": "BULK",
        "eventCode": "LOAD",
        "eventClassifierCode": "ACT",
        "eventDateTime": "2026-01-25T16:00:00Z",
        "eventCreatedDateTime": "2026-01-25T16:00:00Z",
        "modeOfTransport": "VESSEL",
        "location": {"UNLocationCode": "KZAAU"},
        "cargo": [{"hsCode": "270900", "quantity": "6000", "unitCode": "TNE"}],
        "bulk": {"gsv15": "7561.25", "density15": "793.5", "bsw": "0.1", "blNumber": "AKT-2026-07"},
    }
    return made | more


def test_the_dlps_own_tonnes_reach_the_terminal() -> None:
    """6,000 t of the DLP are not replaced by what its volumes give."""
    found = told(DLP, OIL, bulk_event())
    (lot,) = found.out
    assert lot["lot"] == lot["billOfLading"] == "AKT-2026-07"
    assert lot["quantities"][0] == {"kind": "NET", "quantity": "6000", "unit": "TNE"}
    assert found.of("finding") == []
    far = told(DLP, OIL, bulk_event(cargo=[{"hsCode": "270900", "quantity": "6100", "unitCode": "TNE"}]))
    assert far.rules("/cargo/0/quantity") == {"differs-from-computed"}
    assert far.out[0]["quantities"][0]["quantity"] == "6100"


def test_what_the_broker_computed_says_so() -> None:
    """Without a told mass the net of the volumes is given, marked: 7561.25 m3 x 793.5 kg/m3 x 0.999."""
    (lot,) = told(DLP, OIL, bulk_event(cargo=[{"hsCode": "270900"}])).out
    assert lot["quantities"][0] == {"kind": "NET", "quantity": "5993.852", "unit": "TNE", "computed": True}


@pytest.mark.parametrize(
    ("bulk", "pointer", "rule"),
    [
        ({"gsv15": "-1"}, "/bulk/gsv15", "out-of-range"),
        ({"gsv60": "-1"}, "/bulk/gsv60", "negative"),
        ({"grossVolumeObserved": "-1"}, "/bulk/grossVolumeObserved", "negative"),
        ({"bsw": "101"}, "/bulk/bsw", "out-of-range"),
        ({"gsv15": "1000", "gsv60": "5000", "density15": "800"}, "/bulk/gsv60", "differs-from-computed"),
        ({"apiGravity": "30", "density15": "793.5"}, "/bulk/density15", "differs-from-computed"),
    ],
)
def test_the_dlps_figures_are_compared(bulk: dict[str, str], pointer: str, rule: str) -> None:
    """A DLP event whose figures contradict one another or cannot be has a finding."""
    assert noticed(told(DLP, EVENT, bulk_event(bulk=bulk, cargo=[])), pointer) & {rule, "refused"}


@pytest.mark.parametrize(
    ("oil", "pointer", "rule"),
    [
        ({"netTonnes": "-60.12"}, "/oil/netTonnes", "out-of-range"),
        ({"netTonnes": "6.012"}, "/oil/netTonnes", "differs-from-computed"),
        ({"waterPct": "100.5"}, "/oil/waterPct", "out-of-range"),
    ],
)
def test_a_notes_oil_is_compared_with_its_goods(oil: dict[str, str], pointer: str, rule: str) -> None:
    """The tonnes of the oil and the kilograms of the goods are one mass."""
    note = messages("096-oil-act-number-as-bill-of-lading")[0]
    note["oil"] |= oil
    assert noticed(told(DTC, DLP, note), pointer) & {rule, "refused"}


def test_a_lot_keeps_its_number_and_wagons_from_the_dlp() -> None:
    """Terminal to DLP, DLP to terminal: number, wagons and told mass of a lot without a bill of lading."""
    given = messages("103-oil-volume-without-reference")[0]
    given |= {"quantities": [quantity("NET", "120.24", "TNE")]}
    (there,) = told(OIL, DLP, given).out
    (back,) = told(DLP, OIL, there).out
    assert (back["lot"], back["lotEvent"]) == ("A-118/26", "TANKS_LOADED")
    assert back["tankWagons"] == ["75003111", "74123456"]
    assert back["quantities"][0] == {"kind": "NET", "quantity": "120.24", "unit": "TNE"}
    assert "billOfLading" not in back
    assert "actNumber" not in back  # the DLP has no field for it


def test_one_wagon_of_the_dlp_is_not_the_oil_of_a_note() -> None:
    """Tonnes of one tank wagon are not told as those of the whole note; the loss says so."""
    wagon = bulk_event(
        eventType="EQUIPMENT",
        modeOfTransport="RAIL",
        railCarReference="75003111",
        references=[{"type": "SMGS", "value": "549702/2026-02-02/0770021"}],
    )
    found = told(DLP, DTC, wagon)
    assert "netTonnes" not in found.out[0].get("oil", {})
    assert "/cargo/0/quantity" in {entry["pointer"] for entry in found.of("loss")}


@pytest.mark.parametrize(
    ("quantities", "more", "quantity_told", "made"),
    [
        # 120.3 t with 0.05 % water is 120.24 t
        ([quantity("GROSS", "120.3", "TNE")], {"waterMassPct": "0.05"}, "120.24", True),
        ([quantity("NET", "120.3", "TNE") | {"computed": True}], {}, "120.3", True),
        ([quantity("NET", "120300", "KGM") | {"computed": True}], {}, "120300", True),
        ([quantity("NET", "120.3", "TNE")], {}, "120.3", False),
    ],
)
def test_a_computed_mass_is_marked_at_the_dlp(
    quantities: list[dict[str, Any]], more: dict[str, str], quantity_told: str, made: bool
) -> None:
    """What nobody measured says so in `bulk.computed`, and still does when it comes back to a terminal."""
    found = told(OIL, DLP, loaded(quantities=quantities, waterMassPct=None, bswPct=None) | more)
    (lot,) = lots(found)
    assert [one["quantity"] for one in lot["cargo"]] == [quantity_told]
    assert ("cargo.quantity" in lot["bulk"].get("computed", [])) is made
    (back,) = told(DLP, OIL, lot).out
    (net,) = [one for one in back["quantities"] if one["kind"] == "NET"]
    assert net.get("computed", False) is made
