"""The audit flags every kind of violation that is planted, and nothing on a clean run."""

from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from connectors.settings import Deliver, Participant, Webhook
from corridor.audit import evidence as collecting
from corridor.audit.checks import check
from corridor.audit.facts import (
    VIOLATIONS,
    Died,
    Evidence,
    GotMessage,
    Logged,
    ReceiptFact,
    Reported,
    SentMessage,
)
from corridor.audit.log import AuditedLog
from corridor.sandbox import ledger
from streams.kafka import topics
from streams.kafka.settings import Kafka
from streams.records.contracts import Contracts
from streams.records.envelope import headers

MESSAGES = 6
SUBJECTS = 2

AUDITED = AuditedLog(Kafka(), Contracts(None))


def clean() -> Evidence:
    """Six notes of two subjects, each one event, each delivered; the last one filtered on its way out."""
    evidence = Evidence()
    for n in range(MESSAGES):
        subject = f"CONSIGNMENT:{n % SUBJECTS}"
        message, event, out = f"m{n}", f"e{n}:1", f"e{n}:1:rule"
        origin = f"dtc/{message}"
        evidence.sent["dtc"].append(SentMessage(message, subject, f"sha{n}", accepted=True))
        evidence.incoming["dtc"].append(Logged(0, n, message, origin, subject, ("dtc",), f"sha{n}"))
        evidence.events.append(Logged(0, n, event, origin, subject, ("dtc",)))
        if n == MESSAGES - 1:
            evidence.reports.append(Reported(event, "from-corridor.dlp", outputs=0, filtered=1))
            continue
        evidence.outgoing["dlp"].append(Logged(0, n, out, origin, subject, ("dtc",)))
        evidence.receipts.append(ReceiptFact(out, "dlp", f"k{n}", f"body{n}", delivered=True))
        evidence.got["dlp"].append(GotMessage(f"k{n}", out, f"event-{n}:1", f"body{n}", effect=True))
    return evidence


def lose_accepted(evidence: Evidence) -> None:
    """An acknowledged message is not in the log."""
    del evidence.incoming["dtc"][0]


def invent(evidence: Evidence) -> None:
    """The log holds a message nobody sent."""
    evidence.incoming["dtc"].append(replace(evidence.incoming["dtc"][0], id="x", offset=99))


def double_accepted(evidence: Evidence) -> None:
    """A message id is in the log twice."""
    evidence.incoming["dtc"].append(replace(evidence.incoming["dtc"][0], offset=99))


def alter_accepted(evidence: Evidence) -> None:
    """The body changed between the sender and the log."""
    evidence.incoming["dtc"][1] = replace(evidence.incoming["dtc"][1], digest="other")


def swap_accepted(evidence: Evidence) -> None:
    """Two messages of one subject change places in the log."""
    log = evidence.incoming["dtc"]
    log[0], log[2] = log[2], log[0]


def lose_in_translation(evidence: Evidence) -> None:
    """An event disappears between the log and the translated topic."""
    del evidence.events[0]
    del evidence.outgoing["dlp"][0]
    del evidence.got["dlp"][0]
    del evidence.receipts[0]


def double_output(evidence: Evidence) -> None:
    """An event is written twice."""
    evidence.events.append(evidence.events[0])


def never_deliver(evidence: Evidence) -> None:
    """An outgoing message has no end."""
    del evidence.receipts[0]
    del evidence.got["dlp"][0]


def lie(evidence: Evidence) -> None:
    """A receipt claims what the partner never saw."""
    del evidence.got["dlp"][0]


def surprise(evidence: Evidence) -> None:
    """The partner has an effect from nowhere."""
    evidence.got["dlp"].append(GotMessage("k9", "", "event-9:1", "body", effect=True))


def double_effect(evidence: Evidence) -> None:
    """A retry under another key takes effect a second time."""
    evidence.got["dlp"].append(replace(evidence.got["dlp"][0], key="another", id=""))


def alter_retry(evidence: Evidence) -> None:
    """A second attempt carries other bytes."""
    evidence.got["dlp"].append(replace(evidence.got["dlp"][0], sha256="other", effect=False))


