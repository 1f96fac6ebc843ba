"""What racing saves and what it costs: the same study raced and unraced, on Titanic, 5,000 rows of Adult, and digits.

The studies are the recipes that ship (with early stopping, which leaves a race less to save), 40 trials each, by random search
and by TPE. Work is counted in fold-epochs, so that nothing depends on the machine's load. The raced winner is as good if
the unraced winner's mean lies within the raced one's own standard error, sd / sqrt(folds). With random search both studies
draw the same trials, so what every stopped trial would have come to is known: the race was wrong where that beats the best
before it. Beside that stands the race's own estimate, from the trials that it finished to check itself.
"""

from __future__ import annotations

import argparse
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
from benchmarks.study import DATA, Silent

TRIALS = 40
RECIPES = {
    "titanic": ["experiment=titanic"],
    "adult": ["experiment=adult", "folds.count=5", "data.holdout={kind: hash, share: 0.02}"],
    "digits": ["experiment=digits", "folds.count=5", "fit.epochs=30"],
}
ADULT_ROWS = 5_000
LEAST_SAVED, SHARE_AS_GOOD = 0.4, 0.9

Study = dict[str, Any]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=10, help="studies of random search")
    options.add_argument("--tpe-seeds", type=int, default=3, help="studies of TPE")
    options.add_argument("--data", type=Path, default=DATA, help="the folder that holds titanic/ and adult/")
    options.add_argument("--tables", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    options.add_argument("--race", default="both", choices=["epochs", "folds", "both"])
    options.add_argument("--log", type=Path, help="a line a finished study; what stands there is not run again")
    options.add_argument("--logged", action="store_true", help="run none, show what the log has")
    options.add_argument("--one", nargs=4, metavar=("TABLE", "SEED", "TUNER", "RACE"), help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        table, seed, tuner, race = asked.one
        print(json.dumps(one_study(table, int(seed), tuner, race, asked.data)))
        return
    known = {place_of(study): study for study in _logged(asked.log)}
    rows, figures = [], {}
    for tuner, seeds in (("random", asked.seeds), ("tpe", asked.tpe_seeds)):
        for table in asked.tables:
            pairs = []
            for seed in range(seeds):
                places = [(table, seed, tuner, race) for race in ("none", asked.race)]
                if not asked.logged:
                    for place in places:
                        known[place] = known.get(place) or _in_a_process(place, asked.data, asked.log)
                if all(place in known for place in places):
                    pairs.append((known[places[0]], known[places[1]]))
            if pairs:
                figures[f"{table} {tuner}"] = compared = compare(pairs)
                rows.append(_row(table, tuner, compared))
    columns = (
        "table", "search (studies)", "training saved", "raced winner as good", "stopped", "of these wrong", "checked: wrong",
    )  # fmt: skip
    report("race", columns, rows, _last(list(figures.values())), figures)


def compare(pairs: Sequence[tuple[Study, Study]]) -> dict[str, Any]:
    """Unraced and raced studies, pair by pair."""
    saved = [1 - _work(raced) / _work(plain) for plain, raced in pairs]
    gaps = []
    for plain, raced in pairs:
        ours = _winner(raced)
        gaps.append((_winner(plain)["mean"] - ours["mean"]) / (ours["sd"] / math.sqrt(ours["folds"])))
    stopped = [[trial for trial in raced["trials"] if trial["state"] == "STOPPED"] for _, raced in pairs]
    twins = all(plain["tuner"] == "random" for plain, _ in pairs)
    wrong = [
        _would_have_won(plain, raced, trial) for (plain, raced), lost in zip(pairs, stopped, strict=True) for trial in lost
    ]
    checked = [trial for _, raced in pairs for trial in raced["trials"] if trial["lost_at"]]
    return {
        "saved": saved,
        "gaps": gaps,  # of the winners' means, in standard errors of the raced one
        "as_good": sum(gap <= 1 for gap in gaps),
        "studies": len(pairs),
        "stopped": sum(map(len, stopped)),
        "wrong": sum(wrong) if twins else None,
        "checked": len(checked),
        "checked_wrong": sum(raced["race"]["wrong"] for _, raced in pairs),
        "processor": [sum(study["processor"] for study in side) for side in zip(*pairs, strict=True)],  # unraced, raced
    }


def _row(table: str, tuner: str, of: dict[str, Any]) -> list[str]:
    return [
        table,
        f"{tuner} ({of['studies']})",
        f"{sum(of['saved']) / of['studies']:.0%} ({min(of['saved']):.0%} to {max(of['saved']):.0%})",
        f"{of['as_good']} of {of['studies']}",
        f"{of['stopped']}",
        "" if of["wrong"] is None else f"{of['wrong']} ({of['wrong'] / max(1, of['stopped']):.1%})",
        f"{of['checked']}: {of['checked_wrong']}",
    ]


def _last(compared: Sequence[dict[str, Any]]) -> str:
    from foldwise.racing import wilson

    studies, as_good = (sum(of[name] for of in compared) for name in ("studies", "as_good"))
    least = min(sum(of["saved"]) / of["studies"] for of in compared)
    wrong, checked = (sum(of[name] for of in compared) for name in ("checked_wrong", "checked"))
    low, high = wilson(wrong, checked)
    return (
        f"training saved: at least {least:.0%} (wanted: {LEAST_SAVED:.0%}); winners as good: {as_good} of {studies} "
        f"(wanted: {SHARE_AS_GOOD:.0%}); the race's own error rate: {wrong} of {checked} checked trials, 95 % interval "
        f"{low:.0%} to {high:.0%}"
    )


def one_study(table: str, seed: int, tuner: str, race: str, data: Path) -> Study:
    """A study in this process, up to its best trial."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from foldwise import assemble
    from foldwise.compose import compose_study
    from foldwise.config import read_study, trial_at
    from foldwise.data.fold_cache import FoldCache
    from foldwise.execution.here import HereExecutor
    from foldwise.plan import plan_study, threads_of
    from foldwise.racing import race_outcome
    from foldwise.study import Parts, claim, search
    from foldwise.training.runtime import start

    with tempfile.TemporaryDirectory() as folder:
        words = [*RECIPES[table], f"race={race}", f"tuner={tuner}", f"seed={seed}", f"budget.trials={TRIALS}"]
        words += [f"paths.data={data}", f"paths.runs={folder}", "tracking=in_memory"]
        if table == "adult":
            words.append(f"data.path={_some_of_adult(data, Path(folder))}")
        else:
            words.append("data.holdout.share=0.02")
        plan = plan_study(read_study(compose_study(words)))
        spec = plan.spec
        start(threads_of(plan))
        from foldwise.training.cross_validate import cross_validate

        ledger = assemble.make_ledger(spec)
        record = claim(plan, ledger, {})
        tracker, _ = assemble.make_tracking(spec.fixed.tracking, folder, ledger)
        cache = FoldCache(plan.table, plan.splits, seed)
        executor = HereExecutor(lambda job: cross_validate(job, plan.table, plan.splits, cache=cache))
        tracker.open(record, [], plan.goal.metric, {})
        began = time.process_time()
        results = search(plan, Parts(assemble.make_tuner(spec, plan.goals), executor, ledger, tracker, Silent())).results
        processor = time.process_time() - began
        ledger.close()
    epochs = {result.number: trial_at(spec, result.params).fit.epochs for result in results}
    outcome = race_outcome(spec.fixed.race, plan.goal, results, len(plan.splits), epochs)
    trials = [
        {
            "number": result.number,
            "state": result.state,
            "mean": result.mean,
            "sd": result.sd,
            "folds": len(result.folds),
            "work": sum(len(fold.curves["loss"]) for fold in result.folds),
            "reason": result.reason,
            "lost_at": result.lost_at,
            "engine": result.engine,
        }
        for result in results
    ]
    own = asdict(outcome) if outcome else None
    return {
        "table": table, "seed": seed, "tuner": tuner, "kind": race, "race": own, "processor": processor, "trials": trials,
    }  # fmt: skip


def place_of(study: Study) -> tuple[str, int, str, str]:
    """What tells a study from others."""
    return study["table"], study["seed"], study["tuner"], study["kind"]


def _in_a_process(place: tuple[str, int, str, str], data: Path, log: Path | None) -> Study:
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
