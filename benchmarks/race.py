"""What racing saves and what it costs: the same study raced and unraced, on Titanic, 5,000 rows of Adult, and digits.

The studies are the recipes that ship (early stopping leaves a race less to save), 40 trials each. Work is counted in
fold-epochs, so the machine's load does not matter. The raced winner is as good if the unraced winner's mean is within the
raced one's standard error, sd / sqrt(folds).

With random search both studies draw the same trials, and a trial is the same to the last bit until it is stopped. So an unraced
study is trained once, scored at all rungs, and the race is replayed on its trials; some raced studies are trained too, to
check that they are the same. The final score of a stopped trial is then known: the race was wrong if it beats the best before
it. Beside it is the race's own estimate, from the trials that it finishes to check itself. "Fold by fold" is a replay as if
no trial had been fused. With TPE both studies are trained.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measure import report
from benchmarks.race_replay import Study, noted, replayed
from benchmarks.study import DATA, Silent
from foldwise.study.racing import race_outcome, wilson

TRIALS = 40
RECIPES = {
    "titanic": ["experiment=titanic"],
    "adult": ["experiment=adult", "folds.count=5", "data.holdout={kind: hash, share: 0.02}"],
    "digits": ["experiment=digits", "folds.count=5", "fit.epochs=30"],
}
ADULT_ROWS = 5_000
LEAST_SAVED, SHARE_AS_GOOD = 0.4, 0.9

Place = tuple[str | int, ...]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=10, help="studies of random search for each table")
    options.add_argument("--trained", type=int, default=1, help="of these, raced ones that are trained and not only replayed")
    options.add_argument("--tpe-seeds", type=int, default=1, help="studies of TPE for each table")
    options.add_argument("--data", type=Path, default=DATA, help="the folder that holds titanic/ and adult/")
    options.add_argument("--tables", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    options.add_argument("--log", type=Path, help="one line a finished study; studies in it are not run again")
    options.add_argument("--logged", action="store_true", help="run none, show what the log has")
    options.add_argument("--one", nargs=4, metavar=("TABLE", "SEED", "TUNER", "RACE"), help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        table, seed, tuner, race = asked.one
        print(json.dumps(one_study(table, int(seed), tuner, race, asked.data)))
        return
    known = {_place(study): study for study in _logged(asked.log)}

    def study(*place: str | int) -> Study | None:
        if place not in known and not asked.logged:
            known[place] = _in_a_process(place, asked.data, asked.log)
        return known.get(place)

    rows: list[list[str]] = []
    figures: dict[str, Any] = {}
    agreed = 0
    for table in asked.tables:
        plain = [found for seed in range(asked.seeds) if (found := study(table, seed, "random", "none"))]
        replays = [replayed(one, "both") for one in plain]
        trained = [found for one in plain[: asked.trained] if (found := study(table, one["seed"], "random", "both"))]
        for one, true in zip(replays, trained, strict=False):
            assert [t["work"] for t in one["trials"]] == [t["work"] for t in true["trials"]], (
                f"{_place(true)} is not its replay"
            )
            agreed += 1
        figures[f"{table} random"] = compare(plain, replays)
        by_fold = [replayed(one, "both", engine="keras") for one in plain]
        figures[f"{table} random, fold by fold"] = compare(plain, by_fold)
        pairs = [[study(table, seed, "tpe", race) for race in ("none", "both")] for seed in range(asked.tpe_seeds)]
        both = [pair for pair in pairs if all(pair)]
        if both:
            figures[f"{table} tpe"] = compare(*zip(*both, strict=True))
    rows = [_row(name, of) for name, of in figures.items()]
    columns = ("table and search (studies)", "training saved", "winner as good", "stopped", "of these wrong", "checked: wrong")
    report("race", columns, rows, _last(list(figures.values()), agreed), figures)


def compare(plain: Sequence[Study], raced: Sequence[Study]) -> dict[str, Any]:
    """Unraced and raced studies, pair by pair."""
    pairs = list(zip(plain, raced, strict=True))
    gaps = []
    for one, other in pairs:
        ours = _winner(other)
        gaps.append((_winner(one)["mean"] - ours["mean"]) / (ours["sd"] / math.sqrt(ours["folds"])))
    stopped = [(one, other, trial) for one, other in pairs for trial in other["trials"] if trial["state"] == "STOPPED"]
    return {
        "studies": len(pairs),
        "saved": [1 - _work(other) / _work(one) for one, other in pairs],
        "gaps": gaps,  # of the winners' means, in standard errors of the raced one
        "as_good": sum(gap <= 1 for gap in gaps),
        "stopped": len(stopped),
        "wrong": sum(itertools.starmap(_would_have_won, stopped)) if plain[0]["tuner"] == "random" else None,
        "checked": sum(other["race"]["checked"] for other in raced),
        "checked_wrong": sum(other["race"]["wrong"] for other in raced),
    }


def _row(name: str, of: dict[str, Any]) -> list[str]:
    return [
        f"{name} ({of['studies']})",
        f"{sum(of['saved']) / of['studies']:.0%} ({min(of['saved']):.0%} to {max(of['saved']):.0%})",
        f"{of['as_good']} of {of['studies']}",
        f"{of['stopped']}",
        "" if of["wrong"] is None else f"{of['wrong']} ({of['wrong'] / max(1, of['stopped']):.1%})",
        f"{of['checked']}: {of['checked_wrong']}",
    ]


def _last(compared: Sequence[dict[str, Any]], agreed: int) -> str:
    least = min(sum(of["saved"]) / of["studies"] for of in compared)
    studies, as_good, wrong, checked = (
        sum(of[name] for of in compared) for name in ("studies", "as_good", "checked_wrong", "checked")
    )
    low, high = wilson(wrong, checked)
    return (
        f"training saved: at least {least:.0%} (wanted: {LEAST_SAVED:.0%}); winners as good: {as_good} of {studies} (wanted: "
        f"{SHARE_AS_GOOD:.0%}); wrong by the race's own checks: {wrong} of {checked}, 95 % interval {low:.1%} to {high:.1%}; "
        f"raced studies that were trained and agree with their replay: {agreed}"
    )


def one_study(table: str, seed: int, tuner: str, race: str, data: Path) -> Study:
    """A study in this process, up to its best trial."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from foldwise.config.read import read_study, trial_at
    from foldwise.data.fold_cache import FoldCache
    from foldwise.doors import assemble
    from foldwise.doors.compose import compose_study
    from foldwise.execution.local import HereExecutor
    from foldwise.study.open_or_resume import open_or_resume
    from foldwise.study.plan import plan_study, threads_of
    from foldwise.study.search import Parts, search
    from foldwise.training.runtime import start

    with tempfile.TemporaryDirectory() as folder:
        words = [*RECIPES[table], f"tuner={tuner}", f"seed={seed}", f"budget.trials={TRIALS}"]
        # a race that no trial can lose scores all trials at the rungs, and changes nothing
        words += ["race=epochs", "race.startup=1000000"] if race == "none" else [f"race={race}"]
        words += [f"paths.data={data}", f"paths.runs={folder}", "tracking=in_memory"]
        if table == "adult":
            words.append(f"data.path={_some_of_adult(data, Path(folder))}")
        else:
            words.append("data.holdout.share=0.02")
        plan = plan_study(read_study(compose_study(words)))
        spec = plan.spec
        start(threads_of(plan))
        from foldwise.training.cross_validate import cross_validate

        ledger = assemble.ledger_at(None, spec.fixed.paths.runs, print)
        record = open_or_resume(plan, ledger, {})
        tracker, _ = assemble.make_tracking(spec.fixed.tracking, folder, ledger)
        cache = FoldCache(plan.table, plan.splits, seed)
        executor = HereExecutor(lambda job: cross_validate(job, plan.table, plan.splits, cache=cache))
        tracker.open(record, [])
        began = time.process_time()
        parts = Parts(assemble.make_tuner(spec, plan.goals), executor, ledger, tracker, Silent())
        results = search(plan, parts, ledger.trials(record.name)).results
        processor = time.process_time() - began
        ledger.close()
    epochs = {result.number: trial_at(spec, result.params).fit.epochs for result in results}
    outcome = race_outcome(spec.fixed.race, plan.goal, results, len(plan.splits), epochs)
    return {
        "table": table,
        "seed": seed,
        "tuner": tuner,
        "kind": race,
        "epochs": epochs[0],
        "race": asdict(outcome) if outcome else None,
        "processor": processor,
        "trials": [noted(result) for result in results],
    }


