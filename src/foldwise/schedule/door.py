"""The schedule door: the scheduler, one run, the list of jobs, and their history."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.config.read import read_service
from foldwise.doors.assemble import ledger_at
from foldwise.doors.conf import conf_at
from foldwise.doors.screen import Screen
from foldwise.errors import ConfigError, Interrupted, JobError
from foldwise.schedule.cron import next_slot
from foldwise.schedule.files import read_job, read_jobs
from foldwise.schedule.lock import JobLock, job_lock
from foldwise.schedule.spec import JobSpec, ScheduleSpec, read_slot, write_slot
from foldwise.spec.places import Paths
from foldwise.spec.services import ListSpec
from foldwise.system.command import door_process
from foldwise.system.known_words import did_you_mean
from foldwise.system.signals import until_signal

if TYPE_CHECKING:
    from foldwise.ledger.job_runs import JobRun, JobRuns

STOPPED = "stopped by a signal"
SECONDS_FOR_THE_LOCK = 5.0  # another machine may take the lock for a moment to see whether it is free


def schedule(config: Mapping[str, Any]) -> None:
    """Run the schedule door's action; without `jobs` the jobs are those of `paths.conf`, else the shipped ones."""
    asked = read_service(ScheduleSpec, config)
    asked = asked.model_copy(update={"jobs": str(Path(asked.jobs or conf_at(asked.paths.conf).jobs()).resolve())})
    if asked.action in ("serve", "list") and asked.job is not None:
        raise ConfigError("job", f"action={asked.action} covers all jobs; action=run job={asked.job} runs one now")
    if asked.action == "run" and asked.job is None:
        raise ConfigError("job", f"must be given, action=run job=NAME{did_you_mean('', read_jobs(_folder(asked)).jobs)}")
    {"serve": _serve, "list": _list, "run": _run, "history": _history}[asked.action](asked)


def _folder(asked: ScheduleSpec) -> Path:
    return Path(str(asked.jobs))


@contextmanager
def _job_runs(asked: ScheduleSpec, notify: Callable[[str], None], raise_if_stopped: Callable[[], None]) -> Iterator[JobRuns]:
    with closing(ledger_at(asked.ledger.url, asked.paths.runs, notify, raise_if_stopped)) as ledger:
        yield ledger.job_runs


def _locks(asked: ScheduleSpec, job_runs: JobRuns) -> Path:
    """The folder of the locks: beside an SQLite ledger, which all its schedulers share, else in `paths.runs`."""
    return (job_runs.folder or Path(asked.paths.runs).resolve()) / "jobs"


def _serve(asked: ScheduleSpec) -> None:
    from foldwise.schedule.scheduler import Scheduler, serve

    screen, folder = Screen(), _folder(asked)
    found = read_jobs(folder)
    due = [job.name for job in found.jobs.values() if job.enabled]
    with until_signal(STOPPED) as raise_if_stopped, _job_runs(asked, screen.note, raise_if_stopped) as job_runs:
        screen.note(
            f"jobs of {folder}: {', '.join(due) or 'none is enabled'}; Ctrl-C or SIGTERM stops the scheduler, not running jobs"
        )

        def launch(job: JobSpec, slot: datetime, attempt: int, lock: JobLock) -> subprocess.Popen[bytes]:
            screen.note(f"{_now().isoformat(' ', 'seconds')} job {job.name}: the slot {write_slot(slot)} starts")
            return _launch(asked, job, slot, attempt, lock)

        scheduler = Scheduler(folder, job_runs, _locks(asked, job_runs), launch, _now, screen.note)
        with suppress(Interrupted):
            serve(scheduler, _now, raise_if_stopped)
        screen.note("stopped; the next start runs the latest missed slot of each job")


