"""The outcome of a retraining in the run of the challenger's study."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlflow.entities import Metric, RunTag
from mlflow.exceptions import MlflowException

from foldwise.errors import JobError
from foldwise.system.redact import first_line
from foldwise.tracking.mlflow_rows import MOST_ENTITIES, MOST_TAG, legal
from foldwise.tracking.mlflow_store import MlflowStore


def report(
    store: MlflowStore, run_id: str, tags: Mapping[str, str], metrics: Mapping[str, float], files: Sequence[Path]
) -> None:
    """Add tags, metrics and files to a run; earlier ones of the same name are overwritten.

    Raises:
        JobError: MLflow fails.
    """
    moment = int(time.time() * 1000)
    rows = [Metric(legal(name), value, moment, 0) for name, value in metrics.items() if math.isfinite(value)]
    words = [RunTag(name, value[:MOST_TAG]) for name, value in tags.items()]
    try:
        client = store.client()
        client.log_batch(run_id, metrics=rows[: MOST_ENTITIES - len(words)], tags=words)
        for file in files:
            client.log_artifact(run_id, str(file), "retraining")
    except (MlflowException, OSError) as fault:
        raise JobError(f"MLflow did not accept the retraining's results: {first_line(fault)}") from None
