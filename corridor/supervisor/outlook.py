"""What holds things up now, and the permits: asked of the view and of the authorities, now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx
import msgspec

from corridor.permits import Office
from corridor.settings import Settings
from corridor.settings.logins import view_token
from schemas.errors import CorridorError

ASK_EVERY: Final = 5.0
"""Seconds between two questions to the view."""
COMPARE_EVERY: Final = 10.0
"""Seconds between two comparisons of chains with the peers."""
ON_THE_WAY: Final = 60.0
"""Seconds for which heads may differ: an event on its way is in one ledger first. A broken chain stays so."""
MOST: Final = 200


class ClosedPort(msgspec.Struct, frozen=True):
    """A port that is closed. Times are UTC milliseconds.

    Attributes:
        code: UN/LOCODE.
        reason: why it is closed, a code; empty when nobody said.
        waiting: what waits there, as last told: ``143 trucks``.
        opens: when it expects to open; None when nobody said.
    """

    code: str
    name: str
    reason: str
    waiting: tuple[str, ...]
    since: int
    opens: int | None


class PermitCounts(msgspec.Struct, frozen=True):
    """Permits of an e-Permit authority.

    Attributes:
        chains: peer to what is wrong with the chains between us; empty where heads were the same within the
            last minute.
    """

    issued: int
    used: int
    refused: int
    chains: dict[str, str]


class Outlook(msgspec.Struct, frozen=True):
    """What a person would want to look at.

    Attributes:
        ports: that are closed.
        held: shipments and lots that something holds, by what it is; of more than 200 the newest.
        permits: None where the broker is no authority.
        look: references that `corridor show` has something to say about.
    """

    ports: tuple[ClosedPort, ...] = ()
    held: dict[str, int] = {}
    permits: PermitCounts | None = None
    look: tuple[str, ...] = ()


class Watch:
    """Asks, and keeps the last answer; what does not answer leaves things as they were.

    Args:
        settings: of the broker.
        client: to ask with.
    """

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        self._client, view = client, settings.view
        self._url = f"http://{view.host}:{view.port}"
        token = view_token(settings)
        self._headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
        self._offices = {name: Office(settings, name) for name in settings.peers}
        self._chains: dict[str, str] = {}
        self._same: dict[str, float] = {}
        self.outlook = Outlook()

    async def run(self) -> None:
        """Ask again and again, until cancelled."""
        compared = 0.0
        while True:
            try:
                if self._offices and time.monotonic() - compared > COMPARE_EVERY:
                    compared = time.monotonic()
                    self._chains = await self._compare(compared)
                self.outlook = await self._look()
            except (httpx.HTTPError, CorridorError, msgspec.DecodeError):
                pass  # it is shown elsewhere what does not answer
            await asyncio.sleep(ASK_EVERY)

    async def _look(self) -> Outlook:
        ports = await self._find(kind="PORT", held="true")
        held = await self._find(held="true", limit=str(MOST))
        vessels = await self._find(kind="VESSEL", held="true", limit="1")
        newest = await self._find(status="at-sea", limit="1") or await self._find(limit="1")
        counted: dict[str, int] = {}
        for row in held:
            for reason in row["held"].split("; "):
                counted[reason] = counted.get(reason, 0) + 1
        return Outlook(
            ports=tuple(map(_port, ports)),
            held=dict(sorted(counted.items(), key=lambda item: -item[1])),
            permits=await self._permits() if self._offices else None,
            look=tuple(_name(row) for row in (*ports[:1], *vessels, *newest)),
        )

    async def _permits(self) -> PermitCounts:
        figures = {row["kpi"]: int(row["value"]) for row in await self._ask("/kpis", leg="road")}
        issued, used, refused = (figures.get(f"permits-{what}", 0) for what in ("issued", "used", "refused"))
        return PermitCounts(issued, used, refused, self._chains)

    async def _compare(self, now: float) -> dict[str, str]:
        found = {}
        for office in self._offices.values():
            for row in await asyncio.to_thread(office.check):
                peer, problem = row["peer"], row["problem"]
                if not problem:
                    self._same[peer] = now
                found[peer] = problem if now - self._same.get(peer, -ON_THE_WAY) >= ON_THE_WAY else ""
        return found

    async def _find(self, **wanted: str) -> list[Mapping[str, Any]]:
        items: list[Mapping[str, Any]] = (await self._ask("/shipments", **wanted))["items"]
        return items

    async def _ask(self, path: str, **wanted: str) -> Any:  # noqa: ANN401 - JSON
        answer = await self._client.get(f"{self._url}{path}", params=wanted, headers=self._headers)
        answer.raise_for_status()
        return msgspec.json.decode(answer.content)


def _port(row: Mapping[str, Any]) -> ClosedPort:
    holds = [hold.partition(": ") for hold in row["held"].split("; ")]
    return ClosedPort(
        code=row["key"].partition(":")[2],
        name=row["place_name"],
        reason=next((what for kind, _, what in holds if kind == "closed"), ""),
        waiting=tuple(what for kind, _, what in holds if kind == "queue"),
        since=row["since"],
        opens=row["eta"],
    )


def _name(row: Mapping[str, Any]) -> str:
    """What a person would type: a note's number, else the thing's own."""
    title = str(row["title"])
    own = str(row["key"]).partition(":")[2].partition("/")[0]
    return title.removeprefix("note ") if title.startswith("note ") else own or str(row["key"])
