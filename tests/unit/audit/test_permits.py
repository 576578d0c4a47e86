"""The audit of e-Permit authorities flags what was lost, doubled, swapped or altered, wherever it was."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.settings import AuthoritySettings, Deliver, Participant, PermitKey, PermitPeer
from corridor.audit import evidence as collecting
from corridor.audit.checks import check
from corridor.audit.log import AuditedLog
from schemas.avro.wire import frame, unframe
from schemas.records import OUTBOX, PERMIT
from streams.kafka.settings import Kafka
from streams.records.contracts import Contracts
from tests.support.crossing import codec
from tests.support.permit_topics import BOX, LEDGER, OUT, OUTBOX_NAME, PROFILE, TOLD, Day
from tests.support.planting import FAULTS, plant

pytestmark = pytest.mark.system("epermit")
AUDITED = AuditedLog(Kafka(), Contracts(None))

KZ = Participant(
    name="kz",
    profile=PROFILE,
    deliver=Deliver(url="https://kz.example/internal/reports"),
    authority=AuthoritySettings(
        code="KZ", title="KZ", keys=(PermitKey(id="1", key="env:KEY"),), token="env:TOKEN",
        peers={"AZ": PermitPeer(url="https://az.example")},
    ),
)  # fmt: skip


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Day:
    """A clean day, and the audit reads it."""
    made = Day()
    monkeypatch.setattr("corridor.audit.log.scan", made.scan)
    return made


async def found(day: Day, directory: Path) -> set[tuple[str, str]]:
    """Kind and place of everything that the audit finds."""
    evidence = await collecting.collect(AUDITED, {OUTBOX_NAME: day.keep(directory)}, [KZ])
    assert evidence.counts()["permit events"] > 10
    return {(violation.kind, violation.place) for violation in check(evidence)}


def rows(day: Day, place: str) -> list[Any]:
    """Where records of a place are."""
    return day.az.records if place == "az" else day.log[place]


def events(day: Day, place: str, of: str) -> list[int]:
    """Places of the events of a producer."""
    texts = [r.content.encode() if place == "az" else r.value for r in rows(day, place)]
    return [n for n, text in enumerate(texts) if f'"event_producer":"{of}"'.encode() in text]


def told(day: Day, place: str, of: str) -> list[int]:  # noqa: ARG001
    """Places of messages to and from the corridor, of the permit with most of them first."""
    keys = [record.key for record in day.log[place]]
    busiest = max(keys, key=keys.count)
    return [n for n, key in enumerate(keys) if key == busiest]


def alter_ledger(record: Any) -> Any:  # noqa: ANN401
    """Change what an event of a ledger says."""
    if not isinstance(record, msgspec.Struct):
        held = PERMIT.decode(unframe(record.value)[1])
        changed = copy.copy(record)
        changed.value = frame(1, PERMIT.encode(alter_ledger(held)))
        return changed
    return msgspec.structs.replace(record, content=record.content.replace("2026,", "2027,", 1))


def alter_box(record: Any) -> Any:  # noqa: ANN401
    """Change what waits for the peer."""
    held = OUTBOX.decode(unframe(record.value)[1])
    changed = copy.copy(record)
    content = held.content.replace("2026", "2027", 1)
    changed.value = frame(1, OUTBOX.encode(msgspec.structs.replace(held, content=content)))
    return changed


def alter_message(record: Any) -> Any:  # noqa: ANN401
    """Change what was told to or by the corridor."""
    changed = copy.copy(record)
    datum = codec(PROFILE).decode(unframe(record.value)[1])
    changed.value = frame(1, codec(PROFILE).encode({**datum, "activity_details": "elsewhere"}))
    return changed


Where = Callable[[Day, str, str], list[int]]
STAGES: dict[str, tuple[str, str, Where, Callable[[Any], Any], str, dict[str, str]]] = {
    "peer to ledger": (
        LEDGER, "AZ", events, alter_ledger, LEDGER,
        {"lost": "lost-accepted", "doubled": "doubled-accepted", "swapped": "swapped-accepted",
         "altered": "altered-accepted"},
    ),
    "ledger to outbox": (
        BOX, "KZ", events, alter_box, BOX,
        {"lost": "lost-accepted", "doubled": "doubled-accepted", "swapped": "swapped-accepted",
         "altered": "altered-accepted"},
    ),
    "outbox to peer": (
        "az", "KZ", events, alter_ledger, OUTBOX_NAME,
        {"lost": "false-receipt", "doubled": "doubled-effect", "swapped": "swapped-delivery",
         "altered": "altered-retry"},
    ),
    "ledger to corridor": (
        TOLD, "", told, alter_message, TOLD,
        {"lost": "lost-accepted", "doubled": "doubled-accepted", "swapped": "swapped-accepted",
         "altered": "altered-accepted"},
    ),
}  # fmt: skip
"""Stage to topic or file, producer, records in question, how one is altered, place and kinds found."""


async def test_a_clean_day_has_no_violation(day: Day, tmp_path: Path) -> None:
    """Quotas, permits, uses, reports of border posts and revocations, both ways: nothing to report."""
    assert await found(day, tmp_path) == set()


@pytest.mark.parametrize("what", FAULTS)
@pytest.mark.parametrize("stage", STAGES)
async def test_what_is_planted_is_found(stage: str, what: str, day: Day, tmp_path: Path) -> None:
    """Each fault at each stage is found under its own name, at its own place."""
    topic, producer, where, alter, place, kinds = STAGES[stage]
    records, here = rows(day, topic), where(day, topic, producer)
    assert await found(day, tmp_path) == set()
    plant(what, records, here[0], here[1], alter)
    assert (kinds[what], place) in await found(day, tmp_path)


def uses(day: Day) -> list[int]:
    """Places of what border posts reported in the ledger."""
    return [n for n, record in enumerate(day.log[LEDGER]) if b"Kuryk" in record.value]


async def test_a_report_that_made_no_use_is_found(day: Day, tmp_path: Path) -> None:
    """An entry that a border post reported never reached the ledger, so neither the issuer."""
    del day.log[LEDGER][uses(day)[1]]
    assert ("false-receipt", LEDGER) in await found(day, tmp_path)


async def test_a_report_that_made_two_uses_is_found(day: Day, tmp_path: Path) -> None:
    """One entry is two uses under two ids."""
    record = copy.copy(day.log[LEDGER][uses(day)[0]])
    held = PERMIT.decode(unframe(record.value)[1])
    content = held.content.replace(held.id, held.id[::-1])
    twin = msgspec.structs.replace(held, id=held.id[::-1], content=content)
    record.value = frame(1, PERMIT.encode(twin))
    day.log[LEDGER].append(record)
    assert ("doubled-effect", LEDGER) in await found(day, tmp_path)


async def test_reports_that_changed_places_are_found(day: Day, tmp_path: Path) -> None:
    """The exit is in the ledger before the entry."""
    one, other = uses(day)
    log = day.log[LEDGER]
    log[one], log[other] = log[other], log[one]
    assert ("swapped-delivery", LEDGER) in await found(day, tmp_path)


async def test_a_report_that_says_something_else_is_found(day: Day, tmp_path: Path) -> None:
    """The use names another post than the report."""
    day.log[OUT][0] = alter_message(day.log[OUT][0])
    assert ("altered-effect", LEDGER) in await found(day, tmp_path)


async def test_an_event_nobody_signed_is_found(day: Day, tmp_path: Path) -> None:
    """An event of the ledger was changed after it was signed."""
    one = events(day, LEDGER, "AZ")[0]
    day.log[LEDGER][one] = alter_ledger(day.log[LEDGER][one])
    assert ("false-proof", LEDGER) in await found(day, tmp_path)


async def test_a_fork_is_found(day: Day, tmp_path: Path) -> None:
    """An event does not stand behind the last one, though both sides have the same."""
    for place in ("az", LEDGER):
        records, (*_, one, other) = rows(day, place), events(day, place, "AZ")
        records[one], records[other] = records[other], records[one]
    kinds = await found(day, tmp_path)
    assert {("broken-chain", LEDGER), ("broken-chain", f"ledger of {OUTBOX_NAME}")} <= kinds


async def test_what_a_peer_has_not_sent_is_not_lost(day: Day, tmp_path: Path) -> None:
    """An event that the peer holds no answer for is on its way, and told as that."""
    last = events(day, LEDGER, "AZ")[-1]
    del day.log[LEDGER][last]
    file = day.keep(tmp_path)
    sent = file.with_name("AZ-KZ.sent")
    sent.write_text(str(int(sent.read_text()) - 1))
    evidence = await collecting.collect(AUDITED, {OUTBOX_NAME: file}, [KZ])
    kinds = {(violation.kind, violation.place) for violation in check(evidence)}
    assert ("not-delivered", LEDGER) in kinds
    assert ("lost-accepted", LEDGER) not in kinds
