"""`corridor check` finds out before the start with whom the roles could not run, and why."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.registry.app import registry_app
from connectors.settings import (
    AuthoritySettings,
    Deliver,
    Egress,
    OAuth2,
    Participant,
    PermitKey,
    PermitPeer,
    Poll,
    Webhook,
)
from corridor import checking
from corridor.roles import contracts
from corridor.settings import Settings
from corridor.settings.model import Codes, RegistrySettings
from schemas import profiles
from schemas.epermit.keys import generate
from tests.support.memory_registry import MemoryRegistry
from tests.support.serving import serving

SHIP = Participant(name="ship", profile="vessel.event.v1", webhook=Webhook())
MAPPING = "mapping: x\nfrom: vessel.event.v1\nto: corridor.event.v1\nrules:\n  - rule: r\n    set: {0}\n"


def settings(*participants: Participant, registry: str | None = None) -> Settings:
    """Settings with these participants."""
    return Settings(
        participants={one.name: one for one in participants}, registry=RegistrySettings(url=registry)
    )


def changed(monkeypatch: pytest.MonkeyPatch, **facts: Any) -> None:  # noqa: ANN401
    """Give the ship's profile other facts."""
    profile = profiles.load(SHIP.profile)
    other = type(profile)(**{**vars(profile), **facts})
    monkeypatch.setitem(profiles.SHIPPED._loaded, SHIP.profile, other)


@pytest.mark.parametrize("name", [name for name in profiles.names() if name != profiles.CANONICAL])
def test_every_profile_that_is_shipped_can_run(name: str) -> None:
    """Its mappings compile, and its examples pass, each on its own, in every direction that it has."""
    outward = "from_corridor" in profiles.load(name).mappings
    deliver = Deliver(url="https://partner.example/") if outward else None
    one = Participant(name="one", profile=name, webhook=Webhook(), deliver=deliver)
    assert list(checking.participants(settings(one))) == []


def test_a_mapping_that_does_not_compile_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """With file and line, as the role would say."""
    changed(monkeypatch, mappings={"to_corridor": MAPPING.format("{no.such.field: eventId}")})
    (problem,) = checking.participants(settings(SHIP))
    assert problem.where == "participants.ship"
    assert "to_corridor.yaml" in problem.reason


def test_an_example_that_the_edge_refuses_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An example without what its schema asks for."""
    changed(monkeypatch, examples={"half": {"eventId": "1"}})
    (problem,) = checking.participants(settings(SHIP))
    assert problem.where == "participants.ship.profile"


async def test_a_schema_that_the_registry_would_refuse_is_found() -> None:
    """The subject has another schema already; nothing is written by asking."""
    registry = MemoryRegistry()
    async with serving() as (mount, url):
        mount(registry_app(registry))
        here = settings(SHIP, registry=url)
        client = contracts.registry_client(here)
        await client.register("in.ship-value", '{"type":"record","name":"Other","fields":[]}')
        before = registry.state.offset
        problems, unasked = await checking.registry(here)
        assert unasked == ""
        assert {problem.where for problem in problems} == {"subject in.ship-value"}
        assert registry.state.offset == before
        await client.close()


AUTHORITY = AuthoritySettings(
    code="KZ",
    title="Kazakhstan",
    keys=(PermitKey(id="1", key="env:PERMIT_KEY"),),
    token="env:PERMIT_TOKEN",
    peers={"AZ": PermitPeer(url="https://az.example")},
)
KZ = Participant(name="kz", profile="epermit.event.v1", authority=AUTHORITY)
SUBJECTS = ("in.kz-value", "permits.kz-value", "out.kz.az-value", "corridor.aboard-value")


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_the_registry_is_asked_of_what_authorities_and_trains_write(subject: str) -> None:
    """A subject that the gateway or the role stream would register at its start."""
    registry = MemoryRegistry()
    async with serving() as (mount, url):
        mount(registry_app(registry))
        here = settings(KZ, registry=url)
        client = contracts.registry_client(here)
        await client.register(subject, '{"type":"record","name":"Other","fields":[]}')
        problems, unasked = await checking.registry(here)
        await client.close()
    assert unasked == ""
    assert {problem.where for problem in problems} == {f"subject {subject}"}


async def test_an_unknown_profile_hides_nothing_else() -> None:
    """It is named, and so is what is wrong with the others, in the mappings and at the registry."""
    lost = Participant(name="lost", profile="no.such.v1", webhook=Webhook())
    dtc = Participant(name="other", profile="oil.lot.v2", webhook=Webhook())
    assert {one.where for one in checking.participants(settings(lost, SHIP, dtc))} == {
        "participants.lost",
        "participants.other",
    }
    registry = MemoryRegistry()
    async with serving() as (mount, url):
        mount(registry_app(registry))
        here = settings(lost, SHIP, registry=url)
        client = contracts.registry_client(here)
        await client.register("in.ship-value", '{"type":"record","name":"Other","fields":[]}')
        problems, _ = await checking.registry(here)
        await client.close()
    assert {problem.where for problem in problems} == {"subject in.ship-value"}


def test_code_lists_that_cannot_be_used_hide_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They are one finding; the mappings are compiled with the shipped lists."""
    changed(monkeypatch, mappings={"to_corridor": MAPPING.format("{no.such.field: eventId}")})
    (tmp_path / "stations.csv").write_text("nonsense")
    here = msgspec.structs.replace(settings(SHIP), codes=Codes(overlays=(str(tmp_path),)))
    assert [one.where for one in checking.participants(here)] == ["codes.overlays", "participants.ship"]


