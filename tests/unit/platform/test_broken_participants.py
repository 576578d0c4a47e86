"""Settings of one participant, authority or peer that are broken at run time cost that one alone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from connectors.settings import AuthoritySettings, Participant, PermitKey, PermitPeer, Webhook
from corridor.roles import gateway, permits, until_done
from corridor.roles.health import Health, set_aside_gauge
from corridor.roles.permits import PermitOffice
from corridor.settings import Settings
from corridor.settings.model import Gateway, RegistrySettings
from deploy.ports import free_port
from schemas.epermit.keys import generate
from schemas.epermit.ledger import Ledger
from schemas.errors import Misconfigured, Permanent, Transient
from streams.kafka.settings import Kafka

NOWHERE = Kafka(bootstrap="127.0.0.1:1")
DTC, PERMITS = "dtc.note.v1", "epermit.event.v1"
GOOD = Webhook(bearer=("env:GOOD",))


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOD", "g" * 32)
    monkeypatch.setenv("SHORT", "s")
    monkeypatch.setenv("PERMIT_KEY", generate("1"))
    monkeypatch.setenv("PERMIT_TOKEN", "t" * 32)


def authority(**changed: Any) -> AuthoritySettings:  # noqa: ANN401
    """Settings of an authority, some of them changed."""
    fields = {
        "code": "KZ",
        "title": "Kazakhstan",
        "keys": (PermitKey(id="1", key="env:PERMIT_KEY"),),
        "token": "env:PERMIT_TOKEN",
    }
    return AuthoritySettings(**{**fields, **changed})


BROKEN = {
    "secret": Participant(name="secret", profile=DTC, webhook=Webhook(secrets=("env:SHORT",))),
    "gone": Participant(name="gone", profile=DTC, webhook=Webhook(secrets=("file:/nowhere/secret",))),
    "public": Participant(name="public", profile=DTC, webhook=Webhook(public_keys=("env:GOOD",))),
    "token": Participant(name="token", profile=DTC, webhook=Webhook(bearer=("env:SHORT",))),
    "key": Participant(
        name="key", profile=PERMITS, authority=authority(keys=(PermitKey(id="1", key="env:GOOD"),))
    ),
    "login": Participant(name="login", profile=PERMITS, authority=authority(token="env:ABSENT")),
    "profile": Participant(name="profile", profile=DTC, authority=authority()),
    "unknown": Participant(name="unknown", profile="no.such.v1", authority=authority()),
}


async def test_the_gateway_runs_without_whom_it_cannot_serve() -> None:
    """Secrets, keys, tokens, profiles that cannot be used: named, 503 for these; the other is served."""
    good = Participant(name="good", profile=DTC, webhook=GOOD)
    settings = Settings(
        kafka=NOWHERE,
        registry=RegistrySettings(url="http://127.0.0.1:1"),
        gateway=Gateway(port=free_port(), shutdown=0),
        participants={"good": good, **BROKEN},
    )
    health, stop = Health("gateway"), asyncio.Event()
    serving = asyncio.create_task(gateway.serve(settings, health, stop))
    base = f"http://127.0.0.1:{settings.gateway.port}"
    try:
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client, asyncio.timeout(20):
            said = await _asked(client, serving)
            assert set(said["set_aside"]) == set(BROKEN)
            answer = await client.post("/webhooks/good", json={})
            assert answer.status_code == 401, "it is asked who sends: it is served"
            for name, one in BROKEN.items():
                paths = [one.webhook_path] if one.webhook else ["", "/", "/healthcheck", "/internal/permits"]
                for path in paths if one.webhook else [f"/epermit/{name}{path}" for path in paths]:
                    answer = await client.post(path, json={})
                    assert (path, answer.status_code) == (path, 503)
                    assert answer.json()["type"].endswith("participant-set-aside")
    finally:
        stop.set()
        await serving


async def test_what_forwards_to_another_gateway_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the gateway: its connections would stay as long as the process."""
    made: list[Any] = []

    class Forwarder(gateway.Forwarder):
        closed = False

        def __init__(self) -> None:
            super().__init__()
            made.append(self)

        async def close(self) -> None:
            self.closed = True

    monkeypatch.setattr(gateway, "Forwarder", Forwarder)
    settings = Settings(
        kafka=NOWHERE,
        registry=RegistrySettings(token="env:GOOD"),
        gateway=Gateway(port=free_port(), shutdown=0),
    )
    stop = asyncio.Event()
    stop.set()
    await gateway.serve(settings, Health("gateway"), stop)
    assert [one.closed for one in made] == [True]


