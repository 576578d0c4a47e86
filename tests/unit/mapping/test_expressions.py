"""What expressions give, null-safe, on datums and on JSON structs alike."""

import json
import uuid
from decimal import Decimal
from typing import Any

import pytest

from schemas.avro.codec import Codec
from schemas.avro.schema import Schema
from schemas.errors import Invalid, Misconfigured
from schemas.mapping.compile import compile_expression, load
from schemas.mapping.inputs import access_for
from schemas.translation import Context, Record, Result, Translator
from tests.support.small_mapping import CODES, NOTE

NAMESPACE = uuid.UUID("6f7c1e0a-5d3b-5c8e-9a41-c0221dd07e55")
BOX = {"id": "CSQU3054383", "kg": 2500, "seals": ["S1", "S2"]}
DATUM: dict[str, Any] = {
    "number": "0012345", "version": 7, "kind": "DELTA", "op": "20", "place": None, "remark": " a-b ",
    "tonnes": Decimal("12.500"), "boxes": [BOX, {"id": "B2", "kg": None, "seals": []}], "nulls": ["/place"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("version + 1", 8),
        ("version * 2 - 3 % 2", 13),
        ("version / 2", Decimal("3.5")),
        ("tonnes * 2", Decimal("25.000")),
        ("tonnes + 1", Decimal("13.500")),
        ("-version", -7),
        ("place + 'x'", None),
        ("version + boxes[1].kg", None),
        ("boxes[5].kg", None),
        ("boxes[-1].id", "B2"),
        ("number[0:3]", "001"),
        ("number[-1]", "5"),
        ("f'{number}/{version}'", "0012345/7"),
        ("f'{{{op}}}'", "{20}"),
        ("f'{place}!'", None),
        ("f'{tonnes}'", "12.500"),
        ("place == '20'", False),
        ("place != '20'", False),
        ("place == None", True),
        ("place is not None", False),
        ("op != '21'", True),
        ("op in ['10', '20']", True),
        ("place not in ['10']", False),
        ("kind == 'DELTA'", True),
        ("kind == DELTA", True),
        ("not has(place) and has(op)", True),
        ("place == 'x' or version > 6", True),
        ("'big' if version > 5 else 'small'", "big"),
        ("first(place, op, number)", "20"),
        ("[b.id for b in boxes if b.kg is not None]", ["CSQU3054383"]),
        ("[s for b in boxes for s in b.seals]", ["S1", "S2"]),
        ("any(b.kg > 2000 for b in boxes)", True),
        ("all(len(b.seals) > 0 for b in boxes)", False),
        ("len(boxes)", 2),
        ("upper(strip(remark))", "A-B"),
        ("replace(remark, '-', '+')", " a+b "),
        ("split(strip(remark), '-')", ["a", "b"]),
        ("join('+', split(strip(remark), '-'))", "a+b"),
        ("starts(number, '00')", True),
        ("int(number)", 12345),
        ("int(remark)", None),
        ("decimal(op)", Decimal(20)),
        ("text(tonnes)", "12.500"),
        ("text(1.5)", "1.5"),
        ("valid('iso6346', boxes[0].id)", True),
        ("valid('iso6346', place)", False),
        ("known('stations', place)", False),
        ("convert(tonnes, 'TNE', 'KGM')", Decimal(12500)),
        ("convert(1000, 'LTR', 'MTQ')", Decimal(1)),
        ("convert(tonnes, 'TNE', 'MTQ')", None),
        ("mass(2, 800)", Decimal(1600)),
        ("volume(1600, 800)", Decimal(2)),
        ("mass(tonnes, None)", None),
        ("date_text(date_days('29.02.2024'))", "29.02.2024"),
        ("offset_text(offset_minutes(0, 'Asia/Baku'))", "+04:00"),
        ("cleared('/place')", True),
        ("cleared('/op')", False),
        ("saying(op, place)", "20"),
        ("saying(place, op, number)", None),
        ("uuid5('a', 'b') == uuid5('ab')", False),
        ("uuid5('a', place)", None),
        ("uuid5('a', 1)", str(uuid.uuid5(NAMESPACE, "a\x1f1"))),
    ],
)
def test_expression_gives(expression: str, value: object) -> None:
    """One expression over one datum."""
    assert compile_expression(expression, NOTE, CODES)(DATUM) == value


