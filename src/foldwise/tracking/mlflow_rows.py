"""Studies and trials as MLflow stores them, within its limits on names and sizes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from foldwise.config.option_names import Readable
from foldwise.config.read import parted
from foldwise.ledger.rows import StudyRecord, TrialRow
from foldwise.spec.folds import on_same_rows
from foldwise.spec.goal import Goal
from foldwise.spec.space import Params
from foldwise.trial.result import TrialResult

MOST_ENTITIES = 1000  # metrics and parameters together in one call
MOST_PARAMS = 100
MOST_CHARACTERS = 6000
MOST_TAG = 5000
MOST_COLUMNS = 20  # of parameters in the default table of runs
CROSS_VALIDATED = "cv"
VIEW = "trials"  # the name of that table in a URL, `?viewStateShareKey=trials`
# Kind of column -> type in MLflow's schemas.
TYPES = {"number": "double", "date": "datetime"}


def legal(name: str) -> str:
    """The name with each character that MLflow refuses replaced by `_`."""
    return re.sub(r"[^A-Za-z0-9_\-. :]", "_", name)[:250]


def shown(value: object) -> str:
    """A parameter's value as in a configuration, cut to MLflow's limit."""
    if value is None:
        return "null"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text[:MOST_CHARACTERS]


def trial_params(params: Params, readable: Readable) -> dict[str, str]:
    """Parameters by dotted name; options have their readable names."""
    return {column(name, readable): shown(readable.value(name, value)) for name, value in params.items()}


def column(name: str, readable: Readable) -> str:
    """The name of a parameter; the readable name of an option inside it, `model[3 layers].units`, is written with dots."""
    named = readable.name(name)
    return legal(name if named == name else named.translate(str.maketrans("[=", ". ", "],")))


def scored(record: StudyRecord) -> str:
    """The first word of a trial's metrics: `cv`, or `train` if it was judged on the rows that it was trained on."""
    return "train" if on_same_rows(record.recipe) else CROSS_VALIDATED


def trial_metrics(result: TrialResult, metric: str, by: str = CROSS_VALIDATED) -> dict[str, float]:
    """Metrics per fold, over all folds of a complete trial, and on out-of-fold predictions.

    Args:
        result: the trial.
        metric: that of the goal.
        by: as `scored`.
    """
    values = {f"fold.{fold.fold}.{metric}": fold.score for fold in result.folds}
    complete = result.folds if result.state == "COMPLETE" else ()
    for name in sorted({name for fold in complete for name in fold.metrics}):
        scores = [fold.metrics[name] for fold in complete if name in fold.metrics]
        values[f"{by}.{name}.mean"], values[f"{by}.{name}.sd"] = _mean_and_sd(scores)
    if result.folds and not math.isnan(result.mean):
        values[f"{by}.{metric}.mean"], values[f"{by}.{metric}.sd"] = result.mean, result.sd
    pooled = result.metrics if by == CROSS_VALIDATED else {}  # of a single fold they are its own
    values.update({f"oof.{name}": value for name, value in pooled.items()})
    values.update({f"cost.{name}": value for name, value in result.costs.items()})
    values["seconds"] = result.seconds
    return {legal(name): float(value) for name, value in values.items()}


def experiment_tags(record: StudyRecord, goal: Goal) -> dict[str, str]:
    """Tags that make MLflow's page of a study show training runs, ranked by its goal."""
    mean = f"{scored(record)}.{goal.metric}.mean"
    note = (
        f"Trials of the study {record.name}, ranked by `{mean}` ({goal.direction}). The parent run has the "
        "verdict, and figures and compare.html among its artifacts; each child run is a trial."
    )
    return {
        f"mlflow.sharedViewState.{VIEW}": json.dumps(_view(record, goal)),
        "mlflow.experimentKind": "custom_model_development",
        "mlflow.experiment.primaryMetric.name": mean,
        "mlflow.experiment.primaryMetric.greaterIsBetter": str(goal.sign > 0),
        "mlflow.note.content": note,
    }


