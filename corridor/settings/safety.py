"""What would run, but not safely: refused before anything starts."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from connectors.http.egress import is_loopback
from connectors.settings import BearerSettings, OAuth2, Participant, Webhook
from corridor.settings.exposure import exposed, plain
from corridor.settings.model import Settings
from corridor.settings.risk import Risk
from schemas.errors import Misconfigured
from schemas.profiles import SHIPPED, Profiles
from streams.kafka.settings import PASSWORD_VARIABLE

SHORTEST_TOKEN: Final = 16
FOREIGN: Final = ("kafka.sasl.password_file", "kafka.tls.key", "registry.password", "registry.cert_file")
"""Secrets that others chose, whose length is not ours to judge."""


def require_safe(settings: Settings) -> None:
    """Refuse unsafe settings.

    Raises:
        Misconfigured: ``settings-unsafe``, naming all of them.
    """
    risks = unsafe(settings)
    if risks:
        raise Misconfigured("settings-unsafe", "\n".join(f"{risk.setting}: {risk.reason}" for risk in risks))


def unsafe(settings: Settings) -> list[Risk]:
    """Return everything that is not safe, in the order of the settings."""
    return [
        *_kafka(settings),
        *_bind(settings),
        *_view(settings),
        *_participants(settings),
        *_secrets(settings),
        *_files(settings),
        *exposed(settings),
    ]


def _kafka(settings: Settings) -> Iterator[Risk]:
    hosts = [address.rpartition(":")[0] for address in settings.kafka.bootstrap.split(",")]
    if all(map(is_loopback, hosts)):
        return
    if settings.topics.min_insync < 2 or settings.topics.replication < 3:
        yield Risk(
            "topics.min_insync",
            "on a cluster an acknowledged message must be on two brokers: set topics.min_insync = 2 and "
            "topics.replication = 3",
        )
    if settings.kafka.sasl and settings.kafka.sasl.mechanism == "PLAIN" and settings.kafka.tls is None:
        yield Risk("kafka.sasl.mechanism", "PLAIN sends the password readable: set kafka.tls, or use SCRAM")


def _bind(settings: Settings) -> Iterator[Risk]:
    place = settings.registry_place
    if is_loopback(place.host):
        return
    if settings.registry.url is not None or settings.registry.token is not None:
        return
    if not any({"read", "register"} <= set(token.scopes) for token in settings.tokens.values()):
        yield Risk(
            "registry.token",
            f"{place.host}:{place.port} is open to others, and there is no login for "
            "the broker itself: set registry.token, or a token that may read and register, or registry.url",
        )


def _view(settings: Settings) -> Iterator[Risk]:
    if urlsplit(settings.view.url).password:
        yield Risk("view.url", "holds a password: leave it out there and set view.password")
    readers = any("read" in token.scopes for token in settings.tokens.values())
    if not is_loopback(settings.view.host) and settings.view.token is None and not readers:
        where = f"{settings.view.host}:{settings.view.port}"
        yield Risk("view.token", f"anybody who reaches {where} could read all shipments")


def _participants(settings: Settings) -> Iterator[Risk]:
    try:
        known = settings.known
    except Misconfigured as error:
        yield Risk("profiles.directories", error.message)
        known = SHIPPED
    for participant in settings.participants.values():
        yield from _participant(participant, known)


def _participant(participant: Participant, known: Profiles) -> Iterator[Risk]:
    here = f"participants.{participant.name}"
    yield from _profile(participant, known, here)
    webhook = participant.webhook
    if webhook and not (webhook.secrets or webhook.public_keys or webhook.bearer):
        yield Risk(f"{here}.webhook", "anybody could send in its name: set secrets, public_keys or bearer")
    if participant.deliver and plain(participant.deliver.url) and not participant.deliver.egress.plaintext:
        yield Risk(f"{here}.deliver.url", "not encrypted: use https, or set deliver.egress.plaintext = true")
    for code, peer in (participant.authority.peers if participant.authority else {}).items():
        if plain(peer.url) and not peer.egress.plaintext:
            yield Risk(
                f"{here}.authority.peers.{code}.url",
                "not encrypted: anybody on the way could give his own keys: use https, or set "
                "egress.plaintext = true",
            )
    if participant.poll and plain(participant.poll.url) and not participant.poll.egress.plaintext:
        yield Risk(f"{here}.poll.url", "not encrypted: use https, or set poll.egress.plaintext = true")


def _profile(participant: Participant, known: Profiles, here: str) -> Iterator[Risk]:
    try:
        http = known.load(participant.profile).http
    except Misconfigured as error:
        if error.code != "profile-invalid":  # a broken folder sets its participant aside, and stops nobody
            yield Risk(f"{here}.profile", error.message)
        return
    if http is None:
        yield Risk(f"{here}.profile", f"{participant.profile} has no HTTP side: nobody can speak it")
        return
    deliver = participant.deliver
    if deliver and deliver.batch != "none" and deliver.batch not in http.batch:
        yield Risk(f"{here}.deliver.batch", f"{participant.profile} has no batches of this form")
    if deliver and deliver.batch in http.batch and deliver.max_batch > http.max_batch:
        yield Risk(
            f"{here}.deliver.max_batch",
            f"{participant.profile} takes at most {http.max_batch} messages at once",
        )


def _secrets(settings: Settings) -> Iterator[Risk]:
    for setting, reference in _references(settings):
        kind, _, name = reference.partition(":")
        if kind == "env":
            value = os.environ.get(name, "")
            if not value:
                yield Risk(setting, f"the environment variable {name} is not set")
                continue
        else:
            try:
                value = Path(name).read_text(encoding="utf-8").strip()
                if Path(name).stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
                    yield Risk(
                        setting, f"every user of this machine can read or change {name}: chmod 600 {name}"
                    )
            except (OSError, UnicodeDecodeError) as error:
                yield Risk(setting, f"{name} cannot be read: {error}")
                continue
        if len(value) < SHORTEST_TOKEN and setting not in FOREIGN:
            yield Risk(
                setting, f"shorter than {SHORTEST_TOKEN} characters: make one with `openssl rand -base64 32`"
            )


def _references(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield every reference to a secret with its address."""
    yield from _of_connections(settings)
    yield from _of_apis(settings)
    for name, participant in settings.participants.items():
        here = f"participants.{name}"
        if participant.webhook:
            yield from _of_webhook(f"{here}.webhook", participant.webhook)
        for side, transport in (("deliver", participant.deliver), ("poll", participant.poll)):
            match transport.auth if transport else None:
                case BearerSettings(token=token):
                    yield f"{here}.{side}.auth.token", token
                case OAuth2(client_secret=secret):
                    yield f"{here}.{side}.auth.client_secret", secret
        if participant.authority:
            yield f"{here}.authority.token", participant.authority.token
            for who, other in participant.authority.tokens.items():
                yield f"{here}.authority.tokens.{who}.token", other.token
            for position, key in enumerate(participant.authority.keys):
                yield f"{here}.authority.keys[{position}].key", key.key
        if participant.deliver:
            for position, reference in enumerate(participant.deliver.secrets):
                yield f"{here}.deliver.secrets[{position}]", reference