async def _asked(client: httpx.AsyncClient, serving: asyncio.Task[None]) -> dict[str, Any]:
    while True:
        if serving.done():
            serving.result()
            raise AssertionError("the gateway has ended")
        try:
            answer = await client.get("/readyz")
        except httpx.TransportError:
            await asyncio.sleep(0.02)
        else:
            said: dict[str, Any] = answer.json()
            return said


class _Ledger:
    """A ledger that is read at once, or whose start raises what the test says."""

    def __init__(self, *raises: Exception) -> None:
        self.raises, self.closed = list(raises), False
        self.unreadable, self.ready, self.state = None, False, Ledger("KZ")

    async def start(self) -> None:
        if self.raises:
            raise self.raises.pop(0)
        self.ready = True

    async def write(self, decide: Callable[[Ledger], Any]) -> Any:  # noqa: ANN401
        change = decide(self.state)
        for entry in change.entries:
            self.state.apply(entry.record, 0)
        return change

    async def close(self) -> None:
        self.closed = True


def office(ledger: _Ledger, health: Health, **peers: PermitPeer) -> PermitOffice:
    """An authority over a ledger of the test."""
    participant = Participant(name="permits", profile=PERMITS, authority=authority(peers=peers))
    assert participant.authority is not None
    made = PermitOffice(
        participant,
        participant.authority,
        Settings(kafka=NOWHERE),
        SimpleNamespace(),  # type: ignore[arg-type]
        health,
    )
    made._ledger = made._authority.ledger = ledger  # type: ignore[assignment]
    health.watch("ledger of permits", made.is_ready)
    return made


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Addresses of names, as the peers' DNS says them."""
    addresses: dict[str, str] = {}

    async def getaddrinfo(_: object, host: str, port: int, **__: object) -> list[Any]:
        if host not in addresses:
            raise socket.gaierror(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (addresses[host], port))]

    monkeypatch.setattr("asyncio.BaseEventLoop.getaddrinfo", getaddrinfo)
    monkeypatch.setattr(until_done, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(until_done, "LONGEST_PAUSE", 0.002)
    return addresses


async def running(made: PermitOffice, condition: Callable[[], bool]) -> None:
    """Run an authority until something holds."""
    stop = asyncio.Event()
    task = asyncio.create_task(made.run(stop))
    try:
        async with asyncio.timeout(10):
            while not condition() and not task.done():  # noqa: ASYNC110 - nothing tells it
                await asyncio.sleep(0.002)
            assert condition()
    finally:
        stop.set()
        await task


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://private.example", "settings-unsafe"),
        ("https://10.0.0.1", "settings-unsafe"),
        ("http://peer.example", "settings-unsafe"),
        ("https://user:secret@peer.example", "settings-unsafe"),
    ],
)
async def test_a_peer_that_may_not_be_asked_is_set_aside_alone(
    url: str, code: str, resolved: dict[str, str]
) -> None:
    """A foreign name that leads into our network, or a wrong address, ends nothing and is named."""
    resolved |= {"private.example": "10.0.0.1", "10.0.0.1": "10.0.0.1"}
    health = Health("gateway")
    made = office(_Ledger(), health, AZ=PermitPeer(url=url))
    await running(made, lambda: "permits.az" in health.aside)
    assert health.aside["permits.az"].code == code
    assert health.waiting == []
    assert set_aside_gauge.labels("gateway", "permits.az", code)._value.get() == 1


