"""A participant that is broken is set aside alone: named, counted, and the others run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.testclient import TestClient

from connectors.settings import Participant, Webhook
from corridor.checking import participants
from corridor.cli.exits import Exit, exit_code
from corridor.cli.mapping import check
from corridor.roles import gateway, stream
from corridor.roles.contracts import edge_format
from corridor.roles.deliver import _alone
from corridor.roles.health import Health, set_aside_gauge
from corridor.roles.stream import plans
from corridor.settings import Settings
from corridor.settings.model import StreamListen
from deploy.ports import free_port
from schemas import profiles
from schemas.avro.generated import Unsafe
from schemas.errors import CorridorError, Misconfigured, Permanent, Transient
from schemas.mapping import compile  # noqa: A004 - its name
from streams.edges.ingest import Ingest
from streams.kafka.settings import Kafka

NAMES = {"ship": "vessel.event.v1", "permits": "epermit.event.v1"}
SETTINGS = Settings(
    participants={
        name: Participant(name=name, profile=profile, webhook=Webhook()) for name, profile in NAMES.items()
    }
)
MAPPING = "mapping: x\nfrom: {0}\nto: {1}\nrules:\n  - rule: r\n    set: {{{2}}}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense: [", "to_corridor.yaml"),
        (MAPPING.format("vessel.event.v1", "corridor.event.v1", "no.such.field: eventId"), "no field `no`"),
        (None, "has no to_corridor.yaml"),
    ],
)
def test_a_mapping_that_cannot_be_used_costs_its_participant_alone(
    monkeypatch: pytest.MonkeyPatch, text: str | None, says: str
) -> None:
    """It does not compile, names what is not there, or is missing: the others' mappings run."""
    replace_mapping(monkeypatch, "vessel.event.v1", text)
    aside: dict[str, CorridorError] = {}
    made = {(one.name, way) for one, way, _ in plans(SETTINGS, aside.__setitem__)}
    assert {name for name, _ in made} == {"permits"}
    assert says in aside["ship"].message
    with pytest.raises(Misconfigured):
        list(plans(SETTINGS))


def test_a_mapping_of_another_profile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes would stand in a topic under a schema id that is not theirs."""
    replace_mapping(monkeypatch, "vessel.event.v1", profiles.load("epermit.event.v1").mappings["to_corridor"])
    aside: dict[str, CorridorError] = {}
    list(plans(SETTINGS, aside.__setitem__))
    assert "is from epermit.event.v1" in aside["ship"].message


DEFECTS = (
    Unsafe("generated code"),
    KeyError("field"),
    TypeError("None"),
    RecursionError("maximum recursion depth exceeded"),
    AssertionError(),
)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: type(one).__name__)
def test_a_defect_of_the_compiler_costs_its_participant_alone(
    monkeypatch: pytest.MonkeyPatch, defect: Exception
) -> None:
    """Whatever a mapping finds in the compiler: named as a defect of the broker, and the others run."""
    fail_to_compile(monkeypatch, defect)
    aside: dict[str, CorridorError] = {}
    made = {(one.name, way) for one, way, _ in plans(SETTINGS, aside.__setitem__)}
    assert {name for name, _ in made} == {"permits"}
    assert aside["ship"].code == "mapping-defect"
    assert type(defect).__name__ in aside["ship"].message
    assert [problem.where for problem in participants(SETTINGS)] == ["participants.ship"]


def fail_to_compile(monkeypatch: pytest.MonkeyPatch, defect: Exception) -> None:
    """Give the compiler a defect that the mapping of one profile finds."""
    real = compile.compile_rules

    def compile_rules(compiler: Any) -> None:  # noqa: ANN401
        if compiler.source.fullname == "vessel.event.v1":
            raise defect
        real(compiler)

    monkeypatch.setattr(compile, "compile_rules", compile_rules)


def test_a_defect_of_the_compiler_is_a_finding_of_a_check(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The next file is checked all the same."""
    fail_to_compile(monkeypatch, KeyError("field"))
    files = []
    for name in ("vessel.event.v1", "epermit.event.v1"):
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(profiles.load(name).mappings["to_corridor"])
    said = CliRunner().invoke(check, [str(file) for file in files], standalone_mode=False)
    assert said.exception is None
    assert "vessel.event.v1.yaml: a defect of the broker: KeyError: 'field'" in said.output
    assert "epermit.event.v1.yaml: compiles" in said.output


def test_an_expression_that_finds_a_defect_closes_one_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as the key of a profile's HTTP form."""

    def link(*_: object) -> None:
        raise Unsafe("generated code")

    monkeypatch.setattr(compile, "link", link)
    with pytest.raises(Misconfigured) as refusal:
        edge_format("vessel.event.v1")
    assert refusal.value.code == "mapping-defect"


