"""What a wrong key or value was meant to be: proposals that work when they are pasted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from foldwise.spec.goal import METRICS
from foldwise.spec.study import FixedSpec
from foldwise.spec.trial import TrialSpec
from foldwise.system.command import shell_word
from foldwise.system.known_words import bare, closest, did_you_mean, same_but_for_signs, synonym

# How other libraries call a key, without case and signs or as a whole dotted key -> ours.
KEYS = {
    **dict.fromkeys(("lr", "alpha", "eta", "lr0", "initiallr", "initiallearningrate", "rate"), "fit.optimizer.learning_rate"),
    **dict.fromkeys(("opt", "optim", "solver"), "fit.optimizer"),
    **dict.fromkeys(("wd",), "fit.optimizer.weight_decay"),
    **dict.fromkeys(("weightdecay", "clipnorm", "clipvalue", "emamomentum"), "fit.optimizer.{}"),
    **dict.fromkeys(("epoch", "nepochs", "numepochs", "maxepochs", "maxiter"), "fit.epochs"),
    **dict.fromkeys(("batch", "bs", "minibatch", "nbatch"), "fit.batch_size"),
    **dict.fromkeys(("lossfunction", "lossfn", "criterion"), "fit.loss"),
    **dict.fromkeys(("earlystopping", "nopatience", "nepochsnochange", "niternochange"), "fit.early_stop.patience"),
    **dict.fromkeys(("decay", "lrdecay", "learningratedecay"), "lr_schedule.decay"),
    **dict.fromkeys(("step", "stepsize", "dropevery", "epochsdrop"), "lr_schedule.every"),
    **dict.fromkeys(("gamma", "decayrate", "droprate"), "lr_schedule.rate"),
    **dict.fromkeys(("schedule", "scheduler", "lrscheduler", "learningrateschedule"), "lr_schedule"),
    **dict.fromkeys(("ntrials", "maxtrials", "numtrials", "niter", "maxevals", "iterations", "evaluations"), "budget.trials"),
    **dict.fromkeys(("budget.time", "budget.hours", "budget.minutes"), "budget.seconds"),
    **dict.fromkeys(("timeout", "maxtime", "timelimit", "maxseconds"), "budget.seconds"),
    **dict.fromkeys(("k", "cv", "kfold", "kfolds", "nfolds", "numfolds", "nsplits", "splits"), "folds.count"),
    **dict.fromkeys(("randomstate", "randomseed", "rngseed", "rng"), "seed"),
    **dict.fromkeys(("scoring", "score", "objective", "scorer"), "goal.metric"),
    **dict.fromkeys(("testsize", "testshare", "testsplit", "holdoutsize", "holdoutshare"), "data.holdout.share"),
    **dict.fromkeys(("validationsplit", "validationsize", "valsplit", "valsize"), "folds.share"),
    **dict.fromkeys(("nlayers", "numlayers", "hiddenlayers", "nhidden", "depth"), "model.hidden"),
    **dict.fromkeys(("neurons", "nodes", "width", "hiddenunits", "hiddensize", "hiddendim", "nunits"), "model.units"),
    **dict.fromkeys(("dropoutrate", "pdropout"), "model.dropout"),
    **dict.fromkeys(("act", "activationfunction", "nonlinearity"), "model.activation"),
    **dict.fromkeys(("bn", "batchnormalization", "usebatchnorm"), "model.batch_norm"),
    **dict.fromkeys(("init", "kernelinitializer", "weightinit"), "model.initializer"),
    **dict.fromkeys(("regularizer", "regularization", "kernelregularizer"), "model.l2"),
    **dict.fromkeys(("biasregularizer",), "model.bias_l2"),
    **dict.fromkeys(("activityregularizer",), "model.activity_l2"),
    **dict.fromkeys(("constraint", "weightconstraint"), "model.kernel_constraint"),
    **dict.fromkeys(("scaler", "scaling", "normalization"), "prep.scale"),
    **dict.fromkeys(("imputer", "imputation"), "prep.impute"),
    **dict.fromkeys(("y", "label", "labelcolumn", "targetcolumn", "response", "outcome"), "data.target"),
    **dict.fromkeys(("file", "filename", "csv", "datapath", "inputfile"), "data.path"),
    **dict.fromkeys(("sep", "separator"), "data.delimiter"),
    **dict.fromkeys(("navalues", "missingvalues"), "data.missing"),
    **dict.fromkeys(("sampler", "search", "searcher", "algorithm"), "tuner"),
    **dict.fromkeys(("pruner", "pruning", "stopper"), "race"),
    **dict.fromkeys(("executor",), "execute"),
    **dict.fromkeys(("backend", "framework", "kerasbackend"), "training.backend"),
    **dict.fromkeys(("mixedprecision", "dtypepolicy", "amp"), "training.precision"),
    **dict.fromkeys(("njobs", "nworkers", "numworkers"), "execute.workers"),
    **dict.fromkeys(("nthreads", "numthreads"), "execute.threads"),
    **dict.fromkeys(("output", "outputdir", "outdir", "rundir"), "paths.runs"),
}

# Sections whose keys are names: one of these, to show how.
NAMES = {"goal.at_most": "parameters", "data.kinds": "COLUMN", "data.dates": "COLUMN"}
# A word that a group has no option for -> the option that does the same.
INSTEAD = {"lr_schedule": dict.fromkeys(("none", "off", "no", "false", "null"), "constant")}
# Groups that take a function of the user's own -> the key of it.
OF_PYTHON = {"model": "build", "lr_schedule": "schedule"}
# The endings of files -> the source that reads them.
SOURCES = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".npz": "npz"}

# The keys that a single value in place of a section most probably means; others follow as they are declared.
FIRST = {
    "folds": ("count", "share"),
    "fit": ("epochs", "optimizer"),
    "fit.early_stop": ("patience", "monitor"),
    "model": ("units", "hidden"),
    "budget": ("trials", "seconds"),
    "goal": ("metric", "direction"),
    "audit": ("strict",),
    "training": ("engine", "backend"),
    "ledger": ("url",),
    "paths": ("runs",),
    "tracking": ("url", "figures"),
}


def for_unknown_key(path: Sequence[int | str], whole: Any) -> str:
    """The rest of the sentence `unknown key`: the key that was probably meant, and the option that has it.

    Args:
        path: the words of the unknown key.
        whole: the configuration, as far as it is known.
    """
    *parents, wrong = [str(word) for word in path]
    prefix = "".join(f"{parent}." for parent in parents)
    every = known_keys()
    if prefix + wrong in every:
        kinds = ", ".join(f"{group}={kind}" for group, kind in every[prefix + wrong] if kind)
        return f" for this {prefix}kind; other kinds have it" + (f": {kinds}" if kinds else "")
    beside = {key.removeprefix(prefix) for key in every if key.startswith(prefix) and "." not in key[len(prefix) :]}
    elsewhere = sorted(key for key in every if key.rsplit(".", 1)[-1] == wrong)
    near = same_but_for_signs(wrong, beside)
    meant = KEYS.get(prefix + wrong, KEYS.get(bare(wrong), "")).format(wrong)
    key = prefix + near[0] if near else meant or next(iter(elsewhere), "")
    if not key:
        found = closest(wrong, beside)
        leaves = {name.rsplit(".", 1)[-1]: name for name in sorted(every, reverse=True)}
        far = closest(wrong, leaves, cutoff=0.8)
        key = prefix + found if found else leaves[far] if far else ""
    return f", did you mean {key}{_with(key, whole, every)}?" if key else did_you_mean(wrong, beside)


def for_section(model: type[BaseModel], path: Sequence[int | str], given: Any, whole: Any) -> str:
    """The rest of the sentence `must be a mapping`: the key below that takes the value, `, did you mean folds.count=10?`."""
    key = ".".join(str(word) for word in path)
    if key in NAMES and not isinstance(given, list):
        return f", as in {shell_word(f'{key}.{NAMES[key]}', given)}"
    part, kinds = _part_at(model, path, whole)
    words = kinds
    if part is not None:
        names = [field.alias or name for name, field in part.model_fields.items() if name != "kind"]
        first = [name for name in FIRST.get(key, ()) if name in names]
        others = [name for name in names if name not in first and not isinstance(given, bool)]
        if given in names and _takes(part, given, True):
            return f", did you mean {key}.{given}=true?"
        for name in [*first, *others]:
            if _takes(part, name, given):
                return f", did you mean {shell_word(f'{key}.{name}', given)}?"
        near = closest(str(given), METRICS) if key == "goal" and isinstance(given, str) else None
        if near:
            return f", did you mean {key}.metric={near}?"
        words = kinds or names
    shown = f"{'kinds' if kinds else 'keys'} are {', '.join(words)}"
    return f"; its {shown}, as in {key}{'' if kinds else '.' + words[0]}={words[0] if kinds else '...'}" if words else ""


def for_option(group: str, value: str, known: list[str]) -> str:
    """The rest of the sentence `is not an option of`: an option, or a key of the group that has this word."""
    if value == "python" and group in OF_PYTHON:
        call = f"foldwise.tune({group}={{'kind': 'python', '{OF_PYTHON[group]}': my_function}})"
        return f"; it takes your own function, and only from Python: {call}"
    ending = next((ending for ending in SOURCES if group == "data" and value.lower().endswith(ending)), "")
    if ending:
        return f", did you mean data={SOURCES[ending]} {shell_word('data.path', value)}?"
    if instead := INSTEAD.get(group, {}).get(value.lower()):
        return f", did you mean {instead}?"
    meant = same_but_for_signs(value, known) or synonym(value, known)
    if not meant:
        for key, words in _words_below(group):
            if value in words:
                return f", did you mean {key}={value}?"
        for key, words in _words_below(group):
            near = same_but_for_signs(value, words) or ([] if closest(value, known) else [*synonym(value, words)])
            if near:
                return f", did you mean {key}={near[0]}?"
    return did_you_mean(value, known)


def kinds_at(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """The kinds that the section at a dotted key can have."""
    return _part_at(model, path, {})[1]


def known_keys() -> dict[str, list[tuple[str, str]]]:
    """All dotted keys of a study's configuration -> the groups and kinds that have each; ("", "") for no condition."""
    keys: dict[str, list[tuple[str, str]]] = {}
    for model in (FixedSpec, TrialSpec):
        for key, need in _keys_of(model, "", ("", "")):
            keys.setdefault(key, []).append(need)
    return keys


