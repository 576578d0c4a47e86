import asyncio
import json
import time

import httpx
import psutil
import pytest

from connectors.registry.app import registry_app
from tests.support.memory_registry import MemoryRegistry

MEGABYTE = 1 << 20


def nested(depth: int) -> str:
    """Arrays in arrays."""
    return '{"type":"array","items":' * depth + '"int"' + "}" * depth


def chain(depth: int) -> str:
    """Records in records."""
    head = "".join(f'{{"type":"record","name":"R{n}","fields":[{{"name":"f","type":' for n in range(depth))
    return head + '"int"' + "}]}" * depth


def wide(count: int) -> str:
    """A union of many records."""
    return "[" + ",".join(f'{{"type":"record","name":"R{n}","fields":[]}}' for n in range(count)) + "]"


def doubling(levels: int) -> str:
    """Each record has the last one twice: 2^levels fields when written out."""
    types = ['{"type":"record","name":"R0","fields":[{"name":"a","type":"int"}]}']
    for n in range(1, levels):
        fields = ",".join(f'{{"name":"{name}","type":"R{n - 1}"}}' for name in "ab")
        types.append(f'{{"type":"record","name":"R{n}","fields":[{fields}]}}')
    return "[" + ",".join(types) + "]"


def field(kind: str, default: str = "") -> str:
    """A record of one field."""
    suffix = f',"default":{default}' if default else ""
    return f'{{"type":"record","name":"R","fields":[{{"name":"a","type":{kind}{suffix}}}]}}'


HOSTILE = {
    "recursive": field('["null","R"]'),
    "recursive without end": field('"R"'),
    "recursive through an array": field('{"type":"array","items":"R"}'),
    "100,000 brackets": "[" * 100_000,
    "20,000 arrays deep": nested(20_000),
    "1,000 records deep": chain(1_000),
    "40 records deep": chain(40),
    "array of null": field('{"type":"array","items":"null"}'),
    "array of empty records": field('{"type":"array","items":{"type":"record","name":"N","fields":[]}}'),
    "array of fixed of no bytes": field('{"type":"array","items":{"type":"fixed","name":"N","size":0}}'),
    "doubling": doubling(40),
    "3,000 types": wide(3_000),
    "default of 100 kB": field('"string"', json.dumps("x" * 100_000)),
    "default of 100,000 digits": field('"long"', "9" * 100_000),
    "default beyond doubles": field('"double"', "1e999999"),
    "text of 500 kB": field('"string"', json.dumps("x" * 500_000)),
    "name with a slash": '{"type":"record","name":"../../etc/passwd","fields":[]}',
    "name with a NUL": '{"type":"record","name":"a\\u0000b","fields":[]}',
    "name with a newline": '{"type":"record","name":"a\\nb","fields":[]}',
    "name in Cyrillic": '{"type":"record","name":"\\u0430","fields":[]}',
    "name of an attribute": field('"__class__.__init__"'),
    "empty name": '{"type":"record","name":"","fields":[]}',
    "half of a character": '{"type":"record","name":"R","doc":"\\ud800","fields":[]}',
    "not JSON": "{{{{",
    "fixed of 2 GB and one byte": '{"type":"fixed","name":"F","size":2147483648}',
}


@pytest.fixture
def client() -> httpx.AsyncClient:
    """A registry as it is by default."""
    transport = httpx.ASGITransport(registry_app(MemoryRegistry()))
    return httpx.AsyncClient(transport=transport, base_url="http://registry", timeout=60)


async def longest_stall(stop: asyncio.Event) -> float:
    """Measure for how long the loop did not come back to us."""
    worst = 0.0
    while not stop.is_set():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        worst = max(worst, time.perf_counter() - before)
    return worst


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_schema_is_refused(client: httpx.AsyncClient, name: str) -> None:
    """Each hostile schema gets 422, with the code for invalid or for too large, and changes nothing."""
    async with client:
        for path in ("/subjects/s/versions", "/compatibility/subjects/s/versions/latest", "/subjects/ok"):
            assert (await client.post("/subjects/ok/versions", json={"schema": '"int"'})).status_code == 200
            response = await client.post(path, json={"schema": HOSTILE[name]})
            assert response.status_code == 422, response.text[:500]
            assert response.json()["error_code"] in {42201, 42209}
            assert len(response.content) < 10_000
        assert (await client.get("/subjects")).json() == ["ok"]


