"""A Kafka that asks for TLS and a password: everything works through it, and a refusal is told as one."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives import serialization

from bench.workload import message, text
from corridor.cli.exits import Exit
from deploy.kafka import Node
from deploy.ports import LOOPBACK, free_port
from streams.kafka import topics
from streams.kafka.scan import scan
from streams.kafka.settings import Kafka, Processing, Sasl, Tls
from streams.kafka.sizes import Sizes
from streams.kafka.transactions import Writer, Writes
from streams.partition.state import restore
from tests.support.kafka import produce

pytestmark = pytest.mark.kafka

USER, PASSWORD = "corridor", "correct-horse"
MECHANISMS = ("SCRAM-SHA-512", "PLAIN")


@dataclass(frozen=True)
class Guarded:
    """A node with a plain listener for the test's own use, and one that asks for TLS and a password."""

    plain: str
    address: str
    directory: Path

    def settings(
        self, mechanism: str = "SCRAM-SHA-512", *, ca: str = "ca.pem", password: str = "right"
    ) -> Kafka:
        """The connection as an operator would set it."""
        return Kafka(
            bootstrap=self.address,
            tls=Tls(ca=str(self.directory / ca)),
            sasl=Sasl(username=USER, mechanism=mechanism, password_file=str(self.directory / password)),  # type: ignore[arg-type]
        )

    def run(self, kafka: Kafka, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command under a settings file with this connection."""
        assert kafka.tls is not None
        assert kafka.sasl is not None
        config = self.directory / "corridor.toml"
        config.write_text(
            f'[kafka]\nbootstrap = "{kafka.bootstrap}"\ntls = {{ ca = "{kafka.tls.ca}" }}\n'
            f'sasl = {{ username = "{USER}", mechanism = "{kafka.sasl.mechanism}", '
            f'password_file = "{kafka.sasl.password_file}" }}\n'
        )
        return subprocess.run(
            [sys.executable, "-m", "corridor", *command, "--config", str(config)],
            capture_output=True, text=True, timeout=60, check=False, cwd=self.directory,
        )  # fmt: skip


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Start the embedded node with a second listener, SASL_SSL, and one user."""
    directory = tmp_path_factory.mktemp("guarded")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / "ca.pem")
    trustme.CA().cert_pem.write_to_path(directory / "stranger.pem")
    for name, password in (("right", PASSWORD), ("wrong", "battery-staple")):
        (directory / name).write_text(f"{password}\n")
        (directory / name).chmod(0o600)
    node = Node(directory / "kafka")
    port = free_port()
    node.overrides = listeners(node, port, keystore(authority, directory))
    asyncio.run(node.start())
    credentials = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    admin = AdminClient({"bootstrap.servers": node.bootstrap})
    added = admin.alter_user_scram_credentials([
        UserScramCredentialUpsertion(USER, credentials, PASSWORD.encode())
    ])  # fmt: skip
    added[USER].result(30)
    yield Guarded(node.bootstrap, f"{LOOPBACK}:{port}", directory)
    node.kill()