def _view(record: StudyRecord, goal: Goal) -> dict[str, Any]:
    """MLflow's table of runs in the format of its "Share view": trials only, best first, the score beside the parameters."""
    _, space = parted(record.recipe)
    readable = Readable(space)
    params = [column(name, readable) for name, _ in space.walk()][:MOST_COLUMNS]
    by = f"{scored(record)}.{goal.metric}"
    score = f"metrics.`{by}.mean`"
    return {
        "searchFilter": "tags.`foldwise.state` LIKE '%'",
        "orderByKey": score,
        "orderByAsc": goal.sign < 0,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [
            *(score, f"metrics.`{by}.sd`", "metrics.`seconds`"),
            *(f"params.`{name}`" for name in params),
            *("tags.`foldwise.state`", "tags.`foldwise.reason`"),
        ],
    }


def made_by(record: StudyRecord) -> dict[str, str]:
    """User, source and commit: MLflow's own columns of a run."""
    provenance = record.provenance
    tags = {"mlflow.source.name": "foldwise", "mlflow.source.type": "LOCAL"}
    if provenance and provenance.user:
        tags["mlflow.user"] = provenance.user
    if provenance and provenance.git:
        tags["mlflow.source.git.commit"] = provenance.git.commit
        tags["mlflow.source.git.dirty"] = str(provenance.git.changed).lower()
    return tags


def study_tags(record: StudyRecord, goal: Goal) -> dict[str, str]:
    """Tags to find the run of a study by."""
    own = {
        "study": record.name,
        "created": record.created.isoformat(),
        "fingerprint": record.data_fingerprint,
        "seed": record.recipe.get("seed"),
        "goal": goal.metric,
        "direction": goal.direction,
        "task": record.provenance.task if record.provenance else None,
    }
    return {**made_by(record), **{f"foldwise.{key}": str(value) for key, value in own.items() if value is not None}}


def trial_tags(row: TrialRow, result: TrialResult, record: StudyRecord) -> dict[str, str]:
    """Tags for how a trial ended, why, and with which engine."""
    own = {"state": result.state, "reason": result.reason or "", "engine": result.engine, "attempt": row.attempt}
    if result.reused is not None:
        own["reused"] = result.reused
    return {**made_by(record), **{f"foldwise.{key}": str(value)[:MOST_TAG] for key, value in own.items()}}


def dataset(record: StudyRecord) -> tuple[str, str, dict[str, str], dict[str, Any], dict[str, Any]]:
    """A study's data as MLflow's dataset pages expect them: name, digest, source, schema and profile."""
    provenance, data = record.provenance, record.recipe.get("data") or {}
    image, columns = (provenance.image, provenance.columns or {}) if provenance else (None, {})
    if image:
        of_images = {"dtype": "uint8", "shape": [-1, *image]}
        schema: dict[str, Any] = {"mlflow_tensorspec": {"features": json.dumps([{"type": "tensor", "tensor-spec": of_images}])}}
    else:
        names = [{"type": TYPES.get(kind, "string"), "name": name, "required": True} for name, kind in columns.items()]
        schema = {"mlflow_colspec": names}
    source = {key: str(data[key]) for key in ("kind", "name", "path", "target") if isinstance(data.get(key), str)}
    profile = {"num_rows": provenance.rows if provenance else None, "num_features": len(columns) or None}
    name = str((provenance and provenance.data) or data.get("name") or record.name)
    return name, record.data_fingerprint[:36], source, schema, {k: v for k, v in profile.items() if v is not None}


def numbers_in(tree: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Every number of a summary by dotted name."""
    found: dict[str, float] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found.update(numbers_in(value, f"{name}."))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[legal(name)] = float(value)
    return found


def _mean_and_sd(scores: list[float]) -> tuple[float, float]:
    mean = sum(scores) / len(scores)
    if len(scores) < 2:
        return mean, 0.0
    return mean, math.sqrt(sum((score - mean) ** 2 for score in scores) / (len(scores) - 1))
