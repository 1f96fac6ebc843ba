"""Before a study begins, make what only Keras can check: networks, with the features that they will get, and callbacks."""

from __future__ import annotations

from functools import cache

from foldwise.data.preparation.fold import AnyPreparation, fit_preparation
from foldwise.data.target_columns import weights_of
from foldwise.models.heads import head_for
from foldwise.models.image_rules import as_shown
from foldwise.spec.prep import PrepSpec
from foldwise.spec.study import StudySpec
from foldwise.spec.trial import TrialSpec
from foldwise.study.plan import Plan

# the kinds of models that cannot be checked without Keras
KINDS = ("layers", "python", "backbone")


def needs_build_check(spec: StudySpec) -> list[TrialSpec]:
    """Of the trials at the default and at both ends of every range, those whose networks or callbacks have to be made."""
    trials = [trial for trial in spec.corners if trial.model.kind in KINDS or trial.fit.callbacks]
    different: list[TrialSpec] = []
    for trial in trials:
        if not any(_made_of(trial) == _made_of(other) for other in different):
            different.append(trial)
    return different


def _made_of(trial: TrialSpec) -> tuple[object, ...]:
    return trial.model, trial.prep, trial.fit.callbacks


def check_builds(plan: Plan) -> list[str]:
    """Build these networks, and make these callbacks. TensorFlow must have been started.

    Returns:
        What the user should know: what is used of networks that their functions have compiled, and which weights are random.

    Raises:
        ConfigError: a network cannot be built or saved, or a callback cannot be made.
    """
    from foldwise.models.try_out import try_out
    from foldwise.training.by_fold.callbacks import own_callbacks

    @cache
    def prepared(prep: PrepSpec) -> AnyPreparation:
        return fit_preparation(plan.table, plan.development, prep)

    used: list[str] = []
    for trial in needs_build_check(plan.spec):
        own_callbacks(trial.fit, 0, 0)
        if trial.model.kind not in KINDS:
            continue
        head = head_for(plan.table.task, len(plan.table.class_names), trial.model, trial.fit, weights_of(plan.table.targets))
        preparation = prepared(trial.prep)
        model, optimizer = as_shown(trial.model, plan.table.schema.image), trial.fit.optimizer.kind
        sentence = try_out(model, len(preparation.features), head, preparation.origins, optimizer)
        used += [sentence] if sentence is not None and sentence not in used else []
    return used
