"""State kind ``assemble``: what events say of a document is told change by change, under a rising version."""

from typing import Any

import pytest

from schemas.translation import Filtered, Result
from tests.support.small_mapping import HEAD, Run

ASSEMBLE = (
    HEAD.format(source="test.move.v1", target="test.note.v1")
    + """
state:
  kind: assemble
  key: place
  version_field: version
  echo: supersedes == 'dtc'
  id: id
  version: version
  retracted: retracted
  order: kg
  groups:
    - key: [op]
      with: [place]
  expires: 10d
rules:
  - rule: load
    when: code == 'LOAD' and not retracted
    set:
      number: place
      remark: event.id
      op: f'{kg}'
      place: "supersedes if supersedes != 'dtc' else None"
      tonnes: tonnes
      boxes: {each: {one: "[box]"}, set: {id: one, kg: kg}}
  - rule: beside
    when: code == 'ETA' and box == 'SAID'
    keep: {yields: "'said'"}
    set: {number: place, place: id}
  - rule: never
    when: code == 'ETA' and box == 'ANY'
    keep: {yields: "'any'"}
    set: {number: place, place: id}
  - rule: undone
    when: code == 'VOID'
    set:
      number: place
      op: f'undone {id}'
      place: id
  - rule: sealed
    when: code == 'CROS'
    set: {place: place}
  - rule: withdrawn
    when: retracted
    set: {number: place}
"""
)


def move(id: str, box: str = "B1", kg: int = 1, code: str = "LOAD", **more: Any) -> dict[str, Any]:  # noqa: A002, ANN401
    """A move of a box on note P."""
    return {"id": id, "version": 1, "code": code, "box": box, "place": "P", "kg": kg, **more}


def shape(run: Run, result: Result) -> list[tuple[Any, ...]]:
    """Version, operation and boxes of each note told."""
    return [(n["version"], n["op"], [(b["id"], b["kg"]) for b in n["boxes"]]) for n in run.told(result)]


def test_what_is_told_is_what_the_event_says_under_a_rising_version() -> None:
    """Two boxes of one note: each version tells of its box only."""
    run = Run(ASSEMBLE)
    assert shape(run, run(**move("a"))) == [(1, "1", [("B1", 1)])]
    assert shape(run, run(**move("b", "B2", 2))) == [(2, "2", [("B2", 2)])]


def test_every_emission_has_an_id_of_its_own() -> None:
    """The id is made of participant, key and version."""
    run = Run(ASSEMBLE)
    ids = {run.told(run(**move(one, kg=index)))[0]["remark"] for index, one in enumerate("abc", 1)}
    assert len(ids) == 3


def test_echo_updates_the_state_and_emits_nothing() -> None:
    """What was born at the target is known there: to say it again is no news."""
    run = Run(ASSEMBLE)
    assert run(**move("a", supersedes="dtc")).filtered == [Filtered("load", "echo")]
    assert run(**move("b")).filtered == [Filtered("load", "unchanged")]
    assert shape(run, run(**move("c", "B2", 2))) == [(1, "2", [("B2", 2)])]


def test_same_or_older_version_of_an_event_is_filtered() -> None:
    """A replay of the corridor makes no new note."""
    run = Run(ASSEMBLE)
    run(**move("a") | {"version": 2})
    assert run(**move("a") | {"version": 2}).filtered == [Filtered("", "duplicate")]
    assert run(**move("a")).filtered == [Filtered("", "stale")]


def test_other_content_under_the_same_version_is_a_finding_and_no_duplicate() -> None:
    """Which of the two is right nobody can tell: the first stands, and it is said."""
    run = Run(ASSEMBLE)
    run(**move("a"))
    result = run(**move("a", kg=7))
    assert result.filtered == [Filtered("", "stale")]
    assert [(found.rule, found.severity) for found in result.findings] == [
        ("same-version-differs", "warning")
    ]


def test_unchanged_document_is_not_emitted() -> None:
    """Another event that says the same is no new version."""
    run = Run(ASSEMBLE)
    run(**move("a"))
    assert run(**move("b")).filtered == [Filtered("load", "unchanged")]


def test_late_event_adds_and_moves_nothing() -> None:
    """An event that happened before the newest tells of its box; what is known to be newer stays."""
    run = Run(ASSEMBLE)
    run(**move("a", "B1", 5))
    assert shape(run, run(**move("b", "B2", 3))) == [(2, None, [("B2", 3)])]
    assert run(**move("c", "B1", 4)).filtered == [Filtered("load", "late")]


