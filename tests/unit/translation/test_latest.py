"""State kinds ``latest`` and ``none``."""

from itertools import permutations

import pytest

from schemas.errors import Invalid
from schemas.translation import Filtered
from tests.support.small_mapping import HEAD, Run

LATEST = (
    HEAD.format(source="test.move.v1", target="test.move.v1")
    + """
state: {kind: latest, id: id, version: version, retracted: retracted, expires: 10d}
ignores: [supersedes, tonnes]
rules:
  - rule: copy
    set:
      {id: event.id, version: event.version, retracted: event.retracted, code: code, box: box, place: place,
       kg: kg}
"""
)


def move(version: int, *, retracted: bool = False, id: str = "E", **more: object) -> dict[str, object]:  # noqa: A002
    """A move at a version."""
    return {"id": id, "version": version, "retracted": retracted, "code": "LOAD"} | more


def test_only_newer_versions_pass() -> None:
    """Equal is a duplicate, lower is stale."""
    run = Run(LATEST)
    assert len(run(**move(2)).outputs) == 1
    assert run(**move(2)).filtered == [Filtered("", "duplicate")]
    assert run(**move(1)).filtered == [Filtered("", "stale")]
    assert len(run(**move(3)).outputs) == 1


def test_retraction_voids_all_versions() -> None:
    """Nothing of an event follows its retraction, whatever its version."""
    run = Run(LATEST)
    run(**move(1))
    assert run.told(run(**move(2, retracted=True)))[0]["retracted"] is True
    assert run(**move(9)).filtered == [Filtered("", "stale")]


def test_a_retraction_needs_no_higher_version() -> None:
    """EPCIS and DCSA void all versions of an id; the number that is told on rises nevertheless."""
    run = Run(LATEST)
    run(**move(3))
    told = run.told(run(**move(1, retracted=True)))
    assert [(one["version"], one["retracted"]) for one in told] == [(4, True)]
    assert run(**move(1, retracted=True)).filtered == [Filtered("", "duplicate")]


def test_without_a_higher_version_the_later_update_wins() -> None:
    """DCSA T&T 3.0: the same id with a later update overrides; what was told rises with it."""
    run = Run(LATEST.replace("retracted: retracted,", "retracted: retracted, updated: kg,", 1))
    run(**move(1, kg=10))
    assert run(**move(1, kg=10)).filtered == [Filtered("", "duplicate")]
    assert [one["version"] for one in run.told(run(**move(1, kg=20)))] == [2]
    assert run(**move(1, kg=15)).filtered == [Filtered("", "stale")]
    assert [one["version"] for one in run.told(run(**move(2, kg=5)))] == [3]


def test_other_content_under_the_same_version_is_a_finding() -> None:
    """It is never called a duplicate, whichever of the two counts."""
    run = Run(LATEST)
    run(**move(1, box="A"))
    other = run(**move(1, box="B"))
    assert [(one.rule, one.value) for one in other.findings] == [("same-version-other-content", "1")]
    assert Filtered("", "duplicate") not in other.filtered


@pytest.mark.parametrize("last", [move(2, retracted=True, kg=0), move(2, box="Z", kg=4)])
def test_the_last_state_is_the_same_for_every_order(last: dict[str, object]) -> None:
    """Whatever comes first, the receiver ends with the same content, under numbers that only rise."""
    told = [
        move(1, box="A", kg=1),
        move(1, box="A", kg=1),
        move(1, box="B", kg=2),
        move(2, box="C", kg=3),
        last,
    ]
    ends = set()
    for order in permutations(told):
        run = Run(LATEST.replace("retracted: retracted,", "retracted: retracted, updated: kg,", 1))
        outputs = [one for each in order for one in run.told(run(**each))]
        versions = [one["version"] for one in outputs]
        assert versions == sorted(set(versions))
        ends.add((outputs[-1]["box"], outputs[-1]["retracted"]))
    assert ends == {(last.get("box"), last["retracted"])}


