"""Trucks with permits on the ferry between Kuryk and Alat, drawn from a seed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from corridor.permits import Office
from corridor.sandbox.authority import Played
from schemas.epermit import acts
from schemas.epermit.acts import Application
from schemas.epermit.ledger import QuotaKey
from schemas.errors import CorridorError

TRANSIT: Final = 2
GRANT: Final = 100
POSTS: Final = {
    "KZ": ("Kuryk port", "Dostyk"),
    "AZ": ("Alat", "Boyuk-Kesik"),
    "UZ": ("Tazhen", "Karakalpakiya"),
    "GE": ("Gardabani", "Sarp"),
    "TR": ("Sarp", "Halkali"),
}
"""Where a truck enters a country and where it leaves it."""
PLATES: Final = {
    "KZ": "{n:03d}ABC02",
    "AZ": "10-AA-{n:03d}",
    "UZ": "01 {n:03d} AAA",
    "GE": "AA-{n:03d}-AA",
    "TR": "34 ABC {n:03d}",
}
ONWARD: Final = {"KZ": "CN", "AZ": "GE", "UZ": "TJ", "GE": "TR", "TR": "BG"}


class Truck(NamedTuple):
    """One journey: from whose country, into which, and whether its permit is taken back before."""

    number: int
    home: str
    abroad: str
    plate: str
    revoked: bool

    @classmethod
    def of(cls, seed: int, number: int, ours: str, others: list[str]) -> Truck:
        """Draw a truck: the same seed and number give the same one."""
        dice = Random(seed * 1_000_003 + number)  # noqa: S311 - a timetable, not a secret
        pair = [ours, dice.choice(others)]
        dice.shuffle(pair)
        plate = PLATES[pair[0]].format(n=dice.randrange(1000))
        return cls(number, pair[0], pair[1], plate, dice.random() < 0.1)


class Ferry:
    """Plays journeys between the broker's authority and those of the sandbox.

    Args:
        office: the broker's authority.
        played: the others, by code.
        seed: of the timetable.
        place: file with the number of the next truck.
    """

    def __init__(self, office: Office, played: Mapping[str, Played], seed: int, place: Path) -> None:
        self._office, self._played, self._seed, self._place = office, played, seed, place
        self.done = int(place.read_text() or 0) if place.exists() else 0
        self.refused = 0

    async def run(self, trucks: int, rate: float) -> None:
        """Play until so many trucks have passed (0: for ever), at most so many a second."""
        while not trucks or self.done < trucks:
            began = time.monotonic()
            await self._play(Truck.of(self._seed, self.done, self._office.code, sorted(self._played)))
            self.done += 1
            self._place.write_text(str(self.done))
            await asyncio.sleep(max(0.0, 1 / rate - (time.monotonic() - began)))

    async def _play(self, truck: Truck) -> None:
        permit = await self._issue(truck)
        await self._arrived(truck, permit)
        if truck.revoked:
            await self._act(truck.home, "DELETE", f"/permits/{permit}", {}, self._name(truck, "revoke"))
            return
        enter, leave = POSTS[truck.abroad]
        for step, (activity, post) in enumerate((("ENTRANCE", enter), ("EXIT", leave))):
            body = {
                "activity_type": activity,
                "activity_timestamp": int(time.time()),
                "activity_details": post,
            }
            act = self._name(truck, f"use-{step}")
            await self._act(truck.abroad, "POST", f"/permits/{permit}/activities", body, act)

    async def _grant(self, truck: Truck) -> None:
        """Let the home country issue more, when it has less than a few permits left."""
        year = time.gmtime().tm_year
        home = self._played.get(truck.home)
        ledger = home.log.state if home else self._played[truck.abroad].log.state
        quota = ledger.quotas.get(QuotaKey(truck.home, truck.abroad, TRANSIT, year))
        if quota is not None and quota.total - quota.highest > GRANT // 10:
            return
        body = {"authority": truck.home, "permit_type": TRANSIT, "permit_year": year, "quantity": GRANT}
        await self._act(truck.abroad, "POST", "/quotas", body, self._name(truck, "quota"))

    async def _issue(self, truck: Truck) -> str:
        """Issue the permit; the two may not have met yet, and the quota may be on its way."""
        year = time.gmtime().tm_year
        body = {
            "issued_for": truck.abroad, "permit_type": TRANSIT, "permit_year": year,
            "company_name": f"Sandbox Trans {truck.home} & Co", "company_id": str(1_000_000 + truck.number),
            "arrival_country": ONWARD[truck.abroad], "plate_number": truck.plate,
            "other_claims": {"cmr": f"CMR-{self._seed}-{truck.number}"},
        }  # fmt: skip
        while True:
            await self._grant(truck)
            found = await self._act(truck.home, "POST", "/permits", body, self._name(truck, "issue"))
            if found:
                return str(found["permit_id"])
            await asyncio.sleep(0.1)

    async def _arrived(self, truck: Truck, permit: str) -> None:
        """Wait until the other country knows the permit."""
        there = self._played.get(truck.abroad)
        while there is not None:
            async with there.log.grew:
                if permit in there.log.state.permits:
                    return
                await there.log.grew.wait()
        while True:
            try:
                await asyncio.to_thread(self._office.ask, "GET", f"/permits/{permit}")
            except CorridorError:
                await asyncio.sleep(0.1)  # it is another process's: it can only be asked
            else:
                return

    async def _act(
        self, code: str, method: str, path: str, body: Mapping[str, Any], act: str
    ) -> Mapping[str, Any] | None:
        """Do an act at one authority; None when it is refused."""
        try:
            if code == self._office.code:
                found = await asyncio.to_thread(self._office.ask, method, path, body or None, act)
                return dict(found)
            return await self._at(self._played[code], method, path, body, act)
        except CorridorError:
            self.refused += 1
            return None

    async def _at(
        self, played: Played, method: str, path: str, body: Mapping[str, Any], act: str
    ) -> Mapping[str, Any]:
        permit = path.split("/")[2] if path.count("/") > 1 else ""
        match method, path.rpartition("/")[2]:
            case "POST", "quotas":
                terms = body["authority"], body["permit_type"], body["permit_year"], body["quantity"]
                return await played.authority.act(lambda l, a: acts.grant_quota(l, *terms, a), act)  # noqa: E741
            case "POST", "permits":
                renamed = {"permit_type": "type", "permit_year": "year"}
                wanted = Application(**{renamed.get(name, name): value for name, value in body.items()})
                return await played.authority.act(lambda l, a: acts.issue_permit(l, wanted, a), act)  # noqa: E741
            case "DELETE", _:
                return await played.authority.act(lambda l, a: acts.revoke_permit(l, permit, a), act)  # noqa: E741
            case _:
                return await played.authority.act(lambda l, a: acts.use_permit(l, permit, body, a), act)  # noqa: E741

    def _name(self, truck: Truck, step: str) -> str:
        return f"truck-{self._seed}-{truck.number}-{step}"
