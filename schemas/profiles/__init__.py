"""The open profiles: how each kind of participant writes its messages, and how they become corridor events.

A profile is a directory and nothing else, so that an integrator can bring one without code::

    dtc.note.v1/
      schema.avsc          the Avro schema; doc, unit and code list on every field
      http.yaml            how messages look on HTTP (absent for the canonical event)
      to_corridor.yaml     mapping to the corridor event
      from_corridor.yaml   mapping from the corridor event
      codes/*.csv          code lists of its own (optional)
      examples/*.json      valid messages
      examples/invalid/*.json   {"expected": {code, pointer}, "message"}: what is refused, and why

They are open profiles, made from public standards; they are not the platforms' own wire formats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from schemas.avro.schema import Schema
from schemas.errors import Misconfigured, one_line
from schemas.profiles.folder import Http, Profile, Refused, Words, read, require_inside

__all__ = ["CANONICAL", "SHIPPED", "Http", "Profile", "Profiles", "Refused", "Words", "load", "names", "read"]

CANONICAL: Final = "corridor.event.v1"
"""Name of the corridor event's schema, which every mapping has on one side."""


class Profiles:
    """The profiles that are known, by name: those that come with the broker and those that were brought.

    Args:
        directories: of the integrator; each holds profile folders, or is one.

    Raises:
        Misconfigured: ``profile-invalid``: there is no such directory, no profile in it, or one whose name
            is taken; the message names both places.
    """

    def __init__(self, directories: Sequence[Path] = ()) -> None:
        self._places: dict[str, tuple[Traversable, Path | None]] = {
            entry.name: (entry, None) for entry in _shipped()
        }
        self._loaded: dict[str, Profile | Misconfigured] = {}
        for directory in directories:
            for place, fence in _brought(directory):
                other, _ = self._places.get(place.name, (place, fence))
                if other != place:
                    raise Misconfigured(
                        "profile-invalid", f"the profile {place.name} is both in {other} and in {place}"
                    )
                self._places[place.name] = place, fence
        self.names = tuple(sorted(self._places))

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, directories: tuple[Path, ...]) -> Profiles:
        """Give the profiles of these directories beside those that come with the broker."""
        return cls(directories) if directories else SHIPPED

    def load(self, name: str) -> Profile:
        """Load a profile. It is read once: what its files say later is said by the next process.

        Raises:
            Misconfigured: ``settings-invalid``: there is none of this name; ``profile-invalid``: a file
                of it is missing or is not what it must be.
        """
        if name not in self._places:
            close = get_close_matches(name, self.names, n=1)
            hint = f", did you mean {close[0]!r}?" if close else f"; there are {', '.join(self.names)}"
            raise Misconfigured("settings-invalid", f"no profile {name!r}{hint}")
        if name not in self._loaded:
            try:
                self._loaded[name] = read(*self._places[name])
            except Misconfigured as error:
                self._loaded[name] = error
        found = self._loaded[name]
        if isinstance(found, Misconfigured):
            raise Misconfigured(found.code, found.message)
        return found

    def schema(self, name: str) -> Schema:
        """Give the schema of a profile.

        Raises:
            KeyError: there is no profile of this name.
            Misconfigured: ``profile-invalid``: its folder is not what it must be.
        """
        if name not in self._places:
            raise KeyError(name)
        return self.load(name).schema


def _shipped() -> Iterator[Traversable]:
    for entry in resources.files(__name__).iterdir():
        if entry.joinpath("schema.avsc").is_file():
            yield entry


def _brought(directory: Path) -> list[tuple[Path, Path]]:
    """The profile folders of a directory, which may be one itself, and what no link may lead out of."""
    try:
        whole = directory.resolve()
        if not whole.is_dir():
            raise Misconfigured("profile-invalid", f"{directory} is no directory of profiles")
        if (whole / "schema.avsc").is_file():
            return [(whole, whole)]
        found = sorted(entry for entry in whole.iterdir() if (entry / "schema.avsc").is_file())
        for entry in found:
            require_inside(whole, entry)
    except (OSError, RuntimeError) as error:
        raise Misconfigured("profile-invalid", f"{directory} cannot be read: {one_line(error)}") from error
    if not found:
        raise Misconfigured("profile-invalid", f"{directory} holds no folder with a schema.avsc")
    return [(entry, whole) for entry in found]


SHIPPED: Final = Profiles()
"""The profiles that come with the broker."""


def names() -> tuple[str, ...]:
    """Names of the profiles that come with the broker, sorted."""
    return SHIPPED.names


def load(name: str) -> Profile:
    """Load a profile that comes with the broker.

    Raises:
        Misconfigured: ``settings-invalid``: there is none of this name.
    """
    return SHIPPED.load(name)
