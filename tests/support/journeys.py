"""Facts of whole journeys: what both platforms of the sandbox say, taken through the mappings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import islice

from corridor.sandbox.message import PlayedMessage
from corridor.sandbox.settings import PROFILES
from corridor.sandbox.timetable import MAKERS, Train
from schemas import profiles
from schemas.errors import Permanent
from schemas.shipment import Fact, fact_of
from schemas.shipment.owners import owner_of
from schemas.translation import Output
from tests.support.crossing import ACCEPTED, Crossing, codec, form

MINUTE = 60_000


@cache
def told(trains: int = 1, seed: int = 0) -> tuple[tuple[Output, str, int], ...]:
    """Corridor events of the first trains, each with its origin and when it was accepted, in order."""
    messages: list[tuple[str, PlayedMessage]] = [
        (name, message)
        for name, make in MAKERS.items()
        for index in range(trains)
        for message in make(Train(seed, index))
    ]
    messages.sort(key=lambda each: (each[1].at, each[0]))
    crossing, found = Crossing(aboard=True, **PROFILES), []
    crossing._out.clear()
    for name, message in messages:
        body = form(crossing.participants[name]).to_avro(message.body())
        accepted = max(ACCEPTED, int(message.at.timestamp() * 1000) + MINUTE)
        try:
            passage = crossing.send_avro(name, body, message.id, accepted)
        except Permanent:  # the sandbox also sends what must become a dead letter
            continue
        found += [(output, f"{name}/{message.id}", accepted) for output in passage.outputs]
    return tuple(found)


@cache
def facts(trains: int = 1, seed: int = 0) -> tuple[Fact, ...]:
    """Facts of the first trains, in the order of the log."""
    event = codec(profiles.CANONICAL)
    return tuple(fact_of(event.decode(output.body), origin) for output, origin, _ in told(trains, seed))


def of_one(number: int = 0, trains: int = 1) -> tuple[str, Sequence[Fact]]:
    """One consignment with all of its facts."""
    listed = facts(trains)
    owners = list(dict.fromkeys(owner_of(fact) for fact in listed if fact.consignment))
    owner = next(islice(owners, number, None))
    return owner, [fact for fact in listed if owner_of(fact) == owner]
