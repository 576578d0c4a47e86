"""What goes out: nothing that breaks the partner's own profile, and errors in the words of the sender."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from schemas import profiles
from schemas.avro.jsonform import JsonForm
from tests.field.test_any_value import NAMES, documents
from tests.support.field import case, messages, told

TO_DLP = "dtc.note.v1", "dlp.event.v1"
NOTE: dict[str, Any] = messages("057-contract-date-message")[0] | {"contractDate": "12.01.2026"}


def test_a_delay_code_of_no_list_does_not_go_out() -> None:
    """The DLP's list has no XYZ: a finding at the sender's field, and a loss."""
    found = case("074-unk-delay-reason", *TO_DLP)
    assert [one.get("delayReasonCode") for one in found.out] == [None] * len(found.out)
    assert found.rules("/delayReason") == {"unknown-code"}
    assert ("unknown-code", "XYZ") in {(one["reason"], one["value"]) for one in found.of("loss")}


def test_only_what_is_an_hs_code_goes_out_as_one() -> None:
    """Six digits, chapters 01 to 97; GNG has chapters of its own. What was sent is told."""
    found = case("089-qty-hs-of-broken-gng", *TO_DLP)
    assert {item.get("hsCode") for one in found.out for item in one["cargo"]} <= {None}
    assert {one["value"] for one in found.of("finding") if "/gng" in one["pointer"]} == {
        "8541",
        "8541ABCD",
        "",
    }
    assert "99999999" in {one["value"] for one in found.of("loss")}


def test_a_good_hs_code_goes_out() -> None:
    """The first six digits of GNG 85414300."""
    goods = [{"gng": "85414300", "netKg": 1}]
    found = told(*TO_DLP, NOTE | {"goods": goods})
    assert {item.get("hsCode") for one in found.out for item in one["cargo"]} == {"854143"}


def test_blanks_around_the_key_of_a_note_do_not_count() -> None:
    """The note is found by its key, and the spelling is told."""
    found = case("123-rev-sloppy-note-key", "dlp.event.v1", "dtc.note.v1")
    assert {(one["departureStation"], one["noteNumber"]) for one in found.out} == {("707701", "0012345")}
    assert found.rules("/references/0/value") == {"normalised"}


@pytest.mark.parametrize(
    ("change", "pointer", "value"),
    [
        ({"operationTime": None}, "/operationTime", ""),
        ({"operationStation": None}, "/operationStation", ""),
        ({"operationStation": "999994"}, "/operationStation", "999994"),
    ],
)
def test_a_dead_letter_names_the_senders_field(change: dict[str, Any], pointer: str, value: str) -> None:
    """Not the target's field and null: what has to be mended, and what the target's field is."""
    found = told(*TO_DLP, NOTE | change)
    for one in found.of("dead-letter"):
        assert (one["pointer"], one["value"]) == (pointer, value)
        assert "/when/occurred_at" in one["rule"]


def form(name: str) -> JsonForm:
    """The JSON form of a profile."""
    return JsonForm(profiles.load(name).schema)


def broken(target: str, outputs: list[Any]) -> Iterator[Any]:
    """Outputs that the target's own edge would refuse or read otherwise."""
    wanted = form(target)
    for one in outputs:
        if wanted.take(json.dumps(one).encode()).findings:
            yield one


@pytest.mark.parametrize("target", [name for name in NAMES if name != profiles.CANONICAL])
def test_what_goes_out_keeps_the_targets_own_profile(target: str) -> None:
    """Whatever comes in, the partner's own edge would take what we send him, to the letter."""
    for source in NAMES:
        if source != target:
            out = told(source, target, *documents(source)[::199]).out
            assert list(broken(target, out)) == []