def _launch(asked: ScheduleSpec, job: JobSpec, slot: datetime, attempt: int, lock: JobLock) -> subprocess.Popen[bytes]:
    """Start the process of one run in its own session, so that it outlives this process."""
    words = ["action=run", f"job={job.name}", f"slot={write_slot(slot)}", f"attempt={attempt}", f"jobs={_folder(asked)}"]
    return subprocess.Popen(  # noqa: S603 a list of words, never a shell
        [*door_process("schedule"), *words, *_handed_on(asked, ())],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=[lock.number],
        env={**os.environ, **lock.environment()},
    )


def _handed_on(asked: ScheduleSpec, overrides: tuple[str, ...]) -> list[str]:
    """Overrides that give a door the scheduler's own places, unless its overrides name others."""
    given = {word.lstrip("+").partition("=")[0].strip() for word in overrides}
    places: dict[str, str | None] = {
        "paths.runs": str(Path(asked.paths.runs).resolve()),
        "ledger.url": asked.ledger.url,
        "tracking.url": asked.tracking.url,
        "paths.data": None if asked.paths.data == Paths().data else str(Path(asked.paths.data).resolve()),
        "paths.conf": asked.paths.conf and str(Path(asked.paths.conf).resolve()),
    }
    return [f"{key}={place}" for key, place in places.items() if place is not None and key not in given]


def _run(asked: ScheduleSpec) -> None:
    from foldwise.schedule.run import run_slot

    assert asked.job is not None
    screen = Screen()

    def notify(sentence: str) -> None:
        with suppress(OSError):  # the scheduler's terminal may be closed; the run goes on
            screen.note(sentence)

    job = _job(_folder(asked), asked.job)
    with until_signal(STOPPED) as raise_if_stopped, _job_runs(asked, notify, raise_if_stopped) as job_runs:
        lock = job_lock(_locks(asked, job_runs) / f"{job.name}.lock")
        if lock is None:
            running = [f", the slot {write_slot(row.slot)}" for row in job_runs.open(job.name)]
            raise JobError(f"job {job.name} is already running in another process{''.join(running)}")
        with closing(lock), _alone(job_runs, job.name, raise_if_stopped):
            slot = read_slot(asked.slot) if asked.slot else _claim_now(job_runs, job.name)
            if job_runs.row(job.name, slot) is None:
                raise ConfigError("slot", f"{asked.slot} of job {job.name} was not claimed; leave slot out to run the job now")
            log = Path(asked.paths.runs).resolve() / "jobs" / job.name / f"{write_slot(slot)}.log"
            command = [*door_process(job.door), *job.words, *_handed_on(asked, job.overrides)]
            notify(f"job {job.name}: the slot {write_slot(slot)} runs, its output is in {log}")
            outcome = run_slot(job, slot, asked.attempt, job_runs, lock, log, command, notify, raise_if_stopped)
    if outcome is None:
        return
    if outcome.state != "DONE":
        sentence = f"job {job.name}: the slot {write_slot(slot)} {outcome.state}: {outcome.reason}; see {log}"
        raise ConfigError("", sentence) if outcome.exit_code == ConfigError.exit_code else JobError(sentence)
    notify(f"job {job.name}: the slot {write_slot(slot)} is DONE")


def _job(folder: Path, name: str) -> JobSpec:
    path = folder / f"{name}.yaml"
    if not path.exists():
        raise ConfigError("job", f"{folder} holds no {name}.yaml{did_you_mean(name, read_jobs(folder).jobs)}")
    return read_job(path)


def _claim_now(job_runs: JobRuns, job: str) -> datetime:
    """Claim a slot for a run started by hand, at a second other than cron's 0."""
    moment = _now().replace(microsecond=0)
    while moment.second == 0 or not job_runs.claim(job, moment):
        moment += timedelta(seconds=1)
    return moment


@contextmanager
def _alone(job_runs: JobRuns, job: str, raise_if_stopped: Callable[[], None]) -> Iterator[None]:
    end = time.monotonic() + SECONDS_FOR_THE_LOCK
    while True:
        with job_runs.alone(job) as free:
            if free:
                yield
                return
        if time.monotonic() > end:
            raise JobError(f"job {job} is running on another machine")
        raise_if_stopped()
        time.sleep(0.2)


