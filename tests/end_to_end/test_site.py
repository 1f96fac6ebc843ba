"""The site as it is built and read: without a fault, without a request to elsewhere, with a search that finds keys."""

import functools
import http.server
import shutil
import subprocess
import sys
import threading

import pytest

from tests.end_to_end.doors import ROOT

pytestmark = pytest.mark.slow
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
PAGES = ("index.html", "how_to/serve.html", "reference/options/model.html", "reference/python.html")
PHONE = 390  # pixels


@pytest.fixture(scope="module")
def site():
    pytest.importorskip("zensical", reason="the extra docs is not installed")
    built = subprocess.run([sys.executable, "-m", "docs.site.build"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return ROOT / "build" / "docs" / "site"


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def address(site):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(address):
    if BROWSER is None:
        pytest.skip("no chromium is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_load_nothing_from_elsewhere_and_fit_a_phone(browser, address, scheme):
    context = browser.new_context(viewport={"width": PHONE, "height": 844}, color_scheme=scheme)
    shown, asked = context.new_page(), []
    shown.on("request", lambda request: asked.append(request.url))
    for page in PAGES:
        shown.goto(address + page)
        assert shown.evaluate("document.documentElement.scrollWidth") <= PHONE, page
    back = shown.evaluate("getComputedStyle(document.body).backgroundColor").strip("rgba() ").split(",")
    assert (sum(map(float, back[:3])) < 3 * 128) == (scheme == "dark")
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    context.close()


def test_the_search_finds_a_key(browser, address):
    shown = browser.new_page(viewport={"width": 1400, "height": 900})
    shown.goto(address)
    shown.wait_for_load_state("networkidle")
    shown.keyboard.press("Control+k")
    shown.keyboard.type("statement_timeout")
    shown.get_by_text("data=sql").first.wait_for(timeout=20_000)
    shown.close()
