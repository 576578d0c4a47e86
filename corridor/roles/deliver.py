"""The role deliver: sends to participants, and polls those who do not send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import structlog

from connectors.deliver.partner import HttpPartner
from connectors.pauses import Pauses
from connectors.poll.source import HttpSource
from connectors.settings import Deliver, Participant, Poll
from corridor.roles.contracts import (
    codec,
    edge_format,
    json_form,
    registered,
    registry_client,
    watch_registry,
)
from corridor.roles.health import Alone, Health
from corridor.roles.lacking import Lacking, until
from corridor.roles.permits import peers_outbound
from corridor.roles.process import serve_http, together
from corridor.settings import Settings
from schemas.errors import CorridorError, Transient, one_line
from schemas.profiles import Profiles
from streams.delivery.outbound import Outbound
from streams.edges.polling import Polled, Polling
from streams.edges.window import Window
from streams.kafka import topics
from streams.kafka.sizes import Sizes
from streams.records.contracts import Contracts

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until a delivery that ended by itself begins again."""
SEEN: Final = 100_000
"""Ids of polled messages that are remembered, to drop what a partner gives again."""


async def serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """Deliver and poll until ``stop`` is set."""
    client = registry_client(settings)
    contracts = Contracts(client)
    running: dict[str, Outbound] | None = None
    health.watch(
        "deliveries", lambda: running is not None and all(outbound.ready for outbound in running.values())
    )

    async def work() -> None:
        nonlocal running
        if not await registered(contracts, health, stop):
            return
        makers: dict[str, Callable[[], Outbound]] = {}
        polled: dict[str, Polled] = {}
        for participant in settings.participants.values():
            if participant.deliver:
                makers[participant.name] = partial(
                    _outbound, participant, participant.deliver, settings, contracts
                )
            if participant.authority:
                makers |= peers_outbound(participant.name, participant.authority, settings, contracts)
            if participant.poll:
                with Alone(participant.name, health.set_aside):
                    polled[participant.name] = _polled(participant, participant.poll, settings.known)
        running = {}
        lacking = Lacking(settings.kafka, health, {name: _needed(name) for name in makers})
        await lacking.look()
        await together(
            stop,
            *(_alone(name, make, running, health, stop, lacking=lacking) for name, make in makers.items()),
            lacking.watch(stop),
            _poll(polled, settings, contracts, health, stop),
        )

    try:
        await together(
            stop,
            serve_http(settings.deliver, health.routes(), stop),
            work(),
            watch_registry(client, health, stop),
        )
    finally:
        await client.close()


async def _alone(
    name: str,
    make: Callable[[], Outbound],
    running: dict[str, Outbound],
    health: Health,
    stop: asyncio.Event,
    pause: float = FIRST_PAUSE,
    lacking: Lacking | None = None,
) -> None:
    """Deliver to one participant; whatever ends that is this participant's alone, and is tried again."""
    pauses = Pauses(pause, LONGEST_PAUSE)
    lost = partial(lacking.when, holds=lambda names: name in names) if lacking is not None else None
    while not stop.is_set():
        try:
            if lacking is not None:
                await lacking.when(stop, lambda names: name not in names)
            outbound = running[name] = make()
            health.bring_back(name)
            await until(outbound.run, stop, lost)
        except CorridorError as error:
            health.set_aside(name, error)
        except Exception as error:
            log.exception("delivery ended by itself", participant=name)
            health.set_aside(name, Transient("internal", one_line(error)))
        running.pop(name, None)  # it is set aside, and nobody waits for it
        await pauses.rest(stop)


def _needed(name: str) -> list[str]:
    """The topics without which nothing can be delivered to somebody."""
    return [topics.outgoing(name), topics.changelog(topics.processors(name)[2])]


def _polled(participant: Participant, poll: Poll, known: Profiles) -> Polled:
    schema = known.load(participant.profile).schema
    return Polled(HttpSource(participant, edge_format(participant.profile, known)), schema, poll.interval)


async def _poll(
    polled: Mapping[str, Polled],
    settings: Settings,
    contracts: Contracts,
    health: Health,
    stop: asyncio.Event,
) -> None:
    """Poll, knowing which messages are in the log already."""
    if not polled:
        await stop.wait()
        return
    follower = Window(
        "deliver", settings.kafka, [topics.incoming(name) for name in polled], SEEN, health.lacks_topic
    )
    following = asyncio.create_task(follower.run())
    try:
        sizes = Sizes(settings.topics.max_message_bytes)
        polling = Polling(
            polled, follower, settings.kafka, settings.processing, contracts, sizes, health.stands
        )
        await polling.run(stop)
    finally:
        following.cancel()
        await asyncio.wait({following})


def _outbound(
    participant: Participant, deliver: Deliver, settings: Settings, contracts: Contracts
) -> Outbound:
    return Outbound(
        participant.name,
        HttpPartner(participant),
        deliver,
        json_form(participant.profile, settings.known),
        codec(participant.profile, settings.known),
        settings.kafka,
        settings.processing,
        contracts,
        Sizes(settings.topics.max_message_bytes),
    )