def _of_connections(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.kafka.sasl:
        file = settings.kafka.sasl.password_file
        yield "kafka.sasl.password_file", f"file:{file}" if file else f"env:{PASSWORD_VARIABLE}"
    if settings.kafka.tls and settings.kafka.tls.key:
        yield "kafka.tls.key", f"file:{settings.kafka.tls.key}"
    if settings.registry.cert_file:
        yield "registry.cert_file", f"file:{settings.registry.cert_file}"
    if settings.registry.password:
        yield "registry.password", settings.registry.password
    if settings.registry.token:
        yield "registry.token", settings.registry.token


def _of_apis(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.view.password:
        yield "view.password", settings.view.password
    if settings.view.token:
        yield "view.token", settings.view.token
    for name, token in settings.tokens.items():
        yield f"tokens.{name}.token", token.token


def _files(settings: Settings) -> Iterator[Risk]:
    """Certificates that are named must be there; those of Kafka must also make a connection."""
    named = {"registry.ca_file": settings.registry.ca_file}
    for name, participant in settings.participants.items():
        for side, transport in (("deliver", participant.deliver), ("poll", participant.poll)):
            if transport:
                named[f"participants.{name}.{side}.egress.ca_file"] = transport.egress.ca_file
        for code, peer in (participant.authority.peers if participant.authority else {}).items():
            named[f"participants.{name}.authority.peers.{code}.egress.ca_file"] = peer.egress.ca_file
    for setting, file in named.items():
        if file and not os.access(file, os.R_OK):
            yield Risk(setting, f"{file} cannot be read")
    if settings.kafka.tls:
        try:
            settings.kafka.tls.context()
        except Misconfigured as error:
            yield Risk("kafka.tls", error.message)


def _of_webhook(here: str, webhook: Webhook) -> Iterator[tuple[str, str]]:
    for field in ("secrets", "public_keys", "bearer"):
        for position, reference in enumerate(getattr(webhook, field)):
            yield f"{here}.{field}[{position}]", reference
