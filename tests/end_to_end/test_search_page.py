"""The page of a search in a real browser, with the network away."""

from __future__ import annotations

import json
import shutil

import pytest

from foldwise.report.figures.search_page import write_page
from tests.unit.report.figures.searches import usual

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.long
@pytest.mark.slow
def test_the_page_draws_itself_in_the_sandboxed_frame_of_a_tracker(tmp_path):
    if BROWSER is None:
        pytest.skip("no chromium is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    write_page(usual(40), tmp_path / "search.html")
    frame = '<iframe sandbox="allow-scripts" src="search.html" width="1200" height="800"></iframe>'
    (tmp_path / "tracker.html").write_text(frame, encoding="utf-8")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--enable-unsafe-swiftshader"])
        try:
            opened = browser.new_context(offline=True).new_page()
            opened.goto((tmp_path / "tracker.html").as_uri())
            inside = opened.frame_locator("iframe")
            inside.locator("html[data-drawn=yes]").wait_for(timeout=60_000)
            assert inside.locator("#history path.point").count() == 40
        finally:
            browser.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_the_page_draws_itself_in_a_browser_without_a_network(tmp_path, scheme):
    if BROWSER is None:
        pytest.skip("no chromium is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path, faults, asked = write_page(usual(40), tmp_path / "search.html"), [], []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--enable-unsafe-swiftshader"])
        try:
            opened = browser.new_context(color_scheme=scheme, offline=True).new_page()
            opened.on("pageerror", lambda fault: faults.append(str(fault)))
            opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
            opened.on("request", lambda request: asked.append(request.url))
            opened.goto(path.as_uri())
            opened.wait_for_selector("html[data-drawn=yes]", timeout=60_000)
            dots = opened.locator("#history .scatterlayer .trace").first.locator("path.point").count()
            ink = opened.locator("#history .xtitle").evaluate("e => getComputedStyle(e).fill")
            before = opened.locator("#slices svg.main-svg").first.get_attribute("style")
            opened.click("#theme")
            opened.wait_for_function(
                f"document.querySelector('#slices svg.main-svg').getAttribute('style') !== {json.dumps(before)}"
            )
            titles = opened.locator("[data-title]").evaluate_all("all => all.map(e => e.dataset.title)")
        finally:
            browser.close()
    assert dots == 36
    assert ink == ("rgb(28, 36, 48)" if scheme == "light" else "rgb(230, 234, 240)")
    assert not [title for title in titles if "hare" in title], "nothing offers to send trials away"
    assert not [url for url in asked if url.startswith("http")]
    assert faults == []
