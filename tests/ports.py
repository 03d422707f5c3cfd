"""Ports for what the tests start: below those that outgoing connections take, and far enough apart.

A port that the kernel gives (`bind` to 0) may be somebody's outgoing connection by the time that a server wants it,
some seconds later; and the embedded stack takes the ports next to its own.
"""

import secrets
import socket

LOOPBACK = "127.0.0.1"
WITHIN = range(10_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    found: set[int] = set()
    while len(found) < count:
        port = WITHIN.start + secrets.randbelow(len(WITHIN))
        if _is_free(port):
            found.add(port)
    return list(found)


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
