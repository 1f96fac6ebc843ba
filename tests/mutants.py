"""Thirty deliberate faults, one at a time, and whether the tests catch each: `python -m tests.mutants`.

    python -m tests.mutants                  # the checkout's tracked files, all faults
    python -m tests.mutants ec8a54f --only 7 # one fault at an earlier revision
    python -m tests.mutants ec8a54f --check  # only whether every fault can be applied there

pytest does not collect this file, and CI does not run it: all faults take an hour or two. The tree is a temporary git
worktree, never the checkout. A fault is caught by a test that fails with it and passes without it. For each, pytest runs with
`-x` the unit tests of its room, all tests that import its file, and the suites that ROOMS names: first the quick tests, then
the slow ones. At an earlier revision git finds the test files that were renamed since, and its text finds the fault's place.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = 1500  # for the tests of one fault


@dataclass(frozen=True)
class Fault:
    """A change of one place. `file` is under src/foldwise today; `old` stands there once; `reason` is its harm to a user.

    earlier: the same place in the words of an earlier revision.
    """

    file: str
    old: str
    new: str
    reason: str
    earlier: tuple[str, str] | None = None


FAULTS = (
    Fault(
        "data/preparation/fold.py",
        "preparation = fit_preparation(table, split.train, prep)",
        "preparation = fit_preparation(table, np.concatenate([split.train, split.valid]), prep)",
        "validation rows leak into fills, scales and levels",
    ),
    Fault(
        "data/sources/csv_file.py",
        'line = content.count(b"\\n", 0, found.start) + 1',
        'line = content.count(b"\\n", 0, found.start)',
        "an error names the line before the broken one",
    ),
    Fault(
        "data/audit/copies.py",
        "if shares[worst] >= max(HALF, RATHER * shares[least]):",
        "if shares[worst] >= max(HALF, RATHER * shares[worst]):",
        "a class that was copied before the folds were cut is not reported",
    ),
    Fault(
        "data/holdout.py",
        'cutoffs = {name: float(frozen["cutoffs"].get(name, holdout.share)) for name in names}',
        "cutoffs = {name: float(holdout.share) for name in names}",
        "rows change sides between a champion and its challenger",
    ),
    Fault(
        "data/new_rows.py",
        "by_age[-count:]",
        "by_age[:count]",
        "the oldest new rows judge a challenger, not the newest",
    ),
    Fault(
        "data/split.py",
        "np.flatnonzero(at <= train[-1])",
        "np.flatnonzero(at <= valid[-1])",
        "forward folds train on the rows that validate them",
    ),
    Fault(
        "config/template.py",
        'options.get("default", read[0].name)',
        'options.get("default", read[-1].name)',
        "a choice without a default takes its last option",
    ),
    Fault(
        "spec/space.py",
        "type(value) is int and self.low <= value <= self.high",
        "type(value) is int and self.low <= value < self.high",
        "the upper end of a range of whole numbers is refused",
    ),
    Fault(
        "study/deadline.py",
        "self._ends - self._after - self._refit",
        "self._ends - self._after",
        "a job with a time limit overruns it by the refit",
    ),
    Fault(
        "trial/race.py",
        "places = max(1, (len(others) + 1) // factor)",
        "places = max(1, len(others) // factor)",
        "a race stops a trial that belongs to the better half",
    ),
    Fault(
        "execution/local.py",
        "        except Interrupted:\n            raise\n",
        "",
        "Ctrl-C counts as the failure of a trial",
    ),
    Fault(
        "tuning/stopped_scores.py",
        "fold.score - ease.get(fold.fold, 0.0)",
        "fold.score + ease.get(fold.fold, 0.0)",
        "trials that were stopped on an easy fold look good to the tuner",
    ),
    Fault(
        "ledger/promotions.py",
        "if now != expected:",
        "if now is None and expected is not None:",
        "a promotion replaces a champion that it was not judged against",
    ),
    Fault(
        "ledger/transactions.py",
        "if row.epoch != self._epochs.get(study):",
        "if row.epoch < self._epochs.get(study, 0):",
        "a coordinator that was replaced goes on writing",
    ),
    Fault(
        "ledger/ledger.py",
        "connection.execute(update(trials).where(own).values(dropped=True))",
        "pass",
        "trials outside the edited ranges still count",
    ),
    Fault(
        "tracking/reconcile_champion.py",
        "if aliases.get(LATER) == last.version:",
        "if aliases.get(LATER) != last.version:",
        "the champion stays challenger, and a kept challenger loses its alias",
    ),
    Fault(
        "bundle/network_file.py",
        "packed = any(info.compress_type != zipfile.ZIP_STORED for info in infos)",
        "packed = False",
        "a network file that unpacks to anything is opened",
    ),
    Fault(
        "evaluation/permutation.py",
        "(1 + as_good) / (1 + count)",
        "as_good / count",
        "p-values can be 0, so alpha is not kept",
    ),
    Fault(
        "evaluation/threshold.py",
        "[*folds[:place], *folds[place + 1 :]]",
        "folds",
        "a fold's rows choose the threshold that they are scored with",
    ),
    Fault(
        "models/mlp_weights.py",
        "derive(Purpose.LAYERS, seed, layer + 1)",
        "derive(Purpose.LAYERS, seed, layer)",
        "fused dropout differs from that of the Keras network",
    ),
    Fault(
        "training/lr_schedules.py",
        "(1 + epoch) // every",
        "epoch // every",
        "the learning rate drops one epoch late",
    ),
    Fault(
        "training/refit.py",
        "math.ceil(statistics.median(fold.best_epoch for fold in folds))",
        "max(fold.best_epoch for fold in folds)",
        "the final network is trained as long as the slowest fold",
    ),
    Fault(
        "training/fused/optimizers.py",
        "tf.pow(new, power) / rate + 2 * l2",
        "tf.pow(new, power) / rate + l2",
        "fused ftrl regularises half as much as Keras's",
    ),
    Fault(
        "training/by_fold/early_stop.py",
        "least = self.best - self.min_delta",
        "least = self.best + self.min_delta",
        "an epoch that is slightly worse counts as better",
    ),
    Fault(
        "report/figures/ranking.py",
        "np.append(0.0, ends + 1 - hits)",
        "np.append(0.0, ends - hits)",
        "ROC curves and average precision are off by one negative",
    ),
    Fault(
        "report/compare_page.py",
        "return studies, goals[0] if all(goal == goals[0] for goal in goals) else None",
        "return studies, goals[0]",
        "studies of different metrics are ranked in one table",
    ),
    Fault(
        "retraining/judge.py",
        "rows.target, ours, theirs, seed, rows.groups)",
        "rows.target, theirs, ours, seed, rows.groups)",
        "the worse model is promoted",
    ),
    Fault(
        "retraining/by_evidence.py",
        "= loss.of(truth, champion.predictions, champion.threshold) -",
        "= -loss.of(truth, champion.predictions, champion.threshold) +",
        "evidence grows for the worse model",
    ),
    Fault(
        "evaluation/evidence.py",
        "math.log1p(min(total / squares",
        "math.log1p(min(1.0 if excess > 0 else 0.0",
        "the bet on a row knows the row",
    ),
    Fault(
        "retraining/gate.py",
        "gate.keys[gate.unseen].ravel()",
        "gate.keys[:0].ravel()",
        "rows that judged once judge again",
    ),
    Fault(
        "schedule/run.py",
        "not outcome.again or number > job.retries",
        "not outcome.again or number >= job.retries",
        "a failed job is tried once less than it allows",
    ),
    Fault(
        "doors/compose.py",
        "        if key not in chosen:\n",
        "        if key:\n",
        "a recipe's values win over a group chosen beside it",
    ),
    Fault(
        "system/redact.py",
        r":\S*@",
        r":[^\s@]*@",
        "the rest of a password with an @ is printed",
    ),
)

# Suites beside the unit tests of a room, as they are called today.
ROOMS: dict[str, tuple[str, ...]] = {
    "data": ("end_to_end/test_no_leak.py",),
    "data/audit": ("end_to_end/test_other_doors.py",),
    "data/preparation": ("unit/data/test_nothing_leaks.py", "end_to_end/test_no_leak.py", "end_to_end/test_preparation.py"),
    "data/sources": ("end_to_end/test_other_doors.py",),
    "config": ("unit/doors/test_compose.py", "unit/doors/test_recipes.py", "end_to_end/test_main_job.py"),
    "spec": ("contract/test_tuners.py",),
    "study": ("end_to_end/test_main_job.py", "end_to_end/test_dask.py"),
    "trial": ("unit/study/test_racing.py", "end_to_end/test_race.py"),
    "execution": ("contract/test_executors.py", "unit/study/test_search.py", "end_to_end/test_nothing_lost.py"),
    "tuning": ("contract/test_tuners.py", "end_to_end/test_race.py"),
    "ledger": (
        "contract/test_ledgers.py",
        "contract/test_coordinators.py",
        "contract/test_promotions.py",
        "unit/study/test_search.py",
        "unit/study/test_extend.py",
        "faults/test_promotions.py",
    ),
    "tracking": ("contract/test_registries.py", "contract/test_trackers.py", "end_to_end/test_retrain.py"),
    "bundle": ("end_to_end/test_serving.py",),
    "evaluation": ("unit/training/test_raced.py", "end_to_end/test_uneven_classes.py", "end_to_end/test_retrain.py"),
    "models": ("unit/training/fused/test_engine.py",),
    "training": ("contract/test_lr_schedules.py", "end_to_end/test_main_job.py"),
    "training/fused": ("unit/training/test_cross_validate.py",),
    "training/by_fold": ("unit/training/fused/test_engine.py", "end_to_end/test_main_job.py"),
    "report/figures": (),
    "report": ("end_to_end/test_compare.py",),
    "retraining": ("end_to_end/test_retrain.py", "end_to_end/test_evidence.py"),
    "schedule": ("contract/test_job_runs.py", "end_to_end/test_schedule.py"),
    "doors": ("end_to_end/test_main_job.py", "end_to_end/test_by_name.py"),
    "system": ("end_to_end/test_secrets.py",),
}


def main() -> int:
    """Apply the faults one after the other and print what the tests make of each; 1 where one cannot be applied."""
    options = argparse.ArgumentParser(prog="python -m tests.mutants", description="Deliberate faults against the tests.")
    options.add_argument("revision", nargs="?", help="the tree to judge; by default the checkout's tracked files")
    options.add_argument("--only", type=int, help="the number of one fault, from 1")
    options.add_argument("--check", action="store_true", help="only whether every fault can be applied")
    asked = options.parse_args()
    chosen = [(n, fault) for n, fault in enumerate(FAULTS, 1) if asked.only in (None, n)]
    revision = _git("rev-parse", asked.revision) if asked.revision else _git("stash", "create") or _git("rev-parse", "HEAD")
    caught, lost = 0, 0
    with worktree(revision) as tree:
        names = earlier_names(revision)
        for number, fault in chosen:
            place = find(tree, fault)
            if place is None:
                lost += 1
                print(f"{number:2} CANNOT BE APPLIED  {fault.file}: {fault.old!r}", flush=True)
                continue
            tests = tests_of(tree, fault, place[0], names)
            if asked.check:
                print(f"{number:2} {place[0].relative_to(tree)}: {len(tests)} test files", flush=True)
                continue
            began = time.monotonic()
            by = judge(tree, tests, *place)
            caught += by is not None
            verdict = f"caught by {by}" if by else "SURVIVED"
            print(f"{number:2} {verdict}, {time.monotonic() - began:.0f} s  ({fault.file}: {fault.reason})", flush=True)
    if not asked.check:
        print(f"caught {caught} of {len(chosen)} at {revision[:7]}")
    return 1 if lost else 0


@contextmanager
def worktree(revision: str) -> Iterator[Path]:
    """A checkout of a revision in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(tree), revision)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def find(tree: Path, fault: Fault) -> tuple[Path, str, str] | None:
    """The file that has a fault's place, the place, and what takes it: today's file, else the only one with that text."""
    source = tree / "src" / "foldwise"
    for old, new in ((fault.old, fault.new), *([fault.earlier] if fault.earlier else [])):
        files = [source / fault.file] if (source / fault.file).exists() else sorted(source.rglob("*.py"))
        holding = [path for path in files if path.read_text(encoding="utf-8").count(old) == 1]
        if len(holding) == 1:
            return holding[0], old, new
    return None


