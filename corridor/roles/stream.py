"""The role stream: translates, one processor per participant and direction."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog

from connectors.pauses import Pauses
from connectors.settings import Participant
from corridor.roles.contracts import codec, registered, registry_client, tried, watch_registry
from corridor.roles.health import Alone, Aside, Health
from corridor.roles.lacking import Lacking, until
from corridor.roles.process import serve_http, together
from corridor.settings import Settings
from schemas.aboard import Fan, Router, may_concern
from schemas.codes.lists import CodeLists
from schemas.errors import Misconfigured, Transient
from schemas.mapping.compile import load
from schemas.profiles import CANONICAL, Profiles
from schemas.translation import Translator
from streams.kafka import topics
from streams.kafka.sizes import Sizes
from streams.processing.processor import Processor
from streams.processing.runner import Runner
from streams.processing.stage import Stage
from streams.processing.work import Crew
from streams.records.contracts import Contracts, ValueReader

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds until processors that ended by themselves begin again."""


async def serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """Run all processors until ``stop`` is set."""
    client = registry_client(settings)
    contracts = Contracts(client)
    processors = Processors()
    health.watch("processors", lambda: processors.ready)

    async def translate() -> None:
        if not await registered(contracts, health, stop):
            return
        stages: list[Stage] = []
        for plan in await asyncio.to_thread(lambda: list(plans(settings, health.set_aside))):

            async def add(plan: Plan = plan) -> None:
                stages.append(await _stage(plan, settings.known, contracts))

            with Alone(plan[0].name, health.set_aside):
                if not await tried(add, "registry", health, stop):
                    return

        async def add_aboard() -> None:
            stages.extend(await aboard(contracts))

        if not await tried(add_aboard, "registry", health, stop):
            return
        turn = asyncio.Lock()
        sizes = Sizes(settings.topics.max_message_bytes)
        own = [stage for stage in stages if stage.participant in settings.participants]
        lacking = Lacking(settings.kafka, health, _needed(own))
        await lacking.look()
        without = lacking.names

        def make() -> Runner:
            nonlocal without
            without = lacking.names
            able = [stage for stage in stages if stage.participant not in without]
            works = tuple(Processor(stage, contracts, turn) for stage in able)
            crew = Crew("stream", f"{settings.processing.app}.stream", works)
            return Runner(crew, settings.kafka, settings.processing, sizes)

        def changed(over: asyncio.Event) -> Coroutine[Any, Any, None]:
            return lacking.when(over, lambda names: names != without)

        await together(stop, lacking.watch(stop), processors.run(make, stop, changed))

    try:
        await together(
            stop,
            serve_http(settings.stream, health.routes(), stop),
            translate(),
            watch_registry(client, health, stop),
        )
    finally:
        await client.close()


