"""Two ledgers that exchange everything agree, and nothing gets into one that the other would refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from schemas.epermit import acts
from schemas.epermit.acts import Application
from schemas.epermit.keys import public_jwk
from schemas.epermit.ledger import Ledger, QuotaKey
from schemas.epermit.refusal import LedgerRefusal, Untrusted
from tests.support.permits import NOON, USED, Party, event, pair, signer

pytestmark = pytest.mark.system("epermit")

TRUCK = Application("KZ", 2, 2026, "Xəzər Trans MMC", "1401555071", "UZ", "10AA123", "99XX456")
ENTERED = {"activity_type": "ENTRANCE", "activity_timestamp": NOON // 1000, "activity_details": "Kuryk port"}


def grant(az: Party, kz: Party, quantity: int = 2) -> None:
    """Let Azerbaijan issue permits for Kazakhstan."""
    az.take(kz.write(acts.grant_quota(kz.ledger, "AZ", 2, 2026, quantity, kz.author())))


def issue(az: Party, kz: Party) -> str:
    """Issue one permit, and have it received."""
    change = az.write(acts.issue_permit(az.ledger, TRUCK, az.author()))
    kz.take(change)
    return str(change.result["permit_id"])


def refusal(act: Callable[[], object]) -> str:
    """Give the protocol's code of a refused act."""
    with pytest.raises(LedgerRefusal) as refused:
        act()
    return refused.value.reason


def test_a_permit_lives() -> None:
    """Quota, issue, entry, exit: both sides see the same states, and both chains have the same heads."""
    az, kz = pair()
    grant(az, kz)
    permit_id = issue(az, kz)
    assert permit_id == "AZ-KZ-2026-2-1"
    assert kz.ledger.permits[permit_id].state == "ISSUED"
    for kind in ("ENTRANCE", "EXIT"):
        activity = {**ENTERED, "activity_type": kind}
        az.take(kz.write(acts.use_permit(kz.ledger, permit_id, activity, kz.author())))
    for ledger in (az.ledger, kz.ledger):
        assert ledger.permits[permit_id].state == "USED"
        assert [a.type for a in ledger.permits[permit_id].activities] == ["ENTRANCE", "EXIT"]
        assert len(ledger.chain("KZ", "AZ")) == 3
    for ends in (("AZ", "KZ"), ("KZ", "AZ")):
        assert az.ledger.chain(*ends).head == kz.ledger.chain(*ends).head != "0"
    assert az.ledger.forks == kz.ledger.forks == []


def test_quotas_accumulate_and_end() -> None:
    """Two grants add up; the serial after the last is refused here, before the peer would refuse it."""
    az, kz = pair()
    assert refusal(lambda: issue(az, kz)) == "INSUFFICIENT_PERMIT_QUOTA"
    grant(az, kz, 1)
    grant(az, kz, 1)
    assert az.ledger.quotas[QuotaKey("AZ", "KZ", 2, 2026)].total == 2
    assert [issue(az, kz), issue(az, kz)] == ["AZ-KZ-2026-2-1", "AZ-KZ-2026-2-2"]
    assert refusal(lambda: issue(az, kz)) == "INSUFFICIENT_PERMIT_QUOTA"


def test_a_revoked_permit_is_used_no_more_and_a_used_one_not_revoked() -> None:
    """The issuer cannot revoke what was used; the border does not report a revoked permit as used."""
    az, kz = pair()
    grant(az, kz)
    first, second = issue(az, kz), issue(az, kz)
    kz.take(az.write(acts.revoke_permit(az.ledger, first, az.author())))
    assert kz.ledger.permits[first].state == "REVOKED"
    assert (
        refusal(lambda: acts.use_permit(kz.ledger, first, ENTERED, kz.author())) == "PERMIT_ALREADY_REVOKED"
    )
    assert refusal(lambda: acts.revoke_permit(az.ledger, first, az.author())) == "PERMIT_ALREADY_REVOKED"
    az.take(kz.write(acts.use_permit(kz.ledger, second, ENTERED, kz.author())))
    assert refusal(lambda: acts.revoke_permit(az.ledger, second, az.author())) == "PERMIT_USED"
    assert refusal(lambda: acts.revoke_permit(kz.ledger, second, kz.author())) == "PERMIT_NOTFOUND"
    assert refusal(lambda: acts.use_permit(az.ledger, second, ENTERED, az.author())) == "PERMIT_NOTFOUND"


def test_a_use_that_crossed_the_revocation_is_kept_and_told() -> None:
    """Used at the border while the revocation was on its way: it is in the ledger, marked, and goes on."""
    az, kz = pair()
    grant(az, kz)
    permit_id = issue(az, kz)
    used = kz.write(acts.use_permit(kz.ledger, permit_id, ENTERED, kz.author()))
    revoked = az.write(acts.revoke_permit(az.ledger, permit_id, az.author()))
    az.take(used)
    kz.take(revoked)
    (activity,) = az.ledger.permits[permit_id].activities
    assert activity.after_revocation
    assert az.ledger.permits[permit_id].state == kz.ledger.permits[permit_id].state == "REVOKED"


