"""Parsed schemas."""

from __future__ import annotations

import decimal
import json

import pytest

from schemas.avro.schema import (
    MISSING,
    Array,
    DecimalType,
    Enum,
    Field,
    Map,
    Nullable,
    Primitive,
    Record,
    Schema,
)
from schemas.errors import Invalid

ADDRESS = (
    '{"type":"record","name":"Address","namespace":"corridor","fields":[{"name":"city","type":"string"}]}'
)
NOTE = json.dumps(
    {
        "type": "record",
        "name": "corridor.Note",
        "explicitNulls": "cleared",
        "fields": [
            {"name": "number", "type": "string", "doc": "Its number.", "unit": "none"},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "default": 5},
            {
                "name": "wagons",
                "itemKey": "number",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Wagon",
                        "fields": [
                            {"name": "number", "type": "string"},
                            {
                                "name": "mass",
                                "type": [
                                    "null",
                                    {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
                                ],
                                "default": None,
                            },
                        ],
                    },
                },
                "default": [{"number": "1"}],
            },
            {"name": "spare", "type": ["null", "Wagon"]},
            {"name": "seat", "type": ["null", "Address"]},
            {"name": "cleared", "type": {"type": "array", "items": "string"}, "default": []},
        ],
    }
)


@pytest.fixture
def schema() -> Schema:
    """A schema with a reference, a namespace and custom properties."""
    return Schema.parse(NOTE, [ADDRESS])


def test_nodes_say_what_the_text_says(schema: Schema) -> None:
    """Names resolve in their namespace and over references; logical types become their own nodes."""
    assert schema.fullname == "corridor.Note"
    assert schema.at("at").type == Primitive("long", "timestamp-millis")
    assert schema.at("wagons.mass").type == Nullable(DecimalType(9, 2))
    wagon = schema.at("spare").type
    assert isinstance(wagon, Nullable)
    assert schema.at("wagons").type == Array(wagon.inner)
    assert isinstance(wagon.inner, Record)
    assert wagon.inner.fullname == "corridor.Wagon"
    assert schema.at("seat.city") == Field("city", Primitive("string"))


def test_custom_properties_are_kept(schema: Schema) -> None:
    """What Avro does not know stays with its record or field."""
    assert schema.record.properties == {"explicitNulls": "cleared"}
    assert schema.at("wagons").properties == {"itemKey": "number"}
    assert (schema.at("number").doc, schema.at("number").properties) == ("Its number.", {"unit": "none"})


def test_defaults_are_datums(schema: Schema) -> None:
    """A default is in the form of a datum, nested defaults filled in."""
    assert schema.at("wagons").default == [{"number": "1", "mass": None}]
    assert schema.at("spare").default is MISSING
    text = '{"type":"bytes","logicalType":"decimal","precision":4,"scale":1}'
    other = Schema.parse(
        f'{{"type":"record","name":"R","fields":[{{"name":"a","type":{text},"default":"\\u00ff"}}]}}'
    )
    assert other.at("a").default == decimal.Decimal("-0.1")


def test_all_fields_are_listed_with_paths(schema: Schema) -> None:
    """Paths go through arrays and nullables, parents first."""
    paths = [path for path, _ in schema.fields()]
    assert paths[:5] == ["number", "at", "wagons", "wagons.number", "wagons.mass"]
    assert "seat.city" in paths


@pytest.mark.parametrize("path", ["nothing", "wagons.nothing", "number.more"])
def test_paths_that_lead_nowhere_name_the_step(schema: Schema, path: str) -> None:
    """The error has the step that does not exist."""
    with pytest.raises(KeyError, match=path.rpartition(".")[2]):
        schema.at(path)


def test_logical_types_that_do_not_fit_are_ignored() -> None:
    """As Avro demands, the underlying type is used."""
    assert Schema.parse('{"type":"string","logicalType":"date"}').root == Primitive("string")
    assert Schema.parse('{"type":"long","logicalType":"moon-phase"}').root == Primitive("long")
    assert Schema.parse('{"type":"map","values":{"type":"enum","name":"E","symbols":["A"]}}').root == Map(
        Enum("E", ("A",))
    )


@pytest.mark.parametrize(
    ("text", "code", "pointer"),
    [
        (
            '{"type":"record","name":"R","fields":[{"name":"a","type":["int","null"]}]}',
            "schema-unsafe",
            "/fields/0/type",
        ),
        ('{"type":"record","name":"R","fields":[{"name":"a","type":"Nowhere"}]}', "schema-invalid", ""),
        (
            '{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"x"}]}',
            "schema-invalid",
            None,
        ),
        ('{"type":"enum","name":"E","symbols":["A","A"]}', "schema-invalid", ""),
        ("17", "schema-invalid", ""),
    ],
)
def test_what_is_not_usable_is_refused_with_its_place(text: str, code: str, pointer: str | None) -> None:
    """Unions beyond ["null", T], unknown names, wrong defaults and plain nonsense are refused."""
    with pytest.raises(Invalid) as caught:
        Schema.parse(text)
    assert caught.value.code == code
    assert pointer is None or caught.value.pointer == pointer
