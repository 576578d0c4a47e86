import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.registry.client import RegistryClient
from connectors.registry.transport import RegistryTransport, TokenAuth
from schemas.errors import Misconfigured, Permanent, Transient

FIXED: dict[str, object] = {
    "/schemas/ids/41": [{"schema": '"int"'}],
    "/schemas/ids/42": {"schema": {"type": "int"}},
    "/schemas/ids/43": {"schema": '"R"', "references": [{"name": "R", "subject": "circle", "version": 1}]},
    "/subjects/circle/versions/1": {
        "schema": '"R"',
        "references": [{"name": "R", "subject": "circle", "version": 1}],
    },
    "/schemas/ids/44": {"schema": '"R"', "references": 7},
    "/schemas/guids/095d71cf-1255-6b9d-5e33-0ad575b3df5d": {"schema": '"string"'},
    "/config/mute": {"compatibilityLevel": "BACKWARD_TRANSITIVE"},
    "/subjects/good/versions": {"id": 9},
}


class Partner:
    """A registry that answers what a test tells it to, over real HTTP."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.failures = 0
        self.wait = ""
        self.seen: list[Request] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        """Answer by path."""
        path = request.url.path
        self.calls[path] += 1
        self.seen.append(request)
        if self.failures:
            self.failures -= 1
            said = {"error_code": 50003, "message": "no leader"}
            return JSONResponse(said, 503, {"Retry-After": self.wait} if self.wait else None)
        if path == "/schemas/ids/1":
            return JSONResponse({"schema": '"string"'})
        if path == "/schemas/ids/2":
            reference = {"name": "n.A", "subject": "a", "version": 1}
            return JSONResponse({"schema": '{"type":"array","items":"n.A"}', "references": [reference]})
        if path == "/subjects/a/versions/1":
            fixed = '{"type":"fixed","name":"A","namespace":"n","size":2}'
            return JSONResponse({"schema": fixed, "id": 3, "version": 1})
        if path == "/schemas/ids/7":
            return Response(b" " * (17 << 20), media_type="application/json")
        if path == "/schemas/ids/8":
            return JSONResponse({}, 401)
        if path == "/compatibility/subjects/mute/versions":
            return JSONResponse({"is_compatible": False})
        if path in FIXED:
            return JSONResponse(FIXED[path])
        if path == "/subjects/mute/versions/latest":
            return JSONResponse({"schema": '"string"', "id": 1, "version": 4})
        if path == "/subjects/bad/versions":
            return JSONResponse({"error_code": 42201, "message": "Invalid schema"}, 422)
        if path == "/subjects/old/versions":
            return JSONResponse({"error_code": 409, "message": "incompatible"}, 409)
        return JSONResponse({"error_code": 40403, "message": "Schema not found"}, 404)


@pytest.fixture
def partner() -> Iterator[Partner]:
    """A scripted registry on a real port."""
    scripted = Partner()
    app = Starlette(routes=[Route("/{path:path}", scripted.answer, methods=["GET", "POST", "PUT"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        scripted.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield scripted
        server.should_exit = True
        thread.join(10)


async def test_concurrent_lookups_share_one_request(partner: Partner) -> None:
    """A hundred tasks that want the same schema cost one request, and later ones none."""
    async with RegistryClient(partner.url) as client:
        texts = await asyncio.gather(*(client.schema(1) for _ in range(100)))
        assert set(texts) == {'"string"'}
        assert await client.schema(1) == '"string"'
    assert partner.calls["/schemas/ids/1"] == 1


async def test_a_schema_is_known_by_its_guid(partner: Partner, tmp_path: Path) -> None:
    """As Confluent's clients name it in a header: asked for once, and not kept on disk, where ids are."""
    wanted = UUID("095d71cf-1255-6b9d-5e33-0ad575b3df5d")
    async with RegistryClient(partner.url, cache_dir=tmp_path) as client:
        assert await client.schema(wanted) == await client.schema(wanted) == '"string"'
    assert partner.calls[f"/schemas/guids/{wanted}"] == 1
    partner.failures = 10**6
    async with RegistryClient(partner.url, cache_dir=tmp_path, attempts=1) as client:
        with pytest.raises(Transient):
            await client.schema(wanted)


async def test_disk_cache_outlives_the_registry(partner: Partner, tmp_path: Path) -> None:
    """What was fetched once is there in a new process while the registry is away."""
    async with RegistryClient(partner.url, cache_dir=tmp_path) as client:
        await client.schema(1)
    partner.failures = 10**6
    async with RegistryClient(partner.url, cache_dir=tmp_path, attempts=1) as client:
        assert await client.schema(1) == '"string"'
        assert not await client.ready()
        with pytest.raises(Transient):
            await client.schema(5)


async def test_what_was_registered_from_here_outlives_its_deletion(partner: Partner, tmp_path: Path) -> None:
    """A process reads what it wrote itself, though the registry does not know the id any more."""
    async with RegistryClient(partner.url, cache_dir=tmp_path) as client:
        assert await client.register("good", '"long"') == 9
    async with RegistryClient(partner.url, cache_dir=tmp_path) as client:
        assert await client.schema(9) == '"long"'