def tests_of(tree: Path, fault: Fault, file: Path, names: dict[str, str]) -> list[str]:
    """The test files of a fault: its own first, then its room's, those that import it, and its suites; as the tree has them."""
    path = Path(fault.file)
    room = path.parent.as_posix()
    own = f"tests/unit/{room}/test_{path.stem}.py"
    unit = sorted(test.relative_to(ROOT).as_posix() for test in (ROOT / "tests" / "unit" / room).glob("test_*.py"))
    module = ".".join(file.relative_to(tree / "src").with_suffix("").parts)
    parent, _, name = module.rpartition(".")
    imports = re.compile(rf"^\s*(from {re.escape(module)} import|from {re.escape(parent)} import .*\b{name}\b)", re.MULTILINE)
    importing = [
        test.relative_to(tree).as_posix()
        for part in ("unit", "contract", "end_to_end")
        for test in sorted((tree / "tests" / part).rglob("test_*.py"))
        if imports.search(test.read_text(encoding="utf-8"))
    ]
    suites = [f"tests/{test}" for test in ROOMS[room]]
    there = [names.get(test, test) for test in (own, *unit)] + importing + [names.get(test, test) for test in suites]
    return [test for test in dict.fromkeys(there) if (tree / test).exists()]


def earlier_names(revision: str) -> dict[str, str]:
    """Today's path of each test that was renamed since a revision -> its path there."""
    lines = _git("diff", "--find-renames=30%", "-l0", "--name-status", revision, "--", "tests").splitlines()
    renamed = (line.split("\t") for line in lines if line.startswith("R"))
    return {new: old for _, old, new in renamed}


