from __future__ import annotations

import pytest

from schemas.errors import Misconfigured
from streams.kafka.settings import Topics
from streams.kafka.topics import plan, refuse_unsafe


def test_a_participant_has_its_topics() -> None:
    """Every participant has topics in and out and the state of its processors, with their policies."""
    policies = {topic.name: topic.config["cleanup.policy"] for topic in plan(["dtc"], Topics())}
    assert policies == {
        "corridor.events": "delete", "corridor.reports": "delete", "corridor.dead": "delete",
        "corridor.aboard": "delete", "state.from-aboard": "compact",
        "corridor.receipts": "delete", "corridor.cursors": "compact", "_schemas": "compact",
        "in.dtc": "delete", "out.dtc": "delete", "state.to-corridor.dtc": "compact",
        "state.from-corridor.dtc": "compact", "state.deliver.dtc": "compact",
    }  # fmt: skip


def test_a_dead_letter_fits_its_topic() -> None:
    """The topic of dead letters takes more than any other: it holds whole records and the reason."""
    sizes = {topic.name: int(topic.config["max.message.bytes"]) for topic in plan(["dtc"], Topics())}
    assert sizes["corridor.dead"] > max(size for name, size in sizes.items() if name != "corridor.dead")


@pytest.mark.parametrize("settings", [Topics(), Topics(replication=2, min_insync=2)])
def test_unsafe_topics_are_refused(settings: Topics) -> None:
    """One copy that counts as written, or none to spare, is refused; three copies with two in sync pass."""
    with pytest.raises(Misconfigured) as refused:
        refuse_unsafe(settings)
    assert refused.value.code == "settings-unsafe"
    refuse_unsafe(Topics(replication=3, min_insync=2))


def test_an_authority_has_a_ledger_and_an_outbox_per_peer() -> None:
    """The ledger is one partition that forgets nothing; so is each outbox, apart from the others."""
    planned = {topic.name: topic for topic in plan(["kz"], Topics(), {"kz": ("AZ", "TR")})}
    assert planned["permits.kz"].partitions == 1
    assert planned["permits.kz"].config["cleanup.policy"] == "compact"
    for peer in ("az", "tr"):
        assert planned[f"out.kz.{peer}"].partitions == 1
        assert planned[f"state.deliver.kz.{peer}"].config["cleanup.policy"] == "compact"
