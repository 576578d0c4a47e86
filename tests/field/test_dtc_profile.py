"""What the second reading of the DTC's mappings found: clocks, unknown wagons, what is over, who says so."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from schemas import profiles
from schemas.avro.schema import Schema
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import load
from schemas.translation import Context, Record, Translator
from tests.support.crossing import C1, C2, W1, Crossing, codec, event, note, pick
from tests.support.receiver import known, merged

pytestmark = pytest.mark.system("dtc", "dlp")


def unwagoned(code: str, station: str, time: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A note of two containers whose wagon nobody knows."""
    boxes = [{"containerNo": C1, "sizeType": "45G1"}, {"containerNo": C2, "grossKg": 18900}]
    return note(code, station, time, wagons=[{"containers": boxes, **more}])


@pytest.mark.parametrize(
    ("station", "offset"), [("663404", "+05:00"), ("549204", "+04:00"), ("572107", "+04:00")]
)
@pytest.mark.parametrize("basis", ["LOC", "AST", "MSK"])
def test_the_offset_is_that_of_the_place_whatever_the_clock_of_the_note(
    basis: str, station: str, offset: str
) -> None:
    """A note on Moscow time tells an event in Aktau: the clock there is five hours ahead of UTC."""
    made = note("20", station, "16.01.2026 10:00", timeBasis=basis, etaDestination="26.01.2026 12:00")
    told = Crossing().dtc(made).dlp
    assert {one["timeZoneOffset"] for one in told if one["eventCode"] == "LOAD"} == {offset}
    # Poti
    assert {one["timeZoneOffset"] for one in told if one["eventCode"] == "ARRI"} == {"+04:00"}


@pytest.mark.parametrize("number", [{}, {"wagonNumber": None}, {"wagonNumber": ""}])
@pytest.mark.parametrize("code", ["20", "41", "51", "70", "72", "81", "90"])
def test_a_wagon_that_is_not_known_is_nowhere_an_empty_text(code: str, number: dict[str, Any]) -> None:
    """The containers are told, on no wagon; a second railway gets the note with a wagon without a number."""
    crossing = Crossing(dtc="dtc.note.v1", dlp="dlp.event.v1", other="dtc.note.v1")
    station = "663404" if code in {"70", "72"} else "562800"  # lifted on a feeder: at a port
    passage = crossing.dtc(unwagoned(code, station, "21.01.2026 10:05", **number))
    assert {one["equipmentReference"] for one in passage.dlp} == {C1, C2}
    assert [one for one in passage.dlp if "railCarReference" in one] == []
    assert {unit["parent"] for one in passage.corridor for unit in one["what"]["units"]} == {None}
    (told,) = passage.sent["other"]
    assert [box["containerNo"] for box in told["wagons"][0]["containers"]] == [C1, C2]
    assert "wagonNumber" not in told["wagons"][0]
    assert passage.findings == []


def test_a_container_on_a_wagon_that_nobody_named_is_told_with_what_is_known() -> None:
    """Seals of a container are told before its wagon is known, and stay with it when that is named."""
    crossing = Crossing()
    seal = {"number": "A1", "source": "CAR"}
    where = {"UNLocationCode": "GEPTI"}
    first = crossing.dlp(event("EQUIPMENT", "RSEA", equipmentReference=C1, seals=[seal], location=where))
    assert first.dtc[0]["wagons"] == [
        {"containers": [{"containerNo": C1, "seals": [{"number": "A1", "owner": "CARRIER"}]}]}
    ]
    assert [one for one in first.losses if one[1].startswith("/what/units")] == []
    later = {"eventDateTime": "2026-01-18T06:45:00Z", "railCarReference": W1, "location": where}
    crossing.dlp(event("EQUIPMENT", "INSP", equipmentReference=C1, remark="dent", **later))
    note_of_all = merged(crossing.total.dtc)
    assert isinstance(note_of_all, dict)
    assert note_of_all["wagons"] == known(crossing)["wagons"]
    assert note_of_all["wagons"] == [
        {
            "wagonNumber": W1,
            "containers": [{"containerNo": C1, "seals": [{"number": "A1", "owner": "CARRIER"}]}],
        }
    ]


