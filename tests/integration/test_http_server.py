"""The bounds on request heads that the server adds to uvicorn."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connectors.http.server import BoundedHttp, owner
from connectors.receive.app import make_app
from tests.support.edges import serving


async def hello(request: Request) -> Response:
    """Answer with the length of the body."""
    return PlainTextResponse(str(len(await request.body())))


async def broken(_: Request) -> Response:
    """Fail like a defect does."""
    raise ValueError("canary detail")


APP = make_app([Route("/", hello, methods=["GET", "POST"]), Route("/broken", broken)])
GOOD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def talk(
    url: str, *parts: bytes, own: str = "127.0.0.1"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection from an address of ours and write."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), local_addr=(own, 0))
    for part in parts:
        writer.write(part)
        await writer.drain()
    return reader, writer


async def ask(url: str, *parts: bytes) -> bytes:
    """Write and read until the server closes."""
    reader, writer = await talk(url, *parts)
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "start", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"POST / HTTP/1.1\r\n"]
)
async def test_head_that_does_not_end(start: bytes) -> None:
    """A head that does not end in time is answered 408 and the connection is closed."""
    async with serving(APP, head_timeout=0.1) as url:
        answer = await ask(url, start)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"request-too-slow" in answer


async def test_slow_second_head() -> None:
    """The bound holds for every request of a connection, not only for the first."""
    async with serving(APP, head_timeout=0.2) as url:
        answer = await ask(url, GOOD, b"GET / HTTP/1.1\r\nX: ")
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 408" in answer


async def test_many_slow_connections() -> None:
    """Two hundred connections that send nothing more do not keep a good one from being served."""
    async with serving(APP, connections=500, head_timeout=5) as url:
        slow = [await talk(url, b"POST / HTTP/1.1\r\nX-Slow: ") for _ in range(200)]
        answer = await ask(url, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200")
        for _, writer in slow:
            writer.close()


async def test_too_many_connections() -> None:
    """A connection beyond the limit is told so while all others are being served; then it is welcome."""
    busy, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def wait(_: Request) -> Response:
        busy.release()
        await go_on.wait()
        return PlainTextResponse("done")

    async with serving(make_app([Route("/", wait)]), connections=2) as url:
        held = [await talk(url, GOOD) for _ in range(2)]
        for _ in held:
            await busy.acquire()
        answer = await ask(url)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"overloaded" in answer
        assert b"retry-after: 1" in answer
        go_on.set()
        for reader, writer in held:
            await reader.readuntil(b"done")
            writer.close()
        while not (await ask(url, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).startswith(
            b"HTTP/1.1 200"
        ):
            pass


@pytest.mark.parametrize(
    "start",
    [
        b"",
        GOOD,
        b"GET / HTTP/1.1\r\nX-Slow: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 9\r\n\r\n1",
    ],
)
async def test_who_holds_connections_loses_them_first(start: bytes) -> None:
    """Idle, in the head, in the body: a hundred such connections never turn a good request away."""
    async with serving(APP, connections=20) as url:
        held = [await talk(url, start) for _ in range(60)]
        for _ in range(10):
            answer = await ask(url, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200")
        for _, writer in held:
            writer.close()


UPLOAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n1"


async def test_the_address_with_most_connections_loses_them_first() -> None:
    """Others' slow uploads, begun before, go on while one address opens a hundred."""
    async with serving(APP, connections=20) as url:
        uploads = [await talk(url, UPLOAD, own="127.0.0.2") for _ in range(3)]
        idle = await talk(url, own="127.0.0.3")
        held = [await talk(url, GOOD) for _ in range(100)]
        for reader, writer in [*uploads, idle]:
            writer.write(GOOD if (reader, writer) == idle else b"2")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        for _, writer in [*uploads, idle, *held]:
            writer.close()


