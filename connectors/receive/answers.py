"""The answers of a webhook that are not problems."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.responses import Response


def accepted(ids: Sequence[str], *, is_batch: bool) -> Response:
    """Answer 202 with the id of the message, or with all ids of a batch in its order."""
    body = {"ids": ids} if is_batch else {"id": ids[0]}
    return Response(msgspec.json.encode(body), 202, media_type="application/json")