def test_a_container_on_the_feeder_is_on_no_wagon() -> None:
    """72: the wagon that brought it to the port stays ashore. 70: it is aboard on its wagon."""
    for code, parents in (("72", {None}), ("73", {None}), ("70", {W1, "94002144"})):
        told = Crossing().dtc(note(code, "663404", "16.01.2026 10:00")).corridor
        boxes = [one for one in told if one["subject"]["type"] == "EQUIPMENT"]
        assert {unit["parent"] for one in boxes for unit in one["what"]["units"]} == parents


def test_the_contracting_carrier_speaks_for_its_own_stations_only() -> None:
    """KTZ concluded the contract; what Georgian Railway does at Gardabani is not published by KTZ."""
    crossing = Crossing()
    (told,) = crossing.dtc(note("11", "707701", "12.01.2026 09:10")).dlp
    assert told["publisher"] == {"codeListProvider": "UIC", "code": "27"}
    told = crossing.dtc(note("51", "562800", "21.01.2026 09:10", noteVersion=2)).dlp[0]
    assert (told.get("publisher"), told.get("publisherRole")) == (None, None)


def estimates(told: list[dict[str, Any]]) -> dict[str, tuple[str, bool]]:
    """Estimates of the arrival as the DLP holds them in the end: time and whether it was taken back."""
    return {
        one["eventID"]: (one["eventDateTime"], one["isRetracted"])
        for one in told
        if one["eventClassifierCode"] == "EST"
    }


