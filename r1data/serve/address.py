"""Where a server of this project listens, and who may reach it."""

import ipaddress
import socket

from r1data.errors import ConfigError

BACKLOG = 2048
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names under which this machine alone is reached."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on a port; port 0 takes a free one.

    Raises:
        ConfigError: the port is taken, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)  # a port is taken only by who listens
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"Port {port} of {host} cannot be used: {error.strerror}. Give another one as --port."
        ) from error
    return bound


def check_port(host: str, port: int) -> None:
    """Make sure that a port can be used.

    Raises:
        ConfigError: it cannot.
    """
    listen(host, port).close()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that host; names other than `localhost` count as reached by all."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