def swap_delivery(evidence: Evidence) -> None:
    """Two messages of one subject arrive in the wrong order."""
    got = evidence.got["dlp"]
    got[0], got[2] = got[2], got[0]


def echo(evidence: Evidence) -> None:
    """A message goes back to where it was born."""
    evidence.outgoing["dlp"][0] = replace(evidence.outgoing["dlp"][0], hops=("dtc", "dlp"))


def never_deliver_by_receipts(evidence: Evidence) -> None:
    """An outgoing message has no end, and nobody asked the partner."""
    del evidence.receipts[0]


def reuse(evidence: Evidence) -> None:
    """One id is in the log with two bodies."""
    evidence.incoming["dtc"].append(replace(evidence.incoming["dtc"][0], offset=98, digest="other"))


def forget(evidence: Evidence) -> None:
    """An event has neither output, nor report, nor dead letter."""
    evidence.reports.clear()


def double_by_the_broker(evidence: Evidence) -> None:
    """One message was taken in once and told twice."""
    evidence.outgoing["dlp"].append(evidence.outgoing["dlp"][0])


PLANTED_IN_THE_LOG: dict[str, Callable[[Evidence], None]] = {
    "altered-accepted": reuse,
    "lost-in-translation": forget,
    "not-delivered": never_deliver_by_receipts,
    "doubled-output": double_by_the_broker,
    "echo": echo,
}
PLANTED: dict[str, Callable[[Evidence], None]] = {
    "lost-accepted": lose_accepted,
    "phantom": invent,
    "doubled-accepted": double_accepted,
    "altered-accepted": alter_accepted,
    "swapped-accepted": swap_accepted,
    "lost-in-translation": lose_in_translation,
    "doubled-output": double_output,
    "not-delivered": never_deliver,
    "false-receipt": lie,
    "phantom-effect": surprise,
    "doubled-effect": double_effect,
    "altered-retry": alter_retry,
    "swapped-delivery": swap_delivery,
    "echo": echo,
}


def test_what_is_doubled_aboard_is_flagged() -> None:
    """What concerns a vessel or train is told to it once."""
    evidence = clean()
    evidence.aboard += evidence.events[:1] * 2
    assert [(found.kind, found.place) for found in check(evidence)] == [("doubled-output", "corridor.aboard")]


def test_a_clean_run_has_no_violation() -> None:
    """What was accepted was delivered, filtered or dead-lettered: nothing to report."""
    evidence = clean()
    assert check(evidence) == []
    assert evidence.counts()["accepted"] == MESSAGES


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_violation_is_flagged(kind: str) -> None:
    """Each kind of violation, planted alone, is found under its own name."""
    evidence = clean()
    PLANTED[kind](evidence)
    assert kind in {violation.kind for violation in check(evidence)}


ELSEWHERE = {
    "altered-effect": "test_permits.py",
    "broken-chain": "test_permits.py",
    "false-proof": "test_permits.py",
    "replay-differs": "test_replay.py",
    "swapped-output": "test_replay.py",
    "untrue": "test_truth.py",
    "untold": "test_truth.py",
    "told-twice": "test_truth.py",
    "not-taken-back": "test_truth.py",
}
"""Kinds that are planted in a file beside this one."""


def test_every_kind_is_planted_somewhere() -> None:
    """No kind of violation is without a test."""
    assert set(PLANTED) | set(ELSEWHERE) == set(VIOLATIONS)
    for kind, file in ELSEWHERE.items():
        assert f'"{kind}"' in Path(__file__).with_name(file).read_text()


