"""A quantity of oil is told, computed into another, or lost: one of these, in whichever field it is sent."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from tests.support.field import Told, told

pytestmark = pytest.mark.system("oil", "dlp", "dtc")

DTC, DLP, OIL = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1"
KEY, WAGON = "549702/2026-02-02/0770021", "75003111"
QUANTITY = "/quantities/0/quantity"


def quantity(kind: str, much: str, unit: str, reference: str | None = None) -> dict[str, Any]:
    """One quantity of `oil.lot.v1`."""
    made = {"kind": kind, "quantity": much, "unit": unit}
    return made if reference is None else made | {"reference": reference}


def lot(*quantities: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """Crude oil of 845 kg/m3 at 15 C in a tank wagon, under a note; what is None is left out."""
    made = {
        "eventId": str(uuid5(NAMESPACE_URL, "lot")), "eventVersion": 1, "lot": "A-1",
        "lotEvent": "TANKS_LOADED", "classifier": "ACT", "eventTime": "2026-02-03T01:10:00Z",
        "recordedAt": "2026-02-03T01:10:00Z", "UNLocationCode": "AZQDG", "hsCode": "270900",
        "density": {"value": "845", "reference": "C15"}, "tankWagons": [WAGON], "noteKey": KEY,
        "actNumber": "A-1", "quantities": list(quantities),
    }  # fmt: skip
    return {name: value for name, value in (made | more).items() if value is not None}


def bulk(*cargo: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """The same as the DLP tells it: its cargo, and more of ``bulk``."""
    return {
        "eventID": str(uuid5(NAMESPACE_URL, "bulk")), "eventVersion": 1, "eventType": "BULK",
        "eventCode": "LOAD", "eventClassifierCode": "ACT", "eventDateTime": "2026-02-03T01:10:00Z",
        "eventCreatedDateTime": "2026-02-03T01:10:00Z", "location": {"UNLocationCode": "AZQDG"},
        "references": [{"type": "SMGS", "value": KEY}], "modeOfTransport": "RAIL",
        "cargo": list(cargo), "bulk": {"lotNumber": "A-1", "railCarReferences": [WAGON]} | more,
    }  # fmt: skip


def lost(said: Told) -> dict[str, str]:
    """Pointer in the sender's message to reason of all losses."""
    return {entry["pointer"]: entry["reason"] for entry in said.of("loss")}


GROSS15, GROSS60 = quantity("GROSS", "71", "MTQ", "C15"), quantity("GROSS", "446.6", "BLL", "F60")
GROSS20, NET60 = quantity("GROSS", "71.3", "MTQ", "C20"), quantity("NET", "446.6", "BLL", "F60")
NET15, NET20 = quantity("NET", "71", "MTQ", "C15"), quantity("NET", "71.3", "MTQ", "C20")


@pytest.mark.parametrize(
    ("given", "tonnes"),
    [
        (GROSS15, Decimal("59.935")),  # 71 x 0.845 x 0.999
        (GROSS20, Decimal("59.93")),  # 71.3 m3 at 20 C are 70.99 at 15 C
        (GROSS60, Decimal("59.91")),  # 446.6 barrels at 60 F are 70.97 m3 at 15 C
        (NET15, Decimal("59.995")),  # 71 x 0.845
        (NET20, Decimal("59.99")),
        (NET60, Decimal("59.97")),
    ],
)
def test_a_volume_that_became_the_net_mass_of_a_note_is_not_lost(
    given: dict[str, Any], tonnes: Decimal
) -> None:
    """The note has the mass that the volume makes; of the water nothing is told in it."""
    said = told(OIL, DTC, lot(given, bswPct="0.1"))
    oil = said.out[0]["oil"]
    assert abs(Decimal(oil["netTonnes"]) - tonnes) < Decimal("0.01")
    assert "netTonnes" in oil["computed"]
    assert QUANTITY not in lost(said)
    assert lost(said)["/bswPct"] == "no-equivalent"