def test_the_same_act_again_changes_nothing() -> None:
    """An act has an id: done twice it gives the same answer and writes one event."""
    az, kz = pair()
    grant(az, kz)
    one = az.write(acts.issue_permit(az.ledger, TRUCK, az.author("same")))
    two = az.write(acts.issue_permit(az.ledger, TRUCK, az.author("same")))
    assert one.result == two.result
    assert len(one.entries), not two.entries
    assert len(az.ledger.permits) == 1


def test_order_and_repetition() -> None:
    """Twice is EVENT_ALREADY_EXISTS, too early PREVIOUS_EVENT_NOTFOUND, a second first one GENESIS."""
    az, kz = pair()
    first = kz.write(acts.grant_quota(kz.ledger, "AZ", 2, 2026, 1, kz.author()))
    second = kz.write(acts.grant_quota(kz.ledger, "AZ", 2, 2026, 1, kz.author()))
    assert refusal(lambda: az.take(second)) == "PREVIOUS_EVENT_NOTFOUND"
    az.take(first)
    assert refusal(lambda: az.take(first)) == "EVENT_ALREADY_EXISTS"
    az.take(second)
    other = event(dict(second.entries[0].event.values), previous_event_id="0", event_id="0123456789abcdef")
    proof = kz.signers["1"].proof(other.canonical)
    assert (
        refusal(lambda: acts.receive(az.ledger, other, proof, az.author())) == "GENESIS_EVENT_ALREADY_EXISTS"
    )


def test_a_fork_is_taken_and_told() -> None:
    """The protocol lets two events follow the same one. Both count, and the fork is on record."""
    az, kz = pair()
    first = kz.write(acts.grant_quota(kz.ledger, "AZ", 2, 2026, 1, kz.author()))
    az.take(first)
    az.take(kz.write(acts.grant_quota(kz.ledger, "AZ", 2, 2026, 1, kz.author())))
    fork = event(
        dict(first.entries[0].event.values),
        previous_event_id=first.entries[0].record.id,
        event_id="0123456789abcdef",
    )
    az.write(acts.receive(az.ledger, fork, kz.signers["1"].proof(fork.canonical), az.author()))
    (told,) = az.ledger.forks
    assert (told.previous, told.second) == (first.entries[0].record.id, fork.id)
    assert az.ledger.chain("KZ", "AZ").head == fork.id
    assert az.ledger.quotas[QuotaKey("AZ", "KZ", 2, 2026)].total == 3


def test_keys_rotate() -> None:
    """A new key is told with the old one's proof, the old one revoked with the new one's; work goes on."""
    az, kz = pair()
    grant(az, kz)
    late = az.write(acts.issue_permit(az.ledger, TRUCK, az.author()))
    az.signers["2"] = signer("2")
    created = az.write(acts.publish_keys(az.ledger, az.author()))
    kz.take(late)
    kz.take(created)
    revoked = az.write(acts.revoke_key(az.ledger, "1", az.author()))
    kz.take(revoked)
    assert list(kz.ledger.peers["AZ"].valid) == ["2"]
    assert refusal(lambda: kz.take(late)) == "EVENT_ALREADY_EXISTS", "known before, though its key is revoked"
    issue(az, kz)
    assert refusal(lambda: acts.revoke_key(az.ledger, "2", az.author())) == "INSUFFICIENT_KEY"
    assert refusal(lambda: acts.revoke_key(az.ledger, "9", az.author())) == "KEY_NOTFOUND"


def test_a_revoked_key_signs_nothing_new() -> None:
    """An event with a revoked key's proof is KEY_NOTFOUND, as in the reference implementation."""
    az, kz = pair()
    az.signers["2"] = signer("2")
    kz.take(az.write(acts.publish_keys(az.ledger, az.author())))
    kz.take(az.write(acts.revoke_key(az.ledger, "1", az.author())))
    change = az.write(acts.grant_quota(az.ledger, "KZ", 1, 2026, 1, az.author()))
    stale = az.signers["1"].proof(change.entries[0].event.canonical)
    assert (
        refusal(lambda: acts.receive(kz.ledger, change.entries[0].event, stale, kz.author()))
        == "KEY_NOTFOUND"
    )


