"""The pictures of the README and of the site, from a fresh search: `python -m benchmarks.pictures`.

A study of breast cancer is tuned by the door, `compare.html` and `search.html` are opened from their files, MLflow's pages are
served by the `ui` door, and screenshots go to `docs/pictures/` with few colours, to keep them small. The pictures of the
tutorial come from its own commands (`benchmarks/tutorial.py`).
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image

from benchmarks.mlflow_server import STARTS_WITHIN, answers, free_port
from benchmarks.tutorial import follow_all

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
STUDY = "breast_cancer"
ADAM = "{kind: adam, learning_rate: [float,1e-4,1e-1,{log: true}]}"
SGD = "{kind: sgd, learning_rate: [float,1e-3,0.5,{log: true}], momentum: [float,0.0,0.95]}"
WORDS = [f"data={STUDY}", f"study={STUDY}", "budget.trials=40", "folds.count=5", "race=both"]
WORDS += ["prep.scale=[choice,standard,minmax,quantile]", f"fit.optimizer=[choice,{ADAM},{SGD}]"]
COLOURS = 256
WITHIN, SETTLES = 60_000, 1500  # milliseconds for a page to load, and to settle
FIGURES = ("learning_curves.png", "columns.png")
PAGES: Mapping[str, tuple[str, Literal["light", "dark"], int]] = {  # picture -> a page of the study, its colours, its height
    "compare.png": ("compare.html", "light", 1610),
    "compare_dark.png": ("compare.html", "dark", 1610),
    "search.png": ("figures/search.html", "light", 1000),
}
TUTORIAL: Mapping[str, tuple[str, str, int]] = {  # picture -> a step, its picture below mlruns/studies, the widest it is kept
    "tutorial_neuron.png": ("neuron", "points/figures/boundary.png", 720),
    "tutorial_xor.png": ("xor", "xor/figures/boundary.png", 720),
    "tutorial_iris.png": ("iris", "iris/figures/boundary.png", 720),
    "tutorial_watch.png": ("watch", "long/figures/learning_curves.png", 1300),
    "tutorial_search.png": ("search", "wine/figures/parallel.png", 1200),
    "tutorial_columns.png": ("columns", "honest/figures/predicted_true.png", 600),
    "tutorial_rare.png": ("rare", "rare/figures/precision_recall.png", 600),
    "tutorial_digits.png": ("digits", "digits/first_images.png", 640),
    "tutorial_filters.png": ("digits", "digits/figures/filters.png", 900),
    "tutorial_cifar10.png": ("cifar10", "colours/figures/mistakes.png", 760),
}
WATCHED = [f"data={STUDY}", "study=watched", "budget.trials=200", "tracking=in_memory"]
SEEN_AFTER = 80  # trials
LIVE: Mapping[str, Literal["light", "dark"]] = {"live.png": "light", "live_dark.png": "dark"}
STEP = "back_propagation", "xor_sgd/step.html"
# MLflow greets new visitors with a panel, once
GREETED = "for (const [key, value] of [['fab.autoOpenedOnFirstLoad_v1', true], ['panelOpen_v1', false]])"
GREETED += "localStorage.setItem(`mlflow.assistant.${key}`, String(value));"


def main() -> None:
    """Search, look, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=Path, help="a folder that keeps the study; a finished one is taken as it is")
    options.add_argument(
        "--tutorial", type=Path, help="the folder of a finished `benchmarks.tutorial`; only its pictures are made"
    )
    asked = options.parse_args()
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        sys.exit("no chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="foldwise-") as folder:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--enable-unsafe-swiftshader"])
        if asked.tutorial is None:
            _of_a_search(opened, asked.runs or Path(folder))
            _of_a_running_study(opened, Path(folder, "watched"))
            follow_all(Path(folder, "tutorial"))
        _of_the_tutorial(opened, asked.tutorial or Path(folder, "tutorial"))
        opened.close()


def _of_a_search(opened: Browser, runs: Path) -> None:
    """The pictures of a study with forty trials."""
    subprocess.run([sys.executable, "-m", "pipelines.tune", *WORDS, f"paths.runs={runs}"], check=True)  # noqa: S603 our words
    study = runs / "studies" / STUDY
    for name in FIGURES:
        keep(name, (study / "figures" / name).read_bytes())
    for name, (page, scheme, height) in PAGES.items():
        context = opened.new_context(viewport={"width": 1200, "height": height}, color_scheme=scheme, offline=True)
        shown = context.new_page()
        shown.goto((study / page).as_uri())
        shown.wait_for_selector("html[data-drawn]", timeout=WITHIN)
        keep(name, shown.screenshot())
    with served(runs) as said:
        trials, compare = (re.search(rf"{what} in MLflow: +(\S+)", said) for what in ("trials", "compare"))
        assert trials, said
        assert compare, said
        keep(
            "mlflow_trials.png",
            in_mlflow(opened, trials[1], lambda shown: shown.get_by_label("Hide banner").click(timeout=WITHIN)),
        )
        keep("mlflow_compare.png", in_mlflow(opened, compare[1], drawn_in_its_frame))


