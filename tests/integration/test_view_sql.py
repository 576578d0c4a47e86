"""The view in real databases: SQLite, and PostgreSQL where one is installed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from msgspec.structs import replace

from connectors.auth.secret import Secret
from connectors.receive.app import make_app
from corridor.settings.model import View
from corridor.view import migrations
from corridor.view.api import view_routes
from corridor.view.database import HEAD, Database
from corridor.view.dump import dump
from corridor.view.events import recompute, write_events
from corridor.view.figures import Asked, figures
from corridor.view.find import Wanted, find
from corridor.view.page import figure_lines, shipment
from corridor.view.projector import Projector
from corridor.view.records import write_letters, write_receipts, write_reports
from corridor.view.show import show
from corridor.view.tables import METADATA
from schemas.errors import Invalid, Misconfigured
from schemas.records import DeadLetter, Loss, Receipt, Report
from schemas.shipment import Fact
from schemas.shipment.fact import Lot
from schemas.shipment.owners import owner_of
from streams import topics
from streams.contracts import Contracts
from streams.projection import Moved
from tests.support.journeys import facts, of_one
from tests.support.postgres import binaries, server
from tests.support.serving import serving

pytestmark = pytest.mark.system("view")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a PostgreSQL of this run's own."""
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL is installed")
    with server(programs) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give an empty, migrated view in each kind of database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/view.sqlite3"
    else:
        url = request.getfixturevalue("postgresql")
    opened = Database(View(url=url))
    opened.migrate()
    Projector(opened, Contracts(None)).empty()
    yield opened
    opened.close()


def write(database: Database, told: list[Fact] | tuple[Fact, ...]) -> None:
    """Write facts in one transaction."""
    with database.writing() as connection:
        recompute(connection, write_events(connection, told))


def content(database: Database) -> bytes:
    """All of it."""
    with database.reading() as connection:
        return b"".join(dump(connection))


def test_migrations_make_the_tables_that_the_code_means(database: Database) -> None:
    """After all migrations nothing differs from the tables as declared; a second run changes nothing."""
    assert database.migrate() == (HEAD, HEAD)
    with database.reading() as connection:
        found = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert [difference for difference in found if difference[1].name != "alembic_version"] == []
    assert next(iter(ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads())) == HEAD


def test_migrations_keep_the_content(database: Database) -> None:
    """Back to the first tables and forth again, every row is as it was."""
    write(database, facts(1))
    before = content(database)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    assert database.migrate() == ("0001", HEAD)
    assert content(database) == before


def test_a_view_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Asking before the tables are made is refused with what to do."""
    empty = Database(View(url=f"sqlite:///{tmp_path}/other.sqlite3"))
    with pytest.raises(Misconfigured) as refused:
        empty.require_current()
    empty.close()
    assert "corridor view migrate" in refused.value.message


def test_every_database_holds_the_same_bytes(database: Database, tmp_path: Path) -> None:
    """The same log gives the same dump, in whatever database and whatever batches."""
    told = facts(1)
    for start in range(0, len(told), 70):
        write(database, told[start : start + 70])
    other = Database(View(url=f"sqlite:///{tmp_path}/other.sqlite3"))
    other.migrate()
    write(other, told[::-1])
    assert content(database) == content(other)
    other.close()


def test_pages_give_every_shipment_once(database: Database) -> None:
    """Following the cursor of each page visits all that a single page has, in its order."""
    write(database, facts(2))
    with database.reading() as connection:
        whole = find(connection, Wanted(limit=200))
        found, cursor = [], ""
        while True:
            page = find(connection, Wanted(limit=3, cursor=cursor))
            assert 0 < len(page.items) <= 3
            found += page.items
            if page.next is None:
                break
            cursor = page.next
    assert tuple(found) == whole.items
    assert Counter(row.kind for row in found) == {"CONSIGNMENT": 8, "BULK_LOT": 3}


def test_a_shipment_is_found_by_everything_it_has_to_do_with(database: Database) -> None:
    """By container, note, train, vessel, plate, place, status and time, and by nothing else's."""
    write(database, facts(2))
    key, own = of_one(0, 2)
    line = facts(2)
    with database.reading() as connection:
        (row,) = [r for r in find(connection, Wanted()).items if r.key == key]
        container = next(f.subject.partition(":")[2] for f in own if f.kind == "EQUIPMENT")
        note = next(f.references[0].value for f in own if f.note)
        vessel = next(f.vessel for f in own if f.vessel)
        plate = next(f.plate for f in own if f.plate)
        for wanted in (
            Wanted(container=container.lower()), Wanted(note=note), Wanted(note=note.rpartition("/")[2]),
            Wanted(vessel=vessel), Wanted(plate=plate), Wanted(place=row.place or ""),
            Wanted(status=row.status), Wanted(after=row.last_at, before=row.first_at + 1),
        ):  # fmt: skip
            assert key in [found.key for found in find(connection, wanted).items]
        assert find(connection, Wanted(container="CSQU3054383")).items == ()
        assert find(connection, Wanted(after=max(f.at for f in line) + 1)).items == ()
        with pytest.raises(Invalid) as refused:
            find(connection, Wanted(cursor="???"))
    assert refused.value.pointer == "/cursor"


