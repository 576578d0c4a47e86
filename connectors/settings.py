"""The settings of a participant: all that a new system at an HTTP edge needs.

Every field carries its description, from which the reference page is generated. Times are in seconds, sizes
in bytes. A secret is never written here: only where it is found (``file:PATH`` or ``env:NAME``).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class SettingsGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of settings: immutable, unknown keys are refused."""


Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
SecretRef = Annotated[str, Meta(pattern=r"^(file|env):.+$")]
Url = Annotated[str, Meta(pattern=r"^https?://[^\s]+$")]
Pointer = Annotated[str, Meta(pattern=r"^(/[^\s]*)?$")]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}"
        r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$"
    ),
]
Seconds = Annotated[float, Meta(ge=0)]
Size = Annotated[int, Meta(ge=1)]


class Limits(SettingsGroup, frozen=True):
    """Bounds on what the other side may send, in requests and in answers alike."""

    body: Annotated[Size, Meta(description="Largest body on the wire.")] = 1 << 20
    decoded: Annotated[Size, Meta(description="Largest body after decompression.")] = 5 << 20
    ratio: Annotated[Size, Meta(description="Largest decompression ratio, checked above 64 KiB decoded.")] = (
        20
    )
    record: Annotated[
        Size, Meta(description="Largest single message as Avro; Kafka takes 1 MiB with key and headers.")
    ] = 1_000_000
    headers: Annotated[Size, Meta(description="Largest number of header fields.")] = 64
    header_bytes: Annotated[Size, Meta(description="Largest size of all header fields together.")] = 16 << 10
    body_timeout: Annotated[Seconds, Meta(description="Time in which a request body must be complete.")] = (
        20.0
    )


class Rate(SettingsGroup, frozen=True):
    """A rate limit: a bucket of tokens, one per message."""

    per_second: Annotated[float, Meta(gt=0, description="Messages per second in the long run.")]
    burst: Annotated[Size, Meta(description="Messages that may pass at once.")] = 10


class Webhook(SettingsGroup, frozen=True):
    """How a participant sends to us. It must have at least one secret, public key or bearer token."""

    path: Annotated[
        str,
        Meta(pattern=r"^(/[a-zA-Z0-9._~-]+)*$", description="Path; empty: `/webhooks/<name>`."),
    ] = ""
    secrets: Annotated[
        tuple[SecretRef, ...],
        Meta(
            description="Standard Webhooks secrets (`whsec_…`). Several at once allow rotation without a gap."
        ),
    ] = ()
    public_keys: Annotated[
        tuple[SecretRef, ...],
        Meta(description="Standard Webhooks ed25519 public keys (`whpk_…`), for signatures of version v1a."),
    ] = ()
    bearer: Annotated[
        tuple[SecretRef, ...],
        Meta(description="Bearer tokens, the alternative to signatures. Each at least 16 characters."),
    ] = ()
    replay_window: Annotated[
        Seconds, Meta(description="How far a signature's time may be from ours, before or after.")
    ] = 300.0
    max_batch: Annotated[
        Size, Meta(description="Most messages in one request; 1 refuses batches (JSON array and NDJSON).")
    ] = 500
    rate: Annotated[
        Rate | None,
        Meta(description="Messages taken per second; beyond it the answer is 429. None: no limit."),
    ] = None
    limits: Annotated[Limits, Meta(description="Bounds on requests.")] = Limits()


class NoAuth(SettingsGroup, frozen=True, tag="none", tag_field="kind"):
    """No credentials are sent."""


class BearerSettings(SettingsGroup, frozen=True, tag="bearer", tag_field="kind"):
    """A fixed bearer token."""

    token: Annotated[SecretRef, Meta(description="Where the token is found.")]


class OAuth2(SettingsGroup, frozen=True, tag="oauth2", tag_field="kind"):
    """OAuth2 client credentials (RFC 6749, section 4.4)."""

    token_url: Annotated[Url, Meta(description="Token endpoint of the authorization server.")]
    client_id: Annotated[str, Meta(description="Client id.")]
    client_secret: Annotated[SecretRef, Meta(description="Where the client secret is found.")]
    scope: Annotated[str, Meta(description="Scopes, separated by spaces.")] = ""
    audience: Annotated[str, Meta(description="The `audience` parameter that some servers want.")] = ""
    send: Annotated[
        Literal["basic", "body"],
        Meta(description="Client credentials in the Authorization header (`basic`) or in the form (`body`)."),
    ] = "basic"
    refresh_at: Annotated[
        float, Meta(gt=0, le=1, description="Part of the token's life after which a new one is fetched.")
    ] = 0.8


