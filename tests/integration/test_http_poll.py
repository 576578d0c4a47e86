"""Polling a partner on real sockets: pages, cursors, overlap, and answers that are not to be trusted."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.poll.place import FeedPosition, decode_place, later
from connectors.poll.source import HttpSource
from connectors.ports import PolledPage
from schemas.errors import Invalid, Misconfigured, Transient
from tests.support.blocking import nothing_blocks
from tests.support.edges import LOOPBACK, NO_FIELDS, TOKEN, event_format, participant
from tests.support.partner import Got, Reply, ScriptedPartner, scripted_partner

Make = Callable[..., HttpSource]


@pytest.fixture
async def far() -> AsyncIterator[ScriptedPartner]:
    """Run a scripted partner."""
    async with scripted_partner() as made:
        yield made


@pytest.fixture
async def make(far: ScriptedPartner, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    """Give a function that builds sources on the scripted partner."""
    monkeypatch.setenv("P_TOKEN", TOKEN)
    async with AsyncExitStack() as stack:

        def build(**poll: object) -> HttpSource:
            conf = {"url": f"{far.url}/events?type=all", "egress": LOOPBACK, "page_size": 3, **poll}
            made = HttpSource(participant(poll=conf), event_format(), now=lambda: 1000.0)
            stack.push_async_callback(made.close)
            return made

        yield build


def event(number: int, at: str | None = None) -> dict[str, object]:
    """Build an item."""
    return {"id": f"e-{number}", "n": number} | ({"at": at} if at else {})


def page(items: list[dict[str, object]], **envelope: object) -> Reply:
    """Build a page."""
    return Reply(200, json.dumps({"items": items, **envelope}).encode())


def query(got: Got) -> dict[str, str]:
    """Give the query of a request."""
    return {name: values[0] for name, values in parse_qs(urlsplit(got.target).query).items()}


def numbers(found: PolledPage) -> list[str]:
    """Give the ids of a page."""
    return [message.id for message in found.messages]


async def drain(source: HttpSource, cursor: str = "") -> tuple[list[str], str]:
    """Poll until nothing is left."""
    ids: list[str] = []
    while True:
        found = await source.poll(cursor)
        ids += numbers(found)
        cursor = found.cursor
        if not found.more:
            return ids, cursor


class Feed:
    """A partner with a list of events, read by a cursor that is an index."""

    def __init__(self, far: ScriptedPartner, count: int) -> None:
        self.events = [event(n) for n in range(count)]
        far.otherwise = self.answer

    def answer(self, got: Got) -> Reply:
        """Give the page at the cursor; the last page has a cursor as well."""
        asked = query(got)
        start, size = int(asked.get("cursor", "0")), int(asked["limit"])
        items = self.events[start : start + size]
        etag = f'"{start}-{len(items)}"'
        if got.headers.get("if-none-match") == etag:
            return Reply(304)
        body = json.dumps({"items": items, "cursor": str(start + len(items))}).encode()
        return Reply(200, body, {"ETag": etag})


async def test_cursor_pages(make: Make, far: ScriptedPartner) -> None:
    """All pages are read once, in order, and the cursor goes on where it stopped when more comes."""
    feed = Feed(far, 8)
    with nothing_blocks():
        ids, cursor = await drain(make())
    assert ids == [f"e-{n}" for n in range(8)]
    assert query(far.got[0]) == {"type": "all", "limit": "3"}
    feed.events += [event(n) for n in range(8, 10)]
    ids, _ = await drain(make(), cursor)
    assert ids == ["e-8", "e-9"]


async def test_message(make: Make, far: ScriptedPartner) -> None:
    """An item becomes a message as a webhook's would, with the digest of its bytes on the wire."""
    far.plan(Reply(200, b'{"items":[{"id":"e-1", "n":1}]}'))
    [message] = (await make().poll("")).messages
    assert (message.participant, message.id, message.key, message.body) == (
        "p",
        "e-1",
        b"e-1",
        b"\x06e-1\x02\x00",
    )
    assert message.accepted == 1_000_000
    assert len(message.digest) == 32


async def test_not_modified(make: Make, far: ScriptedPartner) -> None:
    """At the end of the feed the ETag goes along, and 304 is an empty page that keeps the cursor."""
    Feed(far, 3)
    source = make()
    _, cursor = await drain(source)
    found = await source.poll(cursor)
    assert (numbers(found), found.more, found.cursor) == ([], False, cursor)
    assert far.got[-1].headers["if-none-match"] == '"3-0"'


