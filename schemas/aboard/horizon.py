"""How far back a voyage or train is remembered: by the times of its events, and no more than an entry holds.

A daily train or ferry may run under one id for ever. What is over for longer than the horizon is forgotten,
and what comes later than that about it is not told any more. The clock is never read: now is the newest time
that something happened at, as far as it had been accepted by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.aboard.book import BOARDS, DAY, KEPT, LONGEST, Boarding, Book, BookEntry, is_actual
from schemas.aboard.route import DISCHARGED, MANIFEST

HORIZON: Final = 30 * DAY
"""How long after it is over a fact can still meet others, or be corrected."""
LARGEST: Final = 512 * 1024
"""Bytes of an entry; beyond them what was over first is forgotten before its time."""


def forget(book: Book, accepted: int) -> None:
    """Drop what can meet nothing new.

    Args:
        book: is changed.
        accepted: when the message was taken in, UTC ms: what is only planned counts by that.
    """
    end, now, oldest = _ends(book), _now(book), accepted - KEPT
    _keep(book, lambda name, fact: end[name] > now - HORIZON and fact.accepted > oldest)


def is_too_old(book: Book, event: Mapping[str, Any]) -> bool:
    """Whether a corridor event tells of what is forgotten."""
    when, code = event["when"], event["why"]["code"]
    end = when["occurred_at"]
    if code == MANIFEST or (code in BOARDS and code != DISCHARGED):
        end += LONGEST
    elif code not in BOARDS and not is_actual(event):
        end = max(end, when["recorded_at"] or event["envelope"]["ingested_at"])
    return bool(end <= max(_now(book) - HORIZON, book.floor))


def fitted(book: Book, encode: Callable[[Book], bytes], largest: int = LARGEST) -> tuple[bytes, int]:
    """The bytes of a book, and how many facts had to be forgotten for them to be no more than fit."""
    body, lost = encode(book), 0
    while len(body) > largest and (facts := len(book.boardings) + len(book.told)) > 1:
        end = _ends(book)
        book.floor = max(book.floor, sorted(end.values())[(len(end) - 1) // 4])
        _keep(book, lambda name, _, end=end: end[name] > book.floor)  # type: ignore[misc]
        lost += facts - len(book.boardings) - len(book.told)
        body = encode(book)
    return body, lost


def _keep(book: Book, kept: Callable[[str, Boarding | BookEntry], bool]) -> None:
    book.boardings = {name: one for name, one in book.boardings.items() if kept(name, one)}
    book.told = {name: one for name, one in book.told.items() if kept(name, one)}
    book.derived = {key: value for key, value in book.derived.items() if key[0] in book.told}
    listed = {one.manifest for one in book.boardings.values()}
    after = max(_now(book) - HORIZON, book.floor) - LONGEST
    book.manifests = {name: one for name, one in book.manifests.items() if name in listed or one.at > after}


def _now(book: Book) -> int:
    """The newest time at which something happened; what claims to be later than its acceptance, by that."""
    boarded = (min(one.at, one.accepted) for one in book.boardings.values())
    told = (min(one.at, one.accepted) for one in book.told.values() if one.actual)
    return max((*boarded, *told), default=0)


def _ends(book: Book) -> dict[str, int]:
    """When each fact is over: a loading once all its units are off, or after the longest time aboard.

    A discharge is over with the loadings that it ends: without it they would be aboard again.
    """
    ends = {name: one.at if one.actual else max(one.at, one.known) for name, one in book.told.items()}
    off = {name: one for name, one in book.boardings.items() if one.code == DISCHARGED}
    discharges: dict[tuple[str, str], list[int]] = {}
    for one in off.values():
        for unit in () if one.retracted else one.units:
            discharges.setdefault(unit[:2], []).append(one.at)
    loadings: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for name, one in book.boardings.items():
        if name in off:
            continue
        last = one.at + LONGEST
        first = [min((d for d in discharges.get(u[:2], ()) if d >= one.at), default=last) for u in one.units]
        ends[name] = end = min(max(first, default=last), last)
        for unit in one.units:
            loadings.setdefault(unit[:2], []).append((one.at, end))
    for name, one in off.items():
        ended = (end for u in one.units for at, end in loadings.get(u[:2], ()) if at <= one.at)
        ends[name] = max([one.at, *ended])
    return ends