def _of_a_running_study(opened: Browser, runs: Path) -> None:
    """The live page of a study, light and dark, while it searches."""
    runs.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "pipelines.tune", *WATCHED, f"paths.runs={runs}"]
    with (runs / "tune.log").open("w", encoding="utf-8") as log:
        study = subprocess.Popen(words, stdout=log, stderr=log)  # noqa: S603 our own words
    try:
        while not (runs / "ledger.db").exists():
            assert study.poll() is None, (runs / "tune.log").read_text(encoding="utf-8")
            time.sleep(0.5)
        port = free_port()
        with served(runs, "mlflow=false", f"home_port={port}", page=f"http://127.0.0.1:{port}/"):
            for name, scheme in LIVE.items():
                context = opened.new_context(viewport={"width": 1200, "height": 1060}, color_scheme=scheme)
                shown = context.new_page()
                shown.goto(f"http://127.0.0.1:{port}/study/watched")
                while int(shown.locator("#count").inner_text() or 0) < SEEN_AFTER:
                    time.sleep(0.2)
                shown.locator("#running-of", has_text="epoch").wait_for(timeout=WITHIN)
                keep(name, shown.screenshot())
    finally:
        study.send_signal(signal.SIGINT)
        study.wait(60)


def _of_the_tutorial(opened: Browser, steps: Path) -> None:
    """The pictures that the tutorial's commands have written, and its page of one training step, light and dark."""
    for name, (step, figure, width) in TUTORIAL.items():
        keep(name, (steps / step / "mlruns" / "studies" / figure).read_bytes(), width)
    step, page = STEP
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        context = opened.new_context(viewport={"width": 1000, "height": 1330}, color_scheme=scheme, offline=True)
        shown = context.new_page()
        shown.goto((steps / step / "mlruns" / "studies" / page).as_uri())
        shown.wait_for_timeout(SETTLES)
        keep("tutorial_step.png" if scheme == "light" else "tutorial_step_dark.png", shown.screenshot())


def opens(page: str) -> bool:
    """Whether a page of this machine answers."""
    try:
        with urllib.request.urlopen(page, timeout=2) as answer:  # noqa: S310 our own address
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def served(runs: Path, *more: str, page: str | None = None) -> Iterator[str]:
    """The output of the `ui` door, while it serves its pages; it is ready when a page answers, MLflow's by default."""
    port = free_port()
    words = ["-m", "pipelines.ui", f"paths.runs={runs}", f"port={port}", *more]
    with (runs / "ui.log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen([sys.executable, *words], stdout=log, stderr=log)  # noqa: S603 our own words
        try:
            end = time.monotonic() + STARTS_WITHIN
            while not (answers(port) if page is None else opens(page)):
                assert process.poll() is None, (runs / "ui.log").read_text(encoding="utf-8")
                assert time.monotonic() < end, "the pages do not answer"
                time.sleep(0.5)
            yield (runs / "ui.log").read_text(encoding="utf-8")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def in_mlflow(browser: Browser, address: str, ready: Callable[[Page], object]) -> bytes:
    """A screenshot of one of MLflow's pages once it is ready."""
    context = browser.new_context(viewport={"width": 1300, "height": 760})
    context.add_init_script(GREETED)
    shown = context.new_page()
    shown.goto(address)
    ready(shown)
    shown.wait_for_timeout(SETTLES)
    return shown.screenshot()


def drawn_in_its_frame(shown: Page) -> None:
    """Wait for the page that is shown among a run's artifacts."""
    shown.frame_locator("iframe").locator("html[data-drawn]").wait_for(timeout=WITHIN)


def keep(name: str, png: bytes, width: int | None = None) -> None:
    """Save a picture with few colours in `docs/pictures/`, shrunken to a width if it is wider."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = Image.open(BytesIO(png)).convert("RGB")
    if width is not None and picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    few = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    few.save(PICTURES / name, optimize=True)
    print(f"docs/pictures/{name}: {(PICTURES / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