async def test_who_is_told_nothing_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A participant that only sends has no stage that could lose what it is not told."""

    async def scan(_: Kafka, topic: str) -> AsyncIterator[Any]:
        if topic == topics.EVENTS:
            listed = headers("e1:1", "dtc/1", ("dtc",), 0)
            yield SimpleNamespace(topic=topic, partition=0, offset=0, timestamp=0, key=b"", headers=listed)

    monkeypatch.setattr("corridor.audit.log.scan", scan)
    border = Participant(name="border", profile="dlp.event.v1", webhook=Webhook())
    assert check(await collecting.collect(AUDITED, {}, [border])) == []
    told = msgspec.structs.replace(border, deliver=Deliver(url="https://border.example"))
    lost = check(await collecting.collect(AUDITED, {}, [told]))
    assert [(found.kind, found.place) for found in lost] == [("lost-in-translation", "from-corridor.border")]


def test_there_is_no_order_between_keys() -> None:
    """A container told of with and without its note has two keys: no order holds between them."""
    evidence = clean()
    swap_delivery(evidence)
    evidence.outgoing["dlp"][2] = replace(evidence.outgoing["dlp"][2], key="EQUIPMENT:C1")
    assert check(evidence) == []


def test_a_dead_letter_settles_a_message() -> None:
    """A message that died at delivery is accounted for, not lost."""
    evidence = clean()
    never_deliver(evidence)
    evidence.dead.append(Died("e0:1:rule", "deliver.dlp", "partner-refused"))
    assert check(evidence) == []


def test_what_was_sent_again_without_an_answer_may_be_in_the_log_twice() -> None:
    """After a 503 a sender goes to another gateway: that is no double, once more than it was unsure is."""
    evidence = clean()
    evidence.sent["dtc"][0] = replace(evidence.sent["dtc"][0], unsure=1)
    evidence.incoming["dtc"].append(replace(evidence.incoming["dtc"][0], offset=99))
    evidence.events.append(replace(evidence.events[0], offset=99))
    assert check(evidence) == []
    evidence.incoming["dtc"].append(replace(evidence.incoming["dtc"][0], offset=100))
    assert {found.kind for found in check(evidence)} == {"doubled-accepted"}


def test_a_ledger_tells_how_often_its_participant_was_unsure(tmp_path: Path) -> None:
    """Sent three times: answered 503, not at all, and 202."""
    path, collected = tmp_path / "ledger.jsonl", Evidence()
    lines = [
        ledger.SentEntry(0, "m0", "s", "sha"), ledger.Answered([0], 503),
        ledger.SentEntry(0, "m0", "s", "sha", 2), ledger.SentEntry(0, "m0", "s", "sha", 3),
        ledger.Answered([0], 202), ledger.SentEntry(1, "m1", "s", "sha"), ledger.Answered([1], 202),
        ledger.SentEntry(1, "m1", "s", "sha"), ledger.Answered([1], 202),
    ]  # fmt: skip
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    collecting._read_ledger("dtc", path, collected)
    assert [(sent.id, sent.accepted, sent.unsure) for sent in collected.sent["dtc"]] == [
        ("m0", True, 2), ("m1", True, 0),
    ]  # fmt: skip


def test_a_replayed_letter_is_no_violation() -> None:
    """What a replay writes again stands twice in its topic, and takes effect when somebody replays it."""
    evidence = clean()
    evidence.incoming["dtc"].append(replace(evidence.incoming["dtc"][0], offset=99, replayed=True))
    evidence.events.append(replace(evidence.events[0], offset=99, replayed=True))
    evidence.outgoing["dlp"].append(replace(evidence.outgoing["dlp"][0], offset=99, replayed=True))
    evidence.got["dlp"].append(evidence.got["dlp"].pop(0))
    assert check(evidence) == []


def test_without_ledgers_the_log_is_held_against_itself() -> None:
    """A real partner gives no ledger: what the log can prove is judged, and nothing else is called broken."""
    evidence = clean()
    evidence.sent.clear()
    evidence.got.clear()
    evidence.without_ledger = ("dtc", "dlp")
    evidence.incoming["dtc"].append(replace(evidence.incoming["dtc"][1], offset=99))
    assert check(evidence) == []
    for kind, spoil in PLANTED_IN_THE_LOG.items():
        spoilt = deepcopy(evidence)
        spoil(spoilt)
        assert {found.kind for found in check(spoilt)} == {kind}


def test_a_lost_answer_is_no_violation() -> None:
    """The same key and bytes twice, one effect: that is what retries look like."""
    evidence = clean()
    evidence.got["dlp"].insert(1, replace(evidence.got["dlp"][0], effect=False))
    assert check(evidence) == []
