"""The sandbox's authorities speak the real protocol with one that is not the sandbox's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.applications import Starlette

from connectors.epermit.internal import internal_routes
from corridor.permits import Office
from corridor.sandbox.authority import FileLog, Played
from corridor.sandbox.neighbours import Journeys, run_play
from corridor.sandbox.trucks import Truck
from corridor.settings import load
from tests.support.edges import serving
from tests.support.permit_sites import free_port

pytestmark = pytest.mark.system("epermit")

OTHERS = ("AZ", "GE", "TR", "UZ")


def settings_of(directory: Path, port: int) -> Path:
    """Write the settings of Kazakhstan's authority."""
    config = directory / "corridor.toml"
    peers = "".join(
        f'[participants.kz.authority.peers.{code}]\nurl = "http://127.0.0.1:{port}/{code.lower()}"\n'
        for code in OTHERS
    )
    config.write_text(
        '[participants.kz]\nprofile = "epermit.event.v1"\n[participants.kz.authority]\ncode = "KZ"\n'
        f'title = "KZ"\npath = "/kz"\nkeys = [{{ id = "1", key = "file:{directory / "KZ.key"}" }}]\n'
        f'token = "file:{directory / "KZ.token"}"\n{peers}'
    )
    return config


async def test_trucks_pass_with_permits(tmp_path: Path) -> None:
    """Quotas, permits, entries, exits, both ways, with four countries; the play goes on where it stopped."""
    port = free_port()
    config = settings_of(tmp_path, port)
    urls = {code: f"http://127.0.0.1:{port}/{code.lower()}" for code in OTHERS}
    kz = Played("KZ", tmp_path, urls)
    app = Starlette(routes=[*kz.routes(), *internal_routes(kz.authority, kz.path)])
    async with serving(app) as url:
        running = asyncio.create_task(kz.run())
        office = Office(load(config, {}), gateway=url)
        for trucks in (6, 12):
            found = await run_play(office, tmp_path / "play", port, f"{url}/kz", Journeys(trucks, 1000.0, 7))
            assert found["trucks"] == trucks
            heads = {}
            for code in OTHERS:
                log = FileLog(tmp_path / "play" / f"{code}.jsonl", code)
                assert log.state.chain(code, "KZ").head == kz.log.state.chain(code, "KZ").head
                heads[code] = log.state.chain("KZ", code).head
                log.close()
            assert any(head != "0" for head in heads.values())
        running.cancel()
        await asyncio.wait({running})
    permits = kz.log.state.permits
    assert len(permits) == 12, "each truck has one permit, whatever was begun twice"
    assert kz.log.state.forks == []
    journeys = [Truck.of(7, number, "KZ", list(OTHERS)) for number in range(12)]
    used = sum(len(permit.activities) for permit in permits.values())
    assert used >= 2 * sum(not truck.revoked for truck in journeys if truck.abroad == "KZ")
    assert {truck.home for truck in journeys} > {"KZ"}
