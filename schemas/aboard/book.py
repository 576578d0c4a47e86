"""Who is aboard a vessel on one voyage, or a train, and what happened to it: the state and its rules.

Everything is kept by event id and newest version, so neither order nor repetition matters: the same facts
lead to the same shipments aboard. Times are event times; the clock is never read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from schemas.aboard.route import DISCHARGED, FORMED, LISTED, LOADED, MANIFEST
from schemas.errors import Permanent

DAY: Final = 86_400_000
LONGEST: Final = 30 * DAY
"""How long a unit stays aboard when nobody tells that it was discharged."""
LISTED_BEFORE: Final = DAY // 2
"""A manifest holds from so long before its own time: it is often written after loading."""
KEPT: Final = 60 * DAY
"""How long after it was accepted a fact can still meet others."""

BOARDS: Final = frozenset({LOADED, DISCHARGED, LISTED, FORMED})
"""Codes of what puts units aboard or takes them off."""

NEVER: Final = (1 << 31) - 1
"""Version of a manifest that did not happen: newer than any of its lines."""

READ: Final = (
    *(("envelope", name) for name in ("event_id", "ingested_at")),
    *(("correction", name) for name in ("version", "retracted")),
    ("subject",),
    ("consignment_id",),
    ("what", "references"),
    *(("what", "units", name) for name in ("kind", "id", "parent")),
    *(("when", name) for name in ("occurred_at", "classifier", "recorded_at")),
    ("why", "code"),
    ("how", "voyage"),
)
"""What is read of a corridor event."""

Unit = tuple[str, str, str | None]
"""Kind, number and the wagon that carries it."""
Reference = tuple[str, str, str | None]
"""Type, value and key of the first note."""


class Boarding(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One event that puts units aboard or takes them off.

    Attributes:
        party: partition key of the shipment: consignment id, or ``<TYPE>:<id>`` of a unit without one.
        manifest: event id of the manifest that lists it, empty for loading and discharge.
    """

    version: int
    retracted: bool
    code: str
    at: int
    accepted: int
    party: str
    consignment: str | None
    units: tuple[Unit, ...]
    references: tuple[Reference, ...]
    manifest: str = ""


class BookEntry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One event of the vessel or train.

    Attributes:
        known: when the source wrote it, UTC ms.
        actual: it happened; else it is planned, estimated or requested.
        body: the corridor event, Avro.
    """

    version: int
    retracted: bool
    at: int
    known: int
    actual: bool
    accepted: int
    hops: tuple[str, ...]
    body: bytes


class Derived(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What was told to one shipment of one event: after a retraction the next generation has another id."""

    generation: int
    version: int
    retracted: bool
    digest: bytes


