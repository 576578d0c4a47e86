"""The role deliver: sends to participants, and polls those who do not send."""

from __future__ import annotations

import asyncio

from connectors.deliver.partner import HttpPartner
from connectors.settings import Deliver, Participant
from corridor.roles.contracts import codec, json_form, registered, registry_client
from corridor.roles.health import Health
from corridor.roles.process import serve_http, together
from corridor.settings import Settings
from streams.contracts import Contracts
from streams.outbound import Outbound


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
        running = True
        await together(stop, *(each.run(stop) for each in outbound))

    try:
        await together(stop, serve_http(settings.deliver, health.routes(), stop), work())
    finally:
        await client.close()


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
    )
