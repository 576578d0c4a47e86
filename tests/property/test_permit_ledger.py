"""Whatever two authorities do, and however it arrives: their ledgers agree, and the peer refuses nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from schemas.epermit import acts
from schemas.epermit.acts import Application, Change
from schemas.epermit.ledger import Ledger
from schemas.epermit.refusal import LedgerRefusal
from tests.support.permits import NOON, Party, pair, signer

pytestmark = pytest.mark.system("epermit")

SIDES = st.sampled_from([0, 1])


def refused(act: Callable[[], object], *allowed: str) -> bool:
    """Do an act that may be refused, for one of these reasons only; tell whether it was."""
    try:
        act()
    except LedgerRefusal as refusal:
        if refusal.reason not in allowed:
            raise
        return True
    return False


class Exchange(RuleBasedStateMachine):
    """Two authorities, and a line between them that keeps order, repeats, and delays."""

    def __init__(self) -> None:
        super().__init__()
        self.parties = pair()
        self.way: tuple[list[Change], list[Change]] = ([], [])
        self.taken: tuple[list[Change], list[Change]] = ([], [])
        self.kids = [1, 1]

    def other(self, side: int) -> Party:
        """Give the authority on the other side."""
        return self.parties[1 - side]

    def do(self, side: int, change: Change) -> None:
        """Write a change, and put its events on the way."""
        self.parties[side].write(change)
        self.way[side].extend(Change((entry,)) for entry in change.entries if entry.event is not None)

    @rule(side=SIDES, quantity=st.integers(1, 3))
    def grant(self, side: int, quantity: int) -> None:
        """Grant a quota."""
        us = self.parties[side]
        self.do(side, acts.grant_quota(us.ledger, self.other(side).code, 1, 2026, quantity, us.author()))

    @rule(side=SIDES)
    def issue(self, side: int) -> None:
        """Issue a permit, if there is quota."""
        us, them = self.parties[side], self.other(side)
        wanted = Application(them.code, 1, 2026, "Ltd & <Sons>", "1", "UZ", "10AA123")
        refused(
            lambda: self.do(side, acts.issue_permit(us.ledger, wanted, us.author())),
            "INSUFFICIENT_PERMIT_QUOTA",
        )

    @rule(side=SIDES, pick=st.integers(0, 9))
    def use(self, side: int, pick: int) -> None:
        """Report the use of a permit."""
        us = self.parties[side]
        ours = [p for p, permit in us.ledger.permits.items() if permit.created.consumer == us.code]
        if ours:
            activity = {"activity_type": "ENTRANCE", "activity_timestamp": NOON // 1000}
            refused(
                lambda: self.do(
                    side, acts.use_permit(us.ledger, ours[pick % len(ours)], activity, us.author())
                ),
                "PERMIT_ALREADY_REVOKED",
            )

    @rule(side=SIDES, pick=st.integers(0, 9))
    def revoke(self, side: int, pick: int) -> None:
        """Revoke a permit."""
        us = self.parties[side]
        ours = [p for p, permit in us.ledger.permits.items() if permit.created.producer == us.code]
        if ours:
            refused(
                lambda: self.do(side, acts.revoke_permit(us.ledger, ours[pick % len(ours)], us.author())),
                "PERMIT_ALREADY_REVOKED",
                "PERMIT_USED",
            )

    @rule(side=SIDES)
    def rotate(self, side: int) -> None:
        """Make a new key and revoke the oldest."""
        us = self.parties[side]
        self.kids[side] += 1
        kid = str(self.kids[side])
        us.signers[kid] = signer(kid)
        self.do(side, acts.publish_keys(us.ledger, us.author()))
        self.do(side, acts.revoke_key(us.ledger, us.ledger.valid_keys[0], us.author()))

    @precondition(lambda self: any(self.way))
    @rule(side=SIDES)
    def arrive(self, side: int) -> None:
        """Let the next event arrive."""
        if self.way[side]:
            change = self.way[side].pop(0)
            self.other(side).take(change)
            self.taken[side].append(change)

    @rule(side=SIDES, pick=st.integers(0, 99))
    def repeat(self, side: int, pick: int) -> None:
        """Send an event again: it changes nothing."""
        if self.taken[side]:
            again = self.taken[side][pick % len(self.taken[side])]
            assert refused(lambda: self.other(side).take(again), "EVENT_ALREADY_EXISTS")

    @rule(side=SIDES)
    def overtake(self, side: int) -> None:
        """Send the second before the first: it is not taken."""
        if len(self.way[side]) > 1:
            second = self.way[side][1]
            assert refused(lambda: self.other(side).take(second), "PREVIOUS_EVENT_NOTFOUND", "KEY_NOTFOUND")

    @invariant()
    def no_forks(self) -> None:
        """Nobody ever forks."""
        assert all(party.ledger.forks == [] for party in self.parties)

    def teardown(self) -> None:
        """Let everything arrive, and compare."""
        for side in (0, 1):
            while self.way[side]:
                self.other(side).take(self.way[side].pop(0))
        left, right = (party.ledger for party in self.parties)
        for ends in (("AZ", "KZ"), ("KZ", "AZ")):
            assert left.chain(*ends).head == right.chain(*ends).head
            assert len(left.chain(*ends)) == len(right.chain(*ends))
        assert left.quotas == right.quotas
        assert {p: permit.state for p, permit in left.permits.items()} == {
            p: permit.state for p, permit in right.permits.items()
        }
        for party in self.parties:
            again = Ledger(party.code)
            for record in party.records:
                again.apply(record)
            assert again.permits == party.ledger.permits


Exchange.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestExchange = Exchange.TestCase
"""Both chains end with the same heads, both ledgers with the same permits; a replay gives the same state."""