def test_the_time_of_what_happened_is_told_where_something_is_told() -> None:
    """``happened`` goes beside the outputs; a message that gives none, or has no such time, has none."""
    run = Run(LATEST.replace("ignores:", "happened: kg * 1000 if kg is not None else None\nignores:"))
    assert run(**move(1, kg=17)).happened == 17_000
    assert run(**move(1, kg=17)).happened is None
    assert run(**move(2)).happened is None
    assert Run(LATEST)(**move(1, kg=17)).happened is None


def test_events_do_not_know_of_one_another() -> None:
    """The version of one id says nothing about another."""
    run = Run(LATEST)
    run(**move(5))
    assert len(run(**move(1, id="F")).outputs) == 1


def test_output_id_is_that_of_the_event_and_the_rule() -> None:
    """A delivery is traced to its event by its first two parts."""
    assert Run(LATEST)(message="E:1", **move(1)).outputs[0].id == "E:1:copy"


def test_a_rule_with_a_key_makes_events_of_its_own() -> None:
    """Two outputs of one event are told apart by the key; each has its own id, at the event's version."""
    run = Run(LATEST.replace("    set:", "    for: {part: \"split(place, ',')\"}\n    key: [part]\n    set:"))
    first, second = run(**move(1, place="A,B")), run(**move(2, place="A,B"))
    ids = [event["id"] for event in run.told(first)]
    assert len(set(ids)) == 2
    assert [output.id for output in first.outputs] == [f"{one}:1" for one in ids]
    assert [output.id for output in second.outputs] == [f"{one}:2" for one in ids]


def test_nothing_made_is_no_equivalent_and_is_not_remembered() -> None:
    """A message that no rule takes is reported, again when it is repeated, and takes no room in the state."""
    run = Run(LATEST.replace("    set:", "    when: code == 'VOID'\n    set:"))
    assert run(**move(1)).filtered == [Filtered("", "no-equivalent")]
    assert run(**move(1)).filtered == [Filtered("", "no-equivalent")]
    assert len(run.store) == 0


def test_nothing_made_of_what_passed_before_is_remembered() -> None:
    """A version that no rule takes voids the earlier ones of an event that passed."""
    run = Run(LATEST.replace("    set:", "    when: code == 'LOAD'\n    set:"))
    assert len(run(**move(1)).outputs) == 1
    assert run(**move(3) | {"code": "VOID"}).filtered == [Filtered("", "no-equivalent")]
    assert run(**move(2)).filtered == [Filtered("", "stale")]


@pytest.mark.parametrize("later", [move(2, code="VOID"), move(1, retracted=True, code="VOID")])
def test_what_replaces_an_event_is_remembered_before_it(later: dict[str, object]) -> None:
    """A later version or a retraction that gives nothing still voids what a replay brings after it."""
    run = Run(LATEST.replace("    set:", "    when: code == 'LOAD'\n    set:"))
    assert run(**later).filtered == [Filtered("", "no-equivalent")]
    assert run(**move(1)).filtered == [Filtered("", "stale")]


def test_none_remembers_nothing() -> None:
    """Without state the same message gives the same output again."""
    text = LATEST.replace(
        "state: {kind: latest, id: id, version: version, retracted: retracted, expires: 10d}", ""
    )
    run = Run(text.replace("event.", ""))
    one, two = run(**move(1)), run(**move(1))
    assert one.outputs[0].body == two.outputs[0].body
    assert (one.changes, two.changes) == ({}, {})


def test_failing_record_names_pointer_rule_and_value() -> None:
    """A failure is the record's own: its field, the target's pointer, the rule, and no change of state."""
    run = Run(LATEST.replace("kg: kg", "\"kg\": 'first(kg, int(place))'"))
    with pytest.raises(Invalid) as caught:
        run(**move(1, place="99999999999"))
    assert (caught.value.code, caught.value.pointer, caught.value.value) == (
        "mapping-failed",
        "/place",
        "99999999999",
    )
    assert "copy" in caught.value.rule
    assert [one.pointer for one in caught.value.violations] == ["/place", "/kg"]
    assert len(run.store) == 0
