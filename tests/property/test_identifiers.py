"""Identifier checks against independent implementations, and the errors each standard promises to catch."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean, imo, iso6346, luhn
from stdnum.az import voen

from schemas.codes.identifiers import CHECKS

ORACLES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "wagon8": (r"[2-9][0-9]{7}", luhn.is_valid),
    "uic12": (r"[0-9]{12}", luhn.is_valid),
    "imo": (r"[0-9]{7}", imo.is_valid),
    "gtin": (r"([0-9]{8}|[0-9]{12}|[0-9]{13}|[0-9]{14})", ean.is_valid),
    "gln": (r"[0-9]{13}", ean.is_valid),
    "az_voen": (r"[0-9]{9}[0-3]", voen.is_valid),
    "iso6346": (r"[A-Z]{3}[UJZ][0-9]{7}", iso6346.is_valid),
}


def plain_mod11(value: str) -> int:
    """Check digit of a station or goods code, computed the long way."""
    digits = [int(digit) for digit in value[:5]]
    for first in (1, 3):
        remainder = sum(digit * weight for weight, digit in enumerate(digits, first)) % 11
        if remainder < 10:
            return remainder
    return 0


def replaced(value: str, position: int, by: str) -> str:
    """The value with one character changed."""
    return value[:position] + by + value[position + 1 :]


@pytest.mark.parametrize("identifier", sorted(ORACLES))
@given(data=st.data())
def test_checks_agree_with_independent_ones(identifier: str, data: st.DataObject) -> None:
    """For every value of the right shape, with every last digit, the verdict equals another author's."""
    shape, oracle = ORACLES[identifier]
    value = data.draw(st.from_regex(shape, fullmatch=True))
    check = CHECKS[identifier]
    position = len(value) - (2 if identifier == "az_voen" else 1)
    for digit in "0123456789":
        candidate = replaced(value, position, digit)
        assert (check(candidate) is None) == oracle(candidate), candidate


@pytest.mark.parametrize("identifier", ["wagon8", "uic12", "gln", "sscc", "gtin"])
@given(data=st.data())
def test_any_changed_digit_is_caught(identifier: str, data: st.DataObject) -> None:
    """Luhn and the GS1 check promise to catch every single wrong digit."""
    shape = {"wagon8": r"[2-9][0-9]{6}", "uic12": r"[0-9]{11}", "sscc": r"[0-9]{17}"}.get(
        identifier, r"[0-9]{12}"
    )
    body = data.draw(st.from_regex(shape, fullmatch=True))
    check = CHECKS[identifier]
    (value,) = [body + digit for digit in "0123456789" if check(body + digit) is None]
    for position in range(len(value)):
        for digit in set("0123456789") - {value[position]}:
            assert check(replaced(value, position, digit)), (value, position, digit)


@given(st.from_regex(r"[A-Z]{3}[UJZ][0-9]{6}", fullmatch=True))
def test_a_changed_container_digit_is_caught_but_for_the_shared_zero(body: str) -> None:
    """ISO 6346 catches every wrong digit, except between the remainders 0 and 10, which share the digit 0."""
    check = CHECKS["iso6346"]
    (value,) = [body + digit for digit in "0123456789" if check(body + digit) is None]
    for position in range(4, 11):
        for digit in set("0123456789") - {value[position]}:
            caught = check(replaced(value, position, digit)) is not None
            assert caught or value[10] == "0"


@given(st.from_regex(r"[0-9]{5}", fullmatch=True))
def test_station_check_digit_follows_both_passes(body: str) -> None:
    """Exactly one check digit is right, the one of the second pass where the first gives 10."""
    right = [digit for digit in range(10) if CHECKS["esr"](f"{body}{digit}") is None]
    assert right == [plain_mod11(body)]


@given(st.from_regex(r"[0-9]{5}", fullmatch=True))
def test_a_changed_station_digit_is_caught_within_the_first_pass(body: str) -> None:
    """Weights 1 to 5 mod 11 catch every wrong digit as long as neither number needs the second pass."""
    first = sum(int(digit) * weight for weight, digit in enumerate(body, 1)) % 11
    value = f"{body}{plain_mod11(body)}"
    for position in range(5):
        for digit in set("0123456789") - {value[position]}:
            other = replaced(value, position, digit)
            remainder = sum(int(digit) * weight for weight, digit in enumerate(other[:5], 1)) % 11
            assert CHECKS["esr"](other) or 10 in (first, remainder)


@given(st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_a_changed_ship_digit_is_caught_where_its_weight_allows(body: str) -> None:
    """The IMO check promises to catch a wrong digit unless difference times weight is a multiple of 10."""
    check = CHECKS["imo"]
    (value,) = [body + digit for digit in "0123456789" if check(body + digit) is None]
    for position, weight in enumerate((7, 6, 5, 4, 3, 2, 1)):
        for digit in set("0123456789") - {value[position]}:
            caught = check(replaced(value, position, digit)) is not None
            assert caught == bool((int(digit) - int(value[position])) * weight % 10)


@pytest.mark.parametrize("identifier", sorted(CHECKS))
@given(value=st.text(max_size=40))
def test_any_text_gets_an_answer(identifier: str, value: str) -> None:
    """No text makes a check raise, and what passes is plain ASCII."""
    assert CHECKS[identifier](value) is not None or value.isascii()
