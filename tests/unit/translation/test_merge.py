"""Absent is unchanged, cleared is null, items merge by key and may move to another parent."""

import json
from typing import Any

from schemas.avro.schema import Schema
from schemas.translation.merge import merge


def optional(node: object) -> list[object]:
    """A union with null."""
    return ["null", node]


def record(name: str, *fields: dict[str, object]) -> dict[str, object]:
    """A record type."""
    return {"type": "record", "name": name, "fields": list(fields)}


def field(name: str, node: object, **properties: object) -> dict[str, object]:
    """An optional field with properties of its own."""
    return {"name": name, "type": optional(node), "default": None, **properties}


def key(name: str) -> dict[str, object]:
    """A text field that is always there."""
    return {"name": name, "type": "string"}


def many(items: object) -> dict[str, object]:
    """An array type."""
    return {"type": "array", "items": items}


SEAL = record("Seal", key("number"), field("owner", "string"))
BOX = record("Box", key("no"), field("kg", "int"), field("seals", many(SEAL), itemKey="number"))
BOXES = field("boxes", many(BOX), itemKey="no", itemMoves=True)
WAGON = record("Wagon", key("id"), field("tare", "int"), BOXES)
WAGONS = field("wagons", many(WAGON), itemKey="id")
NOTE = Schema.parse(
    json.dumps(record("Note", field("eta", "string"), field("tags", many("string")), WAGONS))
).record


def box(no: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A container with a number and whatever else is said of it."""
    return {"no": no, "kg": None, "seals": None, **more}


def wagon(id_: str, *boxes: dict[str, Any], tare: int | None = None) -> dict[str, Any]:
    """A wagon with its containers."""
    return {"id": id_, "tare": tare, "boxes": list(boxes) or None}


def note(*wagons: dict[str, Any], eta: str | None = None, tags: list[str] | None = None) -> dict[str, Any]:
    """A note with its wagons."""
    return {"eta": eta, "tags": tags, "wagons": list(wagons) or None}


def test_absent_is_unchanged_and_given_replaces() -> None:
    """What the partial does not say stays; what it says counts; plain lists are replaced whole."""
    merged = merge(NOTE, note(eta="1", tags=["a", "b"]), note(tags=["c"]))
    assert merged == note(eta="1", tags=["c"])


def test_cleared_is_null_at_any_depth() -> None:
    """A pointer that was explicitly null empties the field, in items found by key."""
    old = note(wagon("W1", box("B1", kg=5)), wagon("W2", box("B2", kg=6)), eta="1")
    partial = note(wagon("W2", box("B2")))
    merged = merge(NOTE, old, partial, ["/eta", "/wagons/0/boxes/0/kg"])
    assert merged == note(wagon("W1", box("B1", kg=5)), wagon("W2", box("B2")))


def test_items_merge_by_key_and_keep_their_order() -> None:
    """A known item is merged in place, a new one comes last."""
    old = note(wagon("W1", tare=20), wagon("W2", tare=21))
    merged = merge(NOTE, old, note(wagon("W3"), wagon("W2", box("B1"))))
    assert merged == note(wagon("W1", tare=20), wagon("W2", box("B1"), tare=21), wagon("W3"))


def test_an_item_moves_to_the_parent_that_now_names_it() -> None:
    """A container set on another wagon leaves the first and keeps what is known of it."""
    old = note(wagon("W1", box("B1", kg=7), box("B2")), wagon("W2"))
    merged = merge(NOTE, old, note(wagon("W2", box("B1", seals=[{"number": "S", "owner": None}]))))
    moved = box("B1", kg=7, seals=[{"number": "S", "owner": None}])
    assert merged == note(wagon("W1", box("B2")), wagon("W2", moved))


def test_an_item_moves_to_a_parent_not_known_before() -> None:
    """Transloading puts the container on a wagon that the note did not have."""
    merged = merge(NOTE, note(wagon("W1", box("B1", kg=7))), note(wagon("W9", box("B1"), tare=19)))
    assert merged["wagons"] == [
        {"id": "W1", "tare": None, "boxes": []},
        wagon("W9", box("B1", kg=7), tare=19),
    ]


def test_arguments_are_not_changed() -> None:
    """Merging makes a new document."""
    old, partial = note(wagon("W1", box("B1"))), note(wagon("W2", box("B1")))
    before = json.dumps([old, partial])
    merge(NOTE, old, partial, ["/eta"])
    assert json.dumps([old, partial]) == before
