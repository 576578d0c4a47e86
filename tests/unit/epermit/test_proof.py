"""Proofs, QR codes and tokens hold for what was signed with a known key, and for nothing else."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from schemas.epermit import keys
from schemas.epermit.fields import TYPES
from schemas.epermit.proof import proof_kid, token_claims, verify_jws, verify_proof
from schemas.epermit.qr import QrClaims, make_qr, peek_qr, verify_qr
from schemas.epermit.refusal import Untrusted
from schemas.errors import Invalid, Misconfigured
from tests.support.permits import CREATED, QUOTA, REVOKED, USED, event, signer

pytestmark = pytest.mark.system("epermit")

CLAIMS = QrClaims("AZ-KZ-2026-2-17", "12/01/2026", "31/01/2027", "10AA123", "Xəzər & Trans MMC")


@pytest.mark.parametrize("fields", [QUOTA, CREATED, USED, REVOKED])
def test_a_proof_holds_for_its_event_only(fields: dict[str, object]) -> None:
    """Header and signature without the middle; one character changed, or another key: it does not hold."""
    ours = signer()
    jwk = keys.public_jwk(ours.key, "1")
    text = event(fields).canonical
    proof = ours.proof(text)
    assert proof.count(".") == 1
    assert proof_kid(proof) == "1"
    verify_proof(proof, text, jwk)
    for bad_proof, bad_text, bad_jwk in [
        (proof, text.replace("KZ", "UZ"), jwk),
        (proof, text, keys.public_jwk(signer().key, "1")),
        (proof[:-8] + "AAAAAAAA", text, jwk),
        (proof.split(".")[0], text, jwk),
    ]:
        with pytest.raises(Untrusted):
            verify_proof(bad_proof, bad_text, bad_jwk)


@pytest.mark.parametrize(
    "header", [{"alg": "none", "kid": "1"}, {"alg": "HS256", "kid": "1"}, {"alg": "ES256"}]
)
def test_other_algorithms_are_no_proof(header: dict[str, str]) -> None:
    """Only ES256 with a key's id counts: no unsigned and no symmetric proofs."""
    part = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    with pytest.raises(Untrusted):
        proof_kid(f"{part}.AAAA")


@pytest.mark.parametrize("text", ["", ".", "a.b", "a.b.c", "ä.b", "eyJ9.", "x" * 2000 + ".y"])
def test_what_is_no_proof_is_refused(text: str) -> None:
    """Any text may come in the header; none of it is an error of ours."""
    with pytest.raises(Untrusted):
        proof_kid(text)


def test_a_qr_code_is_checked_offline() -> None:
    """Claims are read back; dates are texts, so that libraries for tokens cannot read them."""
    ours = signer("7")
    code = make_qr(CLAIMS, ours)
    known = {"7": keys.public_jwk(ours.key, "7")}
    assert verify_qr(code, known) == CLAIMS
    assert peek_qr(code) == (CLAIMS, "7")
    assert CLAIMS.issuer == "AZ"
    assert not CLAIMS.expired(dt.date(2027, 1, 31))
    assert CLAIMS.expired(dt.date(2027, 2, 1))
    with pytest.raises(Untrusted):
        verify_qr(code, {"7": keys.public_jwk(signer().key, "7")})
    with pytest.raises(Untrusted):
        verify_qr(code, {})


def test_codes_of_the_first_version_have_a_prefix() -> None:
    """``0.`` in front makes four parts; what follows is the same."""
    ours = signer()
    known = {"1": keys.public_jwk(ours.key, "1")}
    code = make_qr(CLAIMS, ours)
    assert verify_qr("0." + code, known) == CLAIMS
    with pytest.raises(Untrusted):
        verify_qr("1." + code, known)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "0.a.b.c", "0.", "...", "ä.ö.ü"])
def test_any_text_may_be_scanned(text: str) -> None:
    """What is no QR code of a permit is refused, whatever it is."""
    with pytest.raises(Untrusted):
        peek_qr(text)


def test_a_signed_text_that_is_no_permit_is_no_code() -> None:
    """A good signature over something else, such as the token of a health check, is no permit."""
    ours = signer()
    with pytest.raises(Untrusted):
        verify_qr(ours.token("AZ", "KZ", 1), {"1": keys.public_jwk(ours.key, "1")})


def test_a_token_says_who_asks_whom_until_when() -> None:
    """An hour at most; the audience may come as a list."""
    ours = signer()
    token = ours.token("AZ", "KZ", 1_000)
    verify_jws(token, keys.public_jwk(ours.key, "1"))
    assert token_claims(token) == ("AZ", "KZ", 4_600)
    listed = jws.serialize_compact(
        {"alg": "ES256", "kid": "1"}, b'{"iss":"AZ","aud":["KZ"],"exp":4600}', ours.key, algorithms=["ES256"]
    )
    assert token_claims(listed) == ("AZ", "KZ", 4_600)


@pytest.mark.parametrize("end", ["Infinity", "-Infinity", "NaN", "1e999", '"soon"', "null", "[]"])
def test_an_end_that_is_no_time_is_no_token(end: str) -> None:
    """Nothing that a stranger writes as the end of a token is a defect."""
    claims = base64.urlsafe_b64encode(f'{{"iss":"AZ","aud":"KZ","exp":{end}}}'.encode()).decode()
    with pytest.raises(Untrusted):
        token_claims(f"x.{claims}.x")


def test_keys_of_peers_are_points_on_the_curve() -> None:
    """Another curve, a point beside the curve, another id or a private part: refused with the place."""
    good = keys.public_jwk(signer("2").key, "2")
    assert keys.read_public(keys.jwk_text(good), "2") == good
    for bad in (
        {**good, "crv": "P-384"}, {**good, "kty": "RSA"}, {**good, "x": good["y"]}, {**good, "kid": "3"},
        {**good, "d": "AAAA"}, {}, [], "not JSON", None,
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            keys.read_public(bad, "2")
        assert refused.value.pointer == "/jwk"


def test_our_own_key_must_be_private_and_ours() -> None:
    """A public key, another key's file or another text stops the start."""
    text = keys.generate("1")
    assert keys.read_private(text, "1").as_dict(private=True)["d"]
    public = ECKey.import_key(json.loads(text)).as_dict(private=False)
    for bad, kid in ((json.dumps(public), "1"), (text, "2"), ("x", "1"), ("[]", "1")):
        with pytest.raises(Misconfigured):
            keys.read_private(bad, kid)


def test_proofs_and_codes_of_the_reference_implementation_hold() -> None:
    """Recorded from a run of it: every kind of event, odd numbers in claims, two keys; signed in Java."""
    recorded = json.loads((Path(__file__).parents[2] / "golden" / "epermit_java.json").read_text("utf-8"))
    known = {jwk["kid"]: keys.read_public(jwk, jwk["kid"]) for jwk in recorded["keys"]}
    kinds = set()
    for row in recorded["events"]:
        made = event(row["body"])
        verify_proof(row["proof"], made.canonical, known[proof_kid(row["proof"])])
        kinds.add(made.type)
        if code := made.text("qr_code"):
            assert verify_qr(code, known).permit_id == made.permit_id
    assert kinds == set(TYPES)
