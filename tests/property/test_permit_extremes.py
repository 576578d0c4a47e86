"""Extreme values of every field of every event, and of every act, through an e-Permit authority."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from connectors.epermit.views import overview
from schemas import profiles
from schemas.epermit import acts
from schemas.epermit.acts import Change
from schemas.epermit.event import event_path, make
from schemas.epermit.fields import ENVELOPE, PAYLOADS
from schemas.epermit.ledger import Ledger
from schemas.epermit.refusal import Malformed
from schemas.records import PERMIT
from streams.kafka.settings import Kafka, Topics
from streams.kafka.sizes import SMALLEST, Sizes, size_of
from streams.logs.permit_log import PermitLedger
from streams.records.contracts import Contracts
from tests.support.memory_permits import TOKEN, MemoryPermits, Site
from tests.support.permits import CREATED, QUOTA, REVOKED, USED, Party

LOGIN = {"Authorization": f"Bearer {TOKEN}"}
TEXTS = (
    "", " ", "0", "a" * 9, "a" * 10, "a" * 16, "a" * 100, "ж" * 255, "漢" * 500, "\U0001f69b" * 1000,
    "é" * 5000,
    "a\x00b", "a\nb", "\u202e", "\ufeff", "null", "-1", "9" * 19, "9223372036854775807", "KZ-AZ-2026-2-1",
    "AZ-KZ-2026-2-" + "9" * 200, "AZ-KZ-9999-2-1", "A" * 200 + "-KZ-2026-2-1", "31/12/9999", "01/01/0001",
    "29/02/2025", "{}", "[]", '{"kty":"EC"}', "<script>&'=", "../..", "%00",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 127, 2026, 9999, 10_000, 2**31 - 1, 2**31, -(2**31), 2**53, 2**63 - 1, 2**63, -(2**63),
    10**18, 1.0, 1.5, -0.0, 1e308, 253402300799, 253402300800, 1609459200,
)  # fmt: skip
OTHERS = (
    True, False, [], {}, [[[]]], {"a": "b" * 4900}, {"": {}}, {"n": [None] * 900}, {"n": 10**400},
    {"é" * 900: 1},
    {"smgs": "ж" * 900, "cmr": ""}, {"smgs": 7},
)  # fmt: skip
EXAMPLES = {
    "quota": "QUOTA_CREATED", "created": "PERMIT_CREATED", "revoked": "PERMIT_REVOKED", "used": "PERMIT_USED",
}  # fmt: skip
ALWAYS = {
    "used": [("activity_timestamp", 2**63 - 1), ("activity_timestamp", 253402300800)],
    "revoked": [("revoked_at", 2**63 - 1), ("revoked_at", -(2**63))],
    "created": [("event_timestamp", 2**63 - 1), ("permit_year", 2**31 - 1)],
    "quota": [("quantity", 2**63 - 1), ("permit_year", 2**31 - 1), ("permit_type", -(2**31))],
}
"""What is tried each time: numbers that no calendar has."""


class Office:
    """An authority over HTTP, KZ, and its peer AZ, who signs whatever it sends."""

    def __init__(self, directory: Path) -> None:
        self.site, self.peer = Site("KZ", directory), Party("AZ")
        transport = httpx.ASGITransport(self.site.app)  # an error that nobody answers is raised here
        self.client = httpx.AsyncClient(transport=transport, base_url="http://kz", headers=LOGIN)
        self.serial = self.count = 0

    async def open(self) -> None:
        """Let both know each other; each may issue permits for the other."""
        await self.site.start()
        said = self.peer.description()
        await self.site.authority.act(
            lambda ledger, author: acts.add_peer(ledger, "AZ", "https://az", said, author)
        )
        grant = {"authority": "AZ", "permit_type": 2, "permit_year": 2026, "quantity": 10**6}
        assert (await self.client.post("/permits/internal/quotas", json=grant)).status_code == 200
        assert await self.send(self.quota) == 200

    @property
    def quota(self) -> dict[str, Any]:
        """What AZ grants KZ."""
        return self.fresh({**QUOTA, "permit_issuer": "KZ", "permit_issued_for": "AZ"})

    @property
    def created(self) -> dict[str, Any]:
        """A permit that AZ issues."""
        self.serial += 1
        return self.fresh(
            {**CREATED, "permit_id": f"AZ-KZ-2026-2-{self.serial}", "qr_code": f"q.{self.serial}.s"}
        )

    def fresh(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The next event of AZ."""
        self.count += 1
        head = self.site.log.state.chain("AZ", "KZ").head
        ends = {"event_producer": "AZ", "event_consumer": "KZ"}
        return {**fields, **ends, "event_id": f"event-{self.count:012d}", "previous_event_id": head}

    async def send(self, fields: Mapping[str, Any]) -> int:
        """Send an event with its proof; gives the status of the answer."""
        told = fields["event_type"]
        kind = told if isinstance(told, str) and told in PAYLOADS else "QUOTA_CREATED"
        try:
            proof = self.peer.signers["1"].proof(make(kind, fields).canonical)
        except Malformed:
            proof = "a.b.c"
        answer = await self.client.post(
            f"/permits/events/{event_path(kind)}",
            content=json.dumps(fields).encode(),
            headers={"Authorization": f"Bearer {proof}"},
        )
        return answer.status_code

    async def example(self, name: str) -> dict[str, Any]:
        """An event that would be taken."""
        if name == "quota":
            return self.quota
        if name == "created":
            return self.created
        if name == "revoked":
            created = self.created
            assert await self.send(created) == 200
            return self.fresh({**REVOKED, "permit_id": created["permit_id"]})
        return self.fresh({**USED, "permit_id": await self.issued()})

    async def issued(self) -> str:
        """A permit that KZ issues."""
        wanted = {**APPLICATION, "company_id": str(self.count)}
        answer = await self.client.post("/permits/internal/permits", json=wanted)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["permit_id"])

    async def look(self) -> None:
        """Look at all that there is: every view shows what the ledger has taken."""
        for permit in list(self.site.log.state.permits.values()):
            code, name = permit.created.text("qr_code"), permit.created.permit_id
            assert (await self.client.get(f"/permits/internal/permits/{name}")).status_code == 200
            assert (await self.client.get(f"/permits/verify/{quote(code, safe='')}")).status_code in {
                200,
                404,
            }
        for place in ("", "/authorities", "/internal"):
            assert (await self.client.get(f"/permits{place}")).status_code == 200