Auth = NoAuth | BearerSettings | OAuth2


class Egress(SettingsGroup, frozen=True):
    """Where this participant's connections may go. Redirects are never followed."""

    hosts: Annotated[
        tuple[str, ...],
        Meta(description="Hosts that may be connected to besides those of the configured addresses."),
    ] = ()
    networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks (CIDR) that are allowed though not public, for example "
            '`["10.20.0.0/16"]`. All other addresses that are not public are refused when the name resolves.'
        ),
    ] = ()
    plaintext: Annotated[
        bool, Meta(description="Allow `http://`; without it only loopback addresses may be plain.")
    ] = False
    ca_file: Annotated[str, Meta(description="PEM file of a private CA; empty: the system's.")] = ""


class Timeouts(SettingsGroup, frozen=True):
    """Bounds on one HTTP exchange."""

    connect: Annotated[Seconds, Meta(description="TCP and TLS handshake.")] = 5.0
    read: Annotated[Seconds, Meta(description="Longest silence while reading.")] = 20.0
    write: Annotated[Seconds, Meta(description="Longest silence while writing.")] = 10.0
    pool: Annotated[Seconds, Meta(description="Wait for a free connection.")] = 5.0
    total: Annotated[Seconds, Meta(description="The whole exchange, whatever happens.")] = 30.0


class Breaker(SettingsGroup, frozen=True):
    """When deliveries to a partner pause as a whole."""

    failures: Annotated[Size, Meta(description="Failures in a row that open the circuit.")] = 5
    first: Annotated[Seconds, Meta(description="First pause; doubles with every failed probe.")] = 1.0
    longest: Annotated[Seconds, Meta(description="Longest pause between two probes.")] = 30.0


class Backoff(SettingsGroup, frozen=True):
    """When a message is tried again: full jitter, a random time below an exponentially growing bound."""

    first: Annotated[Seconds, Meta(description="Bound of the first wait.")] = 1.0
    longest: Annotated[Seconds, Meta(description="Largest bound.")] = 60.0
    give_up: Annotated[
        Seconds,
        Meta(description="Age at which a message that is refused on its own account is a dead letter."),
    ] = 72 * 3600.0


class Success(SettingsGroup, frozen=True):
    """Which answers say that the partner has the message."""

    statuses: Annotated[tuple[int, ...], Meta(description="HTTP statuses; each from 200 to 299, or 409.")] = (
        200,
        201,
        202,
        204,
    )
    pointer: Annotated[
        Pointer,
        Meta(description="JSON pointer into the answer that must hold `equals`; empty: not looked at."),
    ] = ""
    equals: Annotated[
        tuple[str | int | bool, ...], Meta(description="Values at `pointer` that mean success.")
    ] = ()


Member = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.$-]{0,100}$")]


class Outcomes(SettingsGroup, frozen=True):
    """Where the answer to a batch says what became of each message."""

    at: Annotated[Pointer, Meta(description="JSON pointer of the list; empty: the answer itself.")] = ""
    index: Annotated[
        Member,
        Meta(
            description="Member of an entry that names its message: a number, or a path with one such as "
            "`events[1].x`. Empty: the entries stand in the order of the messages."
        ),
    ] = ""
    status: Annotated[
        Member,
        Meta(description="Member of an entry with its HTTP status. Empty: an entry is a refusal."),
    ] = ""
    severity: Annotated[
        Member,
        Meta(description="Member of an entry that must be `ERROR` or `FATAL`, or absent, to count."),
    ] = ""


Fields = Annotated[
    dict[str, str],
    Meta(
        description="Header fields that go with each request as they are, such as `API-Version`. No secrets: "
        "see `auth`."
    ),
]