async def test_caches_of_two_registries_do_not_mix(partner: Partner, tmp_path: Path) -> None:
    """An id means something only at the registry that gave it."""
    async with RegistryClient(partner.url, cache_dir=tmp_path) as client:
        await client.schema(1)
    async with RegistryClient("http://127.0.0.1:1", cache_dir=tmp_path, attempts=1) as other:
        with pytest.raises(Transient) as caught:
            await other.schema(1)
    assert caught.value.code == "registry-unavailable"


async def test_short_outage_is_retried(partner: Partner) -> None:
    """Two answers of 503 are waited out."""
    partner.failures = 2
    async with RegistryClient(partner.url) as client:
        assert await client.schema(1) == '"string"'
    assert partner.calls["/schemas/ids/1"] == 3


async def test_unknown_id_is_remembered_for_a_while(partner: Partner) -> None:
    """A flood of records with a wrong id does not become a flood of requests."""
    async with RegistryClient(partner.url) as client:
        for _ in range(5):
            with pytest.raises(Permanent) as caught:
                await client.schema(99)
            assert caught.value.code == "schema-unknown"
    assert partner.calls["/schemas/ids/99"] == 1


async def test_references_are_inlined(partner: Partner) -> None:
    """A schema stands by itself once it is fetched."""
    async with RegistryClient(partner.url) as client:
        assert await client.schema(2) == (
            '{"type":"array","items":{"type":"fixed","name":"A","namespace":"n","size":2}}'
        )


@pytest.mark.parametrize(
    ("subject", "code"), [("bad", "schema-invalid"), ("old", "schema-incompatible"), ("x", "schema-unknown")]
)
async def test_refusals_have_their_own_code(partner: Partner, subject: str, code: str) -> None:
    """What the registry refuses is permanent and says what kind it is."""
    async with RegistryClient(partner.url) as client:
        with pytest.raises(Permanent) as caught:
            await client.register(subject, '"string"')
    assert caught.value.code == code


async def test_endless_answer_is_cut_off(partner: Partner) -> None:
    """An answer beyond the limit is refused instead of filling the memory."""
    async with RegistryClient(partner.url) as client:
        with pytest.raises(Permanent, match="over"):
            await client.schema(7)


async def test_refused_credentials_are_the_operators_task(partner: Partner) -> None:
    """401 is a matter of configuration, and the token itself is not in the message."""
    async with RegistryClient(partner.url, auth=TokenAuth("s3cret")) as client:
        with pytest.raises(Misconfigured) as caught:
            await client.schema(8)
    assert partner.seen[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in str(caught.value)


async def test_subject_with_slash_stays_one_segment(partner: Partner) -> None:
    """A subject is encoded as one path segment and cannot climb out of it."""
    async with RegistryClient(partner.url) as client:
        with pytest.raises(Permanent):
            await client.latest("../a/b")
    assert partner.seen[0].scope["raw_path"] == b"/subjects/..%2Fa%2Fb/versions/latest"


@pytest.mark.parametrize("url", ["ftp://x", "localhost:8081", "http://u:p@host", "http://host/?a=1"])
def test_wrong_address_is_refused_at_start(url: str) -> None:
    """An address that cannot be meant is refused before anything is sent."""
    with pytest.raises(Misconfigured):
        RegistryClient(url)


async def test_reasons_are_found_where_the_registry_gives_none(partner: Partner) -> None:
    """The latest version is compared here; the registry's verdict stands when that finds nothing."""
    async with RegistryClient(partner.url) as client:
        reasons = await client.check("mute", '"int"')
        assert "TYPE_MISMATCH" in reasons[0]
        assert "{oldSchemaVersion: 4}" in reasons
        assert await client.check("mute", '"bytes"') == ["The registry gives no reason."]
        assert await client.check("mute", '{"type":"array","items":"n.Elsewhere"}') == [
            "The registry gives no reason."
        ]


@pytest.mark.parametrize(
    "path",
    ["/schemas/ids/41", "/schemas/ids/42", "/schemas/ids/43", "/schemas/ids/44", "/schemas/ids/45"],
)
async def test_an_answer_of_another_form_is_none(partner: Partner, path: str) -> None:
    """No list, no text of a number, no circle of references, no wait for ever: a code of the registry's."""
    partner.wait = "\xb2" if path.endswith("45") else ""
    partner.failures = int(path.endswith("45"))
    async with RegistryClient(partner.url, attempts=1) as client:
        with pytest.raises((Transient, Permanent)) as refusal:
            await client.schema(int(path.rpartition("/")[2]))
    assert refusal.value.code in {"registry-unavailable", "schema-invalid"}


async def test_a_registry_decides_not_how_long_we_wait() -> None:
    """It may ask for a minute."""
    transport = RegistryTransport("http://127.0.0.1:1")
    answer = httpx.Response(503, headers={"Retry-After": "99999999"})
    error = transport._refusal(answer, b"")
    assert isinstance(error, Transient)
    assert error.retry_after == 60