def changed(code: str, day: int, version: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A DELTA that tells the next operation."""
    names = ("noteNumber", "contractDate", "departureStation", "messageId")
    made = note(code, "662905", f"{day}.01.2026 10:00", noteVersion=version)
    told = {name: made[name] for name in (*names, "operationCode", "operationStation", "operationTime")}
    return {**told, "messageKind": "DELTA", "noteVersion": version, **more}


FIRST = note("31", "707701", "13.01.2026 10:00", noteVersion=1, etaDestination="26.01.2026 12:00")
CLEARED = {
    "a snapshot": note("33", "662905", "15.01.2026 10:00", noteVersion=2) | {"etaDestination": None},
    "a delta": changed("33", 15, 2, etaDestination=None),
}


@pytest.mark.parametrize("second", CLEARED.values(), ids=CLEARED.keys())
def test_an_estimate_that_is_cleared_by_a_later_operation_is_taken_back(second: dict[str, Any]) -> None:
    """The corridor and the DLP no longer hold an arrival on the 26th; a new estimate stands."""
    crossing = Crossing()
    crossing.dtc(FIRST)
    crossing.dtc(second)
    assert list(estimates(crossing.total.dlp).values()) == [("2026-01-26T08:00:00Z", True)]
    crossing.dtc(changed("33", 16, 3, etaDestination="27.01.2026 12:00"))
    standing = [when for when, gone in estimates(crossing.total.dlp).values() if not gone]
    assert standing == ["2026-01-27T08:00:00Z"]


@pytest.mark.parametrize("kind", ["DELTA", "SNAPSHOT"])
def test_an_estimate_of_which_nothing_is_said_stands(kind: str) -> None:
    """Absent is unchanged in a DELTA, and not known in a SNAPSHOT: nobody said that it is wrong."""
    crossing = Crossing()
    crossing.dtc(FIRST)
    crossing.dtc(changed("33", 15, 2, messageKind=kind))
    assert list(estimates(crossing.total.dlp).values()) == [("2026-01-26T08:00:00Z", False)]


@pytest.mark.parametrize(("code", "station"), [("32", "572107"), ("80", "572107"), ("81", "572107")])
def test_a_note_that_has_arrived_need_not_estimate_any_more(code: str, station: str) -> None:
    """The last estimate stays what it was: arrival is compared with it."""
    crossing = Crossing()
    crossing.dtc(FIRST)
    crossing.dtc(note(code, station, "25.01.2026 10:00", noteVersion=2) | {"etaDestination": None})
    assert list(estimates(crossing.total.dlp).values()) == [("2026-01-26T08:00:00Z", False)]


def test_the_estimate_that_holds_does_not_depend_on_the_order_of_versions() -> None:
    """Told, cleared, told anew and arrived, in all 24 orders."""
    versions = [
        FIRST,
        CLEARED["a snapshot"],
        note("33", "663404", "16.01.2026 10:00", noteVersion=3, etaDestination="27.01.2026 12:00"),
        note("32", "572107", "27.01.2026 10:00", noteVersion=4),
    ]
    for order in permutations(versions):
        crossing = Crossing()
        for one in order:
            crossing.dtc(one)
        standing = [when for when, gone in estimates(crossing.total.dlp).values() if not gone]
        assert standing == ["2026-01-27T08:00:00Z"]


def test_what_belongs_to_an_operation_goes_with_it() -> None:
    """A DELTA with the next operation does not say again what was replaced by operation 12."""
    replaced = {"documentType": "CIM", "oldNumber": "1", "newNumber": "2"}
    crossing = Crossing()
    crossing.dtc(note("12", "707701", "12.01.2026 10:00", documentReplacement=replaced, remark="x"))
    passage = crossing.dtc(changed("80", 15, 2))
    assert pick(passage.dlp, "eventCode", "documentReferenceReplacement") == [("ISSU", None)]
    assert {one["why"]["remark"] for one in passage.corridor} == {None}


def test_a_correction_of_the_time_keeps_what_belongs_to_the_operation() -> None:
    """The same operation at the same place, an hour later: absent is unchanged."""
    replaced = {"documentType": "CIM", "oldNumber": "1", "newNumber": "2"}
    crossing = Crossing()
    crossing.dtc(note("12", "662905", "15.01.2026 09:00", documentReplacement=replaced))
    passage = crossing.dtc(changed("12", 15, 2))
    assert {one["documentReferenceReplacement"]["newValue"] for one in passage.dlp} == {"2"}


def test_the_number_of_wagons_of_a_lot_is_told_of_a_whole_note_only() -> None:
    """A DELTA of a note that nobody told whole names one tank wagon: how many there are is not known."""
    oil = {"grade": "AZERI LIGHT", "actNumber": "A-118/26", "netTonnes": "60.12"}
    wagons = [{"wagonNumber": "75003111", "kind": "TANK"}]
    whole = note("20", "548305", "12.01.2026 10:00", wagons=wagons, goods=None, oil=oil)
    for kind, total in (("SNAPSHOT", 1), ("DELTA", None)):
        told = Crossing().dtc(whole | {"messageKind": kind}).corridor
        assert [one["what"]["total_units"] for one in told if one["subject"]["type"] == "BULK_LOT"] == [total]


WORDS = "driver IVANOV, +7 701 234 56 78, passport N12345678"


def from_corridor(profile: str, *, free_text: bool) -> Translator:
    """The mapping out of the corridor, for a profile that takes free text or not."""
    loaded = profiles.load(profile)

    def find(name: str) -> Schema:
        schema = profiles.load(name).schema
        if name != profile or free_text:
            return schema
        return Schema.parse(schema.text.replace('"freeText": true, ', ""))

    return Translator(load(loaded.mappings["from_corridor"], profile, find, CodeLists.load()))


@pytest.mark.parametrize("profile", ["dtc.note.v1", "dlp.event.v1"])
def test_free_words_go_to_who_takes_them_only(profile: str) -> None:
    """PersonalFields by default and counted, without the words; told where the receiver's profile says so."""
    where = {"UNLocationCode": "GEPTI"}
    came = event("EQUIPMENT", "INSP", equipmentReference=C1, remark=WORDS, location=where)
    (output,) = [
        one for one in Crossing(dlp="dlp.event.v1").dlp(came).outputs if b"EQUIPMENT/INSP" in one.body
    ]
    for taken in (False, True):
        context = Context("1", "dlp/1", "other", 0, 1_770_000_000_000, ("dlp",))
        found = from_corridor(profile, free_text=taken).translate(
            Record(output.key, output.body, context), lambda _: None
        )
        (told,) = found.outputs
        assert codec(profile).decode(told.body)["remark"] == (WORDS if taken else None)
        held = [loss for loss in found.losses if loss.pointer == "/why/remark"]
        assert [(loss.reason, loss.value) for loss in held] == ([] if taken else [("personal-data", "")])
