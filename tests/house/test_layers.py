"""The house holds what ARCHITECTURE.md says of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_imports_run_downwards_only():
    command = [sys.executable, "-c", 'from importlinter.cli import lint_imports_command; lint_imports_command(["--no-cache"])']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


HOMES = {
    "hydra": {"compose.py"},
    "omegaconf": {"compose.py"},
    "optuna": {"tuning/optuna_", "notebook.py"},
    "keras_tuner": {"tuning/keras_tuner_"},
    "mlflow": {"tracking/"},
    "sqlalchemy": {"tracking/", "data/database.py"},
    "tensorflow": {"training/", "tracking/export.py"},
    "keras": {"models/", "training/", "tracking/bundle.py", "tracking/export.py"},
    "sklearn": {"data/", "training/metrics.py", "training/baselines.py", "tuning/importance.py"},
    "imblearn": {"data/balance.py"},
    "dask": {"execution/dask_"},
    "distributed": {"execution/dask_"},
    "rich": {"screen.py"},
    "matplotlib": {"figures/"},
    "plotly": {"figures/"},
    "cronsim": {"cron.py"},
}


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_stays_in_its_rooms(library):
    importing = re.compile(rf"^\s*(?:import|from) {library}\b", re.MULTILINE)
    source = ROOT / "src" / "foldwise"
    for path in source.rglob("*.py"):
        name = path.relative_to(source).as_posix()
        if importing.search(path.read_text(encoding="utf-8")):
            assert any(name.startswith(home) for home in HOMES[library]), f"{name} imports {library}"


def test_names_say_what_is_inside():
    empty = {"utils", "common", "helpers", "misc", "manager", "base"}
    for path in (ROOT / "src").rglob("*.py"):
        assert path.stem not in empty, path


def test_every_package_file_holds_a_docstring_only():
    for path in (ROOT / "src" / "foldwise").rglob("__init__.py"):
        if path.parent.name != "foldwise":
            assert len(path.read_text(encoding="utf-8").strip().splitlines()) == 1, path


def test_no_file_outgrows_an_idea():
    for folder in ("src", "pipelines"):
        for path in (ROOT / folder).rglob("*.py"):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= 460 if path.name == "specs.py" else lines <= 300, f"{path} has {lines} lines"


def test_constraints_name_no_place():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+( ; .*)?", line), line


def test_the_readme_has_the_two_set_up_commands_that_ci_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    set_up = [line for line in readme.splitlines() if line.startswith("pip install")]
    assert len(set_up) == 2
    assert set_up[0].endswith("&& python -m pipelines.tune")
    assert set_up[1].endswith("&& python -m pytest")
    assert all("-c constraints.txt" in line for line in set_up)


def test_the_readme_shows_the_figures_that_were_measured():
    from benchmarks.tables import BEGIN, END, tables

    shown = (ROOT / "README.md").read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown.strip() == tables().strip()
