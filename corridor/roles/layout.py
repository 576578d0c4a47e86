"""Whether the topics are there as the settings call for them: said at the start, and until it is so."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from connectors.pauses import Pauses, unless
from corridor.settings import Settings
from streams.kafka import topics
from streams.kafka.presence import Presence

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds between two looks, as long as something is not right."""
MATTERS: Final = frozenset({"missing", "partitions"})
"""What holds messages up, or takes a subject to another partition than its state. The rest is for
`corridor topics check`."""


class Layout:
    """The topics that the settings call for, against those of the cluster.

    Args:
        settings: of the broker.
    """

    def __init__(self, settings: Settings) -> None:
        self._kafka = settings.kafka
        self._plan = topics.plan(settings.participants, settings.topics, settings.peers)
        self.right = True
        """Nothing is missing, and all have the partitions of the settings, as far as is known."""

    async def watch(self, presence: Presence, stop: asyncio.Event) -> None:
        """Look until all is right; what is not is logged, each topic by itself."""
        pauses = Pauses(FIRST_PAUSE, LONGEST_PAUSE)
        told: set[topics.Deviation] = set()
        while await unless(stop, presence.arrived.wait()) and not stop.is_set():
            try:
                found = {one for one in await topics.check(self._kafka, self._plan) if one.what in MATTERS}
            except Exception as error:  # noqa: BLE001 - it looks until all is right
                log.debug("topics not looked at", error=repr(error))
            else:
                self.right = not found
                for one in sorted(found - told, key=lambda one: one.topic):
                    log.error(
                        "topic is not as the settings say: corridor topics check", topic=one.topic,
                        what=one.what, found=one.found, expected=one.expected,
                    )  # fmt: skip
                told = found
                if self.right:
                    return
            await pauses.rest(stop)
