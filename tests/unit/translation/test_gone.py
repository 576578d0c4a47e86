"""What a target keeps of items that are gone from a document, and what it is told when they come back."""

from typing import Any

from schemas.translation import gone
from tests.unit.translation.test_merge import NOTE, box, note, wagon

SEALED = note(wagon("W1", box("B1", kg=7), box("B2"), tare=20))


def said(one: dict[str, Any]) -> dict[str, Any]:
    """A document without nulls, as the assembler has it."""
    return {
        name: [said(each) for each in value] if isinstance(value, list) else value
        for name, value in one.items()
        if value is not None
    }


def test_what_is_gone_is_remembered_until_it_is_back() -> None:
    """Wagons and containers, each with what was told of it."""
    before, now = said(SEALED), said(note(wagon("W2", box("B2"))))
    kept = gone.renew(NOTE, {}, before, now)
    assert kept == {"wagons": {"W1": {"tare": 20}}, "wagons/boxes": {"B1": {"kg": 7}}}
    assert gone.renew(NOTE, kept, now, before) == {"wagons": {"W2": {}}}


def test_one_that_comes_back_has_what_is_not_said_of_it_any_more() -> None:
    """So that it is told to be null; what is said anew is told anyway."""
    kept = gone.renew(NOTE, {}, said(SEALED), {})
    back = said(note(wagon("W1", box("B1")), wagon("W3", box("B2", kg=5))))
    assert gone.remembered(NOTE, kept, {}, back) == {
        "wagons": [{"id": "W1", "tare": 20, "boxes": [{"no": "B1", "kg": 7}]}]
    }
    assert gone.remembered(NOTE, kept, back, back) == back


def test_few_of_them_are_remembered() -> None:
    """Those that went first are forgotten."""
    before = said(note(*(wagon(f"W{n}", tare=n) for n in range(gone.MAX_GONE + 1))))
    kept = gone.renew(NOTE, {}, before, {})["wagons"]
    assert (len(kept), "W0" in kept) == (gone.MAX_GONE, False)
