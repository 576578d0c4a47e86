"""OAuth2 client credentials against a real token endpoint: expiry, revocation, one request at a time."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from urllib.parse import parse_qs

import httpx
import pytest

from connectors.auth import oauth2
from connectors.deliver.partner import HttpPartner
from connectors.http.client import Answer
from connectors.ports import Delivered, OutgoingMessage, Retry
from schemas.errors import Transient
from tests.support.edges import LOOPBACK, TOKEN, participant
from tests.support.partner import Got, Reply, ScriptedPartner, scripted_partner

Make = Callable[..., HttpPartner]


class Clock:
    """Monotonic time that moves by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


class Platform:
    """A partner with a token endpoint; issues ``t-1``, ``t-2``, … and accepts those in ``valid``."""

    def __init__(self, far: ScriptedPartner) -> None:
        self.far = far
        self.issued = 0
        self.valid: set[str] = set()
        self.tokens: Callable[[str], Reply] = self.token
        self.slow: asyncio.Event | None = None
        far.otherwise = self.answer

    def token(self, name: str) -> Reply:
        """Answer with a token that lives for 100 s."""
        self.valid.add(name)
        body = {"access_token": name, "token_type": "Bearer", "expires_in": 100}
        return Reply(200, json.dumps(body).encode(), wait=self.slow)

    def answer(self, got: Got) -> Reply:
        """Serve both endpoints."""
        if got.target == "/token":
            self.issued += 1
            return self.tokens(f"t-{self.issued}")
        return Reply(200 if got.headers.get("authorization", "")[7:] in self.valid else 401)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    """Run the platform."""
    async with scripted_partner() as far:
        yield Platform(far)


@pytest.fixture
def clock() -> Clock:
    """Give the clock of tokens and circuit."""
    return Clock()


