"""Ports: free ones for what is internal, a clear word where one that was asked for is taken."""

import random
import socket
from collections.abc import Collection

from quintet.failing import Failed

RANGE = range(20000, 32000)  # below what the kernel hands out to outgoing connections


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def choose(taken: Collection[int] = ()) -> int:
    """A free port that is not in `taken`."""
    for port in random.sample(RANGE, len(RANGE)):
        if port not in taken and is_free(port):
            return port
    raise Failed(f"No free port between {RANGE.start} and {RANGE.stop}.")


def keep(wanted: int | None, taken: Collection[int]) -> int:
    """`wanted` where it is still free, else another."""
    return wanted if wanted and wanted not in taken and is_free(wanted) else choose(taken)


def require(port: int, setting: str, host: str = "127.0.0.1") -> None:
    """Fails, naming port and setting, where `port` can't be listened on."""
    if not is_free(port, host):
        raise Failed(f"Port {port} is in use; choose another with {setting}=…, or {setting}=0 for any that is free.")
