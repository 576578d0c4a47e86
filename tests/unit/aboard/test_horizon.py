"""A daily ferry under one id, for a year: what is remembered of it is bounded, and what it tells is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.aboard import Fan, horizon
from schemas.aboard.book import DAY
from schemas.avro.codec import Codec
from schemas.mapping.runtime import uuid5
from schemas.translation import Context, Record, Result
from schemas.translation.store import Store
from tests.property.test_aboard import HOUR, START, template
from tests.support.crossing import codec
from tests.support.evolved import CORRIDOR

Event = dict[str, Any]
KEY = b"VESSEL:9074729"


def event(code: str, at: int, name: str, *, unit: str = "", party: str = "", **more: Any) -> Event:  # noqa: ANN401
    """A corridor event of the ferry, or of a wagon on it."""
    made = {name: dict(value) if isinstance(value, dict) else value for name, value in template().items()}
    made["envelope"] |= {"event_id": uuid5(code, name), "derived_from": None}
    made["correction"] |= {"version": 1, "retracted": False, **more}
    made["when"] |= {"occurred_at": at, "classifier": "ACT", "recorded_at": at}
    made["how"] |= {"mode": "VESSEL", "vessel_imo": "9074729", "voyage": None}
    made["why"] |= {"code": code}
    made["what"] |= {"references": [], "units": []}
    made |= {"subject": {"type": "VESSEL", "id": "9074729"}, "consignment_id": None}
    if unit:
        made |= {"subject": {"type": "WAGON", "id": unit}, "consignment_id": party}
    return made


def day(number: int, units: int) -> Iterator[Event]:
    """One crossing: units are loaded, it sails and arrives, they are discharged, and a manifest is told."""
    begin = START + number * DAY
    manifest = event("VESSEL/MANI", begin, f"{number}")
    manifest["what"]["references"] = [{"type": "CARRIER_REF", "value": f"M{number}", "original": None}]
    yield manifest
    for index in range(units):
        place = {"unit": f"9400{index:04}", "party": uuid5("shipment", number, index)}
        yield event("EQUIPMENT/LOAD", begin + HOUR, f"{number}/{index}", **place)
    yield event("TRANSPORT/DEPA", begin + 2 * HOUR, f"{number}")
    yield event("TRANSPORT/ARRI", begin + 20 * HOUR, f"{number}")
    for index in range(units):
        place = {"unit": f"9400{index:04}", "party": uuid5("shipment", number, index)}
        yield event("EQUIPMENT/DISC", begin + 21 * HOUR, f"{number}/{index}", **place)


class Ferry:
    """The ferry's partition of the stage that tells who is aboard."""

    def __init__(self) -> None:
        self.avro: Codec = codec(CORRIDOR)
        self.fan, self.store = Fan(self.avro), Store()
        self.told: Counter[str] = Counter()
        self.sizes: list[int] = []
        self.findings: list[str] = []

    def tell(self, one: Event, accepted: int | None = None) -> Result:
        """Take one event, soon after it happened."""
        at = accepted or one["when"]["occurred_at"] + HOUR // 2
        context = Context("i", "p/i", "from-aboard", 0, at, ("p",))
        batch = self.store.begin()
        batch.advance(at)
        result = self.fan.translate(Record(KEY, self.avro.encode(one), context), batch.get)
        batch.apply(result.changes)
        batch.commit()
        self.told.update(output.id for output in result.outputs)
        self.sizes += [len(entry or b"") for key, entry in result.changes.items() if key.startswith(KEY)]
        self.findings += [found.rule for found in result.findings]
        return result


def test_a_year_of_a_daily_ferry_under_one_id_is_bounded_and_everything_is_told_once() -> None:
    """After two months the state grows no more, and each sailing and arrival reached its shipment."""
    ferry = Ferry()
    for number in range(365):
        for one in day(number, 1):
            ferry.tell(one)
    assert len(ferry.told) == 365 * 2
    assert set(ferry.told.values()) == {1}
    count = 5
    months = [max(ferry.sizes[n * 30 * count : (n + 1) * 30 * count]) for n in range(12)]
    assert max(months[2:]) < 1.05 * months[1]
    assert ferry.findings == []


def test_what_is_over_for_longer_than_the_horizon_is_told_to_nobody() -> None:
    """A sailing that is told a second time, or corrected, thirty-one days later: nothing is told twice."""
    ferry = Ferry()
    for number in range(33):
        for one in day(number, 1):
            ferry.tell(one)
    now = START + 33 * DAY
    late = ferry.tell(event("TRANSPORT/DEPA", START + 2 * HOUR, "0", version=2), accepted=now)
    assert ([*late.outputs], [one.reason for one in late.filtered]) == ([], ["stale"])
    last = ferry.tell(event("TRANSPORT/DEPA", START + 5 * DAY + 2 * HOUR, "5", version=2), accepted=now)
    assert len(last.outputs) == 1


def test_the_horizon_goes_by_the_times_of_events_not_by_one_that_lies_ahead() -> None:
    """An event of the year 2099 forgets nothing: it counts by when it was accepted."""
    ferry = Ferry()
    for one in day(0, 1):
        ferry.tell(one)
    ferry.tell(event("TRANSPORT/DEPA", 4_080_000_000_000, "ahead"), accepted=START + DAY)
    late = ferry.tell(event("TRANSPORT/DEPA", START + 2 * HOUR, "0", version=2), accepted=START + DAY)
    assert len(late.outputs) == 1


def test_a_unit_that_was_discharged_does_not_come_aboard_again_when_its_discharge_is_old() -> None:
    """Two units in one loading, one stays aboard: the discharge of the other is kept with the loading."""
    ferry, party = Ferry(), uuid5("shipment", 1)
    load = event("EQUIPMENT/LOAD", START, "both", unit="94000001", party=party)
    load["what"]["units"] = [{"kind": "WAGON", "id": f"9400000{n}", "parent": None} for n in (1, 2)]
    ferry.tell(load)
    ferry.tell(event("EQUIPMENT/DISC", START + HOUR, "one", unit="94000001", party=party))
    for number in range(1, 33):
        ferry.tell(event("PORTCALL/ANCH", START + number * DAY, f"{number}"))
    late = ferry.tell(event("TRANSPORT/ARRI", START + 29 * DAY, "late"), accepted=START + 33 * DAY)
    (output,) = late.outputs
    told: Any = ferry.avro.decode(output.body)
    assert [unit["id"] for unit in told["what"]["units"]] == ["94000002"]


def test_a_great_train_has_a_shorter_horizon_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry stays within its bytes; what was forgotten before its time is counted in a finding."""
    monkeypatch.setattr(horizon.fitted, "__defaults__", (40_000,))
    ferry = Ferry()
    for number in range(12):
        for one in day(number, 15):
            ferry.tell(one)
    assert max(ferry.sizes) <= 40_000 + 8
    assert set(ferry.findings) == {"aboard-forgotten"}
    assert len(ferry.told) == 12 * 15 * 2
    assert set(ferry.told.values()) == {1}
    again = ferry.tell(event("TRANSPORT/DEPA", START + 2 * HOUR, "0"), accepted=START + 12 * DAY)
    assert [*again.outputs] == []