async def test_memory_stays_bounded(client: httpx.AsyncClient) -> None:
    """All hostile schemas together, and bodies of 10 MB, cost no more than 64 MB."""
    process = psutil.Process()
    async with client:
        await client.post("/subjects/s/versions", json={"schema": '"int"'})
        before = process.memory_info().rss
        for text in HOSTILE.values():
            await client.post("/subjects/s/versions", json={"schema": text})
        for _ in range(3):
            response = await client.post(
                "/subjects/s/versions", content=b'{"schema":"' + b" " * 10 * MEGABYTE
            )
            assert response.json()["error_code"] == 42209
        assert process.memory_info().rss - before < 64 * MEGABYTE


async def test_others_are_answered_meanwhile(client: httpx.AsyncClient) -> None:
    """While hostile schemas are looked at, the loop goes on and a good request is answered."""
    stop = asyncio.Event()
    async with client:
        watching = asyncio.create_task(longest_stall(stop))
        answers = await asyncio.gather(
            *(client.post("/subjects/s/versions", json={"schema": text}) for text in HOSTILE.values()),
            client.post("/subjects/good/versions", json={"schema": '"int"'}),
        )
        stop.set()
        assert [a.status_code for a in answers] == [422] * len(HOSTILE) + [200]
        assert await watching < 5, "a stall of seconds is a hang, whatever the machine"


async def test_widest_unions_are_compared_in_bounded_time(client: httpx.AsyncClient) -> None:
    """Two unions of as many records as are allowed can be compared: the work grows with their product."""
    branches = [
        {"type": "record", "name": f"R{n}", "fields": [{"name": "a", "type": "int"}]} for n in range(450)
    ]
    other = [{**b, "name": f"S{n}"} for n, b in enumerate(branches)]
    async with client:
        assert (
            await client.post("/subjects/s/versions", json={"schema": json.dumps(branches)})
        ).status_code == 200
        response = await client.post("/subjects/s/versions", json={"schema": json.dumps(other)})
        assert response.status_code == 409
        assert response.json()["message"].count("MISSING_UNION_BRANCH") == 450


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"schema":{}}',
        b'{"schema":"x","references":{"a":1}}',
        b'{"schema":"x","references":[{"name":"a"}]}',
        b'{"schema":"x","id":"a"}',
        b'{"schema":"x","metadata":[]}',
        b"[" * 100_000,
        b'{"schema":"x","id":' + b"9" * 5000 + b"}",
    ],
)
async def test_body_of_the_wrong_form_is_400_or_422(client: httpx.AsyncClient, body: bytes) -> None:
    """What is not a request for a schema is refused as such, never with 500."""
    async with client:
        response = await client.post("/subjects/s/versions", content=body)
    assert response.status_code in {400, 422}, response.text


@pytest.mark.parametrize("name", ["a%00b", "__GLOBAL", "%0a", "%F0%9F%98%80%00", "x" * 3000 + "%01"])
async def test_subject_that_is_no_name_is_refused(client: httpx.AsyncClient, name: str) -> None:
    """Control characters and reserved names are no subjects."""
    async with client:
        response = await client.post(f"/subjects/{name}/versions", json={"schema": '"int"'})
    assert response.status_code == 422
    assert response.json()["error_code"] == 42208


@pytest.mark.parametrize(
    "name", ["a%2Fb", "%D0%90%D0%BA%D1%82%D0%B0%D1%83", "a b", "...", "a%25b", "x" * 200]
)
async def test_any_printable_subject_works(client: httpx.AsyncClient, name: str) -> None:
    """A subject with a slash, a space, a percent sign or in any script is one subject."""
    async with client:
        base = httpx.URL("http://registry").copy_with(
            raw_path=f"/subjects/{name.replace(' ', '%20')}".encode()
        )
        created = await client.post(httpx.URL(f"{base}/versions"), json={"schema": '"int"'})
        assert created.status_code == 200, created.text
        assert (await client.get(httpx.URL(f"{base}/versions/1"))).json()["id"] == 1
