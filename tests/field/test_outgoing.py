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
