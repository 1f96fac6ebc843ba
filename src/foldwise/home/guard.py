"""Who may ask the home for what: a check of every request, and the headers of every answer."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER = "X-Foldwise-Token"  # noqa: S105 the name of a header
OWN_NAMES = frozenset({"localhost"})
READS = ("GET", "HEAD")
# The home's own pages take scripts and styles from files of the home alone.
OWN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A study's page carries its script inside. It runs as a page from nowhere: it reaches neither the home, nor its token,
# nor a network.
FILE_POLICY = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src 'self' data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Checks requests.

    Args:
        host: the one that the home listens on.
        token: what a request to stop a study must carry.
        names: other names under which browsers reach the home, such as that of a server before it.
    """

    def __init__(self, host: str, token: str, names: Iterable[str] = ()) -> None:
        self._names = OWN_NAMES | {host.lower(), *(name.lower() for name in names)}
        self._trusted = frozenset(name.lower() for name in names)
        self._token = token

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request that is not allowed, None for others.

        The name in `Host` must be this machine's, as a page of another site can give its own name this machine's address. A
        literal address is allowed: no name was given another meaning there.
        """
        name = _name(request.headers.get("host", ""))
        if not (name in self._names or _is_address(name)):
            return _refused(421, "this home answers to its own address only")
        if request.method in READS:
            return None
        origin = request.headers.get("origin")
        if origin is not None and not self._is_own(origin, request.headers.get("host", "")):
            return _refused(403, "the request comes from another site")
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _refused(403, "the request comes from another site")
        return None

    def _is_own(self, origin: str, host: str) -> bool:
        found = urlsplit(origin)
        return found.netloc.lower() == host.lower() or _name(found.netloc) in self._trusted

    def has_token(self, given: str) -> bool:
        """Whether a token is the right one, in a time that says nothing about it."""
        return hmac.compare_digest(given.encode(), self._token.encode())


class Guarded:
    """An application behind a guard; all its answers have the headers."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {"Content-Security-Policy": OWN_POLICY, **HEADERS}.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._guard.refusal(Request(scope))
        await (self._app if refusal is None else refusal)(scope, receive, send_with_headers)


def _refused(status: int, sentence: str) -> Response:
    return PlainTextResponse(f"{sentence}\n", status)


def _name(host: str) -> str:
    """The name in a `Host` header, without a port, in lower case; brackets of IPv6 are removed."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
