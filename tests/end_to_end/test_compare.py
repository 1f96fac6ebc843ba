"""The compare page in a real browser, and the table in the terminal."""

from __future__ import annotations

import json
import shutil
from html import escape

import pytest

from benchmarks.made_search import PERCEPTRON, made_page, made_results, made_study
from foldwise.report.compare_page import RowsShown
from foldwise.trial.certificate import Certificate
from tests.end_to_end.doors import run

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
SIZES = (20, 1000, 10_000)


@pytest.mark.long
def test_the_best_trials_stand_first_in_the_terminal(tmp_path):
    runs = made_study(tmp_path / "runs", 20)
    done = run("compare", "study=made", "format=text", "trials=3", runs=runs)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split()[:2] == ["trial", "accuracy"]
    assert "model.mlp.units" in head
    scores = [float(line.split()[1]) for line in lines[:3]]
    assert scores == sorted(scores, reverse=True)
    assert "and 17 more" in lines[3]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["study=maid"], "study: the ledger holds no study 'maid', did you mean made?"),
        (["study=[made,empty]"], "study: 'empty' has no finished trial yet"),
        (["study=[made,rents]"], "study: 'rents' is a regression study and 'made' a classification one"),
        (["study=../x"], "study: must be 1 to 100 of"),
        (["study=made", "format=pdf"], "format: 'pdf' is not known"),
        (["study=made", "paths.runs=/nowhere/at/all"], "holds no ledger.db"),
    ],
)
def test_what_cannot_be_compared_is_said(tmp_path, words, sentence):
    runs = made_study(tmp_path / "runs", 3)
    made_study(runs, 0, "empty")
    made_study(runs, 2, "rents", goal={"metric": "rmse"}, data={"kind": "sklearn", "name": "diabetes"})
    done = run("compare", *words, runs=runs) if "paths" not in words[-1] else run("compare", words[0], runs="/nowhere/at/all")
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_studies_of_two_goals_are_compared_without_a_test_and_all_are_listed(tmp_path):
    runs = made_study(tmp_path / "runs", 20)
    made_study(runs, 3, "other", goal={"metric": "log_loss"})
    made_study(runs, 0, "empty")
    done = run("compare", "study=[made,other]", runs=runs)
    assert done.returncode == 0, done.stderr
    assert "made and other: no test, because their goals differ (accuracy and log_loss)" in done.stdout
    page = runs / "compare" / "made-vs-other.html"
    assert f"written: {page}" in done.stdout
    assert "Parameters and score" not in page.read_text(encoding="utf-8"), "there is no common score to draw"
    listed = run("compare", runs=runs)
    assert listed.returncode == 0, listed.stderr
    head, *lines = [line.split() for line in listed.stdout.splitlines()]
    assert head == ["study", "state", "trials", "best", "corrected", "holdout", "verdict", "seconds", "when"]
    assert [line[0] for line in lines] == ["empty", "other", "made"]
    assert lines[0][1:4] == ["not", "finished", "0"]
    best = max(result.mean for result in made_results(20)[1] if result.state == "COMPLETE")
    assert float(lines[2][4]) == pytest.approx(best, abs=1e-4)


