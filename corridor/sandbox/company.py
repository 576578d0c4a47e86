"""Everyone whom the broker's settings name, played in one process by one clock."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from connectors.settings import OAuth2, Participant
from corridor.permits import Office
from corridor.sandbox.border import BorderPost
from corridor.sandbox.clock import Clock
from corridor.sandbox.neighbours import Neighbours
from corridor.sandbox.participant import Player
from corridor.sandbox.settings import BORDER, CONTROL, PERMIT, PROFILES, Sandbox
from corridor.settings import Settings

OF_A_TRUCK: Final = 4
"""Events that a truck makes: a limit of messages is so many times fewer trucks."""


def cast(settings: Settings, how: Sandbox) -> list[Sandbox]:
    """Find out whom to play, at the addresses and with the secrets that the broker knows them by.

    Args:
        settings: of the broker.
        how: what is the same for all; its directory gets one for each.
    """
    return [
        msgspec.structs.replace(how, participant=name, data=how.data / name, **_links(found, settings))
        for name, found in settings.participants.items()
        if name in PROFILES and found.deliver
    ]


async def play(settings: Settings, how: Sandbox, stop: asyncio.Event) -> None:
    """Play all of them until ``stop`` is set; then everything that was begun is in their ledgers.

    Args:
        settings: of the broker.
        how: what is the same for all; its directory has their ledgers and the clock.
        stop: ends it.

    Raises:
        OSError: a ledger cannot be written.
        Misconfigured: a port is in use, or a secret is missing.
    """
    clock = Clock(how.data / "clock", how.speed)
    played = [Player(each, clock) for each in cast(settings, how)]
    serving = [asyncio.create_task(each.run()) for each in played]
    others = [asyncio.create_task(clock.run()), asyncio.create_task(stop.wait())]
    if PERMIT in settings.participants:
        neighbours = _neighbours(settings, how, clock)
        trucks = -(-how.limit // OF_A_TRUCK)
        others.append(asyncio.create_task(neighbours.run(trucks, how.rate, clock, how.lanes)))
    await asyncio.wait([*serving, *others], return_when=asyncio.FIRST_COMPLETED)
    for each in played:
        each.stop()
    for task in others:
        task.cancel()
    for end in await asyncio.gather(*serving, *others, return_exceptions=True):
        if isinstance(end, Exception):
            raise end


def _links(found: Participant, settings: Settings) -> dict[str, Any]:
    """How a participant and the broker reach and know each other, as the participant's settings have it."""
    assert found.deliver is not None  # noqa: S101 - the caller has looked
    auth = found.deliver.auth
    port = urlsplit(found.deliver.url).port or 0
    links: dict[str, Any] = {"port": port, "control": port + CONTROL, "offer": found.poll is not None}
    links["delivery_secret"] = next(iter(found.deliver.secrets), "")
    if isinstance(auth, OAuth2):
        links |= {"client_id": auth.client_id, "client_secret": auth.client_secret}
    return links | _webhook(found, settings)


def _neighbours(settings: Settings, how: Sandbox, clock: Clock) -> Neighbours:
    authority = settings.participants[PERMIT].authority
    assert authority is not None  # noqa: S101 - the profile wants it
    port = urlsplit(next(iter(authority.peers.values())).url).port or 0
    office = Office(settings, PERMIT)
    post = None
    if found := settings.participants.get(BORDER):
        told = msgspec.structs.replace(how, data=how.data / BORDER, **_webhook(found, settings))
        post = BorderPost(told, clock)
    data = how.data / PERMIT
    return Neighbours(office, data, port, office.public_url, how.seed, port + CONTROL, post)


def _webhook(found: Participant, settings: Settings) -> dict[str, str]:
    if found.webhook is None:
        return {}
    return {
        "webhook": f"http://127.0.0.1:{settings.gateway.port}{found.webhook_path}",
        "webhook_secret": next(iter(found.webhook.secrets), ""),
    }
