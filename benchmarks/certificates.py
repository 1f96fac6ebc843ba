"""What a search says of its winner, where the truth is known: made data, and 100,000 fresh rows for each study.

A study searches 40 trials on 500 rows in 5 folds. The truth is the score of the refitted model, as it serves, on fresh rows.
A standard error (SE) is that of a score on 500 rows: the standard deviation of the model's losses on the fresh rows, divided
by sqrt(500). An error is above 0 where the score promised too much. The true probabilities, too, score better on some draws of
500 rows than on fresh ones; this luck is 0 on average and only blurs the mean, so a regression takes it off. A rule's loss is
by how much the refitted trial that it chooses is worse than the refitted default, in the default's standard errors.

A study is a line of `studies.jsonl` in --folder; a second start goes on where the first was stopped.

    python -m benchmarks.certificates --folder certificates                # 200 studies of each family, some 80 minutes
    python -m benchmarks.certificates --folder certificates --report       # run none, show what is there
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.lines import Record, append, read
from benchmarks.measure import report

STUDIES, ROWS = 200, 500
RULES = ("best", "one_se", "fresh")  # of select.rule; a study whose line lacks one of them runs again
# By how many standard errors a rule may be worse than the default, in at most 2 % of studies.
WORSE = {"one_se": 1.0, "fresh": 0.25}


def main() -> None:
    """Run what is missing, and print."""
    from benchmarks.certificate_studies import FAMILIES, study

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--families", nargs="+", default=[*FAMILIES], choices=[*FAMILIES], help="which to run")
    options.add_argument("--studies", type=int, default=STUDIES, help="of each family")
    options.add_argument(
        "--folder", type=Path, default=Path("build/certificates"), help="holds the studies, finished and to come"
    )
    options.add_argument("--report", action="store_true", help="run none")
    asked = options.parse_args()
    log = asked.folder / "studies.jsonl"
    done = read(log, "family", "study")
    for number in range(0 if asked.report else asked.studies):
        for family in asked.families:
            known = done.get((family, number))
            if known is not None and set(RULES) <= set(known["rules"]):
                continue
            with tempfile.TemporaryDirectory() as runs:
                done[family, number] = found = study(family, number, Path(runs), RULES)
            append(log, found)
            print(
                family, number, f"naive {error(found, 'naive'):+.2f}, corrected {error(found, 'corrected'):+.2f} SE", flush=True
            )
    show({family: [one for (of, _), one in sorted(done.items()) if of == family] for family in FAMILIES})


def error(record: Record, which: str) -> float:
    """By how many standard errors a score of the search promised too much."""
    truth = record["winner"]
    return float(_sign(record) * (record[which] - truth["score"]) / _standard_error(truth))


def worse(record: Record, rule: str) -> float:
    """By how many standard errors the rule's trial is worse than the default on fresh rows; below 0 where it is better."""
    default = record["default"]
    return float(_sign(record) * (default["score"] - record["rules"][rule]["score"]) / _standard_error(default))


def covers(record: Record) -> bool:
    """Whether the truth is in the 95 % interval."""
    return bool(record["low"] <= record["winner"]["score"] <= record["high"])


def _sign(record: Record) -> float:
    return -1.0 if record["family"].startswith("log_loss") else 1.0


def _standard_error(truth: Mapping[str, float]) -> float:
    return truth["sd"] / math.sqrt(ROWS)


def show(families: Mapping[str, Sequence[Record]]) -> None:
    """Print, and write the result."""
    rows, figures, said = [], {}, []
    for family, records in families.items():
        if not records:
            continue
        found = _figures(records)
        figures[family] = {**found, "best_accuracy": float(np.mean([one["best_accuracy"] for one in records]))}
        of = {rule: found["rules"][rule]["studies"] for rule in RULES}
        fewer = {rule: "" if of[rule] == len(records) else f" of {of[rule]}" for rule in RULES}
        rules = [f"{share:.1%}{fewer[rule]}" for rule in RULES for share in found["rules"][rule]["worse"].values()]
        both = [f"{found[which]['mean']:+.2f} ± {found[which]['error']:.2f}" for which in ("naive", "corrected")]
        rows.append([f"{family} ({len(records)})", *both, f"{found['coverage']:.1%}", *rules])
        worst = [f"{rule} {found['rules'][rule]['worse'][f'{limit:g}']:.1%}" for rule, limit in WORSE.items()]
        shares = f"covers {found['coverage']:.1%}, worse than the default {' and '.join(worst)} (at most 2 %)"
        said.append(f"{family}: corrected {found['corrected']['mean']:+.2f} SE (+0.1 to -0.5), {shares}")
    columns = ["studies", "the best's score, SE", "corrected, SE", "interval covers"]
    columns += [f"{rule} worse by {limit:g} SE" for rule in RULES for limit in LIMITS]
    report("certificates", columns, rows, "; ".join(said), figures)


LIMITS = (0.25, 1.0)


def mean_error(records: Sequence[Record], which: str) -> dict[str, float]:
    """The mean error of a score, with its standard error, and both without the luck of the drawn rows."""
    errors = np.array([error(one, which) for one in records])
    luck = np.array([one["luck"] / _standard_error(one["winner"]) for one in records])
    slope = float(np.cov(errors, luck)[0, 1] / luck.var(ddof=1))
    without = spread(errors - slope * luck)
    return {**without, **{f"{key}_with_luck": value for key, value in spread(errors).items()}}


def spread(values: npt.ArrayLike) -> dict[str, float]:
    """A mean and its standard error."""
    found = np.asarray(values, dtype=np.float64)
    return {"mean": float(found.mean()), "error": float(found.std(ddof=1) / math.sqrt(len(found)))}


def _figures(records: Sequence[Record]) -> dict[str, Any]:

    def rule_figures(rule: str) -> dict[str, Any]:
        by = [worse(one, rule) for one in records if rule in one["rules"]]
        shares = {f"{limit:g}": float(np.mean(np.array(by) > limit)) for limit in LIMITS}
        return {**spread(by), "studies": len(by), "worse": shares}

    return {
        "studies": len(records),
        "naive": mean_error(records, "naive"),
        "corrected": mean_error(records, "corrected"),
        "coverage": float(np.mean([covers(one) for one in records])),
        "rules": {rule: rule_figures(rule) for rule in RULES},
    }


if __name__ == "__main__":
    main()
