"""No value of one record ends or stops the view: set aside, counted, shown; the rest goes on."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from importlib import resources
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest

from connectors.auth.bearer import Logins
from connectors.receive.app import make_app
from corridor.view import projector as projecting
from corridor.view.api import view_routes
from corridor.view.database import Database
from corridor.view.events import write_events
from corridor.view.figures import Asked, figures, recent
from corridor.view.find import WantedShipments, find
from corridor.view.page import figure_lines, row, shipment
from corridor.view.projector import NAME, Projector
from corridor.view.show import show
from corridor.view.status import status_of
from schemas import profiles
from schemas.avro.wire import frame
from schemas.errors import Permanent
from schemas.records import REPORT, Loss, Report
from schemas.shipment import Fact, owners
from streams import metrics
from streams.kafka import topics
from streams.records.contracts import Contracts, ValueReader
from streams.records.envelope import headers
from tests.support.crossing import ACCEPTED, codec
from tests.support.journeys import told
from tests.support.serving import serving

pytestmark = pytest.mark.system("view")

EVENT = codec(profiles.CANONICAL)
SCHEMA = json.loads(
    resources.files("schemas").joinpath("profiles", profiles.CANONICAL, "schema.avsc").read_text("utf-8")
)
YEAR_26 = -61_346_721_600_000
"""A day of January 26, UTC milliseconds."""

NUMBERS = {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1, YEAR_26, 253_402_300_800_000)}
TEXTS = ("", "\0", "a\0b", "x" * 5_000, "я" * 3_000, "😀" * 1_500, "\x1b]0;title\x07\x1b[2J", "\u202eabc",
         "' OR 1=1 --", "\ud7ff\ue000", "/", ":", "26-01-12")  # fmt: skip


@pytest.fixture
def projector(database: Database) -> Projector:
    """A projector into an empty view that knows the schema."""
    made = Projector(database, Contracts(None))
    made._reader = ValueReader(Contracts(None), EVENT, frame(1, b""))
    return made


class Log:
    """Records of `corridor.events` with one partition."""

    def __init__(self, projector: Projector) -> None:
        self._projector, self._next = projector, 0

    def add(self, *records: tuple[str, bytes, str]) -> None:
        """Project records, given by topic, body and subject, as one batch each topic."""
        batch = [self._record(*each) for each in records]
        places = {(record.topic, 0) for record in batch}
        before = {place: self._projector.positions().get(place) for place in places}
        after = dict.fromkeys(places, self._next)
        self._projector.take(batch, before, after)

    def _record(self, topic: str, body: bytes, subject: str) -> Any:  # noqa: ANN401
        self._next += 1
        listed = headers(f"m{self._next}", f"dtc/m{self._next}", ("dtc",), ACCEPTED, subject=subject)
        return SimpleNamespace(
            topic=topic, partition=0, offset=self._next - 1, key=b"k", value=frame(1, body),
            headers=listed, timestamp=ACCEPTED,
        )  # fmt: skip


def subject_of(event: dict[str, Any]) -> str:
    """Subject as the header of the record has it."""
    return f"{event['subject']['type']}:{event['subject']['id']}"


@cache
def samples() -> tuple[dict[str, Any], ...]:
    """One event of each kind of subject and code that the sandbox tells of."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for output, _, _ in told(1):
        event = EVENT.decode(output.body)
        found.setdefault((event["subject"]["type"], event["why"]["code"]), event)
    return tuple(found.values())