@pytest.fixture(scope="module")
def browser():
    if BROWSER is None:
        pytest.skip("no chromium is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Number of trials, or names of studies -> their page; the smallest and that of two studies are written by the door."""
    folder = tmp_path_factory.mktemp("pages")
    runs = made_study(folder / "runs", 20)
    made_study(runs, 30, "other", model={**PERCEPTRON, "units": 8})
    found = {size: made_page(folder / f"{size}.html", size) for size in SIZES[1:]}
    for key, words in {20: "study=made", "made, other": "study=[other,made]"}.items():
        assert run("compare", words, runs=runs).returncode == 0
        found[key] = runs / "studies" / "made" / "compare.html" if key == 20 else runs / "compare" / "other-vs-made.html"
    assert not (runs / "studies" / "other" / "compare.html").exists(), "the page of several is on none's own place"
    layer = {"kind": "Dense", "units": ["int", 4, 64], "activation": ["choice", "relu", "tanh"]}
    found["24 parameters"] = made_page(folder / "wide.html", 40, model={"kind": "layers", "layers": [layer] * 12})
    found["one configuration"] = made_page(folder / "one.html", 1, model={"kind": "mlp", "units": 8})
    return found


@pytest.fixture
def opened(browser, pages):
    """A page, opened from its file with the network away; faults on its console fail the test."""
    faults, contexts = [], []

    def open_page(key, scheme="light"):
        viewport = {"width": 1300, "height": 900}
        contexts.append(browser.new_context(viewport=viewport, offline=True, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto(pages.get(key, key).as_uri())
        return page

    yield open_page
    for one in contexts:
        one.close()
    assert faults == []


def numbers(page):
    return page.eval_on_selector_all(
        "#table tbody tr", "lines => lines.filter(l => l.cells.length > 2).map(l => +l.cells[1].textContent)"
    )


def tick(page, *wanted):
    """Tick these trials and no others."""
    page.click("[data-column=number]")
    if page.get_attribute("th:has([data-column=number])", "aria-sort") == "descending":
        page.click("[data-column=number]")
    while page.locator("#legend button").count():
        page.locator("#legend button").first.click()
    for number in wanted:
        page.check(f"[aria-label='tick trial {number}']")


def pixels(page, canvas, colour):
    """How many of a canvas's pixels have a colour, or nearly."""
    count = """([canvas, colour]) => {
      const found = byId(canvas), copy = new OffscreenCanvas(found.width, found.height).getContext('2d');
      copy.drawImage(found, 0, 0);
      const all = copy.getImageData(0, 0, found.width, found.height).data;
      const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
      const near = (at) => all[at + 3] > 200 && wanted.every((part, place) => Math.abs(all[at + place] - part) < 12);
      let count = 0;
      for (let at = 0; at < all.length; at += 4) count += near(at);
      return count;
    }"""
    return page.evaluate(count, [canvas, colour])


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
@pytest.mark.parametrize("trials", SIZES)
def test_the_table_sorts_and_filters(opened, trials, scheme):
    page = opened(trials, scheme)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)'") == (scheme == "light")
    assert page.inner_text("#count") == str(trials)
    assert len(numbers(page)) < 100, "only the rows in sight are made"
    assert page.evaluate("view.every((row, place) => !place || row.mean === null || view[place - 1].mean >= row.mean)")
    page.click("[data-column=number]")
    assert numbers(page)[:5] == [0, 1, 2, 3, 4]
    page.click("[data-column=number]")
    assert numbers(page)[:3] == [trials - 1, trials - 2, trials - 3]
    page.fill("#filter", "state=failed")
    page.wait_for_function("document.getElementById('count').textContent.includes('of')")
    assert page.inner_text("#count") == f"{trials // 20} of {trials}"
    page.fill("#filter", "mlp.units>60 state=complete tanh")
    page.wait_for_function("!document.getElementById('table').innerText.includes('FAILED')")
    units = page.evaluate("view.map(row => row['model.mlp.units'])")
    assert len(units) == sum(wanted_by_hand(result) for result in made_results(trials)[1])
    assert all(value > 60 for value in units)
    page.fill("#filter", "unknown>3")
    page.wait_for_selector("#wrong:not(:empty)")
    assert "no column has the name unknown" in page.inner_text("#wrong")
    page.click("#clear")
    assert page.inner_text("#count") == str(trials)


def wanted_by_hand(result):
    params = result.params
    return params.get("model.mlp.units", 0) > 60 and params["model.mlp.activation"] == "tanh" and result.state == "COMPLETE"


@pytest.mark.slow
def test_ten_thousand_trials_are_a_page_that_scrolls(opened):
    page = opened(10_000)
    page.click("[data-column=number]")
    page.evaluate("byId('scroll').scrollTop = 1e9")
    page.wait_for_function("byId('table').innerText.includes('9999')")
    assert numbers(page)[-1] == 9999
    assert json.loads(page.evaluate("document.getElementById('data').textContent"))["studies"][0]["name"] == "made"


@pytest.mark.slow
@pytest.mark.parametrize("trials", SIZES)
def test_an_axis_keeps_a_part(opened, trials):
    page = opened(trials)
    assert pixels(page, "parallel", page.evaluate("tint(0)")) > 100, "the best trial is ticked and drawn"
    box = page.locator("#parallel").bounding_box()
    x = box["x"] + page.evaluate("across(axes.length - 1)")
    page.mouse.move(x, box["y"] + 54)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 130, steps=4)
    page.mouse.up()
    kept, total = page.evaluate("[view.length, rows.length]")
    assert 0 < kept < total
    assert page.evaluate("Math.min(...view.map(r => r.mean)) > Math.min(...ranked.map(r => r.mean))")
    assert page.inner_text("#count") == f"{kept} of {total}"
    page.mouse.dblclick(x, box["y"] + 80)
    assert page.evaluate("view.length") == total


@pytest.mark.slow
def test_what_a_trial_does_not_have_stands_below_the_axis(opened):
    page = opened(1000)
    assert page.evaluate("axes.map(axis => [axis.name, axis.absent])") == [
        ["model", False],
        ["model.mlp.units", True],
        ["model.mlp.activation", True],
        ["model.mlp.dropout", True],
        ["model.layers.layers.0.units", True],
        ["mean", True],
    ]
    has_none = "axes.every(axis => rows.filter(r => r[axis.name] === null).every(r => down(axis, r[axis.name]) > bottom()))"
    has_one = (
        "axes.every(axis => rows.filter(r => r[axis.name] !== null).every(r => down(axis, r[axis.name]) <= bottom() + 1e-9))"
    )
    assert page.evaluate(has_none)
    assert page.evaluate(has_one)
    assert page.evaluate("axes.map(axis => title(axis.name)).slice(1, 5)") == [
        "mlp.units",
        "mlp.activation",
        "mlp.dropout",
        "layers.0.units",
    ]
    page.hover("#parallel", position={"x": page.evaluate("across(4)"), "y": 100})
    assert page.get_attribute("#parallel", "title") == "model.layers.layers.0.units"


@pytest.mark.slow
@pytest.mark.parametrize("trials", SIZES)
def test_two_ticked_trials_are_told_apart(opened, trials):
    page = opened(trials)
    one, other = (made_results(20)[1][number] for number in (2, 8))
    tick(page, one.number, other.number)
    rows = page.eval_on_selector_all("#difference tr", "lines => lines.map(line => [...line.cells].map(c => c.textContent))")
    assert rows[0] == ["", "trial 2", "trial 8"]
    names = {*one.params, *other.params}
    assert {row[0] for row in rows[1:]} == {name for name in names if one.params.get(name) != other.params.get(name)} | {
        "accuracy"
    }
    shown = {row[0]: row[1:] for row in rows[1:]}
    assert float(shown["accuracy"][1]) == pytest.approx(other.mean, rel=1e-3)
    assert shown["model"] == [str(one.params["model"]), str(other.params["model"])]


@pytest.mark.slow
def test_curves_of_the_ticked_trials_lie_over_one_another(opened):
    page = opened(1000)
    tick(page, 3, 4)
    colours = page.evaluate("[tint(0), tint(1), tint(2)]")
    assert [pixels(page, "curves", colour) > 50 for colour in colours] == [True, True, False]
    legend = page.inner_text("#legend")
    assert "trial 3" in legend
    assert "trial 4" in legend
    page.check("[aria-label='tick trial 5']")
    assert pixels(page, "curves", colours[2]) > 50
    assert page.evaluate("curvesOf(rows[3]).val_loss[1].length") == 30
    assert page.eval_on_selector_all("#metric option", "options => options.map(option => option.value)") == ["accuracy"]
    assert page.evaluate("curvesOf(rows[3]).val_accuracy[1].length") == 30
    assert [pixels(page, "metrics", colour) > 50 for colour in colours] == [True, True, True]
    page.select_option("#curve", "learning_rate")
    page.check("#log")
    assert pixels(page, "curves", colours[2]) > 50, "three rates that are alike: the last is on top"
    page.uncheck("[aria-label='tick trial 5']")
    assert pixels(page, "curves", colours[2]) == 0


@pytest.mark.slow
def test_it_says_why_trials_stopped_and_where_the_time_went(opened):
    page = opened(1000)
    ends = page.eval_on_selector_all("#ends tr", "lines => lines.map(line => [...line.cells].map(c => c.textContent))")
    assert ends == [
        ["COMPLETE", "trained", "900", ""],
        ["STOPPED", "race", "50", "trial 7: race: fold 0 trails"],
        ["FAILED", "nan", "50", "trial 13: nan: </script><b>loss</b> is not finite"],
    ]
    assert page.locator("#ends b").count() == 0, "what a trial says is only text"
    page.fill("#filter", "state=stopped")
    page.wait_for_selector("td.reason[title='race: fold 0 trails']")
    bars = page.eval_on_selector_all("#time .bar", "bars => bars.map(bar => [...bar.children].map(c => c.textContent))")
    spent = {name: seconds for name, _, seconds in bars}
    assert {"data": "1.3 s", "search": "40.0 s", "refit": "2.5 s"}.items() <= spent.items()
    whole = {
        state: sum(r.seconds for r in made_results(1000)[1] if r.state == state) for state in ("COMPLETE", "STOPPED", "FAILED")
    }
    assert {state: round(float(spent[state.lower()].split()[0])) for state in whole} == {
        state: round(seconds) for state, seconds in whole.items()
    }
    slowest = max(made_results(1000)[1], key=lambda r: r.seconds)
    assert bars[-5][0] == f"trial {slowest.number}"


@pytest.mark.slow
def test_two_studies_share_a_page(opened):
    page = opened("made, other")
    assert page.inner_text("#count") == "50"
    assert page.locator("#studies .card").all_inner_texts()[0].startswith("other")
    assert {"study", "number"} < set(page.eval_on_selector_all("#table thead button", "all => all.map(b => b.dataset.column)"))
    page.fill("#filter", "study=other")
    page.wait_for_function("document.getElementById('count').textContent === '30 of 50'")
    page.click("#clear")
    page.evaluate("ticked.splice(0, 2, rows.find(r => r.study === 'other'), rows.find(r => r.study === 'made')); changed()")
    assert page.locator("#difference th").all_inner_texts() == ["", "other 0", "made 0"]
    assert "model.units" in page.inner_text("#difference"), "a value that only one study fixes is a difference too"
    assert "other 0" in page.inner_text("#legend")


@pytest.mark.slow
def test_values_that_differ_and_tests_stand_above_the_trials_of_two_studies(opened):
    page = opened("made, other")
    text = page.inner_text("body")
    assert text.index("Side by side") < text.index("Paired tests") < text.index("What differs") < text.index("Trials")
    assert "other and made: no test, because other has no out-of-fold predictions" in text
    rows = page.eval_on_selector_all(".grid tr", "lines => lines.map(line => [...line.cells].map(c => c.textContent))")
    shown = {row[0]: row[1:] for row in rows if row[0]}
    assert shown["trials"] == ["27 of 30 complete", "18 of 20 complete"]
    assert shown["model.units"][0] == "8"
    assert "[choice, {kind: mlp, units: [int, 8, 128, {log: true}]" in shown["model"][1]
    assert page.locator("#studies a").count() == 1, "of the files only the page of one study is there"


@pytest.mark.slow
def test_the_scores_of_each_fold_of_the_ticked_trials_are_dots(opened):
    page = opened(1000)
    tick(page, 3, 4)
    dots = page.eval_on_selector_all("#folds .strip", "strips => strips.map(strip => strip.children.length)")
    assert dots == [3, 3]
    scores = [fold.score for fold in made_results(1000)[1][3].folds]
    said = page.get_attribute("#folds .strip >> nth=0", "aria-label")
    assert [float(part.split(": ")[1]) for part in said.split(", ")] == pytest.approx(scores, abs=1e-4)
    page.uncheck("[aria-label='tick trial 4']")
    assert page.locator("#folds .strip").count() == 1
    assert not page.is_visible("#by-class"), "without predictions there is no confusion"


@pytest.mark.slow
def test_it_draws_itself_in_the_narrow_sandboxed_frame_of_a_tracker(opened, pages, tmp_path):
    text = escape(pages[1000].read_text(encoding="utf-8"), quote=True)
    tracker = tmp_path / "tracker.html"
    tracker.write_text(f'<iframe sandbox="allow-scripts" width="700" height="600" srcdoc="{text}"></iframe>', encoding="utf-8")
    inside = opened(tracker).frames[1]
    inside.wait_for_selector("html[data-drawn]")
    assert inside.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [700, 700]
    assert numbers(inside)
    inside.evaluate("byId('scroll').scrollLeft = 400")
    trial, score = inside.evaluate(
        "[1, 2].map(cell => document.querySelector('tr.best').cells[cell].getBoundingClientRect().x)"
    )
    assert trial > score, "a trial keeps its number in sight while its row is scrolled"


@pytest.mark.slow
def test_many_parameters_keep_their_room_and_stay_within_the_page(opened):
    page = opened("24 parameters")
    assert page.evaluate("axes.length") == 25
    assert page.evaluate("across(1) - across(0) >= ROOM")
    assert page.evaluate("document.documentElement.scrollWidth") == 1300
    assert len(set(page.evaluate("axes.map(axis => title(axis.name))"))) == 25


@pytest.mark.slow
def test_light_and_dark_and_a_study_of_one_configuration(opened):
    page = opened("one configuration")
    panel = "color('panel')"
    light = page.evaluate(f"[getComputedStyle(document.body).backgroundColor, {panel}]")
    page.click("#theme")
    dark = page.evaluate(f"[getComputedStyle(document.body).backgroundColor, {panel}]")
    assert all(one != other for one, other in zip(light, dark, strict=True))
    assert numbers(page) == [0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.slow
def test_trials_within_noise_of_the_best_and_the_models_are_marked(opened, tmp_path, scheme):
    noise = Certificate(kind="bbc", trial=0, looks=18, score=0.9, low=0.8, high=1.0, optimism=0.0, predictions=18, ties=(2, 5))
    worst = RowsShown("of 9 rows", ("row", "<b>"), [["3", "</td><script>x</script>"]], 2)
    page = opened(made_page(tmp_path / "marked.html", 20, worst=worst, certificate=noise), scheme)
    marks = "lines => lines.filter(l => l.cells.length > 2).map(l => [+l.cells[1].textContent, l.cells[1].innerHTML])"
    cells = dict(page.eval_on_selector_all("#table tbody tr", marks))
    assert {number for number, cell in cells.items() if 'class="ring"' in cell} == {2, 5}
    assert {number for number, cell in cells.items() if 'class="model"' in cell} == {0}
    assert page.inner_text("#marks").split() == ["within", "noise", "of", "the", "best", "the", "model"]
    ring = "document.querySelector('#table .ring')"
    colours = [
        page.evaluate(f"getComputedStyle({one}).{kind}") for one, kind in [(ring, "borderTopColor"), ("document.body", "color")]
    ]
    assert colours[0] == colours[1]
    assert page.inner_text("#worst td:last-child") == "</td><script>x</script>"
    assert "2 more columns" in page.inner_text("section[aria-label='rows with the largest loss'] h2")


@pytest.mark.slow
def test_without_a_certificate_only_the_model_is_marked(opened):
    page = opened(1000)
    assert page.locator("#table .ring").count() == 0
    assert page.inner_text("#marks") == "the model"
    assert page.locator("#worst").count() == 0