@pytest.mark.parametrize(
    ("cargo", "computed", "gone"),
    [
        ([], [], set()),  # computed by the mapping that reads the event
        (
            [("59.93", "TNE")],
            ["cargo.quantity"],
            set(),
        ),  # by the sender: within half a per cent of the volume
        ([("55", "TNE")], ["cargo.quantity"], {"/bulk/gsv15"}),  # not of this volume
        ([("59.93", "TNE")], [], {"/bulk/gsv15"}),  # weighed
    ],
)
def test_a_volume_is_told_by_a_mass_that_is_made_of_it(
    cargo: list[tuple[str, str]], computed: list[str], gone: set[str]
) -> None:
    """71 m3 of 845 kg/m3 with 0.1 per cent of water are 59.935 t, whoever has computed it."""
    goods = [{"hsCode": "270900", "quantity": much, "unitCode": unit} for much, unit in cargo]
    volume = {"gsv15": "71", "density15": "845", "bsw": "0.1"}
    said = told(DLP, DTC, bulk(*goods, **volume, **({"computed": computed} if computed else {})))
    assert "netTonnes" in said.out[0]["oil"]
    assert set(lost(said)) & {"/bulk/gsv15", "/cargo/0/quantity"} == gone


def test_of_two_volumes_the_one_that_became_the_mass_is_told() -> None:
    """The barrels beside it are another figure, and the note has no place for it."""
    volumes = {"gsv15": "71", "gsv60": "446.8", "density15": "845", "bsw": "0.1"}
    assert set(lost(told(DLP, DTC, bulk(**volumes)))) & {"/bulk/gsv15", "/bulk/gsv60"} == {"/bulk/gsv60"}
    made = volumes | {"computed": ["gsv60"]}
    assert set(lost(told(DLP, DTC, bulk(**made)))) & {"/bulk/gsv15", "/bulk/gsv60"} == set()


def test_a_volume_of_a_part_does_not_become_the_mass_of_the_note() -> None:
    """Neither the volume nor a mass made of it is told of the note."""
    part = bulk(gsv15="71", density15="845", bsw="0.1") | {"partialIndicator": True}
    said = told(DLP, DTC, part)
    assert "netTonnes" not in said.out[0].get("oil", {})
    assert lost(said)["/bulk/gsv15"] == "no-equivalent"


def test_a_mass_of_nothing_stops_no_message() -> None:
    """0 t computed of a volume: whatever that means, it is told."""
    nothing = bulk({"quantity": "0", "unitCode": "TNE"}, gsv15="71", density15="845", bsw="0.1",
                   computed=["cargo.quantity"])  # fmt: skip
    said = told(DLP, DTC, nothing)
    assert (len(said.out), said.of("dead-letter")) == (1, [])


def kilograms(much: str, unit: str) -> Decimal:
    """A mass in kilograms."""
    return Decimal(much) * (1000 if unit == "TNE" else 1)


def masses(one: dict[str, Any]) -> set[Decimal]:
    """The masses that a message tells, in kilograms."""
    made = [(entry["quantity"], entry["unit"]) for entry in one.get("quantities") or []]
    made += [
        (entry["quantity"], entry["unitCode"]) for entry in one.get("cargo") or [] if "quantity" in entry
    ]
    made += [(one["oil"]["netTonnes"], "TNE")] if "netTonnes" in one.get("oil", {}) else []
    return {kilograms(much, unit) for much, unit in made if unit in {"KGM", "TNE"}}


BESIDE = [quantity("GROSS", "60", "TNE"), quantity("GROSS", "60000", "KGM"), GROSS15, GROSS60, NET15]


