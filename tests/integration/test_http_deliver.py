"""Deliveries to a partner on real sockets: what each answer and each fault makes of a message."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import prometheus_client
import pytest
import trustme

from connectors.auth.secret import Secret
from connectors.auth.webhook import Verifier, hmac_key
from connectors.deliver import request as deliver_request
from connectors.deliver.partner import HttpPartner
from connectors.http.circuit import CircuitState
from connectors.ports import Delivered, Outcome, OutgoingMessage, Park, Retry
from schemas.errors import Misconfigured
from tests.support.blocking import nothing_blocks
from tests.support.edges import LOOPBACK, NO_FIELDS, SECRET, TOKEN, participant
from tests.support.partner import Reply, ScriptedPartner, scripted_partner

Make = Callable[..., HttpPartner]
FAST = {"total": 0.3, "read": 0.2, "connect": 0.2}


class Clock:
    """Monotonic time that moves by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the secrets where the settings say."""
    monkeypatch.setenv("P_SECRET", SECRET)
    monkeypatch.setenv("P_TOKEN", TOKEN)


@pytest.fixture
async def far() -> AsyncIterator[ScriptedPartner]:
    """Run a scripted partner."""
    async with scripted_partner() as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    """Give the deliverer's monotonic clock."""
    return Clock()


@pytest.fixture
async def make(far: ScriptedPartner, clock: Clock) -> AsyncIterator[Make]:
    """Give a function that builds deliverers to the scripted partner."""
    async with AsyncExitStack() as stack:

        def build(**deliver: object) -> HttpPartner:
            settings = {"url": f"{far.url}/in", "egress": LOOPBACK, **deliver}
            made = HttpPartner(participant(deliver=settings), clock=clock)
            stack.push_async_callback(made.close)
            return made

        yield build


def message(number: int = 1, subject: str = "EQUIPMENT:A") -> OutgoingMessage:
    """Build a delivery."""
    return OutgoingMessage(f"m-{number}", subject, b'{"n":%d}' % number, f"00-{'a' * 32}-{'b' * 16}-01")


async def one(partner: HttpPartner, number: int = 1) -> Outcome:
    """Deliver one message."""
    [outcome] = await partner.deliver([message(number)])
    return outcome


async def test_delivered(make: Make, far: ScriptedPartner) -> None:
    """A 2xx is a delivery; the request carries body, key and trace, over one connection that stays open."""
    partner = make()
    await one(partner)
    with nothing_blocks():
        outcomes = [await one(partner, n) for n in (1, 2, 3)]
    key = deliver_request.delivery_key("p", "m-1")
    assert outcomes[0] == Delivered(200, key)
    first = far.got[1]
    assert (first.method, first.target, first.body) == ("POST", "/in", b'{"n":1}')
    assert first.headers["idempotency-key"] == key
    assert first.headers["content-type"] == "application/json"
    assert first.headers["traceparent"] == f"00-{'a' * 32}-{'b' * 16}-01"
    assert "cookie" not in first.headers
    assert far.connections == 1


def test_keys_never_change() -> None:
    """The Idempotency-Key is the same function of participant and id in all versions of this code."""
    assert deliver_request.delivery_key("dlp", "a:1") == "8914a62a-0682-5a07-8d2f-c8a3ca4ff29f"
    keys = {deliver_request.delivery_key(p, m) for p in ("a", "b") for m in ("1", "2")}
    assert len(keys) == 4
    assert all(uuid.UUID(key).version == 5 for key in keys)


FAULTS = [
    Reply(500),
    Reply(502),
    Reply(503, headers={"Retry-After": "7"}),
    Reply(504),
    Reply(hang=True),
    Reply(cut=0),
    Reply(cut=5),
    Reply(cut=30),
    Reply(body=b"x" * 100, cut=60),
    Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxx", cut=44),
    Reply(raw=b"\x16\x03\x01 not http\r\n\r\n"),
    Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"),
    Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000),
]


@pytest.mark.parametrize("fault", FAULTS, ids=range(len(FAULTS)))
async def test_unknown_outcome_is_retried_identically(make: Make, far: ScriptedPartner, fault: Reply) -> None:
    """After anything that leaves the outcome open, the next attempt has the same key and the same bytes."""
    partner = make(timeouts=FAST, secrets=["env:P_SECRET"])
    far.plan(fault, Reply(200))
    first = await one(partner)
    assert isinstance(first, Retry)
    assert not first.paused
    assert isinstance(await one(partner), Delivered)
    lost, applied = far.got
    assert lost.body == applied.body
    assert lost.headers["idempotency-key"] == applied.headers["idempotency-key"]
    assert lost.headers["webhook-id"] == applied.headers["webhook-id"]


POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned"
ENDS = (
    b"HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\nno",
    b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
    b"HTTP/1.1 500 X\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
    b"HTTP/1.1 204 X\r\n\r\n",
)


@pytest.mark.parametrize("end", ENDS, ids=("length", "chunked", "both", "empty"))
async def test_what_is_left_over_is_no_answer_to_the_next_request(
    make: Make, far: ScriptedPartner, end: bytes
) -> None:
    """A second answer behind the first, on a connection that is kept, is not believed by the next message."""
    partner = make(breaker={"failures": 10_000})
    far.plan(Reply(raw=end + POISON), *[Reply(503)] * 3)
    await one(partner, 1)
    for number in range(2, 5):
        assert isinstance(await one(partner, number), Retry)
    assert len(far.got) == 4


async def test_a_connection_without_more_is_kept(make: Make, far: ScriptedPartner) -> None:
    """The ordinary case costs no new connection."""
    partner = make()
    for number in range(5):
        assert isinstance(await one(partner, number), Delivered)
    assert far.connections == 1


async def test_answer_cut_at_every_byte(make: Make, far: ScriptedPartner) -> None:
    """An answer that breaks off at any byte is never a delivery, and the whole one is."""
    partner = make(breaker={"failures": 10_000})
    whole = Reply(200, b'{"ok":true}')
    length = len(whole.encode())
    far.plan(*(Reply(200, b'{"ok":true}', cut=at) for at in range(length)), whole)
    outcomes = [await one(partner) for _ in range(length + 1)]
    assert all(isinstance(outcome, Retry) for outcome in outcomes[:-1])
    assert isinstance(outcomes[-1], Delivered)
    assert len({(got.body, got.headers["idempotency-key"]) for got in far.got}) == 1


