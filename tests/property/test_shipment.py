"""Laws of the shipment view that hold for every order of arrival, every repeat and every cut into batches."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.settings.model import View
from corridor.view.database import Database
from corridor.view.dump import dump
from corridor.view.events import recompute, write_events
from schemas.shipment import Fact, measures_of, settle, timeline
from schemas.shipment.fact import decode, encode
from tests.support.journeys import facts, of_one

pytestmark = pytest.mark.system("view")

SHIPMENTS = 8
seeds = st.integers(0, 2**32)


def mixed(listed: list[Fact], seed: int) -> list[Fact]:
    """The same facts in another order, some of them several times."""
    dice = Random(seed)
    again = listed + dice.choices(listed, k=dice.randrange(len(listed)))
    dice.shuffle(again)
    return again


def projected(batches: list[list[Fact]]) -> bytes:
    """All content of a view after these batches."""
    with tempfile.TemporaryDirectory() as directory:
        database = Database(View(url=f"sqlite:///{Path(directory)}/view.sqlite3"))
        database.migrate()
        for batch in batches:
            with database.writing() as connection:
                recompute(connection, write_events(connection, batch))
        with database.reading() as connection:
            content = b"".join(dump(connection))
        database.close()
    return content


@settings(deadline=None)
@given(st.integers(0, SHIPMENTS - 1), seeds)
def test_order_and_repeats_do_not_change_a_timeline(number: int, seed: int) -> None:
    """Facts in any order, any of them repeated, make the same timeline and the same measures."""
    key, own = of_one(number, 2)
    again = mixed(list(own), seed)
    assert timeline(key, again) == timeline(key, own)
    assert measures_of(key, settle(again)) == measures_of(key, settle(own))


@settings(deadline=None)
@given(st.integers(0, SHIPMENTS - 1), seeds)
def test_a_retraction_voids_all_versions(number: int, seed: int) -> None:
    """With a retraction of an event, whenever it comes, all is as if the event had never been told."""
    key, own = of_one(number, 2)
    victim = Random(seed).choice([fact for fact in own if not fact.retracted])
    taken = msgspec.structs.replace(victim, version=1 + seed % 3, retracted=True)
    without = [fact for fact in own if fact.id != victim.id]
    after = timeline(key, mixed([*own, taken], seed))
    expected = timeline(key, without)
    assert after is not None
    assert expected is not None
    assert (after.legs, after.containers, after.customs) == (
        expected.legs, expected.containers, expected.customs,
    )  # fmt: skip
    assert measures_of(key, settle([*own, taken])) == measures_of(key, settle(without))
    assert any(correction.event == victim.id and correction.retracted for correction in after.corrections)


@cache
def whole() -> bytes:
    """A view that took everything in one batch, in the order of the log."""
    return projected([list(facts(1))])


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_batches_order_and_repeats_do_not_change_the_view(seed: int) -> None:
    """However the log is cut into batches, mixed and repeated, the view holds the same bytes in the end."""
    dice = Random(seed)
    again = mixed(list(facts(1)), seed)
    cuts = sorted(dice.sample(range(1, len(again)), dice.randrange(1, 8)))
    batches = [again[start:end] for start, end in zip([0, *cuts], [*cuts, len(again)], strict=True)]
    assert projected(batches) == whole()


@settings(deadline=None)
@given(st.integers(0, SHIPMENTS - 1))
def test_a_fact_comes_back_from_its_json(number: int) -> None:
    """What is stored of an event is all of it."""
    _, own = of_one(number, 2)
    assert [decode(encode(fact)) for fact in own] == list(own)