def test_a_defect_ends_a_command_as_one() -> None:
    """It is not the operator's mistake."""
    assert exit_code(Misconfigured("mapping-defect", "m.yaml")) == Exit.INTERNAL


async def test_a_registry_that_goes_away_meanwhile_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answered at the start, and then not: the role waits and says so, and does not end."""
    health, stop, tries = Health("stream"), asyncio.Event(), 0

    async def frame(*_: object) -> bytes:
        nonlocal tries
        tries += 1
        if tries in {3, 5}:
            raise Transient("registry-unavailable", "away")
        return b"\0\0\0\0\1"

    class Runner:
        running = True

        def __init__(self, crew: Any, *_: object) -> None:  # noqa: ANN401
            names.update(work.stage.name for work in crew.works)

        async def run(self, _: asyncio.Event) -> None:
            stop.set()

    names: set[str] = set()
    monkeypatch.setattr("streams.records.contracts.Contracts.start", frame)
    monkeypatch.setattr("streams.records.contracts.Contracts.frame", frame)
    monkeypatch.setattr("corridor.roles.contracts.FIRST_PAUSE", 0.001)
    monkeypatch.setattr(stream, "Runner", Runner)
    settings = msgspec.structs.replace(
        SETTINGS, stream=StreamListen(port=free_port()), kafka=Kafka(bootstrap="127.0.0.1:1")
    )
    async with asyncio.timeout(30):
        await stream.serve(settings, health, stop)
    assert names == {"to-corridor.ship", "to-corridor.permits", "to-aboard", "from-aboard"}
    assert health.aside == {}


def replace_mapping(monkeypatch: pytest.MonkeyPatch, name: str, text: str | None) -> None:
    """Give a profile another mapping into the corridor, or none."""
    profile = profiles.load(name)
    kept = {way: mapping for way, mapping in profile.mappings.items() if way != "to_corridor"}
    mappings = kept if text is None else {**kept, "to_corridor": text}
    changed = type(profile)(**{**vars(profile), "mappings": mappings})
    monkeypatch.setitem(profiles.SHIPPED._loaded, name, changed)


def test_readiness_and_metrics_name_who_is_set_aside() -> None:
    """The role is ready; who is not served, and why, stands beside it, until it is back."""
    health = Health("stream")
    health.watch("processors", lambda: True)
    client = TestClient(Starlette(routes=health.routes()))
    health.set_aside("dlp", Misconfigured("mapping-invalid", "line 3: no such field"))
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["set_aside"] == {"dlp": "mapping-invalid: line 3: no such field"}
    sample = ("stream", "dlp", "mapping-invalid")
    assert set_aside_gauge.labels(*sample)._value.get() == 1
    health.bring_back("dlp")
    assert client.get("/readyz").json()["set_aside"] == {}


async def test_a_delivery_that_ends_by_itself_is_this_participants_alone() -> None:
    """A defect, or settings that cannot be used: it is tried again with a pause, and nothing is raised."""
    health, stop, made = Health("deliver"), asyncio.Event(), 0

    class Delivery:
        ready = True

        async def run(self, _: asyncio.Event) -> None:
            if made == 1:
                raise ExceptionGroup("worker", [ValueError("defect")])
            assert set(health.aside) == set()
            stop.set()

    def make() -> Any:  # noqa: ANN401
        nonlocal made
        made += 1
        if made == 2:
            assert health.aside["dlp"].code == "internal"
            assert health.aside["dlp"].message == "ValueError: defect", "what the group holds, in one line"
            raise Misconfigured("settings-invalid", "a secret is missing")
        return Delivery()

    await _alone("dlp", make, {}, health, stop, 0.001)
    assert made == 3


async def test_a_schema_that_the_registry_refuses_closes_one_webhook() -> None:
    """The gateway takes in what the others send; the one is told to try later, with the reason."""

    class Registry:
        async def frame(self, topic: str, _: object) -> bytes:
            if topic == "in.ship":
                raise Permanent("schema-incompatible", "field 7")
            return b"\0\0\0\0\1"

    aside, stop = dict[str, CorridorError | None](), asyncio.Event()

    def set_aside(name: str, error: CorridorError | None) -> None:
        aside[name] = error
        stop.set()

    schemas = {name: profiles.load(profile).schema for name, profile in NAMES.items()}
    log = Ingest(Kafka(bootstrap="127.0.0.1:1"), Registry(), schemas, aside=set_aside)  # type: ignore[arg-type]
    await log.run(stop)
    assert {name: error and error.code for name, error in aside.items()} == {"ship": "schema-incompatible"}
    assert set(log.frames.had) == {"permits"}


def test_the_webhook_of_who_is_set_aside_answers_503() -> None:
    """What it sends is not lost: it may send it again."""
    route = gateway._closed(SETTINGS.participants["ship"].webhook_path)
    answer = TestClient(Starlette(routes=[route])).post("/webhooks/ship", content=b"{}")
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("participant-set-aside")