class Deliver(SettingsGroup, frozen=True):
    """How messages are delivered to a participant."""

    url: Annotated[Url, Meta(description="Address that messages are posted to.")]
    headers: Fields = {}
    auth: Annotated[Auth, Meta(description="Credentials.")] = NoAuth()
    secrets: Annotated[
        tuple[SecretRef, ...],
        Meta(description="Standard Webhooks secrets to sign requests with: old and new during rotation."),
    ] = ()
    batch: Annotated[
        Literal["none", "array", "ndjson"],
        Meta(description="How several messages go in one request, if the profile allows it."),
    ] = "none"
    max_batch: Annotated[Size, Meta(le=100, description="Most messages in one request.")] = 50
    concurrency: Annotated[Size, Meta(description="Requests under way at once; one per subject.")] = 32
    rate: Annotated[Rate | None, Meta(description="Messages sent per second. None: no limit.")] = None
    timeouts: Annotated[Timeouts, Meta(description="Bounds on one exchange.")] = Timeouts()
    backoff: Annotated[Backoff, Meta(description="When a message is tried again.")] = Backoff()
    breaker: Annotated[Breaker, Meta(description="When all deliveries pause.")] = Breaker()
    success: Annotated[Success, Meta(description="Which answers are a delivery.")] = Success()
    outcomes: Annotated[
        Outcomes | None,
        Meta(description="Where an answer tells of each message of a batch. None: it tells of all alike."),
    ] = None
    park: Annotated[
        tuple[int, ...], Meta(description="Statuses that mean this message can never be accepted.")
    ] = (400, 413, 422)
    order: Annotated[
        Literal["subject", "none"], Meta(description="Whether messages of one subject wait for each other.")
    ] = "subject"
    on_dead: Annotated[
        Literal["pass", "wait"],
        Meta(description="Whether later messages of a subject pass its dead letter or wait behind it."),
    ] = "wait"
    egress: Annotated[Egress, Meta(description="Where connections may go.")] = Egress()
    limits: Annotated[Limits, Meta(description="Bounds on answers.")] = Limits()


class Poll(SettingsGroup, frozen=True):
    """How a participant is polled: pages of items under a cursor, a `next` link or a time.

    A feed as DCSA Track & Trace 3.0 has it: `headers = { API-Version = "3.0.0" }`, `cursor_header =
    "Next-Page-Cursor"`, `since_param = "eventUpdatedDateTimeMin"`, `time = "/eventUpdatedDateTime"`.
    """

    url: Annotated[Url, Meta(description="Address of the first page.")]
    headers: Fields = {}
    interval: Annotated[Seconds, Meta(description="Wait between polls once everything is read.")] = 10.0
    page_size: Annotated[Size, Meta(le=1000, description="Items asked for per page.")] = 100
    size_param: Annotated[str, Meta(description="Query parameter of the page size; empty: none.")] = "limit"
    cursor_param: Annotated[str, Meta(description="Query parameter of the cursor.")] = "cursor"
    since_param: Annotated[
        str, Meta(description="Query parameter of the time to read from, RFC 3339; empty: not by time.")
    ] = ""
    since: Annotated[
        Moment,
        Meta(
            description="With `since_param`: the time that is read from while nothing has been read yet, "
            "RFC 3339; empty: the parameter is left out until then."
        ),
    ] = ""
    overlap: Annotated[
        Seconds,
        Meta(description="With `since_param`: how far before the newest item each round begins again."),
    ] = 60.0
    items: Annotated[Pointer, Meta(description="JSON pointer of the list of items; empty: the answer.")] = (
        "/items"
    )
    cursor: Annotated[
        Pointer, Meta(description="JSON pointer of the cursor of the following page; empty: none.")
    ] = "/cursor"
    cursor_header: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9-]{0,100}$",
            description="Header field of the answer with the cursor of the following page, such as "
            "`Next-Page-Cursor`; it goes before `cursor`. Empty: none.",
        ),
    ] = ""
    next: Annotated[
        Pointer,
        Meta(description="JSON pointer of the link to the following page. A `Link` header works as well."),
    ] = "/next"
    time: Annotated[
        Pointer, Meta(description="With `since_param`: JSON pointer of the time (RFC 3339) within an item.")
    ] = ""
    auth: Annotated[Auth, Meta(description="Credentials.")] = NoAuth()
    timeouts: Annotated[Timeouts, Meta(description="Bounds on one exchange.")] = Timeouts()
    egress: Annotated[Egress, Meta(description="Where connections may go.")] = Egress()
    limits: Annotated[Limits, Meta(description="Bounds on answers.")] = Limits()


