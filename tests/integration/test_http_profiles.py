"""The profiles that come with the broker, through a real webhook: their examples do what they say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from connectors.receive.app import docs_routes, make_app, webhook_routes
from connectors.receive.endpoint import Endpoint
from corridor.roles.contracts import edge_format
from schemas import profiles
from tests.support.edges import TOKEN, MemoryLog, participant, serving

SPOKEN = [name for name in profiles.names() if profiles.load(name).http is not None]
AUTH = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
GOOD = [(name, example) for name in SPOKEN for example in profiles.load(name).examples]
BAD = [(name, example) for name in SPOKEN for example in profiles.load(name).refused]


@pytest.fixture
def log() -> MemoryLog:
    """Give the log of the receiver."""
    return MemoryLog()


@pytest.fixture
async def client(log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """Run a receiver with one webhook per profile, at ``/<profile>``."""
    monkeypatch.setenv("P_TOKEN", TOKEN)
    endpoints = [
        Endpoint(
            participant(name=f"p{n}", webhook={"path": f"/{name}", "bearer": ["env:P_TOKEN"]}),
            edge_format(name),
            log,
        )
        for n, name in enumerate(SPOKEN)
    ]
    async with (
        serving(make_app([*webhook_routes(endpoints), *docs_routes(endpoints)])) as url,
        httpx.AsyncClient(base_url=url, headers=AUTH, trust_env=False) as made,
    ):
        yield made


@pytest.mark.parametrize(("profile", "example"), GOOD)
async def test_examples_are_accepted(
    client: httpx.AsyncClient, log: MemoryLog, profile: str, example: str
) -> None:
    """Each example of a profile is accepted, alone and in a batch, once, under the id of its id rule."""
    message = profiles.load(profile).examples[example]
    alone = await client.post(f"/{profile}", content=json.dumps(message))
    assert alone.status_code == 202, alone.text
    batch = await client.post(f"/{profile}", content=json.dumps([message]))
    assert batch.json() == {"ids": [alone.json()["id"]]}
    assert [m.id for m in log.messages] == [alone.json()["id"]]
    assert log.messages[0].key


@pytest.mark.parametrize(("profile", "example"), BAD)
async def test_bad_examples_are_refused(
    client: httpx.AsyncClient, log: MemoryLog, profile: str, example: str
) -> None:
    """Each bad example is refused with the code and the JSON pointer that it expects; none is written."""
    bad = profiles.load(profile).refused[example]
    answer = await client.post(f"/{profile}", content=json.dumps(bad.message))
    found = answer.json()
    assert 400 <= answer.status_code < 500
    assert found["code"] == bad.code
    assert found["errors"][0]["pointer"] == bad.pointer
    assert log.messages == []


async def test_openapi_describes_the_profiles(client: httpx.AsyncClient) -> None:
    """The document is valid, with each profile's schema and with examples that it shows."""
    document = (await client.get("/openapi.json")).json()
    OpenAPIV31SpecValidator(document).validate()
    page = (await client.get("/docs")).text
    for name in SPOKEN:
        schema = document["components"]["schemas"][name]
        assert set(schema["properties"]) == {field.name for field in _fields(name)}
        assert document["paths"][f"/{name}"]["post"]["requestBody"]["content"]["application/json"]["examples"]
        assert f'id="{name}"' in page


def _fields(name: str) -> list[object]:
    record = profiles.load(name).schema.record
    hidden = record.properties.get("explicitNulls")
    return [field for field in record.fields if field.name != hidden]