APPLICATION = {
    "issued_for": "AZ", "permit_type": 2, "permit_year": 2026, "company_name": "n", "company_id": "1",
    "arrival_country": "AZ", "plate_number": "1", "plate_number2": "2", "departure_country": "KZ",
    "expires_at": "31/01/2027", "other_claims": {"smgs": "1"},
}  # fmt: skip
ACTS: Mapping[str, Mapping[str, Any]] = {
    "/quotas": {"authority": "AZ", "permit_type": 2, "permit_year": 2026, "quantity": 1},
    "/permits": APPLICATION,
    "/permits/AZ-KZ-2026-2-1/activities": {
        "activity_type": "EXIT",
        "activity_timestamp": 1768557600,
        "activity_details": "Kuryk",
    },
    "/reports": {**USED, "permit_id": "AZ-KZ-2026-2-1"},
}
SOAK = bool(os.environ.get("CORRIDOR_SOAK"))


def some(made: list[Any], name: str) -> list[Any]:
    """All of them in a soak, else a part that is always the same."""
    return made if SOAK else random.Random(name).sample(made, len(made) // 4)


def extremes(fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Each field with each value, and without any (None)."""
    return [(field, value) for field in fields for value in (*TEXTS, *NUMBERS, *OTHERS, None)]


@pytest.mark.parametrize("name", ["quota", "created", "revoked", "used"])
async def test_no_value_of_an_event_ends_an_authority(name: str, tmp_path: Path) -> None:
    """Each is taken or refused, what is taken is shown, written and read again; the next event is taken."""
    office = Office(tmp_path)
    await office.open()
    fields = {field.name: None for field in (*PAYLOADS[EXAMPLES[name]], *ENVELOPE)}
    taken = 0
    for field, value in [*some(extremes(fields), name), *ALWAYS.get(name, ())]:
        status = await office.send({**await office.example(name), field: value})
        assert status in {200, 400, 401, 422}, (field, value)
        taken += status == 200
    assert taken > 5
    assert await office.send(await office.example(name)) == 200
    await office.look()
    written_and_read(office.site.log)


@pytest.mark.parametrize("place", ACTS)
async def test_no_value_of_an_act_ends_an_authority(place: str, tmp_path: Path) -> None:
    """Each is done or refused; what is done is shown, written and read again."""
    office = Office(tmp_path)
    await office.open()
    assert await office.send(office.created) == 200
    for field, value in some(extremes(ACTS[place]), place):
        answer = await office.client.post(
            f"/permits/internal{place}", content=json.dumps({**ACTS[place], field: value}).encode()
        )
        assert answer.status_code in {200, 400, 404, 422}, (field, value, answer.text)
    assert (await office.client.post(f"/permits/internal{place}", json=ACTS[place])).status_code == 200
    await office.look()
    written_and_read(office.site.log)


def written_and_read(log: MemoryPermits) -> None:
    """Everything fits its topics, and the records add up to the same ledger."""
    kafka, sizes = Kafka(bootstrap="127.0.0.1:1"), Sizes(SMALLEST)
    facts = profiles.load("epermit.event.v1").schema
    ledger = PermitLedger("kz", "KZ", facts, kafka, Contracts(None), Topics(), ["AZ"])
    again = Ledger("KZ")
    for offset, entry in enumerate(log.entries):
        for (topic, _), rows in ledger._records(Change((entry,)), ()).rows.items():
            for row in rows:
                assert size_of(*row) + 64 <= sizes.of(topic), (topic, entry.record.id)
                if topic == ledger._wanted.name:
                    again.apply(PERMIT.decode(row[1] or b""), offset)
    assert overview(again) == overview(log.state)