@pytest.mark.parametrize("target", [DLP, DTC])
@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize(("much", "unit"), [("59.9", "TNE"), ("59900", "KGM")])
def test_the_net_mass_of_a_lot_is_told_and_not_lost(
    much: str, unit: str, beside: dict[str, Any], target: str
) -> None:
    """Whatever stands beside it, in front or behind: the loss is that of the other quantity."""
    for at, other in itertools.permutations((0, 1)):
        both = {at: quantity("NET", much, unit), other: beside}
        said = told(OIL, target, lot(both[0], both[1], waterMassPct="0.1", bswPct="0.1"))
        assert kilograms(much, unit) in masses(said.out[0])
        assert f"/quantities/{at}/quantity" not in lost(said)
        told_too = target == DLP and beside in (GROSS15, GROSS60)
        assert (f"/quantities/{other}/quantity" in lost(said)) == (not told_too)


def test_of_a_net_mass_that_a_note_rounds_only_digits_are_lost() -> None:
    """A note has kilograms as digits of its tonnes, a DLP event has what was sent."""
    fine = lot(quantity("NET", "59.9345", "TNE"), waterMassPct="0.1")
    said = told(OIL, DTC, fine)
    assert said.out[0]["oil"]["netTonnes"] == "59.934"  # half to even
    assert lost(said)[QUANTITY] == "precision"
    said = told(OIL, DLP, fine)
    assert said.out[0]["cargo"][0]["quantity"] == "59.9345"
    assert QUANTITY not in lost(said)


@pytest.mark.parametrize("target", [DTC, OIL])
@pytest.mark.parametrize("beside", [{"quantity": "71", "unitCode": "MTQ"}, {"packages": 3}])
@pytest.mark.parametrize(("much", "unit"), [("59.9", "TNE"), ("59900", "KGM")])
def test_the_one_line_of_cargo_that_weighs_is_told_and_not_lost(
    much: str, unit: str, beside: dict[str, Any], target: str
) -> None:
    """Another line beside it has a volume, or pieces."""
    weighs = {"hsCode": "270900", "quantity": much, "unitCode": unit}
    for at, lines in enumerate([[weighs, beside], [beside, weighs]]):
        said = told(DLP, target, bulk(*lines, density15="845"))
        assert kilograms(much, unit) in masses(said.out[0])
        assert f"/cargo/{at}/quantity" not in lost(said)


@pytest.mark.parametrize("given", [NET15, NET20, NET60])
def test_a_volume_that_is_told_as_it_is_needs_no_density(given: dict[str, Any]) -> None:
    """The DLP has it as cargo; only for the mass of a note it is converted."""
    bare = lot(given, density=None)
    said = told(OIL, DLP, bare)
    assert [(one["quantity"], one["unitCode"]) for one in said.out[0]["cargo"]] == [
        (given["quantity"], given["unit"])
    ]
    assert QUANTITY not in lost(said)
    assert lost(told(OIL, DTC, bare))[QUANTITY] == "needs-density"


@pytest.mark.parametrize("more", [{}, {"bsw": "0.1"}, {"bsw": "0.1", "gsv60": "446.8"}])
def test_a_terminal_is_told_a_volume_without_a_density(more: dict[str, str]) -> None:
    """71 m3 at 15 C are 71 m3 at 15 C; no mass is made of them, and none is wanting."""
    said = told(DLP, OIL, bulk(gsv15="71", **more))
    assert said.out[0]["quantities"][0] == GROSS15
    assert "/bulk/gsv15" not in lost(said)
    assert lost(told(DLP, DTC, bulk(gsv15="71", **more)))["/bulk/gsv15"] == "needs-density"


@pytest.mark.parametrize(
    ("sender", "receiver", "at", "water"),
    [(OIL, DLP, QUANTITY, "/bswPct"), (DLP, OIL, "/bulk/gsv15", "/bulk/bsw")],
)
def test_a_volume_that_is_told_as_it_is_needs_no_water(
    sender: str, receiver: str, at: str, water: str
) -> None:
    """101 per cent is none, and odd; only the net mass of a note cannot be made with it."""
    sent = lot(GROSS15, bswPct="101") if sender == OIL else bulk(gsv15="71", density15="845", bsw="101")
    said = told(sender, receiver, sent)
    (made,) = said.out
    assert made["bulk"]["gsv15"] == "71" if receiver == DLP else made["quantities"][0] == GROSS15
    assert at not in lost(said)
    assert said.rules(water) == {"out-of-range"}
    assert lost(told(sender, DTC, sent))[at] == "water-content-invalid"


