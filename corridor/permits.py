"""What the command does at an e-Permit authority: its internal API, and questions to its peers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx
import msgspec

from connectors.auth.secret import find_secret
from connectors.epermit.peer import describe
from connectors.http.client import Client
from connectors.settings import AuthoritySettings, Participant
from corridor.settings import Settings
from schemas.epermit.keys import read_private, read_public
from schemas.epermit.proof import Signer
from schemas.epermit.qr import QrClaims, peek_qr, verify_qr
from schemas.errors import Misconfigured, Permanent, Transient

TIMEOUT: Final = 30.0


class Office:
    """One authority as its own people see it.

    Args:
        settings: of the broker.
        name: of the participant; ``""`` for the only one.
        gateway: address of a gateway; ``""`` for the one on this machine.

    Attributes:
        public_url: address of its public API.

    Raises:
        Misconfigured: there is no such authority, or several and none was named.
    """

    def __init__(self, settings: Settings, name: str = "", gateway: str = "") -> None:
        self._participant, self._authority = _choose(settings, name)
        base = gateway.rstrip("/") or f"http://127.0.0.1:{settings.gateway.port}"
        self.public_url = f"{base}{self._participant.authority_path}"
        self._url = f"{self.public_url}/internal"

    @property
    def peers(self) -> list[str]:
        """Codes of its peers."""
        return list(self._authority.peers)

    @property
    def code(self) -> str:
        """The authority's code."""
        return self._authority.code

    def ask(self, method: str, path: str = "", body: Mapping[str, Any] | None = None, act: str = "") -> Any:  # noqa: ANN401
        """Call the internal API and give its answer.

        Raises:
            Transient: the gateway does not answer; with an ``act`` the same may be asked again.
            Permanent: it refuses; the message is its own.
        """
        headers = {"Authorization": f"Bearer {find_secret(self._authority.token).reveal()}"}
        if act:
            headers["Idempotency-Key"] = act
        try:
            answer = httpx.request(
                method, f"{self._url}{path}", json=body, headers=headers, timeout=TIMEOUT, trust_env=False
            )
        except httpx.HTTPError as error:
            raise Transient("partner-unavailable", f"no answer from {self._url}: {error!r}") from error
        if answer.status_code == 200:
            return answer.json()
        return _refuse(answer)

    def verify(self, code: str) -> tuple[QrClaims, Mapping[str, Any] | None]:
        """Check a QR code: its signature with the issuer's keys, and the permit at the issuer.

        Returns:
            The claims, and the permit as its issuer shows it; None when it is unknown there or revoked.

        Raises:
            Permanent: the code is none, or its signature does not hold.
            Transient: the issuer does not answer.
        """
        claims, _ = peek_qr(code)
        if claims.issuer == self.code:
            mine = self.ask("GET")
            verify_qr(code, {key["id"]: key["jwk"] for key in mine["keys"]})
            shown = self.ask("GET", f"/permits/{claims.permit_id}")
            return claims, None if shown["revoked"] else shown
        self._require_peer(claims.issuer)
        return claims, asyncio.run(self._verify_there(claims.issuer, code))

    async def _verify_there(self, issuer: str, code: str) -> Mapping[str, Any] | None:
        said = await describe(self._authority, issuer)
        keys = {str(jwk["kid"]): read_public(jwk, str(jwk["kid"])) for jwk in said["keys"]}
        verify_qr(code, keys)
        status, shown = await self._get(issuer, f"/verify/{code}", {})
        return shown if status == 200 else None

    def check(self) -> list[dict[str, Any]]:
        """Compare the heads of all chains with the peers'.

        Returns:
            Per peer: ``peer``, ``ok`` and ``problem``.
        """
        chains = self.ask("GET")["chains"]
        heads = {(chain["producer"], chain["consumer"]): chain["head"] for chain in chains}
        return [self._compare(peer, heads) for peer in self._authority.peers]

    def _compare(self, peer: str, heads: Mapping[tuple[str, str], str]) -> dict[str, Any]:
        try:
            status, said = asyncio.run(self._get(peer, "/healthcheck", {"Authorization": self._token(peer)}))
        except (Transient, Permanent) as error:
            return {"peer": peer, "ok": False, "problem": error.message}
        if status != 200:
            return {"peer": peer, "ok": False, "problem": f"it answered {status}"}
        ours, theirs = heads.get((self.code, peer), "0"), heads.get((peer, self.code), "0")
        problems = []
        if said.get("to_last_event_id") != ours:
            problems.append(f"our last event is {ours}, it has {said.get('to_last_event_id')}")
        if said.get("from_last_event_id") != theirs:
            problems.append(f"its last event is {said.get('from_last_event_id')}, we have {theirs}")
        return {"peer": peer, "ok": not problems, "problem": "; ".join(problems)}

    def _token(self, peer: str) -> str:
        valid = {key["id"] for key in self.ask("GET")["keys"] if key["revoked_at"] is None}
        key = next((key for key in self._authority.keys if key.id in valid), None)
        if key is None:
            raise Misconfigured("settings-invalid", "none of the keys in the settings is valid")
        signer = Signer(key.id, read_private(find_secret(key.key).reveal(), key.id))
        return f"Bearer {signer.token(self.code, peer, int(time.time()))}"

    async def _get(self, peer: str, path: str, headers: Mapping[str, str]) -> tuple[int, Any]:
        there = self._authority.peers[peer]
        client = Client(
            there.egress, [there.url], timeouts=self._authority.timeouts, limits=self._authority.limits
        )
        try:
            answer = await client.send("GET", there.url.rstrip("/") + path, headers=headers)
        finally:
            await client.close()
        try:
            return answer.status, json.loads(answer.body)
        except ValueError:
            return answer.status, {}

    def _require_peer(self, code: str) -> None:
        if code not in self._authority.peers:
            raise Permanent("not-found", f"the settings name no peer {code}, which issued the permit")


def _choose(settings: Settings, name: str) -> tuple[Participant, AuthoritySettings]:
    found = {n: p for n, p in settings.participants.items() if p.authority is not None}
    if not name and len(found) == 1:
        (name,) = found
    if name not in found:
        known = ", ".join(found) or "none"
        raise Misconfigured(
            "settings-invalid", f"name an e-Permit authority with --authority; there are: {known}"
        )
    participant = found[name]
    assert participant.authority is not None  # noqa: S101 - chosen so
    return participant, participant.authority


def _refuse(answer: httpx.Response) -> None:
    try:
        said = answer.json()
        message = str(said["detail"])
    except (ValueError, KeyError, TypeError, msgspec.DecodeError):
        message = answer.text[:200]
    if answer.status_code >= 500:
        raise Transient("log-unavailable", message)
    code = "auth-invalid" if answer.status_code == 401 else "permit-refused"
    raise Permanent("not-found" if answer.status_code == 404 else code, message)
