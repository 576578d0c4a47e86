"""Schemas of the broker's own topics are not deleted for good by mistake."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from connectors.registry.app import registry_app
from streams.kafka import topics
from tests.support.memory_registry import MemoryRegistry

CITY = '{"type":"record","name":"City","fields":[{"name":"name","type":"string"}]}'
TOWN = CITY.replace("]}", ',{"name":"x","type":"int","default":0}]}')


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """The client of a registry that is a broker's."""
    transport = httpx.ASGITransport(registry_app(MemoryRegistry(), uses=topics.is_own_subject))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
        yield client


async def register(http: httpx.AsyncClient, subject: str, schema: str = CITY) -> int:
    """Register a schema and give its id."""
    return int((await http.post(f"/subjects/{subject}/versions", json={"schema": schema})).json()["id"])


@pytest.mark.parametrize(
    "topic",
    [
        "in.dtc",
        "out.dlp",
        "permits.az",
        "out.az.TR",
        topics.EVENTS,
        topics.ABOARD,
        topics.REPORTS,
        topics.CURSORS,
    ],
)
async def test_a_hard_delete_of_a_topics_subject_says_what_it_would_make_unreadable(
    http: httpx.AsyncClient, topic: str
) -> None:
    """The soft delete goes, the hard one is refused with the ids, and with force it is done."""
    ids = [await register(http, f"{topic}-value", schema) for schema in (CITY, TOWN)]
    assert (await http.delete(f"/subjects/{topic}-value")).status_code == 200
    refused = await http.delete(f"/subjects/{topic}-value?permanent=true")
    assert (refused.status_code, refused.json()["error_code"]) == (422, 42220)
    assert f"schema {ids[0]}, {ids[1]}" in refused.json()["message"]
    assert (await http.get(f"/schemas/ids/{ids[0]}")).status_code == 200
    forced = await http.delete(f"/subjects/{topic}-value?permanent=true&force=true")
    assert (forced.status_code, forced.json()) == (200, [1, 2])
    assert (await http.get(f"/schemas/ids/{ids[0]}")).json()["error_code"] == 40403


async def test_a_hard_delete_of_one_version_is_refused_alike(http: httpx.AsyncClient) -> None:
    """By its number: the one id is named."""
    first = await register(http, "in.dtc-value")
    await register(http, "in.dtc-value", TOWN)
    await http.delete("/subjects/in.dtc-value/versions/1")
    refused = await http.delete("/subjects/in.dtc-value/versions/1?permanent=true")
    assert (refused.status_code, refused.json()["error_code"]) == (422, 42220)
    assert f"schema {first} could" in refused.json()["message"]
    assert (await http.delete("/subjects/in.dtc-value/versions/1?permanent=true&force=true")).json() == 1


async def test_what_another_subject_still_has_under_its_id_may_go(http: httpx.AsyncClient) -> None:
    """Its records can be read; only the last of them is held."""
    assert await register(http, "corridor.events-value") == await register(http, "corridor.aboard-value")
    for name, status in (("corridor.events", 200), ("corridor.aboard", 422)):
        await http.delete(f"/subjects/{name}-value")
        assert (await http.delete(f"/subjects/{name}-value?permanent=true")).status_code == status


@pytest.mark.parametrize("subject", ["orders-value", "in.dtc-key", "in.dtc", "inbound-value"])
async def test_subjects_of_others_are_deleted_as_ever(http: httpx.AsyncClient, subject: str) -> None:
    """As Confluent's registry does it."""
    await register(http, subject)
    await http.delete(f"/subjects/{subject}")
    assert (await http.delete(f"/subjects/{subject}?permanent=true")).json() == [1]
