"""Our `tabular` at the authors' sizes against RealMLP by its authors (pytabkit), on the same rows and splits.

The training rows of an outer split are cut again: a fifth validates and chooses the epoch, and the network of that epoch
answers the test rows, as theirs does by default; neither is trained again on all rows. Gaps in numbers are filled before, as
theirs refuses them. Errors are the share of wrong answers, or rmse. Only answers are compared, not time: theirs has one thread.

    python -m benchmarks.reference_tabular --folder reference --splits 2
    python -m benchmarks.reference_tabular --tables titanic --python .venv_bench/bin/python
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.answer_log import Log, Record
from benchmarks.answer_rivals import read_task
from benchmarks.answer_tables import TABLES, BenchmarkTable, Outer, outer_splits, write_task
from benchmarks.children import run
from benchmarks.measure import report, table
from benchmarks.paired import paired

OURS, THEIRS = "ours", "theirs"
REFERENCE = {
    **{name: TABLES[name] for name in ("titanic", "wine-red", "wine-white", "adult-5000")},
    "california-5000": replace(TABLES["california"], rows=5_000),
}
MORE = {name: TABLES[name] for name in ("breast-cancer", "digits", "diabetes")}
ALL = {**REFERENCE, **MORE}
NEAR = 0.03
VALIDATION = 5  # one row in five

# What RealMLP-TD has, in our words.
SIZES = (
    "model=tabular",
    "model.hidden=3",
    "model.units=256",
    "model.dropout=0.15",
    "model.numeric_embedding={kind: pbld, sigma: 0.1, width: 4}",
    "fit.epochs=256",
    "fit.batch_size=256",
    "fit.optimizer.weight_decay=0.02",
    "fit.rate_factors={embedding: 0.1}",
    "fit.seeds=1",
    "prep.scale=robust_clip",
)
OF_CLASSES = ("fit.optimizer.learning_rate=0.04", "fit.label_smoothing=0.1", "fit.early_stop.monitor=val_accuracy")
OF_NUMBERS = ("fit.optimizer.learning_rate=0.2", "fit.label_smoothing=0.0", "fit.early_stop.monitor=val_loss")


def main() -> None:
    """Run what is missing, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tables", nargs="+", default=list(REFERENCE), choices=list(ALL))
    options.add_argument("--splits", type=int, default=5, help="at most this many of a table's outer splits")
    options.add_argument("--folder", type=Path, default=Path("build/reference"), help="holds the results")
    options.add_argument("--python", default=sys.executable, help="the interpreter that has pytabkit")
    options.add_argument("--limit", type=float, default=3600.0, help="seconds by the clock after which one of both has failed")
    options.add_argument("--sides", nargs="+", default=[OURS, THEIRS], choices=[OURS, THEIRS])
    options.add_argument("--keys", nargs="*", default=[], help="more options of ours, as in fit.epochs=64; name another folder")
    options.add_argument("--theirs", nargs=2, metavar=("FOLDER", "SEED"), help=argparse.SUPPRESS)
    options.add_argument("--ours", nargs="+", metavar=("FOLDER", "KEY"), help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.theirs:
        theirs(Path(asked.theirs[0]), int(asked.theirs[1]))
        return
    if asked.ours:
        ours(Path(asked.ours[0]), asked.ours[1:])
        return
    log = Log(asked.folder)
    frames = {name: ALL[name].frame() for name in asked.tables}
    for split in range(asked.splits):
        for name, frame in frames.items():
            outers = outer_splits(frame, ALL[name])
            for side in asked.sides:
                if split < len(outers) and not log.has(name, split, side, again=True):
                    found = one(side, name, frame, outers[split], split, asked)
                    log.add({"table": name, "split": split, "contestant": side, **found}, None)
    show(log, asked.tables)


def one(side: str, name: str, frame: pd.DataFrame, outer: Outer, split: int, asked: argparse.Namespace) -> Record:
    """The test error of one of both, or why it failed."""
    with tempfile.TemporaryDirectory() as place:
        folder, of = Path(place), ALL[name]
        sided = write_sides(folder, name, of, frame, outer, split)
        command = [asked.python, "-m", "benchmarks.reference_tabular", "--theirs", place, str(split)]
        if side == OURS:
            keys = (*SIZES, *(OF_NUMBERS if of.is_number else OF_CLASSES), *asked.keys)
            words = [f"data.path={sided}", f"data.target={of.target}", "folds=given", "folds.column=side", "baselines=[]"]
            words += ["data.task=regression"] if of.is_number else []
            words = ["data=csv", *words, *keys, f"paths.runs={folder / 'runs'}", f"seed={split}"]
            command = [sys.executable, "-m", "benchmarks.reference_tabular", "--ours", place, *words]
        spent = run(command, folder / "log", asked.limit)
        costs = {"seconds": spent.seconds, "processor": spent.processor, "train": len(outer.train), "test": len(outer.test)}
        if spent.code:
            lines = (folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return {**costs, "error": f"exit code {spent.code}: {' / '.join(lines[-3:])}"}
        if side == OURS:
            return {**costs, **json.loads((folder / "ours.json").read_text(encoding="utf-8"))}
        with np.load(folder / "answers.npz") as found:
            answers, epoch = found["answers"], int(found["epoch"])
        truth = frame[of.target].iloc[outer.test]
        error = (
            math.sqrt(((answers - truth.to_numpy(dtype=np.float64)) ** 2).mean())
            if of.is_number
            else float((np.array(of.labels(frame))[answers.astype(int)] != truth.astype(str).to_numpy()).mean())
        )
        return {**costs, "scores": {"error": error}, "epoch": epoch}


def write_sides(folder: Path, name: str, of: BenchmarkTable, frame: pd.DataFrame, outer: Outer, seed: int) -> Path:
    """The files of theirs, and the path of ours: all rows with the column `side`. Gaps in numbers have the training median."""
    from sklearn.model_selection import KFold, StratifiedKFold

    classes = None if of.is_number else frame[of.target].iloc[outer.train].astype(str)
    cutter = (KFold if of.is_number else StratifiedKFold)(VALIDATION, shuffle=True, random_state=seed)
    inner, valid = next(cutter.split(np.zeros(len(outer.train)), classes))
    features = frame.drop(columns=of.target)
    full = frame.fillna(features.iloc[outer.train[inner]].median(numeric_only=True))
    write_task(folder, name, of, full, outer)
    np.save(folder / "valid.npy", valid)
    side = np.full(len(frame), "train", dtype=object)
    side[outer.train[valid]], side[outer.test] = "validation", "test"
    path = folder / "sided.csv"
    full.assign(side=side).to_csv(path, index=False)
    return path


def ours(folder: Path, words: Sequence[str]) -> None:
    """The fold's own network at its best epoch, without the refit of a study; its error on the test rows."""
    from foldwise.config.read import read_study
    from foldwise.data.fold_cache import FoldCache
    from foldwise.data.preparation.fold import fit_preparation
    from foldwise.doors.compose import compose_study
    from foldwise.evaluation.metrics import score
    from foldwise.models.build import answering, build
    from foldwise.models.heads import to_predictions
    from foldwise.study.plan import plan_study
    from foldwise.training.by_fold.engine import predict
    from foldwise.training.cross_validate import training_for
    from foldwise.training.engines import engine_for
    from foldwise.training.runtime import start

    plan = plan_study(read_study(compose_study(words)))
    start(2)
    job = plan.job(0, plan.spec.space.defaults())
    (data,) = FoldCache(plan.table, plan.splits, job.seed).folds(job.spec.prep, job.spec.balance)
    training = training_for(job, plan.table)
    (fitted,) = engine_for("fused", "tensorflow")(training, [(0, data)])
    network = answering(build(training.model, data.train_x.shape[1], training.head, 0, data.columns, data.layout))
    network.set_weights(fitted.weights)
    preparation = fit_preparation(plan.table, plan.splits[0].train, job.spec.prep)
    outputs = predict(network, preparation.transform(plan.holdout.inputs()))
    answers = to_predictions(training.head, outputs, preparation.target)
    found = score(plan.table.task, len(plan.table.labels), plan.holdout.target, answers, 0.5)
    error = found["rmse"] if plan.table.task == "regression" else 1 - found["accuracy"]
    (folder / "ours.json").write_text(json.dumps({"scores": {"error": error}, "epoch": fitted.best_epoch}), encoding="utf-8")


def theirs(folder: Path, seed: int) -> None:
    """RealMLP-TD as it is: class codes or numbers for the test rows."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    task = read_task(folder, seed, 0.0)
    kind = RealMLP_TD_Classifier if task.classes else RealMLP_TD_Regressor
    network = kind(random_state=seed, device="cpu", n_threads=1)
    network.fit(task.train, task.target, val_idxs=np.load(folder / "valid.npy"))
    (epoch,) = network.cv_alg_interface_.fit_params[0]["stop_epoch"].values()
    np.savez(folder / "answers.npz", answers=network.predict(task.rows), epoch=epoch)


def show(log: Log, tables: Sequence[str]) -> None:
    """Print, and keep if all tables of the reference were asked for."""
    rows, ratios = [], {}
    for name in tables:
        ours, others = log.finished(name, OURS), log.finished(name, THEIRS)
        both = sorted(ours.keys() & others.keys())
        if not both:
            continue
        mine, their = ([of[split]["scores"]["error"] for split in both] for of in (ours, others))
        share = ours[both[0]]["test"] / ours[both[0]]["train"]
        pair = paired(mine, their, share, lower_is_better=True)
        ratios[name] = float(np.mean(mine) / np.mean(their) - 1)
        half = "" if math.isnan(pair.half) else f" ± {pair.half / np.mean(their):.1%}"
        cells = [f"{np.mean(of):,.4g}" for of in (mine, their)]
        rows.append([f"{name} ({len(both)})", *cells, f"{ratios[name]:+.1%}{half}", pair.said])
    if not rows:
        print(f"{log.path} has no split of both yet")
        return
    mean = math.exp(float(np.mean([math.log1p(ratio) for ratio in ratios.values()]))) - 1
    columns = ["table (splits)", "error of ours", "of theirs", "difference", "ours is"]
    last = f"mean over {len(ratios)} tables: {mean:+.1%} (wanted: within {NEAR:.0%}, either way)"
    kept: dict[str, Any] = {"differences": ratios, "mean": mean, "failed": log.failed()}
    if set(ratios) == set(REFERENCE):
        report("reference_tabular", columns, rows, last, kept)
    else:
        print(f"{table(columns, rows)}\n\n{last}")


if __name__ == "__main__":
    main()
