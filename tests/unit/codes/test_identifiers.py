"""Identifier checks against published vectors, and what they say when a value is wrong."""

# ruff: noqa: RUF001 - look-alike characters are what some of these tests are about

import pytest

from schemas.codes.identifiers import CHECKS, NORMALISE

GOOD = {
    "iso6346": ["CSQU3054383", "BEAU5694302"],
    "wagon8": ["45488855", "94228053", "94623451", "74123456", "50734565"],
    "wagon": ["45488855", "505126180015"],
    "uic12": ["505126180015", "218124712173", "332785400125"],
    "esr": ["663404", "689409", "548703", "547508", "532909", "194013", "707701", "572200"],
    "etsng": ["201005"],
    "gng": ["27090090", "99310000"],
    "hs": ["270900"],
    "tn_ved": ["2709009001"],
    "un_number": ["UN1267", "UN1202"],
    "unlocode": ["KZAAU", "AZALA"],
    "imo": ["9074729", "9319466", "8814275"],
    "mmsi": ["423123456", "436000123"],
    "gln": ["4760000000016"],
    "sscc": ["395201111234567895"],
    "gtin": ["9520111123456", "4760000000016", "96385074"],
    "kz_bin": ["120340012345"],
    "az_voen": ["1401555071"],
    "plate": ["123ABC02", "10AA123", "AB123CD", "34ABC123"],
    "plate_kz": ["123ABC02", "123AB02"],
    "plate_az": ["10AA123", "99XX456"],
    "plate_ge": ["AB123CD"],
    "plate_tr": ["34A12345", "06ABC12"],
    "permit_form": ["TR-UZ-2025-1-1", "AZ-KZ-2026-2-0", "TR-UZ-2019-1-1"],
    "permit_id": ["TR-UZ-2025-1-1", "AZ-KZ-2026-2-17"],
    "train_index": ["7077-012-5485"],
    "train_number": ["5714"],
    "note_form": ["707701/2024-02-29/123456", "554609/2024-02-29/123456"],
    "note_key": ["707701/2024-02-29/123456"],
}

WRONG = [
    ("iso6346", "CSQU3054384", "ISO 6346 check digit is 4, expected 3"),
    (
        "iso6346",
        "CSQX3054383",
        "(or A, B, D, E, K of an ILU code) at position 4, not 'X'",
    ),
    ("iso6346", "CSQU305438", "has 11 characters, not 10"),
    ("iso6346", "CSQU30543833", "has 11 characters, not 12"),
    ("iso6346", "CSQU3O54383", "needs a digit at position 6, not 'O'"),
    ("iso6346", "csqu3054383", "needs a letter A-Z at position 1, not 'c'"),
    ("wagon8", "45488854", "wagon number check digit is 4, expected 5"),
    ("wagon8", "05488855", "check digit is 5, expected 3"),
    ("wagon8", "00000000", "starts with 0, which is no freight wagon"),
    ("uic12", "505126180014", "UIC wagon number check digit is 4, expected 5"),
    ("wagon", "123456789", "has 8 or 12 digits, not 9"),
    ("esr", "554609", "ESR station code check digit is 9, expected 7"),
    ("esr", "551000", "ESR station code check digit is 0, expected 7"),
    ("esr", "6634", "has 6 characters, not 4"),
    ("etsng", "201006", "ETSNG goods code check digit is 6, expected 5"),
    ("gng", "00000000", "GNG code chapter is 00, expected 01 to 99"),
    ("hs", "990000", "HS code chapter is 99, expected 01 to 97"),
    ("hs", "2709", "has 6 characters, not 4"),
    ("un_number", "1267", "UN number is UN and four digits"),
    ("un_number", "UN0000", "does not exist"),
    ("unlocode", "KZAA1", "needs a letter A-Z or a digit 2-9 at position 5, not '1'"),
    ("imo", "9074720", "IMO ship number check digit is 0, expected 9"),
    ("mmsi", "001230000", "starts with 201 to 775, not 001"),
    ("gln", "4760000000017", "GLN check digit is 7, expected 6"),
    ("gln", "96385074", "has 13 characters, not 8"),
    ("sscc", "395201111234567891", "SSCC check digit is 1, expected 5"),
    ("gtin", "123", "GTIN has 8, 12, 13 or 14 digits, not 3"),
    ("kz_bin", "120340012346", "BIN check digit is 6, expected 5"),
    ("kz_bin", "121340012348", "BIN digits 3 and 4 are a month, not 13"),
    ("az_voen", "1401555081", "VOEN check digit is 8, expected 7"),
    ("az_voen", "1401555073", "ends with 1 (legal person) or 2 (natural person), not 3"),
    ("plate", "A1", "none of the forms of KZ, AZ, GE, TR"),
    ("plate_ge", "10AA123", "does not have the form of GE"),
    ("permit_id", "TR-UZ-2025-1", "issuer-issuedFor-year-type-serial"),
    ("permit_id", "TR-UZ-2019-1-1", "permit year is 2019, expected 2021 or later"),
    ("permit_id", "TR-UZ-2025-0-1", "permit type is 0"),
    ("permit_id", "TR-UZ-2025-1-0", "permit serial is 0"),
    ("permit_form", "TR-UZ-2025-1", "issuer-issuedFor-year-type-serial"),
    ("train_index", "7077-000-5485", "serial is 000"),
    ("train_index", "70770125485", "has 13 characters, not 11"),
    ("note_key", "707701/2024-02-30/123456", "2024-02-30 is not in the calendar"),
    ("note_form", "707701/2024-02-30/123456", "2024-02-30 is not in the calendar"),
    ("note_form", "707701/2024-02-29/12", "note number has 6 to 10 digits"),
    ("note_key", "707702/2024-02-29/123456", "ESR station code check digit is 2, expected 1"),
    ("note_key", "707701/29.02.2024/123456", "written yyyy-MM-dd"),
    ("note_key", "707701/2024-02-29/12", "note number has 6 to 10 digits"),
    ("note_key", "123456", "joined by /"),
]


