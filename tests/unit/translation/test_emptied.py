"""Which items of a document carry nothing any more, because a part has moved what they carried."""

from schemas.translation.emptied import emptied, told_of
from tests.unit.translation.test_merge import NOTE, box, note, wagon

FULL, BARE = note(wagon("W1", box("B1"))), note(wagon("W1"), wagon("W2", box("B1")))


def test_one_whose_items_are_with_another_carries_nothing() -> None:
    """It is known as that until something is put into it again."""
    assert emptied(NOTE, FULL, BARE, []) == ["W1"]
    assert emptied(NOTE, BARE, BARE, ["W1"]) == ["W1"]
    assert emptied(NOTE, BARE, note(wagon("W1", box("B2")), wagon("W2", box("B1"))), ["W1"]) == []


def test_one_that_never_carried_anything_is_no_such_item() -> None:
    """Nor is one whose items are gone altogether."""
    assert emptied(NOTE, BARE, BARE, []) == []
    assert emptied(NOTE, FULL, note(wagon("W1")), []) == []
    assert emptied(NOTE, None, BARE, []) == []


def test_a_part_that_names_such_items_alone_tells_of_them() -> None:
    """Beside others they are only listed."""
    assert told_of(NOTE, note(), ["W1"]) == ["W1"]
    assert told_of(NOTE, note(wagon("W1"), wagon("W2")), ["W1"]) == ["W1"]
    assert told_of(NOTE, note(wagon("W1")), ["W1"]) == []
