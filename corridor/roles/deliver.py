"""The role deliver: sends to participants, and polls those who do not send."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from connectors.deliver.partner import HttpPartner
from connectors.poll.source import HttpSource
from connectors.settings import Deliver, Participant
from corridor.roles.contracts import (
    codec,
    edge_format,
    json_form,
    registered,
    registry_client,
    watch_registry,
)
from corridor.roles.health import Health
from corridor.roles.permits import peers_outbound
from corridor.roles.process import serve_http, together
from corridor.settings import Settings
from schemas import profiles
from streams import topics
from streams.contracts import Contracts
from streams.outbound import Outbound
from streams.polling import Polled, Polling
from streams.seen import Follower
from streams.sizes import Sizes

SEEN: Final = 100_000
"""Ids of polled messages that are remembered, to drop what a partner gives again."""


async def serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """Deliver and poll until ``stop`` is set."""
    client = registry_client(settings)
    contracts = Contracts(client)
    running = False
    health.watch("deliveries", lambda: running)

    async def work() -> None:
        nonlocal running
        if not await registered(contracts, stop):
            return
        outbound = [
            _outbound(participant, participant.deliver, settings, contracts)
            for participant in settings.participants.values()
            if participant.deliver
        ]
        outbound += [
            each
            for participant in settings.participants.values()
            if participant.authority
            for each in peers_outbound(participant.name, participant.authority, settings, contracts)
        ]
        polled = {
            participant.name: Polled(
                HttpSource(participant, edge_format(participant.profile)),
                profiles.load(participant.profile).schema,
                participant.poll.interval,
            )
            for participant in settings.participants.values()
            if participant.poll
        }
        running = True
        await together(stop, *(each.run(stop) for each in outbound), _poll(polled, settings, contracts, stop))

    try:
        await together(
            stop,
            serve_http(settings.deliver, health.routes(), stop),
            work(),
            watch_registry(client, health, stop),
        )
    finally:
        await client.close()


async def _poll(
    polled: Mapping[str, Polled], settings: Settings, contracts: Contracts, stop: asyncio.Event
) -> None:
    """Poll, knowing which messages are in the log already."""
    if not polled:
        await stop.wait()
        return
    follower = Follower("deliver", settings.kafka, [topics.incoming(name) for name in polled], SEEN)
    following = asyncio.create_task(follower.run())
    try:
        sizes = Sizes(settings.topics.max_message_bytes)
        await Polling(polled, follower, settings.kafka, settings.processing, contracts, sizes).run(stop)
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
        json_form(participant.profile),
        codec(participant.profile),
        settings.kafka,
        settings.processing,
        contracts,
        Sizes(settings.topics.max_message_bytes),
    )