async def test_next_links(make: Make, far: ScriptedPartner) -> None:
    """A ``next`` link, absolute or relative, in the body or in a Link header, leads to the next page."""
    far.plan(
        page([event(1)], next="/events?page=2"),
        page([event(2)], next=f"{far.url}/events?page=3"),
        Reply(
            200,
            json.dumps({"items": [event(3)]}).encode(),
            {"Link": '</a>; rel="prev", </events?page=4>; rel="next"'},
        ),
        page([event(4)]),
    )
    ids, _ = await drain(make())
    assert ids == ["e-1", "e-2", "e-3", "e-4"]
    assert [got.target for got in far.got][1:] == ["/events?page=2", "/events?page=3", "/events?page=4"]


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/events",
        "https://127.0.0.1/events",
        "//evil.example/events",
        "http://evil.example/",
        "http://user:pw@{host}/events",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:{port}/",
        "http://{host}@evil.example/",
        "javascript:alert(1)",
    ],
)
async def test_next_link_stays_on_the_origin(make: Make, far: ScriptedPartner, link: str) -> None:
    """A link to elsewhere is not followed; the cursor stays, so nothing behind it is skipped."""
    host = far.url.removeprefix("http://")
    far.plan(page([event(1)], next=link.format(host=host, port=host.split(":")[1])))
    with pytest.raises(Transient) as caught:
        await make().poll("")
    assert caught.value.code == "settings-unsafe"
    assert len(far.got) == 1


async def test_stored_cursor_to_elsewhere(make: Make) -> None:
    """A stored cursor that leads to another origin (the address was changed) is refused."""
    with pytest.raises(Misconfigured):
        await make().poll(FeedPosition(next="https://evil.example/").encode())


async def test_overlap_by_time(make: Make, far: ScriptedPartner) -> None:
    """A round begins the overlap before the newest item; items come again, none is missed."""
    source = make(since_param="since", time="/at", overlap=60, items="", cursor="", next="")
    first = [event(1, "2026-01-12T08:30:00Z"), event(2, "2026-01-12T14:29:00+06:00"), event(3, "naive")]
    far.plan(Reply(200, json.dumps(first).encode()), Reply(200, json.dumps(first[:1]).encode()))
    ids, cursor = await drain(source)
    again, _ = await drain(source, cursor)
    assert (ids, again) == (["e-1", "e-2", "e-3"], ["e-1"])
    assert "since" not in query(far.got[0])
    assert query(far.got[1])["since"] == "2026-01-12T08:29:00.000Z"


async def test_the_filters_of_a_round_go_with_every_cursor(make: Make, far: ScriptedPartner) -> None:
    """DCSA T&T 3.0, Next-Page-Cursor: the first parameters are repeated; the time is that of the start."""
    source = make(since_param="since", time="/at", overlap=60)
    far.plan(
        page([event(1, "2026-01-12T08:30:00Z")]),
        page([event(2, "2026-01-12T09:30:00Z")], cursor="p2"),
        page([event(3, "2026-01-12T10:30:00Z")], cursor="p3"),
        page([event(4, "2026-01-12T11:30:00Z")]),
    )
    _, cursor = await drain(source)
    await drain(source, cursor)
    asked = [(query(got).get("cursor"), query(got).get("since")) for got in far.got]
    began = "2026-01-12T08:29:00.000Z"
    assert asked == [(None, None), (None, began), ("p2", began), ("p3", began)]


when = datetime.fromisoformat


class Tracking:
    """A feed as DCSA Track & Trace 3.0 has it: version and next cursor in header fields, filters repeated."""

    def __init__(self, far: ScriptedPartner, count: int) -> None:
        minutes = [f"2026-01-12T03:{number:02d}:00Z" for number in range(count)]
        self.events = [event(number, at) for number, at in enumerate(minutes)]
        self.cursors: list[str | None] = []
        far.otherwise = self.answer

    def answer(self, got: Got) -> Reply:
        """Give a page, or a refusal of what does not say all that it must."""
        asked = query(got)
        if got.headers.get("api-version") != "3.0.0" or {"type", "updated"} - asked.keys():
            return Reply(400)
        self.cursors.append(asked.get("cursor"))
        start, size, least = int(asked.get("cursor", 0)), int(asked["limit"]), when(asked["updated"])
        found = [one for one in self.events if when(str(one["at"])) >= least]
        after = {"Next-Page-Cursor": str(start + size)} if start + size < len(found) else {}
        body = json.dumps({"events": found[start : start + size], "cursor": "nonsense"}).encode()
        return Reply(200, body, {"API-Version": "3.0.0", **after})


