"""What `corridor check` finds out beside the settings: whether the roles could run with every participant.

It does what the roles do at their start, and lets nothing be known later: compiles all mappings, sends the
examples of the profiles through them, and asks the registry without writing anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from connectors.settings import Participant
from corridor.roles.contracts import codec, edge_format, json_form, registry_client
from corridor.roles.stream import plans
from corridor.settings import Settings
from schemas import profiles
from schemas.errors import CorridorError, Misconfigured, Permanent, Transient, one_line
from schemas.translation import Context, Record, Translator
from streams.kafka import topics
from streams.records.contracts import OWN

ACCEPTED: Final = 1_770_000_000_000
"""When the examples are taken in: 2026-02-02T02:40:00Z, after everything that they tell of."""


class Problem(NamedTuple):
    """Something with which a participant, or all, could not run.

    Attributes:
        where: setting, file or subject.
        reason: one sentence.
    """

    where: str
    reason: str


def participants(settings: Settings) -> Iterator[Problem]:
    """Compile what every participant needs, and send the examples of its profile through it."""
    aside: dict[str, CorridorError] = {}
    compiled = list(plans(settings, aside.__setitem__))
    yield from (Problem(f"participants.{name}", error.message) for name, error in aside.items())
    done: set[tuple[str, str]] = set()
    for participant, direction, translator in compiled:
        if (participant.profile, direction) not in done:
            done.add((participant.profile, direction))
            yield from _examples(participant, direction, translator)


def _examples(participant: Participant, direction: str, translator: Translator) -> Iterator[Problem]:
    """Read the examples as the edges do, and translate each on its own."""
    where = f"{participant.profile}/{direction}.yaml"
    if direction == "from_corridor":
        source, examples = profiles.CANONICAL, profiles.load(profiles.CANONICAL).examples
    else:
        source, examples = participant.profile, profiles.load(participant.profile).examples
    try:
        bodies = dict(_bodies(source, examples))
    except (Misconfigured, Permanent) as error:
        yield Problem(f"participants.{participant.name}.profile", error.message)
        return
    for name, (key, body) in bodies.items():
        context = Context(name, f"example/{name}", "example", 0, ACCEPTED, (), "", ())
        try:
            translator.translate(Record(key, body, context), lambda _: None)
        except Permanent as error:
            yield Problem(where, f"the example {name} of {source}: {error.code}: {error.message}")
        except Exception as error:  # noqa: BLE001 - a defect is found here, not by the first message
            yield Problem(where, f"the example {name} of {source}: {one_line(error)}")


def _bodies(source: str, examples: Mapping[str, Any]) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    if source == profiles.CANONICAL:
        for name, example in examples.items():
            yield name, (b"key", json_form(source).take(msgspec.json.encode(example))[0])
        return
    form = edge_format(source)
    for name, example in examples.items():
        message = form.read(msgspec.json.encode(example))
        yield name, (message.key, message.body)


async def registry(settings: Settings) -> tuple[list[Problem], str]:
    """Ask the registry in use whether it would take every schema, writing nothing.

    Returns:
        what it would refuse, and why it could not be asked, or an empty text.
    """
    wanted = {f"{topic}-value": kind.codec.schema for topic, kind in OWN.items()}
    wanted[f"{topics.EVENTS}-value"] = codec(profiles.CANONICAL).schema
    for name, participant in settings.participants.items():
        schema = profiles.load(participant.profile).schema
        if participant.webhook or participant.poll:
            wanted[f"{topics.incoming(name)}-value"] = schema
        if participant.deliver:
            wanted[f"{topics.outgoing(name)}-value"] = schema
    problems: list[Problem] = []
    try:
        client = registry_client(settings)
    except Misconfigured as error:
        return problems, error.message
    try:
        for subject, schema in wanted.items():
            try:
                refusals = (await client.rehearse(subject, schema.text)).reasons
            except Permanent as error:
                refusals = [error.message]
            problems += [Problem(f"subject {subject}", reason) for reason in refusals]
    except (Transient, Misconfigured) as error:
        return problems, error.message
    finally:
        await client.close()
    return problems, ""
