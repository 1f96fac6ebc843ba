"""The history of a model: what each retraining found, score and drift in one table, and a picture over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foldwise.doors.screen import Screen
from foldwise.ledger.model_versions import Retraining
from foldwise.ledger.promotions import Promotion
from foldwise.retraining.report import Summary
from foldwise.retraining.spec import RetrainSpec
from foldwise.system.files import write_json
from foldwise.system.numbers import score, shown

COLUMNS = ["when", "outcome", "by", "champion", "challenger", "rows", "score", "challenger's", "evidence", "largest drift"]
CHAMPIONS = ["champion", "since", "by", "who", "why"]
PSI = (
    "PSI, the population stability index, compares how a column's values are spread in the new rows and in those that the "
    "champion knows: below 0.1 is usual, above 0.25 strong"
)


def history_row(retraining: Retraining) -> dict[str, Any]:
    """A finished retraining or rollback as a row of the history; entries that it does not have are None."""
    summary: Mapping[str, Any] = retraining.summary or {}
    evidence, test = summary.get("evidence"), summary.get("test")
    scores: Mapping[str, Any] = (evidence or {}).get("scores") or test or {}
    counts = summary.get("rows") or {}
    return {
        "id": retraining.id,
        "moment": (retraining.ended or retraining.began).isoformat(),
        "outcome": retraining.outcome,
        "gate": (summary.get("gate") or {}).get("kind", "test" if test else None),
        "champion": retraining.champion or None,
        "challenger": (summary.get("challenger") or {}).get("version"),
        "new_rows": counts.get("new"),
        "judged_on": scores.get("rows"),
        "metric": (summary.get("goal") or {}).get("metric"),
        "champion_score": scores.get("champion"),
        "challenger_score": scores.get("challenger"),
        "p_value": None if test is None else test.get("p_value"),
        "evidence": None if evidence is None else evidence.get("value"),
        "needed": None if evidence is None else evidence.get("needed"),
        "drift": [{"column": found["column"], "psi": found["psi"]} for found in summary.get("drift") or []],
        "reason": summary.get("reason"),
    }


def publish_history(
    asked: RetrainSpec, retrainings: Sequence[Retraining], champions: Sequence[Promotion], study: str, screen: Screen
) -> Summary:
    """Print the history of a model, and write it as JSON and as a picture beside the champion's study.

    Args:
        asked: the command.
        retrainings: finished ones, oldest first.
        champions: all promotions, newest first.
        study: the champion's.
        screen: gets the table.
    """
    rows = [history_row(one) for one in retrainings]
    whole = {
        "model": asked.model,
        "champions": [
            {
                "version": one.version,
                "kind": one.kind,
                "moment": one.moment.isoformat(),
                "who": one.who.get("user"),
                "why": one.why,
            }
            for one in reversed(champions)
        ],
        "retrainings": rows,
    }
    if rows:
        screen.listed(COLUMNS, [_cells(row) for row in rows])
        screen.note(PSI)
    else:
        screen.note(f"{asked.model} has not been retrained yet")
    screen.listed(CHAMPIONS, [_champion_cells(one) for one in reversed(champions)], CHAMPIONS)
    folder = Path(asked.paths.runs).resolve() / "studies" / study
    path = folder / "retraining_history.json"
    write_json(path, whole)
    written = [path]
    if rows and asked.tracking.figures:
        from foldwise.report.figures.evidence import draw_history

        written.append(draw_history(folder / "retraining_history.png", asked.model, rows))
    screen.note("written: " + ", ".join(map(str, written)))
    return whole


def _cells(row: Mapping[str, Any]) -> list[str]:
    drift = row["drift"][0] if row["drift"] else None
    return [
        row["moment"][:16].replace("T", " "),
        row["outcome"],
        row["gate"] or "",
        _or_empty(row["champion"]),
        _or_empty(row["challenger"]),
        _or_empty(row["judged_on"]),
        "" if row["champion_score"] is None else score(row["champion_score"]),
        "" if row["challenger_score"] is None else score(row["challenger_score"]),
        "" if row["evidence"] is None else f"{shown(row['evidence'], digits=2)} of {shown(row['needed'])}",
        "" if drift is None else f"{drift['column']} {drift['psi']:.3f}",
    ]


def _champion_cells(promotion: Promotion) -> list[str]:
    since = promotion.moment.isoformat()[:16].replace("T", " ")
    return [f"version {promotion.version}", since, promotion.kind, _or_empty(promotion.who.get("user")), promotion.why]


def _or_empty(value: Any) -> str:
    return "" if value is None else str(value)