def judge(tree: Path, tests: Sequence[str], file: Path, old: str, new: str) -> str | None:
    """The test that fails with the fault and passes without it; None where no test does."""
    text = file.read_text(encoding="utf-8")
    today = '"nightly:' in (tree / "pyproject.toml").read_text(encoding="utf-8")
    brief = "not nightly" if today else "not long"  # as that mark was called earlier
    for marked in (f"not slow and {brief}", f"slow and {brief}"):
        file.write_text(text.replace(old, new), encoding="utf-8")
        try:
            failed = first_failure(tree, tests, marked)
        finally:
            file.write_text(text, encoding="utf-8")
        if failed is not None and first_failure(tree, [failed], brief) is None:
            return failed
        if failed is not None:
            print(f"   {failed} fails without the fault too, so it proves nothing", flush=True)
    return None


def first_failure(tree: Path, tests: Sequence[str], marked: str) -> str | None:
    """The first test that fails, or that cannot be collected."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", "-m", marked]
    paths = os.pathsep.join((str(tree / "src"), str(tree)))
    try:
        run = subprocess.run(
            [*command, *tests],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"   the {marked} tests take more than {SECONDS} s and were ended", flush=True)
        return None
    if run.returncode in (0, 5):  # 5: none of these tests is marked so
        return None
    found = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", run.stdout, re.MULTILINE)
    if found is None:
        raise SystemExit(f"pytest ended with {run.returncode}:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return found[1]


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
