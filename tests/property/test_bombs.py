"""Bombs at every HTTP edge: what a request or a page costs is bounded, and others are answered meanwhile.

The edges run as one process over logs in memory. By default each bomb is thrown a few times; a soak throws
each by the hundred, and holds the slowest good answers against those of a quiet time. Figures are printed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import psutil
import pytest

from schemas import profiles
from tests.support import bombs
from tests.support.partner import ScriptedPartner, scripted_partner

SOAK = bool(os.environ.get("CORRIDOR_SOAK"))
TIMES, AT_ONCE = (100, 8) if SOAK else (4, 4)
"""How often each bomb is thrown, and how many at the same time."""
MOST = 64 << 20
"""Bytes that a process may grow by."""
SLOWEST, RATIO = 1.0, 20.0
"""Seconds in which 99 of 100 good requests are answered; on a slow machine so many times a quiet time's."""
PATIENCE = 60.0
EVENT = next(iter(profiles.load("dlp.event.v1").examples.values()))

pytestmark = pytest.mark.timeout(7200 if SOAK else 900)


class Victim:
    """A process with all edges."""

    def __init__(self, process: asyncio.subprocess.Process, edges: Mapping[str, list[str]]) -> None:
        self._process = process
        self.edges = {
            name: (document.rpartition("/open")[0], token) for name, (document, token) in edges.items()
        }
        self._status = Path(f"/proc/{process.pid}/status")
        self._numbers = itertools.count(1)

    def rss(self) -> int:
        """Bytes that it has now."""
        return psutil.Process(self._process.pid).memory_info().rss

    def peak(self) -> int:
        """Most bytes that it had since they were forgotten."""
        lines = dict(line.split(":", 1) for line in self._status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024

    def forget_peak(self) -> None:
        """Begin to watch anew."""
        self._status.with_name("clear_refs").write_text("5")

    async def throw(self, edge: str, bomb: bytes) -> bytes:
        """Send a bomb; give the first line of the answer, empty when the connection was ended."""
        where = urlsplit(self.edges[edge][0].removesuffix("/openapi"))
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            async with asyncio.timeout(PATIENCE):
                with contextlib.suppress(ConnectionError):
                    writer.write(bomb)
                    await writer.drain()
                with contextlib.suppress(ConnectionError):
                    line = await reader.readline()
                    while await reader.read(65_536):
                        pass
                    return line
        finally:
            writer.close()
        return b""

    async def ask(self, what: str, url: str) -> str:
        """Let it ask an address for something; give what came of it, or the code of the error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what} {url}\n".encode())
        async with asyncio.timeout(PATIENCE):
            return (await self._process.stdout.readline()).decode().strip()

    async def good(self, client: httpx.AsyncClient, edge: str) -> float:
        """Make a good request; give the seconds that it took."""
        url, token = self.edges[edge]
        login = {"Authorization": f"Bearer {token}"}
        began = time.perf_counter()
        match edge:
            case "webhooks":
                event = {**EVENT, "eventID": str(UUID(int=next(self._numbers)))}
                answer = await client.post(f"{url}/webhooks/dlp", json=event, headers=login)
            case "registry":
                answer = await client.get(f"{url}/subjects", headers=login)
            case "permits":
                answer = await client.get(f"{url}/permits")
            case _:
                answer = await client.get(f"{url}/shipments?limit=1", headers=login)
        assert answer.status_code in {200, 202}, answer.text
        return time.perf_counter() - began


@asynccontextmanager
async def victim() -> AsyncIterator[Victim]:
    """Run the process, with its log thrown away."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.described_process"), cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Victim(process, json.loads(await process.stdout.readline()))
    finally:
        process.stdin.close()
        await process.wait()


def p99(times: list[float]) -> float:
    """The time that 99 of 100 do not pass."""
    return sorted(times)[int(len(times) * 0.99)]


BOMBS = {
    "webhooks": bombs.webhooks, "registry": bombs.registry, "permits": bombs.permits, "view": bombs.view,
}  # fmt: skip


