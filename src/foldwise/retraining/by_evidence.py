"""Decide by evidence: last time's challenger and the champion answer the new rows, and only then the next challenger learns.

The evidence is for the recipe that is retrained, not for one of its versions: it goes on over all challengers of a reign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from foldwise.errors import Unfit
from foldwise.evaluation.evidence import Evidence, add
from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.permutation import Side
from foldwise.evaluation.row_losses import RowLoss, fix_loss
from foldwise.ledger.looks import Look
from foldwise.retraining.gate import EVIDENCE, Gate, as_seen
from foldwise.retraining.job import Job, loaded
from foldwise.study.plan import Plan
from foldwise.system.numbers import counted, shown
from foldwise.tracking.registry import is_registered

if TYPE_CHECKING:
    from foldwise.ledger.promotions import Promotion
    from foldwise.spec.study import PromotionSpec

Floats = npt.NDArray[np.float64]
FEW_REFERENCE_ROWS = 50


@dataclass(frozen=True)
class Finding:
    """What the evidence says at a look. promoted: whether it is enough; record: the entry in a summary."""

    promoted: bool
    why: str
    record: dict[str, Any]


def take_look(job: Job, champion: Promotion, plan: Plan, gate: Gate, rule: PromotionSpec) -> Look:
    """Let last time's challenger and the champion answer the rows that no look has seen, and add what they say.

    The rows, the evidence and who answered are committed together; a start that finds the look of these very rows takes it.
    """
    if gate.resumed:
        return gate.looks[-1]
    challenger = _last_challenger(job, gate.looks)
    state, loss = _of_reign(gate.looks, champion.number)
    rows, scores = 0, None
    if challenger is not None:
        found = _answered(job, champion, challenger, plan, gate, rule, state, loss)
        state, loss, rows, scores = found.evidence, found.loss, found.evidence.rows - found.before, found.scores
    number = 1 + (gate.looks[-1].number if gate.looks else 0)
    look = Look(
        job.champion_alias.key,
        number,
        champion.number,
        challenger if rows else None,
        EVIDENCE,
        plan.table.fingerprint,
        gate.columns,
        rows,
        None if loss is None else loss.to_json(),
        None if loss is None else state.to_json(),
        scores,
        datetime.now(UTC),
    )
    return job.ledger.looks.add(look, as_seen(gate))


def finding(look: Look, earlier: Sequence[Look], champion: Promotion, rule: PromotionSpec) -> Finding | None:
    """What the evidence says after a look; None if the champion of that look is champion no longer.

    Args:
        look: the current one.
        earlier: all looks of the model.
        champion: the current one.
        rule: has the error rate.
    """
    if look.reign != champion.number:
        return None
    state = Evidence() if look.evidence is None else Evidence.from_json(look.evidence)
    alike = [one for one in earlier if one.reign == look.reign and one.loss == look.loss and one.number < look.number]
    counting = [one for one in (*alike, look) if one.rows]
    needed = 1.0 / rule.alpha
    promoted = bool(look.rows) and state.is_enough(rule.alpha)
    said = f"evidence {shown(state.value, digits=2)} of the {shown(needed)} needed"
    after = f"after {counted(len(counting), 'look')} and {counted(state.rows, 'row')}"
    why = f"{said} {after}" if state.rows else "no row has been answered by a challenger of this champion yet"
    if promoted:
        why = f"evidence {shown(state.value, digits=2)}, at least the {shown(needed)} needed, {after}"
    record = {
        "value": state.value,
        "needed": needed,
        "looks": len(counting),
        "rows": state.rows,
        "rows_now": look.rows,
        "log": state.log,
        "reign": look.reign,
        "loss": look.loss,
        "scores": look.scores,
        "weeks": [_point(one) for one in counting],
    }
    return Finding(promoted, why, record)


def _point(look: Look) -> dict[str, Any]:
    """A look in the figure of evidence over time."""
    assert look.evidence is not None
    log = float(look.evidence["log"])
    return {"moment": look.moment.isoformat(), "rows": look.rows, "log": log, "challenger": look.challenger}


@dataclass(frozen=True)
class _Answered:
    before: int
    evidence: Evidence
    loss: RowLoss | None
    scores: dict[str, Any] | None


def _answered(
    job: Job,
    champion: Promotion,
    challenger: int,
    plan: Plan,
    gate: Gate,
    rule: PromotionSpec,
    state: Evidence,
    loss: RowLoss | None,
) -> _Answered:
    """The evidence after the rows that neither model has learnt from, and both scores on them."""
    from foldwise.study.backend import start_backend_of

    table, goal, labels = plan.table, plan.goal, len(plan.table.labels)
    start_backend_of(plan)
    theirs = loaded(job, champion.version)
    try:
        both = {"champion": theirs, "challenger": loaded(job, challenger)}
    except Unfit as fault:
        job.screen.note(f"{fault}; another challenger is trained")
        return _Answered(state.rows, state, loss, None)
    learnt = _learnt(job, plan, gate, (champion.version, challenger))
    counts = gate.unseen & ~learnt.any(axis=1)
    if loss is not None and loss.asked != rule.margin:
        job.screen.note(f"promotion.margin was {loss.asked:g} and is {rule.margin:g}, so the evidence starts anew")
        state, loss = Evidence(), None
    if loss is None:
        reference = _reference(gate, learnt[:, 0])
        if not len(reference):
            gone = "none of the rows that were known is in the source any more"
            job.screen.note(f"{gone}, so the loss is fixed by the new ones, and they do not count")
            reference, counts = np.arange(len(table)), np.zeros_like(counts)
        rows = table.take(reference)
        loss = fix_loss(goal.metric, labels, rows.target, theirs.scores(rows.as_read), theirs.card.threshold, rule.margin)
    rows = table.take(np.flatnonzero(counts))
    if not len(rows):
        return _Answered(state.rows, state, loss, None)
    sides = {name: Side(bundle.scores(rows.as_read), bundle.card.threshold) for name, bundle in both.items()}
    found = differences(loss, rows.target, sides["champion"], sides["challenger"], gate.keys[counts, -1])
    after = add(state, found.tolist(), loss.margin)
    scores: dict[str, Any] = {"metric": goal.metric, "rows": len(rows)}
    for name, side in sides.items():
        scores[name] = float(scorer(table.task, labels, goal.metric, side.threshold)(rows.target, side.predictions))
    return _Answered(state.rows, after, loss, scores)


def differences(loss: RowLoss, truth: npt.NDArray[Any], champion: Side, challenger: Side, units: Floats) -> Floats:
    """What the champion loses more than the challenger, (units,), from -1 to 1, in the order of the units' keys.

    Rows of one unit, such as a group or copies, count as one, with their mean. The order of the rows does not change a bit.

    Args:
        loss: of the reign.
        truth: codes or values, (rows,), at least one.
        champion: its answers to these rows.
        challenger: its answers to the same rows.
        units: the key of each row or of its group, (rows,).
    """
    found = loss.of(truth, champion.predictions, champion.threshold) - loss.of(
        truth, challenger.predictions, challenger.threshold
    )
    order = np.lexsort((found, units))
    _, first, counts = np.unique(units[order], return_index=True, return_counts=True)
    return np.asarray(np.clip(np.add.reduceat(found[order], first) / counts, -1.0, 1.0), dtype=np.float64)


def _learnt(job: Job, plan: Plan, gate: Gate, versions: Sequence[int]) -> npt.NDArray[np.bool_]:
    """A mask (rows, versions) of the rows that each version was trained on, or a copy of them, or a row of their groups."""
    found = np.zeros((len(plan.table), len(versions)), dtype=np.bool_)
    for place, version in enumerate(versions):
        row = job.ledger.versions.version(job.champion_alias.key, version)
        if row is not None and row.trained is not None and (row.columns or gate.columns) == gate.columns:
            found[:, place] = np.isin(gate.keys, row.trained).any(axis=1)
    return found


def _reference(gate: Gate, learnt: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Positions of the rows that fix the loss: seen before, and not learnt by the champion if there are enough of those."""
    untouched = np.flatnonzero(~gate.unseen & ~learnt)
    return untouched if len(untouched) >= FEW_REFERENCE_ROWS else np.flatnonzero(~gate.unseen)


def _of_reign(looks: Sequence[Look], reign: int) -> tuple[Evidence, RowLoss | None]:
    """The evidence and the loss of the current reign; a new reign starts without."""
    if not looks or looks[-1].reign != reign or looks[-1].loss is None or looks[-1].evidence is None:
        return Evidence(), None
    return Evidence.from_json(looks[-1].evidence), RowLoss.from_json(looks[-1].loss)


def _last_challenger(job: Job, looks: Sequence[Look]) -> int | None:
    """The version that was trained after the last look that trained one; None if it was champion, or is deleted."""
    version = next((look.trained for look in reversed(looks) if look.trained is not None), None)
    if version is None or version in {row.version for row in job.champion_alias.history()}:
        return None
    if not is_registered(job.registry, f"{job.asked.model}/{version}"):
        job.screen.note(f"version {version}, the last challenger, was deleted in MLflow; another one is trained")
        return None
    return version
