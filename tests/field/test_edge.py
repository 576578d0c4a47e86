"""What is taken in and how it is refused: forms, identifiers, numbers and times as partners write them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import profiles
from schemas.avro.jsonform import JsonForm
from schemas.avro.schema import Schema
from schemas.codes.identifiers import NORMALISE
from schemas.errors import Invalid
from tests.support.field import CASES, Told, case, messages, told, translate

TO_DLP = "dtc.note.v1", "dlp.event.v1"
TO_EVENT = "dlp.event.v1", "corridor.event.v1"


def letter(found: Told) -> tuple[str, str, str]:
    """Code, pointer and value of the only dead letter."""
    (one,) = found.of("dead-letter")
    return one["code"], one["pointer"], one["value"]


def places(found: Told) -> list[str]:
    """Every pointer that the only dead letter names."""
    (one,) = found.of("dead-letter")
    return [each["pointer"] for each in one.get("violations", [one])]


def test_a_date_that_the_calendar_does_not_have_is_named() -> None:
    """The sender's field and value, not the target's and null."""
    found = case("057-contract-date-message", *TO_DLP)
    assert letter(found) == ("schema-violation", "/contractDate", "31.02.2026")


@pytest.mark.parametrize(
    "name",
    [
        "064-id-container-lower-case",
        "066-id-container-cyrillic",
        "068-id-container-trailing-space",
        "070-id-cyrillic-message",
    ],
)
def test_a_container_in_another_spelling_is_the_same_container(name: str) -> None:
    """CSQU3054383 however it is typed; the spelling is kept in a finding that names a look-alike."""
    found = case(name, *TO_DLP)
    typed = messages(name)[0]["wagons"][0]["containers"][0]["containerNo"]
    assert {one["equipmentReference"] for one in found.out if "equipmentReference" in one} == {"CSQU3054383"}
    (said,) = [one for one in found.of("finding") if one["rule"].startswith("normalised")]
    assert (said["pointer"], said["value"]) == ("/wagons/0/containers/0/containerNo", typed)
    assert ("Cyrillic С (U+0421)" in said["rule"]) == ("С" in typed)  # noqa: RUF001 - the look-alike


def test_all_that_is_wrong_with_a_message_is_told_at_once() -> None:
    """A word on each of the five fields: two refused, one read otherwise, two not in their lists."""
    found = case("071-id-form-and-list-not-checked", *TO_DLP)
    assert sorted(places(found)) == [
        "/consignor/country",
        "/contractCarrier",
        "/noteNumber",
        "/trainIndex",
        "/wagons/0/ownerAdmin",
    ]


def test_a_negative_quantity_goes_on_with_a_finding() -> None:
    """A mass or a number of things below zero is odd and no more: the list `plausibility` warns of it."""
    found = case("085-qty-negative", *TO_DLP)
    odd = [(one["pointer"], one["severity"]) for one in found.of("finding") if one["rule"] == "negative"]
    assert odd == [("/goods/0/netKg", "warning"), ("/goods/0/places", "warning")]
    assert found.code == 0
    assert found.out


def test_a_class_of_no_form_is_left_out_and_a_un_number_has_its_prefix() -> None:
    """UN 1202 is UN1202, and there is no class 33."""
    found = case("090-qty-un-class-form", *TO_DLP)
    (cargo,) = [one["cargo"][0] for one in found.out if one["cargo"]]
    assert (cargo["unNumber"], cargo.get("imoClass")) == ("UN1202", None)
    (said,) = [one for one in found.of("finding") if one["pointer"].endswith("hazardClass")]
    assert (said["severity"], said["value"]) == ("error", "33")


def test_a_number_where_text_is_wanted_is_said_so() -> None:
    """Decimals travel as text: a number may be rounded on its way."""
    found = case("093-qty-number-message", *TO_EVENT)
    assert letter(found) == ("schema-violation", "/cargo/0/quantity", "17.4")
    assert found.of("dead-letter")[0]["rule"].startswith("a number came, text is wanted")


def test_claims_of_a_permit_stay_with_the_permit() -> None:
    """Names and passports among the claims are withheld, and no report has them."""
    found = case("127-perm-claims-leak-person", "epermit.event.v1", "dlp.event.v1")
    said = json.dumps([found.out, found.report], ensure_ascii=False)
    assert found.out
    assert [name for name in ("IVANOV", "N12345678") if name in said] == []
    assert ("/other_claims", "personal-data") in {(x["pointer"], x["reason"]) for x in found.of("withheld")}


def test_milliseconds_where_seconds_belong_stop_no_other_message() -> None:
    """The field is named, the next line is translated."""
    found = case("129-perm-epoch-in-ms-ends-the-run", "epermit.event.v1", "dlp.event.v1")
    assert letter(found)[1:] == ("/activity_timestamp", "1768557600000")
    assert [one["eventCode"] for one in found.out] == ["EXIT"]


def test_an_ilu_code_is_no_broken_container_number() -> None:
    """EN 13044-1: the fourth letter K, the check digit of ISO 6346.

    By that sum RALK123456 has the digit 0 (5445 is 495 times 11), so the case's number is an ILU code with a
    typing error; QZBK123456 has 0 too, and nothing is said of it.
    """
    found = case("135-pub-ilu-swap-body", *TO_EVENT)
    assert found.out[0]["subject"]["id"] == "RALK1234564"
    assert found.rules("/equipmentReference") == {"ILU code check digit is 4, expected 0"}
    good = told(*TO_EVENT, EVENT | {"equipmentReference": "QZBK1234560"})
    assert good.rules("/equipmentReference") == set()


def test_a_time_is_cut_to_milliseconds() -> None:
    """RFC 3339 has any number of digits; nobody is refused for a good clock."""
    found = case("139-pub-microseconds-refused", *TO_EVENT)
    assert found.out[0]["when"]["occurred_at"] == "2024-10-11T15:22:11.219Z"
    assert found.rules("/eventDateTime") - {"operation-before-contract"} == {"time-truncated"}


def test_nan_is_named_with_its_field() -> None:
    """JSON has no NaN; the next message goes on."""
    found = case("145-mal-nan", *TO_DLP)
    assert letter(found) == ("json-malformed", "/wagons/0/containers/0/tareKg", "NaN")
    assert found.out


def test_a_line_has_the_number_that_an_editor_shows() -> None:
    """Blank lines count."""
    found = case("146-mal-line-number-after-blank-lines", *TO_DLP)
    assert [one["line"] for one in found.of("dead-letter")] == [5]


def test_utf_16_is_said_once() -> None:
    """One word for the file, not one a line about byte 0."""
    (one,) = case("148-mal-utf16", *TO_DLP).of("dead-letter")
    assert one["rule"] == "the text is UTF-16, UTF-8 is wanted"


def test_a_year_that_no_message_is_about_names_the_senders_field() -> None:
    """9999 is an error of typing, and no zone has it."""
    found = case("172-dlp-year-9999-message", "dlp.event.v1", "dtc.note.v1")
    assert letter(found)[1:] == ("/eventDateTime", "9999-12-31T23:59:59Z")


NOTE: dict[str, Any] = messages("057-contract-date-message")[0] | {"contractDate": "12.01.2026"}
FORMS = [
    ("contractDate", "2026-01-12"),
    ("contractDate", "12/01/2026"),
    ("contractDate", "31.02.2026"),
    ("contractDate", "29.02.2026"),
    ("contractDate", "12.01.2026\n"),
    ("contractDate", ""),
    ("noteNumber", "44-001/A"),
    ("noteNumber", ""),
    ("departureStation", "70770"),
    ("operationTime", "2026-01-12T09:10"),
    ("operationTime", "12.01.2026 9:10"),
    ("operationTime", "12.01.2026 24:00"),
    ("operationTime", "29.02.2026 12:00"),
    ("noteVersion", -1),
]


@pytest.mark.parametrize(("field", "value"), FORMS)
def test_a_value_of_another_form_is_refused_at_its_field(field: str, value: object) -> None:
    """The note's key and all ids follow from these fields: a wrong form would be a second consignment."""
    found = told(*TO_DLP, NOTE | {field: value})
    code = "time-invalid" if field == "operationTime" else "schema-violation"
    assert letter(found) == (code, f"/{field}", str(value))


