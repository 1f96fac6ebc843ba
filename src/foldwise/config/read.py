"""From a plain mapping to specifications, and every sentence about what is wrong in it.

Here fixed values and ranges part; after `read_study` nobody sees a mapping.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from foldwise.config.messages import message_for, shown
from foldwise.config.template import fill, split
from foldwise.errors import ConfigError, did_you_mean
from foldwise.spec.data import SKLEARN_TASKS, SklearnData
from foldwise.spec.goal import goal_for
from foldwise.spec.python_value import described
from foldwise.spec.space import EPOCHS, Params, Range, Scalar, Space, Tree
from foldwise.spec.study import FixedSpec, StudySpec
from foldwise.spec.trial import SEARCHABLE, TrialSpec

MISSING = "???"
Model = TypeVar("Model", bound=BaseModel)

# Keys that change where or how long a study runs, but none of its numbers.
_NO_NUMBERS = ("study", "register", "extend", "replay", "budget", "audit", "ledger", "tracking", "paths")
# Where rows lie says nothing about what is in them: the data's fingerprint does.
_PLACES = (
    *((*part, name) for part in (("data",), ("data", "holdout")) for name in ("path", "images", "labels")),
    *(("data", name) for name in ("given", "url", "password_env")),
    *(("execute", name) for name in ("kind", "workers", "address")),
    ("promotion",),  # judges later models, and is kept for them
)


def read_study(config: Mapping[str, Any]) -> StudySpec:
    """The study that a composed configuration asks for.

    Raises:
        ConfigError: the first thing that is wrong, by its dotted key, with a proposal.
    """
    _refuse_references(config, "")
    fixed_part = {key: value for key, value in config.items() if key not in SEARCHABLE}
    fixed = _validated(FixedSpec, fixed_part)
    _check_together(fixed)
    template, space = parted(config)
    corners = [read_trial(template, space, space.defaults())]
    for name, params in space.corners():
        try:
            corners.append(read_trial(template, space, params))
        except ConfigError as error:
            end = f" (an end of the range of {name}: {params[name]})" if error.key != name else " (an end of its range)"
            raise ConfigError(error.key, error.rule + end) from None
    openings = (
        *(opening(space, given, f"tuner.first.{place}") for place, given in enumerate(fixed.tuner.first)),
        space.defaults(),
    )
    for place, params in enumerate(openings):
        try:
            read_trial(template, space, params)
        except ConfigError as error:
            raise ConfigError(f"tuner.first.{place}", str(error)) from None
    recipe = {key: copy.deepcopy(described(value)) for key, value in config.items() if key not in _NO_NUMBERS}
    source = data_name(fixed)
    name = fixed.study or f"{source}-{identity_hash(recipe)[:8]}"
    register = fixed.register_as or fixed.study or source
    return StudySpec(name, register, fixed, template, space, recipe, openings, tuple(corners))


def opening(space: Space, given: Mapping[str, Any], key: str) -> Params:
    """The point of a space with these values, and defaults for the rest.

    Raises:
        ConfigError: a value is none of its range's, or no range is called so under the choices made.
    """

    def value(name: str, range_: Range) -> Scalar:
        if name not in given:
            return range_.default
        if not range_.holds(given[name]):
            raise ConfigError(key, f"{shown(given[name])} is no value of the range of {name}")
        chosen: Scalar = given[name]
        return chosen

    params = space.sample(value)
    for name in given:
        if name not in params:
            raise ConfigError(key, f"{name} is no range of this configuration{did_you_mean(name, params)}")
    return params


def parted(config: Mapping[str, Any]) -> tuple[dict[str, Tree], Space]:
    """The searchable sections of a configuration, with holes where ranges stood, and the space of these.

    Raises:
        ConfigError: a range is wrong.
    """
    parts = {section: split(config[section], section) for section in SEARCHABLE if section in config}
    ranges = {name: range_ for _, space in parts.values() for name, range_ in space.ranges.items()}
    return {section: template for section, (template, _) in parts.items()}, Space(ranges)


def without_search(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration in which every range has taken its default, for a study of one trial, which races with nobody."""
    closed = dict(config)
    for section in SEARCHABLE:
        if section in config:
            template, space = split(config[section], section)
            closed[section] = fill(template, space, space.defaults())
    closed["budget"] = {**(config.get("budget") or {}), "trials": 1}
    closed["tuner"] = {"kind": "random"}
    closed["race"] = {"kind": "none"}
    return closed