def _list(asked: ScheduleSpec) -> None:
    rows, broken = _job_rows(asked)
    _show(asked, rows, f"no jobs; each is a file NAME.yaml in {_folder(asked)}")
    for error in broken[:-1]:
        print(f"error: {error}", file=sys.stderr)
    if broken:
        raise broken[-1]


def listed_jobs(asked: ListSpec) -> list[dict[str, Any]]:
    """The jobs as `action=list` shows them; broken files are named on the error output and left out."""
    folder = asked.jobs or conf_at(asked.paths.conf).jobs()
    rows, broken = _job_rows(
        ScheduleSpec(action="list", jobs=str(Path(folder).resolve()), ledger=asked.ledger, paths=asked.paths)
    )
    for error in broken:
        print(f"error: {error}", file=sys.stderr)
    return rows


def _job_rows(asked: ScheduleSpec) -> tuple[list[dict[str, Any]], list[ConfigError]]:
    """The jobs as rows, and the faults of files that are not jobs."""
    found, now = read_jobs(_folder(asked)), _now()
    rows = []
    for job, last in zip(found.jobs.values(), _last_rows(asked, list(found.jobs)), strict=True):
        slot = next_slot(job.timing, now) if job.enabled else None
        at_home = None if slot is None else slot.astimezone(job.timing.zone).isoformat(" ", "minutes")
        rows.append(
            {
                "job": job.name,
                "enabled": job.enabled,
                "cron": job.cron,
                "time_zone": job.time_zone,
                "door": " ".join((job.door, *job.words)),
                "next": at_home,
                "next_utc": None if slot is None else slot.isoformat(" ", "minutes"),
                "last": None if last is None else f"{last.state} {last.slot.isoformat(' ', 'seconds')}",
                "reason": None if last is None else last.reason,
            }
        )
    return rows, list(found.broken.values())


def _history(asked: ScheduleSpec) -> None:
    rows = _rows(asked, lambda job_runs: job_runs.history(asked.job, asked.count))
    if asked.job is not None and not rows:
        _job(_folder(asked), asked.job)  # a deleted job has a history; one that never existed is an error
    shown = [
        {
            "job": row.job,
            "slot": row.slot.isoformat(" ", "seconds"),
            "state": row.state,
            "attempts": row.attempt,
            "seconds": None if row.seconds is None else round(row.seconds, 1),
            "exit_code": row.exit_code,
            "reason": row.reason,
            "log": row.log,
        }
        for row in rows
    ]
    _show(asked, shown, "no runs yet")


def _last_rows(asked: ScheduleSpec, names: list[str]) -> list[JobRun | None]:
    rows = _rows(asked, lambda job_runs: [row for name in names for row in job_runs.history(name, 1)])
    return [next((row for row in rows if row.job == name), None) for name in names]


def _rows(asked: ScheduleSpec, read: Callable[[JobRuns], list[JobRun]]) -> list[JobRun]:
    """Rows of the ledger; none without a ledger, which reading must not create."""
    if asked.ledger.url is None and not (Path(asked.paths.runs) / "ledger.db").exists():
        return []
    with _job_runs(asked, lambda sentence: print(sentence, file=sys.stderr), lambda: None) as job_runs:
        return read(job_runs)


def _show(asked: ScheduleSpec, shown: list[dict[str, Any]], nothing: str) -> None:
    if asked.format == "json":
        from foldwise.system.redact import without_password

        print(without_password(json.dumps(shown, indent=2, ensure_ascii=False)))
    elif shown:
        cells = [["-" if value is None else str(value) for value in row.values()] for row in shown]
        Screen().listed(list(shown[0]), cells)
    else:
        Screen().note(nothing)


def _now() -> datetime:
    return datetime.now(UTC)
