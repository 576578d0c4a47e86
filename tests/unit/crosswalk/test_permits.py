"""The crosswalk of e-Permits, rows E1 to E4, and the way back from a border post."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import profiles
from tests.support.crossing import Crossing, event, pick

pytestmark = pytest.mark.system("epermit", "dtc", "dlp")

EXAMPLES = profiles.load("epermit.event.v1").examples
NOTE = "548703/2026-01-10/31500017"


def crossing() -> Crossing:
    """An e-Permit authority beside both platforms."""
    return Crossing(dtc="dtc.note.v1", dlp="dlp.event.v1", epermit="epermit.event.v1")


@pytest.mark.parametrize(
    ("example", "code", "at", "operation"),
    [
        ("permit-issued", "ISSU", "2026-01-12T10:00:00Z", "E1"),
        ("truck-entered", "ENTR", "2026-01-16T10:00:00Z", "E2"),
        ("truck-left", "EXIT", "2026-01-17T10:00:00Z", "E3"),
        ("permit-revoked", "VOID", "2026-01-16T10:40:00Z", "E4"),
    ],
)
def test_e1_to_e4_reach_both_platforms(example: str, code: str, at: str, operation: str) -> None:
    """Issued, entered, left, revoked: an event of the permit with its truck; an operation of its note."""
    message = {**EXAMPLES[example], "note": NOTE}
    passage = crossing().send("epermit", message)
    (told,) = passage.dlp
    assert (told["eventType"], told["eventCode"], told["eventDateTime"]) == ("PERMIT", code, at)
    assert {"type": "EPERMIT", "value": message["permit_id"]} in told["references"]
    assert (told["truckPlate"], told["trailerPlate"], told["plateCountry"]) == ("10AA123", "99XX456", "AZ")
    assert pick(passage.dtc, "operationCode", "noteNumber") == [(operation, "31500017")]
    (canonical,) = passage.corridor
    assert canonical["subject"] == {"type": "PERMIT", "id": message["permit_id"]}


def test_a_permit_without_a_note_is_no_note() -> None:
    """The DTC speaks of notes: an event of a permit that names none is filtered, not invented."""
    message = {k: v for k, v in EXAMPLES["permit-issued"].items() if k != "note"}
    passage = crossing().send("epermit", message)
    assert passage.dtc == []
    assert ("from-corridor.dtc", "not-concerned") in passage.filtered
    assert len(passage.dlp) == 1


def test_a_use_after_the_revocation_is_told_as_such() -> None:
    """It is not dropped, and whoever reads it sees that both were under way at once."""
    passage = crossing().send("epermit", {**EXAMPLES["truck-entered"], "after_revocation": True})
    assert pick(passage.dlp, "eventCode", "remark") == [("ENTR", "after revocation")]


def test_hauliers_go_no_further() -> None:
    """Name and tax id of the haulier stay with the authority; that is reported, without their value."""
    passage = crossing().send("epermit", EXAMPLES["permit-issued"])
    assert "Xezer" not in str(passage.dlp) + str(passage.dtc)
    assert ("to-corridor.epermit", "/company_name", "personal-data", "") in passage.losses


def border(code: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A border post's report over the DLP."""
    fields = {
        "references": [{"type": "EPERMIT", "value": "AZ-KZ-2026-2-17"}],
        "modeOfTransport": "TRUCK", "truckPlate": "10-AA-123", "location": {"UNLocationCode": "KZKUR"},
    }  # fmt: skip
    return event("PERMIT", code, **{**fields, **more})


@pytest.mark.parametrize(("code", "activity"), [("ENTR", "ENTRANCE"), ("EXIT", "EXIT")])
def test_a_border_post_reports_a_use(code: str, activity: str) -> None:
    """ENTR and EXIT of a permit become PERMIT_USED of the country that the permit is for, for its issuer."""
    passage = crossing().dlp(border(code))
    (used,) = passage.sent["epermit"]
    assert (used["event_type"], used["activity_type"]) == ("PERMIT_USED", activity)
    assert (used["permit_id"], used["event_producer"], used["event_consumer"]) == (
        "AZ-KZ-2026-2-17",
        "KZ",
        "AZ",
    )
    assert used["activity_details"] == "KZKUR"
    assert isinstance(used["activity_timestamp"], int)


def test_issues_plans_and_retractions_are_no_use() -> None:
    """Only what happened is told to the issuer: no issue, no plan, nothing that was taken back."""
    for message in (
        border("ISSU"),
        border("ENTR", eventClassifierCode="PLN"),
        border("ENTR", isRetracted=True),
    ):
        assert crossing().dlp(message).sent.get("epermit", []) == []


def test_what_an_authority_told_is_not_told_to_authorities() -> None:
    """Not back to the one it came from, nor to another one here, nor by way of a platform: no circle."""
    both = Crossing(dlp="dlp.event.v1", az="epermit.event.v1", kz="epermit.event.v1")
    passage = both.send("kz", EXAMPLES["truck-entered"])
    assert passage.sent.get("az", []) == []
    assert passage.sent.get("kz", []) == []
    (told,) = passage.dlp
    echoed = Crossing(dlp="dlp.event.v1", az="epermit.event.v1").dlp(told)
    assert echoed.sent.get("az", []) == []
