"""A port to listen on: the first free one from a number on."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection

from foldwise.errors import ConfigError

TRIED = 100


def listen_from(host: str, port: int, key: str = "port", besides: Collection[int] = ()) -> socket.socket:
    """A socket that is bound to a host, at the first free port from `port` on; ports that are taken are stepped over.

    Args:
        host: an address or a name of this machine.
        port: the first one to try.
        key: the option that it comes from.
        besides: ports that are kept for others.

    Raises:
        ConfigError: the host is unknown here, the port is not allowed, or a hundred are taken.
    """
    try:
        family, *_, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise ConfigError("host", f"{host} is not an address or a name that this machine knows; use host=127.0.0.1") from None
    for number in range(port, min(port + TRIED, 65536)):
        if number in besides:
            continue
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((place[0], number, *place[2:]))
            bound.listen(128)  # else a second program could bind it too
        except OSError as error:
            bound.close()
            if error.errno != errno.EADDRINUSE:
                rule = f"{host}:{number} cannot be used ({error.strerror}); choose another, {key}={port + 1}"
                raise ConfigError(key, rule) from None
            continue
        return bound
    raise ConfigError(key, f"the ports of {host} from {port} on are taken; choose another, {key}={min(65535, port + TRIED)}")


def address_of(host: str, port: int) -> str:
    """The address of pages; IPv6 is in brackets there."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
