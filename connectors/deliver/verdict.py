"""What an answer means for a delivery: one table, no state.

success predicate holds                 delivered
207 where outcomes are told             delivered, each message as `outcomes` says
`park` statuses (400, 413, 422)         park: this message can never be accepted
401, 403                                unauthorized: renew the token once, then pause everything
404, 405, 410                           closed: the endpoint is not there (any more); pause everything
429                                     throttled: pause everything, as long as asked
3xx, 5xx, 408, 409, the rest            retry: not known to be applied
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from connectors.http.client import Answer
from connectors.http.pointer import value_at
from connectors.http.retry_after import parse_retry_after
from connectors.settings import Deliver, Success
from schemas.errors import Permanent


class VerdictKind(Enum):
    """What an answer asks us to do."""

    DELIVERED = "delivered"
    PARK = "park"
    RETRY = "retry"
    THROTTLED = "throttled"
    UNAUTHORIZED = "unauthorized"
    CLOSED = "closed"


class Verdict(NamedTuple):
    """A kind with its facts.

    Attributes:
        kind: what to do.
        code: error code, ``ok`` for none.
        detail: one line.
        after: the wait that was asked for, in seconds.
        said: of a batch, messages of which the answer says something else, with status and words.
    """

    kind: VerdictKind
    code: str
    detail: str
    after: float | None = None
    said: Mapping[int, tuple[int, str]] = {}


def judge(answer: Answer, settings: Deliver, now: float) -> Verdict:
    """Judge an answer.

    Args:
        answer: what the partner said.
        settings: the success predicate and the statuses to park.
        now: UTC seconds, for a ``Retry-After`` that is a date.
    """
    status = answer.status
    after = parse_retry_after(answer.headers.get("retry-after"), now)
    if status == 207:
        if settings.outcomes is not None:
            return Verdict(VerdictKind.DELIVERED, "ok", "")
        detail = "207, and deliver.outcomes does not say where the outcome of each message stands"
        return Verdict(VerdictKind.RETRY, "partner-unavailable", detail, after)
    if status in settings.success.statuses:
        if _holds(settings.success, answer):
            return Verdict(VerdictKind.DELIVERED, "ok", "")
        return Verdict(
            VerdictKind.RETRY,
            "partner-unavailable",
            f"{status}, but the answer does not say success: {_excerpt(answer)}",
            after,
        )
    if status in (401, 403):
        return Verdict(
            VerdictKind.UNAUTHORIZED, "partner-unauthorized", f"the partner answered {status}", after
        )
    if status in settings.park:
        return Verdict(VerdictKind.PARK, "partner-refused", _excerpt(answer))
    if status in (404, 405, 410):
        code = "partner-gone" if status == 410 else "partner-unavailable"
        return Verdict(VerdictKind.CLOSED, code, f"the partner answered {status}: no such endpoint", after)
    if status == 429:
        return Verdict(VerdictKind.THROTTLED, "partner-unavailable", "the partner answered 429", after)
    if 300 <= status < 400:
        return Verdict(
            VerdictKind.RETRY,
            "partner-unavailable",
            f"the partner answered {status}; redirects are not followed",
        )
    return Verdict(
        VerdictKind.RETRY, "partner-unavailable", f"the partner answered {_excerpt(answer)}", after
    )


def _holds(success: Success, answer: Answer) -> bool:
    if not success.pointer:
        return True
    try:
        value = value_at(answer.body, success.pointer) if answer.fault is None else None
    except Permanent:
        return False
    return any(type(value) is type(wanted) and value == wanted for wanted in success.equals)


def _excerpt(answer: Answer) -> str:
    """Give what a problem document says, else the first characters, as one printable line."""
    text = ""
    with contextlib.suppress(Permanent):
        said = [value_at(answer.body, pointer) for pointer in ("/title", "/detail")]
        text = ": ".join(part[:400] for part in said if isinstance(part, str))
    text = text or answer.body[:400].decode("utf-8", "replace")
    return f"{answer.status} {one_line(text)}"[:200].rstrip()


def one_line(text: str) -> str:
    """A partner's words as one printable line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