def test_a_key_from_the_handshake_may_be_told_again() -> None:
    """The same key once more is no error: refusing it would stop the chain for good. Another one is."""
    az, kz = Party("AZ"), Party("KZ")
    az.meet(kz)
    az.signers["2"] = signer("2")
    created = az.write(acts.publish_keys(az.ledger, az.author()))
    kz.meet(az)  # it gets both keys here, and hears of the second again
    kz.take(created)
    assert list(kz.ledger.peers["AZ"].valid) == ["1", "2"]
    other = public_jwk(signer("2").key, "2")
    fields = dict(created.entries[-1].event.values)
    forged = event(fields, jwk=str(other).replace("'", '"'), event_id="0123456789abcdef",
                   previous_event_id=created.entries[-1].record.id)  # fmt: skip
    proof = az.signers["1"].proof(forged.canonical)
    assert refusal(lambda: acts.receive(kz.ledger, forged, proof, kz.author())) == "KEYID_ALREADY_EXISTS"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"permit_id": "AZ-KZ-2026-2-3"}, "INVALID_PERMIT_QUOTA_RANGE"),
        ({"permit_id": "AZ-KZ-2026-2-0"}, "INVALID_PERMIT_QUOTA_RANGE"),
        ({"permit_id": "AZ-KZ-2026-1-2"}, "INVALID_PERMITID"),
        ({"permit_type": 1, "permit_id": "AZ-KZ-2026-1-2"}, "INSUFFICIENT_PERMIT_QUOTA"),
        ({"permit_id": "AZ-KZ-2026-2-1"}, "PERMITID_ALREADY_EXISTS"),
    ],
)
def test_a_permit_outside_of_the_rules_is_refused(changes: dict[str, Any], reason: str) -> None:
    """Serial, id and quota are checked against what our country granted."""
    az, kz = pair()
    grant(az, kz)
    change = az.write(acts.issue_permit(az.ledger, TRUCK, az.author()))
    kz.take(change)
    fields = dict(change.entries[0].event.values)
    bad = event(fields, **changes, event_id="0123456789abcdef", previous_event_id=change.entries[0].record.id)
    proof = az.signers["1"].proof(bad.canonical)
    assert refusal(lambda: acts.receive(kz.ledger, bad, proof, kz.author())) == reason


def test_only_the_known_and_only_for_us() -> None:
    """An unknown producer, another consumer, another's signature: 401, and nothing of it is remembered."""
    az, kz = pair()
    grant(az, kz)
    change = az.write(acts.issue_permit(az.ledger, TRUCK, az.author()))
    made, proof = change.entries[0].event, change.entries[0].record.proof or ""
    for ledger in (Ledger("KZ"), az.ledger):
        with pytest.raises(Untrusted):
            acts.receive(ledger, made, proof, kz.author())
    for bad in (signer().proof(made.canonical), "", "x.y"):
        with pytest.raises(Untrusted):
            acts.receive(kz.ledger, made, bad, kz.author())
    assert "AZ-KZ-2026-2-1" not in kz.ledger.permits


def test_a_use_of_anothers_permit_is_not_found() -> None:
    """Only the country that a permit was issued for reports its use, and only to the issuer."""
    az, kz = pair()
    uz = Party("UZ")
    uz.meet(az)
    az.meet(uz)
    grant(az, kz)
    permit_id = issue(az, kz)
    bad = event(USED, permit_id=permit_id, event_producer="UZ", previous_event_id="0")
    proof = uz.signers["1"].proof(bad.canonical)
    assert refusal(lambda: acts.receive(az.ledger, bad, proof, az.author())) == "PERMIT_NOTFOUND"


def test_a_replay_of_the_records_is_the_same_state() -> None:
    """The ledger is what its records add up to, nothing else."""
    az, kz = pair()
    grant(az, kz)
    kz.take(az.write(acts.revoke_permit(az.ledger, issue(az, kz), az.author())))
    again = Ledger("AZ")
    for offset, record in enumerate(az.records):
        again.apply(record, offset)
    again.apply(None, len(az.records))
    assert again.permits == az.ledger.permits
    assert again.quotas == az.ledger.quotas
    assert again.peers == az.ledger.peers
    assert {p: c.head for p, c in again.chains.items()} == {p: c.head for p, c in az.ledger.chains.items()}


def test_what_the_corridor_is_told_names_truck_and_permit() -> None:
    """A use says only the permit's id; what is told has the plates, the countries and the company too."""
    az, kz = pair()
    grant(az, kz)
    permit_id = issue(az, kz)
    used = acts.use_permit(kz.ledger, permit_id, ENTERED, kz.author()).entries[0].facts
    assert used is not None
    assert (used["plate_number"], used["plate_number2"], used["arrival_country"]) == (
        "10AA123",
        "99XX456",
        "UZ",
    )
    assert (used["event_type"], used["activity_type"]) == ("PERMIT_USED", "ENTRANCE")
    quiet = acts.use_permit(kz.ledger, permit_id, ENTERED, kz.author(), told=False)
    assert quiet.entries[0].facts is None


def test_a_handshake_with_another_is_refused() -> None:
    """The address must be of the authority that we mean, and it must have keys."""
    az, kz = Party("AZ"), Party("KZ")
    for said in ({**kz.description(), "code": "UZ"}, {**kz.description(), "keys": []}, {"code": "KZ"}):
        assert refusal(lambda s=said: acts.add_peer(az.ledger, "KZ", "u", s, az.author())) == "REMOTE_ERROR"
