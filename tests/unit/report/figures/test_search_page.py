import json
import re

import pytest

from foldwise.report.figures.search_page import page, panels, write_page
from tests.unit.report.figures.searches import complete, look, usual


def plots(text):
    return json.loads(text.partition('id="plots">')[2].partition("</script>")[0])


def test_the_page_has_one_copy_of_plotly_and_fetches_nothing():
    text = page(usual(40))
    assert text.count("* plotly.js v") == 1
    assert not re.search(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"'](?!data:)", text)
    assert "showSendToCloud: false" in text
    assert list(plots(text)) == ["history", "importance", "parallel", "slices", "pairs"]


def test_plotly_understands_every_plot():
    graph_objects = pytest.importorskip("plotly.graph_objects")
    text = page(usual(60))
    for plot in plots(text).values():
        written = json.dumps(plot).replace('"INK"', '"#000000"').replace('"SCORE"', '"Viridis"')
        graph_objects.Figure(json.loads(written))  # refuses a property that it does not know


def test_the_page_gives_the_reason_for_a_missing_plot():
    assert "Not measured: 5 complete trials are too few, 10 are needed." in page(usual(5))
    only = [complete(0, {"fit.x": 1}, [0.5]), complete(1, {"fit.x": 2}, [0.6])]
    assert list(panels(look(only))) == ["history", "slices"]


def test_names_are_never_markup():
    params = [
        {"fit.</script><script>alert(1)</script>": n, "fit.$<b>": "<img src=x>" if n % 2 else "{{plots}}"} for n in range(12)
    ]
    results = [complete(n, params[n], [0.1 * n]) for n in range(12)]
    text = page(look(results, name="</title><script>alert(2)</script>"))
    assert "<script>alert" not in text
    assert "<img" not in text
    assert text.count("<script") == page(usual(40)).count("<script")
    assert plots(text)


@pytest.mark.long
def test_ten_thousand_trials_stay_a_page(tmp_path):
    results = [
        complete(n, {"fit.x": n % 97, "fit.y": n % 89, "fit.z": "ab"[n % 2]}, [(n % 97) / 97], curves={}) for n in range(10_000)
    ]
    path = write_page(look(results), tmp_path / "search.html")
    assert path.stat().st_size < 12e6
    shown = plots(path.read_text(encoding="utf-8"))
    assert len(shown["history"]["data"][0]["x"]) == 10_000
    assert {trace["type"] for trace in shown["slices"]["data"]} == {"scattergl"}
    assert len(shown["parallel"]["data"][0]["dimensions"][0]["values"]) == 10_000
    assert all(len(trace["x"]) <= 1000 for trace in shown["pairs"]["data"])
