"""What the trucks between the authorities do: permits, entries, exits and revocations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from corridor.permits import Office
from corridor.sandbox.authority import Played
from corridor.sandbox.border import BorderPost, Crossing
from corridor.sandbox.clock import Clock
from corridor.sandbox.sea import truck_voyage
from corridor.sandbox.shipments import Train
from corridor.sandbox.trucks import ABOARD, POSTS, Truck
from schemas.epermit import acts
from schemas.epermit.acts import Application
from schemas.epermit.ledger import QuotaKey
from schemas.errors import CorridorError, Transient

TRANSIT: Final = 2
GRANT: Final = 100
ONWARD: Final = {"KZ": "CN", "AZ": "GE", "UZ": "TJ", "GE": "TR", "TR": "BG"}
BOOKED: Final = timedelta(hours=8)
"""How long before its ferry is to sail a truck has its permit."""
DRIVES: Final = timedelta(hours=24)
"""How long it takes a truck through the country beyond the sea."""


class Ferry:
    """Plays journeys between the broker's authority and those of the sandbox.

    Args:
        office: the broker's authority.
        played: the others, by code.
        seed: of the timetable.
        place: file with the number of the next truck.
        post: reports every other truck in our country over the corridor; None: all are told to the authority.
    """

    def __init__(
        self,
        office: Office,
        played: Mapping[str, Played],
        seed: int,
        place: Path,
        post: BorderPost | None = None,
    ) -> None:
        self._office, self._played, self._seed, self._place = office, played, seed, place
        self._post = post
        self.done = int(place.read_text() or 0) if place.exists() else 0
        self.refused = 0
        self._ahead: set[int] = set()

    async def run(self, trucks: int, rate: float, lanes: int = 1) -> None:
        """Play so many trucks in all (0: no end), at most so many a second (0: no limit) in so many lanes."""
        numbers = count(self.done)

        async def lane() -> None:
            while (number := next(numbers)) < trucks or not trucks:
                began = time.monotonic()
                truck = self._truck(number)
                permit = await self._permit(truck)
                if not truck.revoked:
                    await self._enter(truck, permit)
                    await self._leave(truck, permit)
                self._passed(truck)
                await asyncio.sleep(max(0.0, lanes / rate - (time.monotonic() - began)) if rate else 0)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(lanes):
                tasks.create_task(lane())

    async def follow(self, trucks: int, clock: Clock) -> None:
        """Play the trucks of the ferries in simulated time, until so many have passed (0: for ever).

        A foreign truck leaves our country when its ferry sails, one of ours enters another when it is there:
        a storm that holds the ferry holds both.
        """
        async with asyncio.TaskGroup() as tasks:
            number = self.done
            while not trucks or number < trucks:
                voyage = truck_voyage(Train(self._seed, number // ABOARD))
                await clock.until(voyage.planned - BOOKED)
                truck = self._truck(number)
                ours = truck.abroad == self._office.code
                at = (clock.now, voyage.sails) if ours else (voyage.arrives, voyage.arrives + DRIVES)
                tasks.create_task(self._cross(truck, clock, *at))
                number += 1

    async def _cross(self, truck: Truck, clock: Clock, enters: datetime, leaves: datetime) -> None:
        permit = await self._permit(truck)
        if not truck.revoked:
            await clock.until(enters)
            await self._enter(truck, permit)
            await clock.until(leaves)
            await self._leave(truck, permit)
        self._passed(truck)

    def _truck(self, number: int) -> Truck:
        return Truck.of(self._seed, number, self._office.code, sorted(self._played))

    def _passed(self, truck: Truck) -> None:
        """Note how far all trucks have passed: those behind are played again after a restart."""
        self._ahead.add(truck.number)
        while self.done in self._ahead:
            self._ahead.remove(self.done)
            self.done += 1
        self._place.write_text(str(self.done))

    async def _permit(self, truck: Truck) -> str:
        """Issue the permit and wait until the other country knows it; take it back where that is its fate."""
        permit = await self._issue(truck)
        await self._arrived(truck, permit)
        if truck.revoked:
            await self._act(truck.home, "DELETE", f"/permits/{permit}", {}, self._name(truck, "revoke"))
        return permit

    async def _enter(self, truck: Truck, permit: str) -> None:
        await self._use(truck, permit, "ENTRANCE", POSTS[truck.abroad][0], "use-0")

    async def _leave(self, truck: Truck, permit: str) -> None:
        await self._use(truck, permit, "EXIT", POSTS[truck.abroad][1], "use-1")

    async def _use(self, truck: Truck, permit: str, activity: str, post: str, step: str) -> None:
        if self._post is not None and truck.abroad == self._office.code and truck.number % 2:
            voyage = truck_voyage(Train(self._seed, truck.number // ABOARD))
            at = voyage.sails if activity == "EXIT" else voyage.planned - BOOKED
            await self._post.report(
                Crossing(self._name(truck, step), permit, activity, post, truck.plate, at)
            )
            return
        body = {"activity_type": activity, "activity_timestamp": int(time.time()), "activity_details": post}
        act = self._name(truck, step)
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
            "other_claims": {"cmr": truck.waybill},
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
        while True:
            try:
                if code == self._office.code:
                    found = await asyncio.to_thread(self._office.ask, method, path, body or None, act)
                    return dict(found)
                return await self._at(self._played[code], method, path, body, act)
            except Transient:
                await asyncio.sleep(0.1)  # the same act may be asked for again
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
