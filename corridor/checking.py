"""What `corridor check` finds out beside the settings: whether the roles could run with every participant.

It does what the roles do at their start, and lets nothing be known later: compiles all mappings, sends the
examples of the profiles through them, tries the keys, looks where names lead, and asks the registry without
writing anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from connectors.auth.secret import find_secret
from connectors.auth.webhook import hmac_key
from connectors.http.egress import Guard, is_address, resolve
from connectors.http.fields import checked_fields
from connectors.receive.admission import Admission
from connectors.settings import Participant
from corridor.lists import bring_lists
from corridor.roles.contracts import codec, edge_format, json_form, registry_client
from corridor.roles.permits import require_profile
from corridor.roles.stream import plans
from corridor.settings import Settings, unsafe
from corridor.settings.exposure import Outward, outward
from corridor.settings.model import Codes, ProfileSettings
from schemas.epermit.keys import read_private
from schemas.errors import CorridorError, Misconfigured, Permanent, Transient, one_line
from schemas.profiles import CANONICAL, Profiles
from schemas.records import OUTBOX, PERMIT
from schemas.translation import Context, Record, Translator
from streams.kafka import topics
from streams.records.contracts import OWN

ACCEPTED: Final = 1_770_000_000_000
"""When the examples are taken in: 2026-02-02T02:40:00Z, after everything that they tell of."""

RESOLVE: Final = 5.0
"""Seconds that a name has to resolve."""


class Problem(NamedTuple):
    """Something with which a participant, or all, could not run.

    Attributes:
        where: setting, file or subject.
        reason: one sentence.
    """

    where: str
    reason: str


def participants(settings: Settings) -> Iterator[Problem]:
    """Compile what every participant needs, send the examples of its profile through it, try its keys."""
    try:
        bring_lists(settings)
    except Misconfigured as error:
        yield Problem("codes.overlays", error.message)
        settings = msgspec.structs.replace(settings, codes=Codes())
    try:
        known = settings.known
    except Misconfigured:  # is among what is unsafe
        settings = msgspec.structs.replace(settings, profiles=ProfileSettings())
        known = settings.known
    aside: dict[str, CorridorError] = {}
    compiled = list(plans(settings, aside.__setitem__))
    yield from (Problem(f"participants.{name}", error.message) for name, error in aside.items())
    done: set[tuple[str, str]] = set()
    for participant, direction, translator in compiled:
        if (participant.profile, direction) not in done:
            done.add((participant.profile, direction))
            yield from _examples(participant, known, direction, translator)

    unsafe_too = [risk.setting for risk in unsafe(settings)]
    for participant in settings.participants.values():
        for where, work in _credentials(participant):
            if any(setting.startswith(where) for setting in unsafe_too):
                continue  # not there at all, which is said already
            try:
                work()
            except CorridorError as error:
                yield Problem(where, error.message)


def _credentials(participant: Participant) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what the roles make of a participant's secrets and keys, by the setting."""
    here = f"participants.{participant.name}"
    if webhook := participant.webhook:
        yield f"{here}.webhook", lambda: Admission(webhook)
    if deliver := participant.deliver:
        yield f"{here}.deliver.secrets", lambda: [hmac_key(find_secret(one)) for one in deliver.secrets]
        yield f"{here}.deliver.headers", lambda: checked_fields(deliver.headers)
    if poll := participant.poll:
        yield f"{here}.poll.headers", lambda: checked_fields(poll.headers)
    if authority := participant.authority:
        yield f"{here}.profile", lambda: require_profile(participant)
        yield f"{here}.authority.token", lambda: find_secret(authority.token)
        yield (
            f"{here}.authority.keys",
            lambda: [read_private(find_secret(key.key).reveal(), key.id) for key in authority.keys],
        )


async def addresses(settings: Settings) -> list[Problem]:
    """Look where the names lead that roles connect to: those that lead nowhere allowed are refused each time.

    A name that does not resolve is no finding: it may do so where the roles run.
    """
    wanted = [one for participant in settings.participants.values() for one in outward(participant)]
    return [problem for problem in await asyncio.gather(*map(_leads, wanted)) if problem]


async def _leads(one: Outward) -> Problem | None:
    host = urlsplit(one.url).hostname or ""
    try:
        guard = Guard(one.egress, [one.url])
    except Misconfigured:
        return None  # found in the settings alone
    try:
        async with asyncio.timeout(RESOLVE):
            await resolve(guard, host, 443)
    except Misconfigured as error:
        return None if is_address(host) else Problem(one.setting, error.message)
    except (OSError, UnicodeError):
        return None
    return None


def _examples(
    participant: Participant, known: Profiles, direction: str, translator: Translator
) -> Iterator[Problem]:
    """Read the examples as the edges do, and translate each on its own."""
    where = f"{participant.profile}/{direction}.yaml"
    if direction == "from_corridor":
        source, examples = CANONICAL, known.load(CANONICAL).examples
    else:
        source, examples = participant.profile, known.load(participant.profile).examples
    try:
        bodies = dict(_bodies(source, known, examples))
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


def _bodies(
    source: str, known: Profiles, examples: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    if source == CANONICAL:
        for name, example in examples.items():
            yield name, (b"key", json_form(source).take(msgspec.json.encode(example))[0])
        return
    form = edge_format(source, known)
    for name, example in examples.items():
        message = form.read(msgspec.json.encode(example))
        yield name, (message.key, message.body)


async def registry(settings: Settings) -> tuple[list[Problem], str]:
    """Ask the registry in use whether it would take every schema, writing nothing.

    Returns:
        what it would refuse, and why it could not be asked, or an empty text.
    """
    wanted = {f"{topic}-value": kind.codec.schema for topic, kind in OWN.items()}
    for topic in (topics.EVENTS, topics.ABOARD):
        wanted[f"{topic}-value"] = codec(CANONICAL).schema
    for name, participant in settings.participants.items():
        try:
            schema = settings.known.load(participant.profile).schema
        except CorridorError:
            continue  # is named with the mappings
        if participant.webhook or participant.poll or participant.authority:
            wanted[f"{topics.incoming(name)}-value"] = schema
        if participant.deliver:
            wanted[f"{topics.outgoing(name)}-value"] = schema
        if participant.authority:
            wanted[f"{topics.permits(name)}-value"] = PERMIT.codec.schema
            for code in participant.authority.peers:
                wanted[f"{topics.outgoing(topics.peer(name, code))}-value"] = OUTBOX.codec.schema
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
