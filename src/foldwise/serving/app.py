"""The paths of MLflow's scoring server, answered by whichever version serves now."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from foldwise.errors import FoldwiseError
from foldwise.serving.rows import as_json, rows_of
from foldwise.spec.services import is_loopback

if TYPE_CHECKING:
    from foldwise.bundle.bundle import Bundle

HEADER = "X-Foldwise-Model"  # names the version in every answer
JSON = "application/json"
SECONDS_TO_SEND = 60.0  # for a whole body
CODES = {400: "BAD_REQUEST", 500: "INTERNAL_ERROR"}


@dataclass(frozen=True, eq=False)
class Served:
    """A loaded version. name: `iris/3`."""

    name: str
    bundle: Bundle


def make_app(served: Callable[[], Served], threads: Executor, most_bytes: int, is_open: bool) -> Starlette:
    """The server's application.

    Args:
        served: the version that answers from now on; a request keeps the one that it began with.
        threads: where rows are answered.
        most_bytes: of a request's body.
        is_open: whether requests may name this machine otherwise than by an address of its own.
    """

    async def healthy(request: Request) -> Response:
        return _headed(Response("\n", media_type=JSON), served())

    async def mlflow_version(request: Request) -> Response:
        return _headed(Response(version("mlflow"), media_type=JSON), served())

    async def invocations(request: Request) -> Response:
        now = served()
        refused = _refused(request, is_open)
        if refused is not None:
            return _headed(refused, now)
        try:
            body = await asyncio.wait_for(_body(request, most_bytes), SECONDS_TO_SEND)
        except TimeoutError:
            return _headed(_fault(408, f"the body was not sent within {SECONDS_TO_SEND:g} s"), now)
        if body is None:
            return _headed(_fault(413, f"the body has more than {most_bytes:,} bytes; send fewer rows at once"), now)
        return _headed(await asyncio.get_running_loop().run_in_executor(threads, _answer, now, body), now)

    paths = {"/ping": healthy, "/health": healthy, "/version": mlflow_version}
    routes = [Route(path, answer, methods=["GET"]) for path, answer in paths.items()]
    return Starlette(routes=[*routes, Route("/invocations", invocations, methods=["POST"])])


def _answer(served: Served, body: bytes) -> Response:
    card = served.bundle.card
    try:
        rows = rows_of(body, of_images=card.schema.image is not None)
        return Response(as_json(served.bundle.predict(rows)), media_type=JSON)
    except FoldwiseError as fault:
        return _fault(400, str(fault))
    except Exception as fault:  # noqa: BLE001 one request must not end the server
        return _fault(500, f"the model failed at this request: {type(fault).__name__}")


async def _body(request: Request, most_bytes: int) -> bytes | None:
    """The body; None if it is too long, and then the rest is not read."""
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most_bytes:
                return None
            parts.append(part)
    except ClientDisconnect:  # the client has gone
        return b""
    return b"".join(parts)


def _refused(request: Request, is_open: bool) -> Response | None:
    """The answer to a request of another page in a browser, or of another type; None for others."""
    if not is_open and not is_loopback(_host(request)):
        return _fault(403, f"this server is reached as 127.0.0.1 or localhost, not as {_host(request)[:100]!r}")
    kind, *others = (word.strip().lower() for word in request.headers.get("content-type", "").split(";"))
    if kind != JSON or any(word.startswith("charset=") and word != "charset=utf-8" for word in others):
        return _fault(415, f"the body must be JSON in UTF-8, Content-Type: {JSON}")
    return None


def _host(request: Request) -> str:
    """The host that a request names, without its port."""
    name = request.headers.get("host", "")
    return name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]


def _fault(status: int, sentence: str) -> Response:
    body = {"error_code": CODES.get(status, CODES[400]), "message": sentence}
    return Response(json.dumps(body), status_code=status, media_type=JSON)


def _headed(response: Response, served: Served) -> Response:
    response.headers[HEADER] = served.name
    return response
