"""Why Kafka does not let us in, where the client only says that it cannot connect."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

import structlog
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from schemas.errors import CorridorError, Misconfigured, Transient
from streams.kafka.away import AWAY
from streams.kafka.settings import Kafka

log = structlog.get_logger(__name__)

PATIENCE: Final = 5.0
"""Seconds to wait for one broker's answer."""
UNWELCOME: Final = (SaslAuthenticationFailed, UnsupportedSaslMechanismError, IllegalSaslStateError)


async def require_access(kafka: Kafka) -> None:
    """Refuse to go on where Kafka will not let us in. A Kafka that is away may come back: it is passed over.

    Raises:
        Misconfigured: ``kafka-refused``: wrong credentials, or a certificate that is not accepted.
    """
    options = kafka.client_options()
    for host, port, _ in collect_hosts(options.pop("bootstrap_servers")):
        try:
            async with asyncio.timeout(PATIENCE):
                connection = await create_conn(host, port, **options)
        except UNWELCOME as error:
            user = f"{kafka.sasl.mechanism} of user {kafka.sasl.username!r}" if kafka.sasl else "no SASL"
            raise Misconfigured(
                "kafka-refused", f"Kafka at {host}:{port} does not accept {user}. Check kafka.sasl. ({error})"
            ) from error
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason
            raise Misconfigured(
                "kafka-refused", f"no TLS with Kafka at {host}:{port}: {reason}. Check kafka.tls."
            ) from error
        except AWAY:
            continue
        connection.close()
        return


async def unavailable(kafka: Kafka, code: str, message: str) -> CorridorError:
    """Give the error for a failure of Kafka: that it refuses us, where it does, else one that may pass.

    Args:
        kafka: connection.
        code: of the passing error.
        message: of the passing error.
    """
    try:
        await require_access(kafka)
    except Misconfigured as refusal:
        return refusal
    return Transient(code, message)
