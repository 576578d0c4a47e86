"""Who has which partitions: one number, of all topics, has one owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import cycle
from typing import Any

import structlog
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

log = structlog.get_logger(__name__)


class TogetherAssignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """Gives partition *n* of every topic to the same member, so that one transaction can span them.

    Members that know fewer topics than others, as while participants are being added process by process, get
    nothing until they are started again with the same settings: what they owned would not be kept together.
    """

    name = "together"
    version = 0

    @classmethod
    def assign(
        cls,
        cluster: Any,  # noqa: ANN401
        members: Mapping[str, ConsumerProtocolMemberMetadata],
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Deal the numbers out to the members in turn."""
        widest = max(
            (frozenset(member.subscription) for member in members.values()),
            key=lambda topics: (len(topics), sorted(topics)),
        )
        able = sorted(name for name, member in members.items() if set(member.subscription) == widest)
        if len(able) < len(members):
            idle = len(members) - len(able)
            log.warning("members with other topics get no partitions", members=len(members), idle=idle)
        counts = {topic: cluster.partitions_for_topic(topic) or set() for topic in widest}
        owners = dict(zip(sorted(set[int]().union(*counts.values())), cycle(able), strict=False))
        dealt: dict[str, dict[str, list[int]]] = {name: {} for name in members}
        for topic in sorted(widest):
            for number in sorted(counts[topic]):
                dealt[owners[number]].setdefault(topic, []).append(number)
        return {
            name: ConsumerProtocolMemberAssignment(cls.version, sorted(topics.items()), b"")
            for name, topics in dealt.items()
        }

    @classmethod
    def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Say which topics a member reads."""
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), b"")

    @classmethod
    def on_assignment(cls, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Nothing is kept."""
