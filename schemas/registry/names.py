"""Subjects and contexts: ``S`` is in the default context ``.``, ``:.ctx:S`` in ``.ctx``."""

from __future__ import annotations

from typing import Final, NamedTuple

DEFAULT: Final = "."
EVERYWHERE: Final = ":*:"
"""As a prefix: all contexts."""
GLOBAL: Final = ".__GLOBAL"
"""The context whose configuration and mode hold for all contexts."""
_NOT_SUBJECTS: Final = frozenset({"__GLOBAL", "__EMPTY"})


class Subject(NamedTuple):
    """A subject in its context; an empty name means the context itself."""

    context: str
    name: str

    @property
    def text(self) -> str:
        """As it is written in the API and in records."""
        return self.name if self.context == DEFAULT else f":{self.context}:{self.name}"

    @property
    def valid(self) -> bool:
        """Tell whether something may be registered under it."""
        printable = all(c.isprintable() for c in self.text)
        reserved = self.context == GLOBAL or self.name in _NOT_SUBJECTS
        return bool(self.name) and printable and not reserved


def subject(text: str, context: str = DEFAULT) -> Subject:
    """Read a subject as given in the API.

    Args:
        text: with or without a context.
        context: the one that holds where the text names none (``/contexts/{context}/subjects/…``).
    """
    if text.startswith(":"):
        inner, separator, name = text[1:].partition(":")
        if separator and inner.startswith("."):
            return Subject(inner, name)
    return Subject(context, text)


def context_name(text: str) -> str:
    """Give the name of a context, which starts with a dot, from ``ctx``, ``.ctx`` or ``:.ctx:``."""
    bare = text.strip(":")
    return bare if bare.startswith(".") else f".{bare}"