TRACKING: dict[str, object] = {
    "headers": {"API-Version": "3.0.0"}, "cursor_header": "Next-Page-Cursor", "cursor": "",
    "items": "/events", "page_size": 10,
    "since_param": "updated", "since": "2026-01-12T00:00:00Z", "time": "/at",
}  # fmt: skip
"""Settings of such a feed."""


async def test_a_cursor_in_a_header_field(make: Make, far: ScriptedPartner) -> None:
    """25 events, once, in three pages, over a restart: each has the filter, the time and the version."""
    feed = Tracking(far, 25)
    first = await make(**TRACKING).poll("")
    assert (len(first.messages), first.more) == (10, True)
    rest, cursor = await drain(make(**TRACKING), first.cursor)
    assert numbers(first) + rest == [f"e-{number}" for number in range(25)]
    assert feed.cursors == [None, "10", "20"]
    assert {query(got)["updated"] for got in far.got} == {"2026-01-12T00:00:00Z"}
    assert (await drain(make(**TRACKING), cursor))[0] == ["e-23", "e-24"], "the overlap, which the log knows"
    assert query(far.got[-1])["updated"] == "2026-01-12T03:23:00.000Z"


@pytest.mark.parametrize("cursor", ["", "a" * 5000])
async def test_a_header_field_without_a_cursor(make: Make, far: ScriptedPartner, cursor: str) -> None:
    """What is no cursor is none: the page is the last one, unless its body has one."""
    fields = {"Next-Page-Cursor": cursor}
    far.plan(Reply(200, b'{"items":[]}', fields), Reply(200, b'{"items":[],"cursor":"c2"}', fields))
    source = make(cursor_header="Next-Page-Cursor")
    assert not (await source.poll("")).more
    assert decode_place((await source.poll("")).cursor).cursor == "c2"


async def test_header_fields_of_the_settings(make: Make, far: ScriptedPartner) -> None:
    """They go with each request as they are, once, and before our own ``Accept``."""
    source = make(headers={"X-Zone": "a b", "accept": "application/vnd.x+json"})
    far.plan(page([event(1)]))
    await source.poll("")
    assert (far.got[0].headers["x-zone"], far.got[0].headers["accept"]) == ("a b", "application/vnd.x+json")


@pytest.mark.parametrize("fields", NO_FIELDS)
def test_what_is_no_header_field_is_refused(fields: dict[str, str]) -> None:
    """Line breaks, names that are none, and what the broker says itself: at the start."""
    with pytest.raises(Misconfigured):
        HttpSource(participant(poll={"url": "https://x.example/", "headers": fields}), event_format())


async def test_a_page_with_more_items_than_asked_for_is_refused(make: Make, far: ScriptedPartner) -> None:
    """A partner does not decide how much is read: nothing is made of the 100,000 items."""
    source = make(page_size=100)
    bomb = json.dumps({"items": list(range(100_000))}).encode()
    far.plan(Reply(200, gzip.compress(bomb), {"Content-Encoding": "gzip"}), page([event(1)]))
    with pytest.raises(Transient) as caught:
        await source.poll("")
    assert caught.value.code == "batch-too-large"
    assert numbers(await source.poll("")) == ["e-1"]


async def test_bad_items_do_not_stop_the_page(make: Make, far: ScriptedPartner) -> None:
    """Each item that cannot be read is reported with its bytes and reason; its neighbours go on."""
    large = b'{"id":"' + b"x" * 1000 + b'","n":1}'
    items = [b'{"id":"a","n":1}', b'{"id":"b","n":"x"}', b"7", b'{"id":"","n":1}', large, b'{"id":"c","n":3}']
    far.plan(Reply(200, b'{"items":[' + b",".join(items) + b'],"cursor":"5"}'))
    found = await make(limits={"record": 900}, page_size=10).poll("")
    assert numbers(found) == ["a", "c"]
    assert [(bad.body, bad.error.code) for bad in found.rejected] == [
        (items[1], "schema-violation"),
        (items[2], "schema-violation"),
        (items[3], "id-missing"),
        (large, "body-too-large"),
    ]
    assert len({bad.id for bad in found.rejected}) == 4
    assert found.more