class PermitKey(SettingsGroup, frozen=True):
    """A key that an authority signs with."""

    id: Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,100}$", description="Id of the key (`kid`).")]
    key: Annotated[
        SecretRef,
        Meta(description="Where the private key is found; `corridor permit keys new` makes one."),
    ]


class PermitToken(SettingsGroup, frozen=True):
    """A token of an authority's internal API: who asks, and what that one may do."""

    token: Annotated[SecretRef, Meta(description="Where the token is found.")]
    scopes: Annotated[
        tuple[Literal["read", "operate"], ...],
        Meta(
            min_length=1,
            description="`read`: permits, quotas, chains. `operate`: acts, such as to issue a permit, to "
            "report its use and to revoke a key.",
        ),
    ]


class PermitPeer(SettingsGroup, frozen=True):
    """Another e-Permit authority. Its keys are fetched once, over this address."""

    url: Annotated[Url, Meta(description="Address of its public API.")]
    permit_types: Annotated[
        Literal["current", "old"],
        Meta(description="Numbering of permit types between the two; 4 means something else in the old one."),
    ] = "current"
    egress: Annotated[Egress, Meta(description="Where connections may go.")] = Egress()


AuthorityCode = Annotated[str, Meta(pattern=r"^[A-Z]{1,10}$")]


class AuthoritySettings(SettingsGroup, frozen=True):
    """An authority of the e-Permit protocol, for which the broker speaks: a full peer of the others."""

    code: Annotated[AuthorityCode, Meta(description="Its code: ISO 3166-1 alpha-2 for a country.")]
    title: Annotated[str, Meta(description="Its name in the self-description.")]
    keys: Annotated[
        tuple[PermitKey, ...],
        Meta(
            min_length=1,
            description="Keys to sign with. Proofs are made with the oldest that is not revoked.",
        ),
    ]
    token: Annotated[
        SecretRef,
        Meta(description="Where the bearer token of the internal API is found, which may do everything."),
    ]
    tokens: Annotated[
        dict[Name, PermitToken],
        Meta(
            description="More tokens of the internal API, each a table "
            "`[participants.<name>.authority.tokens.<who>]`, whose name stands in the log."
        ),
    ] = {}
    path: Annotated[
        str,
        Meta(pattern=r"^(/[a-zA-Z0-9._~-]+)*$", description="Path at the gateway; empty: `/epermit/<name>`."),
    ] = ""
    peers: Annotated[
        dict[AuthorityCode, PermitPeer],
        Meta(
            description="Other authorities by code, each a table `[participants.<name>.authority.peers.AZ]`."
        ),
    ] = {}
    timeouts: Annotated[Timeouts, Meta(description="Bounds on one exchange with a peer.")] = Timeouts()
    backoff: Annotated[Backoff, Meta(description="When an event is sent again; it is never given up.")] = (
        Backoff()
    )
    limits: Annotated[Limits, Meta(description="Bounds on requests and on answers of peers.")] = Limits(
        body=64 << 10, decoded=64 << 10
    )


class Participant(SettingsGroup, frozen=True):
    """A system that the broker talks to. Configuration is all there is to one."""

    name: Annotated[Name, Meta(description="Its name in topics, metrics and addresses.")]
    profile: Annotated[str, Meta(description="Profile it speaks, for example `dlp.event.v1`.")]
    webhook: Annotated[Webhook | None, Meta(description="How it sends to us.")] = None
    poll: Annotated[Poll | None, Meta(description="How we fetch from it.")] = None
    deliver: Annotated[Deliver | None, Meta(description="How we send to it.")] = None
    authority: Annotated[
        AuthoritySettings | None, Meta(description="The e-Permit authority that the broker is itself.")
    ] = None

    simulated: Annotated[
        bool,
        Meta(description="Its times are of a simulation: they are not held against the clock of the broker."),
    ] = False

    @property
    def authority_path(self) -> str:
        """Path of the authority's public API."""
        return (self.authority.path if self.authority else "") or f"/epermit/{self.name}"

    @property
    def webhook_path(self) -> str:
        """Path of the webhook endpoint."""
        return (self.webhook.path if self.webhook else "") or f"/webhooks/{self.name}"
