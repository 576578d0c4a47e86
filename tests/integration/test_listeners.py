"""Webhooks, registry, docs and metrics: together, or each on a listener of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from corridor.roles.gateway import placed, webhook_server
from corridor.roles.process import serve_all
from corridor.settings import Settings, load, unsafe
from corridor.supervisor.state import Ports, StateDirectory
from corridor.supervisor.supervisor import RunPlan, Supervisor
from deploy.ports import free_port

PARTS = {"webhooks": "/webhooks/dtc", "docs": "/docs", "metrics": "/metrics", "registry": "/subjects"}


def route(part: str) -> list[Any]:
    """A part that says its name; the registry answers every path that is left."""

    async def answer(_: Request) -> Response:
        return PlainTextResponse(part)

    return [Mount("/", PlainTextResponse(part))] if part == "registry" else [Route(PARTS[part], answer)]


def written(directory: Path, text: str) -> Settings:
    """Settings of this text."""
    path = directory / "corridor.toml"
    path.write_text(text)
    return load(path, {})


@pytest.mark.parametrize("apart", [(), ("registry",), ("docs", "metrics"), ("docs", "metrics", "registry")])
async def test_each_part_is_where_it_is_wanted(apart: tuple[str, ...], tmp_path: Path) -> None:
    """What has a listener of its own is there and nowhere else; the rest is at the gateway's, as ever."""
    main, ports = free_port(), {part: free_port() for part in apart}
    tables = "".join(f"[gateway.{part}]\nport = {port}\n" for part, port in ports.items())
    settings = written(tmp_path, f"[gateway]\nport = {main}\n{tables}")
    stop = asyncio.Event()
    serving = asyncio.create_task(serve_all(placed(settings, *map(route, PARTS)), stop, 0))
    listeners = {main, *ports.values()}
    try:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(20):
            for port in listeners:
                while True:
                    try:
                        await client.get(f"http://127.0.0.1:{port}/")
                        break
                    except httpx.TransportError:
                        await asyncio.sleep(0.01)
            for part, path in PARTS.items():
                for port in listeners:
                    text = (await client.get(f"http://127.0.0.1:{port}{path}")).text
                    assert (text == part) == (port == ports.get(part, main)), (part, port)
    finally:
        stop.set()
        await serving


def test_what_depends_on_it_follows(tmp_path: Path) -> None:
    """Clients of the registry, its login, the supervisor's questions and the pages it names."""
    text = (
        "[gateway.registry]\nport = 9101\n[gateway.metrics]\nport = 9102\n[gateway.docs]\nport = 9103\n"
        "[view.metrics]\nport = 9104\n"
    )
    settings = written(tmp_path, text)
    assert settings.registry_url == "http://127.0.0.1:9101"
    assert webhook_server(settings) == "http://127.0.0.1:8400"
    assert webhook_server(written(tmp_path, "")) == "/"
    settings = written(tmp_path, text)
    assert [place.port for place in settings.gateway.places] == [8400, 9101, 9103, 9102]
    supervisor = Supervisor(
        RunPlan(
            state=StateDirectory(tmp_path / "state"),
            ports=Ports(),
            config=tmp_path / "corridor.toml",
            kafka=None,
            registry=None,
            sandbox=False,
        ),
        print,
    )
    supervisor.settings = settings
    found = supervisor.addresses()
    assert found["API docs"] == "http://127.0.0.1:9103/docs"
    assert found["metrics of gateway"] == "http://127.0.0.1:9102/metrics"
    assert found["metrics of view"] == "http://127.0.0.1:9104/metrics"
    assert found["metrics of stream"] == "http://127.0.0.1:8401/metrics"


def test_webhooks_may_be_open_with_the_registry_inside(tmp_path: Path) -> None:
    """Beyond loopback a login is wanted of what is there, not of what stays inside."""
    outside = '[gateway]\nhost = "0.0.0.0"\n'
    inside = "[gateway.registry]\nport = 9101\n"
    assert [risk.setting for risk in unsafe(written(tmp_path, outside))] == ["registry.token"]
    assert unsafe(written(tmp_path, outside + inside)) == []
    turned = '[gateway.registry]\nhost = "0.0.0.0"\nport = 9101\n'
    assert [risk.setting for risk in unsafe(written(tmp_path, turned))] == ["registry.token"]
