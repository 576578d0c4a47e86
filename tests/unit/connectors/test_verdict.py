from __future__ import annotations

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.deliver.verdict import VerdictKind, judge
from connectors.http.client import Answer
from connectors.settings import Deliver, Success
from schemas.errors import CODES, Permanent

PLAIN = Deliver(url="https://partner.example/")
CHECKED = Deliver(url="https://partner.example/", success=Success(pointer="/result/code", equals=("OK", 0)))


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Build an answer."""
    return Answer(status, httpx.Headers({k.replace("_", "-"): v for k, v in headers.items()}), body)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (200, VerdictKind.DELIVERED, "ok"),
        (201, VerdictKind.DELIVERED, "ok"),
        (202, VerdictKind.DELIVERED, "ok"),
        (204, VerdictKind.DELIVERED, "ok"),
        (203, VerdictKind.RETRY, "partner-unavailable"),
        (206, VerdictKind.RETRY, "partner-unavailable"),
        (301, VerdictKind.RETRY, "partner-unavailable"),
        (302, VerdictKind.RETRY, "partner-unavailable"),
        (307, VerdictKind.RETRY, "partner-unavailable"),
        (400, VerdictKind.PARK, "partner-refused"),
        (401, VerdictKind.UNAUTHORIZED, "partner-unauthorized"),
        (402, VerdictKind.RETRY, "partner-unavailable"),
        (403, VerdictKind.UNAUTHORIZED, "partner-unauthorized"),
        (404, VerdictKind.CLOSED, "partner-unavailable"),
        (405, VerdictKind.CLOSED, "partner-unavailable"),
        (408, VerdictKind.RETRY, "partner-unavailable"),
        (409, VerdictKind.RETRY, "partner-unavailable"),
        (410, VerdictKind.CLOSED, "partner-gone"),
        (413, VerdictKind.PARK, "partner-refused"),
        (418, VerdictKind.RETRY, "partner-unavailable"),
        (422, VerdictKind.PARK, "partner-refused"),
        (425, VerdictKind.RETRY, "partner-unavailable"),
        (429, VerdictKind.THROTTLED, "partner-unavailable"),
        (500, VerdictKind.RETRY, "partner-unavailable"),
        (502, VerdictKind.RETRY, "partner-unavailable"),
        (503, VerdictKind.RETRY, "partner-unavailable"),
        (504, VerdictKind.RETRY, "partner-unavailable"),
        (599, VerdictKind.RETRY, "partner-unavailable"),
    ],
)
def test_table(status: int, kind: VerdictKind, code: str) -> None:
    """Each status has the outcome that the table in the module says."""
    verdict = judge(answer(status), PLAIN, 0)
    assert (verdict.kind, verdict.code) == (kind, code)


@pytest.mark.parametrize("status", [203, 402, 408, 409, 425, 500, 503])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"title":"No stock","detail":"wagon 5 is not known"}', "No stock: wagon 5 is not known"),
        (b"<html>out of\x1b[31m order</html>", "<html>out of [31m order</html>"),
        (b"x" * 100_000, "x" * 190),
    ],
)
def test_what_the_partner_said_is_kept_for_the_day_it_is_given_up(
    status: int, body: bytes, said: str
) -> None:
    """A message is tried for days: whoever reads of its end learns what the partner answered, in one line."""
    detail = judge(answer(status, body), PLAIN, 0).detail
    assert said in detail
    assert len(detail) < 300
    assert detail.isprintable()


@pytest.mark.parametrize("status", [401, 404, 410, 429, 500, 503])
def test_retry_after_is_taken_along(status: int) -> None:
    """Whatever makes us wait keeps the wait that was asked for."""
    assert judge(answer(status, retry_after="42"), PLAIN, 0).after == 42


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"result":{"code":"OK"}}', VerdictKind.DELIVERED),
        (b'{"result":{"code":0}}', VerdictKind.DELIVERED),
        (b'{"result":{"code":false}}', VerdictKind.RETRY),
        (b'{"result":{"code":"ERROR"}}', VerdictKind.RETRY),
        (b'{"result":"OK"}', VerdictKind.RETRY),
        (b'{"result":[]}', VerdictKind.RETRY),
        (b"<html>OK</html>", VerdictKind.RETRY),
        (b"", VerdictKind.RETRY),
        (b"\xff", VerdictKind.RETRY),
        (b'{"result":' * 100_000, VerdictKind.RETRY),
    ],
)
def test_success_predicate(body: bytes, kind: VerdictKind) -> None:
    """A 200 whose body does not say success is not a delivery."""
    assert judge(answer(200, body), CHECKED, 0).kind is kind


def test_success_in_an_answer_that_is_too_large() -> None:
    """An answer over the limit is a delivery by its status, but never by a body that was not read."""
    large = Answer(200, httpx.Headers(), b"", Permanent("body-too-large", "too large"))
    assert judge(large, PLAIN, 0).kind is VerdictKind.DELIVERED
    assert judge(large, CHECKED, 0).kind is VerdictKind.RETRY


def test_duplicate_as_success() -> None:
    """A partner that answers 409 to what it has can be configured so."""
    settings = msgspec.structs.replace(PLAIN, success=Success(statuses=(200, 409)))
    assert judge(answer(409), settings, 0).kind is VerdictKind.DELIVERED


def test_what_the_partner_says_is_kept() -> None:
    """The dead letter's detail is the problem's title and detail, as one printable line."""
    body = b'{"title":"Bad seal","detail":"line one\\r\\nline two\\u001b[31m","seal":"X"}'
    assert judge(answer(422, body), PLAIN, 0).detail == "422 Bad seal: line one line two [31m"


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"error":"container unknown to us"}', '422 {"error":"container unknown to us"}'),
        (b'["unknown container"]', '422 ["unknown container"]'),
        (b"unknown container", "422 unknown container"),
        (b'{"title": 7, "detail": null}', '422 {"title": 7, "detail": null}'),
        (b"x" * 5000, "422 " + "x" * 196),
    ],
)
def test_whatever_the_partner_said_is_kept(body: bytes, kept: str) -> None:
    """A refusal is not always a problem document; what it is goes into the dead letter, bounded."""
    assert judge(answer(422, body), PLAIN, 0).detail == kept


@given(st.binary(max_size=500), st.sampled_from([400, 422]))
def test_any_refusal_is_one_short_line(body: bytes, status: int) -> None:
    """Whatever the body, the detail is at most 200 printable characters, and nothing raises."""
    verdict = judge(answer(status, body), PLAIN, 0)
    assert verdict.detail.isprintable()
    assert len(verdict.detail) <= 200


@given(st.integers(100, 999), st.binary(max_size=50), st.text(max_size=30))
def test_every_answer_has_a_verdict(status: int, body: bytes, wait: str) -> None:
    """No answer at all makes the table fail or park what is not in ``park``."""
    wait = wait.encode("ascii", "ignore").decode()
    verdict = judge(answer(status, body, retry_after=wait), CHECKED, 0)
    assert verdict.code in CODES or verdict.code == "ok"
    assert (verdict.kind is VerdictKind.PARK) == (status in CHECKED.park)
