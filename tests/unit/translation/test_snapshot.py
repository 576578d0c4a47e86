"""State kind ``snapshot``: versions of a document become events."""

import pytest

from schemas.translation import Filtered
from tests.support.small_mapping import SNAPSHOT, Run, note


@pytest.fixture
def run() -> Run:
    """A translator of notes without any state."""
    return Run(SNAPSHOT)


def test_first_version_tells_every_event_once(run: Run) -> None:
    """One loading of two boxes is two events at version 1."""
    result = run(**note(boxes=("B1", "B2")))
    assert run.short(result) == [("LOAD", "B1", 1, False), ("LOAD", "B2", 1, False)]
    assert result.outputs[0].subject == "EQUIPMENT:B1"
    assert result.outputs[0].key == b"N"
    assert result.outputs[0].id == f"{run.told(result)[0]['id']}:1"


def test_repeated_version_is_a_duplicate(run: Run) -> None:
    """The same bytes again give nothing and are reported."""
    run(**note())
    result = run(**note())
    assert (result.outputs, result.filtered) == ([], [Filtered("", "duplicate")])


def test_unchanged_content_in_a_new_version_gives_nothing(run: Run) -> None:
    """A field that no rule of the operation carries makes no event."""
    run(**note(1))
    result = run(**note(2, remark="new"))
    assert (result.outputs, result.filtered) == ([], [Filtered("", "unchanged")])


def test_changed_content_overrides_and_names_what_it_supersedes(run: Run) -> None:
    """A correction is the same event id at version 2."""
    first = run.told(run(**note(1)))[0]
    changed = note(2)
    changed["boxes"][0]["kg"] = 200
    second = run.told(run(**changed))[0]
    assert (second["id"], second["version"], second["kg"]) == (first["id"], 2, 200)
    assert second["supersedes"] == f"{first['id']}:1"


def test_late_version_adds_what_was_never_told_and_overrides_nothing(run: Run) -> None:
    """Version 1 after version 3: its own event comes, the event of version 3 stays."""
    run(**note(3, op="20", place="A"))
    late = note(1, op="30", place="Z")
    assert run.short(run(**late)) == [("ETA", None, 1, False)]
    older = note(2, op="20", place="A")
    older["boxes"][0]["kg"] = 999
    result = run(**older)
    assert (result.outputs, result.filtered) == ([], [Filtered("", "stale")])


def test_same_operation_in_consecutive_versions_is_one_occurrence_corrected(run: Run) -> None:
    """No second loading."""
    run(**note(1))
    changed = note(2)
    changed["boxes"][0]["kg"] = 7
    assert run.short(run(**changed)) == [("LOAD", "B1", 2, False)]


def test_same_operation_with_another_between_is_a_second_occurrence(run: Run) -> None:
    """Loading, train formed, loading again: two loadings."""
    first = run.told(run(**note(1)))[0]
    run(**note(2, op="30"))
    second = run.told(run(**note(3)))[0]
    assert second["version"] == 1
    assert second["id"] != first["id"]


def test_delta_changes_only_what_it_says(run: Run) -> None:
    """Absent is unchanged; items merge by their key, and what is told is told of those that it names."""
    run(**note(1, op="30", boxes=("B1", "B2")))
    result = run(number="N", version=2, kind="DELTA", op="20", boxes=[{"id": "B2", "kg": 5, "seals": []}])
    assert [(e["box"], e["kg"], e["place"]) for e in run.told(result)] == [("B2", 5, "A")]
    result = run(number="N", version=3, kind="DELTA", op="20", tonnes=None)
    assert [(e["box"], e["kg"], e["place"]) for e in run.told(result)] == [("B1", 100, "A")]


def test_delta_clears_what_it_says_is_null(run: Run) -> None:
    """An explicit null is cleared, not unchanged."""
    run(**note(1, op="30"))
    result = run(number="N", version=2, kind="DELTA", op="20", nulls=["/place"])
    assert run.told(result)[0]["place"] is None


