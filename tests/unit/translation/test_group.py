"""``group`` of the state kind ``latest``: what several sources tell of one thing is told as one."""

from __future__ import annotations

from itertools import permutations

from schemas.errors import Permanent
from schemas.translation.group import Group, Member, Told

DAY = 86_400_000


def group(*times: int) -> Group:
    """Members named a, b, c … at these days."""
    return Group({chr(97 + n): Member(at * DAY, 0, b"", 0) for n, at in enumerate(times)})


def test_members_lie_within_a_span_from_the_first() -> None:
    """No chain: the third day after the first is another cluster, however close the second is."""
    assert group(0, 2, 4, 30).clusters(3 * DAY) == [["a", "b"], ["c"], ["d"]]


def test_clusters_depend_on_the_members_alone() -> None:
    """Any order of arrival."""
    members = group(0, 1, 3, 9, 11).members
    found = set()
    for order in permutations(members):
        arrived = Group({name: members[name] for name in order})
        found.add(str(arrived.clusters(3 * DAY)))
    assert len(found) == 1


def test_the_highest_rank_has_the_last_word_then_the_latest_time() -> None:
    """Rank before time."""
    members = {"a": Member(5, 2, b"", 0), "b": Member(9, 1, b"", 0), "c": Member(7, 2, b"", 0)}
    assert Group(members).last_word([*members]) == "c"


def test_an_id_is_not_used_again() -> None:
    """What was taken back stays so: the next event of the same days has another id, the same in every run."""
    one = Group()
    first = one.fresh("dlp", "k", 3)
    assert first == Group().fresh("dlp", "k", 3)
    one.told.append(Told(first, 2, b"", [], retracted=True))
    assert one.fresh("dlp", "k", 3) != first


def test_what_is_old_is_forgotten() -> None:
    """Members accepted before the span of the state go, and what was made of them alone."""
    one = group(0, 1)
    one.told.append(Told("x", 1, b"", ["a"]))
    one.forget(0)
    assert (one.members, one.told) == ({}, [])


def test_an_id_that_was_taken_back_is_known_as_long_as_the_state_lasts() -> None:
    """No member is left of it, and none comes under its id; after the span of the state it is forgotten."""
    one = Group(told=[Told(Group().fresh("dlp", "k", 3), 2, b"", ["a"], retracted=True, accepted=7)])
    one.forget(6)
    assert one.fresh("dlp", "k", 3) != Group().fresh("dlp", "k", 3)
    one.forget(7)
    assert one.told == []


def test_an_id_is_not_used_again_when_its_members_cannot_be_read_any_more() -> None:
    """What only they told stays told: nothing else is told under its id, and it is not taken back."""
    one = group(0)
    one.told.append(Told(Group().fresh("dlp", "k", 3), 2, b"", ["a"], accepted=7))

    def unreadable(_: bytes) -> bytes:
        raise Permanent("schema-incompatible", "unreadable")

    assert one.rewrite(b"new", unreadable) == ["a"]
    one.forget(6)
    assert one.fresh("dlp", "k", 3) != Group().fresh("dlp", "k", 3)
    assert one.pairs([]) == ([], [])