def keystore(authority: trustme.CA, directory: Path) -> Path:
    """The node's key and certificates in the form that Kafka reads: PKCS #8 first, then the chain."""
    issued = authority.issue_cert(LOOPBACK)
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = directory / "server.pem"
    path.write_bytes(pem + b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    return path


def listeners(node: Node, port: int, pem: Path) -> dict[str, str]:
    """Server properties of the listener that asks for a password."""
    login = "org.apache.kafka.common.security"
    plain = f"{login}.plain.PlainLoginModule required user_{USER}='{PASSWORD}';"
    return {
        "listeners": f"PLAINTEXT://{LOOPBACK}:{node.port},SASL_SSL://{LOOPBACK}:{port},"
        f"CONTROLLER://{LOOPBACK}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{node.bootstrap},SASL_SSL://{LOOPBACK}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(pem),
        "sasl.enabled.mechanisms": ",".join(MECHANISMS),
        "listener.name.sasl_ssl.plain.sasl.jaas.config": plain,
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{login}.scram.ScramLoginModule required;",
    }


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_transactions_and_reads_go_through(guarded: Guarded, mechanism: str) -> None:
    """What a writer commits over TLS, logged in by each mechanism, is read back with its offset."""
    kafka, name = guarded.settings(mechanism), f"guarded-{mechanism.lower()}"
    assert await topics.create(kafka, [topics.Topic(name, 1, 1, {})]) == [name]
    place, writes = TopicPartition(name, 0), Writes(Sizes())
    writes.add(name, 0, b"key", b"value")
    writer = await Writer.open(kafka, Processing(app="guarded"), name)
    try:
        await writer.commit(writes, name, {place: OffsetAndMetadata(7, "so far")})
    finally:
        await writer.close()
    assert [(record.key, record.value) async for record in scan(kafka, name)] == [(b"key", b"value")]
    state: dict[bytes, bytes | None] = {}
    assert await restore(kafka, name, [place], {place: state.__setitem__}) == {place: (7, "so far")}
    assert state == {b"key": b"value"}


def test_the_topics_command_works(guarded: Guarded) -> None:
    """`corridor topics` makes the plan's topics with the settings of a file, and then finds them right."""
    kafka = guarded.settings()
    made = guarded.run(kafka, "topics", "create", "--unsafe", "--json")
    assert made.returncode == Exit.OK, made.stderr
    assert {"created": topics.EVENTS} in [json.loads(line) for line in made.stdout.splitlines()]
    assert guarded.run(kafka, "topics", "check").returncode == Exit.OK


async def test_a_pipe_translates(guarded: Guarded) -> None:
    """The stream layer consumes, translates and commits over TLS with a password."""
    for name in ("mapping.yaml", "event.avsc", "shipment.avsc"):
        (guarded.directory / name).write_text(text(name), encoding="utf-8")
    kafka = guarded.settings()
    await topics.create(kafka, [topics.Topic("pipe.in", 1, 1, {}), topics.Topic("pipe.out", 1, 1, {})])
    await produce(guarded.plain, "pipe.in", [(*message(n), []) for n in range(50)])
    await asyncio.to_thread(guarded.run, kafka, "topics", "list")  # writes the settings file
    process = subprocess.Popen(  # noqa: ASYNC220 - it is only started here
        [sys.executable, "-m", "corridor", "pipe", "--config", "corridor.toml", "--mapping", "mapping.yaml",
         "--schema-in", "event.avsc", "--schema-out", "shipment.avsc",
         "--in", "pipe.in", "--out", "pipe.out", "--group", "guarded.pipe"],
        cwd=guarded.directory,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while len([record async for record in scan(kafka, "pipe.out")]) < 50:
                assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == Exit.OK
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "command", [("topics", "check"), ("run", "gateway", "stream", "deliver"), ("dead", "list")]
)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_wrong_password_is_told_once_and_ends_the_process(
    guarded: Guarded, mechanism: str, command: tuple[str, ...]
) -> None:
    """Refused credentials are no reason to try for ever: 78, who was refused, and never the password."""
    done = guarded.run(guarded.settings(mechanism, password="wrong"), *command)
    assert done.returncode == Exit.CONFIGURATION, done.stderr
    (told,) = [line for line in done.stderr.splitlines() if line.startswith("kafka-refused: ")]
    assert guarded.address in told
    assert f"{mechanism} of user '{USER}'" in told
    assert "battery-staple" not in done.stdout + done.stderr


def test_a_certificate_that_is_not_trusted_is_told(guarded: Guarded) -> None:
    """A Kafka under an unknown authority is refused, with the reason and where to set it right."""
    done = guarded.run(guarded.settings(ca="stranger.pem"), "topics", "check")
    assert done.returncode == Exit.CONFIGURATION, done.stderr
    assert f"no TLS with Kafka at {guarded.address}: " in done.stderr
    assert "Check kafka.tls." in done.stderr
