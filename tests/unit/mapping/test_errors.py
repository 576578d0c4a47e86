"""What does not compile, and how it is said."""

import pytest

from schemas.errors import Misconfigured
from tests.support.small_mapping import HEAD, compiled

TOP = HEAD.format(source="test.note.v1", target="test.move.v1").strip() + "\n"
REST = "ignores: [number, version, kind, op, place, remark, tonnes, boxes]\n"
GOOD = "id: number, version: version, code: LOAD"

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 6))


def problems(body: str) -> list[str]:
    """The lines of the error; empty when it compiles."""
    try:
        compiled(TOP + REST + body)
    except Misconfigured as error:
        return error.message.splitlines() if error.code == "mapping-invalid" else [error.code]
    return []


def rule(expression: str, field: str = "place") -> str:
    """A mapping of one rule that sets one more field."""
    first = f"rules:\n  - rule: one\n    set: {{{GOOD}}}\n"
    return f"{first}  - rule: two\n    set:\n      <<: {{{GOOD}}}\n      {field}: {expression}\n"


def test_smallest_mapping_compiles() -> None:
    """The frame of these tests is right itself."""
    assert problems(rule("place")) == []


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("plase", "no field `plase` in test.note.v1, did you mean `place`?"),
        ("boxes[0].kgs", "no field `kgs` in test.note.Box, did you mean `kg`?"),
        ("boxes.kg", "`kg` of list of record test.note.Box: only records have fields"),
        ("uper(place)", "no function `uper`, did you mean `upper`?"),
        ("upper(place, op)", "upper() takes 1 argument, not 2"),
        ("upper(version)", "upper() takes text here, this is int"),
        ("place if place == 5 else None", "text or null cannot be compared with int"),
        ("place if place else None", "a condition is needed, this is text or null: use has(…)"),
        ("version", "/place is text or null, this is int"),
        ("place + version", "`+` of text or null and int"),
        (
            "oil_density(tonnes, '15C', '20F')",
            "oil_density() knows no `20F`, did you mean `60F`?; it knows 15C, 20C, 60F",
        ),
        (
            "oil_convert(tonnes, 't', 'bbl', tonnes)",
            ("oil_convert() knows no `bbl`, did you mean `bbl@60F`?; it knows kg, t, m3@15C, m3@20C, m3@60F,"
            " bbl@60F"),
        ),
        ("saying(op)", "saying() takes a value, and what is said with it"),
        ("oil_convert(tonnes, 't', 'kg')", "takes 4 arguments, not 3"),
        ("oil_convert(tonnes, place, 'kg', tonnes)", "what is given must be a literal text"),
        ("lookup('station', place, 'zone')", "no code list `station`, did you mean `stations`?"),
        (
            "lookup('stations', place, 'zones')",
            "code list `stations` has no column `zones`, did you mean `zone`?",
        ),
        ("check('iso6364', place)", "no identifier `iso6364`, did you mean `iso6346`?"),
        ("first(number, place)", "never reached: what comes before is text, which is never null"),
        ("event.id", "a stateless mapping has no `event`: make ids with uuid5(message.origin, …)"),
        ("place.__class__", "`__class__` of text or null: only records have fields"),
        ("message.__init__", "no field `__init__` in message"),
        ("\"'{0.__class__}'.format(place)\"", "a call is a function's name with arguments in order"),
        ("\"f'{place!r}'\"", "an f-string takes plain names only: no format and no conversion"),
        ("\"f'{place:>99999999}'\"", "an f-string takes plain names only: no format and no conversion"),
        ('"(lambda: place)()"', "a call is a function's name with arguments in order"),
        ("place ** 2", "`**` is not part of the mapping language"),
        ("1 <  version < 3", "compare two things at a time, joined by `and`"),
        ("place ==", "not an expression: invalid syntax"),
        ("uuid5(" + "1+" * 500 + "1)", "an expression has at most 400 parts"),
    ],
)  # fmt: skip
def test_wrong_expression_names_its_place(expression: str, message: str) -> None:
    """File, line and column, what is wrong, and what may have been meant."""
    found = problems(rule(expression))
    assert len(found) == 1, found
    place, _, said = found[0].partition(": ")
    assert said == message
    assert place.startswith(("m.yaml:10:", "m.yaml:11:"))


def test_column_points_into_the_expression() -> None:
    """Not only to where the expression starts."""
    text = f"rules:\n  - rule: one\n    set: {{{GOOD}}}\n    when: op == '1' and plase == '2'\n"
    assert problems(text) == ["m.yaml:8:25: no field `plase` in test.note.v1, did you mean `place`?"]


def test_all_problems_are_told_at_once() -> None:
    """A file is corrected in one go."""
    text = (
        "rules:\n  - rule: one\n    whem: x\n    set: {id: numbr, version: version, code: LAOD, plce: op}\n"
    )
    found = [line.split(": ", 1)[1] for line in problems(text)]
    assert sorted(found) == [
        "`LAOD` is neither a name nor a symbol of test.move.Code, did you mean `LOAD`?",
        "a rule has no `whem`, did you mean `when`?",
        "no field `numbr` in test.note.v1, did you mean `number`?",
        "no field `plce` in test.move.v1, did you mean `place`?",
    ]


def test_required_target_that_is_not_set_is_an_error() -> None:
    """A record could never be written."""
    found = problems("rules:\n  - rule: one\n    set: {id: number, code: LOAD}\n")
    assert [
        "rule `one` does not set /version, which has neither null nor a default" in line for line in found
    ] == [True]


def test_source_field_that_nobody_reads_is_an_error() -> None:
    """Nothing is lost without a word."""
    text = (
        TOP
        + "ignores: [number, version, kind, op, place, boxes]\n"
        + f"rules:\n  - rule: one\n    set: {{{GOOD}}}\n"
    )
    with pytest.raises(Misconfigured) as caught:
        compiled(text)
    assert [line.split(": ", 1)[1] for line in caught.value.message.splitlines()] == [
        "`remark` is neither read nor under `drops` or `ignores`",
        "`tonnes` is neither read nor under `drops` or `ignores`",
    ]


def test_compared_content_may_not_read_the_message() -> None:
    """Else every version would differ."""
    text = "state: {kind: snapshot, key: number, version: version, expires: 1d, content_from: code}\n" + rule(
        "message.id"
    )
    assert [line.split(": ", 1)[1] for line in problems(text)] == [
        "/place is compared between versions: it may not read message or event"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not YAML"),
        ("- 1", "a mapping file is a YAML mapping"),
        ("a: &a [*a]", "more than"),
        (BOMB, "more than"),
        ("mapping: x\nmapping: y", "`mapping` is given twice"),
        ("x: " + "y" * 300_000, "larger than"),
    ],
)  # fmt: skip
def test_hostile_or_broken_files_are_refused(text: str, message: str) -> None:
    """Broken YAML, bombs of aliases, and keys given twice."""
    with pytest.raises(Misconfigured) as caught:
        compiled(text)
    assert message in caught.value.message


def test_unused_let_is_a_warning() -> None:
    """It compiles, and its author is told."""
    mapping = compiled(TOP + REST + "let: {spare: op}\n" + rule("place"))
    assert mapping.warnings == ("`spare` under `let` is never used",)
