"""The rules of Avro's schema evolution, one small pair of schemas per rule."""

from __future__ import annotations

import json

from schemas.avro.lint import Json


def record(*fields: Json, name: str = "R", **more: Json) -> Json:
    """Make a record; a field is (name, type) or (name, type, default)."""
    made = [{"name": f[0], "type": f[1], **({"default": f[2]} if len(f) > 2 else {})} for f in fields]
    return {"type": "record", "name": name, "fields": made, **more}


def enum(*symbols: str, **more: Json) -> Json:
    """Make an enum."""
    return {"type": "enum", "name": "E", "symbols": list(symbols), **more}


def fixed(size: int, name: str = "F", **more: Json) -> Json:
    """Make a fixed."""
    return {"type": "fixed", "name": name, "size": size, **more}


def logical(kind: str, logical_type: str, **more: Json) -> Json:
    """Make a logical type."""
    return {"type": kind, "logicalType": logical_type, **more}


A = ("a", "int")
PROMOTED = ("int", "long", "float", "double", "string", "bytes", "boolean", "null")

_RULES: list[tuple[str, Json, Json]] = [
    ("same", record(A), record(A)),
    ("field added with default", record(A), record(A, ("b", "string", "x"))),
    ("field added without default", record(A), record(A, ("b", "string"))),
    ("field removed", record(A, ("b", "string")), record(A)),
    ("field with default removed", record(A, ("b", "string", "x")), record(A)),
    ("fields in another order", record(A, ("b", "string")), record(("b", "string"), A)),
    ("field renamed", record(A), record(("b", "int"))),
    ("field renamed with default", record(A), record(("b", "int", 1))),
    ("field type changed", record(A), record(("a", "string"))),
    ("default changed", record(("a", "int", 1)), record(("a", "int", 2))),
    ("default removed", record(("a", "int", 1)), record(A)),
    ("doc changed", record(A), record(A, doc="new")),
    ("record renamed", record(A), record(A, name="S")),
    ("record renamed with alias", record(A), record(A, name="S", aliases=["R"])),
    ("namespace changed", record(A, namespace="x"), record(A, namespace="y")),
    ("nested record renamed", record(("a", record(A, name="N"))), record(("a", record(A, name="M")))),
    (
        "nested field added",
        record(("a", record(A, name="N"))),
        record(("a", record(A, ("b", "int"), name="N"))),
    ),
    ("made nullable", record(A), record(("a", ["null", "int"]))),
    ("made nullable, null last", record(A), record(("a", ["int", "null"]))),
    ("made required", record(("a", ["null", "int"])), record(A)),
    ("union branch added", record(("a", ["null", "int"])), record(("a", ["null", "int", "string"]))),
    ("union branch removed", record(("a", ["null", "int", "string"])), record(("a", ["null", "int"]))),
    ("union branches in another order", record(("a", ["null", "int"])), record(("a", ["int", "null"]))),
    ("union promoted", record(("a", ["int", "string"])), record(("a", ["long", "string"]))),
    ("union to its wider branch", ["int", "long"], ["long"]),
    ("union of one to its type", ["int"], "int"),
    ("string and bytes to bytes", ["string", "bytes"], ["bytes"]),
    ("union of records, one renamed", [record(A), record(A, name="S")], [record(A), record(A, name="T")]),
    ("empty union", [], ["null"]),
    ("enum symbol added", enum("A", "B"), enum("A", "B", "C")),
    ("enum symbol removed", enum("A", "B"), enum("A")),
    ("enum symbol removed, with default", enum("A", "B"), enum("A", default="A")),
    ("enum symbols in another order", enum("A", "B"), enum("B", "A")),
    ("enum default removed", enum("A", default="A"), enum("A")),
    ("enum renamed", enum("A"), {**enum("A"), "name": "G"}),
    ("enum field added", record(A), record(A, ("e", enum("A")))),
    ("enum field with enum default added", record(A), record(A, ("e", enum("A", default="A")))),
    ("fixed resized", fixed(4), fixed(8)),
    ("fixed renamed", fixed(4), fixed(4, "G")),
    ("fixed renamed with alias", fixed(4), fixed(4, "G", aliases=["F"])),
    ("fixed to bytes", fixed(4), "bytes"),
    ("array items promoted", {"type": "array", "items": "int"}, {"type": "array", "items": "long"}),
    ("array items changed", {"type": "array", "items": "int"}, {"type": "array", "items": "string"}),
    ("map values promoted", {"type": "map", "values": "int"}, {"type": "map", "values": "double"}),
    ("array to map", {"type": "array", "items": "int"}, {"type": "map", "values": "int"}),
    ("record to map", record(A), {"type": "map", "values": "int"}),
    ("recursive, field added", record(("n", ["null", "R"])), record(("n", ["null", "R"]), ("b", "int", 1))),
    (
        "recursive, type changed",
        record(("n", ["null", "R"]), A),
        record(("n", ["null", "R"]), ("a", "string")),
    ),
    ("string to enum", "string", enum("A")),
    (
        "decimal scale",
        logical("bytes", "decimal", precision=9, scale=2),
        logical("bytes", "decimal", precision=9, scale=3),
    ),
    ("millis to micros", logical("long", "timestamp-millis"), logical("long", "timestamp-micros")),
    ("uuid to string", logical("string", "uuid"), "string"),
    ("date to int", logical("int", "date"), "int"),
    (
        "field renamed with alias",
        record(A),
        {"type": "record", "name": "R", "fields": [{"name": "b", "type": "int", "aliases": ["a"]}]},
    ),
    (
        "alias that matches two fields",
        record(A, ("b", "int")),
        {"type": "record", "name": "R", "fields": [{"name": "b", "type": "int", "aliases": ["a"]}]},
    ),
]

RULES: list[tuple[str, str, str]] = [
    (name, json.dumps(old), json.dumps(new)) for name, old, new in _RULES
] + [
    (f"{old} to {new}", json.dumps(old), json.dumps(new))
    for old in PROMOTED
    for new in PROMOTED
    if old != new
]
"""Name, old schema and new schema of each rule."""
