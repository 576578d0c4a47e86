"""What a wire would give away, and addresses that lead nowhere: part of `corridor.settings.safety`."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from connectors.http.egress import Guard, is_loopback
from connectors.settings import Egress, OAuth2, Participant
from corridor.settings.model import Settings
from corridor.settings.risk import Risk
from schemas.errors import Misconfigured

OWN_PATHS: Final = (
    "/livez", "/readyz", "/metrics", "/openapi.json", "/openapi/registry.json", "/openapi/permits.json",
    "/docs", "/docs/errors",
)  # fmt: skip
"""Served by every gateway beside the webhooks."""
REGISTRY_PATHS: Final = (
    "subjects",
    "schemas",
    "config",
    "mode",
    "compatibility",
    "contexts",
    "exporters",
    "v1",
)
"""First steps of the paths of the gateway's own registry."""
AUTHORITY_PATHS: Final = ("authorities", "events", "healthcheck", "internal", "verify")
"""First steps under the path of an e-Permit authority that are its own."""


class Outward(NamedTuple):
    """An address that a participant's connections go to.

    Attributes:
        setting: where it stands.
        url: the address.
        egress: where such connections may go.
        networks: the setting that would allow an address that is not public.
    """

    setting: str
    url: str
    egress: Egress
    networks: str


def outward(participant: Participant) -> Iterator[Outward]:
    """Yield every address that a role connects to for a participant."""
    here = f"participants.{participant.name}"
    for side, transport in (("deliver", participant.deliver), ("poll", participant.poll)):
        if transport:
            networks = f"{side}.egress.networks"
            yield Outward(f"{here}.{side}.url", transport.url, transport.egress, networks)
            if isinstance(transport.auth, OAuth2):
                setting = f"{here}.{side}.auth.token_url"
                yield Outward(setting, transport.auth.token_url, transport.egress, networks)
    for code, peer in (participant.authority.peers if participant.authority else {}).items():
        setting = f"{here}.authority.peers.{code}.url"
        yield Outward(setting, peer.url, peer.egress, f"peers.{code}.egress.networks")


def is_own(settings: Settings, url: str) -> bool:
    """Tell whether an address is the gateway's own, as seen from the gateway."""
    parts, place = urlsplit(url), settings.registry_place
    host = parts.hostname or ""
    here = is_loopback(place.host) or place.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    return parts.port == place.port and (host == place.host or (is_loopback(host) and here))


def own_registry(settings: Settings) -> list[Risk]:
    """Give the risk of a gateway whose registry is itself: it would wait for itself for ever.

    It is none for the other roles, whose settings may name the gateway beside them.
    """
    if settings.registry.url is None or not is_own(settings, settings.registry.url):
        return []
    return [Risk("registry.url", "is this gateway itself, which then serves no registry: leave it out")]


def exposed(settings: Settings) -> Iterator[Risk]:
    """Yield secrets and messages that anybody on the way could read, and paths and addresses that collide."""
    yield from _kafka(settings)
    yield from _registry(settings)
    yield from _paths(settings)
    for participant in settings.participants.values():
        yield from _token_url(participant)
        yield from _egress(participant)


def _kafka(settings: Settings) -> Iterator[Risk]:
    kafka = settings.kafka
    hosts = [address.rpartition(":")[0] for address in kafka.bootstrap.split(",")]
    if kafka.tls is None and kafka.sasl is None and not kafka.plaintext and not all(map(is_loopback, hosts)):
        yield Risk(
            "kafka.tls",
            "neither TLS nor a login: anybody on the way can read and change all messages: set kafka.tls or "
            "kafka.sasl, or kafka.plaintext = true on a network that nobody else is on",
        )


def _registry(settings: Settings) -> Iterator[Risk]:
    registry = settings.registry
    if registry.url is None:
        return
    if plain(registry.url) and not registry.plaintext and (registry.token or registry.password):
        yield Risk(
            "registry.url",
            "not encrypted: the login could be read on the way: use https, or set registry.plaintext = true",
        )


def _paths(settings: Settings) -> Iterator[Risk]:
    taken: defaultdict[str, list[str]] = defaultdict(list)
    for path in OWN_PATHS:
        taken[path].append("the gateway itself")
    for participant in settings.participants.values():
        here = f"participants.{participant.name}"
        if participant.webhook:
            taken[participant.webhook_path.rstrip("/") or "/"].append(f"{here}.webhook")
        if participant.authority:
            taken[participant.authority_path.rstrip("/") or "/"].append(f"{here}.authority")
    parents = {path: owners for path, owners in taken.items() if owners[0].endswith(".authority")}
    for path, owners in taken.items():
        for parent, (authority, *_) in parents.items():
            if path.startswith(f"{parent}/") and path[len(parent) + 1 :].split("/")[0] in AUTHORITY_PATHS:
                taker = authority.removesuffix(".authority")
                yield Risk(f"{owners[0]}.path", f"{path} lies among the paths of the authority of {taker}")
        for owner in owners[1:]:
            yield Risk(f"{owner}.path", f"{path} is taken by {owners[0]}: only one of them would be asked")
        first = path.removeprefix("/").partition("/")[0]
        if settings.registry.url is None and first in REGISTRY_PATHS:
            yield Risk(f"{owners[0]}.path", f"{path} lies among the paths of the schema registry")


def _token_url(participant: Participant) -> Iterator[Risk]:
    for side, transport in (("deliver", participant.deliver), ("poll", participant.poll)):
        auth = transport.auth if transport else None
        if (
            transport
            and isinstance(auth, OAuth2)
            and plain(auth.token_url)
            and not transport.egress.plaintext
        ):
            yield Risk(
                f"participants.{participant.name}.{side}.auth.token_url",
                "not encrypted: the client's secret could be read on the way: use https",
            )


def _egress(participant: Participant) -> Iterator[Risk]:
    """Yield addresses that would be refused at every single attempt."""
    for one in outward(participant):
        if plain(one.url) and not one.egress.plaintext:
            continue  # named as not encrypted already
        try:
            guard = Guard(one.egress, [one.url])
            address = ipaddress.ip_address((urlsplit(one.url).hostname or "").strip("[]"))
        except Misconfigured as error:
            yield Risk(one.setting, error.message)
        except ValueError:
            continue  # a name: where it leads is seen when it resolves
        else:
            if not guard.allows(address):
                yield Risk(one.setting, f"{address} is not public: allow it with {one.networks}")


def plain(url: str) -> bool:
    """Tell whether an address leads off this machine without encryption."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")
