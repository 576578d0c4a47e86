"""e-Permit authorities in the roles: the gateway keeps the ledger, deliver sends events to the peers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
import structlog
from prometheus_client import Gauge
from starlette.routing import BaseRoute

from connectors.epermit.authority import Authority
from connectors.epermit.internal import internal_routes
from connectors.epermit.peer import FOR_EVER, PeerPartner, describe
from connectors.epermit.public import public_routes
from connectors.settings import AuthoritySettings, Deliver, Participant
from corridor.roles.health import Health
from corridor.roles.lacking import Lacking
from corridor.roles.until_done import until_done
from corridor.settings import Settings
from schemas.avro.jsonform import JsonForm
from schemas.epermit import acts
from schemas.errors import Misconfigured
from schemas.records import OUTBOX
from streams.delivery.outbound import Outbound
from streams.kafka import topics
from streams.kafka.sizes import Sizes
from streams.logs.permit_log import PermitLedger
from streams.records.contracts import Contracts

log = structlog.get_logger(__name__)

PROFILE: Final = "epermit.event.v1"

peer_gauge = Gauge(
    "corridor_permit_peer_met",
    "1 once a peer's keys are in the ledger of the authority; 0: no event of it can be taken.",
    ["participant", "peer"],
)


class PermitOffice:
    """One authority in the gateway: its APIs, its ledger, its keys, and getting to know its peers.

    Args:
        participant: its settings.
        authority: of them, the part on e-Permit.
        settings: of the broker.
        contracts: schemas.
        health: is told when the ledger, or a peer, cannot be used: this authority, or peer, is set aside
            alone then.

    Raises:
        Misconfigured: a key or the token cannot be used.
    """

    def __init__(
        self,
        participant: Participant,
        authority: AuthoritySettings,
        settings: Settings,
        contracts: Contracts,
        health: Health,
    ) -> None:
        require_profile(participant)
        self.name = participant.name
        self._path, self._settings = participant.authority_path, authority
        self._ledger = PermitLedger(
            participant.name,
            authority.code,
            settings.known.load(participant.profile).schema,
            settings.kafka,
            contracts,
            settings.topics,
            authority.peers,
            partial(health.stands, participant.name),
            lambda: health.has("kafka"),
        )
        self._health = health
        peers = [topics.outgoing(topics.peer(self.name, code)) for code in authority.peers]
        self._lacking = Lacking(settings.kafka, health, {self.name: [topics.incoming(self.name), *peers]})
        self._authority = Authority(participant.name, authority, self._ledger)

    def routes(self) -> list[BaseRoute]:
        """Build the routes of both APIs."""
        return [*public_routes(self._authority, self._path), *internal_routes(self._authority, self._path)]

    def is_ready(self) -> bool:
        """Tell whether the ledger is read and our keys are in it; for one that is set aside nobody waits."""
        if self.name in self._health.aside:
            return True
        return self._ledger.ready and bool(self._ledger.state.valid_keys)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the ledger, publish our keys and meet the peers, until ``stop`` is set."""
        looking = asyncio.create_task(self._look(stop))
        try:
            started = await until_done(self._ledger.start, self.name, self._health, stop)
            if started and await until_done(self._publish, self.name, self._health, stop):
                await asyncio.gather(*(self._meet(code, stop) for code in self._settings.peers))
            await stop.wait()
        finally:
            looking.cancel()
            await self._ledger.close()

    async def _look(self, stop: asyncio.Event) -> None:
        """Look whether our topics are there: who lacks one is set aside, alone, and waits for it."""
        await self._lacking.look()
        await self._lacking.watch(stop)

    async def _publish(self) -> None:
        if any(kid not in self._ledger.state.keys for kid in self._authority.signers):
            await self._authority.act(acts.publish_keys)

    async def _meet(self, code: str, stop: asyncio.Event) -> None:
        name, met = topics.peer(self.name, code), peer_gauge.labels(self.name, code)

        async def handshake() -> None:
            if code in self._ledger.state.peers:
                return
            said = await describe(self._settings, code)
            uri = self._settings.peers[code].url
            await self._authority.act(lambda ledger, author: acts.add_peer(ledger, code, uri, said, author))
            log.info("met an e-Permit authority", participant=self.name, peer=code)

        met.set(0)
        away = False
        self._health.degrades(f"peer {name}", lambda: not away)

        def is_away() -> None:
            nonlocal away
            away = name not in self._health.aside

        if await until_done(handshake, name, self._health, stop, is_away):
            met.set(1)
            away = False


def require_profile(participant: Participant) -> None:
    """Refuse an authority of another profile than that of e-Permit.

    Raises:
        Misconfigured: ``settings-invalid``.
    """
    if participant.profile != PROFILE:
        raise Misconfigured("settings-invalid", f"participants.{participant.name}.profile must be {PROFILE}")


def peers_outbound(
    name: str, authority: AuthoritySettings, settings: Settings, contracts: Contracts
) -> dict[str, Callable[[], Outbound]]:
    """How the deliveries of an authority's events are made: one per peer, each event after the one before."""
    backoff = msgspec.structs.replace(authority.backoff, give_up=FOR_EVER)
    form = JsonForm(OUTBOX.codec.schema)

    def make(code: str, url: str) -> Outbound:
        deliver = Deliver(url=url, backoff=backoff, concurrency=1)
        return Outbound(
            topics.peer(name, code), PeerPartner(name, authority, code), deliver, form, OUTBOX.codec,
            settings.kafka, settings.processing, contracts, Sizes(settings.topics.max_message_bytes),
        )  # fmt: skip

    return {topics.peer(name, code): partial(make, code, peer.url) for code, peer in authority.peers.items()}