def read_trial(template: Tree, space: Space, params: Params) -> TrialSpec:
    """The trial at a point of a space.

    Raises:
        ConfigError: a value breaks a rule, by its dotted key.
    """
    return _validated(TrialSpec, fill(template, space, params))


def trial_at(study: StudySpec, params: Params) -> TrialSpec:
    """The trial at a point of a study's space, with the epochs that its tuner gives it.

    Raises:
        ConfigError: a value breaks a rule, or the tuner gives more epochs than fit.epochs.
    """
    trial = read_trial(study.template, study.space, params)
    if EPOCHS not in params:
        return trial
    epochs, most = params[EPOCHS], trial.fit.epochs
    if type(epochs) is not int or not 1 <= epochs <= most:
        raise ConfigError(EPOCHS, f"must be a whole number from 1 to fit.epochs = {most}, got {shown(epochs)}")
    return trial.model_copy(update={"fit": trial.fit.model_copy(update={"epochs": epochs})})


def read_service(model: type[Model], config: Mapping[str, Any]) -> Model:
    """What a door that composes no study is asked, as its own specification.

    Raises:
        ConfigError: the first thing that is wrong, by its dotted key.
    """
    _refuse_references(config, "")
    return _validated(model, config)


def identity(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe without what two equal studies may differ in."""
    kept = copy.deepcopy(dict(recipe))
    for *parents, leaf in _PLACES:
        node: Any = kept
        for parent in parents:
            node = node.get(parent) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node.pop(leaf, None)
    return kept


def identity_hash(recipe: Mapping[str, Any]) -> str:
    """A hexadecimal hash of a recipe's identity."""
    return hashlib.sha256(json.dumps(identity(recipe), sort_keys=True, default=str).encode()).hexdigest()


def data_name(fixed: FixedSpec) -> str:
    """What the data are called: their own name, else that of their file or database, else what they are."""
    data = fixed.data
    number = getattr(data, "id", None)
    place = getattr(data, "path", None) or getattr(data, "url", "").partition("?")[0]
    name = getattr(data, "name", None) or PurePath(place).stem or (data.kind if number is None else f"{data.kind}-{number}")
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:80] or "data"


def _check_together(fixed: FixedSpec) -> None:
    """What contradicts itself whatever the rows are, so that nobody waits for them to hear it."""
    data = fixed.data
    if fixed.goals and fixed.goal.metric not in ("auto", fixed.goals[0]):
        raise ConfigError("goals", f"begin with {fixed.goals[0]}, and goal.metric is {fixed.goal.metric}; say the metric once")
    if fixed.goals and fixed.race.kind != "none":
        raise ConfigError(
            "race.kind", f"{fixed.race.kind} ends trials by their scores, and of two goals the other may win; use none"
        )
    if fixed.folds.kind == "grouped" and data.group is None:
        raise ConfigError("folds.kind", "grouped needs data.group, the column that says which rows belong together")
    if fixed.folds.kind == "forward" and data.time is None:
        raise ConfigError("folds.kind", "forward needs data.time, the column that says when a row was")
    if data.holdout.kind == "time" and data.time is None:
        raise ConfigError("data.holdout.kind", "time needs data.time, the column that says when a row was; or use hash")
    task = SKLEARN_TASKS[data.name] if isinstance(data, SklearnData) and data.task == "auto" else data.task
    if task != "auto":
        goal_for(fixed.metric, fixed.goal.direction, task)


def _refuse_references(value: Any, key: str) -> None:
    """A composed configuration is plain: `${oc.env:...}` could read a secret into a run that others see."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            _refuse_references(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_references(item, f"{key}.{index}")
    elif isinstance(value, str) and "${" in value:
        raise ConfigError(key, f"references such as {shown(value)} are not read; write the value itself")


def _validated(model: type[Model], values: Any) -> Model:
    try:
        return model.model_validate(_without_missing(values))
    except ValidationError as error:
        raise message_for(values, error) from None


def _without_missing(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {key: _without_missing(value) for key, value in values.items() if value != MISSING}
    return values