PERMIT: dict[str, Any] = {
    "event_id": "6c1f0a9e-7d1b-4b0e-9c53-2f6f5a3c0004", "event_type": "PERMIT_USED", "event_producer": "KZ",
    "event_consumer": "AZ", "event_timestamp": 1768557660, "previous_event_id": "0",
    "permit_id": "AZ-KZ-2026-2-17", "permit_issuer": "AZ", "permit_issued_for": "KZ", "permit_year": 2026,
    "permit_type": 2, "type_numbering": "current", "after_revocation": False, "activity_type": "ENTRANCE",
    "activity_timestamp": 1768557600, "note": "707701/2026-01-12/0012345",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "pointer", "left"),
    [
        ({}, "", {"AZ-KZ-2026-2-17", "707701/2026-01-12/0012345"}),
        ({"note": "CANARYNOTE 12"}, "/note", {"AZ-KZ-2026-2-17"}),
        ({"permit_id": "AZKZ17"}, "/permit_id", {"707701/2026-01-12/0012345"}),
    ],
)
def test_what_is_no_key_of_a_note_or_permit_does_not_go_out_as_one(
    changes: dict[str, str], pointer: str, left: set[str]
) -> None:
    """A note is station/date/number, a permit issuer-issuedFor-year-type-serial (docs/epermit.md)."""
    found = told("epermit.event.v1", "dlp.event.v1", PERMIT | changes)
    (event,) = found.out
    assert {one["value"] for one in event["references"]} == left
    for wrong in changes.values():
        assert len(found.rules(pointer)) == 1
        assert (pointer, wrong) in {(one["pointer"], one["value"]) for one in found.of("loss")}


@pytest.mark.parametrize("number", ["", " "])
def test_a_seal_without_a_number_does_not_go_out(number: str) -> None:
    """SMGS box 19 counts seals by their numbers: one without is none, the others stay."""
    seals = [{"number": number, "owner": "CUSTOMS"}, {"number": "KZ1", "owner": "CONSIGNOR"}]
    box = {"containerNo": "CSQU3054383", "sizeType": "45G1", "seals": seals}
    wagon = {"wagonNumber": "94001237", "kind": "FITTING_PLATFORM", "containers": [box]}
    found = told(*TO_DLP, NOTE | {"operationCode": "20", "wagons": [wagon]})
    assert [one["seals"] for one in found.out if "equipmentReference" in one] == [
        [{"number": "KZ1", "source": "SHI"}]
    ]
    assert "/wagons/0/containers/0/seals/0/owner" in {one["pointer"] for one in found.of("loss")}


@pytest.mark.parametrize(
    ("unit", "told_of"),
    [
        ({}, 0),
        ({"equipmentReference": "CSQU3054383"}, 1),
        ({"railCarReference": "94001237"}, 1),
        ({"truckPlate": "10AA123"}, 1),
    ],
)
@pytest.mark.parametrize(
    ("source", "target"), [("port.event.v1", "dlp.event.v1"), ("dlp.event.v1", "port.event.v1")]
)
def test_what_happened_to_a_unit_names_it(
    source: str, target: str, unit: dict[str, str], told_of: int
) -> None:
    """An EQUIPMENT event of nothing goes to nobody, and the sender is told what is missing."""
    place = {"UNLocationCode": "KZKUR"}
    event = {
        "eventID": "261353e6-b602-5ae9-910c-36b2a7315139", "eventVersion": 1, "isRetracted": False,
        "eventType": "EQUIPMENT", "eventCode": "LOAD", "eventClassifierCode": "ACT",
        "eventDateTime": "2026-01-17T00:20:00Z", "eventCreatedDateTime": "2026-01-17T00:20:00Z",
        "vesselIMONumber": "9074729", **(place if source == "port.event.v1" else {"location": place}),
        **({} if source == "port.event.v1" else {"modeOfTransport": "VESSEL"}), **unit,
    }  # fmt: skip
    found = told(source, target, event)
    assert len(found.out) == told_of
    assert found.rules("/equipmentReference") == (set() if told_of or unit else {"unit-not-named"})
    assert len(found.of("filtered")) == 1 - told_of