@pytest.fixture
async def make(platform: Platform, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    """Give a function that builds deliverers with client credentials."""
    monkeypatch.setenv("P_SECRET", f"{TOKEN}+/ %".replace(" ", ""))
    async with AsyncExitStack() as stack:

        def build(**auth: object) -> HttpPartner:
            url = platform.far.url
            oauth = {"kind": "oauth2", "token_url": f"{url}/token", "client_id": "c:1", **auth}
            oauth["client_secret"] = "env:P_SECRET"
            deliver = {"url": f"{url}/in", "auth": oauth, "egress": LOOPBACK}
            made = HttpPartner(participant(deliver=deliver), clock=clock)
            stack.push_async_callback(made.close)
            return made

        yield build


async def send(partner: HttpPartner, number: int = 1) -> object:
    """Deliver one message."""
    [outcome] = await partner.deliver([OutgoingMessage(f"m-{number}", f"S:{number}", b"{}")])
    return outcome


async def test_one_token_for_many(make: Make, platform: Platform) -> None:
    """However many deliveries begin at once, one token is fetched and all use it."""
    partner = make()
    outcomes = await asyncio.gather(*(send(partner, n) for n in range(20)))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert platform.issued == 1


@pytest.mark.parametrize("how", ["basic", "body"])
async def test_token_request(make: Make, platform: Platform, how: str) -> None:
    """The token request is as RFC 6749 says, with the credentials in the header or in the form."""
    await send(make(send=how, scope="events:write x", audience="dlp"))
    request = platform.far.got[0]
    form = parse_qs(request.body.decode())
    assert form["grant_type"] == ["client_credentials"]
    assert (form["scope"], form["audience"]) == (["events:write x"], ["dlp"])
    if how == "body":
        assert (form["client_id"], form["client_secret"]) == (["c:1"], [f"{TOKEN}+/%"])
        assert "authorization" not in request.headers
    else:
        pair = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        assert pair == f"c%3A1:{TOKEN}%2B%2F%25"


async def test_early_renewal_keeps_nobody_waiting(make: Make, platform: Platform, clock: Clock) -> None:
    """From 80 % of its life on, the token is renewed in the background while the old one is still used."""
    partner = make()
    await send(partner)
    clock.now += 79
    await send(partner)
    assert platform.issued == 1
    clock.now += 2
    platform.slow = asyncio.Event()
    assert isinstance(await send(partner), Delivered)
    assert platform.far.got[-1].headers["authorization"] == "Bearer t-1"
    platform.slow.set()
    while platform.far.got[-1].headers.get("authorization") != "Bearer t-2":
        assert isinstance(await send(partner), Delivered)
    assert platform.issued == 2


async def test_expired_token_is_not_used(make: Make, platform: Platform, clock: Clock) -> None:
    """A token at the end of its life is replaced before the next request."""
    partner = make()
    await send(partner)
    clock.now += 101
    assert isinstance(await send(partner), Delivered)
    assert [got.headers.get("authorization") for got in platform.far.got if got.target == "/in"] == [
        "Bearer t-1",
        "Bearer t-2",
    ]


async def test_revoked_token(make: Make, platform: Platform) -> None:
    """A revoked token costs one forced renewal, shared by all, and no message."""
    partner = make()
    await send(partner)
    platform.valid.clear()
    outcomes = await asyncio.gather(*(send(partner, n) for n in range(10)))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert platform.issued == 2


async def test_credential_that_stays_refused(make: Make, platform: Platform, clock: Clock) -> None:
    """When the new token is refused as well the circuit opens: nothing is parked, no storm of requests."""
    partner = make()
    platform.far.otherwise = lambda got: platform.answer(got) if got.target == "/token" else Reply(401)
    first = await send(partner)
    assert isinstance(first, Retry)
    assert (first.code, first.paused) == ("partner-unauthorized", True)
    count = len(platform.far.got)
    held = [await send(partner, n) for n in range(200)]
    assert all(isinstance(outcome, Retry) and outcome.paused for outcome in held)
    assert len(platform.far.got) == count == 4
    platform.far.otherwise = platform.answer
    clock.now += 1
    assert isinstance(await send(partner), Delivered)


@pytest.mark.parametrize(
    ("reply", "code", "paused"),
    [
        (Reply(401, b'{"error":"invalid_client"}'), "partner-unauthorized", True),
        (Reply(400, b'{"error":"invalid_scope"}'), "partner-unauthorized", True),
        (Reply(500), "partner-unavailable", False),
        (Reply(200, b"<html>"), "partner-unavailable", False),
        (Reply(200, b"{}"), "partner-unavailable", False),
        (Reply(200, b'{"access_token":"x","token_type":"mac"}'), "partner-unauthorized", True),
        (Reply(200, b'{"access_token":"a\\r\\nX: y","token_type":"bearer"}'), "partner-unauthorized", True),
        (Reply(200, b"[" * 100_000), "partner-unavailable", False),
        (Reply(302, headers={"Location": "/elsewhere"}), "partner-unavailable", False),
        (Reply(cut=3), "partner-unavailable", False),
    ],
)
async def test_token_endpoint_fails(
    make: Make, platform: Platform, reply: Reply, code: str, paused: bool
) -> None:
    """Whatever the token endpoint says, the message stays: a retry, no dead letter; nothing is posted."""
    platform.tokens = lambda _: reply
    outcome = await send(make())
    assert isinstance(outcome, Retry)
    assert (outcome.code, outcome.paused) == (code, paused)
    assert [got.target for got in platform.far.got] == ["/token"]
    assert TOKEN not in repr(outcome)


@pytest.mark.parametrize("life", ['"3600"', "null", "0", "-1", "1e300"])
async def test_odd_lifetimes(make: Make, platform: Platform, life: str) -> None:
    """Lifetimes as text, missing, zero or absurd never stop a delivery."""

    def token(name: str) -> Reply:
        platform.valid.add(name)
        return Reply(200, f'{{"access_token":"{name}","token_type":"bearer","expires_in":{life}}}'.encode())

    platform.tokens = token
    partner = make()
    assert isinstance(await send(partner), Delivered)
    assert isinstance(await send(partner), Delivered)


async def test_waiting_is_shared_and_survives_a_cancelled_waiter(make: Make, platform: Platform) -> None:
    """A delivery that is cancelled while it waits for the token does not take the token from the others."""
    platform.slow = asyncio.Event()
    partner = make()
    tasks = [asyncio.create_task(send(partner, n)) for n in range(3)]
    await platform.far.arrived.acquire()
    tasks[0].cancel()
    platform.slow.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, Delivered, Delivered]
    assert platform.issued == 1


@pytest.mark.parametrize("life", ['"nan"', '"soon"', "[]", "true"])
def test_a_life_that_is_no_number_is_no_token(life: str) -> None:
    """It would never be over, and a token that is not renewed is used until it is refused."""
    body = f'{{"access_token":"t","token_type":"bearer","expires_in":{life}}}'.encode()
    with pytest.raises(Transient) as refusal:
        oauth2._read(Answer(200, httpx.Headers(), body))
    assert refusal.value.code == "partner-unavailable"
