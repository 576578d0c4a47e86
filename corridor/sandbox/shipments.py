"""What travels: block trains with their consignments, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from corridor.sandbox import fleet

START: Final = datetime(2026, 1, 12, tzinfo=UTC)
"""Simulated time of the first train; never the machine's clock."""
HEADWAY: Final = timedelta(hours=6)
CONTAINER_FLEET: Final = 4000
WAGON_FLEET: Final = 3000

ALTYNKOL, BOYUK_KESIK, GARDABANI = "707701", "558701", "562800"
GOODS: Final = (
    ("85414300", None, "Модули фотоэлектрические"),
    ("84713000", None, "Компьютеры портативные"),
    ("40112000", None, "Шины новые"),
    ("94036000", None, "Мебель деревянная"),
    ("87089900", None, "Части автомобилей"),
    ("85076000", "UN3480", "Аккумуляторы литий-ионные"),
)
CONSIGNORS: Final = ("Сиань Логистика", "Чунцин Трейд", "Иу Экспорт", "Урумчи Транс")
CONSIGNEES: Final = ("Xezer Trans MMC", "Poti Forwarding LLC", "Baku Import MMC", "Batumi Cargo LLC")


@dataclass(frozen=True, slots=True)
class Terminus:
    """Where a consignment ends: station, UN/LOCODE, facility, and whether it goes on through Georgia."""

    esr: str
    unlocode: str
    facility: str
    georgia: bool


DESTINATIONS: Final = (
    Terminus("572200", "GEPTI", "POTI-CT", georgia=True),
    Terminus("571405", "GEBUS", "BATUMI-CT", georgia=True),
    Terminus("548004", "AZBAK", "ABSHERON", georgia=False),
    Terminus("547603", "AZBAK", "ABSHERON", georgia=False),
)


@dataclass(frozen=True, slots=True)
class LoadingPort:
    """Where the sea begins: station, UN/LOCODE, facility, and station of Alat for what comes from it."""

    esr: str
    unlocode: str
    facility: str
    alat: str


AKTAU: Final = LoadingPort("663404", "KZAAU", "AKTAU-CT", "549204")
KURYK: Final = LoadingPort("693602", "KZKUR", "KURYK-FERRY", "553002")


@dataclass(frozen=True, slots=True)
class Box:
    """A container on this trip."""

    number: str
    size_type: str
    tare_kg: int
    gross_kg: int
    seal: str


@dataclass(frozen=True, slots=True)
class LoadedWagon:
    """A wagon with its containers, and the wagon that takes them beyond the sea."""

    wagon: str
    onward: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Shipment:
    """One consignment of a train."""

    train: Train
    index: int
    number: str
    note_type: str
    destination: Terminus
    loads: tuple[LoadedWagon, ...]
    gng: str
    un_number: str | None
    goods_name: str
    consignor: str
    consignee: str
    declaration: str

    @property
    def date(self) -> datetime:
        """Date of the contract of carriage."""
        return self.train.start

    @property
    def note_key(self) -> str:
        """Key of the note, as references carry it."""
        return f"{ALTYNKOL}/{self.date:%Y-%m-%d}/{self.number}"

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All containers."""
        return tuple(box for load in self.loads for box in load.boxes)


@dataclass(frozen=True, slots=True)
class Train:
    """One block train and the voyage that takes its containers across the Caspian."""

    seed: int
    index: int

    @property
    def start(self) -> datetime:
        """When its notes are drafted."""
        return START + self.index * HEADWAY

    @property
    def number(self) -> str:
        """Number of the container block train."""
        return f"{1201 + self.index % 400:04d}"

    def train_index(self, origin: str, destination: str) -> str:
        """Train index between two stations (ESR)."""
        return f"{origin[:4]}-{self.index % 998 + 1:03d}-{destination[:4]}"

    @property
    def vessel(self) -> tuple[str, str]:
        """Name and IMO number of the feeder or ferry."""
        return fleet.vessel(fleet.FEEDERS, self.index)

    @property
    def ferry(self) -> bool:
        """Whether wagons roll on a rail ferry; else containers are lifted on a feeder."""
        return self.index % 3 == 0

    @property
    def port(self) -> LoadingPort:
        """Port that it goes to: ferries sail from Kuryk, feeders from Aktau."""
        return KURYK if self.ferry else AKTAU

    @property
    def voyage(self) -> str:
        """Number of the voyage."""
        return f"AA{self.index:05d}"

    def dice(self, purpose: str) -> Random:
        """Random numbers that depend on seed, train and purpose only."""
        return Random(f"{self.seed}/{self.index}/{purpose}")  # noqa: S311 - a simulation

    def shipments(self) -> list[Shipment]:
        """Consignments of the train."""
        dice = self.dice("shipments")
        boxes, wagons = self.index * 24, self.index * 12
        shipments = []
        for index in range(4):
            loads = []
            for _ in range(dice.randint(1, 3)):
                pair = dice.random() < 0.4
                loads.append(_load(dice, wagons, boxes, 2 if pair else 1))
                wagons, boxes = wagons + 1, boxes + 2
            gng, un_number, name = dice.choice(GOODS)
            shipments.append(
                Shipment(
                    self,
                    index,
                    number=f"{30000000 + self.index * 10 + index:08d}",
                    note_type="CIM_SMGS" if dice.random() < 0.3 else "SMGS",
                    destination=dice.choice(DESTINATIONS),
                    loads=tuple(loads),
                    gng=gng,
                    un_number=un_number,
                    goods_name=name,
                    consignor=dice.choice(CONSIGNORS),
                    consignee=dice.choice(CONSIGNEES),
                    declaration=f"{50500}/{self.start:%d%m%y}/{self.index * 10 + index:07d}",
                )
            )
        return shipments


def _load(dice: Random, wagon: int, first: int, count: int) -> LoadedWagon:
    size = "22G1" if count == 2 else dice.choice(("45G1", "42G1", "40"))
    boxes = tuple(
        Box(
            fleet.container((first + offset) % CONTAINER_FLEET),
            size,
            tare_kg=2200 if count == 2 else 3800,
            gross_kg=dice.randrange(12_000, 26_000, 10),
            seal=f"CN{dice.randrange(10**6):06d}",
        )
        for offset in range(count)
    )
    onward = fleet.platform(WAGON_FLEET + wagon % WAGON_FLEET)
    return LoadedWagon(fleet.platform(wagon % WAGON_FLEET), onward, boxes)
