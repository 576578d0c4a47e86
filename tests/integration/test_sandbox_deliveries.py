"""The sandbox as receiver, on real sockets, with the product's own deliverer on the other side."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path

import httpx
import msgspec
import pytest

from connectors.deliver.partner import HttpPartner
from connectors.ports import Delivered, Outcome, OutgoingMessage, Park, Retry
from corridor.sandbox.faults import Faults
from corridor.sandbox.ledger import FILE, GotEntry, read
from corridor.sandbox.participant import Player, running
from corridor.sandbox.settings import Sandbox
from corridor.sandbox.timetable import messages
from tests.support.edges import LOOPBACK, SECRET, participant

pytestmark = pytest.mark.system("dtc", "dlp")

BODIES = [message.body() for message in islice(messages("dlp"), 40)]

JSON = {"Content-Type": "application/json"}


def delivery(n: int, body: bytes | None = None) -> OutgoingMessage:
    """The n-th event of the DLP, on its way back to it."""
    return OutgoingMessage(f"event-{n}:1:rule", f"EQUIPMENT:{n}", BODIES[n] if body is None else body)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the secrets where the settings say."""
    monkeypatch.setenv("SIGNING", SECRET)
    monkeypatch.setenv("CLIENT", "client-secret-0123456789")


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Everything a test started ends with it."""
    async with AsyncExitStack() as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Sandbox]:
    """Settings of a DLP that wants tokens and signatures."""

    def make(**changes: object) -> Sandbox:
        wanted = {"delivery_secret": "env:SIGNING", "client_id": "broker", "client_secret": "env:CLIENT"}
        return msgspec.convert({"participant": "dlp", "data": tmp_path, **wanted, **changes}, Sandbox)

    return make


def partner_of(sandbox: Player, stack: AsyncExitStack, **changes: object) -> HttpPartner:
    """The product's deliverer, set up for a sandbox."""
    deliver = {
        "url": f"{sandbox.url}/deliveries",
        "auth": {
            "kind": "oauth2",
            "token_url": f"{sandbox.url}/oauth/token",
            "client_id": "broker",
            "client_secret": "env:CLIENT",
        },
        "secrets": ["env:SIGNING"],
        "breaker": {"failures": 1000},
        "egress": LOOPBACK,
        "timeouts": {"total": 2.0, "read": 1.0},
        **changes,
    }
    partner = HttpPartner(participant(deliver=deliver))
    stack.push_async_callback(partner.close)
    return partner


def got(directory: Path) -> list[GotEntry]:
    """What the ledger says was got."""
    return [entry for entry in read(directory / FILE) if isinstance(entry, GotEntry)]


async def deliver_all(partner: HttpPartner, deliveries: list[OutgoingMessage]) -> None:
    """Deliver one after the other, each until it is through."""
    for each in deliveries:
        outcomes = [await one(partner, each)]
        while not isinstance(outcomes[-1], Delivered) and len(outcomes) < 50:
            outcomes.append(await one(partner, each))
        assert isinstance(outcomes[-1], Delivered)


async def one(partner: HttpPartner, each: OutgoingMessage) -> Outcome:
    """One attempt of one delivery."""
    return (await partner.deliver([each]))[0]


async def test_a_delivery_takes_effect_once(
    settings: Callable[..., Sandbox], stack: AsyncExitStack, tmp_path: Path
) -> None:
    """A repeated delivery gets the first answer and has no second effect; the ledger tells all of it."""
    sandbox = await stack.enter_async_context(running(settings()))
    partner = partner_of(sandbox, stack)
    assert isinstance(await one(partner, delivery(0)), Delivered)
    assert isinstance(await one(partner, delivery(0)), Delivered)
    first, second = got(tmp_path)
    event = json.loads(BODIES[0])
    assert (first.id, first.version) == (event["eventID"], event["eventVersion"])
    assert (first.effect, first.attempt, second.effect, second.attempt) == (True, 1, False, 2)
    assert first.key == second.key
    assert first.sha256 == second.sha256


async def test_a_key_with_other_bytes_is_refused(
    settings: Callable[..., Sandbox], stack: AsyncExitStack, tmp_path: Path
) -> None:
    """Under a key that took effect, another body is 422 and has no effect."""
    sandbox = await stack.enter_async_context(running(settings()))
    partner = partner_of(sandbox, stack)
    assert isinstance(await one(partner, delivery(0)), Delivered)
    outcome = await one(partner, delivery(0, BODIES[1]))
    assert isinstance(outcome, Park)
    assert outcome.status == 422
    assert [(entry.answer, entry.effect) for entry in got(tmp_path)] == [(200, True), (422, False)]


