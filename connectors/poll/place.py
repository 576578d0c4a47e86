"""Where a poll goes on: the cursor that the caller keeps in Kafka together with the data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import msgspec

from connectors.settings import Poll
from schemas.errors import Misconfigured


class FeedPosition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A position in a partner's feed.

    Attributes:
        cursor: the partner's cursor of the next page.
        next: the partner's link to the next page; goes before ``cursor``.
        newest: time of the newest item read (RFC 3339, UTC); each round begins ``overlap`` before it.
        since: the ``newest`` that this round began with: a partner wants the first page's filters again with
            each cursor (DCSA Track & Trace 3.0).
        etag: ``ETag`` of the last answer, while the next poll asks for the same address.
        empty: empty pages in a row.
    """

    cursor: str = ""
    next: str = ""
    newest: str = ""
    since: str = ""
    etag: str = ""
    empty: int = 0

    @property
    def began(self) -> str:
        """The newest item's time when this round began."""
        return self.since if self.cursor or self.next else self.newest

    def encode(self) -> str:
        """Give the opaque text for the caller."""
        return msgspec.json.encode(self).decode()

    def address(self, settings: Poll, size: int) -> httpx.URL:
        """Build the address to ask for; the partner's own ``next`` link is used as it is."""
        if self.next:
            return httpx.URL(self.next)
        params: dict[str, str] = {}
        if settings.size_param:
            params[settings.size_param] = str(size)
        if self.cursor:
            params[settings.cursor_param] = self.cursor
        if settings.since_param and self.began:
            since = datetime.fromisoformat(self.began) - timedelta(seconds=settings.overlap)
            params[settings.since_param] = rfc3339(since)
        elif settings.since_param and settings.since:
            params[settings.since_param] = settings.since
        return httpx.URL(settings.url).copy_merge_params(params)


def decode_place(text: str) -> FeedPosition:
    """Read what `FeedPosition.encode` wrote; ``""`` is the beginning.

    Raises:
        Misconfigured: it is something else.
    """
    if not text:
        return FeedPosition()
    try:
        return msgspec.json.decode(text, type=FeedPosition)
    except msgspec.DecodeError as error:
        raise Misconfigured("settings-invalid", f"the stored cursor cannot be read: {error}") from None


def rfc3339(time: datetime) -> str:
    """Give a time as RFC 3339 in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def later(newest: str, item_time: object) -> str:
    """Give the later of two times; what is not a time with an offset does not count."""
    if not isinstance(item_time, str):
        return newest
    try:
        found = datetime.fromisoformat(item_time)
        if found.tzinfo is None:
            return newest
        text = rfc3339(found)
    except (ValueError, OverflowError):
        return newest
    return max(newest, text)