async def test_broken_build_new_key(
    make: Make, far: ScriptedPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the defect ``new-key-on-retry`` planted, the law above does not hold: the tests would notice."""
    monkeypatch.setattr(deliver_request, "broken", lambda defect: defect == "new-key-on-retry")
    partner = make()
    far.plan(Reply(500), Reply(200))
    await one(partner)
    await one(partner)
    assert far.got[0].headers["idempotency-key"] != far.got[1].headers["idempotency-key"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_never_followed(make: Make, far: ScriptedPartner, status: int) -> None:
    """A redirect is a failure to deliver; nothing is sent to where it points."""
    far.plan(Reply(status, headers={"Location": f"{far.url}/elsewhere"}))
    assert isinstance(await one(make()), Retry)
    assert [got.target for got in far.got] == ["/in"]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_refused_message_is_parked(make: Make, far: ScriptedPartner, status: int) -> None:
    """A message that can never be accepted is parked with what the partner said; the partner counts as up."""
    partner = make()
    far.plan(Reply(status, b'{"title":"Bad seal","detail":"seal 7"}'))
    assert await one(partner) == Park("partner-refused", f"{status} Bad seal: seal 7", status)
    assert partner.circuit.state is CircuitState.CLOSED


@pytest.mark.parametrize(
    ("reply", "code", "after"),
    [
        (Reply(401), "partner-unauthorized", 1.0),
        (Reply(403), "partner-unauthorized", 1.0),
        (Reply(404), "partner-unavailable", 300.0),
        (Reply(410), "partner-gone", 300.0),
        (Reply(429), "partner-unavailable", 1.0),
        (Reply(429, headers={"Retry-After": "30"}), "partner-unavailable", 30.0),
        (Reply(429, headers={"Retry-After": "garbage"}), "partner-unavailable", 1.0),
        (Reply(429, headers={"Retry-After": "315360000"}), "partner-unavailable", 900.0),
    ],
)
async def test_partner_at_fault_pauses_all(
    make: Make, far: ScriptedPartner, clock: Clock, reply: Reply, code: str, after: float
) -> None:
    """When the partner as a whole refuses, nothing is parked and nothing is sent until the pause is over."""
    partner = make(auth={"kind": "bearer", "token": "env:P_TOKEN"})
    far.plan(reply)
    outcome = await one(partner)
    assert isinstance(outcome, Retry)
    assert (outcome.code, outcome.after, outcome.paused) == (code, pytest.approx(after), True)
    for number in range(20):
        held = await one(partner, number)
        assert isinstance(held, Retry)
        assert held.paused
    assert len(far.got) == 1
    clock.now += after
    assert isinstance(await one(partner), Delivered)
    assert partner.circuit.state is CircuitState.CLOSED


async def test_circuit_probes_once(make: Make, far: ScriptedPartner, clock: Clock) -> None:
    """After failures in a row the circuit opens; then one delivery probes and the others wait."""
    partner = make(breaker={"failures": 3, "first": 2}, timeouts=FAST)
    far.plan(Reply(500), Reply(500), Reply(500))
    for _ in range(3):
        await one(partner)
    assert partner.circuit.state is CircuitState.OPEN
    clock.now += 2
    release = asyncio.Event()
    far.plan(Reply(200, wait=release))
    probe = asyncio.create_task(one(partner))
    for _ in range(3):
        await far.arrived.acquire()
    await far.arrived.acquire()
    assert partner.circuit.state is CircuitState.HALF_OPEN
    others = [await one(partner, n) for n in range(5)]
    assert all(isinstance(outcome, Retry) and outcome.paused for outcome in others)
    release.set()
    assert isinstance(await probe, Delivered)
    assert isinstance(await one(partner), Delivered)


async def test_cancelled_probe_leaves_room(make: Make, far: ScriptedPartner, clock: Clock) -> None:
    """A probe that is cancelled (shutdown, rebalance) does not keep the circuit half-open."""
    partner = make(breaker={"failures": 1})
    far.plan(Reply(500), Reply(hang=True))
    await one(partner)
    clock.now += 1
    await far.arrived.acquire()
    probe = asyncio.create_task(one(partner))
    await far.arrived.acquire()
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert isinstance(await one(partner), Delivered)


async def test_nobody_listens(make: Make, far: ScriptedPartner) -> None:
    """A refused connection, an unknown host and a silent one are retries, not errors."""
    for url in ("http://127.0.0.1:1/in", "http://localhost:1/in"):
        outcome = await one(make(url=url, timeouts=FAST))
        assert isinstance(outcome, Retry)
        assert outcome.code == "partner-unavailable"
    assert far.got == []


async def test_total_time_is_bounded(make: Make, far: ScriptedPartner) -> None:
    """A partner that trickles bytes for ever is given up after the total time."""
    far.plan(Reply(hang=True))
    outcome = await one(make(timeouts={"total": 0.1, "read": 20}))
    assert isinstance(outcome, Retry)
    assert outcome.detail == "no answer within 0.1 s"


async def test_huge_answer(make: Make, far: ScriptedPartner) -> None:
    """A gzip bomb as the body of a 200 neither fills memory nor undoes the delivery."""
    bomb = gzip.compress(bytes(64 << 20))
    far.plan(Reply(200, bomb, {"Content-Encoding": "gzip"}), Reply(400, bomb, {"Content-Encoding": "gzip"}))
    partner = make()
    assert isinstance(await one(partner), Delivered)
    assert isinstance(await one(partner), Park)


async def test_signature_verifies(make: Make, far: ScriptedPartner) -> None:
    """Requests are signed so that a Standard Webhooks verifier accepts them; the id is the key."""
    await one(make(secrets=["env:P_SECRET"]))
    [got] = far.got
    Verifier([hmac_key(Secret(SECRET))]).verify(got.headers, got.body, int(got.headers["webhook-timestamp"]))
    assert got.headers["webhook-id"] == got.headers["idempotency-key"]


@pytest.mark.parametrize("batching", ["array", "ndjson"])
async def test_batch(make: Make, far: ScriptedPartner, batching: str) -> None:
    """A batch goes in one request with the key of each message; a retry of it is identical."""
    partner = make(batch=batching, max_batch=10)
    batch = [message(n, f"EQUIPMENT:{n}") for n in range(3)]
    far.plan(Reply(500))
    assert all(isinstance(outcome, Retry) for outcome in await partner.deliver(batch))
    outcomes = await partner.deliver(batch)
    keys = [deliver_request.delivery_key("p", f"m-{n}") for n in range(3)]
    assert outcomes == [Delivered(200, key) for key in keys]
    lost, got = far.got
    items = json.loads(got.body) if batching == "array" else [json.loads(x) for x in got.body.splitlines()]
    assert items == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert got.headers["corridor-message-keys"] == ", ".join(keys)
    assert (lost.body, lost.headers["idempotency-key"]) == (got.body, got.headers["idempotency-key"])


async def test_bad_message_in_a_batch(make: Make, far: ScriptedPartner) -> None:
    """A refused batch is sent message by message: the bad one is parked, the others arrive, in order."""
    bad = Reply(422, b'{"title":"Bad"}')
    far.otherwise = lambda got: bad if b'{"n":1}' in got.body else Reply()
    outcomes = await make(batch="array").deliver([message(n, f"EQUIPMENT:{n}") for n in range(3)])
    assert [type(outcome) for outcome in outcomes] == [Delivered, Park, Delivered]
    assert [got.body for got in far.got[1:]] == [b'[{"n":0}]', b'[{"n":1}]', b'[{"n":2}]']


STATUSES = {"at": "/results", "status": "status"}
FEEDBACK = {"at": "/feedbackElements", "index": "propertyPath", "severity": "severity"}


@pytest.mark.parametrize(
    ("outcomes", "answer"),
    [
        (
            FEEDBACK,
            Reply(
                200,
                b'{"feedbackElements":[{"severity":"ERROR","code":7,"message":"unknown container",'
                b'"propertyPath":"events[1].equipmentDetails"},{"severity":"INFO","propertyPath":"events[0].x"}]}',
            ),
        ),
        (
            {"at": "", "status": "status"},
            Reply(207, b'[{"status":202},{"status":422,"detail":"unknown container"},{"status":"200"}]'),
        ),
        (
            {"at": "/failed", "index": "index"},
            Reply(200, b'{"failed":[{"index":1,"message":"unknown container"}]}'),
        ),
    ],
)
async def test_a_partner_that_takes_some_and_refuses_others(
    make: Make, far: ScriptedPartner, outcomes: dict[str, str], answer: Reply
) -> None:
    """The refused message is parked with the partner's words; its neighbours are delivered, once."""
    partner = make(batch="array", max_batch=3, outcomes=outcomes)
    far.plan(answer)
    first, second, third = await partner.deliver([message(n) for n in range(3)])
    assert isinstance(first, Delivered)
    assert isinstance(third, Delivered)
    assert isinstance(second, Park)
    assert "unknown container" in second.detail
    assert len(far.got) == 1


async def test_one_of_a_batch_may_be_tried_again_alone(make: Make, far: ScriptedPartner) -> None:
    """A status that is no refusal is one message's trouble: the others have their receipts."""
    partner = make(batch="array", max_batch=3, outcomes={"at": "/results", "status": "status"})
    far.plan(Reply(207, b'{"results":[{"status":200},{"status":503},{"status":409}]}'))
    first, second, third = await partner.deliver([message(n) for n in range(3)])
    assert (type(first), type(second), type(third)) == (Delivered, Retry, Delivered)


@pytest.mark.parametrize(
    ("outcomes", "answer"),
    [
        (None, Reply(207, b"[]")),
        ({"at": "/results", "status": "status"}, Reply(207, b'{"results":[{"status":200}]}')),
        ({"at": "/results", "status": "status"}, Reply(207, b"not json")),
        (STATUSES, Reply(207, b'{"results":[{"status":200},{"status":200},{"status":99999999999}]}')),
        (STATUSES, Reply(207, b'{"results":[{"status":200},{"status":200},{"status":-1}]}')),
        (
            STATUSES,
            Reply(207, b'{"results":[{"status":200},{"status":200},{"status":"%s"}]}' % (b"9" * 5000)),
        ),
        ({"at": "/failed", "index": "index"}, Reply(200, b'{"failed":[{"index":9}]}')),
        ({"at": "/failed", "index": "index"}, Reply(200, b'{"failed":[{"index":"none"}]}')),
        ({"at": "/failed", "index": "index"}, Reply(200, b'{"failed":{"a":1}}')),
    ],
)
async def test_outcomes_that_cannot_be_told_apart_are_no_success(
    make: Make, far: ScriptedPartner, outcomes: dict[str, str] | None, answer: Reply
) -> None:
    """Nothing counts as delivered on an answer that may mean that one was refused.

    And whatever a status is said to be, it has room in a receipt: else the partition's are never written.
    """
    partner = make(batch="array", max_batch=3, outcomes=outcomes)
    far.plan(answer)
    made = await partner.deliver([message(n) for n in range(3)])
    assert {type(one) for one in made} == {Retry}
    assert {one.status for one in made} <= {200, 207}


@pytest.mark.parametrize("batching", ["none", "array"])
async def test_order_within_a_subject(make: Make, far: ScriptedPartner, batching: str) -> None:
    """Behind a message that failed, nothing of its subject is sent; other subjects go on."""
    far.otherwise = lambda got: Reply(500 if b'"n":0' in got.body else 422 if b"," in got.body else 200)
    batch = [message(0, "A"), message(1, "A"), message(2, "B")]
    outcomes = await make(batch=batching).deliver(batch)
    if batching == "none":
        assert [type(outcome) for outcome in outcomes] == [Retry, Retry, Delivered]
    else:
        assert [type(outcome) for outcome in outcomes] == [Retry, Retry, Retry]
    assert not any(b'"n":1' in got.body and b'"n":0' not in got.body for got in far.got)


async def test_large_batch_is_cut(make: Make, far: ScriptedPartner) -> None:
    """More messages than ``max_batch`` go in several requests; after one that fails the rest is not sent."""
    partner = make(batch="array", max_batch=2)
    far.plan(Reply(200), Reply(503))
    outcomes = await partner.deliver([message(n) for n in range(6)])
    assert [type(outcome) for outcome in outcomes] == [Delivered] * 2 + [Retry] * 4
    assert len(far.got) == 2


async def test_concurrency_is_bounded(make: Make, far: ScriptedPartner) -> None:
    """No more requests are under way than the settings allow."""
    release = asyncio.Event()
    partner = make(concurrency=3)
    far.otherwise = lambda _: Reply(wait=release)
    tasks = [asyncio.create_task(one(partner, n)) for n in range(9)]
    for _ in range(3):
        await far.arrived.acquire()
    assert len(far.got) == 3
    release.set()
    assert all(isinstance(outcome, Delivered) for outcome in await asyncio.gather(*tasks))


async def test_secrets_appear_nowhere(
    make: Make, far: ScriptedPartner, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither logs nor outcomes nor representations nor metrics show a secret, whatever goes wrong."""
    partner = make(auth={"kind": "bearer", "token": "env:P_TOKEN"}, secrets=["env:P_SECRET"], timeouts=FAST)
    far.plan(*FAULTS[:8], Reply(401), Reply(422, b"no"))
    seen = [repr(await one(partner)) for _ in range(10)]
    out, err = capsys.readouterr()
    metrics = prometheus_client.generate_latest().decode()
    objects = [repr(vars(partner)), repr(partner.settings), repr(vars(partner._credentials))]
    for text in (*seen, out, err, metrics, *objects):
        assert "canary" not in text
        assert SECRET not in text


async def test_tls_is_checked(tmp_path: Path) -> None:
    """A certificate of an unknown authority is refused; with its CA configured the delivery goes through."""
    authority = trustme.CA()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    partner = ScriptedPartner()
    server = await asyncio.start_server(partner._serve, "127.0.0.1", 0, ssl=server_context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/in"
    kinds = []
    for extra in ({}, {"ca_file": str(ca_file)}):
        made = HttpPartner(participant(deliver={"url": url, "egress": LOOPBACK | extra}))
        kinds.append(type(await one(made)))
        await made.close()
    assert kinds == [Retry, Delivered]
    server.close()
    await server.wait_closed()


async def test_header_fields_of_the_settings(make: Make, far: ScriptedPartner) -> None:
    """They go with each request as they are; the key, the signature and the form of the body stay ours."""
    far.plan(Reply(503))
    partner = make(
        headers={"API-Version": "3.0.0", "Accept": "application/vnd.x+json"}, secrets=["env:P_SECRET"]
    )
    await one(partner)
    await one(partner)
    for got in far.got:
        assert (got.headers["api-version"], got.headers["accept"]) == ("3.0.0", "application/vnd.x+json")
        assert got.headers["idempotency-key"] == deliver_request.delivery_key("p", "m-1")
        assert got.headers["content-type"] == "application/json"
        assert "webhook-signature" in got.headers


@pytest.mark.parametrize("fields", NO_FIELDS)
def test_what_is_no_header_field_is_refused(fields: dict[str, str]) -> None:
    """Line breaks, names that are none, and what the broker says itself: at the start."""
    with pytest.raises(Misconfigured):
        HttpPartner(participant(deliver={"url": "https://partner.example/in", "headers": fields}))


def test_unsafe_settings_are_refused() -> None:
    """Plain HTTP to elsewhere, credentials in an address and missing secrets are refused at the start."""
    for deliver in (
        {"url": "http://partner.example/in"},
        {"url": "https://user:pw@partner.example/in"},
        {"url": "https://partner.example/in", "secrets": ["env:NOT_THERE"]},
        {"url": "https://partner.example/in", "auth": {"kind": "bearer", "token": "file:/not/there"}},
    ):
        with pytest.raises(Misconfigured):
            HttpPartner(participant(deliver=deliver))
