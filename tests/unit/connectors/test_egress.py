from __future__ import annotations

import asyncio
import ipaddress
import socket

import httpcore
import httpx
import pytest

from connectors.http.egress import Guard, GuardedBackend, is_public
from connectors.settings import Egress
from schemas.errors import Misconfigured

PRIVATE = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1",
    "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001::1",
    "2001:db8::1", "2002:7f00:1::", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("text", PRIVATE)
def test_addresses_that_are_not_public(text: str) -> None:
    """Private, local, reserved and tunnelled addresses are refused by default."""
    assert not is_public(ipaddress.ip_address(text))
    assert not Guard(Egress(), []).allows(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(text: str) -> None:
    """Ordinary addresses of the Internet are allowed."""
    assert is_public(ipaddress.ip_address(text))


def test_networks_are_allowed_by_name_only() -> None:
    """A listed network opens itself and nothing beside it."""
    guard = Guard(Egress(networks=("10.20.0.0/16",)), [])
    assert guard.allows(ipaddress.ip_address("10.20.3.4"))
    assert not guard.allows(ipaddress.ip_address("10.21.3.4"))
    assert not guard.allows(ipaddress.ip_address("fd00::1"))


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/x",
        "https://partner.example.evil.example/x",
        "https://user:pass@partner.example/x",
        "http://partner.example/x",
        "ftp://partner.example/x",
        "file:///etc/passwd",
        "https://partner.example@evil.example/",
        "//evil.example/x",
    ],
)
def test_addresses_outside_the_configuration(url: str) -> None:
    """Only https, only configured hosts, and no credentials in an address."""
    guard = Guard(Egress(), ["https://partner.example/api"])
    with pytest.raises(Misconfigured):
        guard.check_url(httpx.URL(url))


def test_listed_hosts() -> None:
    """The hosts of configured addresses and of ``hosts`` are allowed, in any case."""
    guard = Guard(Egress(hosts=("Files.Example",)), ["https://Partner.example/api"])
    guard.check_url(httpx.URL("https://PARTNER.example/other"))
    guard.check_url(httpx.URL("https://files.example/x"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]/x"])
def test_plain_http_to_this_machine(url: str) -> None:
    """Loopback may be plain; anything else needs ``plaintext``."""
    Guard(Egress(), [url])
    Guard(Egress(plaintext=True), ["http://partner.example/"])
    with pytest.raises(Misconfigured, match="plaintext"):
        Guard(Egress(), ["http://partner.example/"])


class Resolver:
    """Stands for DNS: gives the next answer each time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers = list(answers)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self, raising=False)

    async def __call__(self, _host: str, port: int, **_: object) -> list[object]:
        """Resolve."""
        addresses = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in addresses]


class Dialled(httpcore.AsyncNetworkBackend):
    """Stands for the network: notes where connections go."""

    def __init__(self) -> None:
        self.to: list[str] = []

    async def connect_tcp(self, host: str, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        """Note the address; 8.8.4.4 does not answer."""
        self.to.append(host)
        if host == "8.8.4.4":
            raise httpcore.ConnectError("refused")
        return httpcore.AsyncMockStream([])


@pytest.fixture
def backend() -> tuple[GuardedBackend, Dialled]:
    """Give a backend and the network behind it."""
    made, dialled = GuardedBackend(Guard(Egress(), [])), Dialled()
    made._inner = dialled  # type: ignore[assignment]
    return made, dialled


@pytest.mark.parametrize(
    "answer", [["127.0.0.1"], ["10.0.0.1", "::1"], ["169.254.169.254"], ["::ffff:7f00:1"]]
)
async def test_name_that_resolves_inside(
    backend: tuple[GuardedBackend, Dialled], answer: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves to our own network is refused before any byte is sent."""
    Resolver(monkeypatch, answer)
    with pytest.raises(Misconfigured):
        await backend[0].connect_tcp("partner.example", 443)
    assert backend[1].to == []


async def test_rebinding_gains_nothing(
    backend: tuple[GuardedBackend, Dialled], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that was checked is the one connected to; the name is not resolved a second time."""
    resolver = Resolver(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    await backend[0].connect_tcp("partner.example", 443)
    assert backend[1].to == ["8.8.8.8"]
    assert len(resolver.answers) == 1


async def test_mixed_answers(
    backend: tuple[GuardedBackend, Dialled], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several addresses only the allowed ones are tried, until one answers."""
    Resolver(monkeypatch, ["127.0.0.1", "8.8.4.4", "10.0.0.1", "8.8.8.8"])
    await backend[0].connect_tcp("partner.example", 443)
    assert backend[1].to == ["8.8.4.4", "8.8.8.8"]


def test_network_that_cannot_be_read() -> None:
    """A network with a typing error is refused when the settings are used."""
    with pytest.raises(Misconfigured, match=r"egress\.networks"):
        Guard(Egress(networks=("10.0.0.0/33",)), [])
