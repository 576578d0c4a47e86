"""``docs/systems.md``: every system, what it sends and gets, how, and which tests exercise it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from msgspec import Meta

from connectors import settings
from corridor.reference.exercised import exercised
from corridor.reference.markdown import code, page, table
from corridor.reference.vocabulary import got, sent
from corridor.roles.permits import PROFILE as PERMITS
from corridor.settings.model import View
from corridor.view.openapi import describe
from schemas import profiles
from schemas.codes.lists import CodeLists
from schemas.profiles import Profile

READ_API: Final = "view"
"""Name under which tests of the read API are marked."""
MOST: Final = 6
"""Words in a cell; beyond it the event is told with any of them."""

_INTRO: Final = """\
# Systems

Every system that the broker speaks with, and what passes between them. The page is found out, not written:
the mappings of each profile are run over its examples with every event it has a word for, and what comes of
that is told to every other profile. Which participants there are, and how each is reached, is
configuration: [settings](settings.md).
"""
_EVENTS: Final = """\
`→` is what a system tells the corridor, `←` what it is told of what others said, with its own word where
that is not the event's: numbers are operations of the DTC; E1 to E4 and O1 to O8 are rows of the crosswalk;
a remark is a version of the note without an operation. Nobody gets his own back. Corrections and
retractions go to whoever was told: to the DTC a retraction is operation 12, to an e-Permit authority
neither goes. A combination of fields that no example has may lead to more.
"""
_TRAINS: Final = """\
Container trains, ferries and feeders have no system of their own: they are subjects (`TRAIN`, `VESSEL`) of
what these systems say, and [their events reach every shipment aboard](aboard.md).
"""


def system_of(profile: str) -> str:
    """Short name of the system that speaks a profile."""
    return profile.partition(".")[0]


def systems() -> dict[str, Profile]:
    """Every system with its profile."""
    loaded = [profiles.load(name) for name in profiles.names()]
    return {system_of(profile.name): profile for profile in loaded if profile.http}


def systems_page() -> str:
    """Make the page."""
    known, tests = systems(), exercised()
    names = [*known, READ_API]
    return page(
        _INTRO,
        table(("", "system", "format", "sends", "gets", "reached by"), map(_row, known.items())),
        "Read API (`view`): people and systems that ask. " + _read_api(),
        _TRAINS,
        "## Ways to reach a system",
        table(("way", "settings", "authentication"), _transports()),
        "## What happens, and who says and hears it",
        _EVENTS,
        table(("event", "", *known), _events(known)),
        "## Tests",
        table(("", *names), _tested(tests, names)),
    )


def _tested(tests: Mapping[str, Collection[str]], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A line for each file of tests: so two who add one each do not change the same line."""
    for file in sorted({file for files in tests.values() for file in files}):
        yield code(file), *("x" if file in tests.get(name, ()) else "" for name in names)


def _row(item: tuple[str, Profile]) -> tuple[str, ...]:
    name, profile = item
    assert profile.http is not None  # noqa: S101 - a system has one
    link = f"[{profile.name}](profiles/{profile.name}.md)"
    batch = " or ".join(profile.http.batch)
    form = f"{link}; {', '.join(profile.http.media_types)}, several as {batch}"
    told, heard = _types(sent(profile.name)), _types(got(profile.name))
    return code(name), profile.http.system, form, told, heard, ", ".join(_ways(profile))


def _ways(profile: Profile) -> Iterator[str]:
    """Ways that the broker and this profile can reach one another."""
    if profile.name == PERMITS:
        yield "e-Permit peer"
    if "to_corridor" in profile.mappings:
        yield "webhook"
        yield "poll"
    if "from_corridor" in profile.mappings:
        yield "deliver"


def _types(codes: Iterable[str]) -> str:
    counted = Counter(name.partition("/")[0] for name in codes)
    return ", ".join(f"{kind} {number}" for kind, number in counted.items()) or "nothing"


def _read_api() -> str:
    paths = describe(with_login=True)["paths"]
    listed = [f"{code(path)} ({methods['get']['summary'].lower()})" for path, methods in paths.items()]
    return f"It sends nothing and gets {', '.join(listed)}, as JSON: [shipment view](view.md)."


def _transports() -> Iterator[tuple[str, ...]]:
    yield "webhook: it sends to us", code("participants.<name>.webhook"), _credentials(settings.Webhook)
    yield "poll: we fetch from it", code("participants.<name>.poll"), _credentials(settings.Poll)
    yield "deliver: we send to it", code("participants.<name>.deliver"), _credentials(settings.Deliver)
    yield (
        "e-Permit peer: [the protocol](epermit.md), both ways", code("participants.<name>.authority"),
        _credentials(settings.AuthoritySettings),
    )  # fmt: skip
    yield "read API: it asks", code("view"), _credentials(View)


def _credentials(group: type) -> str:
    """What the settings of a way have for authentication, from their types and descriptions."""
    found = []
    for name, hint in get_type_hints(group, include_extras=True).items():
        kinds = set(_leaves(hint))
        if kinds >= set(get_args(settings.Auth)):
            tags = (kind.__struct_config__.tag for kind in get_args(settings.Auth))
            found.append(f"{code(name)}: {', '.join(map(str, tags))}")
        elif name != "password" and (settings.PermitKey in kinds or _secret(hint)):
            found.append(f"{code(name)}: {_described(hint)}")
    return "; ".join(found)


def _leaves(hint: object) -> Iterator[object]:
    if get_origin(hint) is None:
        yield hint
    for inner in get_args(hint):
        if isinstance(inner, type | UnionType) or get_origin(inner) is not None:
            yield from _leaves(inner)


def _secret(hint: object) -> bool:
    """Whether a field tells where a secret is found."""
    return hint == settings.SecretRef or any(_secret(inner) for inner in get_args(hint))


def _described(hint: object) -> str:
    texts: list[str] = [meta.description for meta in _metas(hint) if meta.description]
    return texts[-1].partition(". ")[0].rstrip(".") if texts else ""


def _metas(hint: Any) -> Iterator[Meta]:  # noqa: ANN401 - any annotation
    if get_origin(hint) is Annotated:
        yield from (meta for meta in hint.__metadata__ if isinstance(meta, Meta))


def _events(known: Mapping[str, Profile]) -> Iterator[tuple[str, ...]]:
    said = {name: (sent(profile.name), got(profile.name)) for name, profile in known.items()}
    for _, row in CodeLists.load().rows("corridor-codes"):
        event = f"{row['event_type']}/{row['event_code']}"
        cells = [_cell(event, told.get(event), heard.get(event)) for told, heard in said.values()]
        yield code(event), str(row["meaning"]), *cells


def _cell(event: str, told: tuple[str, ...] | None, heard: tuple[str, ...] | None) -> str:
    parts = [
        f"{arrow} {_words(event, words)}".rstrip()
        for arrow, words in (("→", told), ("←", heard))
        if words is not None
    ]
    return " ".join(parts)


def _words(event: str, words: tuple[str, ...]) -> str:
    if words == (event,):
        return ""
    if len(words) > MOST:
        return "any"
    return ", ".join(word or "remark" for word in words)
