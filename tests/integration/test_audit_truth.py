"""What the DLP and the DTC are told of a run of the sandbox, held against its world."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.audit import evidence as collecting
from corridor.audit import world as judging
from corridor.audit.facts import BrokenPromise
from corridor.audit.log import AuditedLog
from schemas.errors import Misconfigured
from streams.records.contracts import Contracts
from tests.support.corridor_log import SETTINGS, CorridorLog

pytestmark = [pytest.mark.system("dtc", "dlp")]
AUDITED = AuditedLog(SETTINGS.kafka, Contracts(None))

EACH, SEED = 80, 7


async def judged(log: CorridorLog, directory: Path, seed: int = SEED) -> list[BrokenPromise]:
    """Everything that is wrong with what the partners were told."""
    evidence = await collecting.collect(AUDITED, log.keep(directory), SETTINGS.participants.values())
    return await judging.hold_against_world(SETTINGS, AUDITED, evidence, seed)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> CorridorLog:
    """A run without a fault; the audit reads it."""
    made = CorridorLog(EACH)
    monkeypatch.setattr("corridor.audit.log.scan", made.scan)
    return made


async def test_what_partners_hold_is_so(log: CorridorLog, tmp_path: Path) -> None:
    """No operation is told that did not happen so, none twice, none is lost, none stands taken back."""
    found = await judged(log, tmp_path)
    about_estimates = ("ETA at", "etaDestination", "ARRI EST")
    wrong = [each for each in found if not any(words in each.detail for words in about_estimates)]
    assert wrong == []


async def test_another_seed_is_another_world(log: CorridorLog, tmp_path: Path) -> None:
    """What was sent is not of that timetable: that is said, not judged."""
    with pytest.raises(Misconfigured, match="timetable with the seed 8"):
        await judged(log, tmp_path, 8)