def test_a_leap_day_is_taken() -> None:
    """29 February is a day of 2024."""
    assert told(*TO_DLP, NOTE | {"contractDate": "29.02.2024"}).of("dead-letter") == []


EVENT: dict[str, Any] = messages("135-pub-ilu-swap-body")[0] | {"equipmentReference": "QTZU2045080"}


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-12T09:41:39+1:00",
        "2026-06-30T23:59:60Z",
        "2026-01-12 09:41",
        "0000-01-01T00:00:00Z",
        "1768557600",
        "+58010-01-01T00:00:00Z",
        "",
    ],
)
def test_a_time_that_nobody_can_read_is_refused(value: str) -> None:
    """Malformed offsets and leap seconds are not guessed."""
    assert letter(told(*TO_EVENT, EVENT | {"eventDateTime": value}))[1:] == ("/eventDateTime", value)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("2026-01-12T09:41:39.116000-06:00", "2026-01-12T15:41:39.116Z"),
        ("2026-01-12T09:41:39.1169999Z", "2026-01-12T09:41:39.116Z"),
        ("2026-01-12T09:41:39.999999999Z", "2026-01-12T09:41:39.999Z"),
        ("2026-01-12T15:42:00.0000000Z", "2026-01-12T15:42:00Z"),
    ],
)
def test_fractions_of_any_length_are_cut(text: str, cut: str) -> None:
    """Cut, never rounded into the next millisecond, and said only where something was cut off."""
    found = told(*TO_EVENT, EVENT | {"eventDateTime": text})
    assert found.out[0]["when"]["occurred_at"] == cut
    exact = not text.partition(".")[2].rstrip("Z")[3:].partition("-")[0].strip("0")
    assert found.rules("/eventDateTime") == (set() if exact else {"time-truncated"})


