"""Every error of the broker, as a tree by what the caller must do.

    CorridorError
    ├── Transient       try again later; the same input may succeed
    ├── Permanent       the message can never go on as it is: dead letter or RFC 9457 problem
    │   └── Invalid     one field of it breaks one rule: field, rule and value are named
    └── Misconfigured   the operator must change something: refuse to start

A ``code`` is stable and is at once the metric label, the reason in a dead letter, the ``type`` of an HTTP
problem and the anchor in ``docs/errors.md``. The table ``CODES`` is the only place where codes are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from schemas.text import visible

CODES: Final[dict[str, str]] = {
    "auth-missing": "The request carries no credentials that this endpoint knows.",
    "auth-invalid": "The signature or token does not match any secret configured for this participant.",
    "auth-denied": "The token is ours, but does not have the right that this needs.",
    "auth-expired": "The time of the signature lies outside the replay window.",
    "body-too-large": "The body is larger than the limit, on the wire or after decompression.",
    "request-too-slow": "The request did not arrive completely in time.",
    "host-unknown": "Nothing is served under the name in the Host header; `hosts` lists the listener's.",
    "origin-refused": "The request was made by a web page of another site, and such requests are not taken.",
    "headers-too-large": "The header fields are more or larger than the limit.",
    "http-malformed": "The bytes are not a valid HTTP/1.1 request.",
    "overloaded": "More connections are open than this process serves at once; try again.",
    "encoding-unsupported": "Content-Encoding is neither identity nor gzip.",
    "media-type-unsupported": "Content-Type is not one that the profile names.",
    "json-malformed": "The body is not JSON, or uses what is forbidden: duplicate keys, NaN, too deep.",
    "id-missing": "The message carries no id.",
    "id-reused": "The same message id came before with another body.",
    "batch-too-large": "The batch has more messages than the participant's limit.",
    "rate-limited": "More requests than the participant's limit allows.",
    "not-found": "There is nothing at this address.",
    "method-not-allowed": "The address exists, the method does not.",
    "log-unavailable": "Kafka did not acknowledge in time; nothing was lost, send the same message again.",
    "log-unreadable": "A record of a log cannot be read: what follows is not known, nothing is written.",
    "participant-set-aside": "Settings, profile or schema of the participant cannot be used; others go on.",
    "schema-violation": "A value does not match the Avro schema of the profile.",
    "schema-unknown": "No schema with this id is registered.",
    "schema-invalid": "The schema is not valid Avro.",
    "schema-unsafe": "The schema breaks a rule of the schema lint: recursion, zero-width items, depth, size.",
    "schema-incompatible": "The schema would break readers or writers of an earlier version.",
    "avro-malformed": "The bytes are not the canonical Avro encoding of the schema they name.",
    "wire-format": "The record does not start with magic byte 0 and a schema id.",
    "identifier-invalid": "An identifier fails its format or check digit.",
    "value-implausible": (
        "The view leaves a value out: a time before 1990 or after 2099, a mass beyond all ships. It is told."
    ),
    "profile-invalid": "The folder of a profile cannot be used; the message names the file.",
    "mapping-invalid": "The mapping file does not compile.",
    "mapping-defect": "The broker cannot compile this mapping: a defect of the broker, not of the file.",
    "mapping-failed": "A rule of the mapping raised an error on this message.",
    "time-invalid": "A time cannot be read, or names an hour that does not exist in its zone.",
    "output-too-large": "The message, or what is made of it, is larger than its topic takes.",
    "state-too-large": "What would have to be remembered of the document is larger than its topic takes.",
    "partner-refused": "The partner answered that this message can never be accepted.",
    "partner-unavailable": "The partner did not answer, or asked to try later.",
    "partner-unauthorized": "The partner refuses our credentials.",
    "partner-gone": "The partner answered 410: the endpoint is closed for good.",
    "permit-refused": "The e-Permit ledger refuses the act: the reason is one of the protocol's own codes.",
    "retries-exhausted": "The partner did not accept the message within the retry limit.",
    "behind-dead-letter": "An earlier message of the subject is a dead letter and the policy is to wait.",
    "settings-invalid": "The configuration cannot be used as it is.",
    "settings-unsafe": "The configuration would run, but not safely.",
    "kafka-unavailable": "No Kafka broker can be reached.",
    "kafka-refused": "Kafka does not accept our credentials, or we do not accept its certificate.",
    "registry-unavailable": "The schema registry cannot be reached.",
    "registry-refused": "The schema registry refused the request.",
    "view-unavailable": "The database of the shipment view does not answer.",
    "view-outdated": "The tables of the shipment view are not those of this version.",
    "query-invalid": "A parameter of the question cannot be used.",
    "already-running": "Another `corridor up` runs in the same state directory.",
    "port-in-use": "Another process listens on a port that is needed.",
    "disk-full": "There is not enough free disk space.",
    "download-failed": "A file that is needed on first start could not be fetched.",
    "name-collision": "Another installed distribution owns one of the broker's package names.",
    "internal": "A defect of the broker itself; the message is kept whole.",
}
"""Code to its one-line meaning. ``docs/errors.md`` is generated from it."""


class CorridorError(Exception):
    """Root of all errors of the broker.

    Args:
        code: a key of ``CODES``.
        message: one sentence of facts for a person; never a payload or a secret.
    """

    def __init__(self, code: str, message: str) -> None:
        if code not in CODES:
            raise KeyError(f"unknown error code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message


class Transient(CorridorError):
    """Try again later: the same input may succeed.

    Args:
        code: a key of ``CODES``.
        message: one sentence of facts.
        retry_after: seconds to wait at least, when the other side said so.
    """

    def __init__(self, code: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class Permanent(CorridorError):
    """The message can never go on as it is: it becomes a dead letter or an HTTP problem."""


class Violation(NamedTuple):
    """One place of a message that breaks a rule: what the arguments of ``Invalid`` are."""

    pointer: str
    rule: str
    value: str = ""
    code: str = "schema-violation"


class Invalid(Permanent):
    """One field of a message breaks one rule, or several do and this is the first.

    Args:
        code: a key of ``CODES``.
        pointer: JSON pointer (RFC 6901) of the field, ``""`` for the whole message.
        rule: the rule in a few words, for example ``"ISO 6346 check digit is 3"``.
        value: the offending value as text; made visible and cut to 200 characters.
        violations: all places that break a rule, this one first, and all findings of the message.
        sent: whether the field is one of the message that was read; else of what should have become of it.
    """

    def __init__(
        self,
        code: str,
        pointer: str,
        rule: str,
        value: object = None,
        violations: Sequence[Violation] = (),
        *,
        sent: bool = True,
    ) -> None:
        text = "" if value is None else visible(str(value)[:200], lines=True)[:200]
        got = f", got '{visible(text)}'" if value is not None else ""
        super().__init__(code, f"{visible(pointer) or '/'}: {visible(rule)}{got}")
        self.pointer = pointer
        self.rule = rule
        self.value = text
        self.sent = sent
        self.violations = tuple(violations) or (Violation(pointer, rule, text, code),)


class Misconfigured(CorridorError):
    """The operator must change something: the process refuses to start (exit code 78)."""


def one_line(error: BaseException) -> str:
    """Say in one line what an error is, and of a group what it holds, at any depth."""
    return "; ".join(dict.fromkeys(map(_said, _leaves(error))))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for inner in error.exceptions:
        yield from _leaves(inner)


def _said(error: BaseException) -> str:
    name = error.code if isinstance(error, CorridorError) else type(error).__name__
    text = " ".join(str(error).split())
    return f"{name}: {text}" if text else name