async def test_what_is_not_of_the_profile_is_refused(
    settings: Callable[..., Sandbox], stack: AsyncExitStack
) -> None:
    """The participant checks what it gets: a document that breaks the profile is 422 with the rule."""
    sandbox = await stack.enter_async_context(running(settings()))
    outcome = await one(partner_of(sandbox, stack), delivery(0, b'{"eventID":"x"}'))
    assert isinstance(outcome, Park)
    assert sandbox.stats()["effects"] == 0


async def test_batches_keep_a_key_for_each_message(
    settings: Callable[..., Sandbox], stack: AsyncExitStack, tmp_path: Path
) -> None:
    """Messages of a batch have effects of their own: one that came alone before has none in the batch."""
    sandbox = await stack.enter_async_context(running(settings()))
    alone, together = partner_of(sandbox, stack), partner_of(sandbox, stack, batch="array")
    lines = partner_of(sandbox, stack, batch="ndjson")
    await deliver_all(alone, [delivery(1)])
    for partner in (together, lines):
        outcomes = await partner.deliver([delivery(n) for n in range(4)])
        assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    effects = [entry.effect for entry in got(tmp_path)]
    assert effects == [True, True, False, True, True, False, False, False, False]
    assert sandbox.stats()["effects"] == 4


async def test_lost_answers_do_not_double_the_effect(
    settings: Callable[..., Sandbox], stack: AsyncExitStack, tmp_path: Path
) -> None:
    """The effect is there, the connection breaks, the same delivery comes again: one effect."""
    sandbox = await stack.enter_async_context(running(settings(faults=Faults(lost=1.0, most=2))))
    partner = partner_of(sandbox, stack)
    first, second, third = [await one(partner, delivery(0)) for _ in range(3)]
    assert isinstance(first, Retry)
    assert isinstance(second, Retry)
    assert isinstance(third, Delivered)
    assert [(entry.effect, entry.lost) for entry in got(tmp_path)] == [
        (True, True),
        (False, True),
        (False, False),
    ]


@pytest.mark.parametrize("status", ["500", "503", "429"])
async def test_errors_have_no_effect(
    settings: Callable[..., Sandbox], stack: AsyncExitStack, tmp_path: Path, status: str
) -> None:
    """An injected status is answered as it is, the ledger has it, and nothing took effect."""
    sandbox = await stack.enter_async_context(
        running(settings(faults=Faults(errors={status: 1.0}, retry_after=7)))
    )
    outcome = await one(partner_of(sandbox, stack), delivery(0))
    assert isinstance(outcome, Retry)
    assert outcome.status == int(status)
    assert outcome.after == (None if status == "500" else 7.0)
    assert [(entry.answer, entry.effect) for entry in got(tmp_path)] == [(int(status), False)]


async def test_a_timeout_has_no_effect_and_no_answer(
    settings: Callable[..., Sandbox], stack: AsyncExitStack, tmp_path: Path
) -> None:
    """The participant holds the connection and says nothing; the ledger says answer 0."""
    sandbox = await stack.enter_async_context(running(settings(faults=Faults(timeouts=1.0, most=1))))
    partner = partner_of(sandbox, stack, timeouts={"total": 0.4, "read": 0.3})
    assert isinstance(await one(partner, delivery(0)), Retry)
    assert isinstance(await one(partner, delivery(0)), Delivered)
    assert [(entry.answer, entry.effect) for entry in got(tmp_path)] == [(0, False), (200, True)]


async def test_tokens_run_out_and_are_taken_back(
    settings: Callable[..., Sandbox], stack: AsyncExitStack
) -> None:
    """Without a live token the answer is 401; an injected 401 takes all tokens back, and a new one helps."""
    sandbox = await stack.enter_async_context(running(settings(faults=Faults(errors={"401": 1.0}, most=1))))
    async with httpx.AsyncClient(base_url=sandbox.url) as client:
        assert (await client.post("/deliveries", content=BODIES[0], headers=JSON)).status_code == 401
        wrong = {"grant_type": "client_credentials", "client_id": "broker", "client_secret": "no"}
        assert (await client.post("/oauth/token", data=wrong)).status_code == 401
        assert (await client.post("/oauth/token", data={"grant_type": "password"})).status_code == 400
    assert isinstance(await one(partner_of(sandbox, stack), delivery(0)), Delivered)
    assert sandbox.stats()["got"] == {"200": 1, "401": 1}


