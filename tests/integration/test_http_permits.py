"""The APIs of an e-Permit authority over real HTTP, in the shapes of the reference implementation."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from connectors.epermit.answers import error_code
from connectors.epermit.peer import PeerPartner, describe, verdict
from connectors.http.client import Answer
from connectors.ports import Delivered, OutgoingMessage, Retry
from connectors.settings import AuthoritySettings, Egress, PermitPeer, Timeouts
from schemas.epermit import acts
from schemas.epermit.refusal import LedgerRefusal
from schemas.errors import CorridorError
from tests.support.edges import serving
from tests.support.memory_permits import CLERK, READER, TOKEN, Site
from tests.support.partner import Reply, ScriptedPartner, scripted_partner
from tests.support.permits import NOON, Party

pytestmark = pytest.mark.system("epermit")

Trio = tuple[Site, httpx.AsyncClient, Party]
INTERNAL = {"Authorization": f"Bearer {TOKEN}"}
PERMIT = {
    "issued_for": "KZ", "permit_type": 2, "permit_year": 2026, "company_name": "Xəzər & Trans",
    "company_id": "1401555071", "arrival_country": "UZ", "plate_number": "10-AA-123",
    "other_claims": {"res": "transit via Kuryk only", "n": 1.50},
}  # fmt: skip


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Trio]:
    """Azerbaijan's authority, a client of it, and Kazakhstan, which both know."""
    az, kz = Site("AZ", tmp_path), Party("KZ")
    await az.start()
    async with serving(az.app) as url, httpx.AsyncClient(base_url=f"{url}/permits") as client:
        await az.authority.act(
            lambda ledger, author: acts.add_peer(ledger, "KZ", "https://kz", kz.description(), author)
        )
        kz.write(acts.add_peer(kz.ledger, "AZ", url, (await client.get("")).json(), kz.author()))
        yield az, client, kz


@pytest.fixture
async def partner() -> AsyncIterator[ScriptedPartner]:
    """A peer that answers by a script."""
    async with scripted_partner() as scripted:
        yield scripted


async def post(client: httpx.AsyncClient, change: acts.Change) -> httpx.Response:
    """Send the last event of a change, as a peer does."""
    entry = change.entries[-1]
    path = entry.event.type.lower().replace("_", "-")
    headers = {"Authorization": f"Bearer {entry.record.proof}", "Content-Type": "application/json"}
    return await client.post(f"/events/{path}", content=entry.event.canonical.encode(), headers=headers)


def grant(kz: Party, quantity: int = 5) -> acts.Change:
    """Kazakhstan grants a quota."""
    return kz.write(acts.grant_quota(kz.ledger, "AZ", 2, 2026, quantity, kz.author()))


async def test_the_description_is_there_with_and_without_a_slash(site: Trio) -> None:
    """A peer fetches the address as it was given and follows no redirect."""
    _, client, _ = site
    for path in ("", "/"):
        answer = await client.get(path)
        assert answer.status_code == 200
        said = answer.json()
        assert (said["code"], said["version"], list(said)) == (
            "AZ",
            "1.1.2",
            ["code", "name", "version", "keys"],
        )
        assert list(said["keys"][0]) == ["kty", "use", "crv", "kid", "x", "y", "alg"]
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "path", ["", "/authorities", "/healthcheck", "/verify/x", "/internal", "/internal/permits/x"]
)
async def test_a_ledger_that_is_not_read_denies_nothing(site: Trio, path: str) -> None:
    """Whoever asks is told to come again: an empty ledger would say that no permit and no peer is known."""
    az, client, kz = site
    token = kz.signers["1"].token("KZ", "AZ", int(az.clock()))
    headers = INTERNAL if path.startswith("/internal") else {"Authorization": f"Bearer {token}"}
    az.log.ready = False
    answer = await client.get(path, headers=headers)
    assert (answer.status_code, "not read" in answer.text) == (503, True)


