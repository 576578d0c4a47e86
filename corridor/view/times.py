"""Times of questions: people write them as dates or RFC 3339, the view holds milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime


def milliseconds(at: datetime | None) -> int | None:
    """UTC milliseconds of a time; one without a zone is UTC."""
    if at is None:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
