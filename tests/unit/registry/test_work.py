"""How much work a schema may cost: counted, because time depends on the machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn, SupportsIndex

import pytest
from avro.schema import RecordSchema

from schemas.registry import submission
from schemas.registry.compatibility import Earlier, check
from schemas.registry.diff import diff
from schemas.registry.logical import logical_changes
from schemas.registry.model import Field, Record
from schemas.registry.names import DEFAULT, subject
from schemas.registry.reading import parse
from schemas.registry.records import Reference, decode, encode
from schemas.registry.refusal import RegistryRefusal
from schemas.registry.registration import register
from schemas.registry.state import RegistryState
from schemas.registry.submission import MAX_REFERENCED, MAX_TEXTS, Submission

TOO_LARGE = 42209
WIDE = 400


class Counted(list[Field]):
    """Fields of a record that count how often somebody goes through them."""

    passes = 0

    def __iter__(self) -> Iterator[Field]:
        """Begin a pass."""
        self.passes += 1
        return super().__iter__()

    def __getitem__(self, index: SupportsIndex | slice) -> Any:  # noqa: ANN401 - as list has it
        """One field, which is no pass."""
        return super().__getitem__(index)


def wide(name: str = "f") -> tuple[Record, Counted]:
    """A record of many fields of one named type."""
    fields = [
        {"name": f"{name}{n}", "type": "A" if n else {"type": "fixed", "name": "A", "size": 1}}
        for n in range(WIDE)
    ]
    root = parse(json.dumps({"type": "record", "name": "R", "fields": fields})).root
    assert isinstance(root, Record)
    counted = Counted(root.fields)
    root.fields = counted
    return root, counted


@pytest.mark.parametrize("level", ["BACKWARD", "FORWARD", "FULL"])
def test_a_comparison_goes_through_a_record_a_few_times(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many fields it has: work that grows with their square is seconds for one request."""
    made: list[object] = []
    plain = RecordSchema.fields_dict.fget
    assert plain is not None
    monkeypatch.setattr(
        RecordSchema, "fields_dict", property(lambda record: made.append(record) or plain(record))
    )
    (new, fields), (old, earlier) = wide(), wide()
    assert check(new, [Earlier(1, "", old)], level).compatible
    assert logical_changes(new, old) == []
    assert diff(old, new) == []
    assert max(fields.passes, earlier.passes) < 40
    assert len(made) <= 4


def filled(texts: list[str], references: list[list[int]]) -> RegistryState:
    """A registry with these schemas as r0, r1 and so on, each with references to others."""
    state = RegistryState()
    for number, text in enumerate(texts):
        listed = tuple(Reference(f"R{other}", f"r{other}", 1) for other in references[number])
        given = Submission(text, references=listed)
        change = register(state, subject(f"r{number}"), given, normalize=False, recursive=False)
        for entry in change.entries:
            key, value = encode(entry)
            state.apply(decode(key, value, timestamp=1), state.offset + 1)
    return state


def record(number: int, doc: str = "") -> str:
    """The text of a small record, as large as its doc."""
    fields = [{"name": "x", "type": "int"}]
    return json.dumps({"type": "record", "name": f"R{number}", "doc": doc, "fields": fields})


def test_what_a_schema_refers_to_is_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten schemas of 120 kB under one are refused as too large, before any of them is read."""
    state = filled([record(n, "x" * 120_000) for n in range(10)], [[]] * 10)
    read: list[int] = []
    monkeypatch.setattr(submission, "read", lambda *texts: read.append(len(texts)))
    references = tuple(Reference(f"R{n}", f"r{n}", 1) for n in range(10))
    with pytest.raises(RegistryRefusal, match=str(MAX_TEXTS)) as refused:
        register(
            state, subject("s"), Submission('"R0"', references=references), normalize=False, recursive=False
        )
    assert (refused.value.error_code, read) == (TOO_LARGE, [])


def test_a_long_list_of_references_is_refused_unread() -> None:
    """One schema named ten thousand times costs no look-up, and the answer does not repeat the list."""

    class Asked(RegistryState):
        def resolve(self, reference: Reference, context: str) -> NoReturn:
            raise AssertionError(f"{reference} was looked up in {context}")

    given = Submission('"A"', references=(Reference("A", "a", 1),) * 10_000)
    with pytest.raises(RegistryRefusal, match=str(MAX_REFERENCED)) as refused:
        register(Asked(), subject("s"), given, normalize=False, recursive=False)
    assert refused.value.error_code == TOO_LARGE
    assert len(refused.value.message) < 500


def test_an_answer_does_not_repeat_what_was_sent() -> None:
    """A refusal quotes of long references and texts the beginning."""
    references = tuple(Reference("A" * 900, "a" * 900, 1) for _ in range(MAX_REFERENCED))
    with pytest.raises(RegistryRefusal) as refused:
        register(
            RegistryState(),
            subject("s"),
            Submission('"A"', references=references),
            normalize=False,
            recursive=False,
        )
    assert len(refused.value.message) < 10_000


def test_schemas_that_refer_to_each_other_are_looked_up_once_each() -> None:
    """Sixty schemas, each with references to all before it, are sixty look-ups."""
    count = 60
    state = filled([record(n) for n in range(count)], [list(range(n)) for n in range(count)])
    asked: list[Reference] = []
    plain = state.resolve
    state.resolve = lambda reference, context: asked.append(reference) or plain(reference, context)  # type: ignore[method-assign]
    texts = submission.referenced(state, DEFAULT, [Reference(f"R{count - 1}", f"r{count - 1}", 1)])
    assert len(texts) == count
    assert len(asked) <= 2 * count