def test_a_group_comes_and_goes_together() -> None:
    """A new operation without a place: the place of the operation before is told as null."""
    run = Run(ASSEMBLE)
    run(**move("a", supersedes="X"))
    told = run.told(run(**move("b", kg=2)))[0]
    assert (told["op"], told["place"], told["nulls"]) == ("2", None, ["/place"])


def test_retraction_counts_whatever_its_version_and_leaves_what_stood_before() -> None:
    """The newest event did not happen: its box says again what it said before."""
    run = Run(ASSEMBLE)
    run(**move("a"))
    run(**move("b", kg=2))
    assert shape(run, run(**move("b", kg=2, retracted=True))) == [(3, "1", [("B1", 1)])]
    assert run(**move("b", kg=2) | {"version": 9}).filtered == [Filtered("", "stale")]
    assert run(**move("b", kg=2, retracted=True)).filtered == [Filtered("", "duplicate")]


def test_retraction_that_comes_first_keeps_the_event_out() -> None:
    """What it takes back comes behind it and says nothing."""
    run = Run(ASSEMBLE)
    run(**move("b", kg=2, retracted=True))
    assert run(**move("b", kg=2)).filtered == [Filtered("", "stale")]


def test_override_tells_the_new_content() -> None:
    """A newer version of an event replaces what the older one said."""
    run = Run(ASSEMBLE)
    run(**move("a"))
    assert shape(run, run(**move("a", kg=3) | {"version": 2})) == [(2, "3", [("B1", 3)])]


def test_document_that_misses_required_fields_waits() -> None:
    """Nothing invalid is sent; what was said is in the next emission."""
    run = Run(ASSEMBLE)
    result = run(**move("a", code="CROS"))
    assert result.filtered == [Filtered("sealed", "incomplete")]
    assert [(f.pointer, f.rule) for f in result.findings] == [("/number", "incomplete")]
    assert run.told(run(**move("b", kg=0)))[0]["place"] == "P"


def test_decimals_survive_the_state() -> None:
    """A decimal kept over messages is exact: the same again is no change."""
    from decimal import Decimal

    run = Run(ASSEMBLE)
    assert run.told(run(**move("a", tonnes=Decimal("1234.567"))))[0]["tonnes"] == Decimal("1234.567")
    assert run(**move("b", tonnes=Decimal("1234.567"))).filtered == [Filtered("load", "unchanged")]


def test_old_events_become_one_when_there_are_many() -> None:
    """The state of a document has a bound; what is in it stays true."""
    from schemas.translation.assembled import MAX_SAID

    run = Run(ASSEMBLE)
    for index in range(MAX_SAID + 2):
        run(**move(f"e{index}", f"B{index}", index))
    assert run(**move("again", "B3", 3)).filtered == [Filtered("load", "late")]
    assert shape(run, run(**move("last", "B3", 999))) == [(MAX_SAID + 3, "999", [("B3", 999)])]


@pytest.mark.parametrize(
    ("to", "own", "stands"),
    [("SAID", "X", False), ("SAID", None, True), ("ANY", "X", False), ("ANY", None, False)],
)
def test_what_yields_gives_way_and_is_lost_by_name(to: str, own: str | None, stands: bool) -> None:
    """To a place that the operation says itself, or to any operation: in every order."""
    loaded, beside = move("a", supersedes=own), move("b", to, 2, "ETA")
    run, other = Run(ASSEMBLE), Run(ASSEMBLE)
    run(**loaded)
    result = run(**beside)
    assert [note["place"] for note in run.told(result)] == (["b"] if stands else [])
    if not stands:
        assert result.filtered == [Filtered("beside" if to == "SAID" else "never", "no-equivalent")]
        assert "/id" in [loss.pointer for loss in result.losses]
    assert other.told(other(**beside))[0]["place"] == "b"
    (late,) = other.told(other(**loaded))
    assert (late["op"], late["place"] or ("b" if stands else None)) == ("1", own or ("b" if stands else None))


def test_what_is_taken_back_behind_what_holds_is_told_and_then_what_holds() -> None:
    """Two versions: that it did not happen, and what holds in its place."""
    run = Run(ASSEMBLE)
    run(**move("a", code="VOID"))
    run(**move("b", kg=2))
    told = run.told(run(**move("a", code="VOID", retracted=True) | {"version": 2}))
    assert [(note["version"], note["op"]) for note in told] == [(3, "undone a"), (4, "2")]
