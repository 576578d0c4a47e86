from __future__ import annotations

import base64
from unittest.mock import ANY

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from connectors.auth.secret import Secret
from connectors.auth.webhook import ID, SIGNATURE, TIMESTAMP, HmacKey, Verifier, hmac_key, public_key, sign
from schemas.errors import Misconfigured, Permanent

OLD, NEW, OTHER = (HmacKey(letter * 32) for letter in (b"o", b"n", b"x"))
BODY = b'{"event_type":"ping"}'


def refusal(verifier: Verifier, headers: dict[str, str], body: bytes, now: float = 1000.0) -> str:
    """Give the code of the refusal."""
    with pytest.raises(Permanent) as caught:
        verifier.verify(headers, body, now)
    return caught.value.code


def test_known_vector() -> None:
    """The example of the Standard Webhooks reference libraries gives their signature."""
    key = hmac_key(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    body = b'{"test": 2432232314}'
    headers = sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers[SIGNATURE] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_flipped_bit_is_noticed() -> None:
    """No body of 1 kB that differs in one bit passes with the original's signature (8192 cases)."""
    body = bytes(range(256)) * 4
    headers, verifier = sign([NEW], "m", 1000, body), Verifier([NEW])
    verifier.verify(headers, body, 1000)
    for bit in range(len(body) * 8):
        forged = bytearray(body)
        forged[bit // 8] ^= 1 << bit % 8
        assert refusal(verifier, headers, bytes(forged)) == "auth-invalid"


@pytest.mark.parametrize("signer", [[OLD], [NEW], [OLD, NEW], [OTHER, NEW]])
def test_rotation_has_no_gap(signer: list[HmacKey]) -> None:
    """With the old and the new secret configured, signatures of either or of both pass."""
    Verifier([OLD, NEW]).verify(sign(signer, "m", 1000, BODY), BODY, 1000)


def test_removed_secret_is_refused() -> None:
    """Once the old secret is gone from the configuration, its signatures are refused."""
    assert refusal(Verifier([NEW]), sign([OLD], "m", 1000, BODY), BODY) == "auth-invalid"


@pytest.mark.parametrize(
    ("off", "code"), [(-300, None), (300, None), (-301, "auth-expired"), (301, "auth-expired"), (10**9, ANY)]
)
def test_replay_window(off: int, code: str | None) -> None:
    """A signature passes within the window, on both sides, and not beyond."""
    verifier, headers = Verifier([NEW]), sign([NEW], "m", 10**6 + off, BODY)
    if code is None:
        verifier.verify(headers, BODY, 10**6)
    else:
        assert refusal(verifier, headers, BODY, 10**6) == code


@pytest.mark.parametrize("name", [ID, TIMESTAMP, SIGNATURE])
def test_missing_field(name: str) -> None:
    """Without one of the three header fields the credentials are missing, not invalid."""
    headers = sign([NEW], "m", 1000, BODY)
    del headers[name]
    assert refusal(Verifier([NEW]), headers, BODY) == "auth-missing"


@pytest.mark.parametrize(
    "signature",
    ["v1", "v1,", "v1,a,b", "v1,====", "v2,AAAA", "v1a,AAAA", ",", " ", "v1,é", "V1,{good}", "v1 {good}"],
)
def test_malformed_signature(signature: str) -> None:
    """Whatever is not a signature is refused as such, and never raises anything else."""
    headers = sign([NEW], "m", 1000, BODY)
    headers[SIGNATURE] = signature.replace("{good}", headers[SIGNATURE].partition(",")[2])
    assert refusal(Verifier([NEW]), headers, BODY) == "auth-invalid"


@pytest.mark.parametrize(
    "timestamp", ["1000.0", " 1000", "+1000", "1e3", "\u0661\u0660", "-1000", "9" * 13, "nan"]
)
def test_malformed_timestamp(timestamp: str) -> None:
    """A timestamp is ASCII digits and nothing else."""
    headers = sign([NEW], "m", 1000, BODY) | {TIMESTAMP: timestamp}
    assert refusal(Verifier([NEW]), headers, BODY) == "auth-invalid"


def test_id_with_a_dot_is_refused() -> None:
    """A dot in the id would let parts of the signed content move between its fields."""
    headers = sign([NEW], "a.1000", 1000, BODY)
    assert refusal(Verifier([NEW]), headers, BODY) == "auth-invalid"


def test_asymmetric_signature() -> None:
    """An ed25519 signature (v1a) passes with its public key and with no other."""
    private, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    keys = [
        public_key(Secret("whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode()))
        for key in (private, other)
    ]
    signature = base64.b64encode(private.sign(b"m.1000." + BODY)).decode()
    headers = {ID: "m", TIMESTAMP: "1000", SIGNATURE: f"v1a,{signature}"}
    Verifier([], keys).verify(headers, BODY, 1000)
    assert refusal(Verifier([], keys[1:]), headers, BODY) == "auth-invalid"
    assert refusal(Verifier([NEW]), headers, BODY) == "auth-invalid"


@given(
    st.dictionaries(st.sampled_from([ID, TIMESTAMP, SIGNATURE, "x"]), st.text(max_size=60)),
    st.binary(max_size=60),
)
def test_anything_else_is_a_refusal(headers: dict[str, str], body: bytes) -> None:
    """No input of any kind makes the verifier raise anything but a refusal, or pass."""
    code = refusal(Verifier([NEW], [Ed25519PrivateKey.generate().public_key()]), headers, body)
    assert code in {"auth-missing", "auth-invalid", "auth-expired"}


@given(st.text(alphabet="v1a,= +/AZé", max_size=200))
def test_no_signature_field_passes(signature: str) -> None:
    """With id and time in order, no made-up signature field passes or raises anything else."""
    headers = {ID: "m", TIMESTAMP: "1000", SIGNATURE: signature}
    public = [Ed25519PrivateKey.generate().public_key()]
    assert refusal(Verifier([NEW], public), headers, BODY) in {"auth-missing", "auth-invalid"}


@pytest.mark.parametrize("text", ["short", "whsec_AAAA", "whsec_" + "A" * 120, "whsec_!!"])
def test_weak_secret_is_refused(text: str) -> None:
    """A secret that is no base64 of 24 to 64 bytes is refused before anything starts."""
    with pytest.raises(Misconfigured):
        hmac_key(Secret(text))