def test_a_vessel_is_its_newest_call_however_many_shipments_name_it(database: Database) -> None:
    """Of a vessel's number the call is shown, with those aboard in its time, not one of many shipments."""
    listed = facts(1)
    call = next(fact for fact in listed if fact.kind == "VESSEL" and not fact.consignment)
    loaded = next(fact for fact in listed if fact.imo == call.imo and fact.consignment)
    aboard = [replace(loaded, id=f"{n:036}", consignment=f"{n:036}", at=call.at) for n in range(30)]
    before = [
        replace(fact, id=f"a{fact.id[1:]}", consignment=f"a{fact.id[1:]}", at=call.at - 200 * 86_400_000)
        for fact in aboard
    ]
    write(database, [call, *aboard, *before])
    with database.reading() as connection:
        shown = show(connection, str(call.imo))
    assert shown is not None
    assert shown.timeline.key == owner_of(call)
    assert {row.key for row in shown.aboard} == {fact.consignment for fact in aboard}


def test_an_event_that_moves_to_another_consignment_leaves_the_first(database: Database) -> None:
    """A version that names another consignment takes the event along, whichever version comes first."""
    key, own = of_one(0, 1)
    event = next(fact for fact in own if fact.kind == "EQUIPMENT")
    moved = msgspec.structs.replace(event, version=2, consignment="11111111-1111-5111-8111-111111111111")
    write(database, own)
    before = content(database)
    write(database, [moved])
    after = content(database)
    with database.reading() as connection:
        there = show(connection, str(moved.consignment))
        left = show(connection, key)
    assert there is not None
    assert left is not None
    assert there.timeline.corrections[0].event == event.id
    assert event.id not in [correction.event for correction in left.timeline.corrections]
    Projector(database, Contracts(None)).empty()
    write(database, [moved])
    write(database, own)
    assert content(database) == after != before


def test_what_a_lot_gave_to_another_is_no_loss(database: Database) -> None:
    """A lot whose tank is told under another key balances with it, in whatever order the two came."""

    def about(number: int, code: str, lot: str, told: Lot) -> Fact:
        return Fact(
            id=f"e{number}", version=1, subject=f"BULK_LOT:{lot}", source="oil", message=f"e{number}:1",
            ingested=number, at=number * 3_600_000, classifier="ACT", code=f"BULK/{code}", lot=told,
            facility="SANGACHAL",
        )  # fmt: skip

    told = [
        about(1, "LOAD", "A", Lot(kg=6_000, measured=True)),
        about(2, "FORM", "T", Lot(formed_of=(("A", 5_000),))),
        about(3, "DISC", "A", Lot(kg=990, measured=True)),
        about(4, "INJE", "T", Lot(kg=4_998, measured=True)),
    ]
    dumps = []
    for order in (told, told[::-1], [told[2], told[1], told[0], told[3]]):
        Projector(database, Contracts(None)).empty()
        for fact in order:
            write(database, [fact])
        dumps.append(content(database))
    Projector(database, Contracts(None)).empty()
    write(database, told)
    assert {content(database), *dumps} == {dumps[0]}
    with database.reading() as connection:
        shown = show(connection, "T")
        lost = figures(connection, Asked(kpi="oil-difference"))
    assert shown is not None
    assert [(book.lot, book.shares) for book in shown.timeline.books] == [("T", {"A": 4_998})]
    assert any("loss -2 kg (-0.0400 %)" in text for text in shipment(shown))
    assert [(figure.value, figure.n) for figure in lost] == [(-0.012, 2)]
    with database.reading() as connection:
        own = show(connection, "a")
    assert own is not None
    assert (own.timeline.key, [row.key for row in own.others]) == ("BULK_LOT:A", ["BULK_LOT:T"])
    assert next(shipment(own)).startswith("Bulk lot A ")
    write(database, [msgspec.structs.replace(told[1], version=2, retracted=True)])
    with database.reading() as connection:
        (alone,) = figures(connection, Asked(kpi="oil-difference"))
    assert alone.value == -5.01