async def test_unsigned_and_unnamed_deliveries_are_refused(
    settings: Callable[..., Sandbox], stack: AsyncExitStack
) -> None:
    """A delivery without our signature is 401, one without an idempotency key 400."""
    sandbox = await stack.enter_async_context(running(settings(client_id="")))
    unsigned = partner_of(sandbox, stack, secrets=[], auth={"kind": "none"})
    outcome = await one(unsigned, delivery(0))
    assert isinstance(outcome, Retry)
    assert outcome.code == "partner-unauthorized"
    door = settings(client_id="", delivery_secret="", data=sandbox.settings.data / "open")
    async with running(door) as unguarded, httpx.AsyncClient(base_url=unguarded.url) as client:
        answer = await client.post("/deliveries", content=BODIES[0], headers=JSON)
        assert (answer.status_code, "Idempotency-Key" in answer.text) == (400, True)


async def test_down_means_refused_connections_and_then_back(
    settings: Callable[..., Sandbox], stack: AsyncExitStack
) -> None:
    """While down nobody can connect, control stays; afterwards the same address answers again."""
    sandbox = await stack.enter_async_context(running(settings()))
    partner = partner_of(sandbox, stack)
    assert isinstance(await one(partner, delivery(0)), Delivered)
    async with httpx.AsyncClient(base_url=sandbox.control_url) as control:
        assert (await control.post("/faults", json={"down": 0.5})).status_code == 200
        await sandbox.api.closed.wait()
        assert isinstance(await one(partner, delivery(1)), Retry)
        assert (await control.get("/stats")).json()["down"] is True
        await sandbox.api.serving.wait()
        assert isinstance(await one(partner, delivery(1)), Delivered)


async def test_control_shows_faults_stats_and_ledger(
    settings: Callable[..., Sandbox], stack: AsyncExitStack
) -> None:
    """Faults can be replaced and seen, wrong ones are told; stats and ledger agree."""
    sandbox = await stack.enter_async_context(running(settings()))
    await deliver_all(partner_of(sandbox, stack), [delivery(n) for n in range(3)])
    async with httpx.AsyncClient(base_url=sandbox.control_url) as control:
        wrong = await control.post("/faults", json={"lots": 1})
        assert (wrong.status_code, "unknown field" in wrong.text) == (422, True)
        await control.post("/faults", json={"lost": 0.5, "seed": 4})
        assert (await control.get("/faults")).json()["lost"] == 0.5
        assert (await control.get("/livez")).text == "ok"
        lines = (await control.get("/ledger", params={"from": 1})).text.splitlines()
        assert [json.loads(line)["kind"] for line in lines] == ["got", "got"]
        assert (await control.get("/stats")).json()["effects"] == 3


async def test_effects_survive_a_restart(
    settings: Callable[..., Sandbox], stack: AsyncExitStack, tmp_path: Path
) -> None:
    """A participant that comes back knows every key that took effect."""
    async with running(settings()) as sandbox:
        await deliver_all(partner_of(sandbox, stack), [delivery(n) for n in range(5)])
    async with running(settings()) as sandbox:
        partner = partner_of(sandbox, stack)
        await deliver_all(partner, [delivery(n) for n in range(5)])
        assert isinstance(await one(partner, delivery(0, BODIES[9])), Park)
        assert sandbox.stats()["effects"] == 5
    assert [entry.attempt for entry in got(tmp_path)] == [1] * 5 + [2] * 5 + [3]


async def test_under_many_faults_every_message_takes_effect_once(
    settings: Callable[..., Sandbox], stack: AsyncExitStack, tmp_path: Path
) -> None:
    """Errors, lost answers and latency together: retries end in one effect per message, same bytes always."""
    faults = Faults(errors={"500": 0.2}, lost=0.3, latency=0.001, seed=5)
    sandbox = await stack.enter_async_context(running(settings(faults=faults)))
    partner = partner_of(sandbox, stack)
    await asyncio.gather(*(deliver_all(partner, [delivery(n)]) for n in range(40)))
    entries = got(tmp_path)
    assert len(entries) > 40
    assert sum(entry.effect for entry in entries) == 40
    assert len({(entry.key, entry.sha256) for entry in entries}) == 40
