"""What the stream layer needs to know to run: Kafka's address, the topics, the limits of processing."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from schemas.errors import Misconfigured

Positive = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]

PASSWORD_VARIABLE = "CORRIDOR_KAFKA_PASSWORD"  # noqa: S105  the variable's name, not a password
"""Environment variable with the SASL password, for where there is no file."""


class Sasl(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a client proves who it is. The password comes from a file or the environment, never from here.

    Attributes:
        mechanism: as the cluster is configured.
        username: the principal.
        password_file: file that holds the password; without it ``CORRIDOR_KAFKA_PASSWORD`` is read.
    """

    username: str
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    password_file: str | None = None

    def password(self) -> str:
        """Read the password.

        Raises:
            Misconfigured: ``settings-invalid`` when there is none.
        """
        if self.password_file is not None:
            try:
                return Path(self.password_file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise Misconfigured(
                    "settings-invalid", f"kafka.sasl.password_file cannot be read: {error.strerror}"
                ) from error
        if PASSWORD_VARIABLE in os.environ:
            return os.environ[PASSWORD_VARIABLE]
        raise Misconfigured(
            "settings-invalid", f"kafka.sasl needs password_file, or {PASSWORD_VARIABLE} in the environment"
        )


class Tls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encryption towards the brokers.

    Attributes:
        ca: PEM file of the authorities to trust; without it the system's.
        cert: PEM file of the client certificate, for mutual TLS.
        key: PEM file of its private key.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    def context(self) -> ssl.SSLContext:
        """Make the TLS context; host names are always checked.

        Raises:
            Misconfigured: ``settings-invalid`` when a file cannot be used.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except (OSError, ssl.SSLError) as error:
            raise Misconfigured("settings-invalid", f"kafka.tls: {error}") from error
        return context


class Kafka(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The connection to Kafka.

    Attributes:
        bootstrap: ``host:port``, several separated by commas.
        client_id: shows in the brokers' logs and quotas.
        tls: present means encrypted.
        sasl: present means authenticated.
        request_timeout: seconds after which an answer of a broker is given up.
        plaintext: the network between us and a cluster elsewhere is ours alone: neither TLS nor a login is
            needed there.
    """

    bootstrap: str = "127.0.0.1:9092"
    client_id: str = "corridor"
    tls: Tls | None = None
    sasl: Sasl | None = None
    request_timeout: Seconds = 15.0
    plaintext: bool = False

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments that every aiokafka client takes.

        Raises:
            Misconfigured: ``settings-invalid`` when a secret or a certificate is missing.
        """
        from streams.kafka.door import install  # noqa: PLC0415 - settings are read by many who need no Kafka

        install()
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "client_id": self.client_id,
            "request_timeout_ms": int(self.request_timeout * 1000),
            "security_protocol": ("SASL_" if self.sasl else "") + ("SSL" if self.tls else "PLAINTEXT"),
        }
        if self.tls is not None:
            options["ssl_context"] = self.tls.context()
        if self.sasl is not None:
            options["sasl_mechanism"] = self.sasl.mechanism
            options["sasl_plain_username"] = self.sasl.username
            options["sasl_plain_password"] = self.sasl.password()
        return options


class Topics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the broker's topics are made.

    Attributes:
        partitions: of every topic of messages and of state; cannot change once there is data.
        replication: copies of each partition; 3 on a cluster.
        min_insync: copies that must have a record before it counts as written; 2 on a cluster.
        retention_days: how long messages are kept; state and cursors are compacted and kept for ever.
        max_message_bytes: the largest record that a topic takes.
    """

    partitions: Positive = 6
    replication: Positive = 1
    min_insync: Positive = 1
    retention_days: Positive = 30
    max_message_bytes: Annotated[int, msgspec.Meta(ge=65_536)] = 1_048_576


class Processing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the processors.

    Attributes:
        app: prefix of consumer groups and transactional ids; two brokers on one cluster differ in it.
        batch_bytes: most bytes of one partition number that go through one transaction.
        prefetch_bytes: most bytes that wait in memory for the processors of a role, or for one partner.
        linger: seconds between the beginnings of two transactions of a partition, unless a whole batch waits:
            what comes meanwhile goes through together. After a pause the first record goes at once.
        session_timeout: seconds after which the partitions of a silent process go to the others.
        commit_interval: seconds between two commits of delivery receipts.
        compression: of what processors write.
        dead_letters: ``pass``: later messages of a subject go on after a dead letter; ``wait``: they
            become dead letters too, until a replay has brought the subject up to date.
    """

    app: str = "corridor"
    batch_bytes: Positive = 524_288
    prefetch_bytes: Positive = 4_194_304
    linger: Seconds = 0.035
    session_timeout: Seconds = 10.0
    commit_interval: Seconds = 1.0
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = "none"
    dead_letters: Literal["pass", "wait"] = "pass"

    @property
    def fetch_bytes(self) -> int:
        """The part of ``prefetch_bytes`` that is with a consumer; the rest is for what was taken from it."""
        return self.prefetch_bytes // 4
