"""A log with a record that cannot be read: its owner stands still, says so, and goes on afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from corridor.roles.health import Health
from corridor.roles.permits import PermitOffice
from schemas import profiles
from schemas.avro.wire import frame
from schemas.errors import Permanent, Transient
from schemas.records import PERMIT, LedgerRecord
from schemas.registry.records import decode
from streams.kafka.settings import Kafka, Topics
from streams.logs import shared_log
from streams.logs.permit_log import PermitLedger
from streams.records.contracts import Contracts, ValueReader
from tests.support.text_log import TextLog

KAFKA = Kafka(bootstrap="127.0.0.1:1")


class _Log(TextLog):
    """A log of texts over a list; ``?`` cannot be read."""

    def __init__(self, values: list[str]) -> None:
        super().__init__()
        self.values, self.said = values, list[Permanent | None]()

    def _take(self, record: Any) -> bool:  # noqa: ANN401
        if record.value == "?":
            raise Permanent("log-unreadable", "no schema")
        self.state.append(record.value)
        return False

    def _stands_still(self, error: Permanent | None) -> None:
        self.said.append(error)

    @contextlib.asynccontextmanager
    async def _consuming(self) -> AsyncIterator[Any]:
        yield _Consumer(self.values, self._partition, self._position)


class _Consumer:
    def __init__(self, values: list[str], partition: Any, position: int) -> None:  # noqa: ANN401
        self.values, self.partition, self.at = values, partition, position

    async def end_offsets(self, _: object) -> dict[Any, int]:
        return {self.partition: len(self.values)}

    async def getmany(self, *_: object, **__: object) -> dict[Any, list[Any]]:
        await asyncio.sleep(0)
        found = [SimpleNamespace(value=v, offset=n, headers=[]) for n, v in enumerate(self.values)][self.at :]
        self.at = len(self.values)
        return {self.partition: found} if found else {}

    async def position(self, _: object) -> int:
        return self.at


async def until(condition: Any) -> None:  # noqa: ANN401
    """Let the log run until something holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the log has no event for it
            await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_log, "_STANDS", 0)
    monkeypatch.setattr("streams.kafka.away.FIRST_PAUSE", 0.001)


async def test_nothing_is_decided_on_what_is_left_of_a_log() -> None:
    """Neither before the record nor behind it: a change is refused, and may be sent again later."""
    log = _Log(["a", "?", "b"])
    following = asyncio.create_task(log._follow())
    await until(lambda: log.unreadable is not None)
    assert not log.ready
    with pytest.raises(Transient, match=r"stands still.*offset 1"):
        await log.write("+".join, here=True)
    assert log.written == []
    assert REGISTRY.get_sample_value("corridor_log_unreadable", {"topic": "texts"}) == 1
    following.cancel()


async def test_it_is_said_once_and_ends_when_the_record_can_be_read() -> None:
    """The log is read anew: nothing twice, nothing left out, and then changes are taken again."""
    log = _Log(["a", "?", "b"])
    following = asyncio.create_task(log._follow())
    await until(lambda: log.unreadable is not None)
    for _ in range(50):
        await asyncio.sleep(0)
    log.values = ["a", "x", "b"]
    await until(lambda: log.ready)
    assert log.state == ["a", "x", "b"]
    assert [one and one.code for one in log.said] == ["log-unreadable", None]
    assert await log.write("+".join, here=True) == "a+x+b"
    assert REGISTRY.get_sample_value("corridor_log_unreadable", {"topic": "texts"}) == 0
    following.cancel()


async def test_a_record_that_comes_later_stops_a_log_that_was_ready() -> None:
    """Whoever was the writer is it no more."""
    log = _Log(["a"])
    following = asyncio.create_task(log._follow())
    await until(lambda: log.ready)
    await log.write(lambda _: "b", here=True)
    log.values.append("?")
    await until(lambda: log.unreadable is not None)
    assert (log.ready, log._writer) == (False, None)
    following.cancel()


class _Gone(Contracts):
    """A registry whose subjects were deleted."""

    def __init__(self) -> None:
        super().__init__(None)

    async def text(self, identity: int) -> str:
        raise Permanent("schema-unknown", f"no schema {identity}")


KEY = LedgerRecord(kind="KEY", id="k1", content='{"kid": "k1"}', at=0)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(frame(7, PERMIT.encode(KEY)), id="its schema is gone"),
        pytest.param(frame(1, b"\x99"), id="no record"),
        pytest.param(
            frame(1, PERMIT.encode(LedgerRecord(kind="KEY", id="k", content="{", at=0))), id="no content"
        ),
        pytest.param(None, id="nothing"),
    ],
)
async def test_a_ledger_with_such_a_record_signs_nothing(value: bytes | None) -> None:
    """It does not start empty: an authority that forgot its chain would sign a fork of it."""
    schema = profiles.load("epermit.event.v1").schema
    ledger = PermitLedger("az", "AZ", schema, KAFKA, _Gone(), Topics(), [])
    ledger._reader = ValueReader(_Gone(), PERMIT.codec, frame(1, b""))
    record: Any = SimpleNamespace(value=value, offset=0, headers=[])
    with pytest.raises(Permanent) as refused:
        await ledger._apply([record])
    assert refused.value.code == "log-unreadable"


def test_such_an_authority_is_set_aside_alone() -> None:
    """Readiness names it and why; the gateway serves everyone else, and the authority again afterwards."""
    permits, health = PermitOffice.__new__(PermitOffice), Health("gateway")
    permits.name, permits._health = "az", health
    permits._ledger = SimpleNamespace(unreadable=Permanent("log-unreadable", "offset 3"), ready=False)  # type: ignore[assignment]
    health.watch("ledger of az", permits.is_ready)
    health.stands("az", permits._ledger.unreadable)
    assert health.waiting == []
    assert {name: one.code for name, one in health.aside.items()} == {"az": "log-unreadable"}
    health.stands("az", None)
    assert health.aside == {}


@pytest.mark.parametrize("value", [b"{", b"[]", b"{}", b'{"id": "x", "schema": 1}'])
def test_a_version_of_a_schema_that_cannot_be_read_stops_the_registry(value: bytes) -> None:
    """Else its id would be given to another schema."""
    key = json.dumps({"keytype": "SCHEMA", "subject": "s", "version": 1, "magic": 1}).encode()
    with pytest.raises(Permanent) as refused:
        decode(key, value)
    assert refused.value.code == "log-unreadable"


@pytest.mark.parametrize("key", [None, b"", b"{", b"[]", b'{"keytype": "FOREIGN"}'])
def test_what_is_of_no_kind_that_the_registry_has_is_passed_over(key: bytes | None) -> None:
    """Others write records of their own into the topic."""
    assert decode(key, b"{}") is None
