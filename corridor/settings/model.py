"""The tree of all settings, put together from those of the layers below."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, field

from connectors.settings import Participant, SecretRef, SettingsGroup, Url
from schemas.profiles import Profiles
from streams.kafka.settings import Kafka, Processing, Topics

Port = Annotated[int, Meta(ge=1, le=65535)]


class ListenerSettings(SettingsGroup, frozen=True, kw_only=True):
    """A listener of its own for a part of what a role serves."""

    host: Annotated[str, Meta(description="Address to listen on; `0.0.0.0` for all.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="TCP port.")]
    hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Names, without port, under which it is asked for from outside; `*` for any. "
            "Addresses, names without a dot and names such as `x.internal` are always taken. Requests under "
            "another name, and requests of other sites' pages, are refused."
        ),
    ] = ()


class Listen(ListenerSettings, frozen=True, kw_only=True):
    """Where a role serves its health and metrics (`/livez`, `/readyz`, `/metrics`)."""

    port: Annotated[Port, Meta(description="TCP port.")] = 8400

    @property
    def health(self) -> ListenerSettings:
        """Where health and metrics are."""
        return self

    @property
    def places(self) -> tuple[ListenerSettings, ...]:
        """All listeners of the role."""
        return (self,)


class StreamListen(Listen, frozen=True, kw_only=True):
    """Where the role stream serves its health and metrics (`/livez`, `/readyz`, `/metrics`)."""

    port: Annotated[Port, Meta(description="TCP port.")] = 8401


class DeliverListen(Listen, frozen=True, kw_only=True):
    """Where the role deliver serves its health and metrics (`/livez`, `/readyz`, `/metrics`)."""

    port: Annotated[Port, Meta(description="TCP port.")] = 8402


class Gateway(Listen, frozen=True, kw_only=True):
    """The HTTP side of the role gateway: webhooks, registry API, API description, health and metrics.

    Each of them but the webhooks can have a listener of its own, for a network of its own; what has none is
    served here.
    """

    registry: Annotated[ListenerSettings | None, Meta(description="Listener of the registry API alone.")] = (
        None
    )
    docs: Annotated[ListenerSettings | None, Meta(description="Listener of the API description alone.")] = (
        None
    )
    metrics: Annotated[ListenerSettings | None, Meta(description="Listener of health and metrics alone.")] = (
        None
    )

    shutdown: Annotated[
        float, Meta(ge=0, description="Seconds that requests under way have to end when the role stops.")
    ] = 5.0

    @property
    def health(self) -> ListenerSettings:
        """Where health and metrics are."""
        return self.metrics or self

    @property
    def places(self) -> tuple[ListenerSettings, ...]:
        """All listeners of the role."""
        return (self, *(place for place in (self.registry, self.docs, self.metrics) if place))


class View(Listen, frozen=True, kw_only=True):
    """The shipment view: its database, and the role that projects the log into it and answers questions."""

    port: Annotated[Port, Meta(description="TCP port of the read API, health and metrics.")] = 8409
    url: Annotated[
        str,
        Meta(
            pattern=r"^(sqlite|postgresql)://",
            description="`sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`, without a password.",
        ),
    ] = "sqlite:///corridor-view.sqlite3"
    password: Annotated[SecretRef | None, Meta(description="Where the database password is found.")] = None
    token: Annotated[
        SecretRef | None,
        Meta(description="Where the bearer token is found that the read API wants; needed beyond loopback."),
    ] = None
    metrics: Annotated[ListenerSettings | None, Meta(description="Listener of health and metrics alone.")] = (
        None
    )

    @property
    def health(self) -> ListenerSettings:
        """Where health and metrics are."""
        return self.metrics or self

    @property
    def places(self) -> tuple[ListenerSettings, ...]:
        """All listeners of the role."""
        return (self, self.metrics) if self.metrics else (self,)


class Token(SettingsGroup, frozen=True):
    """A token of our own APIs: who asks, and what that one may do. Its name stands in the log.

    Once there is a token with the scope `read`, the read API and the registry want one for reading as well.
    """

    token: Annotated[SecretRef, Meta(description="Where the token is found.")]
    scopes: Annotated[
        tuple[Literal["read", "register", "operate"], ...],
        Meta(
            min_length=1,
            description="`read`: shipments, figures, schemas. `register`: new versions of schemas. "
            "`operate`: compatibility levels, modes, deletions.",
        ),
    ]


class RegistrySettings(SettingsGroup, frozen=True):
    """The schema registry, the gateway's own or any with the Confluent API.

    The gateway serves its own, unless `url` names another. Whoever changes something there needs a token:
    `token`, one of `[tokens.<name>]`, or the one that the broker makes for this machine. Beyond loopback one
    must be set.
    """

    url: Annotated[
        Url | None,
        Meta(description="Address of an external registry; without one the gateway's own is used."),
    ] = None
    username: Annotated[str, Meta(description="User for basic authentication.")] = ""
    password: Annotated[SecretRef | None, Meta(description="Where the password is found.")] = None
    token: Annotated[
        SecretRef | None,
        Meta(description="Where the bearer token is found that clients send and our own registry wants."),
    ] = None
    plaintext: Annotated[
        bool,
        Meta(description="Send the login over `http://` as well: on a network that nobody else is on."),
    ] = False
    ca_file: Annotated[str, Meta(description="PEM file of a private CA; empty: the system's.")] = ""
    cert_file: Annotated[
        str, Meta(description="PEM file of a client certificate with its key, for mTLS.")
    ] = ""
    recursive: Annotated[
        bool,
        Meta(description="Whether our own registry takes recursive schemas: the broker itself reads none."),
    ] = False
    cache: Annotated[
        str, Meta(description="Directory that keeps fetched schemas, so that a start needs no registry.")
    ] = ""


class Codes(SettingsGroup, frozen=True):
    """Code lists: those that are shipped, with your own over them."""

    overlays: Annotated[
        tuple[str, ...],
        Meta(description="Directories of CSV files that lie over the shipped lists, in order."),
    ] = ()


class ProfileSettings(SettingsGroup, frozen=True):
    """Profiles: those that come with the broker, and your own beside them."""

    directories: Annotated[
        tuple[str, ...],
        Meta(
            description="Directories of profile folders, or such folders, relative to the settings file "
            "(docs/integrating.md)."
        ),
    ] = ()


class LogSettings(SettingsGroup, frozen=True):
    """What a process says of itself, on stderr."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="Least level shown.")] = (
        "info"
    )
    format: Annotated[
        Literal["auto", "console", "json"], Meta(description="`auto`: console on a terminal, JSON elsewhere.")
    ] = "auto"