def test_delta_onto_nothing_is_translated_alone_and_found(run: Run) -> None:
    """Nothing is lost when the snapshot has not come yet."""
    result = run(number="N", version=2, kind="DELTA", op="30", place="Q")
    assert run.short(result) == [("ETA", None, 1, False)]
    assert [found.rule for found in result.findings] == ["delta-without-snapshot"]


def test_late_delta_takes_its_place_below_newer_ones(run: Run) -> None:
    """The third delta sees what the late second one said, and its own values win."""
    run(**note(1, op="30", place="A"))
    run(number="N", version=3, kind="DELTA", op="40", place="C")
    run(
        number="N",
        version=2,
        kind="DELTA",
        tonnes=None,
        boxes=[{"id": "B9", "kg": 9, "seals": []}],
        place="B",
    )
    result = run(number="N", version=4, kind="DELTA", op="20")
    assert [(e["box"], e["place"]) for e in run.told(result)] == [("B1", "C"), ("B9", "C")]


def test_annulment_retracts_every_event_and_voids(run: Run) -> None:
    """Facts that were kept are repeated; what the mapping does not retract stays."""
    run(**note(1))
    run(**note(2, op="30"))
    result = run(number="N", version=3, kind="ANNULMENT")
    assert run.short(result) == [("LOAD", "B1", 2, True), ("VOID", None, 1, False)]


def test_annulment_before_anything_lets_nothing_after_it(run: Run) -> None:
    """The versions that the annulment overtook give nothing."""
    assert run.short(run(number="N", version=3, kind="ANNULMENT")) == [("VOID", None, 1, False)]
    result = run(**note(1))
    assert (result.outputs, result.filtered) == ([], [Filtered("", "annulled")])


def test_annulment_twice_is_a_duplicate(run: Run) -> None:
    """Retraction and VOID are told once."""
    run(**note(1))
    run(number="N", version=3, kind="ANNULMENT")
    result = run(number="N", version=3, kind="ANNULMENT")
    assert (result.outputs, result.filtered) == ([], [Filtered("", "duplicate")])


def test_newer_version_after_an_annulment_is_found(run: Run) -> None:
    """A note does not rise again, and someone should look at it."""
    run(number="N", version=3, kind="ANNULMENT")
    result = run(**note(4))
    assert (result.outputs, [found.rule for found in result.findings]) == ([], ["after-annulment"])


@pytest.mark.parametrize("order", [("40", "41"), ("41", "40")])
def test_registers_join_both_halves_in_either_order(run: Run, order: tuple[str, str]) -> None:
    """Handed over and taken over become one crossing, told with the second half."""
    places = {"40": "X", "41": "Y"}
    versions = {"40": 4, "41": 5}
    first, second = (run(**note(versions[op], op=op, place=places[op])) for op in order)
    assert run.short(first) == []
    assert [(e["code"], e["place"]) for e in run.told(second)] == [("CROS", "X>Y")]


def test_registers_are_not_overridden_by_late_versions(run: Run) -> None:
    """A hand-over of an older version does not replace the newer one."""
    run(**note(5, op="40", place="NEW"))
    run(**note(4, op="40", place="OLD"))
    result = run(**note(6, op="41", place="Y"))
    assert run.told(result)[0]["place"] == "NEW>Y"


def test_state_expires_by_stream_time_and_sooner_when_closed(run: Run) -> None:
    """90 days for an open document, one day for a closed one; other messages move the time."""
    day = 86_400_000
    run(accepted=day, **note(1))
    run(accepted=day, **{**note(1, op="90"), "number": "CLOSED"})
    assert len(run.store) == 2
    run(accepted=3 * day, **{**note(1), "number": "OTHER"})
    assert {key for key, value in run.log if value is None} == {b"CLOSED"}
    run(accepted=100 * day, **{**note(1), "number": "LAST"})
    assert {key for key, value in run.log if value is None} == {b"CLOSED", b"N", b"OTHER"}


def test_losses_are_told_with_outputs_only(run: Run) -> None:
    """What gives nothing is filtered as a whole."""
    run(**note())
    assert run(**note()).losses == []
