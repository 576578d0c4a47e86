"""Decimals that msgpack has made text of come back, wherever they stand, and nothing else changes."""

from __future__ import annotations

from decimal import Decimal

from schemas.avro.schema import Array, DecimalType, Field, Map, Nullable, Primitive, Record
from schemas.translation.decimals import restorer

MASS = DecimalType(12, 3)
TEXT = Primitive("string")
WAGON = Record("Wagon", (Field("number", TEXT), Field("mass", Nullable(MASS))))


def test_decimals_come_back_at_any_depth() -> None:
    """In records, lists and maps, null or not; text that looks like a number stays text."""
    note = Record(
        "Note",
        (
            Field("key", TEXT),
            Field("wagons", Array(WAGON)),
            Field("by_owner", Map(Nullable(MASS))),
            Field("net", Nullable(MASS)),
        ),
    )
    restore = restorer(note)
    assert restore is not None
    given = {
        "key": "120.240",
        "wagons": [{"number": "75003111", "mass": "120.240"}, {"number": "1", "mass": None}, {"number": "2"}],
        "by_owner": {"A": "5.000", "B": None},
        "net": None,
    }
    assert restore(given) == {
        "key": "120.240",
        "wagons": [
            {"number": "75003111", "mass": Decimal("120.240")},
            {"number": "1", "mass": None},
            {"number": "2"},
        ],
        "by_owner": {"A": Decimal("5.000"), "B": None},
        "net": None,
    }
    assert given["by_owner"] == {"A": "5.000", "B": None}


def test_a_type_without_decimals_needs_nothing() -> None:
    """There is no function to call."""
    assert restorer(Record("Names", (Field("names", Array(Nullable(TEXT))),))) is None
