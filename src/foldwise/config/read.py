"""From a plain mapping to specifications. All code after `read_study` works with typed values only."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from foldwise.config.difference import leaves
from foldwise.config.messages import message_for, shown
from foldwise.config.option_names import Readable
from foldwise.config.template import fill, split
from foldwise.config.weight_files import with_hashes
from foldwise.errors import MOST_DIGITS, ConfigError
from foldwise.spec.data import SKLEARN_TASKS, CsvData, ParquetData, SklearnData
from foldwise.spec.goal import ROW_LOSSES, goal_for, has_row_loss
from foldwise.spec.images import FolderData, NpzData
from foldwise.spec.python_value import described
from foldwise.spec.sources import OpenmlData, SqlData
from foldwise.spec.space import EPOCHS, Params, Range, Scalar, Space, Tree
from foldwise.spec.study import FixedSpec, StudySpec
from foldwise.spec.trial import SEARCHABLE, TrialSpec
from foldwise.system.known_words import did_you_mean

MISSING = "???"
TOO_LARGE = 10**MOST_DIGITS
Model = TypeVar("Model", bound=BaseModel)

# Keys that change where or how long a study runs, but not its results.
_NO_RESULTS = (
    *("study", "register", "extend", "replay", "budget", "audit", "certify", "explain", "ledger", "tracking"),
    *("notify", "notify_private", "screen", "paths"),
)
# Keys for where rows are or trials run. Data are identified by their fingerprint instead.
_PLACES = (
    *((*part, name) for part in (("data",), ("data", "holdout")) for name in ("path", "images", "labels", "masks", "boxes")),
    *(("data", name) for name in ("given", "url", "password_env", "statement_timeout")),
    ("folds", "path"),
    *(("execute", name) for name in ("kind", "workers", "address", "generation")),
    ("promotion",),  # kept for later models, which it judges
    ("baselines",),  # they judge trials and change none
    ("card",),  # kept for later models, whose cards show the same
)
# The same for options of one kind of a section: section, kind, key. A file of weights is identified by its sha256.
_PLACES_OF_KIND = (("model", "backbone", "weights"),)
# Options that came later, with the value that earlier studies had: at that value they are no part of the identity.
_LATER: Mapping[tuple[str, ...], Any] = {
    ("data", "header"): True,
    ("data", "skip"): 0,
    ("data", "skip_end"): 0,
    ("data", "comment"): None,
    ("data", "ragged"): "refuse",
    ("data", "join_levels"): False,
    ("data", "dates"): {},
    ("data", "target_weights"): [],
    ("data", "ignored"): None,
    ("folds", "of"): "development",
    ("model", "l1_output"): True,
    ("model", "l2_output"): True,
    **dict.fromkeys((("model", f"{of}_{name}") for of in ("bias", "activity") for name in ("l1", "l2")), 0.0),
    ("model", "kernel_constraint"): "none",
    ("model", "numeric_embedding"): "none",
    ("model", "category_embedding"): "none",
    ("model", "scaling_layer"): False,
    ("model", "parametric_activation"): False,
    ("model", "parametrisation"): "standard",
    ("model", "first_weights"): "drawn",
    ("model", "dropout_schedule"): "constant",
    ("model", "members"): 1,
    ("prep", "clamp_target"): False,
    ("fit", "callbacks"): [],
    ("fit", "label_smoothing"): 0.0,
    ("fit", "rate_factors"): {"embedding": 1.0, "scaling": 1.0, "first": 1.0, "bias": 1.0, "activation": 1.0},
    ("fit", "weight_decay_on"): "all",
    ("fit", "weight_decay_schedule"): "constant",
    ("fit", "early_stop", "ties"): "first",
    ("fit", "seeds"): 1,
    ("select",): {"rule": "best"},
    ("answers",): {"coverage": 0.9, "calibrate": "auto"},
    ("training", "backend"): "tensorflow",
    ("training", "precision"): "float32",
    ("ensemble", "most"): 10,
    ("ensemble",): {"kind": "none"},
}
# The same for options of one kind of a section, where another kind had the option before.
_LATER_OF_KIND: Mapping[tuple[str, str, str], Any] = {
    ("model", "layers", "image"): None,
    ("data", "npz", "group"): None,
    ("data", "folder", "classes"): None,
    ("data", "folder", "group"): None,
}


def read_study(config: Mapping[str, Any]) -> StudySpec:
    """The study that a composed configuration describes.

    Raises:
        ConfigError: the first error, with its dotted key and a proposal.
    """
    _refuse_odd(config, "")
    fixed_part = {key: value for key, value in config.items() if key not in SEARCHABLE}
    fixed = _validated(FixedSpec, fixed_part, config)
    _check_together(fixed)
    config = with_hashes(config, fixed.paths)
    template, space = parted(config)
    if "fit.seeds" in space.ranges:
        raise ConfigError("fit.seeds", "is not searched, because all its values give the same trials; write a number")
    corners = _corners(template, space)
    _refuse_unset(config, "")
    first = _read_first(template, space, fixed.tuner.first)
    recipe = {key: copy.deepcopy(described(value)) for key, value in config.items() if key not in _NO_RESULTS}
    if isinstance(recipe.get("ensemble"), str):
        recipe["ensemble"] = {"kind": recipe["ensemble"]}  # a bare word is the same study as its mapping
    data = recipe["data"]
    if isinstance(data, dict) and isinstance(target := data.get("target"), list) and len(target) == 1:
        data["target"] = target[0]  # a list of one is the same study as its name
    source = data_name(fixed)
    name = fixed.study or f"{source}-{identity_hash(recipe)[:8]}"
    # the rule compares with the defaults, so they are trained however few trials there are
    openings = (space.defaults(), *first) if fixed.select.rule == "fresh" else (*first, space.defaults())
    return StudySpec(name, fixed.register_as or fixed.study or source, fixed, template, space, recipe, openings, corners)


def _corners(template: Tree, space: Space) -> tuple[TrialSpec, ...]:
    """The trials at the defaults and at every end of every range."""
    corners = [read_trial(template, space, space.defaults())]
    for name, params in space.corners():
        try:
            corners.append(read_trial(template, space, params))
        except ConfigError as error:
            readable = Readable(space)
            what = f" (an end of the range of {readable.name(name)}: {readable.value(name, params[name])})"
            end = what if error.key != name else " (an end of its range)"
            raise ConfigError(error.key, error.rule + end) from None
    return tuple(corners)


def _read_first(template: Tree, space: Space, first: Sequence[Mapping[str, Any]]) -> list[Params]:
    """The points that `tuner.first` lists."""
    points = [opening(space, given, f"tuner.first.{place}") for place, given in enumerate(first)]
    for place, params in enumerate(points):
        try:
            read_trial(template, space, params)
        except ConfigError as error:
            raise ConfigError(f"tuner.first.{place}", str(error)) from None
    return points


def opening(space: Space, given: Mapping[str, Any], key: str) -> Params:
    """The point of a space with the given values and, for all other ranges, their defaults.

    Options and the parameters inside them can have their readable names or those of the ledger.

    Raises:
        ConfigError: a value is not in its range, or no such range exists under the options chosen.
    """
    readable = Readable(space)
    given = readable.stored(given)

    def value(name: str, range_: Range) -> Scalar:
        if name not in given:
            return range_.default
        if not range_.holds(given[name]):
            raise ConfigError(key, f"{shown(given[name])} is not in the range of {readable.name(name)}")
        chosen: Scalar = given[name]
        return chosen

    params = space.sample(value)
    for name in given:
        if name not in params:
            raise ConfigError(
                key, f"{name} is not a range of this configuration{did_you_mean(name, map(readable.name, params))}"
            )
    return params


def parted(config: Mapping[str, Any]) -> tuple[dict[str, Tree], Space]:
    """The searchable sections of a configuration with holes in place of ranges, and the space of these ranges.

    Raises:
        ConfigError: a range is wrong.
    """
    parts = {section: split(config[section], section) for section in SEARCHABLE if section in config}
    ranges = {name: range_ for _, space in parts.values() for name, range_ in space.ranges.items()}
    return {section: template for section, (template, _) in parts.items()}, Space(ranges)


def without_search(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with every range at its default, for a study of one trial and no race."""
    template, space = parted(config)
    return {
        **config,
        **fill(template, space, space.defaults()),
        "budget": {**(config.get("budget") or {}), "trials": 1},
        "tuner": {"kind": "random"},
        "race": {"kind": "none"},
    }


