"""The mass balance of oil lots."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.oil.balance import LotReading, balance, in_proportion

pytestmark = pytest.mark.system("oil")

HOUR = 3_600_000


def measured(lot: str, at: int, kilograms: int | None, code: str = "BULK/LOAD", **more: object) -> LotReading:
    """A measurement of a lot at an hour."""
    facts = {"event_id": f"{lot}/{code}/{at}", "version": 1, "retracted": False, "place": "AKTAU-OIL", **more}
    return LotReading(lot=lot, code=code, at=at * HOUR, net_kg=kilograms, **facts)  # type: ignore[arg-type]


def formed(lot: str, at: int, kilograms: int | None, **parts: int) -> LotReading:
    """A lot formed of others at an hour."""
    return measured(lot, at, kilograms, "BULK/FORM", formed_of=tuple(parts.items()))


@st.composite
def histories(draw: Callable[..., int]) -> list[LotReading]:
    """Lots that are loaded, discharged, split and commingled, each never giving more than the books say."""
    readings, books = [], {}
    for number in range(draw(st.integers(1, 4))):
        books[f"L{number}"] = draw(st.integers(1, 10_000_000))
        readings.append(measured(f"L{number}", number, books[f"L{number}"]))
    for step in range(draw(st.integers(0, 6))):
        at = 100 + step
        if draw(st.booleans()):
            lot = draw(st.sampled_from(sorted(books)))
            books[lot] = max(0, books[lot] + draw(st.integers(-5_000, 5_000)))
            readings.append(measured(lot, at, books[lot], "BULK/DISC"))
        else:
            parts = {}
            for lot in draw(st.lists(st.sampled_from(sorted(books)), min_size=1, max_size=3, unique=True)):
                parts[lot] = draw(st.integers(0, books[lot]))
                books[lot] -= parts[lot]
            books[f"F{step}"] = sum(parts.values())
            readings.append(formed(f"F{step}", at, None, **parts))
    return readings


def test_gain_and_loss_between_legs() -> None:
    """What Sangachal measured less than Aktau is a loss of the sea leg, in kilograms and per cent."""
    books = balance(
        [measured("A", 1, 5_994_000), measured("A", 50, 5_988_215, "BULK/DISC", place="SANGACHAL")]
    )
    assert [(d.before, d.after, d.difference_kg, str(d.percent)) for d in books.differences] == [
        ("BULK/LOAD AKTAU-OIL", "BULK/DISC SANGACHAL", -5_785, "-0.0965")
    ]
    assert (books.came_kg, books.difference_kg, books.remains_kg) == (5_994_000, -5_785, 5_988_215)


def test_commingled_lot_knows_its_owners() -> None:
    """Two lots in one tank, of which 100 kg are lost: every owner bears his share, in whole kilograms."""
    books = balance([
        measured("A", 1, 2_000), measured("B", 2, 1_000),
        formed("T", 3, 2_900, A=2_000, B=1_000),
    ])  # fmt: skip
    tank = books.accounts[2]
    assert (tank.lot, tank.came_kg, tank.difference_kg, tank.remains_kg) == ("T", 3_000, -100, 2_900)
    assert tank.shares == {"A": 1_933, "B": 967}
    assert [account.remains_kg for account in books.accounts[:2]] == [0, 0]


def test_split_lot() -> None:
    """A lot goes on as two: nothing is gained, nothing lost, and each is all of the first."""
    books = balance([measured("A", 1, 1_001), formed("X", 2, None, A=500), formed("Y", 2, None, A=501)])
    assert [(a.lot, a.remains_kg, a.shares) for a in books.accounts] == [
        ("A", 0, {}),
        ("X", 500, {"A": 500}),
        ("Y", 501, {"A": 501}),
    ]
    assert books.differences == ()


def test_a_lot_that_nobody_measured_is_said_to_be_so() -> None:
    """What an unknown lot gave is taken to have come, and marked."""
    books = balance([formed("T", 3, None, OLD=700)])
    assert [(a.lot, a.came_kg, a.remains_kg, a.unmeasured) for a in books.accounts] == [
        ("OLD", 700, 0, True),
        ("T", 700, 700, False),
    ]


def test_corrections_and_retractions_count() -> None:
    """The newest version of a measurement counts; one that did not happen does not."""
    first = measured("A", 1, 1_000)
    wrong = measured("A", 2, 400, "BULK/DISC")
    books = balance([
        first, first._replace(version=2, net_kg=1_010), wrong, wrong._replace(version=2, retracted=True),
    ])  # fmt: skip
    assert (books.came_kg, books.difference_kg, books.remains_kg) == (1_010, 0, 1_010)


@given(histories())
def test_closes_to_the_kilogram(readings: list[LotReading]) -> None:
    """What came, with gains and losses, is what was given and remains, for every lot and for all together."""
    books = balance(readings)
    for account in books.accounts:
        assert account.came_kg + account.difference_kg == account.gave_kg + account.remains_kg
        assert sum(account.shares.values()) == account.remains_kg
        assert all(share > 0 for share in account.shares.values())
    assert books.came_kg + books.difference_kg == books.remains_kg


@given(histories(), st.randoms(use_true_random=False))
def test_order_and_duplicates_do_not_matter(readings: list[LotReading], dice: random.Random) -> None:
    """Readings in any order, some of them twice, give the same balance."""
    shuffled = readings + dice.sample(readings, len(readings) // 2)
    dice.shuffle(shuffled)
    assert balance(shuffled) == balance(readings)


@given(
    st.integers(-(10**9), 10**9),
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 10**9), min_size=1),
)
def test_shares_are_whole_and_sum_up(total: int, weights: dict[str, int]) -> None:
    """Kilograms divided in proportion sum up to what was divided, and none is off by more than one."""
    shares = in_proportion(total, weights)
    assert sum(shares.values()) == total
    if whole := sum(weights.values()):
        assert all(abs(shares[name] * whole - total * weights[name]) < whole for name in weights)
