"""How long a command takes until its verdict is printed, and until it ends: whole processes, beside a bare import.

Each round imports TensorFlow and MLflow in a new process, then runs every command, so a slow minute of the machine hits all.
A command is a new process with a new runs folder. `very first` has an empty cache of compiled programs too; every other one
finds what an earlier process of this machine left there. With --before, another checkout of foldwise runs the same commands in
the same rounds. Byte code is compiled before. Processor seconds are those of the process and its children.

    python -m benchmarks.verdict                                   # all, five rounds
    python -m benchmarks.verdict --commands iris --rounds 3 --before ../foldwise-old
"""

from __future__ import annotations

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import median, report

HERE = Path(__file__).parents[1]
DATA = Path(os.environ.get("FOLDWISE_DATA", HERE.parent / "shared" / "data"))
SAID = b"Verdict:"
TUNE = ("-m", "pipelines.tune")
IMPORTS = ("-c", "import tensorflow, mlflow")
HYDRA = ("-c", "import hydra")


@dataclass(frozen=True)
class Command:
    """arguments of Python. beside: what it is compared with. fresh: without compiled programs. code: its exit code."""

    arguments: tuple[str, ...]
    beside: str = "imports"
    fresh: bool = False
    code: int = 0


@dataclass(frozen=True)
class Taken:
    """Seconds until the verdict was printed (None: it prints none), until the end, and of the processors."""

    verdict: float | None
    end: float
    processor: float


COMMANDS = {
    "very first": Command((*TUNE, "experiment=iris"), fresh=True),
    "iris": Command((*TUNE, "experiment=iris")),
    "default": Command(TUNE),
    "titanic": Command((*TUNE, "experiment=titanic", f"paths.data={DATA}")),
    "1,000 random": Command((*TUNE, "experiment=iris", "tuner=random", "budget.trials=1000")),
    "1,000 tpe": Command((*TUNE, "experiment=iris", "tuner=tpe", "budget.trials=1000")),
    "refusal": Command((*TUNE, "data=csv", "data.path=rows.csv", "data.target=y", "fit.epochs=many"), "hydra", code=2),
    "predict": Command(("-m", "pipelines.predict", "model=iris", "input={rows}", "output={answers}")),
}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--commands", nargs="+", default=list(COMMANDS), choices=list(COMMANDS))
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--before", type=Path, help="a checkout of an earlier foldwise")
    asked = options.parse_args()
    checkouts = {"now": HERE, **({"before": asked.before.resolve()} if asked.before else {})}
    for checkout in checkouts.values():
        compileall.compile_dir(checkout / "src", quiet=2)
    with tempfile.TemporaryDirectory() as folder:
        wanted = checkouts if "predict" in asked.commands else {}
        ready = {which: _model(checkout, Path(folder) / which) for which, checkout in wanted.items()}
        taken = measure(asked.commands, checkouts, asked.rounds, Path(folder), ready)
    rows = [_row(name, which, runs, taken) for (name, which), runs in taken.items() if name in COMMANDS]
    bare = median([run.end for run in taken["imports", "now"]])
    columns = ("command", "foldwise", "verdict", "end", "ratio of the verdict", "ratio of the end", "processor seconds")
    figures = {f"{name}, {which}": [vars(run) for run in runs] for (name, which), runs in taken.items()}
    report("verdict", columns, rows, f"beside {bare:.1f} s for importing TensorFlow and MLflow; medians", figures)


def measure(
    names: Sequence[str], checkouts: dict[str, Path], rounds: int, folder: Path, ready: dict[str, Path]
) -> dict[tuple[str, str], list[Taken]]:
    """Every command's runs, by its name and the checkout's; `imports` and `hydra` are the bare ones."""
    taken: dict[tuple[str, str], list[Taken]] = {}
    for number in range(rounds):
        for name, arguments in (("imports", IMPORTS), ("hydra", HYDRA)):
            taken.setdefault((name, "now"), []).append(run(arguments, HERE, folder, folder / "cache"))
        for name in names:
            command = COMMANDS[name]
            for which, checkout in checkouts.items():
                place = folder / f"{name.replace(' ', '-').replace(',', '')}-{which}-{number}"
                cache = place / "cache" if command.fresh else folder / f"cache-{which}"
                runs = ready[which] if name == "predict" else place / "runs"
                place.mkdir(parents=True)
                words = tuple(
                    word.format(rows=folder / "rows.csv", answers=place / "answers.csv") for word in command.arguments
                )
                one = run((*words, f"paths.runs={runs}"), checkout, place, cache, command.code)
                taken.setdefault((name, which), []).append(one)
                print(f"{name}, {which}: {one}", file=sys.stderr, flush=True)
    return taken


def run(arguments: Sequence[str], checkout: Path, folder: Path, cache: Path, code: int = 0) -> Taken:
    """Run Python once, in a checkout.

    Raises:
        SystemExit: it ended with another exit code, with the last lines that it printed.
    """
    path = os.pathsep.join((str(checkout / "src"), str(checkout)))
    environment = {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(cache), "PYTHONUNBUFFERED": "1"}
    began, verdict, lines = time.perf_counter(), None, []
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:  # noqa: S603 our own words
        assert child.stdout is not None
        for line in child.stdout:
            if verdict is None and line.startswith(SAID):
                verdict = time.perf_counter() - began
            lines.append(line)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != code:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{b''.join(lines[-20:]).decode()}")
    return Taken(verdict, time.perf_counter() - began, usage.ru_utime + usage.ru_stime)


def _model(checkout: Path, folder: Path) -> Path:
    """A runs folder that holds a model of Iris, with a file of 100 rows beside it."""
    folder.mkdir()
    runs, names = folder / "runs", ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
    run((*TUNE, "experiment=iris", "budget.trials=2", f"paths.runs={runs}"), checkout, folder, folder / "cache")
    rows = "\n".join([",".join(names), *["5.1,3.5,1.4,0.2"] * 100])
    (folder.parent / "rows.csv").write_text(rows + "\n", encoding="utf-8")
    return runs


def _row(name: str, which: str, runs: Sequence[Taken], taken: dict[tuple[str, str], list[Taken]]) -> list[str]:
    bare = median([run.end for run in taken[COMMANDS[name].beside, "now"]])
    end, processor = median([run.end for run in runs]), median([run.processor for run in runs])
    said = [run.verdict for run in runs if run.verdict is not None]
    verdict = (f"{median(said):.1f}", f"{median(said) / bare:.2f}x") if said else ("", "")
    return [name, which, verdict[0], f"{end:.1f}", verdict[1], f"{end / bare:.2f}x", f"{processor:.1f}"]


if __name__ == "__main__":
    main()