def test_every_check_has_a_vector() -> None:
    """No identifier check is left without a published or computed good value."""
    assert set(GOOD) == set(CHECKS)


@pytest.mark.parametrize(
    ("identifier", "value"), [(name, value) for name, values in GOOD.items() for value in values]
)
def test_good_values_hold(identifier: str, value: str) -> None:
    """A value that is right breaks no rule."""
    assert CHECKS[identifier](value) is None


@pytest.mark.parametrize(("identifier", "value", "words"), WRONG)
def test_wrong_values_name_the_rule(identifier: str, value: str, words: str) -> None:
    """A wrong value is answered with the digit or rule that failed."""
    assert words in (CHECKS[identifier](value) or "")


@pytest.mark.parametrize("identifier", sorted(CHECKS))
@pytest.mark.parametrize(
    "value", ["", " ", "٣٤٥٦٧٨٩٠", "１２３４５６７８", "\x00" * 11, "9" * 100, "A" * 11, "é"]
)
def test_odd_text_is_answered_not_raised(identifier: str, value: str) -> None:
    """Foreign digits, control characters and any length are broken rules, never exceptions."""
    assert isinstance(CHECKS[identifier](value), str)


@pytest.mark.parametrize(
    ("identifier", "typed", "normal"),
    [
        ("plate", "10 АА-123", "10AA123"),
        ("plate_kz", "123 авс 02", "123ABC02"),
        ("plate_tr", "34 abc 123", "34ABC123"),
        ("iso6346", "csqu 305438-3", "CSQU3054383"),
        ("iso6346", "СЅQU3054383".replace("Ѕ", "S"), "CSQU3054383"),
        ("uic12", "50 51 26 18 001-5", "505126180015"),
        ("wagon", "4548 8855", "45488855"),
        ("imo", "IMO 9074729", "9074729"),
        ("un_number", "1267", "UN1267"),
        ("un_number", "UN 1267", "UN1267"),
    ],
)
def test_typed_forms_become_normal(identifier: str, typed: str, normal: str) -> None:
    """Spaces, hyphens, case, prefixes and Cyrillic look-alikes go; the result passes its check."""
    assert NORMALISE[identifier](typed) == normal
    assert CHECKS[identifier](normal) is None


@pytest.mark.parametrize(
    ("written", "folded"), [("Ələt", "alat"), ("İstanbul", "istanbul"), ("Poti-Port", "poti port")]
)
def test_names_fold_to_one_spelling(written: str, folded: str) -> None:
    """Case, diacritics and hyphens do not make another place."""
    assert NORMALISE["name"](written) == folded


@pytest.mark.parametrize("identifier", sorted(set(NORMALISE) & set(GOOD)))
def test_normal_forms_are_fixed_points(identifier: str) -> None:
    """Normalising what is normal changes nothing."""
    for value in GOOD[identifier]:
        assert NORMALISE[identifier](value) == value
