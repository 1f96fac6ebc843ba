"""Ships the ledger's rows to MLflow from a thread of its own, three calls a trial."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from mlflow.entities import Experiment, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from foldwise.tracking.ledger import Ledger
from foldwise.tracking.ledger_rows import StudyRecord, TrialRow
from foldwise.tracking.mlflow_rows import MOST_ENTITIES, MOST_PARAMS, mean_curves, numbers_in, trial_metrics, trial_params
from foldwise.tracking.mlflow_store import MlflowStore
from foldwise.tracking.tracker import RunPlace

STATUS = {"COMPLETE": "FINISHED", "STOPPED": "KILLED", "FAILED": "FAILED"}
FAULTS_IN_A_ROW = 3  # then MLflow is left alone until the next start


class MlflowTracker:
    """An experiment a study, a parent run, one child run a trial.

    What has arrived is marked in the ledger, so that it is shipped once, whenever and however often the study is started.
    """

    def __init__(self, store: MlflowStore, ledger: Ledger) -> None:
        self._store = store
        self._client = store.client()
        self._ledger = ledger
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)
        self._left: dict[int, TrialRow] = {}
        self._faults: list[str] = []
        self._faults_in_a_row = 0
        self._answered = threading.Event()
        self._run: Run | None = None

    def open(self, record: StudyRecord, rows: Sequence[TrialRow], metric: str, tags: Mapping[str, str]) -> None:
        """Starts the thread, which opens the study's run and first ships what earlier starts left unshipped."""
        self._record, self._metric, self._tags = record, metric, tags
        self._left.update({row.number: row for row in rows if row.result is not None and row.shipped is None})
        self._tasks.put(partial(self._catch_up, rows))
        self._thread.start()

    def trial(self, row: TrialRow) -> None:
        """Puts a finished trial into the queue."""
        self._left[row.number] = row
        self._tasks.put(partial(self._ship, row))

    def place(self, wait_seconds: float = 60.0) -> RunPlace | None:
        """Where the study is shown; None where MLflow does not answer in that time."""
        self._answered.wait(wait_seconds)
        if self._run is None:
            return None
        return RunPlace(self._store.tracking_uri, self._run.info.experiment_id, self._run.info.run_id)

    def close(
        self, summary: Mapping[str, Any] | None, files: Sequence[Path] = (), wait_seconds: float = 60.0
    ) -> tuple[str, ...]:
        """Waits for the queue and ends the study's run; what could not be shipped becomes one sentence."""
        if self._thread.ident is None:  # never opened
            return ()
        self._tasks.put(self._ship_what_is_left)
        self._tasks.put(partial(self._end, summary, files))
        self._tasks.put(None)
        self._thread.join(wait_seconds)
        if not self._faults and not self._thread.is_alive():
            return ()
        why = f": {self._faults[0]}" if self._faults else f" within {wait_seconds:g} s"
        what = f"{len(self._left)} of the study's trials" if self._left else "all of the study"
        return (f"MLflow did not take {what}{why}; nothing is lost, the next start of the study ships the rest",)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._try(task)

    def _try(self, task: Callable[[], None]) -> None:
        if self._faults_in_a_row >= FAULTS_IN_A_ROW:
            return
        try:
            task()
            self._faults_in_a_row = 0
        except Exception as fault:  # noqa: BLE001 - no fault of an outlet may stop a study
            self._faults_in_a_row += 1
            self._faults.append((str(fault).strip().splitlines() or [type(fault).__name__])[0])
        finally:
            self._answered.set()

    def _catch_up(self, rows: Sequence[TrialRow]) -> None:
        parent_is_old = self._parent()
        for row in rows:
            if row.result is not None and (row.shipped is None or not parent_is_old):
                self._left[row.number] = row
                self._try(partial(self._ship, row, perhaps_there=parent_is_old))

    def _ship_what_is_left(self) -> None:
        for row in sorted(self._left.values(), key=lambda row: row.number):
            self._try(partial(self._ship, row, perhaps_there=True))

    def _parent(self) -> bool:
        """Opens the study's run where that is still to be done; whether it was there before this start."""
        if self._run is not None:
            return True
        record = self._record
        experiment = self._store.experiment(record.name)
        run = self._earlier_run(experiment)
        if run is not None:
            self._client.update_run(run.info.run_id, status="RUNNING")
            self._client.log_dict(run.info.run_id, dict(record.recipe), "recipe.yaml")  # it may have been extended since
            self._run = run
            return True
        own = {"study": record.name, "created": record.created.isoformat(), "fingerprint": record.data_fingerprint}
        tags = {f"foldwise.{key}": str(value) for key, value in {**self._tags, **own}.items()}
        start = _milliseconds(record.created)
        run = self._client.create_run(experiment.experiment_id, start_time=start, tags=tags, run_name=record.name)
        self._client.log_dict(run.info.run_id, dict(record.recipe), "recipe.yaml")
        self._ledger.mark_shipped(record.name, None, run.info.run_id)
        self._run = run
        return False

    def _earlier_run(self, experiment: Experiment) -> Run | None:
        if self._record.run_id is not None:
            try:
                run = self._client.get_run(self._record.run_id)
            except MlflowException as fault:
                if fault.error_code != "RESOURCE_DOES_NOT_EXIST":  # someone removed it: the study is shown anew
                    raise
            else:
                return run if run.info.lifecycle_stage == "active" else None
        return self._found(experiment.experiment_id, {"foldwise.created": self._record.created.isoformat()})

    def _found(self, experiment_id: str, tags: Mapping[str, str]) -> Run | None:
        words = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
        runs = self._client.search_runs([experiment_id], filter_string=words, max_results=1)
        return runs[0] if runs else None

    def _ship(self, row: TrialRow, perhaps_there: bool = False) -> None:
        self._parent()
        if self._run is None or row.result is None or row.ended is None:
            return
        parent, result = self._run.info, row.result
        key = {"mlflow.parentRunId": parent.run_id, "foldwise.trial": str(row.number)}
        run = self._found(parent.experiment_id, key) if perhaps_there else None
        if run is None:
            tags = {**key, "foldwise.state": result.state, "foldwise.reason": (result.reason or "")[:5000]}
            start = _milliseconds(row.started)
            run = self._client.create_run(parent.experiment_id, start, tags, run_name=f"trial {row.number}")
        for metrics, params in self._batches(row):
            self._client.log_batch(run.info.run_id, metrics=metrics, params=params)
        self._client.set_terminated(run.info.run_id, STATUS[result.state], _milliseconds(row.ended))
        self._ledger.mark_shipped(row.study, row.number, run.info.run_id)
        self._left.pop(row.number, None)

    def _batches(self, row: TrialRow) -> Iterator[tuple[list[Metric], list[Param]]]:
        """One batch, unless folds or parameters are very many. Equal rows give equal batches: nothing is shown twice."""
        if row.result is None or row.ended is None:
            return
        moment = _milliseconds(row.ended)
        params = [Param(name, value) for name, value in trial_params(row.params).items()]
        metrics = [Metric(name, value, moment, 0) for name, value in trial_metrics(row.result, self._metric).items()]
        room = MOST_ENTITIES - MOST_PARAMS
        points = mean_curves(row.result.folds, max(0, room - len(metrics)))
        metrics += [Metric(name, value, moment, epoch) for name, epoch, value in points]
        while metrics or params:
            yield metrics[:room], params[:MOST_PARAMS]
            metrics, params = metrics[room:], params[MOST_PARAMS:]

    def _end(self, summary: Mapping[str, Any] | None, files: Sequence[Path]) -> None:
        self._parent()
        if self._run is None:
            return
        run_id = self._run.info.run_id
        if summary is not None:
            now = _milliseconds(datetime.now().astimezone())
            metrics = [Metric(name, value, now, 0) for name, value in numbers_in(summary).items()]
            verdict = [RunTag("mlflow.note.content", str(summary["verdict"]))] if summary.get("verdict") else []
            self._client.log_batch(run_id, metrics=metrics[: MOST_ENTITIES - 1], tags=verdict)
        for file in files:
            if file.is_dir():
                self._client.log_artifacts(run_id, str(file), file.name)
            else:
                self._client.log_artifact(run_id, str(file))
        self._client.set_terminated(run_id, "KILLED" if summary is None else "FINISHED")


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
