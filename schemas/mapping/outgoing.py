"""What a target's schema declares of a value: nothing that breaks a partner's own profile goes out to him."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from schemas.avro.forms import bounds, matcher, words
from schemas.avro.instants import FIRST, LAST, SPAN
from schemas.codes.lists import CodeLists
from schemas.mapping.code import Bindings
from schemas.mapping.logical import UUID
from schemas.mapping.remembered import Remembered
from schemas.mapping.types import Field

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Unfit(ValueError):
    """A value that the target must have and may not have in this form."""


class Test(NamedTuple):
    """The test of one field.

    Attributes:
        code: template of the source of a condition that is true for what may not go out.
        reason: reason of the loss where the field can be left out.
        words: the rule, for an error.
    """

    code: str
    reason: str
    words: str


def refuse(value: object, rule: str) -> NoReturn:
    """Raise ``Unfit``; generated code calls it."""
    raise Unfit(rule, value)


@lru_cache(maxsize=4096)
def is_uuid(value: str) -> bool:
    """Whether a text is a UUID (RFC 9562), written with hyphens."""
    return _UUID.fullmatch(value) is not None


def test(found: Field, bindings: Bindings, codes: CodeLists) -> Test | None:
    """Make the test of a field; None where its schema declares nothing."""
    has, kind = found.properties, found.type
    if kind.logical == "timestamp-millis":
        return Test(f"not {FIRST} <= {{0}} <= {LAST}", "out-of-range", SPAN)
    if kind.kind in {"int", "decimal"}:
        low, high = bounds(has)
        parts = [f"{{0}} < {low}"] * (low is not None) + [f"{{0}} > {high}"] * (high is not None)
        rule = " and ".join(
            [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
        )
        return Test(f"({' or '.join(parts)})", "out-of-range", f"expected {rule}") if parts else None
    if kind.kind != "text":
        return None
    if kind.logical == UUID:
        name = bindings.bind("is_uuid", is_uuid, "is_uuid")
        return Test(f"not {name}({{0}})", "form", "expected a UUID")
    if "pattern" in has:
        form = matcher(str(has["pattern"]))
        fits = Remembered(lambda value: form.search(value) is not None).__getitem__
        name = bindings.bind(f"fits_{found.name}", fits, ("fits", has["pattern"]))
        if not has.get("closed"):
            return Test(f"not {name}({{0}})", "form", words(has))
    if has.get("closed") and has.get("codeList") in codes.names:
        keys = frozenset(key for key, _ in codes.rows(str(has["codeList"])))
        name = bindings.bind(f"{has['codeList']}_keys", keys, ("keys", has["codeList"]))
        return Test(f"{{0}} not in {name}", "unknown-code", f"expected a code of the list {has['codeList']}")
    return None
