"""Hypothesis strategies: valid messages of a profile, made from its schema, identifiers and code lists."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from schemas import profiles
from schemas.avro.forms import CALENDAR, LOCAL_TIME, bounds, matcher
from schemas.avro.schema import Array, DecimalType, Enum, Field, Nullable, Primitive, Record, Type
from schemas.codes.lists import CodeLists

Datum = dict[str, Any]
CODES = CodeLists.load()
STATIONS = tuple(CODES.column("stations", "esr"))

IDENTIFIERS: dict[str, tuple[str, ...]] = {
    "esr": STATIONS,
    "iso6346": ("CSQU3054383", "BEAU5694302"),
    "wagon": ("94228053", "94623451", "74123456", "332785400125"),
    "etsng": ("201005",),
    "gng": tuple(CODES.column("goods", "gng")),
    "hs": ("270900", "854143"),
    "imo": ("9074729", "9319466", "8814275"),
    "mmsi": ("423000001", "436123456"),
    "plate": ("123ABC02", "45HK678"),
    "un_number": ("UN1267", "UN1202"),
    "unlocode": ("KZAAU", "AZALA", "GEPTI"),
    "train_index": ("7077-041-5721", "5485-007-5721"),
}
"""Valid samples by identifier."""


NUMBERS = st.from_regex("[0-9]{7}", fullmatch=True)
NOTE_KEYS = st.builds(
    "{}/{}/{}".format, st.sampled_from(STATIONS), st.dates(datetime.date(2024, 1, 1)), NUMBERS
)

PERMITS = st.sampled_from(("AZ-KZ-2026-2-1", "KZ-TR-2025-1-77"))


def _formed(values: Iterable[str], rules: Mapping[str, Any]) -> list[str]:
    """Those of the declared form: others never go out to a partner."""
    pattern = str(rules.get("pattern", ".*"))
    formed = [value for value in values if matcher(pattern).search(value)]
    assert formed, f"no sample has the form {pattern}"
    return formed


def _texts(field: Field) -> st.SearchStrategy[str]:
    rules = field.properties
    if "codeList" in rules:
        keys = (key for key, _ in CODES.rows(rules["codeList"]))
        if rules["codeList"] == "corridor-codes":  # kept under type and code; the field has the code
            keys = (key.rpartition("/")[2] for key in keys)
        return st.sampled_from(_formed(keys, rules))
    if rules.get("identifier") == "note_key":
        return NOTE_KEYS
    if "identifier" in rules:
        return st.sampled_from(_formed(IDENTIFIERS[rules["identifier"]], rules))
    pattern = str(rules.get("pattern", ""))
    times = st.datetimes(datetime.datetime(2024, 1, 1), datetime.datetime(2026, 12, 31))  # noqa: DTZ001 - local text
    if pattern in CALENDAR:
        form = "%d.%m.%Y %H:%M" if pattern == LOCAL_TIME else "%d.%m.%Y"
        return times.map(lambda time: time.strftime(form))
    if pattern.startswith("[+-]"):
        return st.builds("{:+03d}:{:02d}".format, st.integers(-12, 14), st.sampled_from((0, 30, 45)))
    if pattern:
        return st.from_regex(pattern, fullmatch=True)
    return st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)


def _numbers(field: Field) -> st.SearchStrategy[int]:
    """Whole numbers within the declared bounds."""
    low, high = bounds(field.properties)
    least = 1 if low is None else max(low, 1)
    return st.integers(least, least + 10**6 if high is None else high)


def _values(node: Type, field: Field) -> st.SearchStrategy[Any]:
    match node:
        case Nullable(inner):
            return st.none() | _values(inner, field)
        case Record():
            special = _SPECIAL.get(node.fullname.rpartition(".")[2])
            return special(_records(node)) if special else _records(node)
        case Array(items):
            key = field.properties.get("itemKey")
            unique = (lambda item: item[key]) if key else None
            return st.lists(_values(items, field), max_size=3, unique_by=unique)
        case Enum(_, symbols):
            return st.sampled_from(symbols)
        case DecimalType(precision, scale):
            top = 10 ** min(precision - scale, 9) - 1
            return st.decimals(0, top, places=scale)
        case Primitive(_, "uuid"):
            return st.uuids().map(str)
        case Primitive(_, "timestamp-millis"):
            return st.integers(1_700_000_000_000, 1_790_000_000_000)
        case Primitive("boolean"):
            return st.booleans()
        case Primitive("string"):
            return _texts(field)
        case _:
            return _numbers(field)


def _records(record: Record) -> st.SearchStrategy[Datum]:
    return st.fixed_dictionaries({field.name: _values(field.type, field) for field in record.fields})


@cache
def _root(profile: str) -> st.SearchStrategy[Datum]:
    """Give the records of a profile: made once, for building a strategy costs more than drawing from it."""
    return _records(profiles.load(profile).schema.record)


def records(profile: str) -> st.SearchStrategy[Datum]:
    """Any records of a profile, as its schema has them."""
    return _root(profile)


@st.composite
def _references(draw: st.DrawFn, records: st.SearchStrategy[Datum]) -> Datum:
    made = draw(records)
    if made["type"] in {"SMGS", "CIM"}:
        return made | {"value": draw(NOTE_KEYS), "original": draw(st.none() | NOTE_KEYS)}
    if made["type"] == "EPERMIT":
        return made | {"value": draw(PERMITS), "original": None}
    return made | {"original": None}


@st.composite
def _locations(draw: st.DrawFn, records: st.SearchStrategy[Datum]) -> Datum:
    made = draw(records)
    if made["facilityCode"] is None or made["facilityCodeProvider"] is None:
        return made | {"facilityCode": None, "facilityCodeProvider": None}
    if made["facilityCodeProvider"] == "ESR":
        return made | {"facilityCode": draw(st.sampled_from(STATIONS))}
    return made


_UNITS = ("equipmentReference", "railCarReference", "truckPlate")


@st.composite
def _seals(draw: st.DrawFn, records: st.SearchStrategy[Datum]) -> Datum:
    """A seal of blanks is none: nobody is told of it."""
    made = draw(records)
    return made if made["number"].strip() else made | {"number": "1"}


_SPECIAL = {"Seal": _seals, "Reference": _references, "Location": _locations}


@st.composite
def notes(draw: st.DrawFn) -> Datum:
    """Whole DTC notes: an operation has its station and its time; no annulments."""
    made: Datum = draw(_root("dtc.note.v1"))
    made |= {"messageKind": "SNAPSHOT", "explicitNulls": []}
    if made["oil"] is not None:
        made["oil"] = made["oil"] | {"computed": None}
    if (
        None in (made["operationCode"], made["operationStation"], made["operationTime"])
        or made["operationCode"] == "19"
    ):
        made |= {"operationCode": None, "operationStation": None, "operationTime": None}
    return made


@st.composite
def events(draw: st.DrawFn) -> Datum:
    """DLP events: type and code belong together, so do the two forms of the mode; a lot has a BULK event.

    What happened to equipment names it. A known place has an offset of its own, whatever was sent.
    """
    made: Datum = draw(_root("dlp.event.v1"))
    known = [key for key, row in CODES.rows("corridor-codes") if row["dlp"]]
    made["eventType"], made["eventCode"] = draw(st.sampled_from(known)).split("/")
    if made["bulk"] is not None:
        lot = made["bulk"] if made["eventType"] == "BULK" else {"lotNumber": None, "railCarReferences": None}
        made["bulk"] = made["bulk"] | lot | {"computed": None}
    if made["eventType"] == "EQUIPMENT" and not any(made[name] for name in _UNITS):
        made["equipmentReference"] = IDENTIFIERS["iso6346"][0]
    if made["location"] is not None:
        made["timeZoneOffset"] = None
    rec19 = CODES.lookup("modes", made["modeOfTransport"], "rec19") if made["modeOfTransport"] else None
    return made | {"modeOfTransportCode": int(str(rec19)) if rec19 is not None else None}
