from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.assignor import TogetherAssignor

TOPICS = ("corridor.events", "in.dlp", "in.dtc")


def cluster(counts: dict[str, int]) -> Any:  # noqa: ANN401
    """What the assignor asks of aiokafka's cluster metadata."""
    return SimpleNamespace(partitions_for_topic=lambda topic: set(range(counts[topic])))


def dealt(counts: dict[str, int], members: dict[str, list[str]]) -> dict[str, dict[str, list[int]]]:
    """Topics and numbers per member."""
    known = {name: TogetherAssignor.metadata(topics) for name, topics in members.items()}
    assigned = TogetherAssignor.assign(cluster(counts), known)
    return {name: dict(each.assignment) for name, each in assigned.items()}


@given(st.integers(1, 5), st.fixed_dictionaries({topic: st.integers(1, 9) for topic in TOPICS}))
def test_a_number_has_one_owner_and_every_partition_one(members: int, counts: dict[str, int]) -> None:
    """Partition n of all topics goes to the same member; nothing is left out or given twice."""
    given_out = dealt(counts, {f"m{n}": list(TOPICS) for n in range(members)})
    owners: dict[int, set[str]] = {}
    seen = []
    for name, topics in given_out.items():
        for topic, numbers in topics.items():
            seen += [(topic, number) for number in numbers]
            for number in numbers:
                owners.setdefault(number, set()).add(name)
    assert all(len(names) == 1 for names in owners.values())
    assert sorted(seen) == sorted((topic, n) for topic, count in counts.items() for n in range(count))
    loads = [sum(name in names for names in owners.values()) for name in given_out]
    assert max(loads) - min(loads) <= 1


def test_members_that_know_fewer_topics_wait() -> None:
    """While settings differ, those with the most topics do the work, so that numbers stay together."""
    counts = dict.fromkeys(TOPICS, 2)
    given_out = dealt(counts, {"new": list(TOPICS), "old": list(TOPICS[:2])})
    assert given_out == {"new": {topic: [0, 1] for topic in TOPICS}, "old": {}}
