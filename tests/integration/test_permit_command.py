"""``corridor permit`` against a real authority over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from corridor.cli.permit import command
from schemas.epermit import acts
from tests.support.edges import serving
from tests.support.memory_permits import Site
from tests.support.permits import Party

pytestmark = pytest.mark.system("epermit")


class Desk:
    """A person at the command line of Azerbaijan's authority, whose peer Kazakhstan is served too."""

    def __init__(self, config: Path, gateway: str, az: Site, kz: Site) -> None:
        self._config, self._gateway, self.az, self.kz = config, gateway, az, kz

    async def run(self, *arguments: str) -> Result:
        """Run one command to its end."""
        options = ["--config", str(self._config), "--gateway", self._gateway, "--json"]
        return await asyncio.to_thread(
            CliRunner().invoke, command, [*arguments, *options], standalone_mode=False
        )

    async def exchange(self) -> None:
        """Carry what one wrote for the other, both ways."""
        for here, there in ((self.az, self.kz), (self.kz, self.az)):
            us, them = here.authority.state.code, there.log.state
            for entry in here.log.entries:
                event, proof = entry.event, entry.record.proof or ""
                if event is None or event.producer != us or event.id in them.chain(us, event.consumer):
                    continue
                await there.authority.act(
                    lambda ledger, author, e=event, p=proof: acts.receive(ledger, e, p, author)
                )


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The gateway runs in this process: its log is not the command's output."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Two authorities that know each other, and the settings of the first."""
    az, kz = Site("AZ", tmp_path), Site("KZ", tmp_path)
    await az.start()
    await kz.start()
    async with serving(az.app) as az_url, serving(kz.app) as kz_url:
        for one, other in ((az, kz), (kz, az)):
            said, code = other.authority.description(), other.authority.state.code
            await one.authority.act(
                lambda ledger, author, c=code, s=said: acts.add_peer(ledger, c, "u", s, author)
            )
        config = tmp_path / "corridor.toml"
        config.write_text(
            f'[participants.az]\nprofile = "epermit.event.v1"\n[participants.az.authority]\ncode = "AZ"\n'
            f'title = "AZ"\npath = "/permits"\nkeys = [{{ id = "1", key = "file:{tmp_path / "AZ.key"}" }}]\n'
            f'token = "file:{tmp_path / "AZ.token"}"\n'
            f'[participants.az.authority.peers.KZ]\nurl = "{kz_url}/permits"\n'
            'egress = { networks = ["127.0.0.0/8"] }\n'
        )
        yield Desk(config, az_url, az, kz)


async def test_a_day_at_the_desk(desk: Desk) -> None:
    """Quota, permit, use, QR code, revocation, and both chains compared: each command answers in JSON."""
    assert json.loads((await desk.run("quota", "KZ", "1", "2026", "5")).output)["total"] == 5
    await desk.kz.authority.act(lambda ledger, author: acts.grant_quota(ledger, "AZ", 2, 2026, 5, author))
    await desk.exchange()
    options = ["--for", "KZ", "--type", "2", "--year", "2026", "--company", "Xəzər", "--company-id", "1"]
    issued = await desk.run("issue", *options, "--to", "UZ", "--plate", "10AA123", "--claims", '{"cmr":"17"}')
    permit = json.loads(issued.output)["permit_id"]
    assert permit == "AZ-KZ-2026-2-1"
    again = await desk.run("issue", *options, "--to", "UZ", "--act", "17")
    assert json.loads((await desk.run("issue", *options, "--to", "UZ", "--act", "17")).output) == json.loads(
        again.output
    )
    shown = json.loads((await desk.run("show", permit)).output)
    assert (shown["state"], shown["claims"]) == ("ISSUED", '{"cmr":"17"}')
    verified = await desk.run("verify", shown["qr_code"])
    assert json.loads(verified.output)["permit_id"] == permit
    stale = await desk.run("check")
    assert stale.return_value == 1, "the peer has not got our last events yet"
    await desk.exchange()
    assert json.loads((await desk.run("check")).output) == {"peer": "KZ", "ok": True, "problem": ""}
    assert (await desk.run("revoke", permit)).return_value is None
    assert (await desk.run("verify", shown["qr_code"])).return_value == 1, "revoked"
    refused = await desk.run("revoke", permit)
    assert "PERMIT_ALREADY_REVOKED" in str(refused.exception)
    assert "INSUFFICIENT_KEY" in str((await desk.run("keys", "revoke", "1")).exception)


async def test_a_permit_of_a_peer_is_verified_and_used(desk: Desk) -> None:
    """The peer's key checks the code, the peer shows the permit, and its use is reported to it."""
    await desk.run("quota", "KZ", "1", "2026", "5")
    await desk.exchange()
    wanted = acts.Application("AZ", 1, 2026, "Жүк", "1", "AZ", "123ABC02")
    await desk.kz.authority.act(lambda ledger, author: acts.issue_permit(ledger, wanted, author))
    await desk.exchange()
    code = desk.az.log.state.permits["KZ-AZ-2026-1-1"].created.text("qr_code")
    assert (await desk.run("verify", code)).return_value == 0
    forged = (
        Party("KZ").signers["1"].jws('{"id":"KZ-AZ-2026-1-1","iat":"12/01/2026","exp":"31/01/2027","cn":"x"}')
    )
    assert "Invalid jws" in str((await desk.run("verify", forged)).exception)
    await desk.run("use", "KZ-AZ-2026-1-1", "ENTRANCE", "--details", "Alat", "--at", "2026-01-12T11:00:00Z")
    await desk.exchange()
    assert desk.kz.log.state.permits["KZ-AZ-2026-1-1"].state == "USED"


def test_a_new_key_is_a_file_of_its_owner(tmp_path: Path) -> None:
    """Mode 600, one line, and never written over another."""
    out = tmp_path / "key"
    made = CliRunner().invoke(
        command, ["keys", "new", "1", "--out", str(out), "--json"], standalone_mode=False
    )
    assert json.loads(made.output) == {"id": "1", "key": f"file:{out}"}
    assert out.stat().st_mode & 0o777 == 0o600
    again = CliRunner().invoke(command, ["keys", "new", "1", "--out", str(out)], standalone_mode=False)
    assert again.exception is not None