def test_a_uuid_in_capitals_is_the_same_event() -> None:
    """RFC 9562: case does not count on input; a version that was told is told once."""
    upper = EVENT | {"eventID": EVENT["eventID"].upper()}
    found = told(*TO_EVENT, EVENT, upper)
    assert len(found.out) == 1
    assert [one["reason"] for one in found.of("filtered")] == ["duplicate"]


@pytest.mark.parametrize("spelt", ["urn:uuid:{}", "{}\n", "{{{}}}"])
def test_a_uuid_with_something_around_it_is_refused(spelt: str) -> None:
    """Plain words, and no line feed that a regular expression lets through."""
    found = told(*TO_EVENT, EVENT | {"eventID": spelt.format(EVENT["eventID"])})
    assert letter(found)[1] == "/eventID"


def _spellings(normal: str) -> list[str]:
    """The same identifier as people write it."""
    alike = str.maketrans("ABEKMHOPCTYX", "АВЕКМНОРСТУХ")  # noqa: RUF001 - look-alikes
    middle = len(normal) // 2
    return [
        normal.lower(),
        f" {normal} ",
        f"{normal[:middle]} {normal[middle:]}",
        f"{normal[:middle]}\u00a0{normal[middle:]}",
        normal.translate(alike),
    ]


IDENTIFIERS = {
    "iso6346": "CSQU3054383",
    "wagon": "94001237",
    "esr": "707701",
    "train_index": "7077-041-5721",
    "un_number": "UN1202",
    "hs": "271019",
    "gng": "27101943",
    "etsng": "201005",
    "imo": "9074729",
    "mmsi": "423123456",
    "plate": "10AA123",
    "unlocode": "KZAAU",
    "note_key": "707701/2026-01-12/0012345",
    "permit_id": "AZ-KZ-2026-2-17",
    "reference": "707701/2026-01-12/0012345",
}


@pytest.mark.parametrize(("identifier", "normal"), IDENTIFIERS.items())
def test_every_identifier_has_one_normal_form(identifier: str, normal: str) -> None:
    """Case, blanks and look-alikes do not make another object; the normal form is its own."""
    spellings = _spellings(normal)
    if identifier in {"reference", "wagon", "esr", "hs", "gng", "etsng", "mmsi", "note_key", "train_index"}:
        spellings = [one for one in spellings if one.isascii() or "\u00a0" in one]  # there are no letters
    assert {NORMALISE[identifier](one) for one in [normal, *spellings]} == {normal}


def _fields(name: str) -> list[tuple[str, str]]:
    schema = profiles.load(name).schema
    return [
        (path, str(f.properties["identifier"])) for path, f in schema.fields() if "identifier" in f.properties
    ]


@pytest.mark.parametrize("name", [one for one in profiles.names() if one != profiles.CANONICAL])
def test_every_identifier_of_a_profile_is_known_and_has_a_form(name: str) -> None:
    """A declared identifier has a normal form and a pattern, so that it is enforced at the edge."""
    schema = profiles.load(name).schema
    for path, identifier in _fields(name):
        assert identifier in NORMALISE
        assert "pattern" in schema.at(path).properties, path


def test_a_byte_order_mark_and_many_lines() -> None:
    """A file that Windows saved is read."""
    given = b"\xef\xbb\xbf" + (CASES / "135-pub-ilu-swap-body.jsonl").read_bytes()
    assert len(translate(given, *TO_EVENT).out) == 1


def test_a_pattern_that_takes_for_ever_is_refused_with_its_schema() -> None:
    """An integrator's own profile cannot slow the edge down."""
    text = '{"type":"record","name":"x","fields":[{"name":"a","type":"string","pattern":"(a+)+b"}]}'
    with pytest.raises(Invalid, match="repeats no repetition"):
        JsonForm(Schema.parse(text))
