"""The workload of the benchmarks: gate messages of about 700 bytes, and the same mapping written by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

KINDS: Final = ("GATE_IN", "GATE_OUT", "LOADED", "DISCHARGED")
CODES: Final = {"GATE_IN": "GTIN", "GATE_OUT": "GTOT", "LOADED": "LOAD", "DISCHARGED": "DISC"}
SHIPMENTS: Final = 500
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def text(name: str) -> str:
    """One of the workload's files: ``event.avsc``, ``shipment.avsc`` or ``mapping.yaml``."""
    return (files(__name__) / name).read_text(encoding="utf-8")


def message(n: int) -> tuple[bytes, bytes]:
    """Kafka key and JSON body of the ``n``-th message; the same ``n`` gives the same bytes."""
    shipment = f"TITR-2026-{n % SHIPMENTS:06d}"
    minute, second = divmod(n, 60)
    day = 1 + minute // 1440 % 28
    body = {
        "messageId": f"6c1f0a9e-7d1b-4b0e-9c53-{n:012x}",
        "sequence": n // SHIPMENTS + 1,
        "shipment": shipment,
        "kind": KINDS[n % 4],
        "happenedAt": f"2026-01-{day:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:{second:02d}Z",
        "container": {"number": "CSQU3054383", "sizeType": "45G1", "grossKg": 24310 + n % 97, "full": True},
        "seals": [
            {"number": f"KZ{n % 1000000:06d}", "party": "CARRIER"},
            {"number": "C-77120", "party": "CUSTOMS"},
        ],
        "place": {"unlocode": "KZAAU", "terminal": "Aktau North berth 4", "lat": 43.6042, "lon": 51.2188},
        "vessel": {"imo": "9319466", "name": "Barys", "voyage": "AKT-ALT-0117"},
        "goods": "Household appliances, spare parts and packing material for retail, palletised",
        "remark": "Checked at the gate, no damage; papers complete, transit declaration attached to the note",
    }
    return shipment.encode(), json.dumps(body, separators=(",", ":")).encode()


def by_hand(record: dict[str, Any]) -> dict[str, Any]:
    """The mapping as a Python programmer would write it for fastavro: dict in, dict out."""
    place, vessel, container = record["place"], record.get("vessel") or {}, record["container"]
    happened = datetime.fromisoformat(record["happenedAt"])
    return {
        "eventId": record["messageId"],
        "version": record["sequence"],
        "reference": record["shipment"],
        "code": CODES[record["kind"]],
        "occurredAt": happened,
        "equipment": container["number"],
        "isoCode": container["sizeType"],
        "grossKg": container["grossKg"],
        "laden": container["full"],
        "seals": [{"number": seal["number"], "source": seal["party"]} for seal in record["seals"]],
        "location": {
            "unlocode": place["unlocode"],
            "country": place["unlocode"][:2],
            "facility": place["terminal"],
            "lat": place["lat"],
            "lon": place["lon"],
        },
        "vesselImo": vessel.get("imo"),
        "vesselName": vessel["name"].upper() if vessel.get("name") else None,
        "voyage": vessel.get("voyage"),
        "cargo": record["goods"],
        "remark": record.get("remark"),
    }
