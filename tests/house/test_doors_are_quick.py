"""Help and refusals never wait for TensorFlow, MLflow or scikit-learn; every door is there under its name."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "keras", "mlflow", "sklearn", "imblearn", "pandas", "optuna", "keras_tuner", "torch", "sqlalchemy")

PROBE = f"""
import importlib, sys
module, *words = sys.argv[1:]
sys.argv = [module, *words]
code = importlib.import_module(module).main()
loaded = [name for name in {HEAVY!r} if name in sys.modules]
print("loaded:", ",".join(loaded))
sys.exit(code)
"""


def ask(door, *words):
    command = [sys.executable, "-c", PROBE, *door.split(), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


DOORS = ["tune", "train", "prepare", "predict", "export", "ui", "compare", "schedule", "retrain", "step", "remove"]
DOORS += ["promote", "serve", "list"]
# The keys without a default.
NEEDED = {
    "predict": ["model=iris", "input=a.csv", "output=b.csv"],
    "export": ["model=iris", "output=there"],
    "retrain": ["model=iris"],
    "promote": ["model=iris", "version=2", "why=better"],
    "serve": ["model=iris"],
    "compare": ["study=mine"],
    "remove": ["study=mine"],
    "step": ["study=mine"],
}


@pytest.mark.parametrize("start", ["pipelines.{}", pytest.param("foldwise.__main__ {}", marks=pytest.mark.long)])
@pytest.mark.parametrize("door", DOORS)
def test_help_and_cfg_import_nothing_heavy(door, start):
    for words in (["--help"], ["--cfg", "job", *NEEDED.get(door, [])]):
        done = ask(start.format(door), *words)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().endswith("loaded:")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["model.unitz=3"], "model.unitz: unknown key, did you mean model.units?"),
        (["+model.unitz=3"], "did you mean model.units?"),
        (["fit.epochs=0"], "fit.epochs: must be >= 1, got 0"),
        (["tuner=tpee"], "did you mean tpe?"),
        (["-m", "seed=1,2"], "multirun"),
        (["data=csv", "data.path=nowhere.csv", "data.target=y"], "nowhere.csv"),
        (["data=csv", "data.path=conf/tune.yaml", "data.target=y"], "data.comment"),
        (["data=csv", "data.path=pyproject.toml", "data.target=y"], "data.target"),
        (["data=sql", "data.url=sqlite:///nowhere.db", "data.query=SELECT", "data.target=y"], "nowhere.db"),
        (["data=openml", "data.target=y"], "needs a name"),
        (["experiment=titnic"], "did you mean titanic?"),
        (["experiment=nowhere.yaml"], "experiment: file not found: "),
        (["experiment=conf/tune.yaml"], "conf/tune.yaml, line 8: a line of defaults must be such as - override /data: csv"),
        (["paths.conf=nowhere"], "paths.conf: 'nowhere' is not a folder"),
        (["experiment=titanic", "paths.data=nowhere"], "put it at nowhere/titanic/titanic.csv"),
    ],
)
def test_a_mistake_is_refused_in_one_sentence_without_importing_anything_heavy(words, sentence, tmp_path):
    done = ask("pipelines.tune", *words, f"paths.runs={tmp_path / 'runs'}")
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout.strip().endswith("loaded:")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("door", "words", "sentence"),
    [
        ("retrain", ["model=../iris"], "model: "),
        ("retrain", ["model=iris", "promotion.alpha=2"], "promotion.alpha: "),
        ("retrain", ["model=iris"], "holds no ledger.db; run python -m pipelines.tune first"),
        ("schedule", ["action=fly"], "action: "),
        ("promote", ["model=iris", "version=2", "why=' '"], "why: must say why, as in "),
        ("promote", ["model=iris", "version=2"], "why: must be given"),
        ("promote", ["model=iris", "version=0", "why=better"], "version: must be >= 1, got 0"),
        ("promote", ["model=iris", "version=2", "why=better"], "holds no ledger.db; run python -m pipelines.tune first"),
        ("retrain", ["model=iris", "notify=ftps"], "notify: must begin with https://, http:// or a scheme of Apprise"),
        ("serve", ["model=iris", "host=0.0.0.0"], "lets other machines ask the model, and it has no password"),
        ("serve", ["model=../iris"], "model: must be NAME, NAME@alias or NAME/version, as in iris@champion, got"),
        ("serve", ["model=iris"], "holds no mlflow.db; run python -m pipelines.tune first"),
        ("list", ["kind=trials"], "kind: 'trials' is not known"),
        ("list", [], "holds no ledger.db; run python -m pipelines.tune first"),
        ("remove", [], "name what to delete: study=NAME"),
        ("remove", ["study=../x"], "study: "),
        ("remove", ["study=mine", "models=[iris]"], "models.0: must be NAME/version, as in iris/2"),
        ("remove", ["what=logs", "models=[iris/1]"], "belongs to study=NAME"),
        ("remove", ["study=mine"], "holds no ledger.db; run python -m pipelines.tune first"),
        ("export", ["model=iris", "output=there", "format=pickle"], "format: "),
    ],
)
def test_so_is_a_mistake_at_a_door_that_composes_no_study(door, words, sentence, tmp_path):
    done = ask(f"pipelines.{door}", *words, f"paths.runs={tmp_path / 'runs'}")
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout.strip().endswith("loaded:")
    assert not (tmp_path / "runs").exists()


def test_the_list_of_doors_imports_nothing_heavy_and_knows_every_door():
    shown = [ask("foldwise.__main__", *words) for words in ([], ["--help"], ["-h"])]
    assert {done.returncode for done in shown} == {0}
    assert len({done.stdout for done in shown}) == 1
    lines = shown[0].stdout.splitlines()
    assert {line.split()[0] for line in lines if line.startswith("  ")} == {*DOORS, "conf"}
    assert {path.stem for path in (ROOT / "pipelines").glob("*.py")} == {*DOORS, "__init__"}
    assert lines[-1] == "loaded: "


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["tnue"], "error: 'tnue' is not a command, did you mean tune?"),
        (["data=iris"], "error: 'data=iris' is not a command; known: compare, conf, export, "),
        (["--halp"], "error: '--halp' is not a command"),
        (["conf"], "error: conf takes one folder"),
        (["tune", "--halp"], "error: --halp: unknown option; known: --help"),
        (["tune", "modle", "--help"], "error: 'modle' is not a group, did you mean model?"),
    ],
)
def test_an_unknown_word_is_refused_in_one_sentence(words, sentence):
    done = ask("foldwise.__main__", *words)
    assert done.returncode == 2
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == "loaded: \n"


@pytest.mark.parametrize("words", ["--help", "tune --help", "tune --cfg job", "tune data --help", "conf --help"])
def test_a_reader_that_stops_early_is_not_an_error(words):
    for lines in (0, 1):
        command = f"set -o pipefail; '{sys.executable}' -m foldwise {words} | head -{lines}"
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert len(done.stdout.splitlines()) == lines


def test_the_version_is_known_without_importing_anything_heavy():
    program = "import sys, foldwise; print(foldwise.__version__, 'foldwise.api' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert done.stdout == f"{project['version']} False\n"
    done = subprocess.run([sys.executable, "-m", "foldwise", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"foldwise {project['version']}\n"


@pytest.mark.long
def test_a_package_pipelines_in_the_working_folder_is_left_alone(tmp_path):
    (tmp_path / "pipelines").mkdir()
    for name in ("__init__", "tune", "schedule"):
        (tmp_path / "pipelines" / f"{name}.py").write_text("raise SystemExit('theirs')")
    (tmp_path / "yaml.py").write_text("raise SystemExit('theirs too')")
    (tmp_path / "mine.yaml").write_text("seed: 3\n")
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "wrong.yaml").write_text("cron: '@daily'\ndoor: tune\noverrides: [experiment=mine.yaml, seed=-1]\n")

    def start(*words):
        command = [sys.executable, "-P", "-m", "foldwise", *words]  # as the script foldwise does
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = start("tune", "experiment=mine.yaml", "--cfg", "job")
    assert (done.returncode, done.stderr) == (0, "")
    assert "seed: 3" in done.stdout
    done = start("schedule", "action=run", "job=wrong", "jobs=jobs", "paths.runs=runs")
    assert done.returncode == 2
    assert "FAILED: seed: must be >= 0, got -1" in done.stderr


def test_nothing_in_the_package_imports_pipelines():
    for path in (ROOT / "src").rglob("*.py"):
        assert not re.search(r"^\s*(import|from) pipelines\b", path.read_text(encoding="utf-8"), re.MULTILINE), path
