"""The broker's topics: which there must be, how they are made, and whether those that exist are safe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from schemas.errors import Misconfigured, Transient
from streams.kafka import clients
from streams.kafka.access import unavailable
from streams.kafka.away import AWAY
from streams.kafka.settings import Kafka, Topics

EVENTS: Final = "corridor.events"
ABOARD: Final = "corridor.aboard"
"""Corridor events that concern a vessel or train, by its id."""
TO_ABOARD: Final = "to-aboard"
FROM_ABOARD: Final = "from-aboard"
"""Processors into and out of that topic."""
REPORTS: Final = "corridor.reports"
DEAD: Final = "corridor.dead"
RECEIPTS: Final = "corridor.receipts"
CURSORS: Final = "corridor.cursors"
SCHEMAS: Final = "_schemas"
DEAD_FACTOR: Final = 2
"""A dead letter holds a whole record and why it died: its topic takes twice as much as the others."""

DAY: Final = 86_400_000
ALREADY_EXISTS: Final = 36
CREATION_TIMEOUT: Final = 30.0


def incoming(participant: str) -> str:
    """Topic of messages that a participant sent."""
    return f"in.{participant}"


def outgoing(participant: str) -> str:
    """Topic of messages for a participant."""
    return f"out.{participant}"


def changelog(processor: str) -> str:
    """Topic with the state of a processor."""
    return f"state.{processor}"


def permits(participant: str) -> str:
    """Topic with the ledger of an e-Permit authority."""
    return f"permits.{participant}"


def peer(participant: str, code: str) -> str:
    """Name under which an authority's events for one peer are delivered.

    Each peer has a topic of its own, so that one which is away holds nobody else back.
    """
    return f"{participant}.{code.lower()}"


def is_own_subject(subject: str) -> bool:
    """Whether a subject of the registry is of values in a topic of the broker, of any participant."""
    topic = subject.removesuffix("-value")
    return topic != subject and topic.startswith(("in.", "out.", "permits.", "corridor."))


def processors(participant: str) -> tuple[str, str, str]:
    """Names of a participant's processors: into the corridor, out of it, and delivery."""
    return f"to-corridor.{participant}", f"from-corridor.{participant}", f"deliver.{participant}"


class Topic(msgspec.Struct, frozen=True):
    """A topic as it should be.

    Attributes:
        name: its name.
        partitions: how many.
        replication: copies of each partition.
        config: topic configuration that matters for safety.
    """

    name: str
    partitions: int
    replication: int
    config: dict[str, str]


class Deviation(msgspec.Struct, frozen=True):
    """One way in which a topic is not as it should be; ``what`` is ``missing`` or a setting."""

    topic: str
    what: str
    expected: str
    found: str


def plan(
    participants: Iterable[str], settings: Topics, peers: Mapping[str, Iterable[str]] | None = None
) -> list[Topic]:
    """List every topic of a broker.

    Args:
        participants: names of all participants.
        settings: how topics are made.
        peers: e-Permit authorities among them, each with the codes of its peers.
    """

    def topic(name: str, cleanup: str, partitions: int = settings.partitions, factor: int = 1) -> Topic:
        config = {
            "cleanup.policy": cleanup,
            "min.insync.replicas": str(settings.min_insync),
            "max.message.bytes": str(settings.max_message_bytes * factor),
            "unclean.leader.election.enable": "false",
        }
        if cleanup == "delete":
            config["retention.ms"] = str(settings.retention_days * DAY)
        return Topic(name, partitions, settings.replication, config)

    topics = [topic(name, "delete") for name in (EVENTS, ABOARD, REPORTS, RECEIPTS)]
    topics.append(topic(DEAD, "delete", factor=DEAD_FACTOR))
    topics += [topic(CURSORS, "compact"), topic(SCHEMAS, "compact", 1)]
    topics.append(topic(changelog(FROM_ABOARD), "compact"))
    for participant in participants:
        topics += [topic(incoming(participant), "delete"), topic(outgoing(participant), "delete")]
        topics += [topic(changelog(name), "compact") for name in processors(participant)]
    for authority, codes in (peers or {}).items():
        topics.append(topic(permits(authority), "compact", 1))  # no two records share a key: all are kept
        for name in (peer(authority, code) for code in codes):
            topics += [
                topic(outgoing(name), "delete", 1),
                topic(changelog(processors(name)[2]), "compact", 1),
            ]
    return topics


async def create(kafka: Kafka, topics: Sequence[Topic]) -> list[str]:
    """Create the topics that are missing and return their names.

    Raises:
        Misconfigured: ``settings-invalid`` when the cluster refuses, for example for too few brokers.
        Transient: ``kafka-unavailable``.
    """
    async with _admin(kafka) as admin:
        existing = set(await admin.list_topics())
        missing = [topic for topic in topics if topic.name not in existing]
        if not missing:
            return []
        answer = await admin.create_topics([
            NewTopic(t.name, t.partitions, t.replication, topic_configs=t.config) for t in missing
        ])  # fmt: skip
        for name, code, *detail in answer.topic_errors:
            if code not in {0, ALREADY_EXISTS}:
                reason = detail[0] if detail and detail[0] else for_code(code).__name__
                raise Misconfigured("settings-invalid", f"topic {name} cannot be created: {reason}")
        await _wait_for_leaders(admin, missing)
        return [topic.name for topic in missing]


