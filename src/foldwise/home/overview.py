"""What the home shows of models and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from foldwise.errors import ConfigError
from foldwise.home.links import MlflowPages
from foldwise.ledger.job_runs import JobRun
from foldwise.ledger.viewer import Viewer
from foldwise.retraining.history import history_row
from foldwise.schedule.cron import next_slot
from foldwise.schedule.files import read_jobs
from foldwise.schedule.spec import JobSpec, write_slot

STRONG_DRIFT = 0.25


def models(viewer: Viewer, mlflow: MlflowPages) -> list[dict[str, Any]]:
    """A line for each registered model that the ledger knows, by name."""
    champions, newest = viewer.champions(), viewer.newest_versions()
    retrainings, looks = viewer.last_retrainings(), viewer.last_looks()
    found = []
    for key in sorted({*champions, *newest}):
        name, champion = key.partition("#")[0], champions.get(key)
        version, study = newest.get(key, (None, None))
        look = looks.get(key)
        last = None if key not in retrainings else history_row(retrainings[key])
        drift = max((last or {}).get("drift") or (), key=lambda found: found["psi"] or 0.0, default=None)
        found.append(
            {
                "name": name,
                "champion": None if champion is None else champion.version,
                "promoted": None if champion is None else champion.moment.isoformat(),
                "kind": None if champion is None else champion.kind,
                "why": None if champion is None else champion.why,
                "challenger": None if look is None else look.trained or look.challenger,
                "newest": version,
                "study": study,
                "evidence": None if last is None else last["evidence"],
                "needed": None if last is None else last["needed"],
                "p_value": None if last is None else last["p_value"],
                "outcome": None if last is None else last["outcome"],
                "retrained": None if last is None else last["moment"],
                "reason": None if last is None else last["reason"],
                "drift": drift,
                "drift_is_strong": drift is not None and (drift["psi"] or 0.0) > STRONG_DRIFT,
                "mlflow": mlflow.of_model(name),
            }
        )
    return found


def jobs(viewer: Viewer, folder: Path, runs: Path) -> list[dict[str, Any]]:
    """A line for each job of the folder, and for jobs that ran and have no file there any more."""
    last_runs = viewer.last_runs()
    try:
        files = read_jobs(folder)
        specs, broken = dict(files.jobs), {name: str(error) for name, error in files.broken.items()}
    except ConfigError:  # the folder was removed while the home runs
        specs, broken = {}, {}
    lines = [_job(name, spec, last_runs.get(name), runs) for name, spec in specs.items()]
    lines += [{**_run(last_runs.get(name), runs), "name": name, "broken": error} for name, error in broken.items()]
    lines += [{**_run(run, runs), "name": name} for name, run in last_runs.items() if name not in {*specs, *broken}]
    return sorted(lines, key=lambda line: str(line["name"]))


def _job(name: str, spec: JobSpec, run: JobRun | None, runs: Path) -> dict[str, Any]:
    due = next_slot(spec.timing, datetime.now(UTC)) if spec.enabled else None
    about = {
        "name": name,
        "enabled": spec.enabled,
        "cron": spec.cron,
        "time_zone": spec.time_zone,
        "door": " ".join((spec.door, *spec.words)),
        "next": None if due is None else due.isoformat(),
    }
    return {**about, **_run(run, runs)}


def _run(run: JobRun | None, runs: Path) -> Mapping[str, Any]:
    if run is None:
        return {"last": None}
    log = f"jobs/{run.job}/{write_slot(run.slot)}.log"
    return {
        "last": run.slot.isoformat(),
        "state": run.state,
        "reason": run.reason,
        "seconds": run.seconds,
        "log": log if (runs / log).is_file() else None,
    }
