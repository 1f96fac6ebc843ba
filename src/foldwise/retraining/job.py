"""What all steps of a retraining share, and the steps that both ways to decide take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from foldwise.doors.assemble import ledger_at, make_registry
from foldwise.doors.notebook_screen import screen_here
from foldwise.doors.screen import Screen
from foldwise.errors import ConfigError, FoldwiseError, JobError, Unfit
from foldwise.retraining.report import Summary, publish
from foldwise.retraining.spec import RetrainSpec
from foldwise.system.command import door_command
from foldwise.system.keras_backend import USUAL, Backend

if TYPE_CHECKING:
    from foldwise.bundle.bundle import Bundle
    from foldwise.bundle.card import Card
    from foldwise.ledger.ledger import Ledger
    from foldwise.ledger.model_versions import Retraining
    from foldwise.ledger.promotions import Promotion
    from foldwise.ledger.rows import StudyRecord
    from foldwise.study.plan import Plan
    from foldwise.tracking.reconcile_champion import ChampionAlias
    from foldwise.tracking.registry import Registry
    from foldwise.trial.summary import StudySummary

PROMOTED, KEPT, REFUSED, UNCHANGED, ROLLED_BACK = "PROMOTED", "KEPT", "REFUSED", "UNCHANGED", "ROLLED_BACK"


@dataclass(frozen=True)
class Job:
    """The values that all steps of a retraining share."""

    asked: RetrainSpec
    ledger: Ledger
    registry: Registry
    champion_alias: ChampionAlias
    screen: Screen
    raise_if_stopped: Callable[[], None]
    began: float


@contextmanager
def job_of(asked: RetrainSpec) -> Iterator[Job]:
    """What the steps of a retraining share, for the length of a `with` block.

    Raises:
        ConfigError: nothing was tuned there, so that opening a ledger or a store would make an empty one.
    """
    began, runs = time.monotonic(), Path(asked.paths.runs).resolve()
    for key, url, usual in (("ledger.url", asked.ledger.url, "ledger.db"), ("tracking.url", asked.tracking.url, "mlflow.db")):
        file = runs / usual if url is None else Path(url.removeprefix("sqlite:///"))
        if (url is None or url.startswith("sqlite:///")) and not file.exists():
            shown = "paths.runs" if url is None else key
            raise ConfigError(shown, f"{file.parent} holds no {file.name}; run {door_command('tune')} first")
    from foldwise.system.signals import stoppable
    from foldwise.tracking.reconcile_champion import ChampionAlias

    screen = screen_here(verdicts=False)
    with (
        stoppable(screen.note) as raise_if_stopped,
        closing(ledger_at(asked.ledger.url, str(runs), screen.note, raise_if_stopped)) as ledger,
    ):
        registry = make_registry(asked.tracking, str(runs))
        champion_alias = ChampionAlias(ledger, registry, asked.model, screen.note)
        yield Job(asked, ledger, registry, champion_alias, screen, raise_if_stopped, began)


def champion_of(job: Job, even_deleted: bool = False) -> Promotion:
    """The champion, after ledger and registry agree."""
    model = job.asked.model
    champion = job.champion_alias.reconcile(even_deleted)
    if champion is None:
        raise ConfigError("model", f"{model} has no champion; set the alias champion on one of its versions in MLflow")
    return champion


def study_of(job: Job, version: int) -> str:
    """The name of the study that made a version, from the ledger or else from its card."""
    row = job.ledger.versions.version(job.champion_alias.key, version)
    return row.study if row else card_of(job, version).study


def record_of(job: Job, version: int) -> StudyRecord:
    """The ledger's record of the study that made a version.

    Raises:
        ConfigError: the ledger does not have it, or it is unfinished.
    """
    study = study_of(job, version)
    record = job.ledger.study(study)
    if record is None or record.summary is None:
        rule = f"version {version} of {job.asked.model} comes from the study {study}, which is not finished in this ledger"
        raise ConfigError("ledger.url", f"{rule}; name the ledger that has it")
    return record


def card_of(job: Job, version: int) -> Card:
    """The card of a version."""
    from foldwise.bundle.card import read_card

    return read_card(job.registry.fetch(f"{job.asked.model}/{version}") / "bundle.json")


def made_on(job: Job, version: int) -> Backend:
    """The backend that trained a version; of one whose card cannot be read the usual one, as loading it says why."""
    from foldwise.bundle.card import backend_of

    try:
        return backend_of(job.registry.fetch(f"{job.asked.model}/{version}"))
    except FoldwiseError:
        return USUAL


def loaded(job: Job, version: int) -> Bundle:
    """A version, loaded as for serving.

    Raises:
        Unfit: it cannot be loaded.
    """
    from foldwise.bundle.bundle import load_bundle

    model = job.asked.model
    try:
        folder, row = job.registry.fetch(f"{model}/{version}"), job.ledger.versions.version(job.champion_alias.key, version)
        return load_bundle(folder, None if row is None else row.files, job.screen.note)
    except FoldwiseError as fault:
        raise Unfit(f"version {version} of {model} cannot be loaded, so nothing is promoted: {fault}") from None


def begin(job: Job, champion: Promotion | None, fingerprint: str, source: str | None, summary: Summary) -> Retraining:
    """The retraining's row; an open one with the same rows continues under its id."""
    from foldwise.ledger.model_versions import Retraining

    own, now = str(summary["id"]), datetime.now(UTC)
    version = 0 if champion is None else champion.version
    return job.ledger.versions.begin(Retraining(job.champion_alias.key, own, version, fingerprint, source, now))


def train(job: Job, plan: Plan) -> StudySummary:
    """Run the challenger's study, or find it finished; its summary.

    Raises:
        JobError: the registry did not accept the challenger.
    """
    from foldwise.doors.run import run_planned
    from foldwise.ledger.study_lock import lock_study

    with lock_study(plan.folder / "lock"):
        trained, _ = run_planned(plan, job.ledger, job.screen, job.raise_if_stopped, job.began)
    if not trained.is_registered:
        raise JobError("the challenger is trained, but the registry did not accept it; run the same command to continue")
    job.raise_if_stopped()
    return trained


def close(job: Job, summary: Summary, outcome: str, why: str, retraining: Retraining | None = None) -> Summary:
    """Record the outcome, in the ledger first, and publish it."""
    whole = {**summary, "outcome": outcome, "reason": why, "seconds": round(time.monotonic() - job.began, 3)}
    if retraining is not None:
        job.ledger.versions.end(retraining, outcome, whole)
    publish(whole, job.asked, job.screen)
    return whole


def finish_promoted(job: Job) -> list[Summary]:
    """Finish retrainings and other changes of the champion whose process died after the promotion was committed.

    Returns:
        Their summaries.
    """
    done, history = [], job.champion_alias.history()
    for left in job.ledger.versions.unended(job.champion_alias.key):
        made = next((row for row in history if (row.scores or {}).get("retraining") == left.id), None)
        if made is not None and left.summary is not None:
            summary = {**left.summary, "promotion": made.number}
            job.screen.note(f"the retraining {left.id} was interrupted after its promotion; it is recorded now")
            done.append(close(job, summary, str(summary["outcome"]), str(summary["reason"]), left))
    return done