async def create_beside(kafka: Kafka, source: str, wanted: Sequence[str], changelog: str | None) -> None:
    """Create topics that are missing with as many partitions and copies as an existing one has.

    Raises:
        Misconfigured: ``settings-invalid`` when there is no such source.
        Transient: ``kafka-unavailable``.
    """
    async with _admin(kafka) as admin:
        if source not in await admin.list_topics():
            raise Misconfigured("settings-invalid", f"there is no topic {source}: create it, or check --in")
        found = (await admin.describe_topics([source]))[0]["partitions"]
    partitions, replication = len(found), len(found[0]["replicas"])
    listed = [Topic(name, partitions, replication, {"cleanup.policy": "delete"}) for name in wanted]
    if changelog is not None:
        listed.append(Topic(changelog, partitions, replication, {"cleanup.policy": "compact"}))
    await create(kafka, listed)


async def partitions(kafka: Kafka, topic: str) -> int:
    """Count the partitions of a topic.

    Raises:
        Transient: ``kafka-unavailable``, also when there is no such topic yet.
    """
    async with _admin(kafka) as admin:
        (found,) = await admin.describe_topics([topic])
    if not found["partitions"]:
        raise Transient("kafka-unavailable", f"there is no topic {topic} yet")
    return len(found["partitions"])


async def existing(kafka: Kafka) -> set[str]:
    """Name the topics that are there.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    async with _admin(kafka) as admin:
        return set(await admin.list_topics())


async def limits(kafka: Kafka, names: Sequence[str]) -> dict[str, int]:
    """Ask Kafka for the ``max.message.bytes`` of topics; those that are not there are left out.

    Raises:
        Transient: ``kafka-unavailable``, also when we may not ask.
    """
    async with _admin(kafka) as admin:
        existing = set(await admin.list_topics())
        configs = await _configs(admin, [name for name in names if name in existing])
    return {name: int(found) for name, one in configs.items() if (found := one.get("max.message.bytes"))}


async def check(kafka: Kafka, topics: Sequence[Topic]) -> list[Deviation]:
    """Compare the cluster with the plan; an empty list means that all is well.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    async with _admin(kafka) as admin:
        existing = set(await admin.list_topics())
        found = [topic for topic in topics if topic.name in existing]
        described = {
            t["topic"]: t["partitions"] for t in await admin.describe_topics([t.name for t in found])
        }
        configs = await _configs(admin, [topic.name for topic in found])
    deviations = [Deviation(t.name, "missing", "present", "absent") for t in topics if t.name not in existing]
    for topic in found:
        deviations += _compare(topic, described[topic.name], configs[topic.name])
    return deviations


def _compare(
    topic: Topic, partitions: Sequence[Mapping[str, Any]], config: Mapping[str, str]
) -> list[Deviation]:
    replication = min((len(p["replicas"]) for p in partitions), default=0)
    facts: list[tuple[str, object, object, bool]] = [
        ("partitions", topic.partitions, len(partitions), len(partitions) != topic.partitions),
        ("replication", topic.replication, replication, replication < topic.replication),
    ]
    facts += [
        (key, topic.config[key], config.get(key, ""), config.get(key) != topic.config[key])
        for key in ("cleanup.policy", "unclean.leader.election.enable")
    ]
    for key in ("min.insync.replicas", "max.message.bytes"):
        too_low = int(config.get(key) or 0) < int(topic.config[key])
        facts.append((key, topic.config[key], config.get(key, ""), too_low))
    return [Deviation(topic.name, what, str(want), str(have)) for what, want, have, bad in facts if bad]


def unfit(deviation: Deviation) -> str:
    """Say of a log's topic that cannot be used what is wrong with it, and what to do."""
    topic, found = deviation.topic, deviation.found
    if deviation.what == "partitions":
        return (
            f"topic {topic} has {found} partitions and needs 1, or its records have no order. If it is empty "
            "delete it: it is made anew. Else make it anew with one partition, from a copy of its records."
        )
    setting = f"cleanup.policy={deviation.expected}"
    return (
        f"topic {topic} has cleanup.policy {found}, which would lose records. Set it: kafka-configs.sh "
        f"--alter --entity-type topics --entity-name {topic} --add-config {setting}"
    )


def refuse_unsafe(settings: Topics) -> None:
    """Refuse topic settings under which an acknowledged message could be lost with one broker's disk.

    To be called for an external cluster; the embedded node of one machine can do no better.

    Raises:
        Misconfigured: ``settings-unsafe``.
    """
    if settings.min_insync < 2:
        raise Misconfigured(
            "settings-unsafe",
            f"topics.min_insync is {settings.min_insync}: an acknowledged message must be "
            "on at least 2 brokers. Set topics.min_insync = 2 and topics.replication = 3.",
        )
    if settings.replication <= settings.min_insync:
        raise Misconfigured(
            "settings-unsafe",
            f"topics.replication is {settings.replication} with min_insync {settings.min_insync}: one broker "
            "down would stop all writing. Set topics.replication = 3.",
        )


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }


async def _wait_for_leaders(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    """Wait until every partition has a leader: a new topic answers ``NotLeaderForPartition`` at first."""
    names = [topic.name for topic in topics]
    while True:
        described = await admin.describe_topics(names)
        leaders = [p["leader"] for t in described for p in t["partitions"]]
        if leaders and len(leaders) == sum(t.partitions for t in topics) and min(leaders) >= 0:
            return
        await asyncio.sleep(0.05)


@asynccontextmanager
async def _admin(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    try:
        async with clients.admin(kafka, CREATION_TIMEOUT) as admin:
            yield admin
    except AWAY as error:
        message = f"Kafka at {kafka.bootstrap}: {error!r}"
        raise await unavailable(kafka, "kafka-unavailable", message) from error
