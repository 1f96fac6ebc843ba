"""The members of an ensemble, each trained on all development rows, and saved as the study's one bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from foldwise.bundle.bundle import save_bundle
from foldwise.bundle.card import CardMember, Ensemble
from foldwise.bundle.part import Part, joined
from foldwise.spec.trial import TrialSpec
from foldwise.study.answer_rules import rules_for
from foldwise.study.ensemble import Chosen, choose_ensemble
from foldwise.study.plan import Plan
from foldwise.study.refit_best import NETWORK, Refitted, answer_ms, network_text, note_rules, refit_best, write_rows
from foldwise.system.files import atomically
from foldwise.system.kill_points import reached
from foldwise.training.refit import refit
from foldwise.trial.certificate import Certificate
from foldwise.trial.ensemble import EnsembleOutcome
from foldwise.trial.result import TrialResult


def refit_winner(
    plan: Plan,
    best: TrialResult,
    results: Sequence[TrialResult],
    certificate: Certificate | None,
    notify: Callable[[str], None],
) -> tuple[Refitted, EnsembleOutcome | None]:
    """Train the best trial once more, or the members of an ensemble that is better; and what became of the ensemble.

    Args:
        plan: the study's data.
        best: the trial, complete.
        results: all finished trials.
        certificate: of the best trial.
        notify: is called with sentences for the user.
    """
    outcome, chosen = choose_ensemble(plan, best, results, certificate)
    if chosen is None:
        return refit_best(plan, best, notify), outcome
    model = refit_ensemble(plan, chosen, notify)
    size = sum(path.stat().st_size for path in (plan.folder / "bundle").rglob("*.keras"))
    return model, replace(chosen.outcome, milliseconds=round(answer_ms(model.bundle), 3), megabytes=round(size / 1e6, 3))


def refit_ensemble(plan: Plan, chosen: Chosen, notify: Callable[[str], None]) -> Refitted:
    """Train every member once, from one seed, and write `bundle/`, `trained.npz` and `network.txt`.

    Args:
        plan: the study's data.
        chosen: the ensemble.
        notify: is called with sentences for the user.
    """
    table, members, specs = plan.table, chosen.outcome.members, [_spec(plan, trial) for trial in chosen.trials]
    notify(f"refitting the {len(members)} trials of the ensemble on all {len(plan.development)} development rows")
    rules = rules_for(plan, chosen.predictions, shifted=any(spec.balance.kind != "none" for spec in specs))
    threshold = chosen.threshold
    if rules.calibration is not None:
        threshold = rules.calibration.threshold(threshold)  # the labels stay as they are
    networks, texts = [], []
    for member, trial, spec in zip(members, chosen.trials, specs, strict=True):
        job = plan.job(trial.trained_as, trial.params, trial.engine)
        final = refit(replace(job, spec=spec), table, plan.development, trial)
        networks.append(Part(final.model, final.preparation, final.head))
        texts.append(f"Trial {member.trial}, weight {member.weight}:\n\n{network_text(final)}")
        reached("after-refit")
    together = joined(networks, [member.weight for member in members])
    first, *others = together.parts
    ensemble = Ensemble(
        tuple(CardMember(one.trial, one.weight, part) for one, part in zip(members, together.places, strict=True))
    )
    bundle = save_bundle(
        plan.folder / "bundle",
        network=first.network,
        preparation=first.preparation,
        table=table.take(plan.development),
        head=first.head,
        reading=plan.spec.fixed.data.reading,
        study=plan.spec.name,
        threshold=threshold,
        calibration=rules.calibration,
        interval=rules.interval,
        others=others,
        ensemble=ensemble,
    )
    write_rows(plan)
    text = "The model is the weighted mean of these networks.\n\n" + "\n".join(texts)
    atomically(plan.folder / NETWORK, lambda part: _write(part, text))
    reached("after-bundle")
    if len(table.labels) == 2 and chosen.threshold != specs[0].fit.threshold:
        notify(f"predicts {table.labels[1]!r} above a probability of {threshold:.3f}, tuned on out-of-fold predictions")
    note_rules(rules, notify)
    features = dict.fromkeys(name for part in bundle.parts for name in part.preparation.features)
    return Refitted(specs[0], tuple(features), bundle, threshold, chosen.folds)


def _spec(plan: Plan, trial: TrialResult) -> TrialSpec:
    """A member's configuration, with one seed."""
    spec = plan.job(trial.trained_as, trial.params).spec
    return spec.model_copy(update={"fit": spec.fit.model_copy(update={"seeds": 1})})


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