class Processors:
    """The processors of this process, begun again whenever they end by themselves."""

    def __init__(self) -> None:
        self._runner: Runner | None = None

    @property
    def ready(self) -> bool:
        """Tell whether they have their partitions."""
        return self._runner is not None and self._runner.running

    async def run(
        self,
        make: Callable[[], Runner],
        stop: asyncio.Event,
        changed: Callable[[asyncio.Event], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """Process until ``stop`` is set.

        Args:
            make: a new runner: one that ended is of no use any more.
            stop: ends it.
            changed: returns when it is time for another runner.
        """
        pauses = Pauses(FIRST_PAUSE, LONGEST_PAUSE)
        while not stop.is_set():
            self._runner = make()
            try:
                await until(self._runner.run, stop, changed)
            except Exception as error:
                defect = not isinstance(error, Transient)
                log.warning("processors begin again", error=repr(error), exc_info=defect)
                await pauses.rest(stop)


def _needed(stages: Sequence[Stage]) -> dict[str, set[str]]:
    """The topics of each participant without which its processors cannot run."""
    needed: dict[str, set[str]] = {}
    for stage in stages:
        own = {stage.source, stage.target} - {topics.EVENTS}
        if stage.stateful:
            own.add(stage.changelog)
        needed.setdefault(stage.participant, set()).update(own)
    return needed


Plan = tuple[Participant, str, Translator]


def plans(settings: Settings, aside: Aside | None = None) -> Iterator[Plan]:
    """Compile the mappings that the participants need: into the corridor, and out of it.

    Args:
        settings: with the participants.
        aside: is told of a participant whose mappings cannot be used, and the others go on.

    Raises:
        Misconfigured: a code list or a directory of profiles cannot be used; without ``aside``, a profile has
            no mapping for what its participant does, one does not compile, or one is of another profile.
    """
    codes, known = CodeLists.load(settings.overlays), settings.known
    for participant in settings.participants.values():
        found: list[Plan] = []
        with Alone(participant.name, aside) if aside else contextlib.nullcontext():
            found = list(_plans_of(participant, known, codes, settings.overlays))
        yield from found


def _plans_of(
    participant: Participant, known: Profiles, codes: CodeLists, overlays: Sequence[Path]
) -> Iterator[Plan]:
    """Compile the mappings that one participant needs."""
    sends = participant.webhook or participant.poll or participant.authority
    wanted = ["to_corridor"] if sends else []
    wanted += ["from_corridor"] if participant.deliver else []
    profile = known.load(participant.profile)
    if profile.codes:
        codes = CodeLists.load((*overlays, *profile.codes))
    for direction in wanted:
        if direction not in profile.mappings:
            raise Misconfigured(
                "settings-invalid",
                f"participants.{participant.name}: the profile {profile.name} has no {direction}.yaml",
            )
        file = f"{profile.name}/{direction}.yaml"
        mapping = load(profile.mappings[direction], file, known.schema, codes)
        ways = {
            "to_corridor": (profile.name, CANONICAL),
            "from_corridor": (CANONICAL, profile.name),
        }
        if (mapping.source.fullname, mapping.target.fullname) != ways[direction]:
            raise Misconfigured(
                "mapping-invalid",
                f"{file} is from {mapping.source.fullname} to {mapping.target.fullname}, not from "
                f"{ways[direction][0]} to {ways[direction][1]}",
            )
        yield participant, direction, Translator(mapping)


async def _stage(plan: Plan, known: Profiles, contracts: Contracts) -> Stage:
    participant, direction, translator = plan
    into, out, _ = topics.processors(participant.name)
    inward = direction == "to_corridor"
    ours, theirs = topics.EVENTS, (topics.incoming if inward else topics.outgoing)(participant.name)
    source, target = (theirs, ours) if inward else (ours, theirs)
    read_as, write_as = (participant.profile, CANONICAL) if inward else (CANONICAL, participant.profile)
    frame = await contracts.frame(source, known.load(read_as).schema)
    return Stage(
        name=into if inward else out,
        source=source,
        target=target,
        participant=participant.name,
        translator=translator,
        read=ValueReader(contracts, codec(read_as, known), frame),
        frame=await contracts.frame(target, known.load(write_as).schema),
        toward=not inward,
        wait=_policy(participant, known, inward=inward) == "wait",
    )


async def aboard(contracts: Contracts) -> list[Stage]:
    """Give the two stages that tell events of vessels and trains to every shipment aboard."""
    avro = codec(CANONICAL)
    stages = []
    for name, source, target, translator, skim in (
        (topics.TO_ABOARD, topics.EVENTS, topics.ABOARD, Router(avro), may_concern),
        (topics.FROM_ABOARD, topics.ABOARD, topics.EVENTS, Fan(avro), None),
    ):
        stages.append(
            Stage(
                name=name,
                source=source,
                target=target,
                participant=name,
                translator=translator,
                read=ValueReader(contracts, avro, await contracts.frame(source, avro.schema)),
                frame=await contracts.frame(target, avro.schema),
                reports=None,
                skim=skim,
            )
        )
    return stages


def _policy(participant: Participant, known: Profiles, *, inward: bool) -> str:
    """Say what becomes of later messages of a subject after a dead letter: `pass` or `wait`."""
    if not inward and participant.deliver:
        return participant.deliver.on_dead
    http = known.load(participant.profile).http
    return http.dead_letters if http else "pass"
