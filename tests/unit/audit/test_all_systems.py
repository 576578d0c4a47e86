"""What is planted at any system is found by the audit: dtc, dlp, port, vessel, oil, and those aboard."""

from __future__ import annotations

import copy
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from corridor.audit import evidence as collecting
from corridor.audit import replay as replaying
from corridor.audit.checks import check
from corridor.audit.log import AuditedLog
from corridor.sandbox.ledger import GotEntry
from corridor.sandbox.settings import PROFILES
from streams.kafka import topics
from streams.records.contracts import Contracts
from tests.support.corridor_log import SETTINGS, CorridorLog
from tests.support.planting import FAULTS, plant

pytestmark = pytest.mark.system("dtc", "dlp", "port", "vessel", "oil")
AUDITED = AuditedLog(SETTINGS.kafka, Contracts(None))

SYSTEMS = tuple(PROFILES)
RECEIVERS = tuple(name for name in PROFILES if name != "oil")
"""The sandbox tells nobody else of oil, so its terminals have nothing to hear."""


@pytest.fixture(scope="module")
def whole() -> CorridorLog:
    """A run of all systems without a fault."""
    return CorridorLog(40)


@pytest.fixture
def log(whole: CorridorLog, monkeypatch: pytest.MonkeyPatch) -> CorridorLog:
    """The same run, to be spoiled; the audit reads it."""
    made = copy.copy(whole)
    made.topics = defaultdict(list, {topic: list(records) for topic, records in whole.topics.items()})
    made.ledgers = defaultdict(list, {name: list(entries) for name, entries in whole.ledgers.items()})
    monkeypatch.setattr("corridor.audit.log.scan", made.scan)
    return made


async def found(log: CorridorLog, directory: Path, *, replay: bool = False) -> set[tuple[str, str]]:
    """Kind and place of everything that the audit finds."""
    participants = SETTINGS.participants.values()
    evidence = await collecting.collect(AUDITED, log.keep(directory), participants)
    assert all(evidence.sent[name] and evidence.incoming[name] for name in SYSTEMS)
    violations = check(evidence)
    if replay:
        violations += await replaying.replay(SETTINGS, AUDITED, evidence)
    return {(violation.kind, violation.place) for violation in violations}


def twins(units: list[Any]) -> tuple[int, int]:
    """Places of the first two that are of one unit of order."""
    seen: dict[Any, int] = {}
    for place, unit in enumerate(units):
        if unit in seen:
            return seen[unit], place
        if unit is not None:
            seen[unit] = place
    raise AssertionError("no two are of one unit")


def other_bytes(record: Any) -> Any:  # noqa: ANN401
    """A record with another last byte."""
    changed = copy.copy(record)
    changed.value = record.value[:-1] + bytes([record.value[-1] ^ 1])
    return changed


def other_digest(record: Any) -> Any:  # noqa: ANN401
    """A record of something else than what was sent."""
    changed = copy.copy(record)
    changed.headers = [(name, b"0" if name == "digest" else value) for name, value in record.headers]
    return changed


async def test_a_run_without_a_fault_has_no_violation(log: CorridorLog, tmp_path: Path) -> None:
    """All systems, what is aboard, both ways: nothing to report, and each has sent and got something."""
    assert await found(log, tmp_path, replay=True) == set()
    assert log.topics[topics.ABOARD]
    assert all(log.topics[topics.outgoing(name)] for name in RECEIVERS)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SYSTEMS)
async def test_what_happens_to_what_a_system_sent_is_found(
    name: str, fault: str, log: CorridorLog, tmp_path: Path
) -> None:
    """Between the system and the log."""
    place = topics.incoming(name)
    plant(fault, log.topics[place], *twins([record.key for record in log.topics[place]]), other_digest)
    assert (f"{fault}-accepted", place) in await found(log, tmp_path)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", RECEIVERS)
async def test_what_happens_to_what_a_system_gets_is_found(
    name: str, fault: str, log: CorridorLog, tmp_path: Path
) -> None:
    """Between the log and the system."""
    entries, records = log.ledgers[name], iter(log.topics[topics.outgoing(name)])
    units = [next(records).key if isinstance(entry, GotEntry) else None for entry in entries]
    if fault == "doubled":
        one, other = twins(units)
        entries.insert(other, msgspec.structs.replace(entries[one], key="another"))
    else:
        plant(fault, entries, *twins(units), lambda got: msgspec.structs.replace(got, sha256="0"))
    kinds = {
        "lost": "false-receipt", "doubled": "doubled-effect", "swapped": "swapped-delivery",
        "altered": "altered-retry",
    }  # fmt: skip
    assert (kinds[fault], name) in await found(log, tmp_path)


STAGES = {
    topics.EVENTS: "to-corridor.dtc",
    topics.ABOARD: topics.TO_ABOARD,
    **{topics.outgoing(name): f"from-corridor.{name}" for name in RECEIVERS},
}
"""Topic to the stage that writes it; of several, one."""


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("topic", STAGES)
async def test_what_happens_between_stages_is_found(
    topic: str, fault: str, log: CorridorLog, tmp_path: Path
) -> None:
    """Between one topic and the next, and what is told to those aboard."""
    born = topic == topics.EVENTS
    records = log.topics[topic]
    units = [
        None if born and not dict(record.headers)["origin"].startswith(b"dtc/") else record.key
        for record in records
    ]
    plant(fault, records, *twins(units), other_bytes)
    kinds = {
        "lost": ("replay-differs", STAGES[topic]), "doubled": ("doubled-output", topic),
        "swapped": ("swapped-output", STAGES[topic]), "altered": ("replay-differs", STAGES[topic]),
    }  # fmt: skip
    assert kinds[fault] in await found(log, tmp_path, replay=fault != "doubled")
