"""`corridor check` finds out before the start with whom the roles could not run, and why."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.registry.app import registry_app
from connectors.settings import Deliver, Participant, Webhook
from corridor import checking
from corridor.roles import contracts, stream
from corridor.settings import Settings
from corridor.settings.model import RegistrySettings
from schemas import profiles
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
    real = profiles.load
    profile = real(SHIP.profile)
    other = type(profile)(**{**vars(profile), **facts})

    def load(name: str) -> Any:  # noqa: ANN401
        return other if name == SHIP.profile else real(name)

    for module in (stream.profiles, contracts.profiles, checking.profiles):
        monkeypatch.setattr(module, "load", load)


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


async def test_a_registry_that_is_away_is_said() -> None:
    """It is no reason to refuse, and no reason to be silent."""
    problems, unasked = await checking.registry(settings(SHIP, registry="http://127.0.0.1:1"))
    assert problems == []
    assert "127.0.0.1:1" in unasked