async def test_a_life_over_http(site: Trio) -> None:
    """Quota in, permit out, entry in, QR code verified; 200 and nothing in the body."""
    az, client, kz = site
    answer = await post(client, grant(kz))
    assert (answer.status_code, answer.content) == (200, b"")
    issued = await client.post("/internal/permits", json=PERMIT, headers=INTERNAL)
    assert issued.json() == {"permit_id": "AZ-KZ-2026-2-1"}
    kz.take(acts.Change((az.log.entries[-1],)))
    activity = {"activity_type": "ENTRANCE", "activity_timestamp": NOON // 1000, "activity_details": "Kuryk"}
    used = kz.write(acts.use_permit(kz.ledger, "AZ-KZ-2026-2-1", activity, kz.author()))
    assert (await post(client, used)).status_code == 200
    code = kz.ledger.permits["AZ-KZ-2026-2-1"].created.text("qr_code")
    shown = (await client.get(f"/verify/{code}")).json()
    assert shown["claims"] == '{"res":"transit via Kuryk only","n":1.5}'
    assert (shown["plate_number"], shown["plate_number2"], shown["used"]) == ("10-AA-123", None, True)
    assert shown["activities"] == [
        {"activity_type": "ENTRANCE", "activity_timestamp": "2026-01-12T12:00", "activity_details": "Kuryk"}
    ]
    assert (await client.get("/verify/nothing")).status_code == 404
    told = [entry.facts for entry in az.log.entries if entry.facts]
    assert [facts["event_type"] for facts in told] == ["PERMIT_CREATED", "PERMIT_USED"]


async def test_refusals_have_the_shapes_of_the_reference_implementation(site: Trio) -> None:
    """400 names fields in camel case, 401 is a line of text, 422 has the code in its details."""
    az, client, kz = site
    first = grant(kz)
    assert (await post(client, first)).status_code == 200
    again = await post(client, first)
    assert (again.status_code, again.json()["status"]) == (422, "UNPROCESSABLE_ENTITY")
    assert again.json()["details"] == {"errorCode": "EVENT_ALREADY_EXISTS"}
    assert error_code(again.content) == "EVENT_ALREADY_EXISTS"
    bad = await client.post("/events/permit-used", json={"permit_id": "x"})
    assert (bad.status_code, bad.json()["status"]) == (400, "BAD_REQUEST")
    assert bad.json()["details"]["permitId"].endswith("got 'x'")
    assert bad.json()["details"]["activityType"] == "must be there"
    entry = grant(kz).entries[-1]
    for authorization, reason in (
        (None, "Authorization header not found"), ("Basic x", "Invalid authorization type"),
        ("Bearer x", "Invalid jws"), ("Bearer x.y", "Invalid jws"),
        (f"Bearer {first.entries[-1].record.proof}", "jws"),
    ):  # fmt: skip
        headers = {"Authorization": authorization} if authorization else {}
        answer = await client.post("/events/quota-created", content=entry.record.content, headers=headers)
        assert answer.status_code == 401
        assert reason in answer.text
    assert (await client.post("/events/unknown", json={})).status_code == 404
    assert (await client.post("/events/permit-used", content=b"x" * 70_000)).status_code in {400, 413}
    az.log.broken = True
    answer = await client.post(
        "/events/quota-created", content=entry.record.content,
        headers={"Authorization": f"Bearer {entry.record.proof}"},
    )  # fmt: skip
    assert answer.status_code == 503, "nothing is promised that the log does not have"


async def test_the_body_is_checked_as_it_was_parsed(site: Trio) -> None:
    """Another order, white space, numbers as text and unknown fields: the same event, the same proof."""
    _, client, kz = site
    entry = grant(kz).entries[-1]
    fields = dict(reversed(json.loads(entry.record.content).items()))
    body = json.dumps({**fields, "permit_type": "2", "later_version": {"x": 1}}, indent=2)
    answer = await client.post(
        "/events/quota-created", content=body, headers={"Authorization": f"Bearer {entry.record.proof}"}
    )
    assert answer.status_code == 200


async def test_the_health_check_compares_heads(site: Trio) -> None:
    """A token of an hour, for us, of a known key; the answer has both heads."""
    az, client, kz = site
    change = grant(kz)
    await post(client, change)
    now = int(az.clock())
    ours = kz.signers["1"]

    async def ask(token: str) -> httpx.Response:
        return await client.get("/healthcheck", headers={"Authorization": f"Bearer {token}"})

    good = await ask(ours.token("KZ", "AZ", now))
    assert good.json() == {"to_last_event_id": change.entries[0].record.id, "from_last_event_id": "0"}
    for token, status in (
        (ours.token("KZ", "UZ", now), 401), (ours.token("KZ", "AZ", now - 3600), 401),
        (ours.token("UZ", "AZ", now), 422), ("x", 401), ("x.y.z", 401),
    ):  # fmt: skip
        assert (await ask(token)).status_code == status
    assert (await client.get("/healthcheck")).status_code == 401


async def test_the_internal_api_wants_its_token_and_names_what_is_wrong(site: Trio) -> None:
    """Problem documents with field and rule; an act has a key, and done twice it is one act."""
    az, client, kz = site
    assert (await client.get("/internal")).status_code == 401
    await post(client, grant(kz))
    key = {**INTERNAL, "Idempotency-Key": "application 17"}
    one = await client.post("/internal/permits", json=PERMIT, headers=key)
    two = await client.post("/internal/permits", json=PERMIT, headers=key)
    assert one.json() == two.json()
    assert len(az.log.state.permits) == 1
    wrong = await client.post("/internal/permits", json={**PERMIT, "permit_type": 9}, headers=INTERNAL)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/permit_type")
    expired = await client.post(
        "/internal/permits", json={**PERMIT, "expires_at": "1/2/26"}, headers=INTERNAL
    )
    assert expired.json()["errors"][0]["rule"] == "a date as dd/MM/yyyy"
    gone = await client.delete("/internal/permits/AZ-KZ-2026-2-9", headers=INTERNAL)
    assert (gone.status_code, gone.json()["code"]) == (422, "permit-refused")
    assert (await client.get("/internal/permits/AZ-KZ-2026-2-9", headers=INTERNAL)).status_code == 404
    assert (
        (await client.delete("/internal/keys/1", headers=INTERNAL))
        .json()["detail"]
        .startswith("INSUFFICIENT_KEY")
    )
    assert (await client.get("/internal", headers=INTERNAL)).json()["permits"]["ISSUED"] == 1


@pytest.mark.parametrize(
    ("field", "method", "status", "code"),
    [
        (None, "GET", 401, "auth-missing"),
        (TOKEN, "GET", 401, "auth-invalid"),
        (f"Basic {TOKEN}", "GET", 401, "auth-invalid"),
        (f"Bearer Bearer {TOKEN}", "GET", 401, "auth-invalid"),
        ("Bearer nonsense", "POST", 401, "auth-invalid"),
        (f"bearer {TOKEN}", "GET", 200, ""),
        (f"Bearer {READER}", "GET", 200, ""),
        (f"Bearer {READER}", "POST", 403, "auth-denied"),
        (f"Bearer {READER}", "DELETE", 403, "auth-denied"),
        (f"Bearer {CLERK}", "POST", 422, "permit-refused"),
        (f"Bearer {CLERK}", "GET", 403, "auth-denied"),
    ],
)
async def test_the_internal_api_asks_who_and_what_for(
    site: Trio, field: str | None, method: str, status: int, code: str
) -> None:
    """A scheme, a token, and the scope of what is to be done: as at the broker's other APIs."""
    _, client, _ = site
    path = {"GET": "/internal", "POST": "/internal/permits", "DELETE": "/internal/keys/1"}[method]
    headers = {} if field is None else {"Authorization": field}
    answer = await client.request(method, path, headers=headers, json=PERMIT if method == "POST" else None)
    assert answer.status_code == status
    if code:
        assert answer.json()["code"] == code
    assert ("www-authenticate" in answer.headers) is (status == 401)


async def test_who_did_an_act_stands_in_the_log(site: Trio) -> None:
    """By the name of the token, done or refused; what is only read is not told."""
    _, client, kz = site
    await post(client, grant(kz))
    with structlog.testing.capture_logs() as lines:
        for token in (CLERK, TOKEN, READER, "nonsense"):
            headers = {"Authorization": f"Bearer {token}"}
            await client.post("/internal/permits", json=PERMIT, headers=headers)
            await client.get("/internal", headers=headers)
    told = [line for line in lines if line["event"].startswith("permit api")]
    assert [(one["event"], one.get("by"), one.get("code") or one["status"]) for one in told] == [
        ("permit api asked", "clerk", 200),
        ("permit api asked", "authority", 200),
        ("permit api refused", None, "auth-denied"),
        ("permit api refused", None, "auth-invalid"),
    ]
    assert {one["participant"] for one in told} == {"az"}
    assert {one["path"] for one in told} == {"/permits/internal/permits"}
    assert not any(token in str(lines) for token in (CLERK, TOKEN, READER))


async def test_a_report_over_the_corridor_is_one_event(site: Trio) -> None:
    """A border post's report, retried and corrected, is one PERMIT_USED; others' permits are not ours."""
    az, client, kz = site
    quota = az.log
    await az.authority.act(lambda ledger, author: acts.grant_quota(ledger, "KZ", 1, 2026, 5, author))
    kz.take(acts.Change((quota.entries[-1],)))
    application = acts.Application("AZ", 1, 2026, "Жүк", "1", "AZ", "123ABC02")
    created = kz.write(acts.issue_permit(kz.ledger, application, kz.author()))
    assert (await post(client, created)).status_code == 200
    report = {
        "event_id": "36244963-441b-5d29-ad94-d09c5d96b9e4", "event_type": "PERMIT_USED",
        "permit_id": "KZ-AZ-2026-1-1", "activity_type": "ENTRANCE", "activity_timestamp": NOON // 1000,
    }  # fmt: skip
    for details in ("Alat", "Alat, corrected"):
        answer = await client.post(
            "/internal/reports", json={**report, "activity_details": details}, headers=INTERNAL
        )
        assert answer.json()["outcome"] == "used"
    (activity,) = az.log.state.permits["KZ-AZ-2026-1-1"].activities
    assert activity.details == "Alat"
    assert quota.entries[-1].facts is None, "the corridor knows it already"
    other = await client.post(
        "/internal/reports", json={**report, "permit_id": "KZ-UZ-2026-1-1"}, headers=INTERNAL
    )
    assert other.json()["outcome"] == "not-ours"
    unknown = await client.post(
        "/internal/reports", json={**report, "permit_id": "KZ-AZ-2026-1-9"}, headers=INTERNAL
    )
    assert unknown.status_code == 422
    nonsense = await client.post(
        "/internal/reports", json={**report, "permit_id": "36244963-441b"}, headers=INTERNAL
    )
    assert nonsense.json()["errors"][0]["pointer"] == "/permit_id"


def peer_settings(url: str) -> AuthoritySettings:
    """Settings of an authority with one peer."""
    peer = PermitPeer(url=url, egress=Egress(networks=("127.0.0.0/8",)))
    return AuthoritySettings(
        code="AZ", title="AZ", keys=(), token="env:X", peers={"KZ": peer}, timeouts=Timeouts(total=5)
    )


def delivery(number: int) -> OutgoingMessage:
    """An event on its way."""
    body = json.dumps({"peer": "KZ", "path": "permit-created", "content": '{"a":1}', "proof": "h.s"})
    return OutgoingMessage(f"event-{number}", "PEER:KZ", body.encode())


FLAT = {"error_code": "EVENT_ALREADY_EXISTS", "error_message": "x"}
NESTED = {"status": "UNPROCESSABLE_ENTITY", "details": {"errorCode": "PREVIOUS_EVENT_NOTFOUND"}}


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {}, Delivered), (422, FLAT, Delivered),
        (422, {"details": {"errorCode": "EVENT_ALREADY_EXISTS"}}, Delivered),
        (422, NESTED, Retry), (422, {"details": {"errorCode": "PERMIT_NOTFOUND"}}, Retry), (422, [], Retry),
        (202, {}, Retry), (302, {}, Retry), (307, {}, Retry), (400, {}, Retry), (401, {}, Retry),
        (404, {}, Retry), (410, {}, Retry), (413, {}, Retry), (500, {}, Retry), (503, {}, Retry),
    ],
)  # fmt: skip
def test_only_two_answers_are_a_yes(status: int, body: object, outcome: type) -> None:
    """200 and EVENT_ALREADY_EXISTS, in both shapes. Nothing is parked: the chain cannot go on without it."""
    assert isinstance(verdict(Answer(status, httpx.Headers(), json.dumps(body).encode()), "k"), outcome)


