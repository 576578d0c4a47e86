"""The functions of the mapping language for crude oil: what `schemas.oil` computes, with nulls and reports.

A missing density is a loss, one beyond the published table a finding; both give null, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from schemas.mapping.report import MessageReport
from schemas.mapping.source import suggest
from schemas.oil import density as oil
from schemas.oil.quantity import MEASURES, convert, with_water, without_water

Number = int | Decimal | None
Fast = Callable[..., Decimal | None]


def converter(given: str, wanted: str) -> Fast:
    """``oil_convert`` for two measures."""

    def fast(quantity: Number, density15: Number) -> Decimal | None:
        if quantity is None or density15 is None:
            return None
        try:
            return convert(Decimal(quantity), given, wanted, Decimal(density15))
        except oil.OutOfRangeError:
            return None

    return fast


def densities(given: str, wanted: str) -> Fast:
    """``oil_density`` for two reference temperatures."""

    def fast(density: Number) -> Decimal | None:
        try:
            return None if density is None else oil.between(Decimal(density), given, wanted)
        except oil.OutOfRangeError:
            return None

    return fast


def api_gravity(density15: Number) -> Decimal | None:
    """``api_gravity``: degrees API, null beyond the table."""
    try:
        return None if density15 is None else oil.api_gravity(Decimal(density15))
    except oil.OutOfRangeError:
        return None


def api_density(gravity: Number) -> Decimal | None:
    """``api_density``: density at 15 degrees, null beyond the table."""
    try:
        return None if gravity is None else oil.density15_of_api(Decimal(gravity))
    except oil.OutOfRangeError:
        return None


def net(gross: Number, percent: Number) -> Decimal | None:
    """``net``: what is left of a quantity without water; null when either is, or at 100 per cent and more."""
    if gross is None or percent is None or not 0 <= percent < 100:
        return None
    return without_water(Decimal(gross), Decimal(percent))


def gross(net: Number, percent: Number) -> Decimal | None:
    """``gross``: the whole with its water; null when either is, or at 100 per cent and more."""
    if net is None or percent is None or not 0 <= percent < 100:
        return None
    return with_water(Decimal(net), Decimal(percent))


TOLERANCE: Final = Decimal("0.5")
"""Per cent by which a told quantity may differ from a computed one: what terminals accept of one another."""


def agrees(told: Number, computed: Number) -> Decimal | None:
    """``agrees``: what was told, when nothing computed contradicts it; else null, to be reported."""
    if told is None or computed is None:
        return None if told is None else Decimal(told)
    first, second = Decimal(told), Decimal(computed)
    apart = oil.MATH.multiply(abs(oil.MATH.subtract(first, second)), 100)
    return first if apart <= oil.MATH.multiply(abs(second), TOLERANCE) else None


def contradicts(to: MessageReport, pointer: str, told: Number, computed: Number) -> Decimal | None:
    """A told quantity that the other figures contradict: a finding that names the computed one; it stays."""
    if told is None:
        return None
    if computed is not None:
        to.finding(pointer, "differs-from-computed", "warning", f"{Decimal(computed):.3f}")
    return Decimal(told)


def needs_density(to: MessageReport, pointer: str, quantity: object, density: object, at: str) -> None:
    """Nothing to compute with: a loss without a density, a finding for one beyond the table, where it is."""
    if quantity is None:
        return
    if density is None:
        to.loss(pointer, "needs-density", quantity)
    else:
        out_of_range(to, at, density)


def out_of_range(to: MessageReport, pointer: str, value: object, *_: object) -> None:
    """A density or gravity beyond the published table: a finding, unless it was found to be beyond all."""
    if not to.found(pointer, "out-of-range"):
        to.odd(pointer, "density-out-of-range", "warning", value)


def needs_water(to: MessageReport, pointer: str, quantity: object, percent: object) -> None:
    """A quantity whose water is not known, or is no percentage: a loss."""
    if quantity is not None:
        to.loss(pointer, "needs-water-content" if percent is None else "water-content-invalid", quantity)


KNOWN: Final[dict[str, Mapping[str, Any]]] = {"oil_convert": MEASURES, "oil_density": oil.REFERENCES}
"""Function to what its two literal arguments may be."""


def unknown(function: str, word: str) -> str | None:
    """What is wrong with a literal argument, None when nothing is."""
    known = KNOWN[function]
    if word in known:
        return None
    return f"{function}() knows no `{word}`{suggest(word, known)}; it knows {', '.join(known)}"
