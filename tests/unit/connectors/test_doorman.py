"""Who is let in: no page of another site, no name that anybody could lead to us, no body without a type."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connectors.http.doorman import Doorman


async def _hello(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def client(*hosts: str) -> httpx.AsyncClient:
    """A client of an application behind a doorman."""
    app = Starlette(routes=[Route("/", _hello, methods=["GET", "POST", "PUT", "DELETE"])])
    transport = httpx.ASGITransport(app=Doorman(app, hosts))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8400")


INSIDE = [
    *("127.0.0.1:8400", "localhost:8400", "[::1]:8400", "[::1]", "10.1.2.3", "gateway", "gateway:8400"),
    *("gateway.corridor.svc", "gateway.corridor.svc.cluster.local:8400", "broker.internal", "LOCALHOST"),
]
OUTSIDE = [
    *("evil.example", "evil.example:8400", "localhost.evil.example", "127.0.0.1.evil.example", "a.b"),
    *("127.0.0.1.nip.io", "internal.example", "", ":8400", "xlocal.example.", "evil.example."),
]


@pytest.mark.parametrize("host", INSIDE)
async def test_names_that_nobody_can_rebind_are_taken(host: str) -> None:
    """Addresses, single labels, and names that cannot be registered."""
    async with client() as http:
        assert (await http.get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", OUTSIDE)
async def test_other_names_must_be_told(host: str) -> None:
    """DNS rebinding: 421, whatever the method; the name that is configured is served."""
    async with client("corridor.example") as http:
        answer = await http.get("/", headers={"Host": host})
        assert answer.status_code == 421
        assert answer.json()["type"].endswith("#host-unknown")
        assert (await http.get("/", headers={"Host": "Corridor.example:443"})).status_code == 200


async def test_any_name_behind_a_proxy_of_ones_own() -> None:
    """``*`` takes all."""
    async with client("*") as http:
        assert (await http.get("/", headers={"Host": "evil.example"})).status_code == 200


PAGES: list[dict[str, str]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "https://127.0.0.1:8400.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
]


@pytest.mark.parametrize("headers", PAGES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_pages_of_other_sites_are_refused(method: str, headers: dict[str, str]) -> None:
    """Reading and writing alike: squatting a subject needs no preflight."""
    async with client() as http:
        answer = await http.request(method, "/", headers={"Content-Type": "application/json", **headers})
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("origin-refused")


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"Origin": "http://127.0.0.1:8400", "Sec-Fetch-Site": "same-origin"}),
        ("GET", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}),
        ("GET", {}),
    ],
)
async def test_ones_own_pages_links_and_programs_pass(method: str, headers: dict[str, str]) -> None:
    """A link on another page may lead here; what it opens cannot be read from there."""
    async with client() as http:
        assert (await http.request(method, "/", headers=headers)).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("content", [b"{}", "chunks"])
async def test_a_body_says_what_it_is(method: str, content: Any) -> None:  # noqa: ANN401
    """Without a Content-Type a page needs no preflight; programs have one. An empty body needs none."""

    async def chunks() -> Any:  # noqa: ANN401
        yield b"{}"

    async with client() as http:
        body = chunks() if content == "chunks" else content
        assert (await http.request(method, "/", content=body)).status_code == 415
        assert (await http.request(method, "/")).status_code == 200


async def test_one_host_only() -> None:
    """RFC 9112, section 3.2: none or two are no request."""
    async with client() as http:
        request = http.build_request("GET", "/", headers=[("Host", "localhost"), ("Host", "evil.example")])
        assert (await http.send(request)).status_code == 400
