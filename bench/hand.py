"""DTC notes to DLP events as a Python programmer would write it: dicts, a few tables, fastavro's types.

It does less than the mappings: no findings, no border crossings put together from two notes, no retractions,
no versions that come late, no second occurrence of the same operation.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from schemas.codes.lists import CodeLists

Datum = dict[str, Any]
BASES: Final = {"AST": ZoneInfo("Asia/Almaty"), "MSK": ZoneInfo("Europe/Moscow")}
SEALS: Final = {"CONSIGNOR": "SHI", "CUSTOMS": "CUS"}
MODES: Final = {"RAIL": 2, "VESSEL": 1}


@cache
def _table(name: str) -> dict[str, Datum]:
    return {key: dict(row) for key, row in CodeLists.load().rows(name)}


def corridor_events(note: Datum, kept: Datum, accepted: int) -> list[Datum]:
    """Compare a note with what is kept of the one before, and tell what is new.

    Args:
        note: as fastavro reads ``dtc.note.v1``.
        kept: what an earlier call left there; changed in place.
        accepted: UTC milliseconds.
    """
    if note["noteVersion"] <= kept.get("version", -1):
        return []
    if note["messageKind"] == "DELTA":
        note = {
            **kept.get("note", note),
            **{name: value for name, value in note.items() if value is not None},
        }
    kept |= {"version": note["noteVersion"], "note": note}
    day, month, year = note["contractDate"].split(".")
    key = f"{note['departureStation']}/{year}-{month}-{day}/{note['noteNumber']}"
    base = _base(note, key, accepted)
    made = [_snapshot(base, note, key)]
    operation = _table("dtc-operations").get(note["operationCode"] or "", {})
    place = key, note["operationCode"], note["operationStation"]
    if code := operation.get("consignment"):
        made.append(_event(base, code, "CONSIGNMENT", base["consignment_id"], place))
    if code := operation.get("train"):
        train = note["trainIndex"] or note["trainNumber"] or key
        made.append(_event(base, code, "TRAIN", train, (*place, train)))
    if (eta := base["when"]["eta"]) is not None:
        event = _event(base, "TRANSPORT/ARRI", "CONSIGNMENT", base["consignment_id"], (key, "eta"))
        event["when"] = {**base["when"], "occurred_at": eta, "classifier": "EST"}
        there = _table("stations").get(note["destinationStation"] or "", {})
        names = {
            "unlocode": there.get("unlocode"),
            "name": there.get("name"),
            "country": there.get("country"),
        }
        event["where"] = {**names, "esr": note["destinationStation"]}
        made.append(event)
    if code := operation.get("container"):
        for wagon in note["wagons"] or ():
            for container in wagon["containers"] or ():
                number = container["containerNo"]
                event = _event(base, code, "EQUIPMENT", number, (*place, number))
                event["what"] = {**base["what"], "units": [_container(wagon, container)]}
                event["how"] = {"mode": operation["mode"], "rail_car": wagon["wagonNumber"]}
                made.append(event)
    return [event for event in made if _is_new(event, kept.setdefault("told", {}))]


def dlp_event(event: Datum, seen: int) -> Datum | None:
    """Give a corridor event as a DLP event; None if it is not newer than ``seen`` or has no DLP event."""
    version = event["correction"]["version"]
    if version <= seen or not _table("corridor-codes").get(event["why"]["code"], {}).get("dlp"):
        return None
    kind, code = event["why"]["code"].split("/")
    what, when, where, why, how = (event[name] for name in ("what", "when", "where", "why", "how"))
    unit = what["units"][0] if what["units"] else None
    offset = when["offset_minutes"]
    return {
        "eventID": str(event["envelope"]["event_id"]),
        "eventVersion": version,
        "isRetracted": event["correction"]["retracted"],
        "eventUpdatedDateTime": event["correction"]["updated_at"],
        "eventType": kind,
        "eventCode": code,
        "documentTypeCode": why["document"],
        "eventClassifierCode": when["classifier"],
        "eventDateTime": when["occurred_at"],
        "timeZoneOffset": None if offset is None else f"+{offset // 60:02d}:{offset % 60:02d}",
        "eventCreatedDateTime": when["recorded_at"] or event["envelope"]["ingested_at"],
        "publisher": {"codeListProvider": what["publisher_scheme"], "code": what["publisher"]}
        if what["publisher"]
        else None,
        "publisherRole": what["publisher_role"],
        "references": [
            {"type": one["type"], "value": one["value"], "original": one["original"]}
            for one in what["references"]
        ],
        "equipmentReference": unit and unit["id"],
        "ISOEquipmentCode": unit and unit["iso_type"],
        "emptyIndicatorCode": unit and {True: "LADEN", False: "EMPTY", None: None}[unit["laden"]],
        "seals": [dict(seal) for seal in (unit and unit["seals"]) or ()],
        "location": {
            "UNLocationCode": where["unlocode"],
            "locationName": where["name"],
            "facilityCode": where["esr"],
            "facilityCodeProvider": "ESR",
            "latitude": where["latitude"],
            "longitude": where["longitude"],
        },
        "facilityTypeCode": where["facility_type"],
        "modeOfTransport": how["mode"],
        "modeOfTransportCode": MODES.get(how["mode"]),
        "railCarReference": how["rail_car"],
        "railDepartureID": how["train"],
        "nextLocation": where["next"],
        "estimatedArrival": when["eta"],
        "delayReasonCode": why["reason_code"],
        "remark": why["statement"],
        "cargo": [
            {
                "hsCode": one["hs6"],
                "quantity": None if one["gross_kg"] is None else Decimal(one["gross_kg"]),
                "unitCode": None if one["gross_kg"] is None else "KGM",
                "packages": one["packages"],
                "unNumber": one["un_number"],
                "imoClass": one["hazard_class"],
            }
            for one in event["cargo"]
        ],
        "customs": event["customs"]
        and {
            "declarationNo": event["customs"]["declaration"],
            "office": event["customs"]["office"],
            "status": event["customs"]["status"],
        },
        "totalUnits": what["total_units"],
    }


def note_losses(note: Datum) -> list[Datum]:
    """Say what of a note is not carried over."""
    return [
        {"pointer": f"/{party}/name", "reason": "personal-data"}
        for party in ("consignor", "consignee")
        if note[party] and note[party]["name"]
    ]


def event_losses(event: Datum) -> list[Datum]:
    """Say what of a corridor event has no place in a DLP event."""
    lost = [
        f"/what/units/{n}/{field}"
        for n, unit in enumerate(event["what"]["units"])
        for field in (
            "wagon_kind",
            "owner_admin",
            "transloaded_from",
            "tare_kg",
            "gross_kg",
            "load_capacity_kg",
        )
        if unit[field] is not None
    ]
    lost += [
        f"/cargo/{n}/{field}"
        for n, goods in enumerate(event["cargo"])
        for field in ("etsng6", "gng8", "name", "hazard_card")
        if goods[field] is not None
    ]
    if event["how"]["train_number"] is not None:
        lost.append("/how/train_number")
    return [{"pointer": pointer, "reason": "no-equivalent"} for pointer in lost]


def report(stage: str, identity: str, outputs: int, losses: list[Datum], accepted: int) -> Datum:
    """Make the record that says what became of a message (``corridor.report.v1``)."""
    filtered = [] if outputs else [{"rule": "", "reason": "no-equivalent"}]
    return {
        "id": identity,
        "origin": identity,
        "stage": stage,
        "mapping": "by hand",
        "subject": "",
        "outputs": outputs,
        "losses": losses,
        "findings": [],
        "filtered": filtered,
        "accepted": accepted,
    }


def _base(note: Datum, key: str, accepted: int) -> Datum:
    """What all events of a note have in common."""
    station = _table("stations").get(note["operationStation"] or "", {})
    at, offset = _utc(note["operationTime"], note["timeBasis"], note["operationStation"])
    eta, _ = _utc(note["etaDestination"], note["timeBasis"], note["destinationStation"])
    original = note["originalNote"]
    first = key
    if original is not None:
        day, month, year = original["contractDate"].split(".")
        first = f"{original['departureStation']}/{year}-{month}-{day}/{original['noteNumber']}"
    operation = _table("dtc-operations").get(note["operationCode"] or "", {})
    customs = note["customs"] or {}
    reports = station.get("admin") is not None and note["contractCarrier"] == station["admin"]
    references = [{"type": "SMGS", "value": key, "original": None if first == key else first}]
    if note["trainIndex"] is not None:
        references.append({"type": "TRAIN", "value": note["trainIndex"]})
    if customs.get("transitDeclNo") is not None:
        references.append({"type": "TRANSIT_DECL", "value": customs["transitDeclNo"]})
    return {
        "accepted": accepted,
        "note": note,
        "consignment_id": str(uuid5(NAMESPACE_URL, first)),
        "what": {
            "references": references,
            "publisher_scheme": "UIC" if reports else None,
            "publisher": note["contractCarrier"] if reports else None,
            "publisher_role": "CA" if reports else None,
        },
        "when": {
            "occurred_at": at or datetime.fromtimestamp(accepted / 1000, UTC),
            "offset_minutes": offset,
            "precision": "MINUTE",
            "classifier": "ACT",
            "original_time": note["operationTime"],
            "original_basis": note["timeBasis"] or "LOC",
            "eta": eta,
        },
        "where": {
            "unlocode": station.get("unlocode"),
            "esr": note["operationStation"],
            "facility_type": operation.get("facility_type"),
            "name": station.get("name"),
            "country": station.get("country"),
            "latitude": station.get("lat"),
            "longitude": station.get("lon"),
            "next": station.get("next"),
        },
        "why": {
            "original_code": note["operationCode"],
            "original_list": "dtc-operations",
            "document": operation.get("document"),
            "remark": note["remark"],
        },
        "customs": {
            "declaration": customs.get("transitDeclNo"),
            "office": customs.get("office"),
            "status": customs.get("status"),
        },
        "cargo": [
            {
                "container": goods["containerNo"],
                "hs6": goods["gng"] and goods["gng"][:6],
                "gng8": goods["gng"],
                "etsng6": goods["etsng"],
                "name": goods["name"],
                "gross_kg": goods["grossKg"],
                "packages": goods["places"],
                "un_number": goods["dangerous"] and goods["dangerous"]["unNumber"],
                "hazard_class": goods["dangerous"] and goods["dangerous"]["hazardClass"],
            }
            for goods in note["goods"] or ()
        ],
    }


def _event(base: Datum, code: str, kind: str, identity: str, key: tuple[str | None, ...]) -> Datum:
    note = base["note"]
    return {
        "envelope": {
            "event_id": str(uuid5(NAMESPACE_URL, "/".join(map(str, (code, *key))))),
            "source": "dtc",
            "source_message_id": str(note["messageId"]),
            "source_sequence": note["noteVersion"],
            "schema_version": "1",
            "ingested_at": base["accepted"],
            "hops": ["dtc"],
        },
        "correction": {"version": 1, "retracted": False},
        "subject": {"type": kind, "id": identity},
        "consignment_id": base["consignment_id"],
        "what": base["what"],
        "when": base["when"],
        "where": base["where"],
        "why": {**base["why"], "code": code},
        "how": {"mode": "RAIL", "train": note["trainIndex"], "train_number": note["trainNumber"]},
        "customs": base["customs"],
        "cargo": base["cargo"],
        "quality": {},
    }


def _snapshot(base: Datum, note: Datum, key: str) -> Datum:
    event = _event(base, "NOTE/SNAP", "CONSIGNMENT", base["consignment_id"], (key, str(note["noteVersion"])))
    day, month, year = map(int, note["contractDate"].split("."))
    wagons = note["wagons"] or ()
    units = [
        {
            "kind": "WAGON",
            "id": wagon["wagonNumber"],
            "laden": True,
            "wagon_kind": wagon["kind"],
            "owner_admin": wagon["ownerAdmin"],
            "transloaded_from": wagon["transloadedFrom"],
            "tare_kg": wagon["tareKg"],
            "load_capacity_kg": wagon["loadCapacityKg"],
            "seals": [],
        }
        for wagon in wagons
    ]
    units += [_container(wagon, box) for wagon in wagons for box in wagon["containers"] or ()]
    event["what"] = {**base["what"], "units": units}
    event["document"] = {
        "annulled": note["messageKind"] == "ANNULMENT",
        "type": note["noteType"],
        "number": note["noteNumber"],
        "contract_date": (datetime(year, month, day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days,
        "carrier": note["contractCarrier"],
        "departure": note["departureStation"],
        "departure_name": note["departureStationName"],
        "destination": note["destinationStation"],
        "consignor_code": note["consignor"] and note["consignor"]["railClientCode"],
        "consignor_country": note["consignor"] and note["consignor"]["country"],
        "consignee_country": note["consignee"] and note["consignee"]["country"],
        "borders": [
            {
                "seq": one["seq"],
                "exit_esr": one["exitEsr"],
                "entry_esr": one["entryEsr"],
                "ferry": one["ferry"],
            }
            for one in note["borderStations"] or ()
        ],
        "carriers": [
            {"code": one["code"], "from_esr": one["fromEsr"], "to_esr": one["toEsr"]}
            for one in note["carriers"] or ()
        ],
    }
    return event


def _container(wagon: Datum, container: Datum) -> Datum:
    return {
        "kind": "CONTAINER",
        "id": container["containerNo"],
        "parent": wagon["wagonNumber"],
        "size_type": container["sizeType"],
        "iso_type": _table("container-types").get(container["sizeType"] or "", {}).get("iso"),
        "laden": True,
        "tare_kg": container["tareKg"],
        "gross_kg": container["grossKg"],
        "seals": [
            {"number": seal["number"], "source": SEALS.get(seal["owner"], "CAR")}
            for seal in container["seals"] or ()
        ],
    }


def _utc(text: str | None, basis: str | None, esr: str | None) -> tuple[datetime | None, int | None]:
    """UTC, and the offset in minutes of the clock at the station, of ``DD.MM.YYYY hh:mm``."""
    if text is None or esr is None:
        return None, None
    local = datetime.strptime(text, "%d.%m.%Y %H:%M").replace(tzinfo=BASES.get(basis or "") or _zone(esr))
    offset = local.astimezone(_zone(esr)).utcoffset() or timedelta()
    return local.astimezone(UTC), offset // timedelta(minutes=1)


@cache
def _zone(esr: str) -> ZoneInfo:
    return ZoneInfo(_table("stations").get(esr, {}).get("zone") or "Asia/Tbilisi")


def _is_new(event: Datum, told: Datum) -> bool:
    """Tell whether an event was not told yet, or with other facts; then it is the next version."""
    identity = event["envelope"]["event_id"]
    facts = [
        str(event["when"]["occurred_at"]),
        event["where"]["esr"],
        str(event["what"]),
        str(event["cargo"]),
    ]
    version, before = told.get(identity, (0, None))
    if facts == before:
        return False
    told[identity] = (version + 1, facts)
    event["correction"] = {
        "version": version + 1,
        "retracted": False,
        "supersedes": f"{identity}:{version}" if version else None,
        "updated_at": event["envelope"]["ingested_at"] if version else None,
    }
    return True
