"""Topics that are missing, or have other partitions than the settings, are said, and degrade the roles."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from corridor.roles import layout
from corridor.roles.layout import Layout
from corridor.settings import Settings
from schemas.errors import Transient
from streams.kafka.presence import Presence
from streams.kafka.topics import Deviation

MISSING = Deviation("out.dlp", "missing", "present", "absent")
FEWER = Deviation("in.dtc", "partitions", "6", "4")
OTHER = Deviation("in.dtc", "max.message.bytes", "1048576", "1000000")


async def test_what_is_not_as_the_settings_say_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each topic by itself, again only when it changes; until all is right the roles are degraded."""
    monkeypatch.setattr(layout, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(layout, "LONGEST_PAUSE", 0.001)
    settings = Settings()
    watched, presence, right = Layout(settings), Presence(settings.kafka), list[bool]()
    answers = [[FEWER, MISSING, OTHER], [FEWER, MISSING], None, [FEWER], [OTHER]]

    async def check(*_: Any) -> list[Deviation]:  # noqa: ANN401
        right.append(watched.right)
        found = answers.pop(0)
        if found is None:
            raise Transient("kafka-unavailable", "away")
        return found

    monkeypatch.setattr(layout.topics, "check", check)
    presence.arrived.set()
    with capture_logs() as logs:
        async with asyncio.timeout(30):
            await watched.watch(presence, asyncio.Event())
    said = [line for line in logs if line["log_level"] == "error"]
    assert [(line["topic"], line["found"], line["expected"]) for line in said] == [
        ("in.dtc", "4", "6"),
        ("out.dlp", "absent", "present"),
    ]
    assert right == [True, False, False, False, False]
    assert watched.right


async def test_nobody_is_asked_before_kafka_is_there() -> None:
    """The end comes while Kafka is away: nothing is looked at, nothing is said."""
    settings, stop = Settings(), asyncio.Event()
    watching = asyncio.create_task(Layout(settings).watch(Presence(settings.kafka), stop))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(30):
        await watching
