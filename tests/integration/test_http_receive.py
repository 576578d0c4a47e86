"""Webhooks over a real server: what is accepted, what is refused, and what the log holds afterwards."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from connectors.auth.secret import Secret
from connectors.auth.webhook import hmac_key, sign
from connectors.receive.app import docs_routes, make_app, webhook_routes
from connectors.receive.endpoint import Endpoint
from schemas.errors import Permanent
from tests.support.blocking import nothing_blocks
from tests.support.edges import SECRET, TOKEN, MemoryLog, event_format, participant, serving

AUTH = {"Authorization": f"Bearer {TOKEN}"}
JSON = {"Content-Type": "application/json"}
ONE = b'{"id":"e-1","n":1}'


@dataclass
class Gateway:
    """A running receiver with its log and a client."""

    log: MemoryLog
    client: httpx.AsyncClient
    url: str

    async def post(self, body: bytes, path: str = "/webhooks/p", **headers: str) -> httpx.Response:
        """Post with the bearer token; header names with underscores."""
        fields = AUTH | JSON | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(path, content=body, headers=fields)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the secrets where the settings say."""
    monkeypatch.setenv("P_SECRET", SECRET)
    monkeypatch.setenv("P_TOKEN", TOKEN)


async def gateway(**webhook: object) -> AsyncIterator[Gateway]:
    """Run a receiver for one participant."""
    log = MemoryLog()
    settings = {"secrets": ["env:P_SECRET"], "bearer": ["env:P_TOKEN"], **webhook}
    endpoint = Endpoint(participant(webhook=settings), event_format(), log)
    async with (
        serving(make_app([*webhook_routes([endpoint]), *docs_routes([endpoint])])) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        yield Gateway(log, client, url)


@pytest.fixture
async def edge() -> AsyncIterator[Gateway]:
    """Run a receiver with default limits."""
    async for made in gateway():
        yield made


@pytest.fixture
async def small() -> AsyncIterator[Gateway]:
    """Run a receiver with small limits."""
    limits = {
        "record": 900,
        "body": 2000,
        "decoded": 200_000,
        "headers": 20,
        "header_bytes": 2000,
        "body_timeout": 0.2,
    }
    async for made in gateway(max_batch=3, limits=limits, rate={"per_second": 0.1, "burst": 50}):
        yield made


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """Check that an answer is a whole problem document, and give it."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    found: dict[str, object] = answer.json()
    assert (found["status"], found["code"], found["type"]) == (status, code, f"/docs/errors#{code}")
    assert found["title"]
    assert found["detail"]
    assert TOKEN not in answer.text
    assert "canary" not in answer.text
    return found


async def test_one_message(edge: Gateway) -> None:
    """A good message is answered 202 with its id and lies in the log whole, before the answer."""
    before = int(time.time() * 1000)
    with nothing_blocks():
        answer = await edge.post(ONE, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    assert (answer.status_code, answer.json()) == (202, {"id": "e-1"})
    [message] = edge.log.messages
    assert (message.participant, message.id, message.key) == ("p", "e-1", b"e-1")
    assert message.body == b"\x06e-1\x02\x00"
    assert message.digest == hashlib.sha256(ONE).digest()
    assert before <= message.accepted <= time.time() * 1000
    assert message.traceparent == f"00-{'a' * 32}-{'b' * 16}-01"


async def test_signed_message(edge: Gateway) -> None:
    """A signature over the bytes on the wire is as good as the token, compressed or not."""
    for body, extra in ((ONE, {}), (gzip.compress(b'{"id":"e-2","n":2}'), {"Content-Encoding": "gzip"})):
        headers = sign([hmac_key(Secret(SECRET))], "msg", int(time.time()), body)
        answer = await edge.client.post("/webhooks/p", content=body, headers=headers | JSON | extra)
        assert answer.status_code == 202
    assert [m.id for m in edge.log.messages] == ["e-1", "e-2"]


async def test_credentials_are_needed(edge: Gateway) -> None:
    """Nothing reaches the log without credentials that match; the answer does not say what was wrong."""
    signed = sign([hmac_key(Secret(SECRET))], "msg", int(time.time()), ONE)
    old = sign([hmac_key(Secret(SECRET))], "msg", int(time.time()) - 400, ONE)
    cases: list[tuple[dict[str, str], bytes, str]] = [
        ({}, ONE, "auth-missing"),
        ({"Authorization": "Bearer wrong-token-0123456789"}, ONE, "auth-invalid"),
        ({"Authorization": f"Basic {TOKEN}"}, ONE, "auth-invalid"),
        ({"Authorization": "Bearer"}, ONE, "auth-invalid"),
        ({"Authorization": "Bearer wrong-token-0123456789"} | signed, ONE, "auth-invalid"),
        (signed, ONE + b" ", "auth-invalid"),
        (signed | {"webhook-id": "other"}, ONE, "auth-invalid"),
        (old, ONE, "auth-expired"),
    ]
    for headers, body, code in cases:
        answer = await edge.client.post("/webhooks/p", content=body, headers=headers | JSON)
        is_problem(answer, 401, code)
        assert answer.headers["www-authenticate"]
    assert edge.log.messages == []


async def test_repeated_message(edge: Gateway) -> None:
    """The same id with the same body is 202 again without a second effect; with another body it is 409."""
    for _ in range(3):
        assert (await edge.post(ONE)).status_code == 202
    is_problem(await edge.post(b'{"id":"e-1","n":2}'), 409, "id-reused")
    assert len(edge.log.messages) == 1


async def test_repeated_while_under_way(edge: Gateway) -> None:
    """Of requests with one id at once, one is written; the same body is 202 and the other body 409."""
    edge.log.gate.clear()
    first = asyncio.create_task(edge.post(ONE))
    await edge.log.waiting.acquire()
    others = [asyncio.create_task(edge.post(body)) for body in [ONE] * 10 + [b'{"id":"e-1","n":2}'] * 2]
    await edge.post(b'{"id":')
    edge.log.gate.set()
    statuses = [answer.status_code for answer in await asyncio.gather(first, *others)]
    assert statuses == [202] * 11 + [409] * 2
    assert len(edge.log.messages) == 1


async def test_waiting_request_tries_itself(edge: Gateway) -> None:
    """When the first of two equal requests fails, the second makes its own attempt."""
    edge.log.gate.clear()
    edge.log.away = True
    first = asyncio.create_task(edge.post(ONE))
    await edge.log.waiting.acquire()
    second = asyncio.create_task(edge.post(ONE))
    edge.log.gate.set()
    is_problem(await first, 503, "log-unavailable")
    edge.log.away = False
    assert (await second).status_code in (202, 503)
    assert len(edge.log.messages) <= 1


async def test_log_away(edge: Gateway) -> None:
    """While the log is away the answer is 503 with Retry-After, and the same message is taken later."""
    edge.log.away = True
    answer = await edge.post(ONE)
    is_problem(answer, 503, "log-unavailable")
    assert answer.headers["retry-after"] == "2"
    edge.log.away = False
    assert (await edge.post(ONE)).status_code == 202
    assert len(edge.log.messages) == 1


async def test_sender_who_leaves_changes_nothing(edge: Gateway) -> None:
    """A sender who hangs up while the log is slow may send again: one message, 202."""
    edge.log.gate.clear()
    request = asyncio.create_task(edge.post(ONE))
    await edge.log.waiting.acquire()
    request.cancel()
    edge.log.gate.set()
    assert (await edge.post(ONE)).status_code == 202
    assert len(edge.log.messages) == 1


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'[{"id":"a","n":1}, {"id":"b","n":2}]', "application/json"),
        (b' \n[{"id":"a","n":1},{"id":"b","n":2}]', "application/json; charset=utf-8"),
        (b'{"id":"a","n":1}\n{"id":"b","n":2}\n', "application/x-ndjson"),
        (b'{"id":"a","n":1}\r\n\r\n{"id":"b","n":2}', "application/jsonl"),
    ],
)
async def test_batch(edge: Gateway, body: bytes, media_type: str) -> None:
    """A batch is taken in its order, as an array or as lines, with the digest of each item."""
    answer = await edge.post(body, Content_Type=media_type)
    assert (answer.status_code, answer.json()) == (202, {"ids": ["a", "b"]})
    assert [m.id for m in edge.log.messages] == ["a", "b"]
    again = await edge.post(b'{"id":"a","n":1}')
    assert again.status_code in (202, 409)  # the item's bytes count, "\r" included
    assert len(edge.log.messages) == 2


async def test_batch_is_all_or_nothing(edge: Gateway) -> None:
    """A batch with bad items is refused whole; the problem names each by index, pointer, rule and value."""
    answer = await edge.post(b'[{"id":"a","n":1},{"id":"b","n":"x"},{"id":"c"},{"id":"d","n":4,"z":0}]')
    found = is_problem(answer, 422, "schema-violation")
    errors = found["errors"]
    assert isinstance(errors, list)
    assert [(e["item"], e["pointer"]) for e in errors] == [(1, "/1/n"), (2, "/2/n"), (3, "/3/z")]
    assert all(e["rule"] for e in errors)
    assert edge.log.messages == []


async def test_batch_with_a_conflict(edge: Gateway) -> None:
    """One id twice in a batch is one message when the bodies are equal, and a conflict when they are not."""
    assert (await edge.post(b'[{"id":"a","n":1},{"id":"a","n":1}]')).json() == {"ids": ["a", "a"]}
    assert len(edge.log.messages) == 1
    is_problem(await edge.post(b'[{"id":"b","n":1},{"id":"b","n":2}]'), 409, "id-reused")
    is_problem(await edge.post(b'[{"id":"c","n":1},{"id":"a","n":2}]'), 409, "id-reused")
    assert len(edge.log.messages) == 1


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (b'{"id":"a","n":"1"}', 422, "schema-violation", "/n"),
        (b'{"id":"a","n":2147483648}', 422, "schema-violation", "/n"),
        (b'{"id":"a"}', 422, "schema-violation", "/n"),
        (b'{"id":"a","n":1,"x":1}', 422, "schema-violation", "/x"),
        (b'{"id":"a","n":1,"n":1}', 400, "json-malformed", None),
        (b'{"id":"a","n":NaN}', 400, "json-malformed", "/n"),
        (b'{"x":1,"n":NaN}', 400, "json-malformed", "/n"),
        (b'{"id":"a","n":1,"x":-Infinity}', 400, "json-malformed", "/x"),
        (b'{"id":"\\ud800","n":1}', 400, "json-malformed", "/id"),
        (b'{"id":"a","n":1', 400, "json-malformed", None),
        (b"", 400, "json-malformed", None),
        (b'{"id":"\xff","n":1}', 400, "json-malformed", None),
        (b"[" * 100_000, 400, "json-malformed", None),
        (b'{"a":' * 100_000, 400, "json-malformed", ""),  # no end: the unknown /a is the lesser fault
        (b"[]", 400, "json-malformed", None),
    ],
)
async def test_bad_body(edge: Gateway, body: bytes, status: int, code: str, pointer: str | None) -> None:
    """A body that is not what the profile says is refused with the field; the next good one is served."""
    found = is_problem(await edge.post(body), status, code)
    if pointer is not None:
        errors = found["errors"]
        assert isinstance(errors, list)
        assert errors[0]["pointer"] == pointer
    assert (await edge.post(ONE)).status_code == 202
    assert len(edge.log.messages) == 1


async def test_address_and_method(edge: Gateway) -> None:
    """Unknown addresses and wrong methods are problems too, also for whoever has no credentials."""
    is_problem(await edge.client.get("/nothing"), 404, "not-found")
    answer = await edge.client.get("/webhooks/p")
    is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


async def test_media_type_and_encoding(edge: Gateway) -> None:
    """Content types and encodings that nobody named are refused."""
    is_problem(await edge.post(ONE, Content_Type="text/plain"), 415, "media-type-unsupported")
    is_problem(await edge.post(ONE, Content_Encoding="br"), 415, "encoding-unsupported")
    is_problem(await edge.post(ONE, Content_Encoding="gzip"), 415, "encoding-unsupported")


async def test_limits(small: Gateway) -> None:
    """Each limit has its own answer, and a good request after each of them passes."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    zeros = b'{"id":"' + b"0" * 190_000 + b'"}'
    many = b"[" + b",".join(b'{"id":"%d","n":1}' % n for n in range(4)) + b"]"
    is_problem(await small.post(b" " * 2001), 413, "body-too-large")
    chunked = await small.client.post("/webhooks/p", content=endless(), headers=AUTH | JSON)
    is_problem(chunked, 413, "body-too-large")
    is_problem(await small.post(gzip.compress(zeros), Content_Encoding="gzip"), 413, "body-too-large")
    is_problem(await small.post(many), 413, "batch-too-large")
    is_problem(await small.post(b'{"id":"' + b"x" * 1000 + b'","n":1}'), 413, "body-too-large")
    is_problem(await small.post(ONE, X_Big="x" * 2000), 431, "headers-too-large")
    is_problem(await small.post(ONE, **{f"X_{n}": "x" for n in range(20)}), 431, "headers-too-large")
    assert (await small.post(ONE)).status_code == 202


async def test_rate(small: Gateway) -> None:
    """Beyond the rate the answer is 429 with the time to wait."""
    answers = [await small.post(b'{"id":"%d","n":1}' % n) for n in range(52)]
    assert [answer.status_code for answer in answers[:50]] == [202] * 50
    is_problem(answers[51], 429, "rate-limited")
    assert 1 <= int(answers[51].headers["retry-after"]) <= 10


async def test_who_cannot_sign_spends_no_rate(small: Gateway) -> None:
    """A wrong signature, an old one, a wrong token or none leaves all of the rate to the sender."""
    junk = [
        {"Authorization": "Bearer wrong-token-0123456789"},
        {"webhook-id": "m-1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,bm9uZQ=="},
        {"webhook-id": "m-1", "webhook-timestamp": "1", "webhook-signature": "v1,bm9uZQ=="},
        {},
    ]
    for number in range(100):
        fields = JSON | junk[number % len(junk)]
        assert (await small.client.post("/webhooks/p", content=ONE, headers=fields)).status_code == 401
    answers = [await small.post(b'{"id":"%d","n":1}' % n) for n in range(51)]
    assert [answer.status_code for answer in answers] == [202] * 50 + [429]


async def test_what_the_log_can_never_take_is_refused_for_good(edge: Gateway) -> None:
    """A record larger than its topic takes is 413, not 503 for ever; nothing of its batch is taken."""

    async def append(_: object) -> None:
        raise Permanent("output-too-large", "a record of 2000000 bytes for in.p, which takes 1048576")

    take, edge.log.append = edge.log.append, append  # type: ignore[method-assign]
    is_problem(await edge.post(ONE), 413, "output-too-large")
    is_problem(await edge.post(b'[{"id":"e-2","n":1},{"id":"e-3","n":1}]'), 413, "output-too-large")
    assert edge.log.messages == []
    edge.log.append = take  # type: ignore[method-assign]
    assert (await edge.post(ONE)).status_code == 202, "no trace of it is left: the id may come again"


async def test_slow_body(small: Gateway) -> None:
    """A body that does not end is answered 408 and the connection closed; others are served meanwhile."""
    host, port = small.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /webhooks/p HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    writer.write(head.encode() + b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    assert (await small.post(ONE)).status_code == 202
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request-too-slow" in answer
    writer.close()


async def test_openapi_and_pages(edge: Gateway) -> None:
    """The document is OpenAPI 3.1 with the profile's schema; the pages need nothing from elsewhere."""
    document = (await edge.client.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "/"}]
    for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE"):
        answer = await edge.client.request(method, "/webhooks/p")
        is_problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "POST"
        assert "405" in document["paths"]["/webhooks/p"]["post"]["responses"]
    OpenAPIV31SpecValidator(document).validate()
    operation = document["paths"]["/webhooks/p"]["post"]
    assert set(operation["responses"]) >= {"202", "400", "401", "409", "413", "415", "422", "429", "503"}
    assert operation["security"] == [{"signature": []}, {"bearer": []}]
    assert document["components"]["schemas"]["test.event.v1"]
    for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
        assert (await edge.post(json.dumps(example["value"]).encode())).status_code == 202
    for path in ("/docs", "/docs/errors"):
        page = await edge.client.get(path)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "http://" not in page.text
        assert "https://" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert 'id="schema-violation"' in (await edge.client.get("/docs/errors")).text


async def test_ids_from_the_request(edge: Gateway) -> None:
    """A message whose profile has no id takes the request's webhook-id; without both it is refused."""
    is_problem(await edge.post(b'{"id":"","n":1}'), 400, "id-missing")
    answer = await edge.post(b'{"id":"","n":1}', webhook_id="w-7")
    assert answer.json() == {"id": "w-7"}


@pytest.mark.parametrize(
    ("text", "point"), [("a\x1b[2J", "1B"), ("a\u202eb", "202E"), ("\ufeffa", "FEFF"), ("a\x9bb", "9B")]
)
async def test_what_commands_a_terminal_is_refused_and_shown(edge: Gateway, text: str, point: str) -> None:
    """422 names field, rule and value; nothing of the answer is a command."""
    message = {"id": "e-1", "n": 1, "at": text}
    for body, pointer in ((message, "/at"), ([message], "/0/at")):
        found = is_problem(await edge.post(json.dumps(body).encode()), 422, "schema-violation")
        [error] = found["errors"]  # type: ignore[misc]
        assert error["pointer"] == pointer
        assert f"U+{point:0>4}" in error["rule"]
        assert json.dumps(found, ensure_ascii=False).isprintable()
    assert edge.log.messages == []


async def test_an_id_of_the_header_is_one_line(edge: Gateway) -> None:
    """A header field may have bytes beyond ASCII; an id may not have control characters among them."""
    fields = [*(AUTH | JSON).items(), ("webhook-id", b"a\x9b2Jb")]
    answer = await edge.client.post("/webhooks/p", content=b'{"id":"","n":1}', headers=fields)  # type: ignore[arg-type]
    is_problem(answer, 400, "http-malformed")
    assert edge.log.messages == []


async def test_another_spelling_of_the_path_is_another_path(edge: Gateway) -> None:
    """A proxy in front that knows the webhook's path must not let through what it takes for another one."""
    is_problem(await edge.post(ONE, "/webhooks%2fp"), 404, "not-found")
    is_problem(await edge.post(ONE, "/webhooks%2Fp"), 404, "not-found")
    assert edge.log.messages == []