class Manifest(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The newest version of a manifest, the units that it lists, and its time (UTC ms)."""

    version: int = 0
    listed: tuple[tuple[str, str], ...] = ()
    at: int = 0


class Book(msgspec.Struct, array_like=True):
    """Everything about one voyage or train.

    ``manifests`` holds the newest version of each; ``derived`` is by event id and party; ``written`` is the
    mark of the schema of the bodies, empty from before there were marks; what is over by ``floor`` (UTC ms)
    was forgotten before its time.
    """

    boardings: dict[str, Boarding] = {}
    told: dict[str, BookEntry] = {}
    manifests: dict[str, Manifest] = {}
    derived: dict[tuple[str, str], Derived] = {}
    written: bytes = b""
    floor: int = 0

    def rewrite(self, mark: bytes, read: Callable[[bytes], bytes]) -> list[str]:
        """Make all bodies those of another version of their schema.

        Returns:
            ids of events whose bodies cannot be read; they are dropped, and what was told of them stays told.
        """
        lost: list[str] = []
        for identity, told in list(self.told.items()):
            try:
                self.told[identity] = msgspec.structs.replace(told, body=read(told.body))
            except Permanent:
                lost.append(identity)
                del self.told[identity]
        self.written = mark
        return lost

    def take(
        self, event: Mapping[str, Any], body: bytes, hops: tuple[str, ...], accepted: int
    ) -> Collection[str] | None:
        """Take a routed corridor event.

        Returns:
            Ids of the events of the vessel or train to look at again; None when nothing changed.
        """
        code, correction = event["why"]["code"], event["correction"]
        identity, version = event["envelope"]["event_id"], correction["version"]
        if code in BOARDS:
            return self.told if _newest(self.boardings, identity, _boarding(event, accepted)) else None
        if code == MANIFEST:
            # one that did not happen lists nothing, whatever its lines say
            newest = NEVER if correction["retracted"] else version
            listed = () if correction["retracted"] else tuple(u[:2] for u in _units(event))
            changed = [m for m in _manifests(event) if newest > self.manifests.get(m, _NONE).version]
            at = event["when"]["occurred_at"]
            self.manifests |= dict.fromkeys(changed, Manifest(newest, listed, at))
            return self.told if changed else None
        when = event["when"]
        told = BookEntry(
            version=version,
            retracted=correction["retracted"],
            at=when["occurred_at"],
            known=when["recorded_at"] or event["envelope"]["ingested_at"],
            actual=is_actual(event),
            accepted=accepted,
            hops=hops,
            body=body,
        )
        return {identity} if _newest(self.told, identity, told) else None

    def parties(self, *, also_void: bool = False) -> dict[str, list[Boarding]]:
        """Boardings by shipment; a unit without a note belongs to the consignment another event names."""
        valid = [one for one in self.boardings.values() if also_void or self._holds(one)]
        home: dict[tuple[str, str], str] = {}
        for boarding in valid:
            if boarding.consignment is not None:
                for kind, number, _ in boarding.units:
                    home[kind, number] = min(boarding.party, home.get((kind, number), boarding.party))
        parties = defaultdict(list)
        for boarding in valid:
            party = boarding.party
            if boarding.consignment is None:
                party = next((home[u[:2]] for u in boarding.units if u[:2] in home), party)
            parties[party].append(boarding)
        return parties

    def _holds(self, boarding: Boarding) -> bool:
        manifest = self.manifests.get(boarding.manifest, _NONE)
        stands = boarding.version >= manifest.version or any(u[:2] in manifest.listed for u in boarding.units)
        return not boarding.retracted and stands


_NONE: Final = Manifest()


def is_actual(event: Mapping[str, Any]) -> bool:
    """Whether a corridor event tells what happened, not what is planned, estimated or requested."""
    return bool(event["when"]["classifier"] == "ACT")


def is_boarding(event: Mapping[str, Any]) -> bool:
    """Whether a corridor event changes who is aboard."""
    code = event["why"]["code"]
    return code in BOARDS or code == MANIFEST


def aboard(boardings: Iterable[Boarding], told: BookEntry) -> list[Unit]:
    """Units of one shipment that an event of the vessel or train concerns, in order of kind and number.

    What happened concerns whatever was aboard then; a plan or estimate whatever was aboard, or came aboard
    later, when it was made, as far as it speaks of a time after loading.
    """
    loads: dict[tuple[str, str], list[int]] = {}
    discharges: dict[tuple[str, str], list[int]] = {}
    units: dict[tuple[str, str], Unit] = {}
    begun = False
    for boarding in boardings:
        code, at = boarding.code, boarding.at
        if code == DISCHARGED:
            for unit in boarding.units:
                discharges.setdefault(unit[:2], []).append(at)
            continue
        load = at - LISTED_BEFORE if code == LISTED else at
        begun = begun or load <= told.at
        for unit in boarding.units:
            key = unit[:2]
            loads.setdefault(key, []).append(load)
            known = units.get(key)
            if known is None or (unit[2] or "") > (known[2] or ""):
                units[key] = unit
    if not begun:
        return []
    return [
        units[key]
        for key in sorted(units)
        if any(_concerns(told, load, discharges.get(key, ())) for load in loads[key])
    ]


def _concerns(told: BookEntry, load: int, discharges: Iterable[int]) -> bool:
    if load > told.at:
        return False
    end = min([load + LONGEST, *(at for at in discharges if at >= load)])
    moment = told.at if told.actual else max(told.known, load)
    return load <= moment <= end


def _newest(known: dict[str, Any], identity: str, fact: Boarding | BookEntry) -> bool:
    """Keep the newest version; a retraction voids all of them, whichever comes first."""
    before = known.get(identity)
    if before is not None and (before.retracted or (fact.version <= before.version and not fact.retracted)):
        return False
    known[identity] = fact
    return True


def _boarding(event: Mapping[str, Any], accepted: int) -> Boarding:
    subject, consignment = event["subject"], event["consignment_id"]
    manifests = _manifests(event) if event["why"]["code"] == LISTED else []
    own = {("CARRIER_REF", manifest) for manifest in manifests}
    references = [(r["type"], r["value"], r["original"]) for r in event["what"]["references"]]
    return Boarding(
        version=event["correction"]["version"],
        retracted=event["correction"]["retracted"],
        code=event["why"]["code"],
        at=event["when"]["occurred_at"],
        accepted=accepted,
        party=consignment or f"{subject['type']}:{subject['id']}",
        consignment=consignment,
        units=tuple(_units(event)) or ((subject["type"], subject["id"], None),),
        references=tuple(r for r in references if r[:2] not in own and r[0] != "TRAIN"),
        manifest=manifests[0] if manifests else "",
    )


def _units(event: Mapping[str, Any]) -> list[Unit]:
    return [(unit["kind"], unit["id"], unit["parent"]) for unit in event["what"]["units"] if unit["id"]]


def _manifests(event: Mapping[str, Any]) -> list[str]:
    return [r["value"] for r in event["what"]["references"] if r["type"] == "CARRIER_REF"]
