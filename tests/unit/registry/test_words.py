import json

import pytest

from schemas.registry.advice import explain, spoken_messages
from schemas.registry.compatibility import LOGICAL, Earlier, check
from schemas.registry.diff import diff
from schemas.registry.reading import parse
from tests.support.avro_evolution import RULES, enum, logical, record

OLD = record(
    ("id", "string"),
    ("wagons", {"type": "array", "items": record(("number", "string"), ("mass", "int"), name="Wagon")}),
    ("state", enum("A", "B")),
    ("gone", "long"),
)
NEW = record(
    ("id", "string"),
    ("wagons", {"type": "array", "items": record(("number", "string"), ("mass", "string"), name="Wagon")}),
    ("state", enum("A")),
    ("eta", ["null", "long"], None),
)


def verdict_of(old: object, new: object, level: str, policy: str = "") -> list[str]:
    """Explain a check of one schema against another."""
    root = parse(json.dumps(new)).root
    text = json.dumps(old)
    return explain(check(root, [Earlier(3, text, parse(text).root)], level, policy), root)


def test_reasons_name_the_place_and_the_remedy() -> None:
    """Every reason says where, what, against which version, and how to mend it."""
    lines = verdict_of(OLD, NEW, "FULL")
    assert [line.split(":")[0] for line in lines] == ["wagons[].mass", "state", "wagons[].mass", "gone"]
    assert all("version 3" in line and "To mend it: " in line for line in lines)


def test_messages_of_any_registry_are_put_into_the_same_words() -> None:
    """The texts of the REST API lead to the same remedies."""
    old, new = json.dumps(OLD), json.dumps(NEW)
    verdict = check(parse(new).root, [Earlier(3, old, parse(old).root)], "FULL")
    said = spoken_messages(verdict.messages)
    explained = explain(verdict, parse(new).root)
    assert [line.partition("To mend it")[2] for line in said] == [
        line.partition("To mend it")[2] for line in explained
    ]
    assert spoken_messages(["The registry gives no reason."]) == ["The registry gives no reason."]


def test_diff_says_what_changes_for_readers_and_writers() -> None:
    """Each change has its place, and its consequence for both sides."""
    found = {d.place: d for d in diff(parse(json.dumps(OLD)).root, parse(json.dumps(NEW)).root)}
    assert list(found) == ["wagons[].mass", "state", "eta", "gone"]
    assert found["wagons[].mass"].what == "int becomes string"
    assert found["wagons[].mass"].readers == "old data cannot be read"
    assert found["state"].readers == "old data with them cannot be read"
    assert found["eta"].readers == "old data reads as null"
    assert found["eta"].writers == "old readers do not see it"
    assert found["gone"].writers == "old readers cannot read what is written"


@pytest.mark.parametrize(("name", "old", "new"), RULES, ids=[name for name, _, _ in RULES])
def test_diff_and_verdict_do_not_contradict(name: str, old: str, new: str) -> None:
    """What the rules refuse shows as a change; what is the same shows as none."""
    before, after = parse(old), parse(new)
    changes = diff(before.root, after.root)
    if not check(after.root, [Earlier(1, old, before.root)], "FULL").compatible:
        assert changes, name
    assert not diff(before.root, before.root)


LOGICAL_CHANGES = [
    (
        logical("bytes", "decimal", precision=9, scale=2),
        logical("bytes", "decimal", precision=9, scale=3),
        "decimal(9,2) would be read as decimal(9,3)",
    ),
    (
        logical("long", "timestamp-millis"),
        logical("long", "timestamp-micros"),
        "timestamp-millis would be read as timestamp-micros",
    ),
    (logical("int", "date"), "int", "date would be read as int"),
    ("string", logical("string", "uuid"), "string would be read as uuid"),
]


@pytest.mark.parametrize(("old", "new", "change"), LOGICAL_CHANGES)
@pytest.mark.parametrize("wrapped", [False, True])
def test_changed_meaning_is_refused_under_the_policy_and_warned_of_otherwise(
    old: object, new: object, change: str, wrapped: bool
) -> None:
    """Avro's rules see no difference; the policy LOGICAL does, wherever in the schema it is."""
    if wrapped:
        old, new = (record(("a", ["null", {"type": "array", "items": kind}])) for kind in (old, new))
    text = json.dumps(old)
    earlier = [Earlier(1, text, parse(text).root)]
    root = parse(json.dumps(new)).root
    lenient = check(root, earlier, "BACKWARD")
    assert lenient.compatible
    assert change in lenient.warnings[0]
    strict = check(root, earlier, "BACKWARD", LOGICAL)
    assert not strict.compatible
    assert change in strict.messages[0]


def test_logical_type_that_does_not_fit_its_type_has_no_meaning() -> None:
    """Readers ignore such a logical type, so a change of it changes nothing."""
    old, new = logical("string", "date"), logical("string", "timestamp-millis")
    text = json.dumps(old)
    assert not check(parse(json.dumps(new)).root, [Earlier(1, text, parse(text).root)], "FULL").warnings