def _keys_of(model: type[BaseModel], prefix: str, need: tuple[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        yield key, need
        parts = _models_in(field.annotation)
        for part in parts:
            kind = _kind_of(part)
            yield from _keys_of(part, f"{key}.", (key, kind) if len(parts) > 1 and kind else need)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _literals(annotation: Any) -> list[str]:
    """The words of all Literals in an annotation, but not of those inside mappings."""
    if get_origin(annotation) is Literal:
        return [word for word in get_args(annotation) if isinstance(word, str)]
    return [word for part in get_args(annotation) for word in _literals(part)]


def _kind_of(model: type[BaseModel]) -> str:
    field = model.model_fields.get("kind")
    words = _literals(field.annotation) if field else []
    return words[0] if len(words) == 1 else ""


def _with(key: str, whole: Any, every: Mapping[str, list[tuple[str, str]]]) -> str:
    """` with lr_schedule=drop` if the key belongs to that kind and the configuration has another."""
    needs = every.get(key, [("", "")])
    for group, kind in needs:
        if not kind or _current(group, whole) == kind:
            return ""
    group, kind = needs[0]
    return f" with {group}={kind}"


def _current(group: str, whole: Any) -> str:
    """The kind that a group has in a configuration, or by default."""
    node: Any = whole
    for word in group.split("."):
        node = node.get(word) if isinstance(node, Mapping) else None
    kind = node.get("kind") if isinstance(node, Mapping) else node
    if isinstance(kind, str):
        return kind
    part = _default_part(group)
    return _kind_of(part) if part else ""


def _default_part(group: str) -> type[BaseModel] | None:
    """The specification of a group or section that a configuration has if it does not name a kind."""
    root = TrialSpec if group.partition(".")[0] in TrialSpec.model_fields else FixedSpec
    return _part_at(root, group.split("."), {})[0]


def _part_at(model: type[BaseModel], path: Sequence[int | str], whole: Any) -> tuple[type[BaseModel] | None, list[str]]:
    """The specification at a dotted key, and the kinds that it may have if there are several."""
    part: type[BaseModel] | None = model
    kinds: list[str] = []
    node = whole
    for word in path:
        fields = {field.alias or name: field for name, field in part.model_fields.items()} if part else {}
        if word not in fields:
            return None, []
        node = node.get(word) if isinstance(node, Mapping) else None
        parts = _models_in(fields[str(word)].annotation)
        kinds = [_kind_of(one) for one in parts] if len(parts) > 1 else []
        kind = node.get("kind") if isinstance(node, Mapping) else None
        default = type(fields[str(word)].default)
        named = [one for one in parts if kind and _kind_of(one) == kind] or [one for one in parts if one is default]
        part = named[0] if named else parts[0] if parts else None
    return part, kinds


def _takes(part: type[BaseModel], name: str, value: Any) -> bool:
    """Whether a specification accepts this value of this key, whatever its other keys are."""
    try:
        part.model_validate({name: value})
    except ValidationError as error:
        return not any(found["loc"][:1] in ((), (name,)) for found in error.errors())
    return True


def _words_below(group: str) -> Iterator[tuple[str, list[str]]]:
    """Keys of a group that take one of some words, with these; `fit.optimizer` for its kind."""
    part = _default_part(group)
    for name, field in part.model_fields.items() if part else ():
        words = _literals(field.annotation)
        for below in _models_in(field.annotation):
            words += _literals(below.model_fields["kind"].annotation) if "kind" in below.model_fields else []
        if words and name != "kind":
            yield f"{group}.{name}", words
