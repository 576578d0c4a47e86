"""Read a body that the other side controls without letting it decide how much memory that takes.

Used for requests we receive and for answers to requests we make. Counted are the bytes that came, never
``Content-Length``; gzip is inflated in small steps, so a bomb stops at the limit.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import Final

from starlette.requests import Request

from connectors.settings import Limits
from schemas.errors import Permanent

STEP: Final = 64 << 10
"""Most bytes inflated at once, and the decoded size above which the ratio is checked."""


class BoundedBody:
    """A body under construction, within `Limits`.

    Args:
        limits: bounds on wire size, decoded size and ratio.
        encoding: value of ``Content-Encoding``; only identity and one layer of gzip are known.
        declared: value of ``Content-Length``, to refuse at once what says itself that it is too large.

    Raises:
        Permanent: ``encoding-unsupported``, ``body-too-large``.
    """

    def __init__(self, limits: Limits, encoding: str = "", declared: str = "") -> None:
        coding = encoding.strip().lower()
        if coding not in ("", "identity", "gzip"):
            raise Permanent("encoding-unsupported", "Content-Encoding must be identity or gzip, one layer")
        if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > limits.body):
            raise Permanent("body-too-large", f"the body is larger than {limits.body} bytes")
        self._limits = limits
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS) if coding == "gzip" else None
        self._wire = 0
        self._data = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes from the wire.

        Raises:
            Permanent: ``body-too-large``, or ``encoding-unsupported`` when the bytes are not gzip.
        """
        self._wire += len(chunk)
        most = self._limits.body if self._inflate else min(self._limits.body, self._limits.decoded)
        if self._wire > most:
            raise Permanent("body-too-large", f"the body is larger than {most} bytes")
        if self._inflate is None:
            self._data += chunk
            return
        while chunk:
            chunk = self._step(self._inflate, chunk)

    def _step(self, inflate: zlib._Decompress, chunk: bytes) -> bytes:
        if inflate.eof:
            raise Permanent("encoding-unsupported", "bytes follow the end of the gzip body")
        try:
            self._data += inflate.decompress(chunk, STEP)
        except zlib.error:
            raise Permanent("encoding-unsupported", "the body is not gzip") from None
        size = len(self._data)
        if size > self._limits.decoded:
            raise Permanent("body-too-large", f"the decoded body is larger than {self._limits.decoded} bytes")
        if size > STEP and size > self._limits.ratio * self._wire:
            raise Permanent("body-too-large", f"the body decompresses more than {self._limits.ratio}:1")
        return inflate.unconsumed_tail or inflate.unused_data

    def finish(self) -> bytes:
        """Give the decoded body.

        Raises:
            Permanent: ``encoding-unsupported`` when the gzip body ends too early.
        """
        while self._inflate is not None and self._wire and not self._inflate.eof:
            before = len(self._data)
            self._step(self._inflate, b"")
            if len(self._data) == before and not self._inflate.eof:
                raise Permanent("encoding-unsupported", "the gzip body is cut off")
        return bytes(self._data)


async def receive(request: Request, limits: Limits) -> bytes:
    """Read the body of a request as it is on the wire.

    Raises:
        Permanent: ``body-too-large``, ``request-too-slow``.
    """
    body = BoundedBody(limits, declared=request.headers.get("content-length", ""))
    try:
        async with asyncio.timeout(limits.body_timeout):
            async for chunk in request.stream():
                body.feed(chunk)
    except TimeoutError:
        raise Permanent(
            "request-too-slow", f"the body did not end within {limits.body_timeout:g} s"
        ) from None
    return body.finish()
