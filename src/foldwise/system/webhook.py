"""Tells another program what happened: JSON to a web address, which must be one of the open net unless the user says otherwise.

The host's name is resolved once, its addresses are judged, and one of them is connected to: a name that means another place the
next time leads nowhere. Redirects are not followed. The identity of a server with TLS is checked against the name.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from foldwise.system.redact import first_line

SECONDS = 10.0
TRIES = 3
FIRST_PAUSE = 0.5

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Refused(Exception):
    """Nobody is asked at this address."""


def tell(url: str, payload: Mapping[str, Any], private: bool = False, seconds: float = SECONDS) -> str | None:
    """Posts a JSON object; never raises.

    Args:
        url: http or https.
        payload: plain values.
        private: whether an address of one's own network, or of this machine, will do.
        seconds: how long a try may take.

    Returns:
        None where the other side took it, else one sentence that says why it did not. Of the address it names the host only:
        the rest may be a secret.
    """
    shown = ""
    try:
        shown = f" at {urlsplit(url).hostname}"
        body = json.dumps(payload, default=str).encode()
        why = _told(url, body, private, seconds)
    except Exception as fault:  # noqa: BLE001 whatever is wrong with the address or the payload, no job fails by it
        why = first_line(fault)
    return None if why is None else f"the webhook{shown} was not told: {why}"


def _told(url: str, body: bytes, private: bool, seconds: float) -> str | None:
    why = "nobody was asked"
    for attempt in range(TRIES):
        if attempt:
            time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
        try:
            status = _post(url, body, private, seconds)
        except _Refused as refusal:
            return str(refusal)
        except (OSError, http.client.HTTPException) as fault:
            why = first_line(fault)
            continue
        if status < 300:
            return None
        why = f"it answered {status}"
        if status < 500 and status != 429:  # asking again changes nothing
            return f"{why}, and redirects are not followed" if status < 400 else why
    return f"{why}, {TRIES} tries"


def _post(url: str, body: bytes, private: bool, seconds: float) -> int:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _Refused("its address must begin with http:// or https://")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=seconds)
    raw = _connected(parts.hostname, port, private, seconds)
    over = threading.Timer(seconds, _cut, [connection])  # an answer that comes byte by byte breaks no limit of a single read
    over.daemon = True
    try:
        connection.sock = raw
        over.start()
        if secure:
            connection.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=parts.hostname)
        headers = {"Content-Type": "application/json", "User-Agent": "foldwise"}
        if parts.username is not None:
            word = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(word).decode()}"
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        return connection.getresponse().status
    finally:
        over.cancel()
        connection.close()
        raw.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError, AttributeError):  # closed meanwhile
        connection.sock.shutdown(socket.SHUT_RDWR)


def _connected(host: str, port: int, private: bool, seconds: float) -> socket.socket:
    """A connection to the first of the host's addresses that answers; all of them are judged before."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, place in found:
        if not private and (rule := refusal(ipaddress.ip_address(str(place[0]).partition("%")[0]))):
            raise _Refused(f"{host} is {place[0]}, {rule}; webhook_private: true allows it")
    fault = OSError(f"{host} has no address")
    for family, kind, protocol, _, place in found:
        raw = socket.socket(family, kind, protocol)
        raw.settimeout(seconds)
        try:
            raw.connect(place)
        except OSError as fresh:
            raw.close()
            fault = fresh
        else:
            return raw
    raise fault


def refusal(address: Address) -> str | None:
    """Why an address is none of the open net, None where it is."""
    inner = _inner(address)
    if inner is not None and (rule := refusal(inner)):
        return rule
    kinds = {
        "this machine": address.is_loopback,
        "nobody's address": address.is_unspecified,
        "an address of this link": address.is_link_local,
        "an address of many": address.is_multicast,
        "a private address": not address.is_global or (address.version == 6 and address.is_site_local),
        "a reserved address": address.is_reserved,
    }
    return next((rule for rule, so in kinds.items() if so), None)


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The address of the older kind that one of IPv6 wraps: mapped, 6to4, Teredo, or behind the prefix of NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