def extremes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of the canonical event, each with every extreme value of its type, in events that fit."""
    for path, node in _fields(SCHEMA, ()):
        event = next((each for each in samples() if _has(each, path)), None)
        if event is None:
            continue
        for value in _values(node):
            changed = copy.deepcopy(event)
            place: Any = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
            yield f"{'/'.join(map(str, path))}={str(value)[:20]!r}", changed


def _fields(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:  # noqa: ANN401
    if isinstance(node, list):
        for branch in node:
            if branch != "null":
                yield from _fields(branch, path)
    elif isinstance(node, dict) and node["type"] == "record":
        for field in node["fields"]:
            yield from _fields(field["type"], (*path, field["name"]))
    elif isinstance(node, dict) and node["type"] == "array":
        yield from _fields(node["items"], (*path, 0))
    else:
        yield path, node


def _has(event: Any, path: tuple[Any, ...]) -> bool:  # noqa: ANN401
    for step in path[:-1]:
        try:
            event = event[step]
        except (KeyError, IndexError, TypeError):
            return False
        if event is None:
            return False
    return isinstance(path[-1], str) or bool(event)


def _values(node: Any) -> tuple[Any, ...]:  # noqa: ANN401
    plain = node["type"] if isinstance(node, dict) else node
    logical = node.get("logicalType") if isinstance(node, dict) else None
    if logical == "decimal":
        most = 10 ** node["precision"] - 1
        return tuple(Decimal(number).scaleb(-node["scale"]) for number in (most, -most, 0))
    return {"string": TEXTS, "boolean": (True, False)}.get(plain, NUMBERS.get(plain, ()))


def read_everything(database: Database, reference: str) -> None:
    """Ask all that a person can ask."""
    with database.reading() as connection:
        for asked in (Asked(), Asked(daily=True)):
            list(figure_lines(figures(connection, asked), daily=asked.daily))
        recent(connection)
        for kind in owners.KINDS:
            for found in find(connection, WantedShipments(kind=kind, limit=200)).items:
                assert row(found).isprintable()
                shown = show(connection, found.key)
                assert shown is not None
                assert all(text.isprintable() for text in shipment(shown))
                msgspec.json.encode(shown)
        show(connection, reference)
        status_of(connection)


@pytest.mark.timeout(600)
def test_extreme_values_of_every_field_stop_nothing(database: Database, projector: Projector) -> None:
    """Each field of the canonical event with each extreme of its type, a sound event behind each batch."""
    log, sound = Log(projector), samples()[0]
    cases, refused = list(extremes()), 0
    assert len(cases) > 700
    for start in range(0, len(cases), 60):
        batch = []
        for number, (_, event) in enumerate(cases[start : start + 60]):
            if event["envelope"]["event_id"] in {each["envelope"]["event_id"] for each in samples()}:
                event["envelope"]["event_id"] = f"{start + number:036}"
            try:
                batch.append((topics.EVENTS, EVENT.encode(event), subject_of(event)))
            except Permanent:
                refused += 1  # it cannot even be written
        after = copy.deepcopy(sound)
        after["envelope"]["event_id"] = f"b{start:035}"
        log.add(*batch, (topics.EVENTS, EVENT.encode(after), subject_of(after)))
    assert refused < len(cases) / 4
    with database.reading() as connection:
        rows = status_of(connection).rows
    assert rows["unread"] > 0
    assert rows["event"] > len(cases) / 2
    read_everything(database, "x\x00y")
    with database.reading() as connection:
        asides = {r.code for r in connection.exec_driver_sql("SELECT code FROM unread")}
    assert asides <= {"value-implausible"}  # nothing was a defect


def test_one_note_of_the_year_26_is_set_aside_and_told(database: Database, projector: Projector) -> None:
    """The others stay as they are, figures are given, the record is counted and shown with its shipment."""
    log, listed = Log(projector), [EVENT.decode(output.body) for output, _, _ in told(1)]
    log.add(*((topics.EVENTS, EVENT.encode(event), subject_of(event)) for event in listed))
    with database.reading() as connection:
        before = figures(connection, Asked())
    late = copy.deepcopy(next(event for event in listed if event["document"]))
    late["envelope"]["event_id"], late["when"]["occurred_at"] = "9" * 36, YEAR_26
    counted = metrics.dead.labels(NAME, "value-implausible")._value.get()
    log.add((topics.EVENTS, EVENT.encode(late), subject_of(late)))
    assert metrics.dead.labels(NAME, "value-implausible")._value.get() == counted + 1
    with database.reading() as connection:
        assert figures(connection, Asked()) == before
        shown = show(connection, late["document"]["number"])
    assert shown is not None
    (aside,) = shown.set_aside
    assert (aside.code, aside.place) == ("value-implausible", f"{topics.EVENTS}/0@{len(listed)}")
    assert f"/when/occurred_at: {YEAR_26}" in aside.detail
    assert any("value-implausible" in text for text in shipment(shown))


def test_only_the_value_that_cannot_be_is_left_out(database: Database, projector: Projector) -> None:
    """An estimate for the year 9999 is left out and told; the event that has it stays."""
    event = copy.deepcopy(next(each for each in samples() if each["document"]))
    event["when"]["eta"] = 253_402_300_700_000
    Log(projector).add((topics.EVENTS, EVENT.encode(event), subject_of(event)))
    with database.reading() as connection:
        shown = show(connection, event["document"]["number"])
    assert shown is not None
    assert shown.timeline.state.events == 1
    assert "/when/eta: 253402300700000: left out, the rest is kept" in shown.set_aside[0].detail


def test_a_future_day_does_not_move_the_days_of_the_metrics(database: Database, projector: Projector) -> None:
    """The last seven days end with the newest day that is not ahead of the clock."""
    log, listed = Log(projector), [EVENT.decode(output.body) for output, _, _ in told(1)]
    log.add(*((topics.EVENTS, EVENT.encode(event), subject_of(event)) for event in listed))
    with database.reading() as connection:
        before = recent(connection)
    ahead = copy.deepcopy(next(event for event in listed if event["why"]["code"] == "EQUIPMENT/LOAD"))
    ahead["envelope"]["event_id"], ahead["when"]["occurred_at"] = "9" * 36, 4_000_000_000_000
    log.add((topics.EVENTS, EVENT.encode(ahead), subject_of(ahead)))
    with database.reading() as connection:
        assert recent(connection) == before != []


def test_a_defect_sets_aside_the_record_that_reaches_it(
    database: Database, projector: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever raises over one record, at reading or at writing, the others of its batch are in the view."""
    listed = [EVENT.decode(output.body) for output, _, _ in told(1)][:40]
    poison = {listed[7]["envelope"]["event_id"], listed[30]["envelope"]["event_id"]}
    write = write_events

    def fails(connection: Any, facts: list[Fact]) -> set[str]:  # noqa: ANN401
        touched = write(connection, facts)
        if poison & {fact.id for fact in facts}:
            raise ZeroDivisionError("a defect")
        return touched

    monkeypatch.setattr(projecting, "write_events", fails)
    Log(projector).add(*((topics.EVENTS, EVENT.encode(event), subject_of(event)) for event in listed))
    with database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT log_offset, code, detail FROM unread ORDER BY 1").all()
        ids = set(connection.exec_driver_sql("SELECT id FROM event").scalars())
    assert [tuple(each) for each in rows] == [
        (number, "internal", "ZeroDivisionError('a defect')") for number in (7, 30)
    ]
    assert ids == {event["envelope"]["event_id"] for event in listed} - poison
    assert projector.positions() == {(topics.EVENTS, 0): 40}