AMOUNT = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
FLAT_BOX = {
    "type": "record",
    "name": "B",
    "fields": [
        {"name": "no", "type": "string"},
        {"name": "x", "type": ["null", "double"], "default": None},
    ],
}
FLAT = Schema.parse(
    json.dumps(
        {
            "type": "record", "name": "test.flat.v1",
            "fields": [
                {"name": "id", "type": "string"},
                {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
                {"name": "day", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
                {"name": "amount", "type": ["null", AMOUNT], "default": None},
                {"name": "class", "type": "string", "default": "none"},
                {"name": "boxes", "type": {"type": "array", "items": FLAT_BOX}, "default": []},
            ],
        }
    )
)  # fmt: skip
COPY = """
mapping: copy
from: test.flat.v1
to: test.flat.v1
rules:
  - rule: one
    set:
      id: check('iso6346', id)
      at: at
      day: day
      amount: amount
      class: upper(first(boxes[0].no, ''))
      boxes: {each: {b: boxes}, set: {no: "check('iso6346', b.no)", x: b.x}}
ignores: [class]
"""
LINE = (
    b'{"id":"CSQU3054383","at":"2026-01-12T08:30:00.250Z","day":"2026-01-12","amount":"12.50",'
    b'"boxes":[{"no":"CSQU3054383"},{"no":"CSQU3054384","x":1.5}]}'
)


def translate(form: str, body: bytes, text: str = COPY) -> Result:
    """One message through a stateless mapping, in either form."""
    mapping = load(
        text,
        "copy.yaml",
        lambda name: {"test.flat.v1": FLAT}[name],
        CODES,
        "attr" if form == "json" else "item",
    )
    context = Context("m", "p/m", "p", 0, 0, ("p",))
    return Translator(mapping, form).translate(Record(b"", body, context), lambda _: None)  # type: ignore[arg-type]


def test_json_structs_and_datums_give_the_same_bytes_and_findings() -> None:
    """The two ways to read come from one plan."""
    from schemas.avro.jsonform import JsonForm

    avro = JsonForm(FLAT).to_avro(LINE)
    one, two = translate("avro", avro), translate("json", LINE)
    assert [output[:5] for output in one.outputs] == [output[:5] for output in two.outputs]
    assert one.findings == two.findings
    assert [(f.pointer, f.value) for f in one.findings] == [("/boxes/1/no", "CSQU3054384")]
    datum = Codec(FLAT).decode(one.outputs[0].body)
    assert datum["at"] == 1768206600250
    assert datum["amount"] == Decimal("12.50")
    assert datum["class"] == "CSQU3054383"


@pytest.mark.parametrize("count", [0, 1, 63, 64, 8_192])
def test_lists_of_any_length_are_encoded_canonically(count: int) -> None:
    """The number of items is known last and stands in front of them, in as many bytes as it needs."""
    boxes = [{"no": "CSQU3054383", "x": None}] * count
    flat = Codec(FLAT)
    body = flat.encode({"id": "CSQU3054383", "at": 0, "boxes": boxes})
    assert flat.decode(translate("avro", body).outputs[0].body)["boxes"] == boxes


LOOK_UP = COPY.replace("amount: amount", "amount: lookup('stations', id, 'lat')").replace(
    "[class]", "[class, amount]"
)


def test_what_a_code_list_has_is_rounded_at_the_scale_of_the_target() -> None:
    """Decimals of a column are rounded like any others; what is not in the list is null, and told."""
    known = translate("json", LINE.replace(b"CSQU3054383", b"707701", 1), LOOK_UP)
    latitude = CODES.column("stations", "lat")["707701"]
    assert Codec(FLAT).decode(known.outputs[0].body)["amount"] == round(latitude, 2)
    assert known.losses == []
    unknown = translate("json", LINE, LOOK_UP)
    assert Codec(FLAT).decode(unknown.outputs[0].body)["amount"] is None
    assert [(loss.pointer, loss.reason) for loss in unknown.losses] == [("/id", "unknown-code")]


SAYING = COPY.replace("at: at", "at: saying(at, loss(day, 'implied', 'x'), amount, boxes)").replace(
    "      day: day\n      amount: amount\n", ""
)


def test_what_stands_beside_a_value_is_said_with_it_and_not_carried() -> None:
    """Its losses are told; what is read and not told stays lost."""
    said = translate("json", LINE, SAYING)
    assert Codec(FLAT).decode(said.outputs[0].body)["at"] == 1768206600250
    assert {(loss.pointer, loss.reason) for loss in said.losses} == {
        ("/day", "implied"),
        ("/amount", "no-equivalent"),
    }


def test_a_code_list_whose_values_do_not_fit_does_not_compile() -> None:
    """All values of a column are encoded when the mapping is compiled."""
    narrow = Schema.parse(FLAT.text.replace('"precision": 9', '"precision": 2'))
    with pytest.raises(Misconfigured, match="stations lat"):
        load(LOOK_UP, "look-up.yaml", lambda _: narrow, CODES)


def test_structs_are_chosen_where_they_can_be() -> None:
    """Schemas with explicit nulls are read as datums."""
    mapping = load(COPY, "copy.yaml", lambda name: {"test.flat.v1": FLAT}[name], CODES)
    assert access_for(mapping.document, FLAT) == "attr"
    assert access_for(mapping.document, NOTE) == "item"


def test_invalid_json_names_the_field() -> None:
    """The error is that of the JSON form."""
    with pytest.raises(Invalid) as caught:
        translate("json", LINE.replace(b'"no":"CSQU3054384"', b'"no":7'))
    assert caught.value.pointer == "/boxes/1/no"


def test_decimals_are_rounded_half_to_even_at_the_scale_of_the_target() -> None:
    """More digits than the target has are rounded, never refused."""
    result = translate("json", LINE, COPY.replace("amount: amount", "amount: amount * 0.0102"))
    assert Codec(FLAT).decode(result.outputs[0].body)["amount"] == Decimal("0.13")