async def test_an_address_that_is_served_most_cuts_nobody() -> None:
    """When none of its own connections wait, it is told to come again, and others' uploads go on."""
    busy, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def wait(request: Request) -> Response:
        await request.body()
        busy.release()
        await go_on.wait()
        return PlainTextResponse("done")

    app = make_app([Route("/", wait, methods=["GET", "POST"])])
    async with serving(app, connections=10) as url:
        uploads = [await talk(url, UPLOAD, own="127.0.0.2") for _ in range(3)]
        held = [await talk(url, GOOD) for _ in range(7)]
        try:
            async with asyncio.timeout(10):
                for _ in held:
                    await busy.acquire()
                assert (await ask(url, GOOD)).startswith(b"HTTP/1.1 503")
                for _, writer in uploads:
                    writer.write(b"2")
                    await busy.acquire()
        finally:
            go_on.set()
            for _, writer in [*uploads, *held]:
                writer.close()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ],
)
def test_a_network_of_one_owner_is_one_address(one: str, other: str, same: bool) -> None:
    """Whoever has an IPv6 network has 2^64 addresses in it."""
    assert (owner((one, 1, 0, 0)) == owner((other, 2, 0, 0))) is same


async def test_body_that_does_not_end() -> None:
    """The server's own bound holds where an application has none."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 9\r\n\r\n1"
    async with serving(APP, body_timeout=0.2) as url:
        assert b"request-too-slow" in await ask(url, head)


async def test_answer_that_is_not_read() -> None:
    """A client that asks and does not read is cut off: its answers are not kept for ever."""
    closed = asyncio.Event()

    class Watched(BoundedHttp):
        write_timeout = 0.2

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            closed.set()

    async def large(_: Request) -> Response:
        return PlainTextResponse("x" * 50_000_000)

    async with serving(make_app([Route("/", large)]), protocol=Watched) as url:
        _, writer = await talk(url, GOOD)
        await closed.wait()
        writer.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n" + b"X-A: 1\r\n" * 300 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n" + b"X: " + b"b" * 400_000,
        b"GET /" + b"a" * 500_000,
    ],
)
async def test_large_head(head: bytes) -> None:
    """A head of too many or too large fields is refused before it is complete."""
    async with serving(APP) as url:
        answer = await ask(url, head)
        assert answer == b"" or answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
        assert (await ask(url, b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\x00\xa5junk\r\n\r\n", b"GET\r\n\r\n", b"BREW / HTCPCP/1.0\r\n\r\n"]
)
async def test_not_http(junk: bytes) -> None:
    """What is not HTTP is answered with a problem document."""
    async with serving(APP) as url:
        answer = await ask(url, junk)
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"application/problem+json" in answer
        assert b"http-malformed" in answer


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.2"])
async def test_other_versions_of_http_are_not_taken(version: bytes) -> None:
    """Nobody can agree with us on where a request ends that says to be of another version."""
    async with serving(APP) as url:
        answer = await ask(url, b"GET / " + version + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("fields", [b"", b"Host: x\r\nHost: y\r\n", b"Host: x\r\nhost: x\r\n"])
async def test_a_request_has_one_host(fields: bytes) -> None:
    """None or two of them are no request of HTTP/1.1 (RFC 9112, section 3.2)."""
    async with serving(APP) as url:
        answer = await ask(url, b"GET / HTTP/1.1\r\n" + fields + b"Connection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400")


async def test_large_body_then_next_request() -> None:
    """A large body does not count as a head, and the connection stays good for the next request."""
    async with serving(APP) as url:
        body = b"x" * 300_000
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 300000\r\n\r\n"
        answer = await ask(url, head + body, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.count(b"HTTP/1.1 200") == 2
        assert b"300000" in answer


async def test_defect_says_nothing() -> None:
    """An exception that nobody expected is a problem document without its text."""
    async with serving(APP) as url:
        answer = await ask(url, b"GET /broken HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 500")
        assert b"internal" in answer
        assert b"canary" not in answer


@pytest.mark.parametrize("name", [b"Upgrade", b"upgrade"])
async def test_an_offer_of_another_protocol_is_ignored(name: bytes) -> None:
    """Java's client offers HTTP/2 with every plain request: its bodies are read, on a kept connection too."""
    body = b'{"a":"\r\nUpgrade: x"}'
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEA\r\n" + name + b": h2c\r\n"
    head = (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\n" + offer + b"Content-Length: %d\r\n" % len(body)
    )
    async with serving(APP) as url:
        reader, writer = await talk(url, head + b"\r\n" + body)
        length = str(len(body)).encode()
        assert (await reader.readuntil(b"\r\n\r\n" + length)).startswith(b"HTTP/1.1 200")
        writer.write(head + b"\r\n")
        await writer.drain()
        writer.write(body)
        assert (await reader.readuntil(b"\r\n\r\n" + length)).startswith(b"HTTP/1.1 200")
        writer.close()