def test_a_permit_issued_under_a_note_is_one_for_its_entry(database: Database) -> None:
    """An entry told without the note meets the issue told with it, though that comes later."""

    def told(number: int, code: str, consignment: str | None) -> Fact:
        return Fact(
            id=f"p{number}", version=1, subject="PERMIT:AZ-KZ-2026-2-17", source="epermit",
            message=f"p{number}", ingested=number, at=number * 3_600_000, classifier="ACT",
            code=f"PERMIT/{code}", consignment=consignment,
        )  # fmt: skip

    def counted() -> dict[str, float]:
        with database.reading() as connection:
            return {
                f.kpi: f.value for f in figures(connection, Asked(leg="road")) if f.kpi.startswith("perm")
            }

    issued = told(1, "ISSU", "11111111-1111-5111-8111-111111111111")
    write(database, [told(2, "ENTR", None)])
    assert counted() == {"permits-used": 1, "permits-missing": 1}
    write(database, [issued])
    assert counted() == {"permits-issued": 1, "permits-used": 1}


def test_what_the_broker_did_stands_beside_the_timeline(database: Database) -> None:
    """Deliveries, losses and open dead letters are shown; a settled letter holds nothing any more."""
    key, own = of_one(0, 1)
    origin, subject = own[0].origin, own[0].subject
    report = Report(
        id="m", origin=origin, stage="to-corridor.dtc", outputs=1,
        losses=[Loss("/x", "no-equivalent")], accepted=own[0].ingested,
    )  # fmt: skip
    receipt = Receipt(
        id="r", participant="dlp", origin=origin, subject=subject, idempotency_key="k", outcome="DELIVERED",
        attempts=2, accepted=1, delivered=2, body_sha256="", topic="out.dlp", partition=0, offset=0,
    )  # fmt: skip
    letter = DeadLetter(
        id="d", stage="deliver.dlp", code="partner-refused", topic="out.dlp", partition=0, offset=7,
        headers={}, subject=subject,
    )  # fmt: skip
    write(database, own[:9])
    with database.writing() as connection:
        write_reports(connection, [(0, report), (0, report)])
        write_receipts(connection, [(5, receipt)])
        write_letters(connection, [(3, "d", letter)])
    with database.reading() as connection:
        shown = show(connection, key)
    assert shown is not None
    assert [(d.participant, d.attempts) for d in shown.deliveries] == [("dlp", 2)]
    assert [(lost.pointer, lost.times) for lost in shown.lost] == [("/x", 1)]
    assert [(dead.id, dead.open) for dead in shown.dead] == [("d", True)]
    assert "dead-letter" in [hold.kind for hold in shown.timeline.holds]
    assert any("partner-refused" in text for text in shipment(shown))
    with database.writing() as connection:
        write_letters(connection, [(9, "d", None)])
        write_letters(connection, [(3, "d", letter)])
    with database.reading() as connection:
        settled = show(connection, key)
        share = figures(connection, Asked(kpi="loss-free"))
    assert settled is not None
    assert [(dead.id, dead.open) for dead in settled.dead] == [("d", False)]
    assert "dead-letter" not in [hold.kind for hold in settled.timeline.holds]
    assert [(figure.leg, figure.value, figure.met) for figure in share] == [("to-corridor.dtc", 0.0, False)]


def test_an_event_has_a_report_for_every_message_that_tells_it(database: Database) -> None:
    """Reports of one event by two messages lie in two partitions: both stay, in whatever order they come."""
    one, other = (
        Report(id="m", origin=f"dtc/{name}", stage="from-corridor.dlp", outputs=outputs, accepted=0)
        for name, outputs in (("a", 1), ("b", 0))
    )
    found = []
    for listed in ([(7, one), (7, other)], [(7, other), (7, one)]):
        Projector(database, Contracts(None)).empty()
        for report in (*listed, listed[0]):
            with database.writing() as connection:
                write_reports(connection, [report])
        with database.writing() as connection:
            write_reports(connection, listed)
        found.append(content(database))
    assert found[0] == found[1]
    assert found[0].count(b'"report"') == 2


