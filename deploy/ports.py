"""TCP ports on this machine: find a free one, and say who holds a taken one."""

from __future__ import annotations

import socket

import psutil

from schemas.errors import Misconfigured

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int, purpose: str, remedy: str, host: str = LOOPBACK) -> None:
    """Refuse to go on when somebody listens on the port.

    Args:
        port: the TCP port.
        purpose: what it is needed for, for the message.
        remedy: what the operator can do about it, one sentence.
        host: the address to bind.

    Raises:
        Misconfigured: ``port-in-use``; names the process that holds the port where the system tells.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Misconfigured(
                "port-in-use", f"Port {port}, needed for {purpose}, is in use by {holder(port)}. {remedy}"
            ) from None


def holder(port: int) -> str:
    """Describe who listens on a port, as far as the system lets us see."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        pass
    return "another process"
