"""Post JSON to a web address, which must be public unless the user allows private ones.

The host name is resolved once, all its addresses are checked, and the connection goes to one of them: a name that resolves to
another address later cannot get around the check. Redirects are not followed. TLS certificates are checked against the name.
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
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from foldwise.system.redact import first_line

SECONDS = 10.0
TRIES = 3
FIRST_PAUSE = 0.5

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Refused(Exception):
    """The address is not allowed, so no request is sent."""


def tell(
    url: str,
    payload: Mapping[str, Any],
    private: bool = False,
    seconds: float = SECONDS,
    tries: int = TRIES,
    allowed_by: str = "webhook_private: true",
) -> str | None:
    """Post a JSON object; never raise.

    Args:
        url: http or https.
        payload: plain values.
        private: allow addresses of a private network or of this machine.
        seconds: time limit of one try.
        tries: how often it is posted, where another try may help.
        allowed_by: what allows a private address, for the sentence.

    Returns:
        None if the server accepted it, else one sentence that says why not. The sentence names only the host: the rest of the
        address may be a secret.
    """
    shown = ""
    try:
        shown = f" at {urlsplit(url).hostname}"
        body = json.dumps(payload, default=str).encode()
        why = _posted(url, body, tries, partial(_post, private=private, seconds=seconds, allowed_by=allowed_by))
    except Exception as fault:  # noqa: BLE001 no job may fail because of its webhook
        why = first_line(fault)
    return None if why is None else f"the webhook{shown} failed: {why}"


def _posted(url: str, body: bytes, tries: int, post: Callable[[str, bytes], int]) -> str | None:
    why = ""
    for attempt in range(tries):
        if attempt:
            time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
        try:
            status = post(url, body)
        except _Refused as refusal:
            return str(refusal)
        except (OSError, http.client.HTTPException) as fault:
            why = first_line(fault)
            continue
        if status < 300:
            return None
        why = f"it answered {status}"
        if status < 500 and status != 429:  # another try would end the same
            return f"{why}, and redirects are not followed" if status < 400 else why
    return f"{why}, {tries} tries"


def _post(url: str, body: bytes, private: bool, seconds: float, allowed_by: str) -> int:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _Refused("its address must begin with http:// or https://")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=seconds)
    raw = _connected(parts.hostname, port, private, seconds, allowed_by)
    over = threading.Timer(seconds, _cut, [connection])  # a server that sends byte by byte never exceeds the timeout of a read
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


def _connected(host: str, port: int, private: bool, seconds: float, allowed_by: str) -> socket.socket:
    """A connection to the first address of the host that answers; all of them are checked first."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, place in found:
        if not private and (rule := refusal(ipaddress.ip_address(str(place[0]).partition("%")[0]))):
            raise _Refused(f"{host} is {place[0]}, {rule}; {allowed_by} allows it")
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
    """Why an address is not public, None if it is."""
    inner = _inner(address)
    if inner is not None and (rule := refusal(inner)):
        return rule
    kinds = {
        "this machine": address.is_loopback,
        "the unspecified address": address.is_unspecified,
        "a link-local address": address.is_link_local,
        "a multicast address": address.is_multicast,
        "a private address": not address.is_global or (address.version == 6 and address.is_site_local),
        "a reserved address": address.is_reserved,
    }
    return next((kind for kind, holds in kinds.items() if holds), None)


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv6 address: mapped, 6to4, Teredo or NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