def read_trial(template: Tree, space: Space, params: Params) -> TrialSpec:
    """The trial at a point of a space, from the template of the searchable sections.

    Raises:
        ConfigError: a value breaks a rule, by its dotted key.
    """
    return _validated(TrialSpec, fill(template, space, params))


def trial_at(study: StudySpec, params: Params) -> TrialSpec:
    """The trial at a point of a study's space, with the epochs that its tuner chose.

    Raises:
        ConfigError: a value breaks a rule, or the tuner chose more epochs than fit.epochs.
    """
    trial = read_trial(study.template, study.space, params)
    if EPOCHS not in params:
        return trial
    epochs, most = params[EPOCHS], trial.fit.epochs
    if type(epochs) is not int or not 1 <= epochs <= most:
        raise ConfigError(EPOCHS, f"must be a whole number from 1 to fit.epochs = {most}, got {shown(epochs)}")
    return trial.model_copy(update={"fit": trial.fit.model_copy(update={"epochs": epochs})})


def read_service(model: type[Model], config: Mapping[str, Any]) -> Model:
    """The options of a command that runs no study, as its own specification.

    Raises:
        ConfigError: the first error, with its dotted key.
    """
    _refuse_odd(config, "")
    spec = _validated(model, config)
    _refuse_unset(config, "")
    return spec