@pytest.mark.parametrize("edge", BOMBS)
async def test_a_bomb_costs_little_and_delays_nobody(edge: str) -> None:
    """Each bomb is answered or cut off; the process grows by 64 MB at most; good requests are answered."""
    async with victim() as one, httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        ready = {name: make() for name, make in BOMBS[edge](one.edges[edge][1]).items()}
        quiet = [await one.good(client, name) for _ in range(30) for name in BOMBS]
        base, grown, slow, done = one.rss(), dict[str, int](), list[float](), asyncio.Event()

        async def go_on() -> None:
            while not done.is_set():
                slow.extend([await one.good(client, name) for name in BOMBS])

        others = asyncio.create_task(go_on())
        for name, thrown in ready.items():
            before = one.rss()
            one.forget_peak()
            for _ in range(TIMES // AT_ONCE):
                lines = await asyncio.gather(*(one.throw(edge, thrown) for _ in range(AT_ONCE)))
                assert not any(b" 500 " in line for line in lines), name
            grown[name] = one.peak() - before
        done.set()
        await others
        told(edge, grown, one.rss() - base, quiet, slow)


async def test_a_page_costs_little() -> None:
    """Each page of a partner who is polled is read or refused within the bounds, and the next is read."""
    async with (
        victim() as one,
        scripted_partner() as partner,
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client,
    ):
        assert await polled(one, partner, b'{"items":[{"id":"a","n":1}]}') == "1"
        quiet = [await one.good(client, name) for _ in range(30) for name in BOMBS]
        base, grown, slow = one.rss(), dict[str, int](), list[float]()
        for name, page in bombs.pages().items():
            before = one.rss()
            one.forget_peak()
            for _ in range(TIMES):
                partner.plan(page)
                outcome = asyncio.create_task(one.ask("poll", f"{partner.url}/events"))
                slow.append(await one.good(client, "registry"))
                assert (await outcome) != "1", name
                partner.script.clear()
            grown[name] = one.peak() - before
            assert await polled(one, partner, b'{"items":[{"id":"a","n":1}]}') == "1", name
        told("poll", grown, one.rss() - base, quiet, slow)


GOOD = {
    "deliver": (bombs.Reply(207, b'[{"status":200},{"status":200}]'), "2"),
    "token": (bombs.Reply(200, b'{"token_type":"bearer","access_token":"a"}'), "partner-unavailable"),
    "schema": (bombs.Reply(200, b'{"schema":"\\"int\\""}'), "5"),
    "register": (bombs.Reply(200, b'{"id":7,"compatibilityLevel":"FULL"}'), "7"),
}
"""What is asked of others, with an answer that is good and what comes of it."""
ANSWERS = {
    "deliver": lambda: bombs.answers() | bombs.outcomes(),
    "token": lambda: bombs.answers() | bombs.tokens(),
    "schema": lambda: bombs.answers() | bombs.schemas(),
    "register": lambda: bombs.answers() | bombs.schemas(),
}
CODES = {
    "deliver": {"partner-unavailable", "partner-refused"},
    "token": {"partner-unavailable", "partner-unauthorized"},
    "schema": {"registry-unavailable", "registry-refused", "schema-invalid", "schema-unsafe"},
    "register": {"registry-unavailable", "registry-refused", "wire-format"},
}
"""Codes that may come of a bomb; `internal` is none of them."""
HARMLESS = {"1", "2", "7"}


@pytest.mark.parametrize("what", ANSWERS)
async def test_an_answer_costs_little(what: str) -> None:
    """Each answer of a partner, token endpoint or registry is read or refused, and the next is read."""
    async with (
        victim() as one,
        scripted_partner() as partner,
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client,
    ):
        good, comes = GOOD[what]
        partner.otherwise = lambda _: good
        assert await one.ask(what, f"{partner.url}/x") == comes
        quiet = [await one.good(client, name) for _ in range(30) for name in BOMBS]
        base, grown, slow = one.rss(), dict[str, int](), list[float]()
        for name, answer in ANSWERS[what]().items():
            before = one.rss()
            one.forget_peak()
            for _ in range(TIMES if SOAK else 1):
                partner.otherwise = lambda _, answer=answer: answer  # type: ignore[misc]
                outcome = asyncio.create_task(one.ask(what, f"{partner.url}/x"))
                slow.append(await one.good(client, "registry"))
                assert await outcome in CODES[what] | HARMLESS, name
            grown[name] = one.peak() - before
            partner.otherwise = lambda _: good
            assert await one.ask(what, f"{partner.url}/x") == comes, name
        told(what, grown, one.rss() - base, quiet, slow)


async def test_slow_senders_delay_nobody() -> None:
    """Hundreds of requests that do not end, in the head or in the body, cost little; others are answered."""
    async with victim() as one, httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        quiet = [await one.good(client, name) for _ in range(30) for name in BOMBS]
        base = one.rss()
        one.forget_peak()
        where, token = urlsplit(one.edges["webhooks"][0]), one.edges["webhooks"][1]
        whole = bombs.request("POST", "/webhooks/dlp", b"{" + b" " * 500_000, token)
        slow = []
        for beginning in [b"POST /webhooks/dlp HTTP/1.1\r\nHost: local", whole[:-1]] * (20 if SOAK else 1):
            writers = []
            for _ in range(45):  # the server of the tests takes a hundred
                _, writer = await asyncio.open_connection(where.hostname, where.port)
                writer.write(beginning)
                writers.append(writer)
            slow += [await one.good(client, name) for _ in range(10) for name in BOMBS]
            for writer in writers:
                writer.close()
        told("slow", {"slow senders": one.peak() - base}, one.rss() - base, quiet, slow)


async def polled(one: Victim, partner: ScriptedPartner, body: bytes) -> str:
    """Poll a good page."""
    partner.plan(bombs.Reply(200, body))
    return await one.ask("poll", f"{partner.url}/events")


def told(edge: str, grown: dict[str, int], kept: int, quiet: list[float], slow: list[float]) -> None:
    """Print the figures, and hold them against the bounds."""
    worst = sorted(grown, key=grown.__getitem__)[-3:]
    sizes = ", ".join(f"{name} {grown[name] >> 20} MB" for name in reversed(worst))
    sys.stdout.write(
        f"{edge}: {len(grown)} bombs, most: {sizes}; kept {kept >> 20} MB; p99 of {len(slow)} good requests "
        f"{p99(slow):.3f} s, quiet {p99(quiet):.3f} s\n"
    )
    assert max(grown.values()) <= MOST, grown
    assert kept <= MOST
    if SOAK:
        assert p99(slow) <= max(SLOWEST, RATIO * p99(quiet))