def _place(study: Study) -> Place:
    """The key of a study in the log."""
    return study["table"], study["seed"], study["tuner"], study["kind"]


def _in_a_process(place: Place, data: Path, log: Path | None) -> Study:
    command = [sys.executable, "-m", "benchmarks.race", "--data", str(data), "--one", *map(str, place)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 this very file
    study: Study = json.loads(run.stdout.splitlines()[-1])
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(study) + "\n")
    print(f"{place}: {_work(study)} fold-epochs, {study['race']}", file=sys.stderr)
    return study


def _logged(log: Path | None) -> list[Study]:
    if log is None or not log.exists():
        return []
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def _some_of_adult(data: Path, folder: Path) -> Path:
    """A sample of its training file, always the same rows."""
    import pandas as pd

    rows = pd.read_csv(data / "adult" / "adult-train.csv", skipinitialspace=True, dtype=str, keep_default_na=False)
    path = folder / "adult-train.csv"
    rows.sample(ADULT_ROWS, random_state=0).to_csv(path, index=False)
    return path


def _work(study: Study) -> int:
    return sum(trial["work"] for trial in study["trials"])


def _winner(study: Study) -> dict[str, Any]:
    """The complete trial with the best mean accuracy."""
    complete: list[dict[str, Any]] = [trial for trial in study["trials"] if trial["state"] == "COMPLETE"]
    return max(complete, key=lambda trial: trial["mean"])


def _would_have_won(plain: Study, raced: Study, lost: dict[str, Any]) -> bool:
    """Whether a stopped trial would have beaten the best complete trial before it."""
    twin = plain["trials"][lost["number"]]["mean"]
    before = [t["mean"] for t in raced["trials"] if t["number"] < lost["number"] and t["state"] == "COMPLETE"]
    return all(twin > mean for mean in before)


if __name__ == "__main__":
    main()
