"""State kind ``assemble``: partial documents become one with a rising version."""

from typing import Any

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
  order: kg
  expires: 10d
ignores: [retracted]
rules:
  - rule: load
    when: code == 'LOAD'
    set:
      number: place
      remark: event.id
      op: f'{kg}'
      tonnes: tonnes
      boxes: {each: {one: "[box]"}, set: {id: one, kg: kg}}
  - rule: sealed
    when: code == 'CROS'
    set: {place: place}
"""
)


def move(id: str, box: str = "B1", kg: int = 1, code: str = "LOAD", **more: Any) -> dict[str, Any]:  # noqa: A002, ANN401
    """A move of a box on note P."""
    return {"id": id, "version": 1, "code": code, "box": box, "place": "P", "kg": kg, **more}


def shape(run: Run, result: Result) -> list[tuple[Any, ...]]:
    """Version, operation and boxes of each note."""
    return [(n["version"], n["op"], [(b["id"], b["kg"]) for b in n["boxes"]]) for n in run.told(result)]


def test_partial_documents_merge_under_a_rising_version() -> None:
    """Two boxes of one note: version 1 has one, version 2 both."""
    run = Run(ASSEMBLE)
    assert shape(run, run(**move("a"))) == [(1, "1", [("B1", 1)])]
    assert shape(run, run(**move("b", "B2", 2))) == [(2, "2", [("B1", 1), ("B2", 2)])]


def test_every_emission_has_an_id_of_its_own() -> None:
    """The id is made of participant, key and version."""
    run = Run(ASSEMBLE)
    ids = {run.told(run(**move(one, kg=index)))[0]["remark"] for index, one in enumerate("abc", 1)}
    assert len(ids) == 3


def test_echo_updates_the_state_and_emits_nothing() -> None:
    """What was born at the target is known there, and stays in the document."""
    run = Run(ASSEMBLE)
    assert run(**move("a", supersedes="dtc")).filtered == [Filtered("load", "echo")]
    assert shape(run, run(**move("b", "B2", 2))) == [(1, "2", [("B1", 1), ("B2", 2)])]


def test_same_or_older_version_of_an_event_is_filtered() -> None:
    """A replay of the corridor makes no new note."""
    run = Run(ASSEMBLE)
    run(**move("a") | {"version": 2})
    assert run(**move("a") | {"version": 2}).filtered == [Filtered("", "duplicate")]
    assert run(**move("a")).filtered == [Filtered("", "stale")]


def test_unchanged_document_is_not_emitted() -> None:
    """Another event that says the same is no new version."""
    run = Run(ASSEMBLE)
    run(**move("a"))
    assert run(**move("b")).filtered == [Filtered("load", "unchanged")]


def test_late_event_fills_gaps_and_overrides_nothing() -> None:
    """An event that happened before the newest adds its box and leaves the operation."""
    run = Run(ASSEMBLE)
    run(**move("a", "B1", 5))
    assert shape(run, run(**move("b", "B2", 3))) == [(2, "5", [("B2", 3), ("B1", 5)])]


def test_document_that_misses_required_fields_waits() -> None:
    """Nothing invalid is sent; what was said is in the next emission."""
    run = Run(ASSEMBLE)
    result = run(**move("a", code="CROS"))
    assert result.filtered == [Filtered("sealed", "incomplete")]
    assert [(f.pointer, f.rule) for f in result.findings] == [("/number", "incomplete")]
    assert run.told(run(**move("b")))[0]["place"] == "P"


def test_decimals_survive_the_state() -> None:
    """A decimal kept over messages is exact."""
    from decimal import Decimal

    run = Run(ASSEMBLE)
    run(**move("a", tonnes=Decimal("1234.567")))
    assert run.told(run(**move("b", "B2", 9)))[0]["tonnes"] == Decimal("1234.567")
