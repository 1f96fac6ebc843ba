"""The study that makes a challenger: the champion's own, on current rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from foldwise.config.read import identity_hash, read_study
from foldwise.errors import ConfigError
from foldwise.ledger.rows import StudyRecord
from foldwise.retraining.spec import RetrainSpec
from foldwise.spec.python_value import functions_in
from foldwise.spec.space import EPOCHS
from foldwise.spec.study import StudySpec
from foldwise.spec.trial import SEARCHABLE
from foldwise.trial.summary import StudySummary


def challenger_study(record: StudyRecord, asked: RetrainSpec, left_out: tuple[str, ...] = ()) -> StudySpec:
    """The champion's recipe with the champion's values as its first trial, and more trials only for a search.

    Of an ensemble all members are tried, and chosen from anew: on other rows others may help, or none.

    Its columns stay the same, so that clients of the champion can use the challenger.

    Args:
        record: the champion's study, finished.
        asked: the retraining.
        left_out: columns that the champion does not have.

    Raises:
        ConfigError: rows or network came from Python, or the recipe has become invalid.
    """
    recipe = record.recipe
    if recipe["data"].get("kind") == "frame":
        rule = f"{asked.model!r} was made from a DataFrame, so its rows cannot be read again; tune it anew from Python"
        raise ConfigError("model", rule)
    if isinstance(recipe.get("model"), Mapping) and recipe["model"].get("kind") == "python":
        rule = (
            f"{asked.model!r} is a network built by a Python function, which cannot be called again; tune it anew from Python"
        )
        raise ConfigError("model", rule)
    function = next(functions_in([recipe.get(section) for section in SEARCHABLE]), None)
    if function is not None:
        rule = f"{asked.model!r} was made with the Python function {function}, which cannot be called again"
        raise ConfigError("model", f"{rule}; tune it anew from Python")
    assert record.summary is not None
    first = _first(record.summary)
    tuner = {**_mapping(recipe.get("tuner", "tpe")), "first": first, "warm_start": record.name if asked.search else None}
    config = {
        **recipe,
        "study": None,
        "register": asked.model,
        "data": _data(record, asked, left_out),
        "tuner": tuner,
        **_selected(recipe),
        "budget": {"trials": max(len(first), asked.search)},
        "execute": {"kind": "here", "threads": _mapping(recipe.get("execute", "here")).get("threads")},
        "promotion": {**recipe.get("promotion", {}), **asked.promotion.model_dump(exclude_none=True)},
        **{name: getattr(asked, name).model_dump() for name in ("ledger", "tracking", "paths")},
    }
    if not asked.search:
        config["race"] = {"kind": "none"}
    return read_study(config)


def _selected(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A challenger is compared with the champion, which was better than the defaults already: not with these once more."""
    return {"select": {"rule": "best"}} if (recipe.get("select") or {}).get("rule") == "fresh" else {}


def _first(summary: StudySummary) -> list[dict[str, Any]]:
    """The values of the best trial, and of the members of an ensemble that is the model."""
    members = summary.ensemble.members if summary.ensemble and summary.ensemble.shipped else ()
    points: list[dict[str, Any]] = []
    for params in (summary.best.params, *(member.params for member in members)):
        point = {name: value for name, value in params.items() if name != EPOCHS}
        if point not in points:
            points.append(point)
    return points


def named(spec: StudySpec, asked: RetrainSpec, model: str, champion: int, fingerprint: str) -> StudySpec:
    """The study with a name derived from model, champion, rows and options, so that a second start continues it.

    model: its identity in the registry.
    """
    words = json.dumps([model, champion, fingerprint, asked.options, identity_hash(spec.recipe)], sort_keys=True)
    name = f"{asked.model[:60]}-after-{champion}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"
    return replace(spec, name=name)


def _data(record: StudyRecord, asked: RetrainSpec, left_out: tuple[str, ...]) -> dict[str, Any]:
    """The place of the rows now, with the kinds of columns of the champion's study."""
    data, provenance = dict(record.recipe["data"]), record.provenance
    places = {name: value for name, value in asked.data.model_dump().items() if value is not None}
    if provenance and provenance.columns:
        data["kinds"] = {**provenance.columns, **data.get("kinds", {})}
        data["drop"] = [*data.get("drop", []), *left_out]
        data["task"] = provenance.task
    return {**data, **places}


def _mapping(value: Any) -> Mapping[str, Any]:
    """A mapping; a bare word becomes a mapping of that kind."""
    return {"kind": value} if isinstance(value, str) else value