def identity(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe without the keys that can differ between equal studies."""
    kept = copy.deepcopy(dict(recipe))
    for place in _PLACES:
        _above(kept, place).pop(place[-1], None)
    for place, usual in _LATER.items():
        above = _above(kept, place)
        if place[-1] in above and _equal(above[place[-1]], usual):
            del above[place[-1]]
    for section, kind, name in _PLACES_OF_KIND:
        if isinstance(part := kept.get(section), dict) and part.get("kind") == kind:
            part.pop(name, None)
    for (section, kind, name), usual in _LATER_OF_KIND.items():
        part = kept.get(section)
        if isinstance(part, dict) and part.get("kind") == kind and name in part and part[name] == usual:
            del part[name]
    return kept


def usual_values() -> dict[str, Any]:
    """Dotted key -> the value that studies had before the option came, which their recipes leave out."""
    return {key: value for place, usual in _LATER.items() for key, value in leaves(usual, ".".join(place))}


def _above(recipe: dict[str, Any], place: Sequence[str]) -> dict[str, Any]:
    """The part of a recipe that holds this place, or an empty one."""
    node: Any = recipe
    for name in place[:-1]:
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def _equal(one: Any, other: Any) -> bool:
    """Whether two values of an option are the same; 1 and true are not."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def identity_hash(recipe: Mapping[str, Any]) -> str:
    """A hexadecimal hash of a recipe's identity."""
    return hashlib.sha256(json.dumps(identity(recipe), sort_keys=True, default=str).encode()).hexdigest()


def data_name(fixed: FixedSpec) -> str:
    """The name of the data; if they have none, that of their file or database, otherwise their kind."""
    match data := fixed.data:
        case CsvData() | ParquetData() | NpzData() | FolderData():
            origin = PurePath(data.path).stem
        case SqlData():
            origin = PurePath(data.url.partition("?")[0]).stem
        case OpenmlData():
            origin = f"openml-{data.id}"
        case _:
            origin = data.kind
    return re.sub(r"[^A-Za-z0-9._-]+", "-", data.name or origin or data.kind).strip(".-")[:80] or "data"


def _check_together(fixed: FixedSpec) -> None:
    """Refuse fixed options that contradict each other, before any rows are read."""
    data = fixed.data
    if fixed.goals and fixed.goal.metric not in ("auto", fixed.goals[0]):
        raise ConfigError("goals", f"the first is {fixed.goals[0]}, but goal.metric is {fixed.goal.metric}; set only one")
    if fixed.goals and fixed.race.kind != "none":
        raise ConfigError(
            "race.kind", f"{fixed.race.kind} ends trials by one score, but a trial can still win by the other goal; use none"
        )
    if fixed.budget.converged and (fixed.goals or fixed.tuner.kind == "kt_hyperband"):
        why = "goals has two goals" if fixed.goals else "kt_hyperband gives trials different numbers of epochs"
        raise ConfigError("budget.converged", f"compares trials by one score, but {why}; leave it false")
    if fixed.select.rule == "fresh" and (fixed.certify.kind == "none" or fixed.folds.same_rows):
        key, value = ("certify.kind", "none") if fixed.certify.kind == "none" else ("folds.kind", "none")
        rule = f"fresh trains the best trials again on fresh seeds and splits, which {key}={value} leaves out"
        raise ConfigError("select.rule", f"{rule}; set {key} otherwise, or choose best or one_se")
    if fixed.baselines == () and fixed.promotion.require == "better":
        raise ConfigError(
            "promotion.require", "better needs a baseline to beat, and baselines=[] has none; name one, or use any"
        )
    if fixed.promotion.kind == "evidence" and fixed.metric != "auto" and not has_row_loss(fixed.metric):
        rule = f"evidence weighs single rows, and {fixed.metric} is not a mean over rows"
        raise ConfigError("promotion.kind", f"{rule}; use test or auto, or one of {', '.join(ROW_LOSSES)} as goal.metric")
    if fixed.folds.kind == "grouped" and data.group is None:
        raise ConfigError("folds.kind", "grouped needs data.group, the column whose equal values keep rows together")
    if fixed.folds.kind == "forward" and data.time is None:
        raise ConfigError("folds.kind", "forward needs data.time, the column with the time of each row")
    if data.holdout.kind == "time" and data.time is None:
        raise ConfigError("data.holdout.kind", "time needs data.time, the column with the time of each row; or use hash")
    _check_ensemble(fixed)
    task = SKLEARN_TASKS[data.name] if isinstance(data, SklearnData) and data.task == "auto" else data.task
    if task != "auto":
        goal_for(fixed.metric, fixed.goal.direction, task)


def _check_ensemble(fixed: FixedSpec) -> None:
    """Refuse an ensemble where trials have no out-of-fold predictions, or where a choice or a bound holds for one network."""
    if fixed.ensemble.kind == "none":
        return
    by_predictions = "greedy chooses by out-of-fold predictions, and"
    one_network = "greedy makes one model of several networks, but"
    reasons = {
        f"{by_predictions} certify.kind=none keeps none; use certify.kind=bbc": fixed.certify.kind == "none",
        f"{by_predictions} folds=none has none; choose other folds": fixed.folds.same_rows,
        f"{one_network} select.rule={fixed.select.rule} chooses one; use best": fixed.select.rule != "best",
        f"{one_network} goals weighs the cost of each; name a metric alone": fixed.goals is not None,
        f"{one_network} goal.at_most bounds the cost of each; leave it empty": bool(fixed.goal.at_most),
    }
    for reason, holds in reasons.items():
        if holds:
            raise ConfigError("ensemble.kind", f"{reason}, or set ensemble=none")


def _refuse_odd(value: Any, key: str) -> None:
    """Refuse what no option can mean: references (`${oc.env:...}` could copy a secret), odd text, numbers of 400 digits."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            _refuse_odd_text(str(name), key)
            _refuse_odd(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_odd(item, f"{key}.{index}")
    elif isinstance(value, str):
        if "${" in value:
            raise ConfigError(key, f"references such as {shown(value)} are not allowed; write the value itself")
        _refuse_odd_text(value, key)
    elif isinstance(value, int) and abs(value) >= TOO_LARGE:
        digits = math.floor(math.log10(abs(value))) + 1
        raise ConfigError(key, f"must be a number of at most {MOST_DIGITS} digits, got one of {digits}")


def _refuse_odd_text(text: str, key: str) -> None:
    if re.search("[\0\ud800-\udfff]", text):
        raise ConfigError(key, f"must be text in UTF-8 without NUL, got {shown(text)}")


def _refuse_unset(value: Any, key: str) -> None:
    """Refuse `???`, which stands for a value that must be given."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        below = f"{key}.{name}" if key else str(name)
        if item == MISSING and isinstance(value, Mapping):
            raise ConfigError(below, f"must be given, for example {below}=...")
        _refuse_unset(item, below)


def _validated(model: type[Model], values: Any, whole: Any = None) -> Model:
    try:
        return model.model_validate(_without_missing(values))
    except ValidationError as error:
        raise message_for(model, values, error, whole) from None


def _without_missing(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {key: _without_missing(value) for key, value in values.items() if value != MISSING}
    return values
