#!/usr/bin/env python
"""Check that a service answers: healthy.py http://127.0.0.1:5000/health, or healthy.py tcp://127.0.0.1:8786."""

import socket
import sys
import urllib.request
from urllib.parse import urlsplit

SECONDS = 5


def main(address: str) -> int:
    """0 if the address answers, else 1."""
    place = urlsplit(address)
    try:
        if place.scheme == "tcp":
            socket.create_connection((place.hostname or "", place.port or 0), SECONDS).close()
        else:
            urllib.request.urlopen(address, timeout=SECONDS).close()  # noqa: S310 an address of compose.yaml
    except OSError as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