def test_credentials_that_the_roles_could_not_use_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough, and yet no key: the gateway would set the participant aside."""
    monkeypatch.setenv("SECRET", "not base64!" * 4)
    monkeypatch.setenv("PERMIT_KEY", "k" * 32)
    monkeypatch.setenv("PERMIT_TOKEN", "t" * 32)
    deliver = Deliver(url="https://partner.example/", secrets=("env:SECRET",))
    webhook = Webhook(secrets=("env:SECRET",), public_keys=("env:SECRET",))
    dlp = Participant(name="dlp", profile="dlp.event.v1", webhook=webhook, deliver=deliver)
    absent = Participant(name="absent", profile=SHIP.profile, webhook=Webhook(secrets=("env:ABSENT",)))
    assert [one.where for one in checking.participants(settings(dlp, KZ, absent))] == [
        "participants.dlp.webhook",
        "participants.dlp.deliver.secrets",
        "participants.kz.authority.keys",
    ], "what is not there at all is unsafe, and said as that"
    monkeypatch.setenv("PERMIT_KEY", generate("1"))
    other = msgspec.structs.replace(KZ, profile=SHIP.profile)
    assert [one.where for one in checking.participants(settings(other))] == ["participants.kz.profile"]


async def test_names_that_lead_where_nobody_may_go_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of the own network; one that does not resolve here may well do so elsewhere."""

    async def getaddrinfo(_: object, host: str, port: int, **__: object) -> list[Any]:
        if host == "absent.example":
            raise socket.gaierror(host)
        return [
            (
                socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                ({"in.example": "10.0.0.1"}.get(host, "1.1.1.1"), port),
            )
        ]

    monkeypatch.setattr("asyncio.BaseEventLoop.getaddrinfo", getaddrinfo)
    oauth = OAuth2(token_url="https://in.example/token", client_id="c", client_secret="env:S")
    within = Egress(networks=("10.0.0.0/8",))
    one = Participant(
        name="one",
        profile="dlp.event.v1",
        deliver=Deliver(url="https://out.example/", auth=oauth),
        poll=Poll(url="https://in.example/"),
    )
    two = Participant(
        name="two",
        profile="dlp.event.v1",
        deliver=Deliver(url="https://in.example/", egress=within),
        poll=Poll(url="https://absent.example/"),
    )
    peers = {"AZ": PermitPeer(url="https://in.example"), "GE": PermitPeer(url="https://out.example")}
    kz = msgspec.structs.replace(KZ, authority=msgspec.structs.replace(AUTHORITY, peers=peers))
    assert {one.where for one in await checking.addresses(settings(one, two, kz))} == {
        "participants.one.deliver.auth.token_url",
        "participants.one.poll.url",
        "participants.kz.authority.peers.AZ.url",
    }


async def test_a_registry_that_is_away_is_said() -> None:
    """It is no reason to refuse, and no reason to be silent."""
    problems, unasked = await checking.registry(settings(SHIP, registry="http://127.0.0.1:1"))
    assert problems == []
    assert "127.0.0.1:1" in unasked
