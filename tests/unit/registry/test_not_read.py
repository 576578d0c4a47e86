"""A registry that has not read its log yet says so: what is in the log is not said to be missing."""

from __future__ import annotations

import httpx
import pytest

from connectors.auth.bearer import SCOPES
from connectors.registry.app import registry_app
from connectors.registry.client import RegistryClient
from connectors.registry.openapi import describe
from schemas.errors import Transient
from tests.support.memory_registry import MemoryRegistry
from tests.support.serving import serving

WITHOUT_LOG = {"/", "/schemas/types", "/v1/metadata/version"}
"""What a registry knows before it has read anything."""
BODIES = {
    "SchemaBody": {"schema": '"int"'},
    "ConfigBody": {"compatibility": "FULL"},
    "ModeBody": {"mode": "READONLY"},
}
OPERATIONS = [
    (method, path, one.get("requestBody"))
    for path, methods in describe(with_login=dict.fromkeys(SCOPES, False), server="/")["paths"].items()
    for method, one in methods.items()
    if method in {"get", "post", "put", "delete"}
]


@pytest.mark.parametrize(("method", "path", "takes"), OPERATIONS)
async def test_nothing_is_answered_from_a_log_that_is_not_read(method: str, path: str, takes: object) -> None:
    """No operation says that there is no such schema, subject or setting: the same may be asked again."""
    registry = MemoryRegistry()
    registry.ready = False
    address = path.format(subject="s", version="1", id="1", guid="0" * 32, context=".c")
    body = next((one for name, one in BODIES.items() if name in str(takes)), None)
    transport = httpx.ASGITransport(registry_app(registry))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry") as http:
        answer = await http.request(method, address, json=body)
    if path in WITHOUT_LOG:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["error_code"]) == (500, 50001)
    assert registry.log == []


async def test_a_reader_waits_for_such_a_registry() -> None:
    """A schema that is in the log makes no dead letter of the record that was written with it."""
    registry = MemoryRegistry()
    async with serving() as (mount, url):
        mount(registry_app(registry))
        async with RegistryClient(url, attempts=1) as writer:
            known = await writer.register("s", '"int"')
        registry.ready = False
        async with RegistryClient(url, attempts=1) as reader:
            with pytest.raises(Transient):
                await reader.schema(known)
            assert not await reader.ready()
            registry.ready = True
            assert await reader.schema(known) == '"int"'
