"""The home as a web application: its pages, their data, and the request to stop a study."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from foldwise.errors import FoldwiseError
from foldwise.home.files import file_of
from foldwise.home.guard import FILE_POLICY, TOKEN_HEADER, Guard, Guarded
from foldwise.home.links import MlflowPages
from foldwise.home.overview import jobs, models
from foldwise.home.studies import Studies
from foldwise.ledger.viewer import Viewer
from foldwise.report.page_files import DIGITS, embedded, page_file
from foldwise.system.redact import without_password

SECONDS_BETWEEN = 1.0  # as often as a study writes its live row
QUIET_SECONDS = 15.0  # then an empty line keeps a connection open
# The files of the pages; the style of all pages of foldwise comes first.
STATIC = {"compare.css": "text/css", "home.css": "text/css"} | dict.fromkeys(
    ("parts.js", "theme.js", "home.js", "draw.js", "table.js", "study.js"), "text/javascript"
)


@dataclass(frozen=True)
class Sources:
    """What the home shows.

    jobs: the folder of job files. stop: asks a study to end, False if it does not run. places: the words by which a command
    finds these studies.
    """

    viewer: Viewer
    runs: Path
    jobs: Path
    mlflow: MlflowPages
    stop: Callable[[str], bool]
    places: Sequence[str] = ()


def make_app(sources: Sources, guard: Guard, is_over: Callable[[], bool] = lambda: False) -> Starlette:
    """The application.

    Args:
        sources: what it shows.
        guard: which requests it answers.
        is_over: whether the server ends, so that open connections end with it.
    """
    studies = Studies(sources.viewer, sources.runs, sources.mlflow, sources.places)

    def overview() -> dict[str, Any]:
        return {
            "studies": studies.lines(),
            "models": models(sources.viewer, sources.mlflow),
            "jobs": jobs(sources.viewer, sources.jobs, sources.runs),
            "mlflow": sources.mlflow.base,
            "runs": str(sources.runs),
        }

    async def home(request: Request) -> Response:
        return _page("home.html", "foldwise")

    async def home_data(request: Request) -> Response:
        return _json(await run_in_threadpool(overview))

    async def study(request: Request) -> Response:
        name = request.path_params["name"]
        if await run_in_threadpool(sources.viewer.head, name) is None:
            return PlainTextResponse("the ledger holds no study of that name\n", 404)
        return _page("study.html", name)

    async def study_data(request: Request) -> Response:
        found = await run_in_threadpool(studies.change, request.path_params["name"], 0)
        return PlainTextResponse("unknown study\n", 404) if found is None else _json(found)

    async def study_events(request: Request) -> Response:
        name = request.path_params["name"]
        changes = _changes(lambda version: studies.change(name, version), is_over)
        return StreamingResponse(changes, media_type="text/event-stream")

    async def stop(request: Request) -> Response:
        if not guard.has_token(request.headers.get(TOKEN_HEADER, "")):
            return PlainTextResponse("the token is wrong; it was printed where the home was started\n", 403)
        if not await run_in_threadpool(sources.stop, request.path_params["name"]):
            return PlainTextResponse("this study does not run\n", 409)
        return PlainTextResponse("asked to stop\n", 202)

    async def shown_file(request: Request) -> Response:
        found = await run_in_threadpool(file_of, sources.runs, request.path_params["path"])
        if found is None:
            return PlainTextResponse("there is no such file to show\n", 404)
        return FileResponse(found[0], media_type=found[1], headers={"Content-Security-Policy": FILE_POLICY})

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STATIC:
            return PlainTextResponse("there is no such file\n", 404)
        return Response(_own_file(name), media_type=STATIC[name])

    async def failed(request: Request, fault: Exception) -> Response:
        return PlainTextResponse(f"{without_password(str(fault))}\n", 503)

    routes = [
        Route("/", home),
        Route("/data", home_data),
        Route("/study/{name}", study),
        Route("/study/{name}/data", study_data),
        Route("/study/{name}/events", study_events),
        Route("/study/{name}/stop", stop, methods=["POST"]),
        Route("/files/{path:path}", shown_file),
        Route("/static/{name}", static),
    ]
    handlers: Mapping[Any, Any] = {FoldwiseError: failed}
    return Starlette(routes=routes, exception_handlers=handlers, middleware=[Middleware(Guarded, guard=guard)])


async def _changes(read: Callable[[int], dict[str, Any] | None], is_over: Callable[[], bool]) -> AsyncIterator[str]:
    """Events of a page: everything first, then what changed, and a fault of the ledger as a sentence."""
    version, said, waited = 0, "", 0.0
    while not is_over():
        try:
            found = await run_in_threadpool(read, version)
        except FoldwiseError as fault:
            text = f"event: fault\ndata: {embedded(without_password(str(fault)))}\n\n"
        else:
            if found is None:
                yield "event: gone\ndata: null\n\n"
                return
            version = found["version"]
            text = f"data: {embedded(found, DIGITS)}\n\n"
        if text != said:
            said, waited = text, 0.0
            yield text
        elif waited >= QUIET_SECONDS:
            waited = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(SECONDS_BETWEEN)
        waited += SECONDS_BETWEEN


def _page(name: str, title: str) -> Response:
    return HTMLResponse(_own_file(name).replace("{{title}}", escape(title)))


def _json(value: Any) -> Response:
    return Response(embedded(value, DIGITS), media_type="application/json")


def _own_file(name: str) -> str:
    if name == "compare.css":
        return page_file(name)
    return files("foldwise.home.pages").joinpath(name).read_text(encoding="utf-8")