class Settings(SettingsGroup, frozen=True):
    """All settings of the broker."""

    kafka: Annotated[Kafka, Meta(description="The connection to Kafka.")] = Kafka()
    topics: Annotated[Topics, Meta(description="How topics are made.")] = Topics()
    processing: Annotated[Processing, Meta(description="Limits of the processors.")] = Processing()
    registry: Annotated[RegistrySettings, Meta(description="The schema registry.")] = RegistrySettings()
    codes: Annotated[Codes, Meta(description="The code lists.")] = Codes()
    profiles: Annotated[ProfileSettings, Meta(description="The profiles.")] = ProfileSettings()
    gateway: Annotated[Gateway, Meta(description="The role gateway.")] = Gateway()
    stream: Annotated[StreamListen, Meta(description="The role stream.")] = StreamListen()
    deliver: Annotated[DeliverListen, Meta(description="The role deliver.")] = DeliverListen()
    view: Annotated[View, Meta(description="The shipment view.")] = View()
    log: Annotated[LogSettings, Meta(description="Logging.")] = LogSettings()
    tokens: Annotated[
        dict[str, Token], Meta(description="Tokens of our own APIs, each a table `[tokens.<name>]`.")
    ] = field(default_factory=dict)
    participants: Annotated[
        dict[str, Participant],
        Meta(description="Systems the broker talks to, each a table `[participants.<name>]`."),
    ] = field(default_factory=dict)

    @property
    def simulated(self) -> frozenset[str]:
        """Participants whose times are of a simulation."""
        return frozenset(name for name, found in self.participants.items() if found.simulated)

    @property
    def overlays(self) -> tuple[Path, ...]:
        """Directories of the integrator's own code lists."""
        return tuple(map(Path, self.codes.overlays))

    @property
    def known(self) -> Profiles:
        """The profiles that participants may have.

        Raises:
            Misconfigured: ``profile-invalid``: a directory cannot be used, or a name is in two of them.
        """
        return Profiles.of(tuple(map(Path, self.profiles.directories)))

    @property
    def peers(self) -> dict[str, tuple[str, ...]]:
        """Participants that are e-Permit authorities, with the codes of their peers."""
        return {
            name: tuple(participant.authority.peers)
            for name, participant in self.participants.items()
            if participant.authority
        }

    @property
    def registry_place(self) -> ListenerSettings:
        """Where our own registry listens."""
        return self.gateway.registry or self.gateway

    @property
    def registry_url(self) -> str:
        """Address of the registry in use."""
        return self.registry.url or f"http://127.0.0.1:{self.registry_place.port}"