def test_days_add_up_to_the_whole(database: Database) -> None:
    """Sums and counts day by day add up to those over all days; every figure is one that is defined."""
    write(database, facts(2))
    with database.reading() as connection:
        whole = figures(connection, Asked())
        daily = figures(connection, Asked(daily=True))
        teu = figures(connection, Asked(kpi="teu", leg="caspian"))
    assert {
        "dwell-aktau",
        "sea-leg",
        "border-time",
        "transit-absheron",
        "eta-error-24h",
        "trains",
        "teu",
    } <= {figure.kpi for figure in whole}
    for figure in whole:
        assert figure.n == sum(f.n for f in daily if (f.kpi, f.leg) == (figure.kpi, figure.leg))
    assert sum(f.value for f in daily if (f.kpi, f.leg) == ("teu", "caspian")) == teu[0].value
    assert len(list(figure_lines(whole, daily=False))) == len(whole) + 1


def test_a_yearly_target_is_compared_with_its_part_for_the_days(database: Database) -> None:
    """For the days asked for, else from first to last measured, or a day; only in the leg it is about."""
    write(database, facts(2))
    span = Asked(kpi="teu", first="2026-01-01", last="2026-03-14")
    with database.reading() as connection:
        asked = {figure.leg: figure for figure in figures(connection, span)}
        measured = figures(connection, Asked(kpi="teu", leg="caspian"))
        daily = figures(connection, Asked(kpi="teu", leg="caspian", daily=True))
    sea = asked["caspian"]
    assert (sea.days, sea.limit, sea.met) == (73, 17_600, False)
    assert any("88,000 TEU a year Aktau - Alat: 17,600 TEU in 73 days  MISSED" in text
               for text in figure_lines([sea], daily=False))  # fmt: skip
    assert (asked["rail-kz"].target, asked["rail-kz"].limit, asked["rail-kz"].met) == ("", None, None)
    first, last = daily[0].day, daily[-1].day
    assert measured[0].days == (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    assert {figure.limit for figure in daily} == {round(88_000 / 365, 3)}


def test_a_writer_that_lost_its_place_is_refused(database: Database) -> None:
    """Rows go in only at the offset that the store has: a second writer at it changes nothing."""
    projector = Projector(database, Contracts(None))
    broken = SimpleNamespace(
        topic=topics.EVENTS, partition=0, offset=4, value=b"\x01", key=b"", headers=[], timestamp=0
    )
    asyncio.run(projector.learn([broken]))
    place = (topics.EVENTS, 0)
    projector.take([broken], {place: None}, {place: 5})
    before = content(database)
    with pytest.raises(Moved):
        projector.take([broken], {place: None}, {place: 9})
    assert content(database) == before
    assert projector.positions() == {place: 5}
    assert b'"unread","corridor.events",0,4,"wire-format"' in before


async def test_the_read_api_answers_in_pages_and_problems(database: Database) -> None:
    """Shipments, one shipment and figures over HTTP; what is wrong is a problem naming the parameter."""
    write(database, facts(2))
    key, own = of_one(0, 2)
    async with serving() as (mount, base), httpx.AsyncClient(base_url=base, trust_env=False) as client:
        mount(make_app(view_routes(database, Secret("t" * 20))))
        refused = await client.get("/shipments")
        assert (refused.status_code, refused.json()["code"]) == (401, "auth-missing")
        client.headers["Authorization"] = "Bearer " + "t" * 20
        page = (await client.get("/shipments", params={"limit": 3})).json()
        after = (await client.get("/shipments", params={"limit": 3, "cursor": page["next"]})).json()
        assert len({row["key"] for row in page["items"] + after["items"]}) == 6
        note = next(fact.references[0].value for fact in own if fact.note)
        shown = (await client.get(f"/shipments/{note}")).json()
        assert shown["timeline"]["key"] == key
        assert (await client.get("/shipments/nothing")).json()["code"] == "not-found"
        measured: list[dict[str, Any]] = (await client.get("/kpis", params={"kpi": "sea-leg"})).json()
        assert [figure["leg"] for figure in measured] == ["caspian"]
        for parameters, pointer in (
            ({"limit": "201"}, "/limit"), ({"limit": "many"}, "/limit"), ({"status": "gone"}, "/status"),
            ({"after": "yesterday"}, "/after"), ({"container_no": "x"}, "/container_no"),
        ):  # fmt: skip
            bad = await client.get("/shipments", params=parameters)
            assert (bad.status_code, bad.headers["content-type"]) == (400, "application/problem+json")
            assert bad.json()["errors"][0]["pointer"] == pointer
        document = (await client.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {"/shipments", "/shipments/{reference}", "/kpis"}
    assert set(document["components"]["schemas"]["Row"]["required"]) <= page["items"][0].keys()
