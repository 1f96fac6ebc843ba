"""The commands of the site's pages, run as a reader types them, in an empty folder for each page."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from urllib.error import URLError

import pytest

from docs.site.blocks import LEVELS, blocks
from tests.end_to_end.doors import PATIENCE, ROOT, python
from tests.end_to_end.pages import door_words

DOCS = ROOT / "docs"
PAGES = [path.relative_to(DOCS).as_posix() for path in sorted(DOCS.rglob("*.md"))]
LAST = (  # the nightly tests follow these, the long ones the others
    *(
        f"how_to/{name}.md"
        for name in (
            "budget",
            "images",
            "imbalanced",
            "notebook",
            "own_network",
            "own_recipes",
            "own_table",
            "search",
            "training",
        )
    ),
    "tutorial/cifar10.md",
)
READY_WITHIN = 120  # seconds for a server


def found(level):
    """The pages that have a block of a level."""
    return [page for page in PAGES if any(block.level == level for block in blocks((DOCS / page).read_text(encoding="utf-8")))]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=pytest.mark.nightly if page in LAST else pytest.mark.long) for page in found("quick")],
)
def test_a_page_does_what_it_says(page, tmp_path):
    follow(page, tmp_path, ("quick",))


@pytest.mark.parametrize(
    ("page", "level"),
    [
        pytest.param(page, level, marks=[pytest.mark.slow, getattr(pytest.mark, level)])
        for level in LEVELS
        for page in found(level)
    ],
)
def test_a_page_does_what_it_says_in_full(page, level, tmp_path):
    follow(page, tmp_path, ("quick", *LEVELS))


def follow(page, folder, levels):
    """Do what a page says, up to the first command that ends otherwise."""
    servers = []
    try:
        for block in blocks((DOCS / page).read_text(encoding="utf-8")):
            if block.kind == "file":
                (folder / block.words[0]).parent.mkdir(parents=True, exist_ok=True)
                (folder / block.words[0]).write_text(block.text, encoding="utf-8")
            elif block.kind == "serve" and "nightly" in levels:
                servers.append(serve(block, folder))
            elif block.kind == "run" and block.level in levels:
                run(block, folder)
    finally:
        for server in servers:
            end(server)


def run(block, folder):
    if block.language == "python":
        script = folder / "block.py"
        script.write_text(block.text, encoding="utf-8")
        return ended(python(script, cwd=folder), block.text, block.code)
    for command in block.commands:
        words = door_words(command)
        shell = ["bash", "-c", command]
        done = (
            python(*words, cwd=folder)
            if words
            else subprocess.run(shell, cwd=folder, capture_output=True, text=True, check=False)
        )
        ended(done, command, block.code)
    return None


def ended(done, command, code):
    assert done.returncode == code, f"{command}\nended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def serve(block, folder):
    """Start a server and wait until its port answers."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # noqa: PTH120 a word of PATH
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            ["bash", "-c", f"exec env {block.text.strip()}"],
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    until = time.monotonic() + min(READY_WITHIN, PATIENCE)
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{block.words[0]}/ping", timeout=5)
            return server
        except URLError:
            time.sleep(0.5)
    end(server)
    raise AssertionError((folder / "server.log").read_text()[-3000:])


def end(server):
    """End a server and the processes that it started."""
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(30)