@pytest.mark.usefixtures("resolved")
async def test_a_peer_that_answers_nonsense_is_set_aside_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever its description does to us, the others are met, and it as soon as it answers well."""
    key = {"kid": "9", "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256"}
    answers: dict[str, Any] = {"GE": KeyError("keys"), "TR": Permanent("permit-refused", "no description")}

    async def describe(_: object, code: str) -> Any:  # noqa: ANN401
        answer = answers.get(code, {"code": code})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def add_peer(ledger: Ledger, code: str, *_: object) -> Any:  # noqa: ANN401
        ledger.peers[code] = SimpleNamespace(jwk=key)  # type: ignore[assignment]
        return SimpleNamespace(entries=(), result={})

    monkeypatch.setattr(permits, "describe", describe)
    monkeypatch.setattr(permits.acts, "add_peer", add_peer)
    health, ledger = Health("gateway"), _Ledger()
    peers = {code: PermitPeer(url="https://peer.example") for code in ("AZ", "GE", "TR")}
    made = office(ledger, health, **peers)

    def seen() -> bool:
        if set(health.aside) == {"permits.ge", "permits.tr"} and "AZ" in ledger.state.peers:
            codes.update({name: error.code for name, error in health.aside.items()})
            answers.clear()
        return set(ledger.state.peers) == set(peers) and not health.aside

    codes: dict[str, str] = {}
    await running(made, seen)
    assert codes == {"permits.ge": "internal", "permits.tr": "permit-refused"}


@pytest.mark.usefixtures("resolved")
async def test_a_peer_that_is_away_is_waited_for_and_named() -> None:
    """The gateway is ready and degraded: until the peer is met no permits pass between the two."""
    health = Health("gateway")
    made = office(_Ledger(), health, AZ=PermitPeer(url="https://absent.example"))
    await running(made, lambda: bool(health.degraded))
    assert health.degraded == ["peer permits.az"]
    assert (health.waiting, health.aside) == ([], {})


@pytest.mark.parametrize(
    "error",
    [
        Permanent("schema-incompatible", "field 7"),
        Misconfigured("settings-unsafe", "topic permits.permits has partitions 2"),
        KeyError("defect"),
    ],
)
@pytest.mark.usefixtures("resolved")
async def test_an_authority_that_cannot_start_is_set_aside_alone(error: Exception) -> None:
    """Its schema is refused, its topic of another shape: the gateway is ready without it, later with it."""
    health, ledger = Health("gateway"), _Ledger(error, error)
    made, codes = office(ledger, health), set()

    def seen() -> bool:
        codes.update((one.code, tuple(health.waiting)) for one in health.aside.values())
        return bool(codes) and ledger.ready and not health.aside and not health.waiting

    await running(made, seen)
    assert codes == {(getattr(error, "code", "internal"), ())}
    assert ledger.closed


@pytest.mark.usefixtures("resolved")
async def test_an_authority_waits_for_a_registry_that_is_away() -> None:
    """That passes: it is waited for, not set aside."""
    health, ledger = Health("gateway"), _Ledger(Transient("registry-unavailable", "away"))
    made = office(ledger, health)
    await running(made, lambda: ledger.ready and not health.waiting)
    assert health.aside == {}


def test_another_reason_takes_the_place_of_the_first() -> None:
    """One participant has one reason: the metric of the first must not stay."""
    health = Health("probe")
    health.set_aside("dlp", Misconfigured("settings-invalid", "a"))
    health.set_aside("dlp", Permanent("schema-incompatible", "b"))
    found = [
        sample.labels["code"]
        for metric in set_aside_gauge.collect()
        for sample in metric.samples
        if sample.labels["role"] == "probe"
    ]
    assert found == ["schema-incompatible"]