def test_what_the_broker_says_of_itself_stops_nothing(database: Database, projector: Projector) -> None:
    """Reports with U+0000, long ids and times of no calendar are in the view, and figures are given."""
    log = Log(projector)
    for number, accepted in enumerate((*NUMBERS["long"], 0, ACCEPTED)):
        odd = Report(
            id="a\0" + "x" * 4_000, origin=f"dtc/\0{'я' * 3_000}{number}", stage="to-corridor.dtc", outputs=1,
            losses=[Loss("/\0", "no-equivalent", "\0" * 50)], accepted=accepted,
        )  # fmt: skip
        log.add((topics.REPORTS, REPORT.encode(odd), "\0"))
    read_everything(database, "dtc")
    with database.reading() as connection:
        (share,) = figures(connection, Asked(kpi="loss-free"))
    assert share.n == len(NUMBERS["long"]) + 2


async def test_questions_that_cannot_be_are_refused(database: Database) -> None:
    """U+0000 and numbers beyond any column are problems that name the parameter, in every database."""
    far = "99999999999999999999999:x"
    async with serving() as (mount, base), httpx.AsyncClient(base_url=base, trust_env=False) as client:
        mount(make_app(view_routes(database, Logins([], frozenset({"read"})))))
        for address, pointer in (
            (f"/shipments?cursor={far}", "/cursor"), ("/shipments?cursor=1:%00", "/cursor"),
            ("/shipments?container=%00", "/container"), ("/shipments/a%00b", "/reference"),
            ("/kpis?leg=%00", "/leg"),
        ):  # fmt: skip
            bad = await client.get(address)
            assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (400, pointer), address
