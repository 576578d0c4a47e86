"""The view in real databases: SQLite, and PostgreSQL where one is installed."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace
from openapi_spec_validator import OpenAPIV31SpecValidator

from connectors.auth.bearer import Login, Logins
from connectors.auth.secret import Secret
from connectors.receive.app import make_app
from corridor.settings.model import View
from corridor.view.api import view_routes
from corridor.view.database import Database
from corridor.view.figures import Asked, figures
from corridor.view.find import WantedShipments, find
from corridor.view.page import shipment
from corridor.view.projector import Projector
from corridor.view.records import write_letters, write_receipts, write_reports
from corridor.view.show import show
from schemas.errors import Invalid
from schemas.records import DeadLetter, Loss, Receipt, Report
from schemas.shipment.owners import owner_of
from streams.kafka import topics
from streams.logs.projection import Moved
from streams.records.contracts import Contracts
from tests.support.journeys import facts, of_one
from tests.support.serving import serving
from tests.support.view import content, write

pytestmark = pytest.mark.system("view")


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
        whole = find(connection, WantedShipments(limit=200))
        found, cursor = [], ""
        while True:
            page = find(connection, WantedShipments(limit=3, cursor=cursor))
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
        (row,) = [r for r in find(connection, WantedShipments()).items if r.key == key]
        container = next(f.subject.partition(":")[2] for f in own if f.kind == "EQUIPMENT")
        note = next(f.references[0].value for f in own if f.note)
        vessel = next(f.vessel for f in own if f.vessel)
        plate = next(f.plate for f in own if f.plate)
        for wanted in (
            WantedShipments(container=container.lower()), WantedShipments(note=note),
            WantedShipments(note=note.rpartition("/")[2]), WantedShipments(vessel=vessel),
            WantedShipments(plate=plate), WantedShipments(place=row.place or ""),
            WantedShipments(status=row.status), WantedShipments(after=row.last_at, before=row.first_at + 1),
        ):  # fmt: skip
            assert key in [found.key for found in find(connection, wanted).items]
        assert find(connection, WantedShipments(container="CSQU3054383")).items == ()
        assert find(connection, WantedShipments(after=max(f.at for f in line) + 1)).items == ()
        with pytest.raises(Invalid) as refused:
            find(connection, WantedShipments(cursor="???"))
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


def test_the_share_without_loss_is_of_what_was_told_on(database: Database) -> None:
    """Of two events that the DTC was told one lost a field; the third was none of his business."""
    lossy, aside = [Loss("/x", "no-equivalent")], [Loss("/y", "publisher")]
    said = [(1, lossy), (1, aside), (0, [])]
    listed = [
        (
            n,
            Report(
                id=f"m{n}",
                origin="dlp/m",
                stage="from-corridor.dtc",
                outputs=outputs,
                losses=losses,
                accepted=1,
            ),
        )
        for n, (outputs, losses) in enumerate(said)
    ]
    with database.writing() as connection:
        write_reports(connection, listed)
    with database.reading() as connection:
        (share,) = figures(connection, Asked(kpi="loss-free"))
    assert (share.leg, share.value, share.n) == ("from-corridor.dtc", 50.0, 2)


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
        mount(make_app(view_routes(database, Logins([Login("a", Secret("t" * 20), frozenset({"read"}))]))))
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
        for path, operations in document["paths"].items():
            for method in ("TRACE", "POST", "PUT"):
                other = await client.request(method, path)
                assert (other.status_code, other.json()["code"]) == (405, "method-not-allowed")
            assert {"401", "403", "405", "421"} <= operations["get"]["responses"].keys()
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()
    assert document["servers"] == [{"url": "/"}]
    assert set(document["paths"]) == {"/shipments", "/shipments/{reference}", "/kpis"}
    assert set(document["components"]["schemas"]["Row"]["required"]) <= page["items"][0].keys()
