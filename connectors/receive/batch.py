"""Single messages and batches: a JSON object, a JSON array of objects, or NDJSON."""

from __future__ import annotations

import io
from itertools import islice
from typing import Final

from connectors.http.pointer import items_of
from connectors.ports import Format
from schemas.errors import Permanent

NDJSON: Final = ("application/x-ndjson", "application/jsonl")


def split(body: bytes, media_type: str, form: Format, most: int) -> tuple[list[bytes], bool]:
    """Split a body into the texts of its messages.

    Args:
        body: decoded body.
        media_type: its ``Content-Type`` without parameters.
        form: the profile, which says how several messages may go in one body.
        most: most messages allowed.

    Returns:
        The texts, and whether the body is a batch.

    Raises:
        Permanent: ``json-malformed`` or ``batch-too-large``.
    """
    if media_type in NDJSON:
        items = list(islice((line.rstrip(b"\r\n") for line in io.BytesIO(body) if line.strip()), most + 1))
    elif "array" in form.batch and body.lstrip(b" \t\r\n").startswith(b"["):
        items = items_of(body, most)
    else:
        return [body], False
    if not items:
        raise Permanent("json-malformed", "the batch is empty")
    if len(items) > most:
        raise Permanent("batch-too-large", f"more than {most} messages in one request")
    return items, True
