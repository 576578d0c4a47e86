"""Two authorities exchange events while both are killed and answers are lost: the chains end the same."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Kafka
from tests.support import kafka as log
from tests.support.permit_sites import LossyLine, Office, Site

SOAK = bool(os.environ.get("CORRIDOR_SOAK"))
EVENTS = int(os.environ.get("CORRIDOR_PERMIT_EVENTS", "10000" if SOAK else "60"))
"""Each way."""
KILLS = 20 if SOAK else 4
SEED = 20261127
STALLED = 60.0
"""Seconds without any progress that are too long."""

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.faults,
    pytest.mark.timeout(7200 if SOAK else 1200),
    pytest.mark.system("epermit"),
]


async def work(office: Office, peer: str, dice: random.Random, done: Callable[[], None]) -> int:
    """Do acts that make events, one after the other, and give how many were about permits."""
    permits: list[str] = []
    events = number = about_permits = 0
    while events < EVENTS:
        number += 1
        kind = dice.choice(("quota", "issue", "issue", "revoke") if number > 3 else ("quota",))
        act = f"act-{number}"
        result: dict[str, Any] | None = None
        if kind == "quota":
            body = {"authority": peer, "permit_type": 2, "permit_year": 2026, "quantity": 3}
            result = await office.act("POST", "/quotas", body, act)
        elif kind == "issue":
            body = {
                "issued_for": peer, "permit_type": 2, "permit_year": 2026, "company_name": "Xəzər & <Trans>",
                "company_id": str(number), "arrival_country": "UZ", "other_claims": {"n": number, "d": 1.5},
            }  # fmt: skip
            if result := await office.act("POST", "/permits", body, act):
                permits.append(result["permit_id"])
        elif permits:
            permit = permits.pop(dice.randrange(len(permits)))
            result = await office.act("DELETE", f"/permits/{permit}", None, act)
        if result is not None:
            events += 1
            about_permits += kind != "quota"
            done()
    return about_permits


async def test_chains_end_the_same(kafka: Kafka, tmp_path: Path) -> None:
    """After kill -9 of both and lost answers the ledgers hold the same chains; the corridor heard once."""
    tag = uuid.uuid4().hex[:8]
    dice = random.Random(SEED)
    az, kz = (Site(code, f"{code.lower()}-{tag}", tmp_path, kafka.bootstrap) for code in ("AZ", "KZ"))
    to_az, to_kz = LossyLine(az.url, 0.1, SEED), LossyLine(kz.url, 0.1, SEED + 1)
    moved = asyncio.Semaphore(0)
    try:
        async with (
            to_az.running() as az_line,
            to_kz.running() as kz_line,
            httpx.AsyncClient(timeout=30) as client,
        ):
            az.configure("KZ", kz_line)
            kz.configure("AZ", az_line)
            az.start()
            kz.start()
            offices = Office(az, client), Office(kz, client)
            await until_met(offices)
            working = [
                asyncio.create_task(work(offices[0], "KZ", random.Random(1), moved.release)),
                asyncio.create_task(work(offices[1], "AZ", random.Random(2), moved.release)),
            ]
            for _ in range(KILLS):
                for _ in range(2 * EVENTS // (KILLS + 1)):
                    await moved.acquire()
                await asyncio.to_thread(dice.choice((az, kz)).kill)
            permits = sum(await asyncio.gather(*working))
            chains = await agreement(offices)
            told = [await log.read(kafka.bootstrap, f"in.{site.name}", permits) for site in (az, kz)]
    finally:
        az.stop()
        kz.stop()
    assert min(to_az.lost, to_kz.lost) > 0, "the line lost nothing: the test proves nothing"
    for chain in chains:
        assert chain["events"] == EVENTS
        assert chain["forks"] == []
    for records in told:
        ids = [dict(record.headers)["id"] for record in records]
        assert len(ids) == len(set(ids)) == permits


async def until_met(offices: tuple[Office, Office]) -> None:
    """Wait until both know each other."""
    await ask_until(offices, lambda left, right: bool(left["peers"] and right["peers"]))


async def agreement(offices: tuple[Office, Office]) -> list[dict[str, Any]]:
    """Wait until both sides have the same chains, and give them."""
    await ask_until(offices, lambda left, right: bool(left["chains"] == right["chains"]))
    return list((await offices[0].overview())["chains"])


async def ask_until(
    offices: tuple[Office, Office], done: Callable[[dict[str, Any], dict[str, Any]], bool]
) -> None:
    """Ask both processes again until it is so, as long as anything moves between them."""
    loop, before = asyncio.get_running_loop(), None
    async with asyncio.timeout(STALLED) as limit:
        while not done(*(now := [await office.overview() for office in offices])):
            if now != before:
                limit.reschedule(loop.time() + STALLED)
            before = now
            await asyncio.sleep(0.2)
