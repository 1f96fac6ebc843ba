"""The runs of one study in MLflow: a parent, and a child for each trial. Repeating a call changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from foldwise.config.option_names import Readable
from foldwise.config.read import parted
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord, TrialRow
from foldwise.spec.goal import Goal
from foldwise.tracking.mlflow_parent import fixed_params, searched_tags, summary_metrics, summary_tags
from foldwise.tracking.mlflow_rows import (
    MOST_ENTITIES,
    MOST_PARAMS,
    dataset,
    experiment_tags,
    scored,
    study_tags,
    trial_metrics,
    trial_params,
    trial_tags,
)
from foldwise.tracking.mlflow_store import MlflowStore
from foldwise.trial.mean_curves import mean_curves
from foldwise.trial.summary import StudySummary

STATUS = {"COMPLETE": "FINISHED", "STOPPED": "KILLED", "FAILED": "FAILED"}
PAGE = 1000  # runs per answer
PARENT = "mlflow.parentRunId"


class MlflowStudy:
    """A study's experiment. Times and steps come from the ledger; runs are found by their tags.

    Args:
        store: the MLflow store.
        ledger: records what MLflow has.
        record: the study.
        goal: ranks its trials.
        every_fold: show each fold's curves beside their mean.
    """

    def __init__(self, store: MlflowStore, ledger: Ledger, record: StudyRecord, goal: Goal, every_fold: bool) -> None:
        self._store, self._ledger = store, ledger
        self._record, self._goal, self._every_fold = record, goal, every_fold
        self._readable = Readable(parted(record.recipe)[1])
        self.run: Run | None = None

    @cached_property
    def _client(self) -> MlflowClient:
        return self._store.client()  # the first use creates a database's tables, which takes seconds

    def open(self) -> bool:
        """Open the parent's run; whether it is the earlier one. A new one takes over the trials of a deleted one."""
        record, client = self._record, self._client
        name = (record.provenance and record.provenance.experiment) or record.name
        experiment = self._store.experiment(name, experiment_tags(record, self._goal))
        found = self._earlier_run(experiment.experiment_id)
        if found is None:
            start, tags = _milliseconds(record.created), study_tags(record, self._goal)
            run = client.create_run(experiment.experiment_id, start, tags, run_name=record.name)
        else:
            run = found
            client.update_run(run.info.run_id, status="RUNNING")
        name, digest, source, schema, profile = dataset(record)
        words = (json.dumps(value) for value in (source, schema, profile))
        data = DatasetInput(Dataset(name, digest, "foldwise", *words), [InputTag("mlflow.data.context", "training")])
        client.log_inputs(run.info.run_id, datasets=[data])
        client.log_dict(run.info.run_id, dict(record.recipe), "recipe.yaml")  # the study may have been extended
        made = record.provenance.to_json() if record.provenance else {}
        client.log_dict(run.info.run_id, {**made, "versions": dict(record.versions)}, "environment.yaml")
        self._show_configuration(run)
        for child in self._children(experiment.experiment_id, record.run_id, run.info.run_id):
            client.set_tag(child.info.run_id, PARENT, run.info.run_id)
        self._ledger.mark_shipped(record.name, None, run.info.run_id)
        self.run = run
        return found is not None and record.run_id in (None, run.info.run_id)

    def ship(self, row: TrialRow, perhaps_there: bool = False) -> None:
        """Show a finished trial in three calls, and one more if an earlier try may have created its run."""
        if self.run is None or row.result is None or row.ended is None:
            return
        parent, result = self.run.info, row.result
        key = {PARENT: parent.run_id, "foldwise.trial": str(row.number)}
        run = self._found(parent.experiment_id, key) if perhaps_there else None
        if run is None:
            tags = {**key, **trial_tags(row, result, self._record)}
            start = _milliseconds(row.started)
            run = self._client.create_run(parent.experiment_id, start, tags, run_name=f"trial {row.number}")
        for metrics, params in self._batches(row, run.data.params):
            self._client.log_batch(run.info.run_id, metrics=metrics, params=params)
        self._client.set_terminated(run.info.run_id, STATUS[result.state], _milliseconds(row.ended))
        self._ledger.mark_shipped(row.study, row.number, run.info.run_id)

    def end(self, summary: StudySummary | None, files: Sequence[Path]) -> None:
        """Show the study's outcome and files; without a summary it was interrupted."""
        assert self.run is not None  # `open` comes first
        run_id = self.run.info.run_id
        record = self._ledger.study(self._record.name)
        finished = record.finished if record else None
        if summary is None or finished is None:
            self._client.set_terminated(run_id, "KILLED")
            return
        moment = _milliseconds(finished)
        metrics = [Metric(name, value, moment, 0) for name, value in summary_metrics(summary).items()]
        tags = [RunTag(key, value) for key, value in summary_tags(summary).items()]
        self._client.log_batch(run_id, metrics=metrics[: MOST_ENTITIES - len(tags)], tags=tags)
        for file in files:
            if file.is_dir():
                self._client.log_artifacts(run_id, str(file), file.name)
            else:
                self._client.log_artifact(run_id, str(file))
        self._client.set_terminated(run_id, "FINISHED", moment)
        self._ledger.mark_shown(self._record.name, finished)

    def remove_twins(self) -> None:
        """Delete duplicate runs except the one in the ledger; a server that answers too late creates a second one."""
        assert self.run is not None
        parent = self.run.info
        kept = {str(row.number): row.shipped for row in self._ledger.trials(self._record.name) if row.shipped}
        for run in self._every(parent.experiment_id, {PARENT: parent.run_id}):
            if run.info.run_id != kept.get(run.data.tags["foldwise.trial"], run.info.run_id):
                self._client.delete_run(run.info.run_id)
        for run in self._every(parent.experiment_id, {"foldwise.created": self._record.created.isoformat()}):
            if run.info.run_id != parent.run_id:
                self._client.delete_run(run.info.run_id)

    def _show_configuration(self, run: Run) -> None:
        """Log fixed values as parameters and ranges as tags. A parameter that is there stays: MLflow refuses to change one."""
        params = [Param(name, value) for name, value in fixed_params(self._record).items() if name not in run.data.params]
        tags = [RunTag(name, value) for name, value in searched_tags(self._record).items()]
        for start in range(0, max(len(params), len(tags)), MOST_PARAMS):
            part = slice(start, start + MOST_PARAMS)
            self._client.log_batch(run.info.run_id, params=params[part], tags=tags[part])

    def _children(self, experiment_id: str, earlier: str | None, parent: str) -> list[Run]:
        """The runs of trials that a deleted parent left: MLflow deletes only the parent."""
        return [] if earlier in (None, parent) else self._every(experiment_id, {PARENT: str(earlier)})

    def _earlier_run(self, experiment_id: str) -> Run | None:
        if self._record.run_id is not None:
            try:
                run = self._client.get_run(self._record.run_id)
            except MlflowException as fault:
                if fault.error_code != "RESOURCE_DOES_NOT_EXIST":  # someone removed it, so the study is shown again
                    raise
            else:
                if run.info.lifecycle_stage == "active":
                    return run
        return self._found(experiment_id, {"foldwise.created": self._record.created.isoformat()})

    def _found(self, experiment_id: str, tags: Mapping[str, str]) -> Run | None:
        runs = self._client.search_runs([experiment_id], filter_string=_tagged(tags), max_results=1)
        return runs[0] if runs else None

    def _every(self, experiment_id: str, tags: Mapping[str, str]) -> list[Run]:
        runs: list[Run] = []
        token = None
        while True:
            page = self._client.search_runs([experiment_id], _tagged(tags), max_results=PAGE, page_token=token)
            runs += page
            token = page.token
            if not token:
                return runs

    def _batches(self, row: TrialRow, there: Mapping[str, str]) -> Iterator[tuple[list[Metric], list[Param]]]:
        """Usually one batch. Equal rows give equal batches, so repeating them adds nothing.

        there: parameters that the run has; MLflow refuses to change one, as an earlier version would have named it.
        """
        if row.result is None or row.ended is None:
            return
        moment = _milliseconds(row.ended)
        named = trial_params(row.params, self._readable)
        params = [Param(name, value) for name, value in named.items() if name not in there]
        values = trial_metrics(row.result, self._goal.metric, scored(self._record))
        metrics = [Metric(name, value, moment, 0) for name, value in values.items()]
        room = MOST_ENTITIES - MOST_PARAMS
        points = mean_curves(row.result.folds, max(0, room - len(metrics)), self._every_fold)
        metrics += [Metric(name, value, moment, epoch) for name, epoch, value in points]
        while metrics or params:
            yield metrics[:room], params[:MOST_PARAMS]
            metrics, params = metrics[room:], params[MOST_PARAMS:]


def _tagged(tags: Mapping[str, str]) -> str:
    return " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
