import json

import pytest

from schemas.registry.guid import guid
from schemas.registry.reading import InvalidSchema, parse
from schemas.registry.records import Reference
from schemas.registry.resolve import inline
from schemas.registry.text import canonical, json_text, normalized
from tests.support.avro_java.record import TEXTS

RECORDED = [json.loads(line) for line in TEXTS.read_text().splitlines()]


@pytest.mark.parametrize("case", RECORDED, ids=[f"{n}" for n, _ in enumerate(RECORDED)])
def test_text_is_that_of_avro_java(case: dict[str, str | None]) -> None:
    """A schema prints as Avro Java prints it, and what Avro Java refuses is refused."""
    assert case["schema"] is not None
    if case["text"] is None:
        with pytest.raises(InvalidSchema):
            parse(case["schema"])
    else:
        assert canonical(parse(case["schema"])) == case["text"]


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"record","name":"Aé","fields":[]}',
        '{"type":"record","name":"R","namespace":5,"fields":[]}',
        (
            '{"type":"record","name":"R","fields":[{"name":"e","type":'
            '{"type":"enum","name":"E","symbols":["A"]},"default":"Z"}]}'
        ),
        '{"type":"record","name":"R","fields":[{"name":"a","type":"bytes","default":"\u0100"}]}',
        '{"type":"fixed","name":"F","size":2,"aliases":["9"]}',
        "\ud800",
        '{"type":"record","name":"R","fields":[{"name":"a","type":"double","default":NaN}]}',
    ],
)
def test_what_avro_java_lets_pass_against_the_specification_is_refused(text: str) -> None:
    """Names outside ASCII, defaults that no reader can use, and texts that are no JSON are refused."""
    with pytest.raises(InvalidSchema):
        parse(text)


def test_guid_is_that_of_confluent() -> None:
    """The MD5 of text, references and metadata, as recorded from Confluent 8.1.1."""
    text = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}'
    assert guid('"string"') == "095d71cf-1255-6b9d-5e33-0ad575b3df5d"
    assert guid(text) == "e4d94c3f-c345-bad6-d759-ac6f42ea94f7"
    assert guid(text, (), {"properties": {"owner": "x"}}) == "0b6522b6-7c9d-71e3-61d7-a64f2bcd52ee"
    assert guid(text, [Reference("a", "b", 1)]) != guid(text, [Reference("a", "b", 2)])


def test_normal_form_sorts_what_has_no_order() -> None:
    """Other attributes and aliases are sorted, fields and symbols are not."""
    left = '{"type":"record","name":"R","z":1,"a":2,"aliases":["q","b"],"fields":[{"name":"y","type":"int"}]}'
    right = (
        '{"a":2,"type":"record","name":"R","z":1,"aliases":["b","q"],"fields":[{"name":"y","type":"int"}]}'
    )
    assert canonical(parse(left)) != canonical(parse(right))
    assert normalized(parse(left)) == normalized(parse(right))


def test_references_are_inlined_where_they_are_first_used() -> None:
    """A schema and its references become one text that means the same."""
    city = '{"type":"record","name":"City","namespace":"g","fields":[]}'
    address = '{"type":"record","name":"Address","namespace":"g","fields":[{"name":"c","type":"City"}]}'
    text = '{"type":"array","items":"g.Address"}'
    assert canonical(parse(text, [city, address])) == text
    whole = inline(text, [city, address])
    assert canonical(parse(whole)) == whole
    assert '"name":"City"' in whole


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e10, "1.0E10"), (1e-5, "1.0E-5"), (0.001, "0.001"), (9999999.0, "9999999.0"), (0.0, "0.0")],
)
def test_doubles_are_printed_as_java_prints_them(value: float, text: str) -> None:
    """Exponents begin where Java's do."""
    assert json_text(value) == text