async def test_what_commands_a_terminal_is_a_rejected_item(make: Make, far: ScriptedPartner) -> None:
    """A polled partner's texts are held to the same rule; the item is kept whole with field and value."""
    far.plan(page([event(1, at="a\x1b[2J\u202e"), event(2)]))
    found = await make().poll("")
    assert numbers(found) == ["e-2"]
    [bad] = found.rejected
    assert isinstance(bad.error, Invalid)
    assert (bad.error.pointer, bad.error.value) == ("/at", "a\\u001b[2J\\u202e")
    assert "U+001B" in bad.error.rule
    assert bad.error.message.isprintable()


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, b"<html>"), "json-malformed"),
        (Reply(200, b'{"other":[]}'), "json-malformed"),
        (Reply(200, b'{"items":{}}'), "json-malformed"),
        (Reply(200, b'{"items":[{"id":"a"'), "json-malformed"),
        (Reply(200, b'{"items":' * 100_000), "json-malformed"),
        (Reply(200, gzip.compress(bytes(8 << 20)), {"Content-Encoding": "gzip"}), "body-too-large"),
        (Reply(200, b"x", {"Content-Encoding": "br"}), "encoding-unsupported"),
        (Reply(302, headers={"Location": "/elsewhere"}), "partner-unavailable"),
        (Reply(403), "partner-unauthorized"),
        (Reply(404), "partner-unavailable"),
        (Reply(410), "partner-gone"),
        (Reply(500), "partner-unavailable"),
        (Reply(204), "partner-unavailable"),
        (Reply(cut=20), "partner-unavailable"),
    ],
)
async def test_page_that_cannot_be_used(make: Make, far: ScriptedPartner, reply: Reply, code: str) -> None:
    """An answer that is no page is tried again later; the same cursor then gives the page."""
    source = make()
    far.plan(reply, page([event(1)]))
    with pytest.raises(Transient) as caught:
        await source.poll("")
    assert caught.value.code == code
    assert numbers(await source.poll("")) == ["e-1"]
    assert all(got.target.startswith("/events") for got in far.got)


async def test_retry_after(make: Make, far: ScriptedPartner) -> None:
    """A partner that asks to wait is waited for."""
    far.plan(Reply(429, headers={"Retry-After": "7"}))
    with pytest.raises(Transient) as caught:
        await make().poll("")
    assert caught.value.retry_after == 7


async def test_page_that_is_too_large_is_asked_for_in_halves(make: Make, far: ScriptedPartner) -> None:
    """A page over the limit does not stop the feed for good: the next one asked for is smaller."""
    source = make(limits={"decoded": 150})
    Feed(far, 6)
    source._size = 6
    with pytest.raises(Transient):
        await source.poll("")
    ids, _ = await drain(source)
    assert ids == [f"e-{n}" for n in range(6)]


async def test_expired_cursor(make: Make, far: ScriptedPartner) -> None:
    """A cursor that the partner has forgotten (410) is given up, and reading begins again."""
    far.plan(page([event(1)], cursor="7"), Reply(410), page([event(1), event(2)]))
    ids, _ = await drain(make())
    assert ids == ["e-1", "e-1", "e-2"]
    assert "cursor" not in query(far.got[2])


async def test_empty_pages_are_followed_but_not_for_ever(make: Make, far: ScriptedPartner) -> None:
    """An empty page with a cursor is followed; a feed that only ever moves its cursor does not spin."""
    far.plan(page([], cursor="1"), page([event(1)], cursor="2"), page([], cursor="2"))
    ids, _ = await drain(make())
    assert ids == ["e-1"]
    far.got.clear()
    far.otherwise = lambda got: page([], cursor=str(int(query(got).get("cursor", "0")) + 1))
    await drain(make())
    assert len(far.got) <= 12


async def test_repeated_page(make: Make, far: ScriptedPartner) -> None:
    """A partner that names the same cursor again does not make us spin."""
    far.otherwise = lambda _: page([event(1)], cursor="1")
    ids, _ = await drain(make())
    assert ids == ["e-1", "e-1"]


async def test_token_is_sent(make: Make, far: ScriptedPartner) -> None:
    """Credentials go along, and only to the configured origin."""
    far.plan(page([]))
    await make(auth={"kind": "bearer", "token": "env:P_TOKEN"}).poll("")
    assert far.got[0].headers["authorization"] == f"Bearer {TOKEN}"


@given(st.text(max_size=40), st.one_of(st.text(max_size=40), st.none(), st.integers()))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_newest_only_grows(newest: str, item_time: object) -> None:
    """No item time, however strange, moves the newest time back or raises."""
    assert later(newest, item_time) >= newest


@given(st.builds(FeedPosition, *(st.text(max_size=20) for _ in range(5)), st.integers(0, 99)))
def test_cursor_round_trip(place: FeedPosition) -> None:
    """What is stored is what is read."""
    assert decode_place(place.encode()) == place


def test_cursor_of_another_kind() -> None:
    """A stored cursor that cannot be read is a matter for the operator."""
    with pytest.raises(Misconfigured):
        decode_place("not a cursor")