def test_beside_a_net_mass_a_volume_has_no_place_whatever_its_density() -> None:
    """The mass goes, so there is nothing to convert."""
    said = told(OIL, DLP, lot(quantity("NET", "60", "TNE"), NET60, density=None))
    assert lost(said)["/quantities/1/quantity"] == "no-equivalent"


@pytest.mark.parametrize(
    ("given", "value", "computed"),
    [
        ({"apiGravity": "36"}, "844.35", True),  # 141360.198 / (36 + 131.5) at 60 F, by table 53A at 15 C
        ({"apiGravity": "36", "density15": "844.3"}, "844.3", None),
        ({"density15": "844.3", "computed": ["density15"]}, "844.3", True),
    ],
)
def test_a_density_that_was_computed_is_told_as_that(
    given: dict[str, Any], value: str, computed: bool | None
) -> None:
    """API gravity is no density that a terminal measured; the density says it, so it is not lost."""
    said = told(DLP, OIL, bulk(**given))
    density = said.out[0]["density"]
    assert abs(Decimal(density["value"]) - Decimal(value)) <= Decimal("0.05")
    assert (density["reference"], density.get("computed")) == ("C15", computed)
    assert ("/bulk/apiGravity" in lost(said)) == ("apiGravity" in given and not computed)


@pytest.mark.parametrize(("reference", "target"), [("C15", DLP), ("C20", DLP), ("C20", DTC)])
def test_what_a_terminal_says_it_computed_stays_computed(reference: str, target: str) -> None:
    """A density is marked as a quantity is, on the way in as on the way out."""
    density = {"value": "845", "reference": reference, "computed": True}
    made = told(OIL, target, lot(quantity("NET", "60", "TNE"), density=density)).out[0]
    assert (
        "density15" in made["bulk"]["computed"] if target == DLP else "density20" in made["oil"]["computed"]
    )


def test_a_density_that_the_railway_computed_is_told_as_that() -> None:
    """The note says so itself."""
    note = {
        "messageId": str(uuid5(NAMESPACE_URL, "note")), "messageKind": "SNAPSHOT", "noteType": "SMGS",
        "noteNumber": "0770021", "contractDate": "02.02.2026", "noteVersion": 1, "departureStation": "549702",
        "operationCode": "20", "operationStation": "549702", "operationTime": "03.02.2026 05:10",
        "wagons": [{"wagonNumber": WAGON}], "goods": [{"gng": "27090000"}],
        "oil": {"netTonnes": "60", "density20": "845", "computed": ["density20"]},
    }  # fmt: skip
    assert told(DTC, OIL, note).out[0]["density"] == {"value": "845", "reference": "C20", "computed": True}
    measured = note | {"oil": {"netTonnes": "60", "density20": "845"}}
    assert told(DTC, OIL, measured).out[0]["density"] == {"value": "845", "reference": "C20"}


@pytest.mark.parametrize("part", [True, False])
def test_the_observed_volume_of_a_part_and_its_temperature_are_not_those_of_the_lot(part: bool) -> None:
    """Percentages and the density hold in every part; what was measured of one does not."""
    sent = bulk(grossVolumeObserved="72", tempC="18.5", density15="845", bsw="0.1")
    said = told(DLP, OIL, sent | {"partialIndicator": part})
    (made,) = said.out
    observed = {"observedVolume", "observedTemperature"}
    assert observed & set(made) == (set() if part else observed)
    assert set(lost(said)) & {"/bulk/grossVolumeObserved", "/bulk/tempC"} == (
        {"/bulk/grossVolumeObserved", "/bulk/tempC"} if part else set()
    )
    assert (made["density"]["value"], made["bswPct"]) == ("845", "0.1")
