"""Recorded requests and answers of another registry."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import httpx

GOLDEN = Path(__file__).parents[1] / "golden" / "registry.txt"
_WILD = {"<number>": r"\d+", "<text>": r"(?:[^\"\\]|\\.)*"}


class Recorded(NamedTuple):
    """One request and its answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    media_type: str
    answer: re.Pattern[str]


def recorded() -> list[Recorded]:
    """Read the recorded requests, in order."""
    text = "\n".join(line for line in GOLDEN.read_text().splitlines() if not line.startswith("#"))
    return [_read(block.splitlines()) for block in text.strip().split("\n\n")]


def _read(lines: list[str]) -> Recorded:
    arrow = next(i for i, line in enumerate(lines) if line.startswith("-> "))
    method, path = lines[0].split()
    headers = dict(line.split(": ") for line in lines[1:arrow] if not line.startswith("{"))
    body = "".join(line for line in lines[1:arrow] if line.startswith("{"))
    _, status, *media_type = lines[arrow].split()
    pattern = re.escape(lines[arrow + 1])
    for mark, wild in _WILD.items():
        pattern = pattern.replace(re.escape(mark), wild)
    return Recorded(
        method, path, headers, body.encode(), int(status), "".join(media_type), re.compile(pattern)
    )


async def replay(client: httpx.AsyncClient) -> int:
    """Send every recorded request, compare every answer, and give how many there were."""
    await seed(client)
    requests = recorded()
    for number, request in enumerate(requests, 1):
        headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"} if request.body else {}
        response = await client.request(
            request.method, request.path, content=request.body, headers=headers | request.headers
        )
        place = f"request {number}: {request.method} {request.path}"
        assert request.answer.fullmatch(response.text), (
            f"{place}: {response.text}, not {request.answer.pattern}"
        )
        assert response.status_code == request.status, place
        assert response.headers.get("content-type", "") == request.media_type, place
    return len(requests)


async def seed(client: httpx.AsyncClient) -> None:
    """Bring an empty registry to where the recorded one began."""
    for method, path, body in (
        ("PUT", "/mode", {"mode": "IMPORT"}),
        ("POST", "/subjects/com.example.compat-test/versions", {"schema": '"int"', "id": 100428}),
        ("PUT", "/mode", {"mode": "READWRITE"}),
    ):
        response = await client.request(method, path, json=body)
        assert response.status_code == 200, response.text
