"""Report a retraining as JSON, as a picture, in MLflow, and to a webhook."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.doors.screen import Screen
from foldwise.errors import JobError
from foldwise.retraining.spec import RetrainSpec
from foldwise.system.files import write_json

if TYPE_CHECKING:
    from foldwise.ledger.promotions import Promotion

Summary = dict[str, Any]


def opening(asked: RetrainSpec, champion: Promotion | None, study: str | None) -> Summary:
    """The first entries of a summary; its file is beside the files of `study`."""
    now = datetime.now(UTC)
    return {
        "id": f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}",
        "model": asked.model,
        "began": now.isoformat(),
        "asked": asked.options,
        "champion": {"version": None if champion is None else champion.version, "study": study},
    }


def reported(whole: Summary) -> dict[str, Any]:
    """What `notify` says of a retraining that ended."""
    scores = (whole.get("evidence") or {}).get("scores") or whole.get("test") or {}
    return {
        "study": whole["champion"]["study"],
        "decision": whole["outcome"],
        "reason": whole["reason"],
        "champion": whole["champion"]["version"],
        "challenger": (whole.get("challenger") or {}).get("version"),
        "metric": (whole.get("goal") or {}).get("metric"),
        "champion_score": scores.get("champion"),
        "challenger_score": scores.get("challenger"),
    }


def publish(whole: Summary, asked: RetrainSpec, screen: Screen) -> None:
    """Write the summary beside the champion's study, and report it to the screen, MLflow and the webhook."""
    runs = Path(asked.paths.runs).resolve()
    path = runs / "studies" / str(whole["champion"]["study"]) / "retrain" / f"{whole['id']}.json"
    write_json(path, whole)
    screen.note(f"{whole['outcome']}: {whole['reason']}")
    screen.note(f"written: {path}")
    if "test" in whole or "evidence" in whole:
        _show(whole, path, asked, screen)
    if asked.webhook is not None:
        from foldwise.system.webhook import tell

        fault = tell(asked.webhook, whole, asked.webhook_private)
        if fault is not None:
            screen.note(fault)


def _show(whole: Summary, path: Path, asked: RetrainSpec, screen: Screen) -> None:
    """Draw the picture beside the file, and log both in the run of the challenger's study."""
    files, tracking = [path], asked.tracking
    if tracking.figures:
        files.append(_drawn(path.with_suffix(".png"), whole))
    if not whole["mlflow"]:
        return
    from foldwise.tracking.mlflow_report import report
    from foldwise.tracking.mlflow_store import mlflow_store

    moved = {f"drift.{found['column']}.psi": found["psi"] for found in whole["drift"]}
    gate = whole.get("gate", {"kind": "test"})[
        "kind"
    ]  # an older foldwise, whose interrupted retraining is finished now, only tested
    tags = {"foldwise.retraining": whole["outcome"], "foldwise.reason": whole["reason"], "foldwise.gate": gate}
    try:
        store = mlflow_store(Path(asked.paths.runs), tracking.url)
        report(store, whole["mlflow"]["run_id"], tags, {**_metrics(whole), **moved}, files)
    except JobError as fault:
        screen.note(str(fault))


def _drawn(path: Path, whole: Summary) -> Path:
    """The picture of a retraining: both scores, or the evidence so far; and the drift."""
    if "evidence" in whole:
        from foldwise.report.figures.evidence import draw_evidence

        return draw_evidence(path, whole["outcome"], whole["evidence"], whole["drift"])
    from foldwise.report.figures.retraining import draw

    return draw(path, whole["goal"]["metric"], whole["outcome"], whole["test"], whole["drift"])


def _metrics(whole: Summary) -> dict[str, float]:
    """What MLflow shows of the decision."""
    if "test" in whole:
        return {f"retraining.{name}": whole["test"][name] for name in ("champion", "challenger", "gain", "p_value")}
    evidence = whole["evidence"]
    both = {name: evidence["scores"][name] for name in ("champion", "challenger")} if evidence["scores"] else {}
    found = {"evidence": evidence["value"], "log_evidence": evidence["log"], "rows": evidence["rows"], **both}
    return {f"retraining.{name}": value for name, value in found.items()}
