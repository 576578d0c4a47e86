"""What surrounds the items of a polled page: the list, the way on, the times."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import httpx

from connectors.http.client import Answer
from connectors.http.pointer import items_of, raw_at, value_at
from connectors.poll.place import FeedPosition, later
from connectors.settings import Poll
from schemas.errors import Permanent

LONGEST: Final = 4096
"""Characters of a cursor or link."""
_NEXT_LINK: Final = re.compile(r"<([^<>]{1,4096})>[^,<]*;\s*rel=\"?next\"?\s*(?:[;,]|$)")


class PageEnvelope(NamedTuple):
    """A page before its items are read: their JSON texts, and the place that the partner names next."""

    items: list[bytes]
    follow: FeedPosition


def open_envelope(settings: Poll, place: FeedPosition, url: httpx.URL, answer: Answer) -> PageEnvelope:
    """Take a page apart.

    Args:
        settings: where things are in the answer.
        place: the place that was asked for.
        url: the address that was asked.
        answer: a 200.

    Raises:
        Permanent: the page cannot be read, or its ``next`` link leads to another origin.
    """
    text = raw_at(answer.body, settings.items)
    if text is None:
        raise Permanent("json-malformed", f"no list of items at {settings.items or '/'}")
    items = items_of(text, settings.page_size)
    newest = place.newest
    if settings.since_param and settings.time:
        for item in items:
            newest = later(newest, _time(item, settings.time))
    follow = FeedPosition(
        cursor=_cursor(settings, answer),
        next=_next(settings, url, answer),
        newest=newest,
        since=place.began,
        empty=0 if items else place.empty + 1,
    )
    return PageEnvelope(items, follow)


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Give scheme, host and port; httpx leaves out a scheme's own port."""
    return url.scheme, url.host, url.port


def _next(settings: Poll, url: httpx.URL, answer: Answer) -> str:
    found = _NEXT_LINK.search(answer.headers.get("link", "")[:8192])
    link = _text(answer.body, settings.next) or (found.group(1) if found else "")
    if not link:
        return ""
    try:
        target = url.join(link)
    except (httpx.InvalidURL, ValueError):
        raise Permanent("json-malformed", "the next link is not an address") from None
    if origin(target) != origin(url) or target.userinfo:
        raise Permanent("settings-unsafe", "the next link leads to another origin; it is not followed")
    return str(target)


def _cursor(settings: Poll, answer: Answer) -> str:
    """The cursor of the following page; one that is too long, or none at all, is taken as none."""
    found = answer.headers.get(settings.cursor_header, "") if settings.cursor_header else ""
    if found and len(found) <= LONGEST and found.isprintable():
        return found
    return _text(answer.body, settings.cursor)


def _text(body: bytes, pointer: str) -> str:
    if not pointer or body.lstrip().startswith(b"["):
        return ""
    value = value_at(body, pointer)
    return value if isinstance(value, str) and len(value) <= LONGEST else ""


def _time(item: bytes, pointer: str) -> object:
    try:
        return value_at(item, pointer)
    except Permanent:
        return None