async def test_events_go_one_behind_the_other(partner: ScriptedPartner) -> None:
    """Behind an event that was not taken none is sent; a redirect is followed nowhere."""
    sender = PeerPartner("az", peer_settings(partner.url), "KZ")
    partner.plan(Reply(200), Reply(302, headers={"Location": f"{partner.url}/elsewhere"}))
    outcomes = await sender.deliver([delivery(number) for number in range(4)])
    await sender.close()
    assert [type(outcome) for outcome in outcomes] == [Delivered, Retry, Retry, Retry]
    paths = [got.target for got in partner.got]
    assert paths == ["/events/permit-created"] * 2
    assert partner.got[0].headers["authorization"] == "Bearer h.s"
    assert partner.got[0].body == b'{"a":1}'


@pytest.mark.parametrize(
    ("location", "met"), [("/", True), ("https://elsewhere.example/", False), ("http://127.0.0.1:1/", False)]
)
async def test_a_handshake_stays_where_it_is(partner: ScriptedPartner, location: str, met: bool) -> None:
    """One redirect within the same scheme, host and port is followed; one that leads elsewhere is refused."""
    said: Mapping[str, Any] = {"code": "KZ", "keys": []}
    partner.plan(Reply(302, headers={"Location": location}), Reply(200, json.dumps(said).encode()))
    if met:
        assert await describe(peer_settings(partner.url), "KZ") == said
    else:
        with pytest.raises(LedgerRefusal):
            await describe(peer_settings(partner.url), "KZ")


@pytest.mark.parametrize("reply", [Reply(500), Reply(200, b"[]"), Reply(200, b"{"), Reply(404)])
async def test_a_handshake_without_a_description_is_refused(partner: ScriptedPartner, reply: Reply) -> None:
    """An answer that is no description is told, and asked for again later."""
    partner.plan(reply)
    with pytest.raises(CorridorError):
        await describe(peer_settings(partner.url), "KZ")
