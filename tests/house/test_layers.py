"""The house holds what ARCHITECTURE.md says of it."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_imports_run_downwards_only():
    command = [sys.executable, "-c", 'from importlinter.cli import lint_imports_command; lint_imports_command(["--no-cache"])']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SOURCE = ROOT / "src" / "foldwise"
HOMES = PROJECT["tool"]["foldwise"]["homes"]


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_stays_in_its_rooms(library):
    importing = re.compile(rf"^\s*(?:import|from) {library}\b", re.MULTILINE)
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        if importing.search(path.read_text(encoding="utf-8")):
            assert any(name.startswith(home) for home in HOMES[library]), f"{name} imports {library}"


def test_names_say_what_is_inside():
    empty = {"utils", "common", "helpers", "misc", "manager"}
    for path in (ROOT / "src").rglob("*.py"):
        assert path.stem not in empty, path


def test_every_room_says_in_one_line_what_it_is():
    for folder in [SOURCE, *(path for path in SOURCE.rglob("*") if path.is_dir() and any(path.glob("*.py")))]:
        if folder != SOURCE:
            text = (folder / "__init__.py").read_text(encoding="utf-8").strip()
            assert re.fullmatch(r'"""[A-Z][^"\n]+\."""', text), f"{folder}: {text}"


def test_only_the_ledger_knows_its_transactions():
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).parts[0] != "ledger":
            assert not re.search(r"\._?transactions\b", path.read_text(encoding="utf-8")), path


def test_the_root_holds_rooms_and_five_files():
    assert {path.name for path in SOURCE.glob("*.py")} == {"__init__.py", "__main__.py", "api.py", "errors.py", "seeds.py"}


def _imports() -> dict[str, set[str]]:
    """Module -> the modules of foldwise that it imports anywhere, also inside functions."""
    files = {".".join(("foldwise", *path.relative_to(SOURCE).with_suffix("").parts)): path for path in SOURCE.rglob("*.py")}
    found: dict[str, set[str]] = {}
    for name, path in files.items():
        nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
        asked = {target for node in nodes for alias in node.names for target in (node.module, f"{node.module}.{alias.name}")}
        found[name] = asked & set(files) - {name}
    return found


def test_no_module_is_part_of_an_import_loop():
    imports = _imports()
    loops = []
    for start in imports:
        reached, waiting = set(), list(imports[start])
        while waiting:
            module = waiting.pop()
            if module not in reached:
                reached.add(module)
                waiting += imports[module]
        if start in reached:
            loops.append(start)
    assert loops == [], f"{len(loops)} of {len(imports)} modules"
    assert len(imports) > 200  # the check sees the package


def test_architecture_draws_the_layers_that_are_checked():
    drawn = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("<!-- layers -->")[2].partition("<!-- end -->")[0]
    lines = [re.split(r"\s{2,}", line)[0] for line in drawn.splitlines() if line and not line.startswith("```")]
    assert lines == PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]


DECISIONS = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", *DECISIONS])
def test_files_that_a_page_names_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[\w-]+/)*[\w-]+\.(?:py|yaml|toml|md|sh))`", text))
    of_a_run = {"recipe.yaml", "environment.yaml"}  # files that a study leaves in MLflow
    assert {name for name in named - of_a_run if not any((place / name).exists() for place in (ROOT, SOURCE))} == set()


def test_names_that_architecture_finds_in_a_file_are_defined_there():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)`\s+(?:in|of)\s+`([\w/]+\.py)`", text)
    assert len(named) >= 10
    for name, path in named:
        source = (SOURCE / path).read_text(encoding="utf-8")
        assert re.search(rf"^(?:def|class) {name}\b|^ *{name}\b.*[:=]", source, re.MULTILINE), f"{name} in {path}"


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


def test_the_readme_stays_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 180


def test_the_site_shows_the_figures_that_were_measured():
    from benchmarks.tables import BEGIN, END, PAGE, tables

    shown = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown.strip() == tables().strip()
